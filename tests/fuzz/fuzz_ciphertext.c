/* SPDX-License-Identifier: Apache-2.0 */
#include "fuzz/payload.h"

static void rewrite(uint8_t **again, size_t *n_again, const uint8_t *bytes, size_t n_bytes,
                    const ckks_params *params) {
  ckks_ciphertext *ciphertext = NULL;
  if (ckks_ciphertext_read(&ciphertext, bytes, n_bytes, params) == CKKS_OK &&
      ckks_ciphertext_write(again, n_again, ciphertext, params) != CKKS_OK)
    abort(); /* what was read can be written */
  ckks_ciphertext_free(ciphertext);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n_bytes) {
  return fuzz_both(rewrite, BASE_FRAME_CIPHERTEXT, ckks_params_hash(fuzz_params()), bytes, n_bytes);
}
