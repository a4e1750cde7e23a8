/* SPDX-License-Identifier: Apache-2.0 */
/* From ONNX to models and plans: random networks agree with the graph they came from. */
#include "onnx/nets.h"

/* A convolution with everything drawn, an activation, perhaps a pool, and a dense layer. */
static base_buffer random_net(size_t *n_features) {
  static const char *const activations[][3] = {
      {"Mul:c,c:a", NULL, NULL},
      {"Mul:c,c:p", "Add:p,c:a", NULL},
      {"Mul:c,c:p", "Mul:p,c:q", "Sub:q,c:a"},
  };
  builder b;
  char shape[64], text[5][48], kernel[32];
  unsigned size = 5 + draw(5), channels = 1 + draw(2), k = 2 + draw(2), out = (1 + draw(2)) * 2;
  unsigned stride = 1 + draw(3), pad = draw(2), dilation = k == 2 ? 1 + draw(2) : 1;
  unsigned groups = channels == 2 && draw(2) ? 2 : 1;
  unsigned span = (k - 1) * dilation + 1, side = (size + 2 * pad - span) / stride + 1;
  bool pool = side >= 4 && draw(2), normal = draw(2);
  builder_init(&b, 13);
  snprintf(shape, sizeof shape, "N,%u,%u,%u", channels, size, size);
  builder_input(&b, "x", shape);
  snprintf(kernel, sizeof kernel, "%u,%u,%u,%u", out, channels / groups, k, k);
  weights(&b, "w", kernel, (size_t)out * (channels / groups) * k * k, 0.5);
  snprintf(shape, sizeof shape, "%u", out);
  weights(&b, "wb", shape, out, 0.5);
  snprintf(text[0], sizeof text[0], "strides=%u,%u", stride, stride);
  snprintf(text[1], sizeof text[1], "pads=%u,%u,%u,%u", pad, pad, pad, pad);
  snprintf(text[2], sizeof text[2], "dilations=%u,%u", dilation, dilation);
  snprintf(text[3], sizeof text[3], "group=%u", groups);
  builder_node(&b, normal ? "Conv:x,w,wb:c0" : "Conv:x,w,wb:c", text[0], text[1], text[2], text[3],
               NULL);
  if (normal) {
    const double ones[4] = {1.0, 2.0, 0.5, 1.5};
    builder_floats(&b, "variance", shape, ones, out);
    weights(&b, "gamma", shape, out, 1.0);
    builder_node(&b, "BatchNormalization:c0,gamma,wb,wb,variance:c", NULL);
  }
  unsigned which = draw(3);
  for (int i = 0; i < 3 && activations[which][i] != NULL; i++)
    builder_node(&b, activations[which][i], NULL);
  if (pool)
    builder_node(&b, "AveragePool:a:p0", "kernel_shape=2,2", "strides=2,2", NULL);
  builder_node(&b, pool ? "Flatten:p0:f" : "Flatten:a:f", NULL);
  unsigned width = out * (pool ? side / 2 : side) * (pool ? side / 2 : side);
  snprintf(shape, sizeof shape, "%u,%u", width, 3u);
  weights(&b, "v", shape, (size_t)width * 3, 1.0 / sqrt(width));
  builder_node(&b, "MatMul:f,v:y", NULL);
  builder_output(&b, "y");
  base_buffer file = builder_file(&b);
  builder_clear(&b);
  *n_features = (size_t)channels * size * size;
  return file;
}

static void test_random_networks(void **state) {
  (void)state;
  bool gathered = false;
  for (net_seed = 1; net_seed < 40; net_seed++) {
    uint64_t kept = net_seed;
    size_t n_features;
    double rows[20 * 512];
    network_model model;
    onnx_import_report report;
    base_buffer file = random_net(&n_features);
    random_rows(rows, 20 * n_features);
    assert_int_equal(import(&model, &report, &file, rows, 20), CKKS_OK);
    assert_int_equal(report.n_activations, 1);
    assert_true(report.activation[0].exact);
    assert_int_equal(report.n_changed, 0);
    assert_same(&model, &file, 1e-9);
    if (kept % 4 == 1)
      assert_plan(&model, &file, &gathered);
    network_clear(&model);
    /* Without data too: these are polynomials anywhere. */
    assert_int_equal(import(&model, &report, &file, NULL, 0), CKKS_OK);
    assert_same(&model, &file, 1e-9);
    network_clear(&model);
    base_buffer_clear(&file);
    net_seed = kept;
  }
  assert_true(gathered);
}

