/* SPDX-License-Identifier: Apache-2.0 */
/* Functions of elements, broadcasting, sums over axes and what ends a network. */
#include "onnx/running.h"

static const double points[9] = {-6, -2, -1, -0.25, 0, 0.25, 1, 2, 6};

/* Each function once more, said differently where that is possible. */
static double sigmoid(double v) {
  return 0.5 * (1.0 + tanh(0.5 * v));
}
static double clamp(double v, double least, double most) {
  return v < least ? least : v > most ? most : v;
}
static double expected(const char *name, double v) {
  bool positive = v > 0.0;
  if (strcmp(name, "Abs") == 0)
    return positive ? v : -v;
  if (strcmp(name, "Celu") == 0) /* alpha 2 */
    return positive ? v : 2 * (exp(v / 2) - 1);
  if (strcmp(name, "Elu") == 0) /* alpha 1.5 */
    return positive ? v : 1.5 * (exp(v) - 1);
  if (strcmp(name, "Erf") == 0)
    return 1.0 - erfc(v);
  if (strcmp(name, "HardSigmoid") == 0) /* 0.5 v + 0.25 */
    return clamp(0.5 * v + 0.25, 0, 1);
  if (strcmp(name, "HardSwish") == 0)
    return v * clamp(v + 3, 0, 6) / 6;
  if (strcmp(name, "LeakyRelu") == 0) /* alpha 0.125 */
    return positive ? v : 0.125 * v;
  if (strcmp(name, "Selu") == 0) /* alpha 2, gamma 3 */
    return positive ? 3 * v : 6 * (exp(v) - 1);
  if (strcmp(name, "Sigmoid") == 0)
    return sigmoid(v);
  if (strcmp(name, "Softplus") == 0)
    return log(1.0 + exp(v));
  if (strcmp(name, "Softsign") == 0)
    return v / (1.0 + (positive ? v : -v));
  if (strcmp(name, "Tanh") == 0)
    return 2.0 * sigmoid(2.0 * v) - 1.0;
  if (strcmp(name, "ThresholdedRelu") == 0) /* alpha 1 */
    return v > 1 ? v : 0;
  if (strcmp(name, "Relu") == 0)
    return positive ? v : 0;
  if (strcmp(name, "Exp") == 0)
    return pow(exp(1.0), v);
  if (strcmp(name, "Neg") == 0)
    return 0.0 - v;
  if (strcmp(name, "Sin") == 0)
    return cos(v - acos(0.0));
  if (strcmp(name, "Cos") == 0)
    return sin(v + acos(0.0));
  return v;
}

static void test_functions(void **state) {
  (void)state;
  static const char *const cases[][3] = {{"Abs"},
                                         {"Celu", "alpha=2.0f"},
                                         {"Elu", "alpha=1.5f"},
                                         {"Erf"},
                                         {"HardSigmoid", "alpha=0.5f", "beta=0.25f"},
                                         {"HardSwish"},
                                         {"LeakyRelu", "alpha=0.125f"},
                                         {"Selu", "alpha=2.0f", "gamma=3.0f"},
                                         {"Sigmoid"},
                                         {"Softplus"},
                                         {"Softsign"},
                                         {"Tanh"},
                                         {"ThresholdedRelu"},
                                         {"Relu"},
                                         {"Exp"},
                                         {"Neg"},
                                         {"Sin"},
                                         {"Cos"},
                                         {"Identity"},
                                         {"Dropout"}};
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    double want[9];
    char node[32];
    for (int k = 0; k < 9; k++)
      want[k] = expected(cases[i][0], points[k]);
    snprintf(node, sizeof node, "%s:x:y", cases[i][0]);
    builder b = begin("3,1,3");
    builder_node(&b, node, cases[i][1], cases[i][2], NULL);
    assert_tensor(&b, points, "3,1,3", want);
  }
}

