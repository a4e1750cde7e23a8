/* SPDX-License-Identifier: Apache-2.0 */
/* Networks as exporters write them: what is the client's, whose rows are whose, what a gap means.
 */
#include "onnx/nets.h"

/* x (N, 4) times w (4, n) is z. */
static void begin(builder *b, int opset, const char *input, const char *w_shape, size_t n) {
  builder_init(b, opset);
  builder_input(b, "x", input);
  weights(b, "w", w_shape, n, 1.0);
  builder_node(b, "MatMul:x,w:z", NULL);
}

static base_buffer finish(builder *b, const char *output) {
  builder_output(b, output);
  base_buffer file = builder_file(b);
  builder_clear(b);
  return file;
}

static void one(builder *b, const char *name, double value) {
  builder_floats(b, name, "1", &value, 1);
}

/* 1 - p and p beside each other, with what exporters put between, cost no polynomial. */
static void test_pairs(void **state) {
  (void)state;
  for (int order = 0; order < 2; order++) {
    builder b;
    network_model model;
    onnx_import_report report;
    double row[4], have[2], want[1];
    begin(&b, 13, "N,4", "4,1", 4);
    one(&b, "one", 1.0);
    builder_node(&b, "Sigmoid:z:s", NULL);
    builder_node(&b, "Identity:s:p", NULL);
    builder_node(&b, "Sub:one,p:q", NULL);
    builder_node(&b, order ? "Concat:p,q:y" : "Concat:q,p:y", "axis=1", NULL);
    builder_node(&b, "Cast:y:d", "to=11", NULL);
    base_buffer file = finish(&b, "d");
    assert_int_equal(import(&model, &report, &file, NULL, 0), CKKS_OK);
    assert_int_equal(model.n_layers, 1);
    assert_int_equal(report.n_activations, 0);
    assert_int_equal(model.n_classes, 2);
    assert_int_equal(model.meaning.kind, ENCODING_CLASSES);
    for (int i = 0; i < 4; i++)
      row[i] = uniform(1.0);
    oracle(want, &file, row);
    network_forward_rows(have, row, 1, &model);
    encoding_meaning_finish(have, 1, 2, model.meaning.end);
    assert_true(fabs(have[1 - order] - 1.0 / (1.0 + exp(-want[0]))) < 1e-12);
    network_clear(&model);
    base_buffer_clear(&file);
  }
}

/* The index of the largest, and what stands at that place of a table. */
static void test_choice(void **state) {
  (void)state;
  static const int64_t classes[] = {7, -2, 40};
  builder b;
  network_model model;
  onnx_import_report report;
  begin(&b, 13, "N,4", "4,3", 12);
  builder_ints(&b, "classes", 3, classes);
  builder_node(&b, "Softmax:z:p", "axis=-1", NULL);
  builder_node(&b, "ArgMax:p:i", "axis=1", "keepdims=0", NULL);
  builder_node(&b, "Gather:classes,i:c", NULL);
  builder_node(&b, "Cast:c:label", "to=7", NULL);
  builder_output(&b, "label");
  base_buffer file = finish(&b, "p"); /* both outputs end in the same scores */
  assert_int_equal(import(&model, &report, &file, NULL, 0), CKKS_OK);
  assert_int_equal(model.meaning.end, ENCODING_END_SOFTMAX);
  assert_true(report.labelled);
  assert_string_equal(model.label[0], "7");
  assert_string_equal(model.label[1], "-2");
  assert_string_equal(model.label[2], "40");
  network_clear(&model);
  base_buffer_clear(&file);
}

/* Ends that are no softmax: sigmoids of several labels, sizes that are never negative. */
static void test_ends(void **state) {
  (void)state;
  static const struct {
    const char *node;
    encoding_end end;
    encoding_kind kind;
  } cases[] = {{"Sigmoid:z:y", ENCODING_END_SIGMOID, ENCODING_LABELS},
               {"Tanh:z:y", ENCODING_END_TANH, ENCODING_VALUES},
               {"Relu:z:y", ENCODING_END_RELU, ENCODING_VALUES},
               {"Exp:z:y", ENCODING_END_EXP, ENCODING_VALUES},
               {"Softplus:z:y", ENCODING_END_SOFTPLUS, ENCODING_VALUES},
               {"LogSoftmax:z:y", ENCODING_END_LOG_SOFTMAX, ENCODING_CLASSES},
               {"Identity:z:y", ENCODING_END_NONE, ENCODING_CLASSES}};
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    builder b;
    network_model model;
    onnx_import_report report;
    begin(&b, 13, "N,4", "4,3", 12);
    builder_node(&b, cases[i].node, NULL);
    base_buffer file = finish(&b, "y");
    assert_int_equal(import(&model, &report, &file, NULL, 0), CKKS_OK);
    assert_int_equal(model.meaning.end, cases[i].end);
    assert_int_equal(model.meaning.kind, cases[i].kind);
    assert_int_equal(report.n_activations, 0);
    assert_same(&model, &file, 1e-9);
    network_clear(&model);
    base_buffer_clear(&file);
  }
}