/* A strided convolution of its windows: all channels of a window are fed by one rotation. */
static void test_gather(void **state) {
  (void)state;
  builder b;
  network_model model;
  onnx_import_report report;
  bool gathered = false;
  double rows[4 * 256];
  net_seed = 99;
  builder_init(&b, 13);
  builder_input(&b, "x", "1,1,16,16");
  weights(&b, "w", "4,1,4,4", 64, 0.5);
  builder_node(&b, "Conv:x,w:c", "strides=4,4", NULL);
  builder_node(&b, "Mul:c,c:a", NULL);
  builder_node(&b, "Flatten:a:f", NULL);
  weights(&b, "v", "64,5", 320, 0.2);
  builder_node(&b, "MatMul:f,v:y", NULL);
  builder_output(&b, "y");
  base_buffer file = builder_file(&b);
  random_rows(rows, 4 * 256);
  assert_int_equal(import(&model, &report, &file, rows, 4), CKKS_OK);
  assert_plan(&model, &file, &gathered);
  assert_true(gathered);
  size_t image[3];
  assert_false(encoding_image_shape(image, model.feature, model.n_features)); /* nobody said so */
  network_clear(&model);
  onnx_import_options options;
  onnx_import_options_default(&options);
  options.image = true;
  assert_int_equal(import_with(&model, &report, &file, rows, 4, &options), CKKS_OK);
  assert_true(encoding_image_shape(image, model.feature, model.n_features));
  assert_true(image[0] == 1 && image[1] == 16 && image[2] == 16);
  network_clear(&model);
  base_buffer_clear(&file);
  builder_clear(&b);
}

/* x and 0.1 x + 0.2 x - 0.3 x, which is 5.6e-17 x: rounding makes no weight of what is 0. */
static void test_residue(void **state) {
  (void)state;
  builder b;
  network_model model;
  onnx_import_report report;
  builder_init(&b, 13);
  builder_input(&b, "x", "1,1");
  builder_floats(&b, "ten", "1", (double[]){10.0}, 1);
  builder_floats(&b, "five", "1", (double[]){5.0}, 1);
  builder_floats(&b, "three", "1", (double[]){3.0}, 1);
  builder_node(&b, "Div:x,ten:tenth", NULL);
  builder_node(&b, "Div:x,five:fifth", NULL);
  builder_node(&b, "Mul:x,three:thrice", NULL);
  builder_node(&b, "Div:thrice,ten:both", NULL);
  builder_node(&b, "Add:tenth,fifth:sum", NULL);
  builder_node(&b, "Sub:sum,both:zero", NULL);
  builder_node(&b, "Concat:zero,x,fifth:y", "axis=1", NULL);
  builder_output(&b, "y");
  base_buffer file = builder_file(&b);
  double want[3];
  oracle(want, &file, (double[]){1.0});
  assert_true(want[0] != 0.0 && fabs(want[0]) < 1e-16);
  assert_int_equal(import(&model, &report, &file, NULL, 0), CKKS_OK);
  const network_sparse *weight = &model.layer[0].weight;
  assert_int_equal(weight->start[3], 2);
  assert_int_equal(weight->start[1], 0);
  assert_true(weight->value[0] == 1.0 && weight->value[1] == 0.2);
  network_clear(&model);
  base_buffer_clear(&file);
  builder_clear(&b);
}

