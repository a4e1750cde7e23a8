/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whole graphs of ONNX against a runtime's own outputs (data/onnx_pipelines.py,
 * data/onnx_rows.mjs): scalers, imputers and encoders before the trees, every mode, function and
 * post-transform of both operators; what they become as networks; and graphs that are refused.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "onnx/builder.h"

#include <cmocka.h>

#include "base/alloc.h"
#include "base/file.h"
#include "network/models.h"
#include "trees/bins.h"
#include "trees/leaves.h"
#include "trees/memory.h"
#include "trees/read.h"

enum { MOST = 16 };

static uint8_t *load(size_t *n_bytes, const char *name, const char *ending) {
  char path[256];
  uint8_t *bytes;
  snprintf(path, sizeof path, "tests/trees/data/pipeline_%s.%s", name, ending);
  assert_int_equal(base_file_read(&bytes, n_bytes, path, 1 << 20), CKKS_OK);
  return bytes;
}

/* A cell: a number, or "=text", which is one of the feature's categories or among the others. */
static double cell_of(const trees_ensemble *e, size_t feature, char **at) {
  char *begin = *at, *end = begin + strcspn(begin, ",;");
  *at = end + 1;
  const encoding_feature *f = e->input.feature != NULL ? &e->input.feature[feature] : NULL;
  if (f == NULL || f->kind != ENCODING_CATEGORIES)
    return strtod(begin, NULL);
  char text[64];
  if (*begin == '=')
    snprintf(text, sizeof text, "%.*s", (int)(end - begin) - 1, begin + 1);
  else
    snprintf(text, sizeof text, "%.17g", strtod(begin, NULL));
  double k = encoding_input_category(f, text);
  if (!isnan(k))
    return k;
  assert_true(encoding_input_has_other(f));
  return (double)(f->n_values - 1);
}

/* The network of the model's own thresholds says what the trees say. */
static void check_network(const network_model *model, const trees_ensemble *e, const double *row) {
  double wanted[MOST], have[MOST];
  trees_ensemble_forward(wanted, row, e);
  assert_int_equal(network_forward_rows(have, row, 1, model), CKKS_OK);
  for (size_t k = 0; k < e->n_outputs; k++)
    assert_true(fabs(have[k] - wanted[k]) <= 1e-10 * fmax(1.0, fabs(wanted[k])));
}

static void compare_runtime(const char *name) {
  /* The runtime takes the difference of two near numbers in floats. */
  double tolerance = strcmp(name, "probit") == 0 ? 1e-4 : 2e-5;
  size_t n, n_rows = 0, n_text;
  trees_ensemble e;
  encoding_input input;
  trees_bins_report report;
  network_model model;
  uint8_t *bytes = load(&n, name, "onnx"), *text = load(&n_text, name, "rows");
  if (trees_read(&e, (const char *)bytes, n, name) != CKKS_OK)
    fail_msg("%s", base_last_error());
  const trees_bins_options exact = {.exact = true, .seed = 4};
  assert_int_equal(trees_bins_choose(&input, &report, &e, &exact), CKKS_OK);
  if (trees_leaves_build(&model, &e, &input) != CKKS_OK)
    fail_msg("%s: %s", name, base_last_error());
  for (char *line = strtok((char *)text, "\n"); line != NULL; line = strtok(NULL, "\n"), n_rows++) {
    double row[MOST], have[MOST];
    char *at = line;
    for (size_t f = 0; f < e.n_features; f++)
      row[f] = cell_of(&e, f, &at);
    trees_ensemble_forward(have, row, &e);
    encoding_meaning_finish(have, 1, e.n_outputs, e.meaning.end);
    for (size_t k = 0; k < e.n_outputs; k++) {
      double wanted = strtod(at, &at);
      at++;
      if (!(fabs(have[k] - wanted) <= tolerance * fmax(1.0, fabs(wanted))))
        fail_msg("%s, row %zu, output %zu: %.17g where the runtime says %.17g", name, n_rows, k,
                 have[k], wanted);
    }
    check_network(&model, &e, row);
  }
  assert_true(n_rows >= 200);
  network_clear(&model);
  encoding_input_clear(&input);
  trees_ensemble_clear(&e);
  base_free(bytes);
  base_free(text);
}

static void test_runtime(void **state) {
  (void)state;
  static const char *const names[] = {"mixed",    "codes",      "modes",    "softmax_zero",
                                      "probit",   "one_max",    "five_sum", "five_average",
                                      "five_min", "five_double"};
  for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
    compare_runtime(names[i]);
}

