/* SPDX-License-Identifier: Apache-2.0 */
/* Operators on small tensors whose results are known, and convolutions against the definition. */
#include "onnx/running.h"

static const double counting[24] = {0,  1,  2,  3,  4,  5,  6,  7,  8,  9,  10, 11,
                                    12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23};

/* y[o][i][j] = sum over the window, as the definition has it. */
static void naive_conv(double *y, const double *x, const double *w, int side, int k, int stride,
                       int dilation, int pad, int out_side, int channels, int outs, int groups) {
  for (int o = 0; o < outs; o++)
    for (int i = 0; i < out_side; i++)
      for (int j = 0; j < out_side; j++) {
        double sum = 0.0;
        for (int c = 0; c < channels / groups; c++)
          for (int u = 0; u < k; u++)
            for (int v = 0; v < k; v++) {
              int row = i * stride - pad + u * dilation, column = j * stride - pad + v * dilation;
              int channel = o / (outs / groups) * (channels / groups) + c;
              if (row >= 0 && row < side && column >= 0 && column < side)
                sum += x[(channel * side + row) * side + column] *
                       w[((o * (channels / groups) + c) * k + u) * k + v];
            }
        y[(o * out_side + i) * out_side + j] = sum;
      }
}

static void test_conv(void **state) {
  (void)state;
  double x[4 * 81], w[4 * 4 * 9], want[4 * 144];
  for (int i = 0; i < 4 * 81; i++)
    x[i] = sin(i * 0.7);
  for (int i = 0; i < 4 * 4 * 9; i++)
    w[i] = (float)cos(i * 1.3);
  for (int stride = 1; stride <= 3; stride++)
    for (int dilation = 1; dilation <= 2; dilation++)
      for (int pad = 0; pad <= 2; pad++)
        for (int groups = 1; groups <= 4; groups *= 2) {
          int side = 9, k = 3, out = (side + 2 * pad - (k - 1) * dilation - 1) / stride + 1;
          char text[4][64], kernel[32];
          builder b = begin("1,4,9,9");
          snprintf(kernel, sizeof kernel, "4,%d,3,3", 4 / groups);
          builder_floats(&b, "w", kernel, w, (size_t)(4 * 4 / groups * 9));
          snprintf(text[0], sizeof text[0], "strides=%d,%d", stride, stride);
          snprintf(text[1], sizeof text[1], "dilations=%d,%d", dilation, dilation);
          snprintf(text[2], sizeof text[2], "pads=%d,%d,%d,%d", pad, pad, pad, pad);
          snprintf(text[3], sizeof text[3], "group=%d", groups);
          builder_node(&b, "Conv:x,w:y", text[0], text[1], text[2], text[3], NULL);
          naive_conv(want, x, w, side, k, stride, dilation, pad, out, 4, 4, groups);
          assert_values(&b, x, 4, want, (size_t)(4 * out * out));
        }
}

static void test_linear(void **state) {
  (void)state;
  const double w[6] = {1, 2, 3, 4, 5, 6}, c[3] = {10, 20, 30};
  builder b = begin("2,3");
  builder_floats(&b, "w", "3,2", w, 6);
  builder_node(&b, "MatMul:x,w:y", NULL);
  assert_values(&b, counting, 2, (const double[]){13, 16, 40, 52}, 4);
  b = begin("2,2");
  builder_floats(&b, "w", "3,2", w, 6);
  builder_floats(&b, "c", "3", c, 3);
  builder_node(&b, "Gemm:x,w,c:y", "transB=1", "alpha=2.0f", "beta=0.5f", NULL);
  assert_values(&b, counting, 2, (const double[]){9, 18, 27, 21, 46, 71}, 6);
  b = begin("1,2,2");
  builder_floats(&b, "s", "2", (const double[]){2, 4}, 2);
  builder_floats(&b, "t", "2", (const double[]){1, -1}, 2);
  builder_floats(&b, "m", "2", (const double[]){0.5, 1}, 2);
  builder_floats(&b, "v", "2", (const double[]){3, 15}, 2);
  builder_node(&b, "BatchNormalization:x,s,t,m,v:y", "epsilon=1.0f", NULL);
  assert_values(&b, counting, 3, (const double[]){0.5, 1.5, 0, 1}, 4);
}

