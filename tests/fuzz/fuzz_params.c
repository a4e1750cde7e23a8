/* SPDX-License-Identifier: Apache-2.0 */
#include "base/digest.h"
#include "fuzz/payload.h"

static void rewrite(uint8_t **again, size_t *n_again, const uint8_t *bytes, size_t n_bytes,
                    const ckks_params *unused) {
  ckks_params *params = NULL;
  (void)unused;
  if (ckks_params_read(&params, bytes, n_bytes) == CKKS_OK &&
      ckks_params_write(again, n_again, params) != CKKS_OK)
    abort(); /* what was read can be written */
  ckks_params_free(params);
}

/* Large rings are the same code and a thousand times slower: not for a fuzzer. */
static int is_small(const uint8_t *payload, size_t n_bytes) {
  return n_bytes == 0 || payload[0] <= 12 || payload[0] > CKKS_MAX_LOG2_N;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n_bytes) {
  uint8_t hash[BASE_DIGEST_BYTES];
  if (!is_small(bytes, n_bytes))
    return 0;
  /* The hash of parameters is that of their bytes, so it can be right for any input. */
  base_digest(hash, bytes, n_bytes);
  return fuzz_both(rewrite, BASE_FRAME_PARAMS, hash, bytes, n_bytes);
}
