/* SPDX-License-Identifier: Apache-2.0 */
#include "table/idx.h"

#include <string.h>

#include "base/alloc.h"
#include "base/file.h"
#include "base/wipe.h"

#define UNSIGNED_BYTE 8

bool table_idx_is(const uint8_t *bytes, size_t n_bytes) {
  return n_bytes >= 4 && bytes[0] == 0 && bytes[1] == 0 && bytes[2] == UNSIGNED_BYTE &&
         bytes[3] >= 1 && bytes[3] <= TABLE_IDX_MAX_RANK;
}

/* Sizes are big-endian: Sun workstations measured the first of these files. */
static size_t read_size(const uint8_t *bytes) {
  return (size_t)bytes[0] << 24 | (size_t)bytes[1] << 16 | (size_t)bytes[2] << 8 | bytes[3];
}

ckks_status table_idx_parse(table_idx *idx, uint8_t *bytes, size_t n_bytes, const char *name) {
  *idx = (table_idx){0};
  if (!table_idx_is(bytes, n_bytes))
    return base_fail(CKKS_ERROR_FORMAT, "%s: not an idx file of bytes", name);
  size_t header = 4 + 4 * (size_t)bytes[3], total = 1;
  if (n_bytes < header)
    return base_fail(CKKS_ERROR_FORMAT, "%s: too short for its sizes", name);
  idx->rank = bytes[3];
  for (int d = 0; d < idx->rank; d++) {
    idx->dim[d] = read_size(bytes + 4 + 4 * d);
    if (idx->dim[d] == 0 || __builtin_mul_overflow(total, idx->dim[d], &total))
      return base_fail(CKKS_ERROR_FORMAT, "%s: size %zu in dimension %d", name, idx->dim[d], d);
  }
  if (total != n_bytes - header)
    return base_fail(CKKS_ERROR_FORMAT, "%s: %zu bytes where its sizes say %zu", name,
                     n_bytes - header, total);
  idx->n = idx->dim[0];
  idx->row = total / idx->n;
  idx->value = bytes + header;
  idx->file = bytes;
  return CKKS_OK;
}

ckks_status table_idx_read(table_idx *idx, const char *path) {
  uint8_t *bytes;
  size_t n_bytes;
  *idx = (table_idx){0};
  BASE_TRY(base_file_read(&bytes, &n_bytes, path, TABLE_IDX_MAX_BYTES));
  ckks_status status = table_idx_parse(idx, bytes, n_bytes, path);
  if (status != CKKS_OK)
    base_free(bytes);
  return status;
}

/* Images may be private. */
void table_idx_clear(table_idx *idx) {
  if (idx->value != NULL)
    base_wipe(idx->value, idx->n * idx->row);
  base_free(idx->file);
  *idx = (table_idx){0};
}
