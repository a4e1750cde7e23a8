/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Ensembles as networks: the same sums for every row, on the edges, beside them and with values
 * missing, with the model's own edges; and with quantiles no other prediction on calibration rows.
 */
#include "trees/leaves.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/alloc.h"
#include "base/file.h"
#include "network/models.h"
#include "random.h"
#include "trees/bins.h"
#include "trees/read.h"

static const char *const files[] = {
    "xgboost_binary.json",    "xgboost_multi.json",   "xgboost_dart.json",
    "lightgbm_binary.txt",    "catboost_binary.json", "sklearn_tree.json",
    "sklearn_forest.json",    "sklearn_extra.json",   "sklearn_boosting.json",
    "sklearn_histogram.json", "sklearn_ada.json",     "sklearn_isolation.json"};
enum { N_FILES = sizeof files / sizeof files[0] };

static void load(trees_ensemble *e, const char *name) {
  char path[256];
  uint8_t *bytes;
  size_t n_bytes;
  snprintf(path, sizeof path, "tests/trees/data/%s", name);
  assert_int_equal(base_file_read(&bytes, &n_bytes, path, 1 << 20), CKKS_OK);
  if (trees_read(e, (char *)bytes, n_bytes, name) != CKKS_OK)
    fail_msg("%s", base_last_error());
  base_free(bytes);
}

/* A value where it matters: an edge of that feature, a neighbour of one, something else, missing.
 */
static double draw(uint64_t *state, const trees_ensemble *e, size_t feature) {
  double edge = 0.0;
  size_t seen = 0;
  for (size_t i = 0; i < e->n_nodes; i++)
    if (!e->node[i].leaf && e->node[i].feature == feature && test_random(state) % ++seen == 0)
      edge = e->node[i].edge;
  switch (test_random(state) % 8) {
  case 0:
    return (double)NAN;
  case 1:
    return edge;
  case 2:
    return nextafter(edge, (double)INFINITY);
  case 3:
    return test_random(state) % 2 == 0 ? 1e300 : -(double)INFINITY;
  default:
    return edge + (double)(test_random(state) % 2001) / 1000.0 - 1.0;
  }
}

static void compare(const network_model *model, const trees_ensemble *e, const double *row,
                    const char *name) {
  double wanted[16], have[16];
  trees_ensemble_forward(wanted, row, e);
  assert_int_equal(network_forward_rows(have, row, 1, model), CKKS_OK);
  for (size_t k = 0; k < e->n_outputs; k++)
    if (!(fabs(have[k] - wanted[k]) <= 1e-10 * fmax(1.0, fabs(wanted[k]))))
      fail_msg("%s: %.17g where %.17g is right", name, have[k], wanted[k]);
  /* A quantity is brought to its size behind the layer. */
  const network_activation *end = &model->layer[1].activation[0];
  const double *c = end->polynomial.coefficient;
  for (size_t k = 0; k < e->n_outputs; k++)
    assert_true(fabs((have[k] - c[0]) / c[1]) <= end->max_abs * (1.0 + 1e-12));
}

static void test_same_sums(void **state) {
  (void)state;
  uint64_t random = 5;
  for (size_t i = 0; i < N_FILES; i++) {
    trees_ensemble e;
    encoding_input input;
    trees_bins_report report;
    network_model model;
    load(&e, files[i]);
    const trees_bins_options options = {.exact = true, .seed = 3};
    assert_int_equal(trees_bins_choose(&input, &report, &e, &options), CKKS_OK);
    if (trees_leaves_build(&model, &e, &input) != CKKS_OK)
      fail_msg("%s: %s", files[i], base_last_error());
    for (int r = 0; r < 2000; r++) {
      double row[32];
      for (size_t f = 0; f < e.n_features; f++)
        row[f] = draw(&random, &e, f);
      compare(&model, &e, row, files[i]);
    }
    network_clear(&model);
    encoding_input_clear(&input);
    trees_ensemble_clear(&e);
  }
}

