/* SPDX-License-Identifier: Apache-2.0 */
#include "base/status.h"

const char *ckks_last_error(void) {
  return base_last_error();
}
