/* SPDX-License-Identifier: Apache-2.0 */
#include "base/wipe.h"

#include <sodium.h>

void base_wipe(void *memory, size_t n_bytes) {
  if (n_bytes > 0)
    sodium_memzero(memory, n_bytes);
}