/* What the attributes are when nobody gives them: the constants of the specification. */
static void test_defaults(void **state) {
  (void)state;
  static const struct {
    const char *node;
    double x, want;
  } cases[] = {{"Elu:x:y", -1, -0.63212055882855767},
               {"Celu:x:y", -1, -0.63212055882855767},
               {"HardSigmoid:x:y", 1, 0.7},
               {"HardSigmoid:x:y", 3, 1},
               {"HardSigmoid:x:y", -3, 0},
               {"LeakyRelu:x:y", -3, -0.03},
               {"Selu:x:y", -1, -1.1113307378125625},
               {"Selu:x:y", 1, 1.0507009873554805},
               {"ThresholdedRelu:x:y", 1, 0},
               {"Erf:x:y", 1, 0.84270079294971489},
               {"Log:x:y", 2.5, 0.91629073187415511},
               {"Sqrt:x:y", 2.25, 1.5},
               {"Reciprocal:x:y", -0.125, -8},
               {"Softplus:x:y", 50, 50},
               {"Softplus:x:y", -50, 1.9287498479639178e-22}};
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    builder b = begin("1");
    builder_node(&b, cases[i].node, NULL);
    assert_tensor(&b, &cases[i].x, "1", &cases[i].want);
  }
}

/* ------------------------------------------------------------------- binary */

static double combined(char how, double a, double b) {
  switch (how) {
  case 'A':
    return a + b;
  case 'S':
    return a - b;
  case 'M':
    return a * b;
  case 'D':
    return a / b;
  case 'L':
    return a < b ? a : b;
  case 'G':
    return a < b ? b : a;
  default:
    return a < 0 ? a * b : a;
  }
}

/* x of shape a (padded with ones to three axes) with w of shape b, each way. */
static void test_broadcast(void **state) {
  (void)state;
  static const struct {
    const char *x, *w, *out;
    int a[3], b[3];
  } shapes[] = {{"2,3,2", "2,3,2", "2,3,2", {2, 3, 2}, {2, 3, 2}},
                {"2,3,2", "", "2,3,2", {2, 3, 2}, {1, 1, 1}},
                {"2,3,2", "2", "2,3,2", {2, 3, 2}, {1, 1, 2}},
                {"2,3,2", "3,1", "2,3,2", {2, 3, 2}, {1, 3, 1}},
                {"2,3,2", "2,1,1", "2,3,2", {2, 3, 2}, {2, 1, 1}},
                {"3,1", "1,2", "3,2", {1, 3, 1}, {1, 1, 2}},
                {"2", "2,3,1", "2,3,2", {1, 1, 2}, {2, 3, 1}},
                {"1,2", "2,1,1", "2,1,2", {1, 1, 2}, {2, 1, 1}},
                {"", "3", "3", {1, 1, 1}, {1, 1, 3}}};
  static const char *const nodes[] = {"Add:x,w:y", "Sub:x,w:y", "Mul:x,w:y",  "Div:x,w:y",
                                      "Min:x,w:y", "Max:x,w:y", "PRelu:x,w:y"};
  double x[12], w[12], want[12];
  fill(x, 12, 0.4);
  fill(w, 12, 3.3);
  for (size_t i = 0; i < sizeof shapes / sizeof shapes[0]; i++)
    for (int node = 0; node < 7; node++) {
      const int *a = shapes[i].a, *b = shapes[i].b;
      int n = 0;
      for (int p = 0; p < 2 && (p == 0 || a[0] + b[0] > 2); p++)
        for (int q = 0; q < 3 && (q == 0 || a[1] + b[1] > 2); q++)
          for (int r = 0; r < (a[2] > b[2] ? a[2] : b[2]); r++) {
            int at = ((a[0] > 1 ? p : 0) * a[1] + (a[1] > 1 ? q : 0)) * a[2] + (a[2] > 1 ? r : 0);
            int from = ((b[0] > 1 ? p : 0) * b[1] + (b[1] > 1 ? q : 0)) * b[2] + (b[2] > 1 ? r : 0);
            want[n++] = combined("ASMDLGP"[node], x[at], w[from]);
          }
      builder g = begin(shapes[i].x);
      builder_floats(&g, "w", shapes[i].w, w, (size_t)(b[0] * b[1] * b[2]));
      builder_node(&g, nodes[node], NULL);
      assert_tensor(&g, x, shapes[i].out, want);
    }
  builder g = begin("2,3");
  builder_floats(&g, "w", "2", w, 2);
  builder_node(&g, "Add:x,w:y", NULL);
  refuse(&g, x, "the shapes of its operands do not go together");
}

