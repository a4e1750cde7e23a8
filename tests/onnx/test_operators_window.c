/* SPDX-License-Identifier: Apache-2.0 */
/* Convolutions and averages in one to three dimensions, against loops over their definition. */
#include "onnx/running.h"

#define MOST 8192

/* All that a window can be told, axis by axis. */
typedef struct shape {
  int n; /* spatial axes */
  int in[3], kernel[3], stride[3], dilation[3], before[3], after[3];
} shape;

static int out_of(const shape *s, int d, int ceiling) {
  int left = s->in[d] + s->before[d] + s->after[d] - ((s->kernel[d] - 1) * s->dilation[d] + 1);
  if (!ceiling)
    return left / s->stride[d] + 1;
  /* One more for what is left over, but no window that begins behind the input (PyTorch). */
  int out = (int)ceil((double)left / s->stride[d]) + 1;
  return (out - 1) * s->stride[d] >= s->in[d] + s->before[d] ? out - 1 : out;
}

static int product(const int *dim, int n) {
  int all = 1;
  for (int d = 0; d < n; d++)
    all *= dim[d];
  return all;
}

/* Position in the padded input of a cell of a window; -1: in the padding, -2: behind that, too. */
static int position(const shape *s, const int *out, int at, int cell) {
  int from = 0, step = 1, where = 0;
  for (int d = s->n - 1; d >= 0; d--) {
    int i = at % out[d] * s->stride[d] - s->before[d] + cell % s->kernel[d] * s->dilation[d];
    at /= out[d];
    cell /= s->kernel[d];
    if (i >= s->in[d] + s->after[d])
      where = -2;
    else if ((i < 0 || i >= s->in[d]) && where == 0)
      where = -1;
    from += i * step;
    step *= s->in[d];
  }
  return where < 0 ? where : from;
}

static void write_list(char *text, size_t n, const char *name, const int *one, const int *two,
                       int n_axes) {
  snprintf(text, n, "%s=", name);
  for (int i = 0; i < (two != NULL ? 2 : 1) * n_axes; i++)
    snprintf(text + strlen(text), n - strlen(text), "%d,", i < n_axes ? one[i] : two[i - n_axes]);
}

static void write_shape(char *text, size_t n, int first, int second, const int *dim, int n_dims) {
  snprintf(text, n, "%d,%d", first, second);
  for (int d = 0; d < n_dims; d++)
    snprintf(text + strlen(text), n - strlen(text), ",%d", dim[d]);
}

typedef struct told {
  char in[64], strides[64], dilations[64], pads[64], kernel[64], out[64];
} told;

static told tell(const shape *s, int batch, int channels, int channels_out, const int *out) {
  told t;
  write_shape(t.in, sizeof t.in, batch, channels, s->in, s->n);
  write_shape(t.out, sizeof t.out, batch, channels_out, out, s->n);
  write_list(t.strides, sizeof t.strides, "strides", s->stride, NULL, s->n);
  write_list(t.dilations, sizeof t.dilations, "dilations", s->dilation, NULL, s->n);
  write_list(t.pads, sizeof t.pads, "pads", s->before, s->after, s->n);
  write_list(t.kernel, sizeof t.kernel, "kernel_shape", s->kernel, NULL, s->n);
  return t;
}

/* Two samples through a convolution with biases. */
static void check_conv(const shape *s, int channels, int outs, int groups) {
  static double x[MOST], w[MOST], bias[16], want[MOST];
  int out[3], n_in = product(s->in, s->n), n_kernel = product(s->kernel, s->n);
  int of_group = channels / groups;
  char weights[64], group[32];
  for (int d = 0; d < s->n; d++)
    out[d] = out_of(s, d, 0);
  int n_out = product(out, s->n);
  assert_in_range(2 * outs * n_out, 1, MOST);
  fill(x, (size_t)(2 * channels * n_in), 0.3);
  fill(w, (size_t)(outs * of_group * n_kernel), 1.1);
  fill(bias, (size_t)outs, 2.9);
  for (int i = 0; i < 2 * outs * n_out; i++) {
    int at = i % n_out, o = i / n_out % outs, sample = i / n_out / outs;
    want[i] = bias[o];
    for (int c = 0; c < of_group; c++)
      for (int cell = 0; cell < n_kernel; cell++) {
        int channel = o / (outs / groups) * of_group + c, from = position(s, out, at, cell);
        if (from >= 0)
          want[i] += x[(sample * channels + channel) * n_in + from] *
                     w[(o * of_group + c) * n_kernel + cell];
      }
  }
  told t = tell(s, 2, channels, outs, out);
  builder b = begin(t.in);
  write_shape(weights, sizeof weights, outs, of_group, s->kernel, s->n);
  snprintf(group, sizeof group, "group=%d", groups);
  builder_floats(&b, "w", weights, w, (size_t)(outs * of_group * n_kernel));
  builder_floats(&b, "c", (char[]){(char)('0' + outs), 0}, bias, (size_t)outs);
  builder_node(&b, "Conv:x,w,c:y", t.strides, t.dilations, t.pads, t.kernel, group, NULL);
  assert_tensor(&b, x, t.out, want);
}

