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
static network_model model;
static plan_plan plan;

static void assert_ok(ckks_status status) {
  if (status != CKKS_OK)
    fail_msg("%s", ckks_last_error());
}

static void build(uint64_t *state, double error) {
  compile_options options = test_options(error, 10);
  assert_ok(test_network(&model, state));
  test_calibrate(&model, state);
  test_rows(rows, ROWS, &model, state);
  assert_ok(compile_model(&plan, &model, &options));
  for (size_t i = 0; i < ROWS; i++)
    network_forward_rows(clear + i * model.n_classes, rows + i * model.n_features, 1, &model);
}

static void build_usual(double error) {
  uint64_t state = 9;
  build(&state, error);
}

static void end(void) {
  plan_clear(&plan);
  network_clear(&model);
}

/* The first packing from `packing` on that the plan has. */
static int available_from(int packing) {
  while (packing < PLAN_N_PACKINGS && !plan.interface.layout[packing].available)
    packing++;
  return packing;
}
#define FOR_PACKINGS(packing)                                                                      \
  for (int packing = available_from(0); packing < PLAN_N_PACKINGS;                                 \
       packing = available_from(packing + 1))

static void simulate(double *outputs, size_t n_rows, int packing, uint64_t seed,
                     base_threads *threads) {
  assert_ok(compile_simulate_rows(outputs, NULL, rows, n_rows, &plan, (plan_packing)packing, seed,
                                  threads));
}

/* Root of the mean square of |noisy - clear| / max(1, |clear|), and the largest. */
static double deviation_of(size_t n_rows, double *largest) {
  double sum = 0.0;
  size_t n = n_rows * model.n_classes;
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
    build(&state, round % 2 ? 1e-3 : 1e-5);
    FOR_PACKINGS(packing) {
      double largest, predicted = plan.interface.cost[packing].predicted_error;
      size_t n_rows = packing == PLAN_LATENCY ? 50 : ROWS;
      simulate(noisy, n_rows, packing, 1, NULL);
      double deviation = deviation_of(n_rows, &largest);
      assert_true(largest < predicted);
      assert_true(deviation > predicted / 1000.0);
      assert_true(largest > deviation);
    }
    end();
  }
}

/* Of a plan for a smaller error the errors are smaller. */
static void test_follows_the_plan(void **unused) {
  (void)unused;
  double deviation[2], largest;
  for (int i = 0; i < 2; i++) {
    uint64_t state = 15;
    build(&state, i == 0 ? 1e-2 : 1e-6);
    simulate(noisy, ROWS, PLAN_THROUGHPUT, 1, NULL);
    deviation[i] = deviation_of(ROWS, &largest);
    end();
  }
  assert_true(deviation[0] > 1e3 * deviation[1]);
}

static void test_seeds(void **unused) {
  (void)unused;
  build_usual(1e-3);
  FOR_PACKINGS(packing) {
    size_t n = 20 * model.n_classes, same = 0;
    simulate(noisy, 20, packing, 7, NULL);
    simulate(again, 20, packing, 7, NULL);
    assert_memory_equal(noisy, again, n * sizeof *noisy);
    simulate(again, 20, packing, 8, NULL);
    for (size_t i = 0; i < n; i++)
      same += noisy[i] == again[i];
    assert_int_equal(same, 0);
  }
  end();
}

/* Who runs a row does not matter. */
static void test_threads(void **unused) {
  (void)unused;
  build_usual(1e-3);
  FOR_PACKINGS(packing) {
    size_t n_rows = packing == PLAN_LATENCY ? 20 : ROWS;
    simulate(noisy, n_rows, packing, 7, NULL);
    for (int n_threads = 2; n_threads < 6; n_threads += 3) {
      base_threads *threads;
      assert_ok(base_threads_build(&threads, n_threads));
      simulate(again, n_rows, packing, 7, threads);
      base_threads_free(threads);
      assert_memory_equal(noisy, again, n_rows * model.n_classes * sizeof *noisy);
    }
  }
  end();
}

/* Rows are given noise of their own: the same row twice has two errors. */
static void test_rows_differ(void **unused) {
  (void)unused;
  build_usual(1e-3);
  memcpy(rows + model.n_features, rows, model.n_features * sizeof *rows);
  simulate(noisy, 2, PLAN_LATENCY, 7, NULL);
  for (size_t i = 0; i < model.n_classes; i++)
    assert_true(noisy[i] != noisy[model.n_classes + i]);
  end();
}

static void test_allocation_failures(void **unused) {
  (void)unused;
  build_usual(1e-2);
  FOR_PACKINGS(packing) {
    long before = base_alloc_count();
    simulate(noisy, 2, packing, 1, NULL);
    long n = base_alloc_count() - before;
    for (long k = 1; k <= n; k += 1 + n / 100) {
      base_alloc_fail_at(k);
      ckks_status status =
          compile_simulate_rows(noisy, NULL, rows, 2, &plan, (plan_packing)packing, 1, NULL);
      base_alloc_fail_at(0);
      assert_int_equal(status, CKKS_ERROR_MEMORY);
    }
  }
  end();
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