/* 16 x 28 x 28 values behind 8 x 28 x 28: 629 MB as a dense matrix, 10 MB without zeros. */
static void test_wide_convolutions(void **state) {
  (void)state;
  builder b;
  network_model model;
  onnx_import_report report;
  net_seed = 11;
  builder_init(&b, 13);
  builder_input(&b, "x", "1,1,28,28");
  weights(&b, "w", "8,1,3,3", 8 * 9, 0.5);
  builder_node(&b, "Conv:x,w:c", "pads=1,1,1,1", NULL);
  builder_node(&b, "Mul:c,c:a", NULL);
  weights(&b, "v", "16,8,3,3", 16 * 8 * 9, 0.1);
  builder_node(&b, "Conv:a,v:d", "pads=1,1,1,1", NULL);
  builder_node(&b, "Mul:d,d:e", NULL);
  builder_node(&b, "GlobalAveragePool:e:g", NULL);
  builder_node(&b, "Flatten:g:y", NULL);
  builder_output(&b, "y");
  base_buffer file = builder_file(&b);
  assert_int_equal(import(&model, &report, &file, NULL, 0), CKKS_OK);
  assert_int_equal(model.layer[1].n_in, 8 * 28 * 28);
  assert_int_equal(model.layer[1].n_out, 16 * 28 * 28);
  /* 82 x 82 pairs of pixels that a window joins: 28 + 27 + 27 in each direction. */
  assert_int_equal(model.layer[1].weight.start[16 * 28 * 28], 8 * 16 * 82 * 82);
  double row[784], have[16], want[16];
  for (size_t i = 0; i < 784; i++)
    row[i] = uniform(1.0);
  oracle(want, &file, row);
  network_forward_rows(have, row, 1, &model);
  for (size_t k = 0; k < 16; k++)
    assert_true(fabs(have[k] - want[k]) <= 1e-9 * (1.0 + fabs(want[k])));
  network_clear(&model);
  base_buffer_clear(&file);
  builder_clear(&b);
}

/* Channels of a signal are no rows of pixels, whose bytes would be divided by 255. */
static void test_signal(void **state) {
  (void)state;
  static const struct {
    const char *shape;
    bool convolution, image;
  } cases[] = {{"1,3,12", true, false}, {"1,3,12", false, true}, {"1,1,3,12", false, true}};
  for (size_t i = 0; i < 3; i++) {
    builder b;
    onnx_import_input_shape shape;
    builder_init(&b, 13);
    builder_input(&b, "x", cases[i].shape);
    weights(&b, "w", "2,3,5", 30, 0.5);
    if (cases[i].convolution)
      builder_node(&b, "Conv:x,w:c", NULL);
    builder_node(&b, cases[i].convolution ? "Flatten:c:f" : "Flatten:x:f", NULL);
    builder_output(&b, "f");
    base_buffer file = builder_file(&b);
    assert_int_equal(onnx_import_input(&shape, file.bytes, file.n_bytes, "net", NULL), CKKS_OK);
    assert_int_equal(shape.n_features, 36);
    assert_int_equal(shape.image[0] > 0, cases[i].image);
    assert_false(shape.pixels); /* it could be one, and nobody said so */
    base_buffer_clear(&file);
    builder_clear(&b);
  }
}

/* Heads of one network, side by side: each number has its output's name. */
static void test_all_outputs(void **state) {
  (void)state;
  static const char *const ends[] = {NULL, "Sigmoid"};
  for (size_t i = 0; i < 2; i++) {
    builder b;
    network_model model;
    onnx_import_report report;
    onnx_import_options options;
    char price[32], risk[32];
    double row[4], have[4], want[8];
    onnx_import_options_default(&options);
    builder_init(&b, 13);
    builder_input(&b, "x", "N,4");
    weights(&b, "v", "4,3", 12, 0.5);
    weights(&b, "w", "4,1", 4, 0.5);
    snprintf(price, sizeof price, "%s:p:price", ends[i] ? ends[i] : "Identity");
    snprintf(risk, sizeof risk, "%s:r:risk", ends[i] ? ends[i] : "Identity");
    builder_node(&b, "MatMul:x,v:p", NULL);
    builder_node(&b, "MatMul:x,w:r", NULL);
    builder_node(&b, price, NULL);
    builder_node(&b, risk, NULL);
    builder_output(&b, "price");
    builder_output(&b, "risk");
    base_buffer file = builder_file(&b);
    assert_int_equal(import_with(&model, &report, &file, NULL, 0, &options), CKKS_ERROR_FORMAT);
    assert_non_null(strstr(base_last_error(), "\"price\", \"risk\""));
    assert_non_null(strstr(base_last_error(), "--output-name all"));
    options.output = "all";
    if (import_with(&model, &report, &file, NULL, 0, &options) != CKKS_OK)
      fail_msg("%s", base_last_error());
    assert_int_equal(model.n_classes, 4);
    assert_string_equal(model.label[0], "price[0]");
    assert_string_equal(model.label[2], "price[2]");
    assert_string_equal(model.label[3], "risk");
    assert_int_equal(model.meaning.kind, ends[i] ? ENCODING_LABELS : ENCODING_VALUES);
    assert_int_equal(model.meaning.end, ends[i] ? ENCODING_END_SIGMOID : ENCODING_END_NONE);
    for (size_t k = 0; k < 4; k++)
      row[k] = uniform(1.0);
    network_forward_rows(have, row, 1, &model);
    network_model one;
    for (int head = 0; head < 2; head++) {
      options.output = head ? "risk" : "price";
      assert_int_equal(import_with(&one, &report, &file, NULL, 0, &options), CKKS_OK);
      network_forward_rows(want + 3 * head, row, 1, &one);
      if (one.n_classes == 2) /* the sigmoid of one score is a pair of classes, -z/2 and z/2 */
        want[3] = want[4] - want[3];
      network_clear(&one);
      options.output = "all";
    }
    for (size_t k = 0; k < 4; k++)
      assert_true(fabs(have[k] - want[k]) < 1e-6);
    network_clear(&model);
    base_buffer_clear(&file);
    builder_clear(&b);
  }
}

