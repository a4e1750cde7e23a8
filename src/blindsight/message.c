/* SPDX-License-Identifier: Apache-2.0 */
#include "blindsight/objects.h"
#include "wire/sample.h"

ckks_status blindsight_message_peek(blindsight_packing *packing, size_t *n_rows,
                                    const uint8_t *bytes, size_t n_bytes) {
  if (packing != NULL)
    *packing = BLINDSIGHT_LATENCY;
  if (n_rows != NULL)
    *n_rows = 0;
  BASE_TRY(blindsight_objects_require(packing, "packing"));
  BASE_TRY(blindsight_objects_require(n_rows, "n_rows"));
  BASE_TRY(blindsight_objects_require(bytes, "bytes"));
  *packing = (blindsight_packing)wire_head_peek_packing(bytes, n_bytes);
  *n_rows = wire_head_peek_rows(bytes, n_bytes);
  return CKKS_OK;
}
