/* SPDX-License-Identifier: Apache-2.0 */
#include "base/alloc.h"
#include "ckks.h"

void ckks_bytes_free(uint8_t *bytes) {
  base_free(bytes);
}
