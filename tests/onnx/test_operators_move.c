/* SPDX-License-Identifier: Apache-2.0 */
/* Operators of shapes and places: odd shapes, negative axes, what older opsets said otherwise. */
#include "onnx/running.h"

static double x[120];

static int set_up(void **state) {
  (void)state;
  for (int i = 0; i < 120; i++)
    x[i] = i;
  return 0;
}

/* y is x in another shape: "axes" and the like go in as an input of integers, or NULL. */
static void check_same(const char *in, const char *node, const int64_t *ints, size_t n_ints,
                       const char *attribute, const char *out) {
  builder b = begin(in);
  if (ints != NULL)
    builder_ints(&b, "i", n_ints, ints);
  builder_node(&b, node, attribute, NULL);
  assert_tensor(&b, x, out, x);
}

static void refuse_same(const char *in, const char *node, const int64_t *ints, size_t n_ints,
                        const char *attribute, const char *text) {
  builder b = begin(in);
  if (ints != NULL)
    builder_ints(&b, "i", n_ints, ints);
  builder_node(&b, node, attribute, NULL);
  refuse(&b, x, text);
}

#define INTS(...)                                                                                  \
  (const int64_t[]){__VA_ARGS__}, sizeof((const int64_t[]){__VA_ARGS__}) / sizeof(int64_t)

static void test_reshape(void **state) {
  (void)state;
  check_same("2,3,4", "Reshape:x,i:y", INTS(4, 6), NULL, "4,6");
  check_same("2,3,4", "Reshape:x,i:y", INTS(-1), NULL, "24");
  check_same("2,3,4", "Reshape:x,i:y", INTS(0, -1), NULL, "2,12");
  check_same("2,3,4", "Reshape:x,i:y", INTS(-1, 0, 2), NULL, "4,3,2");
  check_same("2,3,4", "Reshape:x,i:y", INTS(0, 0, 0), NULL, "2,3,4");
  check_same("2,3,4", "Reshape:x,i:y", INTS(1, 0, 1, 8), NULL, "1,3,1,8");
  check_same("1", "Reshape:x,i:y", INTS(1, 1, 1, 1, 1, 1, 1, 1), NULL, "1,1,1,1,1,1,1,1");
  check_same("0,3", "Reshape:x,i:y", INTS(3, 0), "allowzero=1", "3,0");
  check_same("0,3", "Reshape:x,i:y", INTS(0, 7), NULL, "0,7");
  /* Before opset 5 the shape was an attribute. */
  builder b = begin_at(4, "2,3,4");
  builder_node(&b, "Reshape:x:y", "shape=0,-1", NULL);
  assert_tensor(&b, x, "2,12", x);
  refuse_same("2,3", "Reshape:x,i:y", INTS(4, 2), NULL, "6 numbers do not fill a shape of 8");
  refuse_same("2,3", "Reshape:x,i:y", INTS(-1, -1), NULL, "a dimension of -1");
  refuse_same("2,3", "Reshape:x,i:y", INTS(-2, 3), NULL, "a dimension of -2");
  refuse_same("2,3", "Reshape:x,i:y", INTS(2, 3, 0), NULL, "a dimension of 0");
  refuse_same("2,3", "Reshape:x,i:y", INTS(0, -1), "allowzero=1", "do not fill rows of 0");
  refuse_same("1", "Reshape:x,i:y", INTS(1, 1, 1, 1, 1, 1, 1, 1, 1), NULL, "9 dimensions");
  refuse_same("2,3", "Reshape:x,i:y", INTS(16777216, 16777216, 16777216), NULL, "");
}

