/* SPDX-License-Identifier: Apache-2.0 */
/* Products with matrices, normalisation, and scikit-learn's operators, against their formulas. */
#include "onnx/running.h"

static double x[120], w[120];

static int set_up(void **state) {
  (void)state;
  fill(x, 120, 0.2);
  fill(w, 120, 5.3);
  return 0;
}

/* ------------------------------------------------------------------- MatMul */

static void check_matmul(const char *in, const char *weights, size_t n_weights, const char *out,
                         const double *want) {
  builder b = begin(in);
  builder_floats(&b, "w", weights, w, n_weights);
  builder_node(&b, "MatMul:x,w:y", NULL);
  assert_tensor(&b, x, out, want);
}

/* Sum over k of x[at + k] w[from + k step]. */
static double row_by_column(size_t at, size_t from, size_t step, size_t n) {
  double sum = 0.0;
  for (size_t k = 0; k < n; k++)
    sum += x[at + k] * w[from + k * step];
  return sum;
}

static void test_matmul_vectors(void **state) {
  (void)state;
  double want[8];
  want[0] = row_by_column(0, 0, 1, 5);
  check_matmul("5", "5", 5, "", want);
  for (size_t j = 0; j < 3; j++)
    want[j] = row_by_column(0, j, 3, 4);
  check_matmul("4", "4,3", 12, "3", want);
  for (size_t i = 0; i < 3; i++)
    want[i] = row_by_column(4 * i, 0, 1, 4);
  check_matmul("3,4", "4", 4, "3", want);
  /* A vector goes with every matrix of a batch, from either side. */
  for (size_t i = 0; i < 6; i++)
    want[i] = row_by_column(0, i / 3 * 6 + i % 3, 3, 2);
  check_matmul("2", "2,2,3", 12, "2,3", want);
  for (size_t i = 0; i < 6; i++)
    want[i] = row_by_column(2 * i, 0, 1, 2);
  check_matmul("2,3,2", "2", 2, "2,3", want);
}

/* Batches a by b of 2x3 matrices with c by d of 3x2: repeated where there is one. */
static void check_batches(int a, int b, int c, int d, const char *in, const char *weights,
                          const char *out) {
  double want[64];
  int rows = a > c ? a : c, columns = b > d ? b : d, n = 0;
  for (int i = 0; i < rows; i++)
    for (int j = 0; j < columns; j++)
      for (int row = 0; row < 2; row++)
        for (int column = 0; column < 2; column++) {
          int left = (a > 1 ? i : 0) * b + (b > 1 ? j : 0);
          int right = (c > 1 ? i : 0) * d + (d > 1 ? j : 0);
          want[n++] =
              row_by_column((size_t)(6 * left + 3 * row), (size_t)(6 * right + column), 2, 3);
        }
  check_matmul(in, weights, (size_t)(6 * c * d), out, want);
}

static void test_matmul_batches(void **state) {
  (void)state;
  check_batches(1, 1, 1, 1, "2,3", "3,2", "2,2");
  check_batches(1, 3, 1, 1, "3,2,3", "3,2", "3,2,2");
  check_batches(1, 1, 1, 3, "2,3", "3,3,2", "3,2,2");
  check_batches(2, 3, 2, 3, "2,3,2,3", "2,3,3,2", "2,3,2,2");
  check_batches(2, 1, 1, 3, "2,1,2,3", "1,3,3,2", "2,3,2,2");
  check_batches(1, 3, 2, 1, "3,2,3", "2,1,3,2", "2,3,2,2");
  check_batches(2, 3, 1, 3, "2,3,2,3", "3,3,2", "2,3,2,2");
}

static void refuse_matmul(const char *in, const char *weights, size_t n, const char *text) {
  builder b = begin(in);
  builder_floats(&b, "w", weights, w, n);
  builder_node(&b, "MatMul:x,w:y", NULL);
  refuse(&b, x, text);
}

static void test_matmul_refusals(void **state) {
  (void)state;
  refuse_matmul("2,3", "2,3", 6, "3 columns on the left, 2 rows on the right");
  refuse_matmul("3", "2", 2, "3 columns on the left, 2 rows on the right");
  refuse_matmul("2,2,3", "3,3,2", 18, "batches of 2 and of 3 matrices");
  refuse_matmul("3", "", 1, "a scalar where a matrix is needed");
}

/* --------------------------------------------------------------------- Gemm */

