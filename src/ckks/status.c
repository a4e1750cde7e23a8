/* SPDX-License-Identifier: Apache-2.0 */
/* What the library is called and how it speaks of errors. */
#include "base/status.h"

/* Two steps, so that the macros' values are spelled and not their names. */
#define SPELL_(x) #x
#define SPELL(x) SPELL_(x)

const char *ckks_version(void) {
  return SPELL(CKKS_VERSION_MAJOR) "." SPELL(CKKS_VERSION_MINOR) "." SPELL(CKKS_VERSION_PATCH);
}

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

const char *ckks_last_error(void) {
  return base_last_error();
}
