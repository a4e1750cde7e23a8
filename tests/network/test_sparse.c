/* SPDX-License-Identifier: Apache-2.0 */
/* Sparse matrices against dense ones. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/alloc.h"
#include "network/network.h"
#include "random.h"

enum { MOST = 12 };

/* About a third of the numbers, small integers: sums of products are exact. */
static void fill(double *dense, size_t n, uint64_t *state) {
  for (size_t i = 0; i < n; i++)
    dense[i] = test_random(state) % 3 ? 0.0 : (double)(test_random(state) % 19) - 9.0;
}

static void assert_equals(const network_sparse *matrix, const double *dense, size_t n_rows,
                          size_t n_columns) {
  double row[2 * MOST];
  assert_int_equal(matrix->n_rows, n_rows);
  assert_int_equal(matrix->n_columns, n_columns);
  for (size_t r = 0; r < n_rows; r++) {
    network_sparse_row(row, matrix, r);
    for (size_t c = 0; c < n_columns; c++)
      assert_true(row[c] == dense[r * n_columns + c]);
    for (size_t k = matrix->start[r]; k < matrix->start[r + 1]; k++) {
      assert_true(matrix->value[k] != 0.0);
      assert_true(k == matrix->start[r] || matrix->column[k] > matrix->column[k - 1]);
    }
  }
}

static void test_product(void **unused) {
  (void)unused;
  uint64_t state = 3;
  for (int round = 0; round < 200; round++) {
    size_t n = 1 + test_random(&state) % MOST, m = 1 + test_random(&state) % MOST,
           l = 1 + test_random(&state) % MOST;
    double a[MOST * MOST], b[MOST * MOST], wanted[MOST * MOST] = {0};
    network_sparse x, y, product, copy;
    fill(a, n * m, &state);
    fill(b, m * l, &state);
    assert_int_equal(network_sparse_build(&x, a, n, m), CKKS_OK);
    assert_int_equal(network_sparse_build(&y, b, m, l), CKKS_OK);
    assert_equals(&x, a, n, m);
    for (size_t i = 0; i < n * l; i++)
      for (size_t k = 0; k < m; k++)
        wanted[i] += a[i / l * m + k] * b[k * l + i % l];
    assert_int_equal(network_sparse_product(&product, &x, &y), CKKS_OK);
    assert_equals(&product, wanted, n, l);
    assert_int_equal(network_sparse_copy(&copy, &product), CKKS_OK);
    assert_equals(&copy, wanted, n, l);
    network_sparse_clear(&x);
    network_sparse_clear(&y);
    network_sparse_clear(&product);
    network_sparse_clear(&copy);
    assert_null(copy.value);
  }
}

static void test_transpose(void **unused) {
  (void)unused;
  uint64_t state = 5;
  for (int round = 0; round < 200; round++) {
    size_t n = 1 + test_random(&state) % MOST, m = 1 + test_random(&state) % MOST;
    double a[MOST * MOST], wanted[MOST * MOST];
    network_sparse x, turned;
    fill(a, n * m, &state);
    for (size_t i = 0; i < n * m; i++)
      wanted[i % m * n + i / m] = a[i];
    assert_int_equal(network_sparse_build(&x, a, n, m), CKKS_OK);
    assert_int_equal(network_sparse_transpose(&turned, &x), CKKS_OK);
    assert_equals(&turned, wanted, m, n);
    network_sparse_clear(&x);
    network_sparse_clear(&turned);
  }
}

/* Row by row into no room at all, then a third of the values set to 0. */
static void test_growing(void **unused) {
  (void)unused;
  uint64_t state = 6;
  for (int round = 0; round < 200; round++) {
    size_t n = 1 + test_random(&state) % MOST, m = 1 + test_random(&state) % MOST;
    double a[MOST * MOST];
    network_sparse x;
    fill(a, n * m, &state);
    assert_int_equal(network_sparse_init(&x, n, m, 0), CKKS_OK);
    for (size_t row = 0; row < n; row++) {
      size_t count = network_sparse_count(a + row * m, m);
      assert_int_equal(network_sparse_reserve(&x, x.start[row] + count), CKKS_OK);
      network_sparse_append(&x, row, a + row * m);
    }
    assert_equals(&x, a, n, m);
    for (size_t row = 0; row < n; row++)
      for (size_t k = x.start[row]; k < x.start[row + 1]; k++)
        if (test_random(&state) % 3 == 0)
          a[row * m + x.column[k]] = x.value[k] = 0.0;
    network_sparse_drop_zeros(&x);
    assert_equals(&x, a, n, m);
    network_sparse_clear(&x);
  }
}

/* A random injection of n into twice as many. */
static void inject(uint32_t *to, size_t n, uint64_t *state) {
  uint32_t free_place[2 * MOST];
  size_t left = 2 * n;
  for (uint32_t i = 0; i < 2 * n; i++)
    free_place[i] = i;
  for (size_t i = 0; i < n; i++) {
    size_t at = test_random(state) % left;
    to[i] = free_place[at];
    free_place[at] = free_place[--left];
  }
}

static void test_move(void **unused) {
  (void)unused;
  uint64_t state = 4;
  for (int round = 0; round < 200; round++) {
    size_t n = 1 + test_random(&state) % MOST, m = 1 + test_random(&state) % MOST;
    size_t rows = round % 3 ? 2 * n : n, columns = round % 3 == 1 ? m : 2 * m;
    uint32_t row_to[MOST], column_to[MOST];
    double a[MOST * MOST], wanted[4 * MOST * MOST] = {0};
    network_sparse x;
    fill(a, n * m, &state);
    inject(row_to, n, &state);
    inject(column_to, m, &state);
    for (size_t i = 0; i < n * m; i++) {
      size_t r = rows == n ? i / m : row_to[i / m], c = columns == m ? i % m : column_to[i % m];
      wanted[r * columns + c] = a[i];
    }
    assert_int_equal(network_sparse_build(&x, a, n, m), CKKS_OK);
    assert_int_equal(network_sparse_move(&x, rows == n ? NULL : row_to, rows,
                                         columns == m ? NULL : column_to, columns),
                     CKKS_OK);
    assert_equals(&x, wanted, rows, columns);
    network_sparse_clear(&x);
  }
}

static void test_memory(void **unused) {
  (void)unused;
  const double a[] = {1, 0, 2, 0, 3, 0};
  const uint32_t to[] = {1, 0};
  ckks_status status = CKKS_ERROR_MEMORY;
  for (long k = 1; status != CKKS_OK; k++) {
    network_sparse x = {0}, y = {0}, product = {0}, turned = {0};
    base_alloc_fail_at(k);
    status = network_sparse_build(&x, a, 2, 3);
    if (status == CKKS_OK)
      status = network_sparse_build(&y, a, 3, 2);
    if (status == CKKS_OK)
      status = network_sparse_product(&product, &x, &y);
    if (status == CKKS_OK)
      status = network_sparse_move(&product, to, 2, NULL, 2);
    if (status == CKKS_OK)
      status = network_sparse_reserve(&product, 100);
    if (status == CKKS_OK)
      status = network_sparse_transpose(&turned, &product);
    base_alloc_fail_at(0);
    assert_true(status == CKKS_OK || status == CKKS_ERROR_MEMORY);
    assert_true(k < 100);
    network_sparse_clear(&x);
    network_sparse_clear(&y);
    network_sparse_clear(&product);
    network_sparse_clear(&turned);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_product), cmocka_unit_test(test_move),
                                     cmocka_unit_test(test_transpose),
                                     cmocka_unit_test(test_growing), cmocka_unit_test(test_memory)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
