/* SPDX-License-Identifier: Apache-2.0 */
/* A residual network of 20 layers, with strides, shortcuts and a quadratic a channel, on a small
 * ring: from ONNX to ciphertexts. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/file.h"
#include "compile/compile.h"
#include "compile/plans.h"
#include "exec/encrypted.h"
#include "onnx/import.h"

enum { N_ROWS = 40, N_RUN = 2, N_FEATURES = 3 * 8 * 8, N_CLASSES = 10 };

static void import(network_model *model, const double *rows) {
  onnx_import_options options;
  onnx_import_report report;
  uint8_t *bytes;
  size_t n_bytes;
  onnx_import_options_default(&options);
  options.image = true;
  assert_ok(base_file_read(&bytes, &n_bytes, "examples/cifar/small.onnx", 1 << 20));
  assert_ok(
      onnx_import_model(model, &report, bytes, n_bytes, "small.onnx", rows, N_ROWS, &options));
  onnx_import_report_clear(&report);
  base_free(bytes);
}

/* Windows, which take few keys for many rotations, and values that are taken past others. */
static void check_program(const plan_plan *plan) {
  const plan_program *program = &plan->program[PLAN_LATENCY];
  int n_windows = 0, n_terms = 0, n_kept = 0, level[64] = {0};
  for (int i = 0; i < program->n_ops; i++) {
    const plan_op *op = &program->op[i];
    bool map = op->kind == PLAN_OP_WINDOWS || op->kind == PLAN_OP_DIAGONALS;
    assert_true(op->out < 64);
    n_windows += op->kind == PLAN_OP_WINDOWS;
    n_terms += op->kind == PLAN_OP_WINDOWS ? op->n_terms : 0;
    n_kept += map && i > 0 && level[op->a] > op->level + 1;
    level[op->out] = op->level;
  }
  assert_true(n_windows >= 19);
  assert_true(n_kept >= 9); /* one a block */
  assert_true((size_t)n_terms > 20 * plan->interface.n_keys);
  assert_true(plan->interface.n_keys < 40);
}

static void test_residual(void **unused) {
  (void)unused;
  uint64_t state = 41;
  network_model model;
  plan_plan plan;
  double *rows = base_alloc_array((size_t)N_ROWS * N_FEATURES, sizeof *rows);
  assert_non_null(rows);
  for (size_t i = 0; i < (size_t)N_ROWS * N_FEATURES; i++)
    rows[i] = (double)test_between(&state, 0, 255);
  import(&model, rows);
  assert_int_equal(model.n_layers, 20);
  compile_options options = test_options(0.1, 11);
  options.throughput = false;
  options.weights_bytes = 0;
  assert_ok(compile_model(&plan, &model, &options));
  assert_int_equal(plan.interface.depth, 39); /* a level for each map and each square */
  check_program(&plan);
  double encoded = encrypted_error(&plan, &model, rows, N_RUN, EXEC_WEIGHTS_BYTES),
         made = encrypted_error(&plan, &model, rows, N_RUN, 0);
  print_message("off by %g, %g\n", encoded, made);
  assert_true(encoded < 0.05 && made < 0.05);
  plan_clear(&plan);
  network_clear(&model);
  base_free(rows);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_residual)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
