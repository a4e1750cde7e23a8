/* SPDX-License-Identifier: Apache-2.0 */
#include "base/alloc.h"

#include <string.h>

char *base_strdup(const char *text) {
  size_t n_bytes = strlen(text) + 1;
  char *copy = base_alloc(n_bytes);
  if (copy != NULL)
    memcpy(copy, text, n_bytes);
  return copy;
}