/* Each leaf is 1 where it is reached and 0 elsewhere: at most one of a tree's. */
static void test_indicators(void **state) {
  (void)state;
  uint64_t random = 6;
  trees_ensemble e;
  encoding_input input;
  trees_bins_report report;
  network_model model;
  load(&e, "sklearn_tree.json");
  const trees_bins_options options = {.exact = true, .seed = 3};
  assert_int_equal(trees_bins_choose(&input, &report, &e, &options), CKKS_OK);
  assert_int_equal(trees_leaves_build(&model, &e, &input), CKKS_OK);
  double *inputs = calloc(input.n_inputs, sizeof *inputs);
  for (int r = 0; r < 500; r++) {
    double row[32], sum = 0.0;
    for (size_t f = 0; f < e.n_features; f++)
      row[f] = draw(&random, &e, f);
    network_forward_scale(inputs, row, &model);
    for (size_t i = 0; i < input.n_inputs; i++)
      assert_true(inputs[i] == 0.0 || inputs[i] == 1.0);
    for (size_t o = 0; o < model.layer[0].n_out; o++) {
      double s = test_dot(&model.layer[0].weight, o, inputs) + model.layer[0].bias[o];
      double p = encoding_polynomial_value(&model.layer[0].activation[0].polynomial, s);
      assert_true(s == floor(s) && s >= 0.0 && s <= model.layer[0].activation[0].max_abs);
      assert_true(fabs(p) < 1e-12 || fabs(p - 1.0) < 1e-12);
      sum += p;
    }
    assert_true(sum < 1.5);
  }
  free(inputs);
  network_clear(&model);
  encoding_input_clear(&input);
  trees_ensemble_clear(&e);
}

/* x > 0.5 asked twice on one way: nobody comes to what stands between; two leaves say the same. */
static void test_way_that_nobody_goes(void **state) {
  (void)state;
  static const char text[] =
      "{\"features\": [\"a\"], \"labels\": [\"y\"], \"base\": [0], \"trees\": [{"
      "\"left\": [1, 0, 3, 0, 5, 0, 0], \"right\": [2, 0, 4, 0, 6, 0, 0], "
      "\"feature\": [0, 0, 0, 0, 0, 0, 0], \"edge\": [0.5, 0, 0.5, 0, 2, 0, 0], "
      "\"missing_right\": [0, 0, 1, 0, 0, 0, 0], "
      "\"value\": [null, [3], null, [77], null, [5], [3]]}]}";
  static const double rows[] = {-1.0, 0.5, 0.75, 2.0, 2.5, (double)NAN};
  trees_ensemble e;
  encoding_input input;
  trees_bins_report report;
  network_model model;
  if (trees_read(&e, text, strlen(text), "m") != CKKS_OK)
    fail_msg("%s", base_last_error());
  const trees_bins_options options = {.exact = true, .seed = 3};
  assert_int_equal(trees_bins_choose(&input, &report, &e, &options), CKKS_OK);
  assert_int_equal(trees_leaves_build(&model, &e, &input), CKKS_OK);
  assert_true(model.layer[0].n_out <= 2);
  for (size_t r = 0; r < sizeof rows / sizeof rows[0]; r++)
    compare(&model, &e, &rows[r], "a way that nobody goes");
  network_clear(&model);
  encoding_input_clear(&input);
  trees_ensemble_clear(&e);
}

