/* SPDX-License-Identifier: Apache-2.0 */
/* Structs of options between a program and a library that were not built together. */
#include <string.h>

#include "blindsight/objects.h"

static size_t smaller(size_t a, size_t b) {
  return a < b ? a : b;
}

void blindsight_options_give(void *options, size_t size, const void *defaults, size_t n_known) {
  if (options == NULL || size < sizeof size)
    return;
  memset(options, 0, size);
  memcpy(options, defaults, smaller(size, n_known));
  memcpy(options, &size, sizeof size); /* the first member of each */
}

ckks_status blindsight_options_take(void *options, size_t n_known, const void *given) {
  size_t size;
  if (given == NULL)
    return CKKS_OK;
  memcpy(&size, given, sizeof size);
  if (size < sizeof size || size > n_known)
    return base_fail(CKKS_ERROR_ARGUMENT,
                     "options.size = %zu: this library takes %zu at most; the function "
                     "..._options_default sets it",
                     size, n_known);
  memcpy(options, given, size);
  return CKKS_OK;
}
