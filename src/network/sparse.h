/* SPDX-License-Identifier: Apache-2.0 */
/** Matrices by their rows, without the zeros: a convolution has a few in a thousand that are not.
 */
#ifndef NETWORK_SPARSE_H
#define NETWORK_SPARSE_H
#include <stddef.h>
#include <stdint.h>

#include "base/status.h"

/** Row r has value[k] in column[k], ascending, for start[r] <= k < start[r + 1]. */
typedef struct network_sparse {
  size_t n_rows, n_columns;
  size_t *start; /**< n_rows + 1 */
  uint32_t *column;
  double *value;
  size_t capacity; /**< values there is room for */
} network_sparse;

/** All zeros, with room; then each row in turn, from dense[n_columns]. */
ckks_status network_sparse_init(network_sparse *out, size_t n_rows, size_t n_columns,
                                size_t capacity);
void network_sparse_append(network_sparse *out, size_t row, const double *dense);
/** Room for n_values: at least twice as many as before, where there is not. */
ckks_status network_sparse_reserve(network_sparse *matrix, size_t n_values);
size_t network_sparse_count(const double *dense, size_t n); /**< numbers that are not 0 */
/** From n_rows x n_columns numbers, row-major. CKKS_ERROR_MEMORY, as all of these. */
ckks_status network_sparse_build(network_sparse *out, const double *dense, size_t n_rows,
                                 size_t n_columns);
/** Wipes: weights belong to the model's owner. */
void network_sparse_clear(network_sparse *matrix);
ckks_status network_sparse_copy(network_sparse *out, const network_sparse *in);
/** Takes out the values that have become 0. */
void network_sparse_drop_zeros(network_sparse *matrix);
ckks_status network_sparse_transpose(network_sparse *out, const network_sparse *in);
/** out = outer * inner, sums in ascending order of the columns of `outer`. */
ckks_status network_sparse_product(network_sparse *out, const network_sparse *outer,
                                   const network_sparse *inner);
/**
 * Row r becomes row row_to[r] of n_rows (empty where none comes), column c column_to[c] of
 * n_columns; NULL leaves them where they are. No two go to one place.
 */
ckks_status network_sparse_move(network_sparse *matrix, const uint32_t *row_to, size_t n_rows,
                                const uint32_t *column_to, size_t n_columns);
/** dense[n_columns] = row r. */
void network_sparse_row(double *dense, const network_sparse *matrix, size_t row);
#endif
