/* SPDX-License-Identifier: Apache-2.0 */
#include "network/sparse.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/wipe.h"
#include "network/network.h"

ckks_status network_sparse_init(network_sparse *out, size_t n_rows, size_t n_columns,
                                size_t capacity) {
  *out = (network_sparse){.n_rows = n_rows, .n_columns = n_columns, .capacity = capacity};
  out->start = base_alloc_array(n_rows + 1, sizeof *out->start);
  out->column = base_alloc_array(capacity + 1, sizeof *out->column);
  out->value = base_alloc_array(capacity + 1, sizeof *out->value);
  if (out->start && out->column && out->value)
    return CKKS_OK;
  network_sparse_clear(out);
  return base_fail_memory(capacity * sizeof *out->value);
}

void network_sparse_clear(network_sparse *matrix) {
  if (matrix->value)
    base_wipe(matrix->value, matrix->capacity * sizeof *matrix->value);
  base_free(matrix->start);
  base_free(matrix->column);
  base_free(matrix->value);
  *matrix = (network_sparse){0};
}

size_t network_sparse_count(const double *dense, size_t n) {
  size_t count = 0;
  for (size_t i = 0; i < n; i++)
    count += dense[i] != 0.0;
  return count;
}

void network_sparse_append(network_sparse *out, size_t row, const double *dense) {
  size_t at = out->start[row];
  for (size_t i = 0; i < out->n_columns; i++)
    if (dense[i] != 0.0) {
      out->column[at] = (uint32_t)i;
      out->value[at++] = dense[i];
    }
  out->start[row + 1] = at;
}

ckks_status network_sparse_build(network_sparse *out, const double *dense, size_t n_rows,
                                 size_t n_columns) {
  BASE_TRY(
      network_sparse_init(out, n_rows, n_columns, network_sparse_count(dense, n_rows * n_columns)));
  for (size_t row = 0; row < n_rows; row++)
    network_sparse_append(out, row, dense + row * n_columns);
  return CKKS_OK;
}

/* Doubled, so that a matrix that grows row by row is copied a few times only. */
ckks_status network_sparse_reserve(network_sparse *matrix, size_t n_values) {
  if (n_values <= matrix->capacity)
    return CKKS_OK;
  size_t n = matrix->capacity, room = 2 * n;
  network_sparse grown;
  BASE_TRY(network_sparse_init(&grown, matrix->n_rows, matrix->n_columns,
                               n_values > room ? n_values : room));
  memcpy(grown.start, matrix->start, (matrix->n_rows + 1) * sizeof *grown.start);
  memcpy(grown.column, matrix->column, n * sizeof *grown.column);
  memcpy(grown.value, matrix->value, n * sizeof *grown.value);
  network_sparse_clear(matrix);
  *matrix = grown;
  return CKKS_OK;
}

ckks_status network_sparse_copy(network_sparse *out, const network_sparse *in) {
  size_t n = in->start[in->n_rows];
  BASE_TRY(network_sparse_init(out, in->n_rows, in->n_columns, n));
  memcpy(out->start, in->start, (in->n_rows + 1) * sizeof *out->start);
  memcpy(out->column, in->column, n * sizeof *out->column);
  memcpy(out->value, in->value, n * sizeof *out->value);
  return CKKS_OK;
}

void network_sparse_drop_zeros(network_sparse *matrix) {
  size_t from = 0, to = 0;
  for (size_t row = 0; row < matrix->n_rows; row++) {
    for (; from < matrix->start[row + 1]; from++)
      if (matrix->value[from] != 0.0) {
        matrix->column[to] = matrix->column[from];
        matrix->value[to++] = matrix->value[from];
      }
    matrix->start[row + 1] = to;
  }
}

/* Entries are counted column by column, then put behind one another; rows come in order. */
ckks_status network_sparse_transpose(network_sparse *out, const network_sparse *in) {
  size_t n = in->start[in->n_rows];
  BASE_TRY(network_sparse_init(out, in->n_columns, in->n_rows, n));
  size_t *at = base_alloc_array(in->n_columns + 1, sizeof *at);
  if (!at) {
    network_sparse_clear(out);
    return base_fail_memory((in->n_columns + 1) * sizeof *at);
  }
  for (size_t k = 0; k < n; k++)
    out->start[in->column[k] + 1]++;
  for (size_t row = 0; row < out->n_rows; row++) {
    at[row] = out->start[row];
    out->start[row + 1] += out->start[row];
  }
  for (size_t row = 0; row < in->n_rows; row++)
    for (size_t k = in->start[row]; k < in->start[row + 1]; k++) {
      size_t to = at[in->column[k]]++;
      out->column[to] = (uint32_t)row;
      out->value[to] = in->value[k];
    }
  base_free(at);
  return CKKS_OK;
}

/* ----------------------------------------------------------------- products */