static void test_flatten(void **state) {
  (void)state;
  check_same("2,3,4", "Flatten:x:y", NULL, 0, NULL, "2,12");
  check_same("2,3,4", "Flatten:x:y", NULL, 0, "axis=0", "1,24");
  check_same("2,3,4", "Flatten:x:y", NULL, 0, "axis=2", "6,4");
  check_same("2,3,4", "Flatten:x:y", NULL, 0, "axis=3", "24,1");
  check_same("2,3,4", "Flatten:x:y", NULL, 0, "axis=-1", "6,4");
  check_same("2,3,4", "Flatten:x:y", NULL, 0, "axis=-3", "1,24");
  check_same("5", "Flatten:x:y", NULL, 0, "axis=0", "1,5");
  refuse_same("2,3", "Flatten:x:y", NULL, 0, "axis=3", "axis 3 of 2 dimensions");
  refuse_same("2,3", "Flatten:x:y", NULL, 0, "axis=-3", "axis -3 of 2 dimensions");
}

static void test_squeeze(void **state) {
  (void)state;
  check_same("1,3,1,4", "Squeeze:x:y", NULL, 0, NULL, "3,4");
  check_same("1,3,1,4", "Squeeze:x,i:y", INTS(0), NULL, "3,1,4");
  check_same("1,3,1,4", "Squeeze:x,i:y", INTS(-2), NULL, "1,3,4");
  check_same("1,3,1,4", "Squeeze:x,i:y", INTS(2, 0), NULL, "3,4");
  check_same("1,3,1,4", "Squeeze:x:y", NULL, 0, "axes=0,2", "3,4");
  check_same("3,4", "Unsqueeze:x,i:y", INTS(0), NULL, "1,3,4");
  check_same("3,4", "Unsqueeze:x,i:y", INTS(-1), NULL, "3,4,1");
  check_same("3,4", "Unsqueeze:x,i:y", INTS(3, 0), NULL, "1,3,4,1");
  check_same("3,4", "Unsqueeze:x,i:y", INTS(-3, 0), NULL, "1,1,3,4");
  check_same("3,4", "Unsqueeze:x:y", NULL, 0, "axes=1,", "3,1,4");
  refuse_same("2,3", "Squeeze:x,i:y", INTS(1), NULL, "6 numbers do not fill a shape of 2");
  refuse_same("2,3", "Squeeze:x,i:y", INTS(2), NULL, "axis 2 of a tensor of 2 dimensions");
  refuse_same("2,3", "Unsqueeze:x,i:y", INTS(3), NULL, "axis 3 of a tensor of 3 dimensions");
  refuse_same("2,3", "Unsqueeze:x,i:y", INTS(1, -3), NULL, "axis 1 twice");
  refuse_same("1,1,1,1,1,1,1,1", "Unsqueeze:x,i:y", INTS(0), NULL, "more than 8 dimensions");
}

static void test_shape(void **state) {
  (void)state;
  static const struct {
    const char *start, *end, *out;
    double want[4];
  } cases[] = {{NULL, NULL, "4", {2, 3, 4, 5}}, {"start=1", NULL, "3", {3, 4, 5}},
               {"start=-1", NULL, "1", {5}},    {"start=0", "end=-2", "2", {2, 3}},
               {"start=1", "end=2", "1", {3}},  {"start=-9", "end=9", "4", {2, 3, 4, 5}},
               {"start=3", "end=1", "0", {0}}};
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    builder b = begin_at(15, "2,3,4,5");
    builder_node(&b, "Shape:x:y", cases[i].start, cases[i].end, NULL);
    assert_tensor(&b, x, cases[i].out, cases[i].want);
  }
  builder b = begin("2,3,4");
  builder_node(&b, "Size:x:y", NULL);
  assert_tensor(&b, x, "", (const double[]){24});
}

