/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Simulated outputs: near the clear ones, as far from them as the error asked for has it, the same
 * for the same seed. tests/exec/test_simulate.c holds them against ciphertexts.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/alloc.h"
#include "compile/compile.h"
#include "compile/plans.h"
#include "compile/simulate.h"

enum { ROWS = 300, MOST = 16 };
static double rows[ROWS * MOST], clear[ROWS * MOST], noisy[ROWS * MOST], again[ROWS * MOST];

static void assert_ok(ckks_status status) {
  if (status != CKKS_OK)
    fail_msg("%s", ckks_last_error());
}

static void build(plan_plan *plan, network_model *model, uint64_t *state, double error) {
  compile_options options = test_options(error, 10);
  assert_ok(test_network(model, state));
  test_calibrate(model, state);
  test_rows(rows, ROWS, model, state);
  assert_ok(compile_model(plan, model, &options));
  for (size_t i = 0; i < ROWS; i++)
    network_forward(clear + i * model->n_classes, rows + i * model->n_features, model);
}

/* Root of the mean square of |noisy - clear| / max(1, |clear|), and the largest. */
static double deviation_of(const network_model *model, size_t n_rows, double *largest) {
  double sum = 0.0;
  size_t n = n_rows * model->n_classes;
  *largest = 0.0;
  for (size_t i = 0; i < n; i++) {
    double error = fabs(noisy[i] - clear[i]) / fmax(1.0, fabs(clear[i]));
    sum += error * error;
    *largest = fmax(*largest, error);
  }
  return sqrt(sum / (double)n);
}

/* The prediction is a bound for what is simulated, and one of the same order. */
static void test_within_prediction(void **unused) {
  (void)unused;
  uint64_t state = 4;
  for (int round = 0; round < 16; round++) {
    network_model model;
    plan_plan plan;
    build(&plan, &model, &state, round % 2 ? 1e-3 : 1e-5);
    for (int packing = 0; packing < PLAN_N_PACKINGS; packing++) {
      double largest, predicted = plan.interface.cost[packing].predicted_error;
      if (!plan.interface.layout[packing].available)
        continue;
      size_t n_rows = packing == PLAN_LATENCY ? 50 : ROWS;
      assert_ok(compile_simulate_rows(noisy, rows, n_rows, &plan, (plan_packing)packing, 1, NULL));
      double deviation = deviation_of(&model, n_rows, &largest);
      assert_true(largest < predicted);
      assert_true(deviation > predicted / 1000.0);
      assert_true(largest > deviation);
    }
    plan_clear(&plan);
    network_clear(&model);
  }
}

/* Of a plan for a smaller error the errors are smaller. */
static void test_follows_the_plan(void **unused) {
  (void)unused;
  double deviation[2], largest;
  for (int i = 0; i < 2; i++) {
    uint64_t state = 15;
    network_model model;
    plan_plan plan;
    build(&plan, &model, &state, i == 0 ? 1e-2 : 1e-6);
    assert_ok(compile_simulate_rows(noisy, rows, ROWS, &plan, PLAN_THROUGHPUT, 1, NULL));
    deviation[i] = deviation_of(&model, ROWS, &largest);
    plan_clear(&plan);
    network_clear(&model);
  }
  assert_true(deviation[0] > 1e3 * deviation[1]);
}

static void test_seeds(void **unused) {
  (void)unused;
  uint64_t state = 9;
  network_model model;
  plan_plan plan;
  build(&plan, &model, &state, 1e-3);
  for (int packing = 0; packing < PLAN_N_PACKINGS; packing++) {
    size_t n = 20 * model.n_classes, same = 0;
    if (!plan.interface.layout[packing].available)
      continue;
    assert_ok(compile_simulate_rows(noisy, rows, 20, &plan, (plan_packing)packing, 7, NULL));
    assert_ok(compile_simulate_rows(again, rows, 20, &plan, (plan_packing)packing, 7, NULL));
    assert_memory_equal(noisy, again, n * sizeof *noisy);
    assert_ok(compile_simulate_rows(again, rows, 20, &plan, (plan_packing)packing, 8, NULL));
    for (size_t i = 0; i < n; i++)
      same += noisy[i] == again[i];
    assert_int_equal(same, 0);
  }
  plan_clear(&plan);
  network_clear(&model);
}

/* Who runs a row does not matter. */
static void test_threads(void **unused) {
  (void)unused;
  uint64_t state = 9;
  network_model model;
  plan_plan plan;
  build(&plan, &model, &state, 1e-3);
  for (int packing = 0; packing < PLAN_N_PACKINGS; packing++) {
    size_t n_rows = packing == PLAN_LATENCY ? 20 : ROWS;
    if (!plan.interface.layout[packing].available)
      continue;
    assert_ok(compile_simulate_rows(noisy, rows, n_rows, &plan, (plan_packing)packing, 7, NULL));
    for (int n_threads = 2; n_threads < 6; n_threads += 3) {
      base_threads *threads;
      assert_ok(base_threads_build(&threads, n_threads));
      assert_ok(
          compile_simulate_rows(again, rows, n_rows, &plan, (plan_packing)packing, 7, threads));
      base_threads_free(threads);
      assert_memory_equal(noisy, again, n_rows * model.n_classes * sizeof *noisy);
    }
  }
  plan_clear(&plan);
  network_clear(&model);
}

/* Rows are given noise of their own: the same row twice has two errors. */
static void test_rows_differ(void **unused) {
  (void)unused;
  uint64_t state = 9;
  network_model model;
  plan_plan plan;
  build(&plan, &model, &state, 1e-3);
  memcpy(rows + model.n_features, rows, model.n_features * sizeof *rows);
  assert_ok(compile_simulate_rows(noisy, rows, 2, &plan, PLAN_LATENCY, 7, NULL));
  for (size_t i = 0; i < model.n_classes; i++)
    assert_true(noisy[i] != noisy[model.n_classes + i]);
  plan_clear(&plan);
  network_clear(&model);
}

static void test_allocation_failures(void **unused) {
  (void)unused;
  uint64_t state = 9;
  network_model model;
  plan_plan plan;
  build(&plan, &model, &state, 1e-2);
  for (int packing = 0; packing < PLAN_N_PACKINGS; packing++) {
    long before = base_alloc_count();
    if (!plan.interface.layout[packing].available)
      continue;
    assert_ok(compile_simulate_rows(noisy, rows, 2, &plan, (plan_packing)packing, 1, NULL));
    long n = base_alloc_count() - before;
    for (long k = 1; k <= n; k += 1 + n / 100) {
      base_alloc_fail_at(k);
      ckks_status status =
          compile_simulate_rows(noisy, rows, 2, &plan, (plan_packing)packing, 1, NULL);
      base_alloc_fail_at(0);
      assert_int_equal(status, CKKS_ERROR_MEMORY);
    }
  }
  plan_clear(&plan);
  network_clear(&model);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_within_prediction),
                                     cmocka_unit_test(test_follows_the_plan),
                                     cmocka_unit_test(test_seeds),
                                     cmocka_unit_test(test_threads),
                                     cmocka_unit_test(test_rows_differ),
                                     cmocka_unit_test(test_allocation_failures)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