/* alpha op(x) op(w) + beta c for 2x3 by 3x4, all ways to give c. */
static void test_gemm(void **state) {
  (void)state;
  static const struct {
    const char *shape;
    int rows, columns; /* of c */
  } biases[] = {{NULL, 0, 0},  {"", 1, 1},    {"1", 1, 1},   {"4", 1, 4},
                {"1,4", 1, 4}, {"2,1", 2, 1}, {"2,4", 2, 4}, {"1,1", 1, 1}};
  static const double c[8] = {10, -20, 30, -40, 50, -60, 70, -80};
  for (int way = 0; way < 4; way++)
    for (size_t k = 0; k < sizeof biases / sizeof biases[0]; k++) {
      int ta = way & 1, tb = way >> 1;
      double want[8];
      for (int i = 0; i < 2; i++)
        for (int j = 0; j < 4; j++) {
          double sum = 0.0;
          for (int inner = 0; inner < 3; inner++)
            sum += x[ta ? 2 * inner + i : 3 * i + inner] * w[tb ? 3 * j + inner : 4 * inner + j];
          want[4 * i + j] = 1.5 * sum;
          if (biases[k].shape != NULL)
            want[4 * i + j] += -0.25 * c[(biases[k].rows > 1 ? i : 0) * biases[k].columns +
                                         (biases[k].columns > 1 ? j : 0)];
        }
      builder b = begin(ta ? "3,2" : "2,3");
      builder_floats(&b, "w", tb ? "4,3" : "3,4", w, 12);
      if (biases[k].shape != NULL)
        builder_floats(&b, "c", biases[k].shape, c, (size_t)(biases[k].rows * biases[k].columns));
      builder_node(&b, biases[k].shape != NULL ? "Gemm:x,w,c:y" : "Gemm:x,w:y",
                   ta ? "transA=1" : "transA=0", tb ? "transB=1" : "transB=0", "alpha=1.5f",
                   "beta=-0.25f", NULL);
      assert_tensor(&b, x, "2,4", want);
    }
}

static void test_gemm_of_nothing_and_refusals(void **state) {
  (void)state;
  /* An inner dimension of 0: c alone. */
  builder b = begin("2,0");
  builder_floats(&b, "w", "0,2", NULL, 0);
  builder_floats(&b, "c", "2", (const double[]){3, 4}, 2);
  builder_node(&b, "Gemm:x,w,c:y", NULL);
  assert_tensor(&b, x, "2,2", (const double[]){3, 4, 3, 4});
  static const struct {
    const char *in, *weights, *bias, *attribute, *text;
    size_t n, n_bias;
  } cases[] = {{"2,3", "2,3", "1", NULL, "are not matrices that go together", 6, 1},
               {"2,3", "3,2", "1", "transB=1", "are not matrices that go together", 6, 1},
               {"2,3,1", "3,2", "1", NULL, "are not matrices that go together", 6, 1},
               {"2,3", "3,2", "3", NULL, "its third operand does not fit 2 x 2", 6, 3},
               {"2,3", "3,2", "3,2", NULL, "its third operand does not fit 2 x 2", 6, 6},
               {"2,3", "3,2", "1,1,2", NULL, "its third operand does not fit 2 x 2", 6, 2}};
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    b = begin(cases[i].in);
    builder_floats(&b, "w", cases[i].weights, w, cases[i].n);
    builder_floats(&b, "c", cases[i].bias, w, cases[i].n_bias);
    builder_node(&b, "Gemm:x,w,c:y", cases[i].attribute, NULL);
    refuse(&b, x, cases[i].text);
  }
}

/* ------------------------------------------------------- BatchNormalization */

static builder normalisation(int opset, const char *in, const char *node, const char *one,
                             const char *two) {
  builder b = begin_at(opset, in);
  builder_floats(&b, "s", "3", (const double[]){2, -1, 0.5}, 3);
  builder_floats(&b, "t", "3", (const double[]){1, 0, -3}, 3);
  builder_floats(&b, "m", "3", (const double[]){0.25, 1, -2}, 3);
  builder_floats(&b, "v", "3", (const double[]){4, 0.25, 9}, 3);
  builder_node(&b, node, one, two, NULL);
  return b;
}

