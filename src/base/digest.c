/* SPDX-License-Identifier: Apache-2.0 */
#include "base/digest.h"

#include <sodium.h>

void base_digest(uint8_t out[BASE_DIGEST_BYTES], const void *bytes, size_t n_bytes) {
  /* Chooses the fastest code for this CPU, once, thread-safely; should that fail, slower code
   * gives the same result. */
  int ready = sodium_init();
  (void)ready;
  (void)crypto_generichash(out, BASE_DIGEST_BYTES, bytes, n_bytes, NULL, 0);
}
