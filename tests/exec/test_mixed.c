/* SPDX-License-Identifier: Apache-2.0 */
/* Layers whose units have different activations, on ciphertexts, against the model in clear. */
#include "compile/compile.h"
#include "exec/world.h"

static void build(world *w, test_mix mix, uint64_t *state, const compile_options *options) {
  memset(w, 0, sizeof *w);
  assert_ok(test_mixed_network(&w->model, mix, state));
  world_compile(w, state, options);
}

/* In both packings what is measured stays below what was predicted. */
static void test_error_within_prediction(void **unused) {
  (void)unused;
  uint64_t state = 31;
  comparison seen = {0};
  for (int round = 0; round < 24; round++) {
    world w;
    compile_options options = test_options(round % 2 ? 1e-3 : 1e-5, 10);
    options.minimise = (blindsight_minimise)(round / 4 % 4);
    options.last_on_server = round % 5 == 0;
    build(&w, (test_mix)(round % TEST_N_MIXES), &state, &options);
    compare_errors(&seen, &w);
    world_clear(&w);
  }
  assert_true(seen.runs > 40 && seen.exceeded <= 2);
  assert_true(seen.closest > 0.02);
}

/* A session that has run once takes no memory, whatever its polynomials. */
static void test_warm_runs_allocate_nothing(void **unused) {
  (void)unused;
  uint64_t state = 33;
  world w;
  compile_options options = test_options(1e-3, 10);
  do {
    build(&w, TEST_CARRIED, &state, &options);
  } while ((!w.plan.interface.layout[PLAN_LATENCY].available || w.model.n_layers < 2) &&
           (world_clear(&w), true));
  ckks_ciphertext *input = NULL;
  const ckks_ciphertext *output = NULL;
  ckks_plaintext *plaintext = NULL;
  const plan_layout *layout = &w.plan.interface.layout[PLAN_LATENCY];
  assert_ok(ckks_plaintext_build(&plaintext, w.params));
  assert_ok(ckks_ciphertext_build(&input, w.params));
  assert_ok(
      ckks_encode_constant(plaintext, 0.5, layout->input_level, layout->input_scale, w.params));
  assert_ok(ckks_encrypt(input, plaintext, w.secret, w.params));
  assert_ok(exec_session_run(&output, &input, PLAN_LATENCY, w.session));
  long before = base_alloc_count();
  assert_ok(exec_session_run(&output, &input, PLAN_LATENCY, w.session));
  assert_int_equal(base_alloc_count(), before);
  ckks_plaintext_free(plaintext);
  ckks_ciphertext_free(input);
  world_clear(&w);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_error_within_prediction),
                                     cmocka_unit_test(test_warm_runs_allocate_nothing)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