static void test_constants(void **state) {
  (void)state;
  static const struct {
    const char *attribute, *shape;
    double want[3];
  } cases[] = {{"value_int=-7", "", {-7}},
               {"value_float=0.5f", "", {0.5}},
               {"value_ints=3,1,4", "3", {3, 1, 4}},
               {"value_floats=2.5,-1.5f", "2", {2.5, -1.5}}};
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    builder b = begin("1");
    builder_node(&b, "Constant::y", cases[i].attribute, NULL);
    assert_tensor(&b, x, cases[i].shape, cases[i].want);
  }
  check_same("1", "ConstantOfShape:i:y", INTS(0), NULL, "0");
  builder b = begin("1");
  builder_ints(&b, "i", 2, (const int64_t[]){2, 2});
  builder_node(&b, "ConstantOfShape:i:y", NULL);
  assert_tensor(&b, x, "2,2", (const double[]){0, 0, 0, 0});
  b = begin("1");
  builder_node(&b, "Constant::y", "value_string=text", NULL);
  refuse(&b, x, "its value is no number or tensor");
  b = begin("1");
  builder_node(&b, "Constant::y", NULL);
  refuse(&b, x, "its value is no number or tensor");
  refuse_same("1", "ConstantOfShape:i:y", INTS(-1), NULL, "a dimension of -1");
  refuse_same("1", "ConstantOfShape:i:y", INTS(1, 1, 1, 1, 1, 1, 1, 1, 1), NULL, "9 dimensions");
  refuse_same("1", "ConstantOfShape:i:y", INTS(16777216, 16777216), NULL, "more than 16777216");
}

static void test_transpose(void **state) {
  (void)state;
  static const int orders[6][3] = {{0, 1, 2}, {0, 2, 1}, {1, 0, 2},
                                   {1, 2, 0}, {2, 0, 1}, {2, 1, 0}};
  static const int dim[3] = {2, 3, 4};
  for (int i = 0; i < 6; i++) {
    const int *order = orders[i];
    double want[24];
    char perm[32], out[32];
    int at[3], n = 0;
    for (at[0] = 0; at[0] < dim[order[0]]; at[0]++)
      for (at[1] = 0; at[1] < dim[order[1]]; at[1]++)
        for (at[2] = 0; at[2] < dim[order[2]]; at[2]++) {
          int from[3];
          for (int d = 0; d < 3; d++)
            from[order[d]] = at[d];
          want[n++] = x[(from[0] * 3 + from[1]) * 4 + from[2]];
        }
    snprintf(perm, sizeof perm, "perm=%d,%d,%d", order[0], order[1], order[2]);
    snprintf(out, sizeof out, "%d,%d,%d", dim[order[0]], dim[order[1]], dim[order[2]]);
    builder b = begin("2,3,4");
    builder_node(&b, "Transpose:x:y", perm, NULL);
    assert_tensor(&b, x, out, want);
  }
  check_same("5", "Transpose:x:y", NULL, 0, NULL, "5");
  check_same("1,1,7,1", "Transpose:x:y", NULL, 0, "perm=3,2,0,1", "1,7,1,1");
  refuse_same("2,3", "Transpose:x:y", NULL, 0, "perm=0,0", "axis 0 twice");
  refuse_same("2,3", "Transpose:x:y", NULL, 0, "perm=0,2", "axis 2 of a tensor of 2 dimensions");
  refuse_same("2,3", "Transpose:x:y", NULL, 0, "perm=0,1,2", "an order of 3 axes for 2");
}

/* One axis of 5 through every start, end and step, against a walk by ONNX's rule, which is
 * Python's but for this: a start in front of the axis is its first element in both directions. */
static void test_slice(void **state) {
  (void)state;
  for (int start = -7; start <= 7; start++)
    for (int end = -7; end <= 7; end++)
      for (int step = -3; step <= 3; step++) {
        double want[10];
        char out[16];
        int n = 0, from = start < 0 ? start + 5 : start, to = end < 0 ? end + 5 : end;
        if (step == 0)
          continue;
        from = from < 0 ? 0 : step < 0 && from > 4 ? 4 : from;
        for (int i = from; step > 0 ? i < to && i < 5 : i > to && i >= 0; i += step)
          want[n++] = i;
        for (int i = 0; i < n; i++)
          want[n + i] = 5 + want[i];
        snprintf(out, sizeof out, "2,%d", n);
        builder b = begin("2,5");
        builder_ints(&b, "s", 1, &(int64_t){start});
        builder_ints(&b, "e", 1, &(int64_t){end});
        builder_ints(&b, "a", 1, &(int64_t){step % 2 == 0 ? 1 : -1});
        builder_ints(&b, "j", 1, &(int64_t){step});
        builder_node(&b, "Slice:x,s,e,a,j:y", NULL);
        assert_tensor(&b, x, out, want);
      }
}

