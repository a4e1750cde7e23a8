/* SPDX-License-Identifier: Apache-2.0 */
/** Matrices by their rows, without the zeros: a convolution has a few in a thousand that are not.
 */
#ifndef MODEL_SPARSE_H
#define MODEL_SPARSE_H
#include <stddef.h>
#include <stdint.h>

#include "base/status.h"

/** Row r has value[k] in column[k], ascending, for start[r] <= k < start[r + 1]. */
typedef struct model_sparse {
  size_t n_rows, n_columns;
  size_t *start; /**< n_rows + 1 */
  uint32_t *column;
  double *value;
  size_t capacity; /**< values there is room for */
} model_sparse;

/** All zeros, with room; then each row in turn, from dense[n_columns]. */
ckks_status model_sparse_init(model_sparse *out, size_t n_rows, size_t n_columns, size_t capacity);
void model_sparse_append(model_sparse *out, size_t row, const double *dense);
/** Room for n_values: at least twice as many as before, where there is not. */
ckks_status model_sparse_reserve(model_sparse *matrix, size_t n_values);
size_t model_sparse_count(const double *dense, size_t n); /**< numbers that are not 0 */
/** From n_rows x n_columns numbers, row-major. CKKS_ERROR_MEMORY, as all of these. */
ckks_status model_sparse_build(model_sparse *out, const double *dense, size_t n_rows,
                               size_t n_columns);
/** Wipes: weights belong to the model's owner. */
void model_sparse_clear(model_sparse *matrix);
ckks_status model_sparse_copy(model_sparse *out, const model_sparse *in);
/** Takes out the values that have become 0. */
void model_sparse_drop_zeros(model_sparse *matrix);
ckks_status model_sparse_transpose(model_sparse *out, const model_sparse *in);
/** out = outer * inner, sums in ascending order of the columns of `outer`. */
ckks_status model_sparse_product(model_sparse *out, const model_sparse *outer,
                                 const model_sparse *inner);
/**
 * Row r becomes row row_to[r] of n_rows (empty where none comes), column c column_to[c] of
 * n_columns; NULL leaves them where they are. No two go to one place.
 */
ckks_status model_sparse_move(model_sparse *matrix, const uint32_t *row_to, size_t n_rows,
                              const uint32_t *column_to, size_t n_columns);
/** dense[n_columns] = row r. */
void model_sparse_row(double *dense, const model_sparse *matrix, size_t row);
/** Row r times x[n_columns], x finite: bit for bit what model_dot makes of the dense row. */
double model_sparse_dot(const model_sparse *matrix, size_t row, const double *x);
#endif
