/* SPDX-License-Identifier: Apache-2.0 */
/* A residual network of 20 layers, with strides, shortcuts and a quadratic a channel, on a small
 * ring: from ONNX to ciphertexts. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/file.h"
#include "client/client.h"
#include "compile/compile.h"
#include "compile/plans.h"
#include "exec/exec.h"
#include "onnx/import.h"

enum { N_ROWS = 40, N_RUN = 2, N_FEATURES = 3 * 8 * 8, N_CLASSES = 10 };

static void assert_ok(ckks_status status) {
  if (status != CKKS_OK)
    fail_msg("%s", ckks_last_error());
}

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

/* Largest |encrypted - clear|, by an engine whose weights may take so much. */
static double run(const plan_plan *plan, const network_model *model, const double *rows,
                  size_t weights_bytes) {
  exec_engine *engine;
  exec_session *session;
  ckks_secret_key *secret;
  ckks_evaluation_keys *keys;
  uint8_t *key_bytes, *sample, *result;
  size_t n_key_bytes, n_sample, n_result, n_rows;
  double *outputs, clear[N_CLASSES], worst = 0.0;
  const plan_interface *interface = &plan->interface;
  assert_ok(exec_engine_build(&engine, plan, weights_bytes));
  assert_ok(client_keygen(&secret, &key_bytes, &n_key_bytes, interface));
  assert_ok(exec_keys_read(&keys, key_bytes, n_key_bytes, "keys", engine, NULL));
  assert_ok(exec_session_build(&session, engine, keys));
  assert_ok(client_encrypt(&sample, &n_sample, rows, N_RUN, PLAN_LATENCY, NULL, secret, interface));
  assert_ok(exec_infer(&result, &n_result, sample, n_sample, "sample", session));
  assert_ok(client_decrypt(&outputs, &n_rows, result, n_result, "result", secret, interface));
  assert_int_equal(n_rows, N_RUN);
  for (size_t row = 0; row < N_RUN; row++) {
    assert_ok(network_forward_rows(clear, rows + row * N_FEATURES, 1, model));
    for (size_t k = 0; k < N_CLASSES; k++)
      worst = fmax(worst, fabs(outputs[row * N_CLASSES + k] - clear[k]));
  }
  base_free(outputs);
  base_free(sample);
  base_free(result);
  base_free(key_bytes);
  exec_session_free(session);
  ckks_evaluation_keys_free(keys);
  ckks_secret_key_free(secret);
  exec_engine_free(engine);
  return worst;
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
  double encoded = run(&plan, &model, rows, EXEC_WEIGHTS_BYTES), made = run(&plan, &model, rows, 0);
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