/* Each becomes a polynomial that keeps to the error asked for, on what it sees. */
static void test_activations(void **state) {
  (void)state;
  static const char *const nets[][5] = {
      {"Sigmoid:c:a"},
      {"Tanh:c:a"},
      {"Relu:c:a"},
      {"LeakyRelu:c:a"},
      {"Softplus:c:a"},
      {"HardSigmoid:c:a"},
      {"HardSwish:c:a"},
      {"Elu:c:a"},
      {"Erf:c:a"},
      {"Sigmoid:c:s", "Mul:c,s:a"},                                            /* SiLU */
      {"Div:c,root:d", "Erf:d:e", "Add:e,one:g", "Mul:c,g:h", "Mul:h,half:a"}, /* GELU */
      {"Neg:c:n", "Exp:n:e", "Add:one,e:d", "Div:one,d:a"},                    /* by hand */
  };
  double rows[200 * 10], have[3], want[3];
  net_seed = 5;
  for (size_t i = 0; i < sizeof nets / sizeof nets[0]; i++) {
    network_model model;
    onnx_import_report report;
    size_t n = 0;
    while (n < 5 && nets[i][n] != NULL)
      n++;
    base_buffer file = activation_net(nets[i], n);
    random_rows(rows, 2000);
    assert_int_equal(import(&model, &report, &file, rows, 200), CKKS_OK);
    assert_int_equal(model.n_layers, 2);
    assert_int_equal(report.n_activations, 1);
    assert_false(report.activation[0].exact);
    assert_true(report.activation[0].degree >= 2 && report.activation[0].degree <= 127);
    assert_true(report.difference <= 0.01);
    assert_true(model.fitted_error > 0.0);
    double worst = 0.0, range = report.range;
    for (int r = 0; r < 200; r++) {
      oracle(want, &file, rows + 10 * r);
      network_forward_rows(have, rows + 10 * r, 1, &model);
      for (int k = 0; k < 3; k++)
        worst = fmax(worst, fabs(have[k] - want[k]));
    }
    assert_true(worst > 1e-9); /* it is an approximation, and the report knows how good */
    assert_true(fabs(worst - report.difference * range) < 1e-9);
    network_clear(&model);
    /* Without data there is nothing to fit them to. */
    assert_int_equal(import(&model, &report, &file, NULL, 0), CKKS_ERROR_FORMAT);
    assert_non_null(strstr(base_last_error(), "calibration data"));
    base_buffer_clear(&file);
  }
}

static void refuse(const char *const *nodes, size_t n, const char *text) {
  network_model model;
  onnx_import_report report;
  base_buffer file = activation_net(nodes, n);
  assert_int_equal(import(&model, &report, &file, NULL, 0), CKKS_ERROR_FORMAT);
  if (strstr(base_last_error(), text) == NULL)
    fail_msg("\"%s\" does not say \"%s\"", base_last_error(), text);
  base_buffer_clear(&file);
}

