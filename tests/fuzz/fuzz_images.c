/* SPDX-License-Identifier: Apache-2.0 */
/* Images: idx files (MNIST's), and PNG in shapes of one and of three channels. What is accepted has
 * all of its pixels, each a byte. */
#include "base/alloc.h"
#include "fuzz/accepted.h"
#include "table/idx.h"
#include "table/png.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n_bytes);

static void read_png(const uint8_t *bytes, size_t n_bytes, const size_t shape[3]) {
  double row[3 * 8 * 8];
  size_t n = shape[0] * shape[1] * shape[2];
  for (size_t i = 0; i < n; i++)
    row[i] = -1.0;
  if (table_png_read(row, shape, bytes, n_bytes, "input") != CKKS_OK)
    return;
  for (size_t i = 0; i < n; i++)
    if (!(row[i] >= 0.0 && row[i] <= 255.0))
      abort();
  fuzz_accept();
}

static void read_idx(const uint8_t *bytes, size_t n_bytes) {
  table_idx idx;
  uint8_t *copy = base_alloc(n_bytes + 1), sum = 0; /* becomes the table's */
  if (copy == NULL)
    abort();
  if (n_bytes > 0)
    memcpy(copy, bytes, n_bytes);
  if (table_idx_parse(&idx, copy, n_bytes, "input") != CKKS_OK) {
    base_free(copy);
    return;
  }
  for (size_t i = 0; i < idx.n * idx.row; i++) /* a sanitizer sees one too many */
    sum = (uint8_t)(sum + idx.value[i]);
  if (idx.rank < 1 || idx.rank > TABLE_IDX_MAX_RANK || (sum != 0 && idx.n == 0))
    abort();
  fuzz_accept();
  table_idx_clear(&idx);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n_bytes) {
  static const size_t gray[3] = {1, 8, 8}, colours[3] = {3, 8, 8}, wide[3] = {1, 2, 5};
  if (table_idx_is(bytes, n_bytes))
    read_idx(bytes, n_bytes);
  if (table_png_is(bytes, n_bytes)) {
    read_png(bytes, n_bytes, gray);
    read_png(bytes, n_bytes, colours);
    read_png(bytes, n_bytes, wide);
  }
  return 0;
}
