/* SPDX-License-Identifier: Apache-2.0 */
/* The ends of what is searched: the deepest networks, and maps that lie in no slots. */
#include "compile/compile.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/alloc.h"
#include "compile/plans.h"
#include "random.h"

static void assert_ok(ckks_status status) {
  if (status != CKKS_OK)
    fail_msg("%s", ckks_last_error());
}

static const encoding_polynomial square = {.degree = 2, .coefficient = {0.0, 0.5, 0.25}};

/* Eighteen squares, one behind the other: 2^16, with more special primes than shallow plans have,
 * so that keys have fewer digits; and the plan is one that exec would take. */
static void the_deepest(void **unused) {
  (void)unused;
  network_model model;
  plan_plan plan;
  size_t widths[20];
  uint64_t state = 4;
  for (size_t i = 0; i < 20; i++)
    widths[i] = i == 19 ? 2 : 4;
  assert_ok(network_init(&model, widths, 19));
  for (size_t l = 0; l < 19; l++) {
    network_layer *layer = &model.layer[l];
    assert_ok(test_draw_weights(layer, 1.0 / sqrt((double)layer->n_in), &state));
    if (l < 18)
      layer->activation[0].polynomial = square;
    layer->activation[0].max_abs = 1.0;
  }
  model.max_abs_input = 2.0;
  compile_options options = test_options(1e-1, 0);
  options.security = CKKS_SECURITY_128;
  options.throughput = false;
  assert_ok(compile_model(&plan, &model, &options));
  const ckks_params_literal *literal = &plan.interface.literal;
  assert_int_equal(literal->log2_n, 16);
  assert_int_equal(literal->n_q, 2 * 18 + 1 + 1);
  assert_true(literal->n_p > 4);
  assert_true(plan.interface.cost[PLAN_LATENCY].predicted_error <= 1e-1);
  assert_ok(plan_check(&plan));
  plan_clear(&plan);
  network_clear(&model);
}

/* 8192 values from 8192, each of 48 anywhere: as many diagonals as slots, which are too many. Said
 * at once, with the layer, and not as an error that is out of reach. */
static void no_place(void **unused) {
  (void)unused;
  enum { WIDTH = 8192, N_READ = 48 };
  network_model model;
  plan_plan plan;
  uint64_t state = 5;
  assert_ok(network_init(&model, (size_t[]){WIDTH, WIDTH, 2}, 2));
  double *row = base_alloc_array(2 * WIDTH, sizeof *row);
  assert_non_null(row);
  network_sparse *map = &model.layer[0].weight;
  network_sparse_clear(map);
  assert_ok(network_sparse_init(map, WIDTH, WIDTH, (size_t)WIDTH * N_READ));
  for (size_t r = 0; r < WIDTH; r++) {
    memset(row, 0, WIDTH * sizeof *row);
    for (int k = 0; k < N_READ; k++)
      row[test_random(&state) % WIDTH] = 0.01;
    network_sparse_append(map, r, row);
  }
  for (size_t i = 0; i < 2 * WIDTH; i++)
    row[i] = 0.001;
  assert_ok(network_layer_set_weights(&model.layer[1], row));
  base_free(row);
  model.layer[0].activation[0].polynomial = square;
  model.layer[0].activation[0].max_abs = 1.0;
  model.layer[1].activation[0].max_abs = 1.0;
  model.max_abs_input = 1.0;
  compile_options options = test_options(1e-1, 14);
  options.throughput = false;
  assert_int_equal(compile_model(&plan, &model, &options), CKKS_ERROR_ARGUMENT);
  if (strstr(ckks_last_error(), "the map of layer 1, 8192 to 8192 values, has no place in latency "
                                "packing up to N = 2^14: in every layout it takes more than 4096 "
                                "diagonals between two ciphertexts; try fewer channels") == NULL)
    fail_msg("%s", ckks_last_error());
  network_clear(&model);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(the_deepest), cmocka_unit_test(no_place)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