static void test_refusals(void **state) {
  (void)state;
  refuse((const char *const[]){"Reshape:c,one:a"}, 1, "node 1 (Reshape)");
  refuse((const char *const[]){"MatMul:x,w:d", "Mul:c,d:a"}, 2,
         "node 2 (Mul): it multiplies two encrypted values that differ in origin");
  refuse((const char *const[]){"Softmax:c:a"}, 1, "Softmax inside of the network");
  refuse((const char *const[]){"MatMul:x,w:d", "Max:c,d:a"}, 2, "node 2 (Max)");
  refuse((const char *const[]){"ai.onnx.ml/Normalizer:c:a"}, 1, "normalise the rows before");
}

/* Branches inside one affine part, and two with one activation each. */
static void test_branches(void **state) {
  (void)state;
  static const char *const nets[][5] = {
      {"MatMul:x,w:d", "Add:c,d:e", "Sub:e,half:f", "Mul:f,f:a"},
      {"Mul:c,c:s", "Mul:c,root:d", "Add:s,d:a"},
      {"Add:c,half:d", "Neg:d:e", "MatMul:x,w:f", "Sum:e,f,c:g", "Mul:g,g:a"},
  };
  for (size_t i = 0; i < 3; i++) {
    network_model model;
    onnx_import_report report;
    size_t n = 0;
    while (n < 5 && nets[i][n] != NULL)
      n++;
    base_buffer file = activation_net(nets[i], n);
    assert_int_equal(import(&model, &report, &file, NULL, 0), CKKS_OK);
    assert_int_equal(model.n_layers, 2);
    assert_same(&model, &file, 1e-9);
    network_clear(&model);
    base_buffer_clear(&file);
  }
  builder b;
  network_model model;
  onnx_import_report report;
  builder_init(&b, 13);
  builder_input(&b, "x", "1,6");
  weights(&b, "w", "6,4", 24, 0.7);
  weights(&b, "u", "6,5", 30, 0.7);
  weights(&b, "v", "9,2", 18, 0.7);
  builder_node(&b, "MatMul:x,w:c", NULL);
  builder_node(&b, "Mul:c,c:d", NULL);
  builder_node(&b, "MatMul:x,u:e", NULL);
  builder_node(&b, "Mul:e,e:f", NULL);
  builder_node(&b, "Concat:d,f:g", "axis=1", NULL);
  builder_node(&b, "MatMul:g,v:h", NULL);
  builder_node(&b, "Softmax:h:y", NULL);
  builder_output(&b, "y");
  base_buffer file = builder_file(&b);
  assert_int_equal(import(&model, &report, &file, NULL, 0), CKKS_OK);
  assert_int_equal(model.layer[0].n_out, 9);
  assert_same(&model, &file, 1e-9); /* the oracle leaves the softmax out as well */
  network_clear(&model);
  base_buffer_clear(&file);
  builder_clear(&b);
}

