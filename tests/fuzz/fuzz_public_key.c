/* SPDX-License-Identifier: Apache-2.0 */
#include "fuzz/payload.h"

static void rewrite(uint8_t **again, size_t *n_again, const uint8_t *bytes, size_t n_bytes,
                    const ckks_params *params) {
  ckks_public_key *key = NULL;
  if (ckks_public_key_read(&key, bytes, n_bytes, params) == CKKS_OK &&
      ckks_public_key_write(again, n_again, key, params) != CKKS_OK)
    abort(); /* what was read can be written */
  ckks_public_key_free(key);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n_bytes) {
  return fuzz_both(rewrite, BASE_FRAME_PUBLIC_KEY, ckks_params_hash(fuzz_params()), bytes, n_bytes);
}