/* A slice of "in" with these lists, each of n numbers; NULL leaves axes or steps out. */
static builder slice(const char *in, size_t n, const int64_t *start, const int64_t *end,
                     const int64_t *axis, const int64_t *step) {
  builder b = begin(in);
  builder_ints(&b, "s", n, start);
  builder_ints(&b, "e", n, end);
  if (axis != NULL)
    builder_ints(&b, "a", n, axis);
  if (step != NULL)
    builder_ints(&b, "j", n, step);
  builder_node(&b,
               step != NULL   ? "Slice:x,s,e,a,j:y"
               : axis != NULL ? "Slice:x,s,e,a:y"
                              : "Slice:x,s,e:y",
               NULL);
  return b;
}

static void test_slices_of_several_axes(void **state) {
  (void)state;
  const int64_t two[2] = {1, 1}, most[2] = {INT64_MAX, INT64_MAX}, none[2] = {0, 0};
  builder b = slice("2,3", 2, two, most, NULL, NULL);
  assert_tensor(&b, x, "1,2", (const double[]){4, 5});
  b = slice("2,3", 2, two, most, (const int64_t[]){1, 0}, NULL);
  assert_tensor(&b, x, "1,2", (const double[]){4, 5});
  b = slice("2,3", 2, most, (const int64_t[]){INT64_MIN, INT64_MIN}, (const int64_t[]){0, 1},
            (const int64_t[]){-1, -2});
  assert_tensor(&b, x, "2,2", (const double[]){5, 3, 2, 0});
  b = slice("2,3", 2, none, none, NULL, NULL);
  assert_tensor(&b, x, "0,0", NULL);
  /* Before opset 10 these were attributes. */
  b = begin_at(9, "2,3");
  builder_node(&b, "Slice:x:y", "starts=0,1", "ends=1,3", NULL);
  assert_tensor(&b, x, "1,2", (const double[]){1, 2});
  /* Backwards through an axis of nothing: nothing, and no number in front of the tensor. */
  for (int64_t start = -2; start <= 2; start++)
    for (int64_t step = -2; step <= 2; step++) {
      if (step == 0)
        continue;
      b = slice("0,3", 1, &start, &(int64_t){INT64_MIN}, &(int64_t){0}, &step);
      assert_tensor(&b, x, "0,3", NULL);
    }
  /* An axis that is named twice would be walked twice as far as it is long. */
  b = slice("4,2", 2, (const int64_t[]){3, 3}, most, (const int64_t[]){0, 0}, NULL);
  refuse(&b, x, "axis 0 twice");
  b = slice("4,2", 2, (const int64_t[]){3, 3}, most, (const int64_t[]){-1, 1}, NULL);
  refuse(&b, x, "axis 1 twice");
  b = slice("4,2", 1, two, most, (const int64_t[]){2}, NULL);
  refuse(&b, x, "axis 2 of a tensor of 2 dimensions");
  b = slice("4,2", 1, two, most, (const int64_t[]){0}, (const int64_t[]){0});
  refuse(&b, x, "a step of 0");
  b = begin("4,2");
  builder_ints(&b, "s", 2, two);
  builder_ints(&b, "e", 1, two);
  builder_node(&b, "Slice:x,s,e:y", NULL);
  refuse(&b, x, "its lists differ in length");
}

static void test_gather(void **state) {
  (void)state;
  static const struct {
    const char *in, *axis, *out;
    size_t n;
    int64_t which[4];
    double want[12];
  } cases[] = {{"3,2", "axis=0", "2,2", 2, {2, 0}, {4, 5, 0, 1}},
               {"3,2", "axis=-1", "3,1", 1, {1}, {1, 3, 5}},
               {"3,2", "axis=-2", "3,2", 3, {-1, -3, 1}, {4, 5, 0, 1, 2, 3}},
               {"2,1,3", "axis=2", "2,1,4", 4, {0, 0, 2, -1}, {0, 0, 2, 2, 3, 3, 5, 5}},
               {"2,3", "axis=1", "2,0", 0, {0}, {0}}};
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    builder b = begin(cases[i].in);
    builder_ints(&b, "i", cases[i].n, cases[i].which);
    builder_node(&b, "Gather:x,i:y", cases[i].axis, NULL);
    assert_tensor(&b, x, cases[i].out, cases[i].want);
  }
  refuse_same("2,3", "Gather:x,i:y", INTS(2), NULL, "index 2 of 2");
  refuse_same("2,3", "Gather:x,i:y", INTS(-3), NULL, "index -1 of 2");
  refuse_same("2,3", "Gather:x,i:y", INTS(0), "axis=2", "axis 2 of a tensor of 2 dimensions");
  refuse_same("1,1,1,1,1,1,1,1", "Gather:x,i:y", INTS(0), "axis=8", "axis 8");
}

