/* SPDX-License-Identifier: Apache-2.0 */
#include "fuzz/payload.h"
#include "secret/secret.h"

static void rewrite(uint8_t **again, size_t *n_again, const uint8_t *bytes, size_t n_bytes,
                    const ckks_params *params) {
  ckks_secret_key *key = NULL;
  base_buffer buffer;
  if (secret_file_read(&key, bytes, n_bytes, "fuzz", params) != CKKS_OK)
    return;
  if (secret_file_write(&buffer, key, params) != CKKS_OK)
    abort();             /* what was read can be written */
  *again = buffer.bytes; /* passed on, and freed as any bytes are */
  *n_again = buffer.n_bytes;
  ckks_secret_key_free(key);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n_bytes) {
  return fuzz_both(rewrite, BASE_FRAME_SECRET_KEY, ckks_params_hash(fuzz_params()), bytes, n_bytes);
}
