/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whatever compile makes, the engine takes, and it runs: networks whose polynomials have small or
 * large coefficients beside others, weights of all sizes, biases far from zero.
 */
#include "compile/compile.h"
#include "exec/world.h"

static double any_size(double least, double most, uint64_t *state) {
  return (test_random(state) % 2 ? 1.0 : -1.0) *
         exp(log(least) + (log(most) - log(least)) * 0.5 * (1.0 + test_uniform(state)));
}

/* Of degree 1 to 7; the leading coefficient may be next to nothing, or more than all others. */
static encoding_polynomial wild_polynomial(uint64_t *state) {
  encoding_polynomial p = {.degree = (int)test_between(state, 1, 7)};
  if (test_random(state) % 3 == 0)
    p.degree = (int)test_between(state, 2, 3);
  for (int k = 0; k < p.degree; k++)
    if (test_random(state) % 3 != 0)
      p.coefficient[k] = any_size(1e-3, 3.0, state);
  p.coefficient[p.degree] = any_size(1e-6, 3.0, state);
  return p;
}

static ckks_status wild_network(network_model *model, uint64_t *state) {
  BASE_TRY(test_network(model, state));
  for (size_t l = 0; l < model->n_layers; l++) {
    network_layer *layer = &model->layer[l];
    size_t n = layer->n_out > 1 && test_random(state) % 2 ? 2 : 1;
    double factor = fabs(any_size(1e-3, 30.0, state));
    BASE_TRY(network_layer_set_activations(layer, n));
    for (size_t a = 0; a < n; a++)
      layer->activation[a].polynomial = wild_polynomial(state);
    for (size_t o = 0; o < layer->n_out; o++) {
      if (n > 1)
        layer->activation_of[o] = (uint8_t)(o < n ? o : test_random(state) % n);
      layer->bias[o] = test_random(state) % 4 ? 0.0 : any_size(1e-3, 100.0, state);
      for (size_t k = layer->weight.start[o]; k < layer->weight.start[o + 1]; k++)
        layer->weight.value[k] *= factor;
    }
  }
  return CKKS_OK;
}

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