/* A slope for each channel: the line is carried, the rest is one polynomial. Slopes that are all
 * the same, as PyTorch begins with, are a function as any other. */
static void check_slopes(const double slope[5], bool carried) {
  builder b;
  network_model model;
  onnx_import_report report;
  double rows[300 * 4], have[2], want[2];
  net_seed = 21;
  begin(&b, 13, "N,4", "4,5", 20);
  builder_floats(&b, "slope", "5", slope, 5);
  builder_node(&b, "PRelu:z,slope:a", NULL);
  weights(&b, "v", "5,2", 10, 1.0);
  builder_node(&b, "MatMul:a,v:y", NULL);
  base_buffer file = finish(&b, "y");
  for (int i = 0; i < 1200; i++)
    rows[i] = uniform(1.0);
  assert_int_equal(import(&model, &report, &file, rows, 300), CKKS_OK);
  assert_true(report.difference <= 0.01);
  assert_false(report.activation[0].each); /* 300 values say little of a channel's tails */
  assert_int_equal(report.n_carried > 0, carried);
  for (int r = 0; r < 300; r++) {
    oracle(want, &file, rows + 4 * r);
    network_forward_rows(have, rows + 4 * r, 1, &model);
    for (int k = 0; k < 2; k++)
      assert_true(fabs(have[k] - want[k]) <= 0.0101 * report.range);
  }
  network_clear(&model);
  base_buffer_clear(&file);
}

static void test_slopes(void **state) {
  (void)state;
  check_slopes((const double[]){0.25, -0.5, 0.1, 1.0, 0.0}, true);
  check_slopes((const double[]){0.25, 0.25, 0.25, 0.25, 0.25}, false);
}

/* Channels that were seen often have ranges of their own; their gain is in the matrix behind. */
static void test_channels(void **state) {
  (void)state;
  enum { ROWS = 300, PIXELS = 64 };
  builder b;
  network_model model;
  onnx_import_report report;
  const double w[2] = {2.0, -1.25}, v[2] = {1.0, 0.5};
  double *rows = malloc(ROWS * PIXELS * sizeof *rows), have[PIXELS], want[PIXELS];
  net_seed = 23;
  builder_init(&b, 13);
  builder_input(&b, "x", "N,1,8,8");
  builder_floats(&b, "w", "2,1,1,1", w, 2);
  builder_node(&b, "Conv:x,w:c", NULL);
  builder_node(&b, "Relu:c:a", NULL);
  builder_floats(&b, "v", "1,2,1,1", v, 2);
  builder_node(&b, "Conv:a,v:y", NULL);
  base_buffer file = finish(&b, "y");
  for (int i = 0; i < ROWS * PIXELS; i++)
    rows[i] = uniform(1.0);
  assert_int_equal(import(&model, &report, &file, rows, ROWS), CKKS_OK);
  assert_true(report.activation[0].each);
  assert_true(report.difference > 1e-6 && report.difference <= 0.01);
  for (int r = 0; r < 20; r++) {
    oracle(want, &file, rows + PIXELS * r);
    network_forward_rows(have, rows + PIXELS * r, 1, &model);
    for (int k = 0; k < PIXELS; k++)
      assert_true(fabs(have[k] - want[k]) <= 0.0101 * report.range);
  }
  network_clear(&model);
  base_buffer_clear(&file);
  free(rows);
}

static void refuse(builder *b, const char *output, const char *text) {
  network_model model;
  onnx_import_report report;
  base_buffer file = finish(b, output);
  if (import(&model, &report, &file, NULL, 0) != CKKS_ERROR_FORMAT)
    fail_msg("taken, where \"%s\" is expected", text);
  if (strstr(base_last_error(), text) == NULL)
    fail_msg("\"%s\" does not say \"%s\"", base_last_error(), text);
  base_buffer_clear(&file);
}

