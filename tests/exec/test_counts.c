/* SPDX-License-Identifier: Apache-2.0 */
/* What a plan says it will do against what the evaluator counts while it is done: equal. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/alloc.h"
#include "compile/compile.h"
#include "compile/cost.h"
#include "compile/plans.h"
#include "exec/exec.h"
#include "secret/secret.h"

static void assert_ok(ckks_status status) {
  if (status != CKKS_OK)
    fail_msg("%s", ckks_last_error());
}

/* A plan ready to run, on keys of its own. */
typedef struct world {
  plan_plan plan;
  exec_engine *engine;
  exec_session *session;
  const ckks_params *params;
  ckks_secret_key *secret;
  ckks_evaluation_keys *keys;
  size_t weights_bytes;
} world;

static void world_build(world *w, const network_model *model, const compile_options *options) {
  memset(w, 0, sizeof *w);
  assert_ok(compile_model(&w->plan, model, options));
  assert_ok(exec_engine_build(&w->engine, &w->plan, options->weights_bytes));
  w->weights_bytes = options->weights_bytes;
  w->params = exec_engine_params(w->engine);
  assert_ok(ckks_secret_key_generate(&w->secret, w->params));
  assert_ok(ckks_evaluation_keys_generate(&w->keys, w->plan.interface.key, w->plan.interface.n_keys,
                                          w->secret, w->params));
  assert_ok(exec_session_build(&w->session, w->engine, w->keys));
}

static void world_clear(world *w) {
  exec_session_free(w->session);
  ckks_evaluation_keys_free(w->keys);
  ckks_secret_key_free(w->secret);
  exec_engine_free(w->engine);
  plan_clear(&w->plan);
}

/* The counters after one evaluation; what is in the ciphertexts does not matter. */
static eval_counters run(const world *w, plan_packing packing) {
  const plan_layout *layout = &w->plan.interface.layout[packing];
  const plan_program *program = &w->plan.program[packing];
  ckks_ciphertext *input[ENCODING_MAX_CLASSES] = {NULL};
  const ckks_ciphertext *output[ENCODING_MAX_CLASSES];
  assert_true(program->n_inputs <= ENCODING_MAX_CLASSES);
  for (int i = 0; i < program->n_inputs; i++) {
    assert_ok(ckks_ciphertext_build_at(&input[i], w->params, layout->input_level, 2));
    input[i]->n_parts = 2;
    input[i]->level = layout->input_level;
    input[i]->scale = layout->input_scale;
  }
  ckks_evaluator *ev = exec_session_evaluator(w->session);
  ev->counters = (eval_counters){0};
  assert_ok(exec_session_run(output, input, packing, w->session));
  for (int i = 0; i < program->n_inputs; i++)
    ckks_ciphertext_free(input[i]);
  return ev->counters;
}

static compile_work planned(const world *w, plan_packing packing) {
  compile_work counts;
  const plan_interface *interface = &w->plan.interface;
  compile_work_program(&counts, &w->plan, &w->plan.program[packing], &interface->literal,
                       interface->key, interface->n_keys, w->weights_bytes, NULL);
  return counts;
}

/* All that is counted on both sides, and what of it the files tell. */
static void check_packing(const world *w, plan_packing packing) {
  const plan_cost *cost = &w->plan.interface.cost[packing];
  if (!w->plan.interface.layout[packing].available)
    return;
  eval_counters done = run(w, packing);
  compile_work counts = planned(w, packing);
  assert_int_equal(counts.ntt, done.ntt);
  assert_int_equal(counts.short_butterflies, done.short_butterflies);
  assert_int_equal(counts.mac_words, done.mac_words);
  assert_int_equal(counts.convert_words, done.convert_words);
  assert_int_equal(counts.permute_words, done.permute_words);
  assert_int_equal(counts.switches, done.switches);
  assert_int_equal(cost->ntt, done.ntt);
  assert_int_equal(cost->mac_words, done.mac_words);
  assert_int_equal(cost->convert_words, done.convert_words);
  assert_int_equal(cost->n_switches, done.switches);
  assert_true(counts.point_words > 0);
}

static void check_model(const network_model *model, const compile_options *options) {
  world w;
  world_build(&w, model, options);
  for (int packing = 0; packing < PLAN_N_PACKINGS; packing++)
    check_packing(&w, (plan_packing)packing);
  world_clear(&w);
}

/* Layouts, radixes, numbers of special primes, degrees: whatever the search comes up with. */
static void test_random_networks(void **unused) {
  (void)unused;
  uint64_t state = 77;
  for (int round = 0; round < 40; round++) {
    network_model model;
    compile_options options = test_options(round % 3 ? 1e-3 : 1e-5, 10);
    options.minimise = (blindsight_minimise)(round % 4);
    if (round % 3 == 2) /* no map stays encoded, or some do */
      options.weights_bytes = round % 2 ? 0 : 100000;
    options.last_on_server = round % 2 == 0;
    assert_ok(test_network(&model, &state));
    test_calibrate(&model, &state);
    check_model(&model, &options);
    network_clear(&model);
  }
}