static void test_concat_and_split(void **state) {
  (void)state;
  builder b = begin("2,2");
  builder_floats(&b, "u", "2,1", (const double[]){70, 71}, 2);
  builder_floats(&b, "v", "2,0", NULL, 0);
  builder_node(&b, "Concat:x,u,v,x:y", "axis=-1", NULL);
  assert_tensor(&b, x, "2,5", (const double[]){0, 1, 70, 0, 1, 2, 3, 71, 2, 3});
  b = begin("2,1,2");
  builder_node(&b, "Concat:x,x:y", "axis=0", NULL);
  assert_tensor(&b, x, "4,1,2", (const double[]){0, 1, 2, 3, 0, 1, 2, 3});
  b = begin("2,2");
  builder_floats(&b, "u", "2", (const double[]){1, 2}, 2);
  builder_node(&b, "Concat:x,u:y", "axis=0", NULL);
  refuse(&b, x, "differ in their number of dimensions");
  b = begin("2,2");
  builder_floats(&b, "u", "1,3", (const double[]){1, 2, 3}, 3);
  builder_node(&b, "Concat:x,u:y", "axis=0", NULL);
  refuse(&b, x, "differ in dimension 1");

  b = begin("2,5");
  builder_ints(&b, "i", 3, (const int64_t[]){1, 0, 4});
  builder_node(&b, "Split:x,i:p,q,r", "axis=1", NULL);
  builder_node(&b, "Concat:r,q,p:y", "axis=1", NULL);
  assert_tensor(&b, x, "2,5", (const double[]){1, 2, 3, 4, 0, 6, 7, 8, 9, 5});
  b = begin_at(11, "6");
  builder_node(&b, "Split:x:p,q", "split=2,4", NULL);
  builder_node(&b, "Concat:q,p:y", "axis=0", NULL);
  assert_tensor(&b, x, "6", (const double[]){2, 3, 4, 5, 0, 1});
  /* From opset 18 on a last part may be smaller. */
  b = begin_at(18, "7,1");
  builder_node(&b, "Split:x:p,q,r", "num_outputs=3", NULL);
  builder_node(&b, "Concat:r,p,q:y", "axis=0", NULL);
  assert_tensor(&b, x, "7,1", (const double[]){6, 0, 1, 2, 3, 4, 5});
  b = begin("5");
  builder_node(&b, "Relu:x:y", NULL);
  builder_node(&b, "Split:x:", NULL);
  refuse(&b, x, "0 parts of 5");
  refuse_same("5", "Split:x:y,q", NULL, 0, NULL, "2 parts of 5");
  refuse_same("5", "Split:x,i:y,q", INTS(5), NULL, "2 parts of 5");
  refuse_same("5", "Split:x,i:y,q", INTS(2, 4), NULL, "a part of 4");
  refuse_same("5", "Split:x,i:y,q", INTS(-1, 6), NULL, "a part of -1");
  refuse_same("5", "Split:x,i:y,q", INTS(2, 2), NULL, "its parts leave some over");
}

/* Where place i of an axis comes from, by walking there; -1 = from nowhere. */
static int walk(int i, int size, const char *mode) {
  if (strcmp(mode, "mode=edge") == 0)
    return i < 0 ? 0 : i >= size ? size - 1 : i;
  if (strcmp(mode, "mode=reflect") == 0)
    return i < 0 ? -i : i >= size ? size - 1 - (i - (size - 1)) : i;
  return i >= 0 && i < size ? i : -1;
}