static void test_of_many(void **state) {
  (void)state;
  static const double x[2] = {1, 5};
  static const struct {
    const char *node, *out;
    double want[4];
  } cases[] = {{"Sum:x,u,v:y", "2,2", {7, 11, 9, 13}},
               {"Mean:x,u,v:y", "2,2", {7 / 3., 11 / 3., 3, 13 / 3.}},
               {"Max:x,u,v:y", "2,2", {4, 5, 4, 5}},
               {"Min:x,u,v:y", "2,2", {1, 2, 1, 4}},
               {"Sum:x,x:y", "2", {2, 10}},
               {"Mean:x:y", "2", {1, 5}},
               {"Pow:x,u:y", "2,2", {1, 25, 1, 625}}};
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    builder b = begin("2");
    builder_floats(&b, "u", "2,1", (const double[]){2, 4}, 2);
    builder_floats(&b, "v", "1", (const double[]){4}, 1);
    builder_node(&b, cases[i].node, NULL);
    assert_tensor(&b, x, cases[i].out, cases[i].want);
  }
  builder b = begin("2");
  builder_node(&b, "Sum:x,,x:y", NULL);
  refuse(&b, x, "an operand is left out");
}

/* Before opset 7 an axis said where the second operand begins. */
static void test_old_broadcast(void **state) {
  (void)state;
  static const double x[8] = {0, 1, 2, 3, 4, 5, 6, 7};
  builder b = begin_at(6, "2,2,2");
  builder_floats(&b, "w", "2", (const double[]){10, 20}, 2);
  builder_node(&b, "Add:x,w:y", "broadcast=1", "axis=1", NULL);
  assert_tensor(&b, x, "2,2,2", (const double[]){10, 11, 22, 23, 14, 15, 26, 27});
  b = begin_at(6, "2,2,2");
  builder_floats(&b, "w", "2", (const double[]){10, 20}, 2);
  builder_node(&b, "Add:x,w:y", "broadcast=1", "axis=0", NULL);
  assert_tensor(&b, x, "2,2,2", (const double[]){10, 11, 12, 13, 24, 25, 26, 27});
  b = begin_at(7, "2,2,2");
  builder_floats(&b, "w", "2", (const double[]){10, 20}, 2);
  builder_node(&b, "Add:x,w:y", NULL);
  assert_tensor(&b, x, "2,2,2", (const double[]){10, 21, 12, 23, 14, 25, 16, 27});
  /* Slopes were those of the channels. */
  static const double minus[4] = {-1, -2, -3, -4};
  b = begin_at(6, "1,2,2");
  builder_floats(&b, "w", "2", (const double[]){10, 20}, 2);
  builder_node(&b, "PRelu:x,w:y", NULL);
  assert_tensor(&b, minus, "1,2,2", (const double[]){-10, -20, -60, -80});
}

/* Integers stay integers: quotients are cut, and nothing is divided by 0. */
static void test_integers(void **state) {
  (void)state;
  static const double x[1] = {0};
  builder b = begin("1");
  builder_ints(&b, "p", 3, (const int64_t[]){7, -7, 9});
  builder_ints(&b, "q", 3, (const int64_t[]){2, 2, -4});
  builder_node(&b, "Div:p,q:y", NULL);
  assert_tensor(&b, x, "3", (const double[]){3, -3, -2});
  b = begin("1");
  builder_ints(&b, "p", 1, (const int64_t[]){7});
  builder_ints(&b, "q", 1, (const int64_t[]){0});
  builder_node(&b, "Div:p,q:y", NULL);
  refuse(&b, x, "an integer is divided by 0");
  static const double halves[4] = {-1.75, -0.5, 0, 2.5};
  static const struct {
    const char *to;
    double want[4];
  } casts[] = {{"to=1", {-1.75, -0.5, 0, 2.5}},
               {"to=7", {-1, 0, 0, 2}},
               {"to=6", {-1, 0, 0, 2}},
               {"to=9", {1, 1, 0, 1}},
               {"to=11", {-1.75, -0.5, 0, 2.5}}};
  for (size_t i = 0; i < sizeof casts / sizeof casts[0]; i++) {
    b = begin("4");
    builder_node(&b, "Cast:x:y", casts[i].to, NULL);
    assert_tensor(&b, halves, "4", casts[i].want);
  }
  b = begin("4");
  builder_node(&b, "Cast:x:y", "to=8", NULL);
  refuse(&b, halves, "to type 8, which is not supported");
}