/* By the names that their authors know. */
static void test_refused_by_name(void **state) {
  (void)state;
  builder b;
  const double two = 2.0, small = 1e-5;
  begin(&b, 13, "N,4", "4,6", 24);
  builder_floats(&b, "two", "1", &two, 1);
  builder_floats(&b, "e", "1", &small, 1);
  builder_node(&b, "ReduceMean:z:m", "axes=-1,", NULL);
  builder_node(&b, "Sub:z,m:d", NULL);
  builder_node(&b, "Pow:d,two:s", NULL);
  builder_node(&b, "ReduceMean:s:v", "axes=-1,", NULL);
  builder_node(&b, "Add:v,e:ve", NULL);
  builder_node(&b, "Sqrt:ve:r", NULL);
  builder_node(&b, "Div:d,r:y", NULL);
  refuse(&b, "y", "this is a LayerNorm");

  begin(&b, 17, "N,4", "4,6", 24);
  weights(&b, "scale", "6", 6, 1.0);
  builder_node(&b, "LayerNormalization:z,scale:y", NULL);
  refuse(&b, "y", "use BatchNormalization");

  begin(&b, 13, "1,4,4", "4,4", 16);
  builder_node(&b, "Transpose:z:t", "perm=0,2,1", NULL);
  builder_node(&b, "MatMul:z,t:y", NULL);
  refuse(&b, "y", "this is attention");

  begin(&b, 13, "N,4", "4,4", 16);
  weights(&b, "table", "10,3", 30, 1.0);
  builder_node(&b, "Cast:z:i", "to=7", NULL);
  builder_node(&b, "Gather:table,i:y", NULL);
  refuse(&b, "y", "this is an Embedding");

  begin(&b, 13, "N,4", "4,4", 16);
  builder_node(&b, "LSTM:z,w,w:y", "hidden_size=4", NULL);
  refuse(&b, "y", "(LSTM): this operator is not supported; unroll it");

  begin(&b, 13, "N,4", "4,4", 16);
  builder_node(&b, "Softmax:z:s", NULL);
  builder_node(&b, "MatMul:s,w:y", NULL);
  refuse(&b, "y", "a Softmax inside of the network");
}

/* Rows that see each other: by a softmax, by a choice, by a mean. */
static void test_batch_axis(void **state) {
  (void)state;
  builder b;
  begin(&b, 13, "N,4", "4,3", 12);
  builder_node(&b, "Softmax:z:y", "axis=0", NULL);
  refuse(&b, "y", "it goes over 1 of the 3 outputs of a row");
  begin(&b, 13, "N,4", "4,3", 12);
  builder_node(&b, "ArgMax:z:y", "axis=0", NULL);
  refuse(&b, "y", "(its axis is that of the batch?)");
  begin(&b, 13, "N,4", "4,3", 12);
  builder_node(&b, "ReduceMean:z:m", "axes=0,", NULL);
  builder_node(&b, "Sub:z,m:y", NULL);
  refuse(&b, "y", "rows of a batch change each other's outputs");
  begin(&b, 13, "8,4", "4,3", 12);
  builder_ints(&b, "shape", 2, (const int64_t[]){8, 3});
  builder_node(&b, "Reshape:z,shape:r", NULL);
  builder_node(&b, "Mul:r,r:y", NULL);
  refuse(&b, "y", "exported for a batch of 8 rows and cannot be computed for one");
}

/* A fixed batch is one row here; a matrix that is no batch stays one. */
static void test_batch(void **state) {
  (void)state;
  builder b;
  network_model model;
  onnx_import_report report;
  begin(&b, 13, "8,4", "4,3", 12);
  base_buffer file = finish(&b, "z");
  assert_int_equal(import(&model, &report, &file, NULL, 0), CKKS_OK);
  assert_int_equal(report.batch, 8);
  assert_int_equal(model.n_features, 4);
  assert_int_equal(model.n_classes, 3);
  network_clear(&model);
  base_buffer_clear(&file);
  builder_init(&b, 13);
  builder_input(&b, "x", "4,6");
  builder_node(&b, "Flatten:x:f", "axis=0", NULL);
  weights(&b, "w", "24,2", 48, 1.0);
  builder_node(&b, "MatMul:f,w:y", NULL);
  file = finish(&b, "y");
  assert_int_equal(import(&model, &report, &file, NULL, 0), CKKS_OK);
  assert_int_equal(report.batch, 0);
  assert_int_equal(model.n_features, 24);
  assert_same(&model, &file, 1e-9);
  network_clear(&model);
  base_buffer_clear(&file);
}