static void test_batch_normalisation(void **state) {
  (void)state;
  static const double scale[3] = {2, -1, 0.5}, shift[3] = {1, 0, -3}, mean[3] = {0.25, 1, -2};
  static const double variance[3] = {4, 0.25, 9};
  static const char node[] = "BatchNormalization:x,s,t,m,v:y";
  static const struct {
    const char *in, *epsilon;
    int n, inner, opset;
    double value;
  } cases[] = {{"4,3", NULL, 12, 1, 13, 1e-5},
               {"2,3,5", "epsilon=0.5f", 30, 5, 9, 0.5},
               {"1,3,2,4", "epsilon=0.0f", 24, 8, 14, 0},
               {"2,3,1,2,2", NULL, 24, 4, 7, 1e-5},
               {"2,3,0", NULL, 0, 1, 15, 1e-5}};
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    double want[32];
    for (int k = 0; k < cases[i].n; k++) {
      int c = k / cases[i].inner % 3;
      want[k] = scale[c] * (x[k] - mean[c]) / sqrt(variance[c] + cases[i].value) + shift[c];
    }
    builder b = normalisation(cases[i].opset, cases[i].in, node, cases[i].epsilon, NULL);
    assert_tensor(&b, x, cases[i].in, want);
  }
  builder b = normalisation(14, "4,3", node, "training_mode=1", NULL);
  refuse(&b, x, "it is in training mode; export the model for inference");
  b = normalisation(9, "4,3", "BatchNormalization:x,s,t,m,v:y,u", NULL, NULL);
  refuse(&b, x, "it is in training mode");
  b = normalisation(13, "3,4", node, NULL, NULL);
  refuse(&b, x, "3 numbers for 4 channels");
}

/* ------------------------------------------------------------- scikit-learn */

static void test_scaler(void **state) {
  (void)state;
  double want[6];
  static const double offset[3] = {1, -2, 0.5}, scale[3] = {2, 0.25, -1};
  for (int i = 0; i < 6; i++)
    want[i] = (x[i] - offset[i % 3]) * scale[i % 3];
  builder b = begin("2,3");
  builder_node(&b, "ai.onnx.ml/Scaler:x:y", "offset=1,-2,0.5f", "scale=2,0.25,-1f", NULL);
  assert_tensor(&b, x, "2,3", want);
  b = begin("3");
  builder_node(&b, "ai.onnx.ml/Scaler:x:y", "offset=1,-2,0.5f", "scale=2,0.25,-1f", NULL);
  assert_tensor(&b, x, "3", want);
  for (int i = 0; i < 6; i++)
    want[i] = (x[i] - 1.5) * 4;
  b = begin("2,3");
  builder_node(&b, "ai.onnx.ml/Scaler:x:y", "offset=1.5,f", "scale=4,f", NULL);
  assert_tensor(&b, x, "2,3", want);
  b = begin("2,3");
  builder_node(&b, "ai.onnx.ml/Scaler:x:y", NULL);
  assert_tensor(&b, x, "2,3", x);
  b = begin("2,3");
  builder_node(&b, "ai.onnx.ml/Scaler:x:y", "offset=1,2f", NULL);
  refuse(&b, x, "2 offsets and 0 scales for 3 columns");
  b = begin("2,3,1");
  builder_node(&b, "ai.onnx.ml/Scaler:x:y", NULL);
  refuse(&b, x, "a table is needed: rows and columns");
}

#define COEFFICIENTS "coefficients=1,2,-1,0,0.5,3f" /* two scores of three columns */

static void scores(double *out, int rows) {
  static const double c[6] = {1, 2, -1, 0, 0.5, 3};
  for (int i = 0; i < 2 * rows; i++) {
    out[i] = i % 2 == 0 ? 0.25 : -1;
    for (int k = 0; k < 3; k++)
      out[i] += c[3 * (i % 2) + k] * x[3 * (i / 2) + k];
  }
}

static void test_regressor(void **state) {
  (void)state;
  double want[8];
  scores(want, 4);
  builder b = begin("4,3");
  builder_node(&b, "ai.onnx.ml/LinearRegressor:x:y", COEFFICIENTS, "intercepts=0.25,-1f",
               "targets=2", NULL);
  assert_tensor(&b, x, "4,2", want);
  for (int i = 0; i < 8; i++)
    want[i] -= i % 2 == 0 ? 0.25 : -1;
  b = begin("4,3");
  builder_node(&b, "ai.onnx.ml/LinearRegressor:x:y", COEFFICIENTS, "post_transform=NONE", NULL);
  assert_tensor(&b, x, "4,2", want);
  b = begin("4,3");
  builder_node(&b, "ai.onnx.ml/LinearRegressor:x:y", NULL);
  refuse(&b, x, "its coefficients are not targets of 3 columns");
  b = begin("3,4");
  builder_node(&b, "ai.onnx.ml/LinearRegressor:x:y", COEFFICIENTS, NULL);
  refuse(&b, x, "its coefficients are not targets of 4 columns");
  b = begin("4,3");
  builder_node(&b, "ai.onnx.ml/LinearRegressor:x:y", COEFFICIENTS, "intercepts=1,2,3f", NULL);
  refuse(&b, x, "3 intercepts for 2 targets");
  b = begin("4,3");
  builder_node(&b, "ai.onnx.ml/LinearRegressor:x:y", COEFFICIENTS, "post_transform=PROBIT", NULL);
  refuse(&b, x, "post_transform \"PROBIT\", which is not supported");
}

