/* SPDX-License-Identifier: Apache-2.0 */
/* Plain matrices: their checks and their diagonals. */
#include <math.h>
#include <string.h>

#include "eval/api.h"

ckks_status eval_matrix_check(const eval_matrix *matrix, const ckks_params *params) {
  size_t slots = params->ring.n / 2;
  if (matrix->entry == NULL)
    return base_fail(CKKS_ERROR_ARGUMENT, "matrix is NULL");
  if (matrix->rows < 1 || matrix->rows > slots || matrix->columns < 1 || matrix->columns > slots)
    return base_fail(CKKS_ERROR_ARGUMENT, "matrix is %zu x %zu: each size must be 1 to %zu slots",
                     matrix->rows, matrix->columns, slots);
  for (size_t i = 0; i < matrix->rows; i++)
    for (size_t j = 0; j < matrix->columns; j++)
      if (!isfinite(matrix->entry[i * matrix->row_stride + j * matrix->column_stride]))
        return base_fail(CKKS_ERROR_RANGE, "matrix entry in row %zu, column %zu is not finite", i,
                         j);
  return CKKS_OK;
}

bool eval_matrix_diagonal(double *value, const eval_matrix *matrix, int r, int giant,
                          size_t slots) {
  size_t mask = slots - 1; /* slots is a power of two, and negative numbers wrap rightly */
  bool any = false;
  memset(value, 0, slots * sizeof *value);
  for (size_t i = 0; i < matrix->rows; i++) {
    size_t j = (i + (size_t)r) & mask;
    if (j >= matrix->columns)
      continue;
    double entry = matrix->entry[i * matrix->row_stride + j * matrix->column_stride];
    value[(i + (size_t)giant) & mask] = entry;
    any = any || entry != 0;
  }
  return any;
}
