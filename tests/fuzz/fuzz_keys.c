/* SPDX-License-Identifier: Apache-2.0 */
#include "fuzz/payload.h"

static void rewrite(uint8_t **again, size_t *n_again, const uint8_t *bytes, size_t n_bytes,
                    const ckks_params *params) {
  ckks_evaluation_keys *keys = NULL;
  if (ckks_evaluation_keys_read(&keys, bytes, n_bytes, params) == CKKS_OK &&
      ckks_evaluation_keys_write(again, n_again, keys, params) != CKKS_OK)
    abort(); /* what was read can be written */
  ckks_evaluation_keys_free(keys);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n_bytes) {
  return fuzz_both(rewrite, BASE_FRAME_EVALUATION_KEYS, ckks_params_hash(fuzz_params()), bytes,
                   n_bytes);
}
