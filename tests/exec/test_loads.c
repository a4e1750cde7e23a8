/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whatever compile makes, the engine takes, and it runs: networks whose polynomials have small or
 * large coefficients beside others, weights of all sizes, biases far from zero.
 */
#include "compile/compile.h"
#include "exec/wild.h"
#include "exec/world.h"

static void loads_and_runs(world *w, const compile_options *options) {
  world_start(w, options);
  for (int packing = 0; packing < PLAN_N_PACKINGS; packing++)
    if (w->plan.interface.layout[packing].available)
      assert_true(run_messages(w, (plan_packing)packing) < 0.05);
}

/* LOADS_ROUNDS and LOADS_SEED: a longer search, or another. */
static void every_plan_loads_and_runs(void **unused) {
  (void)unused;
  const char *more = getenv("LOADS_ROUNDS"), *seed = getenv("LOADS_SEED");
  int rounds = more != NULL ? atoi(more) : 30, made = 0;
  uint64_t state = seed != NULL ? (uint64_t)atoll(seed) : 2;
  for (int round = 0; round < rounds; round++) {
    world w = {0};
    compile_options options = test_options(round % 3 ? 1e-3 : 1e-5, 10);
    options.last_on_server = round % 4 == 0;
    assert_ok(wild_network(&w.model, &state));
    test_calibrate(&w.model, &state);
    test_rows(w.rows, N_ROWS, &w.model, &state);
    if (compile_model(&w.plan, &w.model, &options) == CKKS_OK) {
      made++;
      plan_clear(&w.plan);
      loads_and_runs(&w, &options);
    }
    world_clear(&w);
  }
  assert_true(made > rounds / 2);
}

/* Cubics with next to nothing of x^3: the middle of one is at -166667, and what is made of it
 * cancels. */
static void next_to_nothing_is_no_cube(void **unused) {
  (void)unused;
  uint64_t state = 5;
  world w = {0};
  compile_options options = test_options(1e-4, 10);
  assert_ok(network_init(&w.model, (const size_t[]){6, 4, 2}, 2));
  for (size_t l = 0; l < 2; l++)
    assert_ok(test_draw_weights(&w.model.layer[l], 0.8, &state));
  assert_ok(network_layer_set_activations(&w.model.layer[0], 2));
  for (size_t o = 0; o < 4; o++)
    w.model.layer[0].activation_of[o] = (uint8_t)(o % 2);
  w.model.layer[0].activation[0].polynomial =
      (encoding_polynomial){.degree = 3, .coefficient = {0.0, 1.0, 0.0, 1e-4}};
  w.model.layer[0].activation[1].polynomial =
      (encoding_polynomial){.degree = 3, .coefficient = {0.0, 1.0, 0.5, 1e-6}};
  world_compile(&w, &state, &options);
  for (int packing = 0; packing < PLAN_N_PACKINGS; packing++)
    assert_true(run_messages(&w, (plan_packing)packing) <= 2e-4);
  world_clear(&w);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(every_plan_loads_and_runs),
                                     cmocka_unit_test(next_to_nothing_is_no_cube)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
