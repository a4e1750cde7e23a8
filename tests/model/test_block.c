/* SPDX-License-Identifier: Apache-2.0 */
/* Many rows of a model in clear: each row's outputs are those it has alone, bit for bit. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "model/block.h"
#include "model/convnets.h"

static void assert_ok(ckks_status status) {
  if (status != CKKS_OK)
    fail_msg("%s", ckks_last_error());
}

/* A convolution, whose map is mostly zeros, and a dense layer behind it. */
static void build(model_model *model, uint64_t *state) {
  const test_convolution c[] = {{1, 3, 3, 2, 1}, {2, 5, 2, 1, 0}};
  assert_ok(test_convnet(model, (size_t[]){1, 9, 11}, c, 2, 4, state));
}

static void test_each_row(void **unused) {
  (void)unused;
  enum { MOST = 3 * MODEL_BLOCK_ROWS };
  uint64_t state = 31;
  model_model model;
  double rows[MOST * 99], outputs[MOST * 4], alone[4];
  build(&model, &state);
  assert_int_equal(model.n_features, 99);
  test_images(rows, MOST, &model, &state);
  rows[5] = NAN; /* a missing value */
  for (size_t n = 0; n <= MOST; n++) {
    memset(outputs, 0x55, sizeof outputs);
    assert_ok(model_block_forward_rows(outputs, rows, n, &model));
    for (size_t i = 0; i < n; i++) {
      model_forward(alone, rows + i * 99, &model);
      assert_memory_equal(outputs + 4 * i, alone, sizeof alone);
    }
    for (size_t i = sizeof(double) * 4 * n; i < sizeof outputs; i++)
      assert_int_equal(((unsigned char *)outputs)[i], 0x55);
  }
  model_clear(&model);
}

/* Ranges over a block are the largest over its rows. */
static void test_ranges(void **unused) {
  (void)unused;
  uint64_t state = 32;
  model_model model;
  model_block block;
  double rows[5 * 99], outputs[5 * 4], scaled[99], input, most = 0.0;
  double pre[MODEL_MAX_LAYERS][MODEL_MAX_ACTIVATIONS], one[MODEL_MAX_LAYERS][MODEL_MAX_ACTIVATIONS];
  double wanted[3] = {0.0};
  const double *row[5];
  build(&model, &state);
  test_images(rows, 5, &model, &state);
  for (size_t i = 0; i < 5; i++) {
    row[i] = rows + i * 99;
    model_scale(scaled, row[i], &model);
    model_forward_scaled(outputs, scaled, one, &model);
    for (size_t k = 0; k < 99; k++)
      most = fmax(most, fabs(scaled[k]));
    for (size_t l = 0; l < 3; l++)
      wanted[l] = fmax(wanted[l], one[l][0]);
  }
  assert_ok(model_block_init(&block, &model));
  model_block_forward(outputs, row, 5, &block, pre, &input);
  assert_true(input == most && most > 0.0);
  for (size_t l = 0; l < 3; l++)
    assert_true(pre[l][0] == wanted[l] && wanted[l] > 0.0);
  model_block_clear(&block);
  assert_null(block.values[0]);
  model_clear(&model);
}

/* The row that is named is the one, wherever in a block it stands. */
static void test_infinite(void **unused) {
  (void)unused;
  uint64_t state = 33;
  model_model model;
  double rows[20 * 99];
  char wanted[40];
  for (size_t bad = 0; bad < 20; bad += 3) {
    build(&model, &state);
    test_images(rows, 20, &model, &state);
    for (size_t i = 0; i < 99; i++)
      rows[bad * 99 + i] = 1e300;
    assert_int_equal(model_calibrate(&model, rows, 20), CKKS_ERROR_RANGE);
    snprintf(wanted, sizeof wanted, "calibration row %zu: layers[", bad);
    assert_non_null(strstr(ckks_last_error(), wanted));
    assert_false(model_is_calibrated(&model));
    model_clear(&model);
  }
}

static void test_memory(void **unused) {
  (void)unused;
  uint64_t state = 34;
  model_model model;
  double rows[9 * 99], outputs[9 * 4];
  ckks_status status = CKKS_ERROR_MEMORY;
  build(&model, &state);
  test_images(rows, 9, &model, &state);
  for (long k = 1; status != CKKS_OK; k++) {
    base_alloc_fail_at(k);
    status = model_block_forward_rows(outputs, rows, 9, &model);
    base_alloc_fail_at(0);
    assert_true(status == CKKS_OK || status == CKKS_ERROR_MEMORY);
    assert_true(k < 30);
  }
  model_clear(&model);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_each_row), cmocka_unit_test(test_ranges),
                                     cmocka_unit_test(test_infinite),
                                     cmocka_unit_test(test_memory)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