static void test_clip_and_dropout(void **state) {
  (void)state;
  static const double want[9] = {-1.5, -1.5, -1, -0.25, 0, 0.25, 1, 1.25, 1.25};
  builder b = begin("9");
  builder_floats(&b, "l", "", (const double[]){-1.5}, 1);
  builder_floats(&b, "h", "1", (const double[]){1.25}, 1);
  builder_node(&b, "Clip:x,l,h:y", NULL);
  assert_tensor(&b, points, "9", want);
  b = begin_at(6, "9");
  builder_node(&b, "Clip:x:y", "min=-1.5f", "max=1.25f", NULL);
  assert_tensor(&b, points, "9", want);
  b = begin("9");
  builder_floats(&b, "h", "", (const double[]){0}, 1);
  builder_node(&b, "Clip:x,,h:y", NULL);
  assert_tensor(&b, points, "9", (const double[]){-6, -2, -1, -0.25, 0, 0, 0, 0, 0});
  b = begin("9");
  builder_node(&b, "Clip:x:y", NULL);
  assert_tensor(&b, points, "9", points);
  b = begin("9");
  builder_floats(&b, "l", "2", (const double[]){1, 2}, 2);
  builder_node(&b, "Clip:x,l:y", NULL);
  refuse(&b, points, "\"min\" must be one number");
  b = begin("3,3");
  builder_node(&b, "Dropout:x:z,y", "ratio=0.5f", NULL);
  assert_tensor(&b, points, "3,3", (const double[]){1, 1, 1, 1, 1, 1, 1, 1, 1});
  b = begin("9");
  builder_floats(&b, "r", "", (const double[]){0.5}, 1);
  builder_ints(&b, "t", 1, (const int64_t[]){1});
  builder_node(&b, "Dropout:x,r,t:y", NULL);
  refuse(&b, points, "it is in training mode");
}

/* ---------------------------------------------------------------- reductions */

/* Every set of axes of 2 x 3 x 4, kept or not, by attribute or as an input. */
static void test_sums(void **state) {
  (void)state;
  double x[24];
  fill(x, 24, 1.9);
  for (int axes = 1; axes < 8; axes++)
    for (int way = 0; way < 8; way++) {
      bool keep = way & 1, mean = way >> 1 & 1, old = way >> 2;
      double want[24] = {0};
      char list[32] = "axes=", out[16] = "";
      int64_t ints[3];
      size_t n_axes = 0;
      int dim[3] = {2, 3, 4}, left[3], count = 1;
      for (int d = 0; d < 3; d++) {
        left[d] = axes >> d & 1 ? 1 : dim[d];
        count *= axes >> d & 1 ? dim[d] : 1;
        if (axes >> d & 1) {
          snprintf(list + strlen(list), sizeof list - strlen(list), "%d,", d - 3);
          ints[n_axes++] = d - 3;
        }
        if (keep || !(axes >> d & 1))
          snprintf(out + strlen(out), sizeof out - strlen(out), "%s%d", *out ? "," : "", left[d]);
      }
      for (int i = 0; i < 24; i++) {
        int at[3] = {i / 12, i / 4 % 3, i % 4}, to = 0;
        for (int d = 0; d < 3; d++)
          to = to * left[d] + (left[d] > 1 ? at[d] : 0);
        want[to] += x[i] / (mean ? count : 1);
      }
      builder b = begin_at(old ? 11 : 18, "2,3,4");
      if (!old)
        builder_ints(&b, "a", n_axes, ints);
      builder_node(&b,
                   mean  ? old ? "ReduceMean:x:y" : "ReduceMean:x,a:y"
                   : old ? "ReduceSum:x:y"
                         : "ReduceSum:x,a:y",
                   keep ? "keepdims=1" : "keepdims=0", old ? list : NULL, NULL);
      assert_tensor(&b, x, out, want);
    }
  /* No axes: all of them, or none. */
  builder b = begin("2,2");
  builder_node(&b, "ReduceSum:x:y", NULL);
  assert_tensor(&b, (const double[]){1, 2, 3, 4}, "1,1", (const double[]){10});
  b = begin("2,2");
  builder_node(&b, "ReduceSum:x:y", "noop_with_empty_axes=1", NULL);
  assert_tensor(&b, (const double[]){1, 2, 3, 4}, "2,2", (const double[]){1, 2, 3, 4});
  b = begin("2,2");
  builder_node(&b, "ReduceMean:x:y", "axes=2,", NULL);
  refuse(&b, x, "axis 2 of a tensor of 2 dimensions");
}