static void test_moves(void **state) {
  (void)state;
  builder b = begin("2,3");
  builder_node(&b, "Transpose:x:y", NULL);
  assert_values(&b, counting, 2, (const double[]){0, 3, 1, 4, 2, 5}, 6);
  b = begin("2,3");
  builder_ints(&b, "p", 4, (const int64_t[]){0, 1, 1, -1});
  builder_node(&b, "Pad:x,p:y", NULL);
  assert_values(&b, counting, 2, (const double[]){0, 0, 1, 0, 3, 4, 0, 0, 0}, 9);
  b = begin("1,4");
  builder_ints(&b, "p", 4, (const int64_t[]){0, 2, 0, 1});
  builder_node(&b, "Pad:x,p:y", "mode=reflect", NULL);
  assert_values(&b, counting, 2, (const double[]){2, 1, 0, 1, 2, 3, 2}, 7);
  b = begin("2,4");
  builder_ints(&b, "s", 2, (const int64_t[]){0, -1});
  builder_ints(&b, "e", 2, (const int64_t[]){1, INT64_MIN});
  builder_ints(&b, "a", 2, (const int64_t[]){0, 1});
  builder_ints(&b, "j", 2, (const int64_t[]){1, -2});
  builder_node(&b, "Slice:x,s,e,a,j:y", NULL);
  assert_values(&b, counting, 2, (const double[]){3, 1}, 2);
  b = begin("2,3");
  builder_ints(&b, "i", 2, (const int64_t[]){2, -3});
  builder_node(&b, "Gather:x,i:y", "axis=1", NULL);
  assert_values(&b, counting, 2, (const double[]){2, 0, 5, 3}, 4);
  b = begin("2,4");
  builder_node(&b, "Split:x:p,q", "axis=1", NULL);
  builder_node(&b, "Concat:q,p,q:y", "axis=1", NULL);
  assert_values(&b, counting, 2, (const double[]){2, 3, 0, 1, 2, 3, 6, 7, 4, 5, 6, 7}, 12);
  b = begin("2,1");
  builder_ints(&b, "s", 3, (const int64_t[]){2, 1, 2});
  builder_node(&b, "Expand:x,s:y", NULL);
  assert_values(&b, counting, 3, (const double[]){0, 0, 1, 1, 0, 0, 1, 1}, 8);
}

static void test_windows_and_sums(void **state) {
  (void)state;
  builder b = begin("1,1,3,3");
  builder_node(&b, "AveragePool:x:y", "kernel_shape=2,2", NULL);
  assert_values(&b, counting, 4, (const double[]){2, 3, 5, 6}, 4);
  b = begin("1,1,3,3");
  builder_node(&b, "AveragePool:x:y", "kernel_shape=2,2", "strides=2,2", "pads=1,1,0,0",
               "count_include_pad=1", NULL);
  assert_values(&b, counting, 4, (const double[]){0, 0.75, 2.25, 6}, 4);
  b = begin("1,2,2,2");
  builder_node(&b, "GlobalAveragePool:x:y", NULL);
  assert_values(&b, counting, 4, (const double[]){1.5, 5.5}, 2);
  b = begin("2,3,2");
  builder_node(&b, "ReduceMean:x:y", "axes=0,2", "keepdims=0", NULL);
  assert_values(&b, counting, 1, (const double[]){3.5, 5.5, 7.5}, 3);
  b = begin("2,3");
  builder_node(&b, "ArgMax:x:y", "axis=1", NULL);
  assert_values(&b, (const double[]){1, 5, 2, 7, 7, 0}, 2, (const double[]){1, 0}, 2);
  b = begin("1,2");
  builder_node(&b, "Softmax:x:y", NULL);
  assert_values(&b, (const double[]){0, log(3)}, 2, (const double[]){0.25, 0.75}, 2);
}

static void test_refusals(void **state) {
  (void)state;
  builder b = begin("2,3");
  builder_node(&b, "MatMul:x,x:y", NULL);
  refuse(&b, counting, "node 0 (MatMul): 3 columns on the left, 2 rows on the right");
  b = begin("2,3");
  builder_ints(&b, "s", 2, (const int64_t[]){4, -1});
  builder_node(&b, "Reshape:x,s:y", NULL);
  refuse(&b, counting, "6 numbers do not fill rows of 4");
  b = begin("2,3");
  builder_node(&b, "Softmax:x:y", "axis=2", NULL);
  refuse(&b, counting, "axis 2 of a tensor of 2 dimensions");
  b = begin("1,1,2,2");
  builder_floats(&b, "w", "1,1,3,3", counting, 9);
  builder_node(&b, "Conv:x,w:y", NULL);
  refuse(&b, counting, "its window is larger than its input");
  b = begin("2,1");
  builder_ints(&b, "s", 3, (const int64_t[]){16777216, 2, 2});
  builder_node(&b, "Expand:x,s:y", NULL);
  refuse(&b, counting, "more than 16777216 numbers");
  b = begin("2");
  builder_node(&b, "Relu::y", NULL);
  refuse(&b, counting, "node 0 (Relu)");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_conv), cmocka_unit_test(test_linear), cmocka_unit_test(test_moves),
      cmocka_unit_test(test_windows_and_sums), cmocka_unit_test(test_refusals)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