/* A scaler in the graph whose centres are the means of the rows says what a gap is. */
static void test_missing(void **state) {
  (void)state;
  const double mean[4] = {10.0, -20.0, 0.5, 3.0}, scale[4] = {2.0, 0.1, 4.0, 1.0};
  for (int round = 0; round < 3; round++) {
    builder b;
    network_model model;
    onnx_import_report report;
    double rows[200 * 4], gap[4] = {11.0, NAN, 0.5, 3.0}, full[4], have[3], want[3];
    net_seed = 31;
    builder_init(&b, 13);
    builder_input(&b, "x", "N,4");
    builder_floats(&b, "mean", "4", mean, 4);
    builder_floats(&b, "scale", "4", scale, 4);
    builder_node(&b, "Sub:x,mean:c", NULL);
    builder_node(&b, "Mul:c,scale:s", NULL);
    weights(&b, "w", "4,3", 12, 1.0);
    builder_node(&b, "MatMul:s,w:z", NULL);
    builder_node(&b, "Mul:z,z:y", NULL);
    base_buffer file = finish(&b, "y");
    for (int r = 0; r < 200; r++)
      for (int i = 0; i < 4; i++) /* round 1: means elsewhere, as behind a scaler to a range */
        rows[4 * r + i] = mean[i] + (uniform(1.0) + (round == 1 ? 1.0 : 0.0)) / scale[i];
    assert_int_equal(import(&model, &report, &file, rows, round == 2 ? 0 : 200), CKKS_OK);
    assert_true(report.scaled);
    assert_int_equal(model.meaning.complete, round > 0);
    assert_true(fabs(model.mean[1] + 20.0) < 1e-5 && fabs(model.deviation[1] - 10.0) < 1e-5);
    assert_same(&model, &file, 1e-6);
    memcpy(full, gap, sizeof full);
    full[1] = -20.0;
    oracle(want, &file, full);
    network_forward_rows(have, gap, 1, &model);
    for (int k = 0; k < 3 && round == 0; k++)
      assert_true(fabs(have[k] - want[k]) < 1e-6);
    network_clear(&model);
    rows[5] = NAN; /* in calibration data too */
    assert_int_equal(import(&model, &report, &file, rows, 200),
                     round == 1 ? CKKS_ERROR_RANGE : CKKS_OK);
    network_clear(&model);
    base_buffer_clear(&file);
  }
}

static void test_imputer(void **state) {
  (void)state;
  builder b;
  network_model model;
  onnx_import_report report;
  double have[3], want[3];
  const double gap[2] = {NAN, 4.0}, full[2] = {1.5, 4.0};
  builder_init(&b, 13);
  builder_input(&b, "x", "N,2");
  builder_node(&b, "ai.onnx.ml/Imputer:x:i", "imputed_value_floats=1.5,2.5f",
               "replaced_value_float=nanf", NULL);
  builder_node(&b, "ai.onnx.ml/Scaler:i:s", "offset=1.0,2.0f", "scale=0.5,0.25f", NULL);
  weights(&b, "w", "2,3", 6, 1.0);
  builder_node(&b, "MatMul:s,w:y", NULL);
  base_buffer file = finish(&b, "y");
  assert_int_equal(import(&model, &report, &file, NULL, 0), CKKS_OK);
  assert_false(model.meaning.complete);
  oracle(want, &file, full);
  network_forward_rows(have, gap, 1, &model);
  for (int k = 0; k < 3; k++)
    assert_true(fabs(have[k] - want[k]) < 1e-6);
  network_clear(&model);
  base_buffer_clear(&file);
}

/* One number, one for each channel, one for each feature; anything else is refused. */
static void test_normalisation(void **state) {
  (void)state;
  builder b;
  network_model model;
  onnx_import_report report;
  onnx_import_options options;
  double numbers[12];
  onnx_import_options_default(&options);
  builder_init(&b, 13);
  builder_input(&b, "x", "N,3,2,2");
  builder_node(&b, "Flatten:x:f", NULL);
  weights(&b, "w", "12,2", 24, 1.0);
  builder_node(&b, "MatMul:f,w:y", NULL);
  base_buffer file = finish(&b, "y");
  for (int i = 0; i < 12; i++)
    numbers[i] = 1.0 + i;
  options.mean = options.deviation = numbers;
  for (size_t n = 1; n <= 12; n++) {
    options.n_mean = options.n_deviation = n;
    ckks_status status = import_with(&model, &report, &file, NULL, 0, &options);
    assert_int_equal(status, n == 1 || n == 3 || n == 12 ? CKKS_OK : CKKS_ERROR_ARGUMENT);
    for (size_t i = 0; status == CKKS_OK && i < 12; i++) {
      double want = n == 1 ? 1.0 : n == 3 ? 1.0 + (double)(i / 4) : 1.0 + (double)i;
      assert_true(model.mean[i] == want && model.deviation[i] == want);
    }
    network_clear(&model);
  }
  base_buffer_clear(&file);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_pairs),        cmocka_unit_test(test_choice),
      cmocka_unit_test(test_ends),         cmocka_unit_test(test_slopes),
      cmocka_unit_test(test_channels),     cmocka_unit_test(test_refused_by_name),
      cmocka_unit_test(test_batch_axis),   cmocka_unit_test(test_batch),
      cmocka_unit_test(test_missing),      cmocka_unit_test(test_imputer),
      cmocka_unit_test(test_normalisation)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