static const shape shapes[] = {
    /* one dimension */
    {1, {9}, {3}, {1}, {1}, {0}, {0}},
    {1, {10}, {4}, {3}, {1}, {2}, {1}},
    {1, {11}, {2}, {2}, {5}, {0}, {3}},
    {1, {1}, {1}, {1}, {1}, {0}, {0}},
    {1, {4}, {5}, {1}, {1}, {4}, {4}},
    {1, {16}, {1}, {5}, {1}, {0}, {0}},
    /* two, never square */
    {2, {5, 8}, {2, 3}, {1, 2}, {1, 1}, {0, 1}, {1, 0}},
    {2, {7, 4}, {3, 1}, {2, 1}, {2, 1}, {1, 0}, {2, 0}},
    {2, {3, 9}, {3, 2}, {1, 3}, {1, 4}, {2, 0}, {0, 1}},
    {2, {1, 12}, {1, 5}, {1, 2}, {1, 2}, {0, 4}, {0, 4}},
    /* three */
    {3, {3, 4, 5}, {2, 1, 3}, {1, 2, 2}, {1, 1, 1}, {1, 0, 1}, {0, 1, 2}},
    {3, {4, 3, 6}, {2, 2, 2}, {2, 1, 3}, {2, 2, 1}, {0, 0, 1}, {1, 1, 0}}};

static void test_conv_shapes(void **state) {
  (void)state;
  for (size_t i = 0; i < sizeof shapes / sizeof shapes[0]; i++) {
    check_conv(&shapes[i], 1, 3, 1);
    check_conv(&shapes[i], 3, 2, 1);
    check_conv(&shapes[i], 4, 6, 2); /* groups of several */
    check_conv(&shapes[i], 3, 6, 3); /* depthwise, two results a channel */
  }
}

static void check_average(const shape *s, int ceiling, int padding) {
  static double x[MOST], want[MOST];
  int out[3], n_in = product(s->in, s->n), n_kernel = product(s->kernel, s->n);
  char mode[32], count[32];
  for (int d = 0; d < s->n; d++)
    out[d] = out_of(s, d, ceiling);
  int n_out = product(out, s->n);
  fill(x, (size_t)(6 * n_in), 0.7);
  for (int i = 0; i < 6 * n_out; i++) {
    double sum = 0.0;
    int cells = 0;
    for (int cell = 0; cell < n_kernel; cell++) {
      int from = position(s, out, i % n_out, cell);
      sum += from >= 0 ? x[i / n_out * n_in + from] : 0.0;
      cells += from >= (padding ? -1 : 0);
    }
    want[i] = cells > 0 ? sum / cells : 0.0;
  }
  told t = tell(s, 2, 3, 3, out);
  builder b = begin_at(19, t.in);
  snprintf(mode, sizeof mode, "ceil_mode=%d", ceiling);
  snprintf(count, sizeof count, "count_include_pad=%d", padding);
  builder_node(&b, "AveragePool:x:y", t.strides, t.dilations, t.pads, t.kernel, mode, count, NULL);
  assert_tensor(&b, x, t.out, want);
}

static void test_average_shapes(void **state) {
  (void)state;
  for (size_t i = 0; i < sizeof shapes / sizeof shapes[0]; i++)
    for (int ceiling = 0; ceiling < 2; ceiling++)
      for (int padding = 0; padding < 2; padding++)
        check_average(&shapes[i], ceiling, padding);
}