/* One row of a product at a time, all of its columns; `touched` says where it may be non-zero. */
typedef struct row_sum {
  double *dense;
  bool *touched;
} row_sum;

static void sum_row(row_sum *sum, const network_sparse *outer, const network_sparse *inner,
                    size_t row) {
  memset(sum->dense, 0, inner->n_columns * sizeof *sum->dense);
  for (size_t k = outer->start[row]; k < outer->start[row + 1]; k++) {
    size_t middle = outer->column[k];
    for (size_t i = inner->start[middle]; i < inner->start[middle + 1]; i++)
      sum->dense[inner->column[i]] += outer->value[k] * inner->value[i];
  }
}

/* An upper bound of the product's non-zeros. */
static size_t count_touched(row_sum *sum, const network_sparse *outer,
                            const network_sparse *inner) {
  size_t n = 0;
  for (size_t row = 0; row < outer->n_rows; row++) {
    memset(sum->touched, 0, inner->n_columns * sizeof *sum->touched);
    for (size_t k = outer->start[row]; k < outer->start[row + 1]; k++) {
      size_t middle = outer->column[k];
      for (size_t i = inner->start[middle]; i < inner->start[middle + 1]; i++) {
        n += !sum->touched[inner->column[i]];
        sum->touched[inner->column[i]] = true;
      }
    }
  }
  return n;
}

ckks_status network_sparse_product(network_sparse *out, const network_sparse *outer,
                                   const network_sparse *inner) {
  size_t n = inner->n_columns;
  row_sum sum = {base_alloc_array(n, sizeof(double)), base_alloc_array(n, sizeof(bool))};
  ckks_status status = CKKS_OK;
  if (!sum.dense || !sum.touched)
    status = base_fail_memory(n * sizeof(double));
  if (status == CKKS_OK)
    status = network_sparse_init(out, outer->n_rows, n, count_touched(&sum, outer, inner));
  for (size_t row = 0; row < outer->n_rows && status == CKKS_OK; row++) {
    sum_row(&sum, outer, inner, row);
    network_sparse_append(out, row, sum.dense);
  }
  if (sum.dense)
    base_wipe(sum.dense, n * sizeof(double));
  base_free(sum.dense);
  base_free(sum.touched);
  return status;
}

/* ------------------------------------------------------------------- moving */

typedef struct entry {
  uint32_t column;
  double value;
} entry;

static int by_column(const void *a, const void *b) {
  uint32_t x = ((const entry *)a)->column, y = ((const entry *)b)->column;
  return (x > y) - (x < y);
}

/* Row `from` of `in` as the next row of `out`; at[row] is what moves there, or n_rows for none. */
static void move_row(network_sparse *out, size_t to, const network_sparse *in, size_t from,
                     const uint32_t *column_to, entry *work) {
  size_t n = in->start[from + 1] - in->start[from];
  for (size_t k = 0; k < n; k++) {
    uint32_t column = in->column[in->start[from] + k];
    work[k] = (entry){column_to ? column_to[column] : column, in->value[in->start[from] + k]};
  }
  qsort(work, n, sizeof *work, by_column);
  for (size_t k = 0; k < n; k++) {
    out->column[out->start[to] + k] = work[k].column;
    out->value[out->start[to] + k] = work[k].value;
  }
  out->start[to + 1] = out->start[to] + n;
}

ckks_status network_sparse_move(network_sparse *matrix, const uint32_t *row_to, size_t n_rows,
                                const uint32_t *column_to, size_t n_columns) {
  network_sparse out = {0};
  size_t n_work = matrix->n_columns + 1; /* the matrix is another one at the end */
  size_t *from = base_alloc_array(n_rows + 1, sizeof *from);
  entry *work = base_alloc_array(n_work, sizeof *work);
  ckks_status status = from && work ? CKKS_OK : base_fail_memory(n_work * sizeof *work);
  if (status == CKKS_OK)
    status = network_sparse_init(&out, n_rows, n_columns, matrix->start[matrix->n_rows]);
  if (status == CKKS_OK) {
    for (size_t to = 0; to < n_rows; to++)
      from[to] = matrix->n_rows;
    for (size_t row = 0; row < matrix->n_rows; row++)
      from[row_to ? row_to[row] : row] = row;
    for (size_t to = 0; to < n_rows; to++) {
      out.start[to + 1] = out.start[to];
      if (from[to] < matrix->n_rows)
        move_row(&out, to, matrix, from[to], column_to, work);
    }
    network_sparse_clear(matrix);
    *matrix = out;
  }
  if (work)
    base_wipe(work, n_work * sizeof *work);
  base_free(from);
  base_free(work);
  return status;
}

void network_sparse_row(double *dense, const network_sparse *matrix, size_t row) {
  memset(dense, 0, matrix->n_columns * sizeof *dense);
  for (size_t k = matrix->start[row]; k < matrix->start[row + 1]; k++)
    dense[matrix->column[k]] = matrix->value[k];
}
