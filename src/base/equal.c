/* SPDX-License-Identifier: Apache-2.0 */
#include "base/wipe.h"

#include <sodium.h>

int base_equal(const void *a, const void *b, size_t n_bytes) {
  return n_bytes == 0 || sodium_memcmp(a, b, n_bytes) == 0;
}