/* A window of ones on 1, 2, 3 ...: what each automatic padding makes of it, by hand. */
static void test_auto_pad(void **state) {
  (void)state;
  static const double x[6] = {1, 2, 3, 4, 5, 6}, ones[3] = {1, 1, 1};
  static const struct {
    const char *auto_pad, *strides, *dilations, *kernel, *out;
    double want[6];
  } cases[] = {
      {"auto_pad=NOTSET", "strides=1,", "dilations=1,", "1,1,3", "1,1,4", {6, 9, 12, 15}},
      {"auto_pad=VALID", "strides=2,", "dilations=1,", "1,1,3", "1,1,2", {6, 12}},
      {"auto_pad=SAME_UPPER",
       "strides=1,",
       "dilations=1,",
       "1,1,3",
       "1,1,6",
       {3, 6, 9, 12, 15, 11}},
      {"auto_pad=SAME_LOWER",
       "strides=1,",
       "dilations=1,",
       "1,1,3",
       "1,1,6",
       {3, 6, 9, 12, 15, 11}},
      /* An odd number of zeros: the one that is left over goes behind, or in front. */
      {"auto_pad=SAME_UPPER", "strides=1,", "dilations=1,", "1,1,2", "1,1,6", {3, 5, 7, 9, 11, 6}},
      {"auto_pad=SAME_LOWER", "strides=1,", "dilations=1,", "1,1,2", "1,1,6", {1, 3, 5, 7, 9, 11}},
      {"auto_pad=SAME_UPPER", "strides=2,", "dilations=1,", "1,1,3", "1,1,3", {6, 12, 11}},
      {"auto_pad=SAME_LOWER", "strides=2,", "dilations=1,", "1,1,3", "1,1,3", {3, 9, 15}},
      {"auto_pad=SAME_UPPER", "strides=1,", "dilations=2,", "1,1,3", "1,1,6", {4, 6, 9, 12, 8, 10}},
      /* Windows apart from each other need none. */
      {"auto_pad=SAME_UPPER", "strides=4,", "dilations=1,", "1,1,1", "1,1,2", {1, 5}}};
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    size_t n = (size_t)(cases[i].kernel[4] - '0');
    builder b = begin("1,1,6");
    builder_floats(&b, "w", cases[i].kernel, ones, n);
    builder_node(&b, "Conv:x,w:y", cases[i].auto_pad, cases[i].strides, cases[i].dilations, NULL);
    assert_tensor(&b, x, cases[i].out, cases[i].want);
  }
  /* The zeros of an automatic padding are not part of an average. */
  builder b = begin("1,1,6");
  builder_node(&b, "AveragePool:x:y", "kernel_shape=3,", "auto_pad=SAME_UPPER", NULL);
  assert_tensor(&b, x, "1,1,6", (const double[]){1.5, 2, 3, 4, 5, 5.5});
  /* VALID is without padding, whatever else is said. */
  b = begin("1,1,6");
  builder_floats(&b, "w", "1,1,3", ones, 3);
  builder_node(&b, "Conv:x,w:y", "auto_pad=VALID", "pads=1,1", NULL);
  assert_tensor(&b, x, "1,1,4", (const double[]){6, 9, 12, 15});
}

/* The last window of a ceiling: counted by hand, as PyTorch does. */
static void test_ceiling(void **state) {
  (void)state;
  static const double x[5] = {1, 2, 3, 4, 5};
  builder b = begin("1,1,5");
  builder_node(&b, "AveragePool:x:y", "kernel_shape=2,", "strides=2,", "ceil_mode=1", NULL);
  assert_tensor(&b, x, "1,1,3", (const double[]){1.5, 3.5, 5});
  b = begin("1,1,5");
  builder_node(&b, "AveragePool:x:y", "kernel_shape=3,", "strides=3,", "pads=1,1", "ceil_mode=1",
               "count_include_pad=1", NULL);
  assert_tensor(&b, x, "1,1,2", (const double[]){1, 4});
  b = begin("1,1,5");
  builder_node(&b, "AveragePool:x:y", "kernel_shape=1,", "strides=3,", "ceil_mode=1", NULL);
  assert_tensor(&b, x, "1,1,2", (const double[]){1, 4});
}

static void test_global_average(void **state) {
  (void)state;
  double x[48], want[4];
  fill(x, 48, 4.0);
  for (int i = 0; i < 4; i++) {
    want[i] = 0.0;
    for (int k = 0; k < 12; k++)
      want[i] += x[12 * i + k] / 12.0;
  }
  builder b = begin("2,2,12");
  builder_node(&b, "GlobalAveragePool:x:y", NULL);
  assert_tensor(&b, x, "2,2,1", want);
  b = begin("1,4,3,2,2");
  builder_node(&b, "GlobalAveragePool:x:y", NULL);
  assert_tensor(&b, x, "1,4,1,1,1", want);
}

/* What a convolution of x with weights of a shape, and one attribute, is refused with. */
static void refuse_conv(const char *in, const char *weights, const char *attribute,
                        const char *text) {
  static const double numbers[64];
  size_t n = 1;
  for (const char *at = weights; *at != '\0'; at += strcspn(at, ","), at += *at == ',')
    n *= (size_t)strtoll(at, NULL, 10);
  builder b = begin(in);
  builder_floats(&b, "w", weights, numbers, n);
  builder_node(&b, "Conv:x,w:y", attribute, NULL);
  refuse(&b, numbers, text);
}

