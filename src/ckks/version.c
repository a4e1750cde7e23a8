/* SPDX-License-Identifier: Apache-2.0 */
#include "ckks.h"

/* Two steps, so that the macros' values are spelled and not their names. */
#define SPELL_(x) #x
#define SPELL(x) SPELL_(x)

const char *ckks_version(void) {
  return SPELL(CKKS_VERSION_MAJOR) "." SPELL(CKKS_VERSION_MINOR) "." SPELL(CKKS_VERSION_PATCH);
}