/* Machines whose units differ choose other plans: those are counted as well. */
static void test_other_units(void **unused) {
  (void)unused;
  uint64_t state = 78;
  for (int round = 0; round < 12; round++) {
    network_model model;
    compile_options options = test_options(1e-4, 11);
    double *unit = &options.units.ntt_butterfly_ns;
    unit[test_random(&state) % (sizeof options.units / sizeof *unit)] *= round % 2 ? 50 : 0.01;
    assert_ok(test_network(&model, &state));
    test_calibrate(&model, &state);
    check_model(&model, &options);
    network_clear(&model);
  }
}

/* Units with activations of their own: vectors of coefficients, and registers of unlike degree. */
static void test_mixed_networks(void **unused) {
  (void)unused;
  uint64_t state = 81;
  for (int round = 0; round < 16; round++) {
    network_model model;
    compile_options options = test_options(1e-3, 10);
    options.last_on_server = round % 3 == 0;
    assert_ok(test_mixed_network(&model, (test_mix)(round % TEST_N_MIXES), &state));
    test_calibrate(&model, &state);
    check_model(&model, &options);
    network_clear(&model);
  }
}

/* Every degree, dense and with holes: the powers and nodes that eval_polynomial makes. */
static void test_polynomials(void **unused) {
  (void)unused;
  uint64_t state = 79;
  for (int degree = 1; degree <= 15; degree++)
    for (int holes = 0; holes < 3; holes++) {
      network_model model;
      compile_options options = test_options(1e-2, 10);
      options.last_on_server = true;
      options.throughput = false;
      assert_ok(network_init(&model, (const size_t[]){2, 2}, 1));
      encoding_polynomial *p = &model.layer[0].activation[0].polynomial;
      p->degree = degree;
      for (int i = 0; i <= degree; i++)
        if (i == degree || holes == 0 || test_random(&state) % 2)
          p->coefficient[i] = 0.1 * test_uniform(&state) / (i + 1);
      assert_ok(test_draw_weights(&model.layer[0], 0.5, &state));
      test_calibrate(&model, &state);
      check_model(&model, &options);
      network_clear(&model);
    }
}

/* In Chebyshev's basis each T_k needs another, and dividing by T_G changes what stands below it. */
static void test_chebyshev_polynomials(void **unused) {
  (void)unused;
  uint64_t state = 83;
  for (int round = 0; round < 20; round++) {
    network_model model;
    compile_options options = test_options(1e-2, 10);
    options.throughput = round % 3 == 0;
    assert_ok(test_chebyshev_network(&model, 4 + 2 * round, round % 2 ? 2 : 1, &state));
    if (round % 4 == 2) /* holes, as of an even function */
      for (int k = 3; k < model.layer[0].activation[0].polynomial.degree; k += 2)
        model.layer[0].activation[0].polynomial.coefficient[k] = 0.0;
    check_model(&model, &options);
    network_clear(&model);
  }
}

/* One transform of N = 2^10 is 5120 butterflies; the other words are N to a limb. */
static void test_milliseconds(void **unused) {
  (void)unused;
  const compile_units units = {2, 3, 9, 5, 7, 11, 13, 14, 0};
  compile_work counts = {.ntt = 1,
                         .mac_words = 2,
                         .convert_words = 3,
                         .permute_words = 4,
                         .point_words = 5,
                         .sum_words = 6,
                         .row_words = 8,
                         .switches = 7};
  double expected = 5120 * 2 + 2 * 3 + 3 * 5 + 4 * 7 + 5 * 11 + (6 + 8) * 13;
  for (int mib = 1; mib <= 60; mib++) { /* words of a set get dearer between 10 and 40 MiB */
    double far = fmin(fmax((mib - 10) / 30.0, 0), 1);
    counts.key_words = ((uint64_t)mib << 20) / 8;
    counts.set_words = 0;
    double ms = 1e-6 * (expected + 2 * (9 - 3) * far);
    assert_true(fabs(compile_cost_ms(&counts, 10, &units) - ms) < 1e-15);
    counts.set_words = counts.key_words;
    ms += 1e-6 * (6 * (14 - 13) * far);
    assert_true(fabs(compile_cost_ms(&counts, 10, &units) - ms) < 1e-15);
  }
  /* Words that are gone through once are further away in large rings: 17 in place of 11. */
  const compile_units wide = {2, 3, 9, 5, 7, 11, 13, 14, 17};
  const compile_work words = {.permute_words = 4, .point_words = 5, .short_butterflies = 6};
  double near = 1e-6 * (6 * 2 + 4 * 7 + 5 * 11), further = 1e-6 * (4 + 5) * (17 - 11);
  assert_true(fabs(compile_cost_ms(&words, 14, &wide) - near) < 1e-15);
  assert_true(fabs(compile_cost_ms(&words, 15, &wide) - near - further) < 1e-15);
  assert_true(fabs(compile_cost_ms(&words, 16, &units) - near) < 1e-15); /* never less than near */
  assert_true(compile_cost_ms(&(compile_work){0}, 13, &compile_options_units) == 0.0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_random_networks),       cmocka_unit_test(test_other_units),
      cmocka_unit_test(test_mixed_networks),        cmocka_unit_test(test_polynomials),
      cmocka_unit_test(test_chebyshev_polynomials), cmocka_unit_test(test_milliseconds),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