static void test_refusals(void **state) {
  (void)state;
  static const double numbers[64];
  refuse_conv("1,4,4", "2,3,3", NULL, "4 channels in, 2 out and 1 groups do not fit");
  refuse_conv("1,4,4", "3,2,3", "group=2", "4 channels in, 3 out and 2 groups do not fit");
  refuse_conv("1,4,4", "2,4,3", "group=0", "0 groups do not fit");
  refuse_conv("1,4,4", "2,4,3", "group=-1", "-1 groups do not fit");
  refuse_conv("1,4,4", "2,4,3", "kernel_shape=2,", "kernel_shape is not that of its weights");
  refuse_conv("1,4,4", "2,4,3", "strides=1,1", "2 numbers in \"strides\" where 1 are needed");
  refuse_conv("1,4,4", "2,4,3", "strides=0,", "\"strides\" holds 0");
  refuse_conv("1,4,4", "2,4,3", "dilations=-2,", "\"dilations\" holds -2");
  refuse_conv("1,4,4", "2,4,3", "dilations=2,", "its window is larger than its input");
  refuse_conv("1,4,4", "2,4,3", "pads=1,", "1 numbers in \"pads\" where 2 are needed");
  refuse_conv("1,4,4", "2,4,3", "pads=-1,0", "\"pads\" holds -1");
  refuse_conv("1,4,4", "2,4,3", "pads=0,99999999", "\"pads\" holds 99999999");
  refuse_conv("1,4,4", "2,4,3", "auto_pad=SAME", "auto_pad \"SAME\"");
  refuse_conv("1,4,4", "2,4,0", NULL, "a window of 0");
  refuse_conv("4,4", "2,4", NULL, "its operands have 2 and 2 dimensions");
  refuse_conv("1,4,4", "2,4,1,1", NULL, "its operands have 3 and 4 dimensions");
  builder b = begin("1,1,4");
  builder_floats(&b, "w", "2,1,1", numbers, 2);
  builder_floats(&b, "c", "3", numbers, 3);
  builder_node(&b, "Conv:x,w,c:y", NULL);
  refuse(&b, numbers, "3 biases for 2 channels");
  b = begin("2,4");
  builder_node(&b, "AveragePool:x:y", "kernel_shape=2,", NULL);
  refuse(&b, numbers, "its operand has 2 dimensions");
  b = begin("2,4");
  builder_node(&b, "GlobalAveragePool:x:y", NULL);
  refuse(&b, numbers, "its operand has 2 dimensions");
  b = begin("1,1,2,2");
  builder_node(&b, "AveragePool:x:y", "kernel_shape=9000000,9000000", NULL);
  refuse(&b, numbers, "a window of more than");
  b = begin("1,1,4");
  builder_node(&b, "AveragePool:x:y", NULL);
  refuse(&b, numbers, "kernel_shape");
}

/* Operators that there is something else for. */
static void test_instead(void **state) {
  (void)state;
  static const char *const cases[][2] = {
      {"ConvTranspose:x,w:y", "use Conv, or a Gemm of the same map"},
      {"MaxPool:x:y", "use AveragePool"},
      {"GlobalMaxPool:x:y", "use GlobalAveragePool"},
      {"LSTM:x:y", "use a convolution over time"},
      {"Where:x,w,w:y", "use a mask that is multiplied"},
      {"ai.onnx.ml/SVMClassifier:x:y", "use LinearClassifier or a network"},
      {"ai.onnx.ml/TreeEnsembleRegressor:x:y", "trees compare"},
      {"Invented:x:y", "express it by the operators in docs/onnx.md"},
      {"org.example/Relu:x:y", "express it by the operators in docs/onnx.md"}};
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    onnx_graph graph;
    builder b = begin("1,1,4");
    builder_floats(&b, "w", "1,1,1", (const double[]){1}, 1);
    builder_node(&b, cases[i][0], NULL);
    builder_output(&b, "y");
    base_buffer file = builder_file(&b);
    assert_int_equal(onnx_graph_read(&graph, file.bytes, file.n_bytes, "test"), CKKS_OK);
    onnx_fold fold;
    assert_int_equal(onnx_fold_init(&fold, &graph, NULL), CKKS_ERROR_FORMAT);
    if (strstr(base_last_error(), cases[i][1]) == NULL)
      fail_msg("\"%s\" does not say \"%s\"", base_last_error(), cases[i][1]);
    assert_non_null(strstr(base_last_error(), "this operator is not supported"));
    onnx_graph_clear(&graph);
    base_buffer_clear(&file);
    builder_clear(&b);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_conv_shapes),    cmocka_unit_test(test_average_shapes),
      cmocka_unit_test(test_auto_pad),       cmocka_unit_test(test_ceiling),
      cmocka_unit_test(test_global_average), cmocka_unit_test(test_refusals),
      cmocka_unit_test(test_instead)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