/* What scikit-learn writes: scaler, linear classifier with a label and scores, regressor. */
static void test_scikit_learn(void **state) {
  (void)state;
  builder b;
  network_model model;
  onnx_import_report report;
  double outputs[3];
  const double row[3] = {2.0, -1.0, 4.0};
  builder_init(&b, 13);
  builder_input(&b, "x", "N,3");
  builder_node(&b, "ai.onnx.ml/Scaler:x:s", "offset=1.0,2.0,3.0f", "scale=0.5,1.0,2.0f", NULL);
  builder_node(&b, "ai.onnx.ml/LinearClassifier:s:label,scores",
               "coefficients=1.0,0.0,0.0,0.0,1.0,0.0,0.0,0.0,1.0f", "intercepts=0.25,0.5,-0.5f",
               "classlabels_ints=0,1,2", "post_transform=SOFTMAX", NULL);
  builder_node(&b, "Cast:label:l", "to=7", NULL);
  builder_node(&b, "ai.onnx.ml/ZipMap:scores:p", NULL);
  builder_output(&b, "l");
  builder_output(&b, "p");
  base_buffer file = builder_file(&b);
  assert_int_equal(import(&model, &report, &file, NULL, 0), CKKS_OK);
  assert_int_equal(model.n_layers, 1);
  assert_int_equal(model.meaning.end, ENCODING_END_SOFTMAX);
  assert_true(model.mean[1] == 2.0 && model.deviation[2] == 0.5); /* the client scales */
  assert_true(model.meaning.complete); /* whether these are means is not known without data */
  network_forward_rows(outputs, row, 1, &model);
  assert_true(fabs(outputs[0] - (0.5 + 0.25)) < 1e-6);
  assert_true(fabs(outputs[1] - (-3.0 + 0.5)) < 1e-6);
  assert_true(fabs(outputs[2] - (2.0 - 0.5)) < 1e-6);
  network_clear(&model);
  base_buffer_clear(&file);
  builder_clear(&b);

  builder_init(&b, 13);
  builder_input(&b, "x", "N,3");
  builder_node(&b, "ai.onnx.ml/LinearRegressor:x:y", "coefficients=1.0,2.0,3.0f",
               "intercepts=-1.0,f", NULL);
  builder_output(&b, "y");
  file = builder_file(&b);
  assert_int_equal(import(&model, &report, &file, NULL, 0), CKKS_OK);
  network_forward_rows(outputs, row, 1, &model);
  assert_true(fabs(outputs[0] - 11.0) < 1e-6);
  network_clear(&model);
  base_buffer_clear(&file);
  builder_clear(&b);
}

/* One sigmoid output is two classes; softmax of the two is that sigmoid. */
static void test_one_sigmoid(void **state) {
  (void)state;
  builder b;
  network_model model;
  onnx_import_report report;
  double outputs[2], rows[50 * 4];
  net_seed = 7;
  builder_init(&b, 13);
  builder_input(&b, "x", "N,4");
  weights(&b, "w", "4,1", 4, 1.0);
  builder_node(&b, "MatMul:x,w:z", NULL);
  builder_node(&b, "Sigmoid:z:y", NULL);
  builder_output(&b, "y");
  base_buffer file = builder_file(&b);
  random_rows(rows, 200);
  assert_int_equal(import(&model, &report, &file, rows, 50), CKKS_OK);
  assert_int_equal(model.n_classes, 2);
  assert_int_equal(report.n_changed, 0);
  assert_non_null(strstr(report.left, "Sigmoid"));
  assert_true(model.meaning.end == ENCODING_END_SOFTMAX && model.meaning.kind == ENCODING_CLASSES);
  for (int r = 0; r < 50; r++) {
    double want[1];
    oracle(want, &file, rows + 4 * r);
    network_forward_rows(outputs, rows + 4 * r, 1, &model);
    encoding_meaning_finish(outputs, 1, 2, model.meaning.end);
    assert_true(fabs(outputs[1] - 1.0 / (1.0 + exp(-want[0]))) < 1e-9);
  }
  network_clear(&model);
  base_buffer_clear(&file);
  builder_clear(&b);
}

static void test_memory(void **state) {
  (void)state;
  size_t n_features;
  double rows[4 * 512];
  net_seed = 3;
  base_buffer file = random_net(&n_features);
  random_rows(rows, 4 * n_features);
  ckks_status status = CKKS_ERROR_MEMORY;
  for (long k = 1; status != CKKS_OK; k = k < 200 ? k + 1 : k + k / 7) {
    network_model model;
    onnx_import_report report;
    base_alloc_fail_at(k);
    status = import(&model, &report, &file, rows, 4);
    base_alloc_fail_at(0);
    assert_true(status == CKKS_OK || status == CKKS_ERROR_MEMORY);
    network_clear(&model);
  }
  base_buffer_clear(&file);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_random_networks), cmocka_unit_test(test_gather),
      cmocka_unit_test(test_activations),     cmocka_unit_test(test_refusals),
      cmocka_unit_test(test_branches),        cmocka_unit_test(test_scikit_learn),
      cmocka_unit_test(test_one_sigmoid),     cmocka_unit_test(test_memory),
      cmocka_unit_test(test_residue),         cmocka_unit_test(test_signal),
      cmocka_unit_test(test_all_outputs),     cmocka_unit_test(test_wide_convolutions)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
