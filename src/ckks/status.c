/* SPDX-License-Identifier: Apache-2.0 */
#include "ckks.h"

const char *ckks_status_name(ckks_status status) {
  static const char *const names[] = {
      [CKKS_OK] = "ok",
      [CKKS_ERROR_ARGUMENT] = "argument",
      [CKKS_ERROR_MEMORY] = "memory",
      [CKKS_ERROR_SECURITY] = "security",
      [CKKS_ERROR_LEVEL] = "level",
      [CKKS_ERROR_RANGE] = "range",
      [CKKS_ERROR_MISMATCH] = "mismatch",
      [CKKS_ERROR_KEY] = "key",
      [CKKS_ERROR_FORMAT] = "format",
      [CKKS_ERROR_IO] = "io",
      [CKKS_ERROR_ENTROPY] = "entropy",
      [CKKS_ERROR_CANCELLED] = "cancelled",
  };
  /* A foreign caller may pass any integer: only then is "unknown" the answer. */
  size_t index = (size_t)status;
  return index < sizeof names / sizeof *names ? names[index] : "unknown";
}
