/* SPDX-License-Identifier: Apache-2.0 */
/* Convolutional networks on ciphertexts: several for a wide layer, weights encoded or not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "compile/compile.h"
#include "compile/convnets.h"
#include "exec/encrypted.h"

enum { N_ROWS = 2, N_CLASSES = 3, MOST_FEATURES = 400 };

static void check(const size_t image[3], const test_convolution *c, size_t n, int log2_n,
                  int n_registers, uint64_t *state) {
  network_model model;
  plan_plan plan;
  double *rows = base_alloc_array(16 * MOST_FEATURES, sizeof *rows);
  assert_ok(test_convnet(&model, image, c, n, N_CLASSES, state));
  test_images(rows, 16, &model, state);
  assert_ok(network_calibrate(&model, rows, 16));
  compile_options options = test_options(1e-3, log2_n);
  options.throughput = false;
  assert_ok(compile_model(&plan, &model, &options));
  assert_true(plan.program[PLAN_LATENCY].n_registers >= n_registers);
  const size_t ceilings[] = {0, 300000, EXEC_WEIGHTS_BYTES};
  for (int i = 0; i < 3; i++)
    assert_true(encrypted_error(&plan, &model, rows, N_ROWS, ceilings[i]) < 1e-3);
  plan_clear(&plan);
  network_clear(&model);
  base_free(rows);
}

static void test_pooled(void **unused) {
  (void)unused;
  uint64_t state = 31;
  check((size_t[]){1, 12, 12}, (test_convolution[]){{1, 3, 3, 1, 1}, {2, 4, 3, 1, 0}}, 2, 12, 3,
        &state);
}

static void test_several_ciphertexts(void **unused) {
  (void)unused;
  uint64_t state = 32;
  check((size_t[]){1, 16, 16}, (test_convolution[]){{1, 6, 3, 1, 1}, {2, 5, 3, 1, 0}}, 2, 10, 12,
        &state);
  check((size_t[]){2, 10, 10}, (test_convolution[]){{1, 9, 3, 1, 0}}, 1, 10, 6, &state);
}

/* Maps with most bytes become integers first, and none where there is room. */
static void test_ceiling(void **unused) {
  (void)unused;
  uint64_t state = 33;
  network_model model;
  plan_plan plan;
  double rows[16 * 64];
  const size_t image[] = {1, 8, 8};
  const test_convolution c[] = {{1, 4, 3, 1, 1}, {1, 4, 3, 1, 1}};
  assert_ok(test_convnet(&model, image, c, 2, N_CLASSES, &state));
  test_images(rows, 16, &model, &state);
  assert_ok(network_calibrate(&model, rows, 16));
  compile_options options = test_options(1e-3, 11);
  options.throughput = false;
  assert_ok(compile_model(&plan, &model, &options));
  ckks_params *params;
  assert_ok(ckks_params_build(&params, &plan.interface.literal));
  const plan_program *program = &plan.program[PLAN_LATENCY];
  size_t previous = SIZE_MAX, n_maps = 0;
  for (int i = 0; i < program->n_ops; i++)
    n_maps += program->op[i].kind == PLAN_OP_DIAGONALS;
  assert_true(n_maps >= 2);
  for (size_t ceiling = 0; ceiling < (size_t)1 << 26; ceiling += (size_t)1 << 18) {
    exec_prepared prepared = {0};
    size_t n_compact = 0, bytes = 0;
    assert_ok(exec_prepare(&prepared, &plan, PLAN_LATENCY, params, ceiling, NULL));
    for (int i = 0; i < program->n_ops; i++) {
      const plan_op *op = &program->op[i];
      n_compact += prepared.op[i].compact;
      assert_true(prepared.op[i].compact == (prepared.op[i].coefficients != NULL));
      if (op->kind == PLAN_OP_DIAGONALS)
        bytes += (size_t)op->n_terms * params->ring.n * 8 *
                 (prepared.op[i].compact ? 1 : (size_t)(op->level + 2 + params->literal.n_p));
    }
    assert_true(n_compact <= previous);
    assert_true(bytes <= ceiling || n_compact == n_maps);
    previous = n_compact;
    exec_prepare_clear(&prepared, program->n_ops);
  }
  assert_int_equal(previous, 0);
  ckks_params_free(params);
  plan_clear(&plan);
  network_clear(&model);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_pooled),
                                     cmocka_unit_test(test_several_ciphertexts),
                                     cmocka_unit_test(test_ceiling)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