static void test_choices(void **state) {
  (void)state;
  static const double x[6] = {3, 1, 3, 0, 0, -2};
  static const struct {
    const char *node, *axis, *keep, *last, *out;
    double want[3];
  } cases[] = {{"ArgMax:x:y", "axis=1", "keepdims=1", "select_last_index=0", "2,1", {0, 0}},
               {"ArgMax:x:y", "axis=-1", "keepdims=0", "select_last_index=1", "2", {2, 1}},
               {"ArgMin:x:y", "axis=1", "keepdims=0", "select_last_index=0", "2", {1, 2}},
               {"ArgMax:x:y", "axis=0", "keepdims=0", "select_last_index=0", "3", {0, 0, 0}},
               {"ArgMin:x:y", "axis=-2", "keepdims=1", "select_last_index=0", "1,3", {1, 1, 1}}};
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    builder b = begin("2,3");
    builder_node(&b, cases[i].node, cases[i].axis, cases[i].keep, cases[i].last, NULL);
    assert_tensor(&b, x, cases[i].out, cases[i].want);
  }
}

/* Since opset 13 along one axis; before, everything from the axis on was one vector. */
static void test_softmax(void **state) {
  (void)state;
  double x[12];
  fill(x, 12, 0.8);
  for (int opset = 11; opset <= 13; opset += 2)
    for (int axis = 0; axis < 3; axis++)
      for (int logarithm = 0; logarithm < 2; logarithm++) {
        double want[12];
        char attribute[16];
        for (int i = 0; i < 12; i++) {
          int at[3] = {i / 6, i / 2 % 3, i % 2};
          double sum = 0.0;
          for (int k = 0; k < 12; k++) {
            int other[3] = {k / 6, k / 2 % 3, k % 2};
            bool together = true;
            for (int d = 0; d < 3; d++)
              together = together && (other[d] == at[d] || (opset < 13 ? d >= axis : d == axis));
            sum += together ? exp(x[k]) : 0.0;
          }
          want[i] = logarithm ? log(exp(x[i]) / sum) : exp(x[i]) / sum;
        }
        snprintf(attribute, sizeof attribute, "axis=%d", opset < 13 ? axis : axis - 3);
        builder b = begin_at(opset, "2,3,2");
        builder_node(&b, logarithm ? "LogSoftmax:x:y" : "Softmax:x:y", attribute, NULL);
        assert_tensor(&b, x, "2,3,2", want);
      }
  /* Numbers whose exponentials there are none of. */
  builder b = begin("2");
  builder_node(&b, "Softmax:x:y", NULL);
  assert_tensor(&b, (const double[]){1000, 1000}, "2", (const double[]){0.5, 0.5});
  b = begin("2");
  builder_node(&b, "LogSoftmax:x:y", NULL);
  assert_tensor(&b, (const double[]){0, -1000}, "2", (const double[]){0, -1000});
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_functions),        cmocka_unit_test(test_defaults),
      cmocka_unit_test(test_broadcast),        cmocka_unit_test(test_of_many),
      cmocka_unit_test(test_old_broadcast),    cmocka_unit_test(test_integers),
      cmocka_unit_test(test_clip_and_dropout), cmocka_unit_test(test_sums),
      cmocka_unit_test(test_choices),          cmocka_unit_test(test_softmax)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
