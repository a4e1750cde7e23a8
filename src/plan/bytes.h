/* SPDX-License-Identifier: Apache-2.0 */
/* What the readers of the two payloads share. */
#ifndef PLAN_BYTES_H
#define PLAN_BYTES_H
#include "base/bytes.h"

/** Always CKKS_ERROR_FORMAT. */
static inline ckks_status plan_bytes_bad(const char *field) {
  return base_fail(CKKS_ERROR_FORMAT, "%s: out of range or cut short", field);
}

/** A u32 of at most `limit`. */
static inline ckks_status plan_bytes_size(size_t *out, base_reader *reader, size_t limit,
                                          const char *field) {
  *out = base_reader_u32(reader);
  return reader->failed || *out > limit ? plan_bytes_bad(field) : CKKS_OK;
}
#endif