static void test_names(void **state) {
  (void)state;
  size_t n;
  trees_ensemble e;
  uint8_t *bytes = load(&n, "mixed", "onnx");
  assert_int_equal(trees_read(&e, (const char *)bytes, n, "m"), CKKS_OK);
  assert_string_equal(e.feature[1], "income");
  assert_string_equal(e.feature[2], "city");
  assert_int_equal(e.input.feature[0].kind, ENCODING_SCALE);
  assert_int_equal(e.input.feature[2].n_values, 5);
  assert_string_equal(e.input.feature[2].category[1], "Oslo");
  assert_string_equal(e.input.feature[3].category[3], ENCODING_OTHER);
  trees_ensemble_clear(&e);
  base_free(bytes);
  bytes = load(&n, "codes", "onnx");
  assert_int_equal(trees_read(&e, (const char *)bytes, n, "m"), CKKS_OK);
  assert_string_equal(e.feature[0], "x0");
  assert_int_equal(e.input.feature[0].n_values, 5); /* codes that must be known: no others */
  assert_string_equal(e.input.feature[0].category[4], "40");
  trees_ensemble_clear(&e);
  base_free(bytes);
}

/* ---------------------------------------------------------------------- refused */

static void put_strings(base_buffer *node, const char *name, const char *text) {
  base_buffer attribute;
  base_buffer_init(&attribute, BUILDER_BYTES);
  put_text(&attribute, 1, name);
  for (const char *at = text; *at != '\0'; at += strcspn(at, ","), at += *at == ',')
    put_bytes(&attribute, 9, at, strcspn(at, ","));
  put_message(node, 5, &attribute);
}

/* One split of column 0 at 0.5, behind what is there already; ints end a name, reals are floats. */
static void put_trees(builder *b, const char *in) {
  static const char *const attributes[] = {"nodes_treeids=0,0,0",     "nodes_nodeids=0,1,2",
                                           "nodes_featureids=0,0,0",  "nodes_values=0.5,0,0f",
                                           "nodes_truenodeids=1,0,0", "nodes_falsenodeids=2,0,0",
                                           "target_treeids=0,0",      "target_nodeids=1,2",
                                           "target_ids=0,0",          "target_weights=10.0,20.0f"};
  base_buffer node;
  base_buffer_init(&node, BUILDER_BYTES);
  put_text(&node, 1, in);
  put_text(&node, 2, "y");
  put_text(&node, 4, "TreeEnsembleRegressor");
  put_text(&node, 7, "ai.onnx.ml");
  put_strings(&node, "nodes_modes", "BRANCH_LEQ,LEAF,LEAF");
  for (size_t i = 0; i < sizeof attributes / sizeof attributes[0]; i++)
    builder_attribute(&node, attributes[i]);
  put_message(&b->graph, 1, &node);
}

typedef struct step {
  const char *node, *a, *b; /* as builder_node takes them */
} step;

static ckks_status read_steps(trees_ensemble *e, const step *steps, size_t n, int type,
                              const char *shape) {
  builder b;
  builder_init(&b, 15);
  builder_port_of(&b, 11, "x", shape, type);
  builder_ints(&b, "two", 2, (const int64_t[]){0, 2});
  builder_floats(&b, "half", "1", (const double[]){0.5}, 1);
  builder_floats(&b, "zero", "1", (const double[]){0.0}, 1);
  for (size_t i = 0; i < n; i++)
    builder_node(&b, steps[i].node, steps[i].a, steps[i].b, NULL);
  put_trees(&b, "z");
  builder_output(&b, "y");
  base_buffer file = builder_file(&b);
  ckks_status status = trees_read(e, (const char *)file.bytes, file.n_bytes, "m.onnx");
  base_buffer_clear(&file);
  builder_clear(&b);
  return status;
}

static void test_refused(void **state) {
  (void)state;
  static const struct {
    step step;
    int type;
    const char *words;
  } cases[] = {
      {{"ai.onnx.ml/Normalizer:x:z", "norm=L2", NULL}, 1, "asks of all of them"},
      {{"ai.onnx.ml/Scaler:x:z", "offset=0,0f", NULL}, 1, "no scale"},
      {{"ai.onnx.ml/Scaler:x:z", "offset=0,0,0f", "scale=1,1f"}, 1, "3 numbers for 2 columns"},
      {{"ai.onnx.ml/Imputer:x:z", "imputed_value_floats=1,1f", NULL}, 1, "only missing values"},
      {{"Cast:x:z", "to=8", NULL}, 1, "neither"},
      {{"Exp:x:z", NULL, NULL}, 1, "docs/trees.md lists those"},
      {{"com.example/Identity:x:z", NULL, NULL}, 1, "docs/trees.md lists those"},
      {{"Add:x,x:z", NULL, NULL}, 1, "of two columns"},
      {{"Div:half,x:z", NULL, NULL}, 1, "divides by a column"},
      {{"Div:x,zero:z", NULL, NULL}, 1, "divides by 0"},
      {{"Gather:x,two:z", "axis=1", NULL}, 1, "not there"},
      {{"Gather:x,two:z", "axis=0", NULL}, 1, "gathers rows"},
      {{"Concat:x,x:z", "axis=0", NULL}, 1, "stacks rows"},
      {{"Reshape:x,half:z", NULL, NULL}, 1, "other rows of rows"},
      {{"ai.onnx.ml/OneHotEncoder:x:z", "zeros=1", NULL}, 1, "no cats_int64s"},
      {{"ai.onnx.ml/OneHotEncoder:x:z", "cats_int64s=1,2", NULL}, 8, "no cats_strings"},
      {{"Identity:x:z", NULL, NULL}, 8, "columns of numbers"},
      {{"ai.onnx.ml/Scaler:x:z", "offset=0,0f", "scale=1,1f"}, 8, "computes with texts"},
      {{"ai.onnx.ml/LabelEncoder:x:z", "keys_int64s=1,1", "values_int64s=2,3"}, 7, "occurs twice"},
      {{"ai.onnx.ml/LabelEncoder:x:z", "keys_int64s=1,2", "values_int64s=2,3,4"}, 7, "as many"}};
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    trees_ensemble e;
    if (read_steps(&e, &cases[i].step, 1, cases[i].type, "N,2") != CKKS_ERROR_FORMAT)
      fail_msg("%s is accepted", cases[i].step.node);
    if (strstr(base_last_error(), cases[i].words) == NULL)
      fail_msg("\"%s\" does not say \"%s\"", base_last_error(), cases[i].words);
    assert_null(e.tree);
  }
}

