/* SPDX-License-Identifier: Apache-2.0 */
/* Composite polynomials: how near to a sign they come, and the layers that they become. */
#include "compile/compile.h"
#include "onnx/nets.h"

#include "exec/world.h"
#include "onnx/composite.h"

/* Odd, within its deviation where it says so, never far beyond 1, and better than one polynomial:
 * |x| is missed by 0.28 / degree by the best of them (Bernstein). */
static void signs_are_as_near_as_they_say(void **unused) {
  (void)unused;
  static const struct {
    int n, degree[3];
    double error;
  } cases[] = {{1, {7}, 0.063}, {2, {7, 7}, 0.0151}, {3, {15, 15, 15}, 4.1e-4}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    onnx_composite c;
    onnx_composite_make(&c, cases[i].degree, cases[i].n);
    assert_int_equal(c.n, cases[i].n);
    assert_true(c.error <= 1.02 * cases[i].error && c.error > 0.8 * cases[i].error);
    double most = 0.0;
    for (int k = 1; k <= 20000; k++) {
      double t = k / 20000.0, s = onnx_composite_value(&c, t);
      assert_true(fabs(s + onnx_composite_value(&c, -t)) < 1e-9);
      assert_true(t < c.gap || fabs(s - 1.0) <= 1.1 * c.deviation);
      assert_true(s > 0.0 && s <= 1.0 + 1.1 * c.deviation);
      most = fmax(most, t * fabs(s - 1.0));
    }
    assert_true(most <= 1.01 * c.error && most >= 0.8 * c.error);
  }
}

static void the_shallowest_that_will_do(void **unused) {
  (void)unused;
  int levels = 0;
  for (double error = 0.1; error > 5e-5; error /= 4.0) {
    onnx_composite c;
    onnx_composite_find(&c, error);
    assert_true(c.error <= error);
    assert_true(onnx_composite_levels(&c) >= levels);
    levels = onnx_composite_levels(&c);
  }
  onnx_composite best;
  onnx_composite_find(&best, 1e-12); /* what there is */
  assert_true(best.error > 1e-12 && best.error < 1e-4);
}

/* x -> Relu beside LeakyRelu, Abs and a Tanh and x itself -> dense. */
static base_buffer corners(void) {
  builder b;
  builder_init(&b, 13);
  builder_input(&b, "x", "N,6");
  weights(&b, "w", "6,8", 48, 0.6);
  weights(&b, "u", "6,4", 24, 0.6);
  weights(&b, "v", "30,3", 90, 0.3);
  builder_node(&b, "MatMul:x,w:c", NULL);
  builder_node(&b, "Relu:c:a", NULL);
  builder_node(&b, "LeakyRelu:c:l", "alpha=0.25", NULL);
  builder_node(&b, "MatMul:x,u:d", NULL);
  builder_node(&b, "Abs:d:e", NULL);
  builder_node(&b, "Tanh:d:t", NULL);
  builder_node(&b, "Concat:a,l,e,t,x:g", "axis=1", NULL);
  builder_node(&b, "MatMul:g,v:y", NULL);
  builder_output(&b, "y");
  base_buffer file = builder_file(&b);
  builder_clear(&b);
  return file;
}

static double worst_of(const network_model *model, const base_buffer *file, const double *rows,
                       int n) {
  double have[3], want[3], worst = 0.0;
  for (int r = 0; r < n; r++) {
    oracle(want, file, rows + 6 * r);
    network_forward_rows(have, rows + 6 * r, 1, model);
    for (int k = 0; k < 3; k++)
      worst = fmax(worst, fabs(have[k] - want[k]));
  }
  return worst;
}

static void layers_are_the_graph(void **unused) {
  (void)unused;
  static double rows[400 * 6];
  network_model model;
  onnx_import_report report;
  onnx_import_options options;
  onnx_import_options_default(&options);
  options.error = 1e-3;
  options.composite = ONNX_IMPORT_COMPOSITE_ALWAYS;
  net_seed = 5;
  base_buffer file = corners();
  for (size_t i = 0; i < 400 * 6; i++)
    rows[i] = uniform(1.0);
  assert_ok(import_with(&model, &report, &file, rows, 400, &options));
  int n_composed = 0;
  for (int i = 0; i < report.n_activations; i++) {
    const onnx_import_activation *a = &report.activation[i];
    n_composed += a->n_parts > 0;
    assert_int_equal(a->n_parts > 0, strstr(a->node, "Tanh") == NULL);
    assert_true(a->max_error <= 1e-3 || a->n_parts == 0);
    assert_true(a->rms_error <= 1e-3);
  }
  assert_int_equal(n_composed, 3);
  assert_int_equal(model.n_layers, 2 + (size_t)report.activation[0].n_parts);
  assert_true(worst_of(&model, &file, rows, 400) < 5e-3);
  network_clear(&model);
  base_buffer_clear(&file);
}

/* Relu alone, to an error that no polynomial of degree 255 has; through ciphertexts. */
static void on_ciphertexts(void **unused) {
  (void)unused;
  static double rows[300 * 6];
  world w = {0};
  builder b;
  onnx_import_report report;
  onnx_import_options options;
  onnx_import_options_default(&options);
  options.error = 3e-4;
  options.minimax = true;
  net_seed = 9;
  builder_init(&b, 13);
  builder_input(&b, "x", "N,6");
  weights(&b, "w", "6,8", 48, 0.6);
  weights(&b, "v", "8,3", 24, 0.5);
  builder_node(&b, "MatMul:x,w:c", NULL);
  builder_node(&b, "Relu:c:a", NULL);
  builder_node(&b, "MatMul:a,v:y", NULL);
  builder_output(&b, "y");
  base_buffer file = builder_file(&b);
  builder_clear(&b);
  for (size_t i = 0; i < 300 * 6; i++)
    rows[i] = uniform(1.0);
  /* Never: refused, as nothing else is good enough. */
  options.composite = ONNX_IMPORT_COMPOSITE_NEVER;
  assert_int_equal(import_with(&w.model, &report, &file, rows, 300, &options), CKKS_ERROR_RANGE);
  options.composite = ONNX_IMPORT_COMPOSITE_AUTO;
  assert_ok(import_with(&w.model, &report, &file, rows, 300, &options));
  assert_int_equal(report.activation[0].n_parts, 3);
  assert_true(report.activation[0].levels == 16 && report.activation[0].gap < 4e-3);
  assert_true(worst_of(&w.model, &file, rows, 300) < 2e-3);
  compile_options compiled = test_options(1e-3, 10);
  memcpy(w.rows, rows, N_ROWS * 6 * sizeof *rows);
  world_start(&w, &compiled);
  for (int packing = 0; packing < PLAN_N_PACKINGS; packing++)
    assert_true(run_messages(&w, (plan_packing)packing) <= 2e-3);
  world_clear(&w);
  base_buffer_clear(&file);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(signs_are_as_near_as_they_say),
                                     cmocka_unit_test(the_shallowest_that_will_do),
                                     cmocka_unit_test(layers_are_the_graph),
                                     cmocka_unit_test(on_ciphertexts)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