static void test_classifier(void **state) {
  (void)state;
  static const char *const transforms[3] = {"post_transform=NONE", "post_transform=LOGISTIC",
                                            "post_transform=SOFTMAX"};
  double raw[10], want[10], labels[5];
  scores(raw, 5);
  for (int i = 0; i < 5; i++)
    labels[i] = raw[2 * i + 1] > raw[2 * i] ? -7 : 12;
  for (int way = 0; way < 3; way++) {
    for (int i = 0; i < 10; i++) {
      double other = raw[i ^ 1];
      want[i] = way == 0   ? raw[i]
                : way == 1 ? 0.5 * (1.0 + tanh(0.5 * raw[i]))
                           : 1.0 / (1.0 + exp(other - raw[i]));
    }
    builder b = begin("5,3");
    builder_node(&b, "ai.onnx.ml/LinearClassifier:x:label,y", COEFFICIENTS, "intercepts=0.25,-1f",
                 "classlabels_ints=12,-7", transforms[way], NULL);
    assert_tensor(&b, x, "5,2", want);
    b = begin("5,3");
    builder_node(&b, "ai.onnx.ml/LinearClassifier:x:y,z", COEFFICIENTS, "intercepts=0.25,-1f",
                 "classlabels_ints=12,-7", transforms[way], NULL);
    assert_tensor(&b, x, "5", labels);
  }
  /* Labels that are texts: their index. ZipMap names scores and changes none. */
  for (int i = 0; i < 5; i++)
    labels[i] = labels[i] < 0 ? 1 : 0;
  builder b = begin("5,3");
  builder_node(&b, "ai.onnx.ml/LinearClassifier:x:y,z", COEFFICIENTS, "intercepts=0.25,-1f", NULL);
  assert_tensor(&b, x, "5", labels);
  b = begin("5,3");
  builder_node(&b, "ai.onnx.ml/LinearClassifier:x:l,z", COEFFICIENTS, "intercepts=0.25,-1f", NULL);
  builder_node(&b, "ai.onnx.ml/ZipMap:z:y", NULL);
  assert_tensor(&b, x, "5,2", raw);
  b = begin("2,6");
  builder_node(&b, "ai.onnx.ml/LinearClassifier:x:l,y", COEFFICIENTS, NULL);
  refuse(&b, x, "one score only; export the classifier with one a class");
  b = begin("5,3");
  builder_node(&b, "ai.onnx.ml/LinearClassifier:x:y", COEFFICIENTS, NULL);
  refuse(&b, x, "its scores are not given out");
}

static void test_normalizer(void **state) {
  (void)state;
  static const double rows[6] = {3, -4, 0, 0, 0, 0};
  static const struct {
    const char *norm;
    double size;
  } cases[] = {{"norm=MAX", 4}, {"norm=L1", 7}, {"norm=L2", 5}};
  for (int i = 0; i < 3; i++) {
    double want[6] = {3 / cases[i].size, -4 / cases[i].size};
    builder b = begin("2,3");
    builder_node(&b, "ai.onnx.ml/Normalizer:x:y", cases[i].norm, NULL);
    assert_tensor(&b, rows, "2,3", want);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_matmul_vectors),
                                     cmocka_unit_test(test_matmul_batches),
                                     cmocka_unit_test(test_matmul_refusals),
                                     cmocka_unit_test(test_gemm),
                                     cmocka_unit_test(test_gemm_of_nothing_and_refusals),
                                     cmocka_unit_test(test_batch_normalisation),
                                     cmocka_unit_test(test_scaler),
                                     cmocka_unit_test(test_regressor),
                                     cmocka_unit_test(test_classifier),
                                     cmocka_unit_test(test_normalizer)};
  return cmocka_run_group_tests(tests, set_up, NULL);
}