/* No threshold of the model among the edges that clients are told, unless by exact. */
static void test_quantiles(void **state) {
  (void)state;
  uint64_t random = 7;
  size_t n_content = 0; /* with the bins that are tried first */
  for (size_t i = 0; i < N_FILES; i++) {
    trees_ensemble e, own;
    encoding_input input;
    trees_bins_report report;
    network_model model;
    load(&e, files[i]);
    load(&own, files[i]);
    size_t n_rows = 300, n = e.n_features;
    double *rows = calloc(n_rows * n, sizeof *rows);
    for (size_t k = 0; k < n_rows * n; k++)
      rows[k] = draw(&random, &e, k % n);
    trees_bins_options options = {.rows = rows, .n_rows = n_rows};
    assert_int_equal(trees_bins_choose(&input, &report, &e, &options), CKKS_OK);
    assert_int_equal(report.n_changed, 0);
    assert_true(report.n_bins >= 64);
    n_content += report.n_bins == 64;
    if (trees_leaves_build(&model, &e, &input) != CKKS_OK)
      fail_msg("%s: %s", files[i], base_last_error());
    for (size_t r = 0; r < n_rows; r++)
      compare(&model, &e, rows + r * n, files[i]);
    network_clear(&model);
    encoding_input_clear(&input);
    /* Two bins are too few for any of these: what changes is counted. */
    options.n_bins = 2;
    assert_int_equal(trees_bins_choose(&input, &report, &own, &options), CKKS_OK);
    assert_true(report.n_moved > 0 || i == 4);
    for (size_t f = 0; f < n; f++)
      assert_true(input.feature[f].n_values <= 1);
    encoding_input_clear(&input);
    free(rows);
    trees_ensemble_clear(&e);
    trees_ensemble_clear(&own);
  }
  assert_true(n_content > 0);
}

static void test_refused(void **state) {
  (void)state;
  trees_ensemble e;
  trees_node *node;
  encoding_input input;
  trees_bins_report report;
  network_model model;
  assert_int_equal(trees_ensemble_init(&e, 1, 1), CKKS_OK);
  assert_int_equal(trees_ensemble_add_tree(&e, 1, 0, &node), CKKS_OK);
  assert_int_equal(trees_ensemble_add_leaf(&e, node, &(double){2.0}, 1), CKKS_OK);
  trees_bins_options options = {.n_rows = 0};
  assert_int_equal(trees_bins_choose(&input, &report, &e, &options), CKKS_ERROR_ARGUMENT);
  assert_non_null(strstr(base_last_error(), "calibration rows"));
  options = (trees_bins_options){.rows = &(double){1.0}, .n_rows = 1, .n_bins = 1};
  assert_int_equal(trees_bins_choose(&input, &report, &e, &options), CKKS_ERROR_ARGUMENT);
  assert_non_null(strstr(base_last_error(), "1 bins: must be 2 to 16384"));
  options = (trees_bins_options){.exact = true};
  assert_int_equal(trees_bins_choose(&input, &report, &e, &options), CKKS_ERROR_FORMAT);
  assert_int_equal(encoding_input_init(&input, 1), CKKS_OK);
  assert_int_equal(trees_leaves_build(&model, &e, &input), CKKS_ERROR_ARGUMENT);
  encoding_input_clear(&input);
  trees_ensemble_clear(&e);
}

static void test_memory(void **state) {
  (void)state;
  trees_ensemble e;
  encoding_input input;
  trees_bins_report report;
  network_model model;
  load(&e, "sklearn_boosting.json");
  const trees_bins_options options = {.exact = true};
  for (size_t k = 1;; k++) {
    base_alloc_fail_at(k);
    ckks_status status = trees_bins_choose(&input, &report, &e, &options);
    if (status == CKKS_OK) {
      status = trees_leaves_build(&model, &e, &input);
      encoding_input_clear(&input);
    }
    base_alloc_fail_at(0);
    if (status == CKKS_OK)
      break;
    assert_int_equal(status, CKKS_ERROR_MEMORY);
  }
  network_clear(&model);
  trees_ensemble_clear(&e);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_same_sums),
                                     cmocka_unit_test(test_indicators),
                                     cmocka_unit_test(test_way_that_nobody_goes),
                                     cmocka_unit_test(test_quantiles),
                                     cmocka_unit_test(test_refused),
                                     cmocka_unit_test(test_memory)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
