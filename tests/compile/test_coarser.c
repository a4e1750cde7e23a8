/* SPDX-License-Identifier: Apache-2.0 */
/* The error that nobody asked for: a little coarser where latency packing has no room otherwise. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "compile/compile.h"
#include "compile/plans.h"

/* A guarded network of three layers in a ring where bits are scarce. */
static void compiled(plan_plan *plan, double error, double fitted_error) {
  uint64_t state = 5;
  network_model model;
  compile_options options;
  compile_options_default(&options);
  options.log2_n = 13;
  options.headroom = 30;
  options.error = error;
  assert_int_equal(test_network(&model, &state), CKKS_OK);
  test_calibrate(&model, &state);
  model.fitted_error = fitted_error;
  assert_int_equal(compile_model(plan, &model, &options), CKKS_OK);
  network_clear(&model);
}

static void the_usual_error_gives_way(void **unused) {
  (void)unused;
  plan_plan plan;
  compiled(&plan, 0.0, 3.24e-3);
  assert_int_equal(plan.interface.contract, PLAN_GUARDED);
  assert_true(plan.interface.layout[PLAN_LATENCY].available);
  assert_false(plan.left_out[PLAN_LATENCY] || plan.left_out[PLAN_THROUGHPUT]);
  assert_true(fabs(plan.usual_error - 3.24e-4) < 1e-12 && plan.error == 2.0 * plan.usual_error);
  plan_clear(&plan);
}

/* One that was asked for does not; what it costs is said. */
static void an_error_asked_for_stays(void **unused) {
  (void)unused;
  plan_plan plan;
  compiled(&plan, 3.24e-4, 3.24e-3);
  assert_false(plan.interface.layout[PLAN_LATENCY].available);
  assert_true(plan.left_out[PLAN_LATENCY] && !plan.left_out[PLAN_THROUGHPUT]);
  assert_true(plan.error == 3.24e-4 && plan.usual_error == 0.0);
  plan_clear(&plan);
}

/* Nor does it give way without end. */
static void there_is_a_limit(void **unused) {
  (void)unused;
  plan_plan plan;
  compiled(&plan, 0.0, 4.19904e-4);
  assert_true(plan.left_out[PLAN_LATENCY] && plan.usual_error == 0.0);
  assert_true(fabs(plan.error - 4.19904e-5) < 1e-12);
  plan_clear(&plan);
}

/* Rows at the ends of their ranges are less precise, and by a finer error the more precise. */
static void rows_unlike_those_seen_are_told_of(void **unused) {
  (void)unused;
  uint64_t state = 11;
  network_model model;
  plan_plan plan, finer;
  compile_options options = test_options(1e-4, 10);
  do {
    assert_int_equal(test_network(&model, &state), CKKS_OK);
  } while (model.n_layers < 2 && (network_clear(&model), true));
  test_calibrate(&model, &state);
  assert_int_equal(compile_model(&plan, &model, &options), CKKS_OK);
  options.error = 1e-6;
  assert_int_equal(compile_model(&finer, &model, &options), CKKS_OK);
  for (int packing = 0; packing < PLAN_N_PACKINGS; packing++) {
    assert_true(plan.unlike_error[packing] > 0.0 && plan.unlike_error[packing] < 0.1);
    assert_true(finer.unlike_error[packing] < 0.2 * plan.unlike_error[packing]);
  }
  plan_clear(&plan);
  plan_clear(&finer);
  network_clear(&model);
}

/* What a contract costs is never less than nothing: it is held against the same layouts. */
static void a_contract_costs_something_or_nothing(void **unused) {
  (void)unused;
  uint64_t state = 3;
  for (int round = 0; round < 12; round++) {
    plan_plan plan;
    network_model model;
    compile_options options = test_options(1e-4, 10);
    options.headroom = round % 2 ? 4.0 : 100.0;
    assert_int_equal(test_network(&model, &state), CKKS_OK);
    test_calibrate(&model, &state);
    assert_int_equal(compile_model(&plan, &model, &options), CKKS_OK);
    for (int packing = 0; packing < PLAN_N_PACKINGS; packing++) {
      const plan_cost *cost = &plan.interface.cost[packing];
      assert_true(cost->contract_bits >= 0.0 && cost->contract_bits < 60.0);
      assert_true(cost->contract_ms >= 0.0 && cost->contract_ms <= cost->predicted_ms);
    }
    plan_clear(&plan);
    network_clear(&model);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_usual_error_gives_way), cmocka_unit_test(an_error_asked_for_stays),
      cmocka_unit_test(there_is_a_limit), cmocka_unit_test(a_contract_costs_something_or_nothing),
      cmocka_unit_test(rows_unlike_those_seen_are_told_of)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
