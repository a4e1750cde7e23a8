/* SPDX-License-Identifier: Apache-2.0 */
/* Errors as a plan predicts them: mean, deviation, repeatable, relative to large outputs. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "model/cost.h"
#include "model/simulate.h"

enum { ROWS = 10000, OUTPUTS = 2 };
static double outputs[ROWS * OUTPUTS], again[ROWS * OUTPUTS];

static void test_errors(void **state) {
  (void)state;
  model_interface interface = {.n_outputs = OUTPUTS};
  interface.cost[MODEL_LATENCY].predicted_error = 0.08;
  interface.cost[MODEL_THROUGHPUT].predicted_error = 0.5;
  double deviation = model_simulate_deviation(&interface, MODEL_LATENCY);
  assert_true(deviation == 0.08 / MODEL_COST_MEAN_TAIL);
  assert_true(model_simulate_deviation(&interface, MODEL_THROUGHPUT) == 0.5 / MODEL_COST_TAIL);
  for (int i = 0; i < ROWS; i++) {
    again[2 * i] = outputs[2 * i] = 0.25;
    again[2 * i + 1] = outputs[2 * i + 1] = -20.0;
  }
  model_simulate_add(outputs, ROWS, &interface, MODEL_LATENCY, 3);
  double mean[2] = {0.0}, square[2] = {0.0}, product = 0.0, largest = 0.0;
  for (int i = 0; i < ROWS; i++) {
    double error[2] = {(outputs[2 * i] - 0.25) / deviation,
                       (outputs[2 * i + 1] + 20.0) / (20.0 * deviation)};
    for (int k = 0; k < 2; k++) {
      mean[k] += error[k] / ROWS;
      square[k] += error[k] * error[k] / ROWS;
      largest = fmax(largest, fabs(error[k]));
    }
    product += error[0] * error[1] / ROWS;
  }
  for (int k = 0; k < 2; k++) { /* five deviations of these estimates */
    assert_true(fabs(mean[k]) < 5.0 / sqrt(ROWS));
    assert_true(fabs(square[k] - 1.0) < 5.0 * sqrt(2.0 / ROWS));
  }
  assert_true(fabs(product) < 5.0 / sqrt(ROWS));
  assert_true(largest > 3.0 && largest < 6.5);
  model_simulate_add(again, ROWS, &interface, MODEL_LATENCY, 3);
  assert_memory_equal(outputs, again, sizeof outputs);
  model_simulate_add(again, ROWS, &interface, MODEL_LATENCY, 4);
  assert_true(again[0] != outputs[0]);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_errors)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