/* Steps worked out by hand: where the row goes the other way. */
static void test_steps(void **state) {
  (void)state;
  static const struct {
    step step;
    int type;
    double below, above; /* rows of 10 and of 20 */
  } cases[] = {
      {{"ai.onnx.ml/Scaler:x:z", "offset=1,0f", "scale=2,1f"}, 1, 1.25, 1.2500002},
      {{"ai.onnx.ml/Scaler:x:z", "offset=1,0f", "scale=-2,1f"}, 1, 0.7500001, 0.7499999},
      {{"ai.onnx.ml/Scaler:x:z", "offset=1,0f", "scale=0,1f"}, 1, -1e30, 1e30}, /* never */
      {{"Sub:half,x:z", NULL, NULL}, 11, 0.0, -1e-10},
      {{"Floor:x:z", NULL, NULL}, 11, 0.9999999999, 1.0},
      {{"Neg:x:z", NULL, NULL}, 11, -0.5, -0.50000000001},
      {{"Cast:x:z", "to=7", NULL}, 11, 0.99999, 1.0},
      {{"ai.onnx.ml/Binarizer:x:z", "threshold=7.0f", NULL}, 11, 7.0, 7.0000000001},
      {{"ai.onnx.ml/OneHotEncoder:x:z", "cats_int64s=3,", "zeros=1"}, 11, 4.0, 3.5},
      {{"ai.onnx.ml/OneHotEncoder:x:z", "cats_int64s=3,", "zeros=1"}, 11, 2.9999, 3.0},
      {{"ai.onnx.ml/LabelEncoder:x:z", "keys_int64s=4,9", "values_int64s=5,0"}, 7, 9.0, 4.0}};
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    trees_ensemble e;
    double out, missing[2] = {(double)NAN, 0.0};
    if (read_steps(&e, &cases[i].step, 1, cases[i].type, "N,2") != CKKS_OK)
      fail_msg("%s: %s", cases[i].step.node, base_last_error());
    bool never = cases[i].above == 1e30;
    trees_ensemble_forward(&out, (const double[]){cases[i].below, 0.0}, &e);
    if (out != 10.0)
      fail_msg("%s: %.17g goes to %g", cases[i].step.node, cases[i].below, out);
    trees_ensemble_forward(&out, (const double[]){cases[i].above, 0.0}, &e);
    if (out != (never ? 10.0 : 20.0))
      fail_msg("%s: %.17g goes to %g", cases[i].step.node, cases[i].above, out);
    trees_ensemble_forward(&out, missing, &e); /* NaN <= t is false where nothing imputes it */
    trees_ensemble_clear(&e);
  }
}

/* ----------------------------------------------------------------------- damage */

static void test_damaged(void **state) {
  (void)state;
  static const char *const names[] = {"mixed", "codes", "five_sum", "modes"};
  uint64_t random = 5;
  size_t n_refused = 0;
  for (size_t i = 0; i < 4; i++) {
    size_t n;
    uint8_t *bytes = load(&n, names[i], "onnx"), *copy = malloc(n);
    for (int round = 0; round < 1500; round++) {
      trees_ensemble e;
      memcpy(copy, bytes, n);
      for (int k = 0; k < 1 + round % 3; k++) {
        random = random * 6364136223846793005u + 1442695040888963407u;
        copy[(random >> 33) % n] = (uint8_t)(random >> 20);
      }
      if (trees_read(&e, (char *)copy, n, "m") == CKKS_OK)
        trees_ensemble_clear(&e);
      else
        n_refused++;
    }
    free(copy);
    base_free(bytes);
  }
  assert_true(n_refused > 1000);
}

static void test_memory(void **state) {
  (void)state;
  static const char *const names[] = {"mixed", "codes", "five_min"};
  for (size_t i = 0; i < 3; i++) {
    size_t n;
    uint8_t *bytes = load(&n, names[i], "onnx");
    check_memory(bytes, n, 40);
    base_free(bytes);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_runtime), cmocka_unit_test(test_names),
                                     cmocka_unit_test(test_refused), cmocka_unit_test(test_steps),
                                     cmocka_unit_test(test_damaged), cmocka_unit_test(test_memory)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