static void test_pad(void **state) {
  (void)state;
  static const char *const modes[3] = {"mode=constant", "mode=edge", "mode=reflect"};
  static const int pads[5][4] = {
      {0, 0, 0, 0}, {2, 1, 0, 3}, {-1, 0, 0, 2}, {1, -2, 2, -1}, {2, 3, 2, 3}};
  for (int mode = 0; mode < 3; mode++)
    for (int k = 0; k < 5; k++) {
      const int *pad = pads[k];
      double want[100];
      char out[16];
      int rows = 3 + pad[0] + pad[2], columns = 4 + pad[1] + pad[3];
      for (int i = 0; i < rows * columns; i++) {
        int row = walk(i / columns - pad[0], 3, modes[mode]);
        int column = walk(i % columns - pad[1], 4, modes[mode]);
        want[i] = row < 0 || column < 0 ? 9.5 : x[4 * row + column];
      }
      snprintf(out, sizeof out, "%d,%d", rows, columns);
      builder b = begin("3,4");
      builder_ints(&b, "i", 4, (const int64_t[]){pad[0], pad[1], pad[2], pad[3]});
      builder_floats(&b, "v", "", (const double[]){9.5}, 1);
      builder_node(&b, "Pad:x,i,v:y", modes[mode], NULL);
      assert_tensor(&b, x, out, want);
    }
  /* Attributes of older opsets. */
  builder b = begin_at(10, "2");
  builder_node(&b, "Pad:x:y", "pads=1,2", "value=0.5f", NULL);
  assert_tensor(&b, x, "5", (const double[]){0.5, 0, 1, 0.5, 0.5});
  b = begin_at(1, "2");
  builder_node(&b, "Pad:x:y", "paddings=0,1", NULL);
  assert_tensor(&b, x, "3", (const double[]){0, 1, 0});
  refuse_same("2", "Pad:x,i:y", INTS(1), NULL, "1 paddings for 1 dimensions");
  refuse_same("2", "Pad:x,i:y", INTS(-2, -1), NULL, "paddings of -2 and -1");
  refuse_same("2", "Pad:x,i:y", INTS(1, 1), "mode=wrap", "mode \"wrap\"");
}

static void test_expand(void **state) {
  (void)state;
  static const struct {
    const char *in, *out;
    size_t n;
    int64_t to[3];
    double want[12];
  } cases[] = {
      {"2,1", "2,3", 2, {2, 3}, {0, 0, 0, 1, 1, 1}}, {"2,1", "2,3", 2, {1, 3}, {0, 0, 0, 1, 1, 1}},
      {"3", "2,3", 2, {2, 1}, {0, 1, 2, 0, 1, 2}},   {"2,1,2", "2,1,2", 1, {1}, {0, 1, 2, 3}},
      {"1,2", "2,1,2", 3, {2, 1, 2}, {0, 1, 0, 1}},  {"1", "0", 1, {0}, {0}}};
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    builder b = begin(cases[i].in);
    builder_ints(&b, "i", cases[i].n, cases[i].to);
    builder_node(&b, "Expand:x,i:y", NULL);
    assert_tensor(&b, x, cases[i].out, cases[i].want);
  }
  refuse_same("2,3", "Expand:x,i:y", INTS(2, 2), NULL, "3 does not expand to 2");
  refuse_same("1", "Expand:x,i:y", INTS(-1), NULL, "1 does not expand to -1");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_reshape),   cmocka_unit_test(test_flatten),
      cmocka_unit_test(test_squeeze),   cmocka_unit_test(test_shape),
      cmocka_unit_test(test_constants), cmocka_unit_test(test_transpose),
      cmocka_unit_test(test_slice),     cmocka_unit_test(test_slices_of_several_axes),
      cmocka_unit_test(test_gather),    cmocka_unit_test(test_concat_and_split),
      cmocka_unit_test(test_pad),       cmocka_unit_test(test_expand)};
  return cmocka_run_group_tests(tests, set_up, NULL);
}
