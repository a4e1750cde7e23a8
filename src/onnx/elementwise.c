/* SPDX-License-Identifier: Apache-2.0 */
/* Operators that take their operands element by element. */
#include <math.h>
#include <string.h>

#include "onnx/operators.h"

/* -------------------------------------------------------------------- unary */

/* Attributes of a function, in the order of its entry in the table. */
typedef double unary(double x, double a, double b);

static double f_abs(double x, double a, double b) {
  (void)a, (void)b;
  return fabs(x);
}
static double f_celu(double x, double a, double b) {
  (void)b;
  return fmax(x, 0.0) + fmin(0.0, a * expm1(x / a));
}
static double f_elu(double x, double a, double b) {
  (void)b;
  return x < 0.0 ? a * expm1(x) : x;
}
static double f_erf(double x, double a, double b) {
  (void)a, (void)b;
  return erf(x);
}
static double f_exp(double x, double a, double b) {
  (void)a, (void)b;
  return exp(x);
}
static double f_hard_sigmoid(double x, double a, double b) {
  return fmax(0.0, fmin(1.0, a * x + b));
}
static double f_hard_swish(double x, double a, double b) {
  (void)a, (void)b;
  return x * fmax(0.0, fmin(1.0, x / 6.0 + 0.5));
}
static double f_identity(double x, double a, double b) {
  (void)a, (void)b;
  return x;
}
static double f_leaky_relu(double x, double a, double b) {
  (void)b;
  return x < 0.0 ? a * x : x;
}
static double f_log(double x, double a, double b) {
  (void)a, (void)b;
  return log(x);
}
static double f_neg(double x, double a, double b) {
  (void)a, (void)b;
  return -x;
}
static double f_reciprocal(double x, double a, double b) {
  (void)a, (void)b;
  return 1.0 / x;
}
static double f_relu(double x, double a, double b) {
  (void)a, (void)b;
  return x > 0.0 ? x : x <= 0.0 ? 0.0 : x;
}
static double f_selu(double x, double a, double b) {
  return b * (x > 0.0 ? x : a * expm1(x));
}
static double f_sigmoid(double x, double a, double b) {
  (void)a, (void)b;
  return 1.0 / (1.0 + exp(-x));
}
static double f_softplus(double x, double a, double b) {
  (void)a, (void)b;
  return fmax(x, 0.0) + log1p(exp(-fabs(x)));
}
static double f_softsign(double x, double a, double b) {
  (void)a, (void)b;
  return x / (1.0 + fabs(x));
}
static double f_sqrt(double x, double a, double b) {
  (void)a, (void)b;
  return sqrt(x);
}
static double f_sin(double x, double a, double b) {
  (void)a, (void)b;
  return sin(x);
}
static double f_cos(double x, double a, double b) {
  (void)a, (void)b;
  return cos(x);
}
static double f_tanh(double x, double a, double b) {
  (void)a, (void)b;
  return tanh(x);
}
static double f_thresholded_relu(double x, double a, double b) {
  (void)b;
  return x > a ? x : 0.0;
}

static const struct {
  const char *name;
  unary *function;
  const char *attribute[2];
  double otherwise[2];
} functions[] = {
    {"Abs", f_abs, {NULL, NULL}, {0, 0}},
    {"Celu", f_celu, {"alpha", NULL}, {1, 0}},
    {"Cos", f_cos, {NULL, NULL}, {0, 0}},
    {"Elu", f_elu, {"alpha", NULL}, {1, 0}},
    {"Erf", f_erf, {NULL, NULL}, {0, 0}},
    {"Exp", f_exp, {NULL, NULL}, {0, 0}},
    {"HardSigmoid", f_hard_sigmoid, {"alpha", "beta"}, {0.2, 0.5}},
    {"HardSwish", f_hard_swish, {NULL, NULL}, {0, 0}},
    {"Identity", f_identity, {NULL, NULL}, {0, 0}},
    {"LeakyRelu", f_leaky_relu, {"alpha", NULL}, {0.01, 0}},
    {"Log", f_log, {NULL, NULL}, {0, 0}},
    {"Neg", f_neg, {NULL, NULL}, {0, 0}},
    {"Reciprocal", f_reciprocal, {NULL, NULL}, {0, 0}},
    {"Relu", f_relu, {NULL, NULL}, {0, 0}},
    {"Selu", f_selu, {"alpha", "gamma"}, {1.67326319217681884765625, 1.05070102214813232421875}},
    {"Sigmoid", f_sigmoid, {NULL, NULL}, {0, 0}},
    {"Sin", f_sin, {NULL, NULL}, {0, 0}},
    {"Softplus", f_softplus, {NULL, NULL}, {0, 0}},
    {"Softsign", f_softsign, {NULL, NULL}, {0, 0}},
    {"Sqrt", f_sqrt, {NULL, NULL}, {0, 0}},
    {"Tanh", f_tanh, {NULL, NULL}, {0, 0}},
    {"ThresholdedRelu", f_thresholded_relu, {"alpha", NULL}, {1, 0}}};

ckks_status onnx_elementwise_unary(onnx_call *call) {
  const onnx_tensor *x = call->in[0];
  size_t at = 0;
  double parameter[2] = {0.0, 0.0};
  while (!onnx_wire_text_is(call->node->op, functions[at].name))
    at++;
  for (int k = 0; k < 2; k++)
    if (functions[at].attribute[k] != NULL)
      parameter[k] = onnx_run_float(call, functions[at].attribute[k], functions[at].otherwise[k]);
  BASE_TRY(onnx_run_out(call, 0, x->rank, x->dim, x->whole));
  for (size_t i = 0; call->out[0] != NULL && i < x->n; i++)
    call->out[0]->value[i] = functions[at].function(x->value[i], parameter[0], parameter[1]);
  return CKKS_OK;
}

/* ------------------------------------------------------------------- binary */

typedef double binary(double x, double y);

static double g_add(double x, double y) {
  return x + y;
}
static double g_sub(double x, double y) {
  return x - y;
}
static double g_mul(double x, double y) {
  return x * y;
}
static double g_div(double x, double y) {
  return x / y;
}
static double g_min(double x, double y) {
  return x < y ? x : y;
}
static double g_max(double x, double y) {
  return x > y ? x : y;
}
static double g_pow(double x, double y) {
  return pow(x, y);
}
static double g_prelu(double x, double y) {
  return x < 0.0 ? x * y : x;
}

static const struct {
  const char *name;
  binary *function;
} pairs[] = {{"Add", g_add}, {"Sum", g_add},     {"Mean", g_add}, {"Sub", g_sub}, {"Mul", g_mul},
             {"Div", g_div}, {"PRelu", g_prelu}, {"Min", g_min},  {"Max", g_max}, {"Pow", g_pow}};

/* Shape of both together (numpy's rules); false when they do not go together. */
static bool broadcast(onnx_tensor *shape, const onnx_tensor *x, const onnx_tensor *y) {
  *shape = (onnx_tensor){.rank = x->rank > y->rank ? x->rank : y->rank};
  for (int i = 0; i < shape->rank; i++) {
    int ix = i - (shape->rank - x->rank), iy = i - (shape->rank - y->rank);
    size_t dx = ix >= 0 ? x->dim[ix] : 1, dy = iy >= 0 ? y->dim[iy] : 1;
    if (dx != dy && dx != 1 && dy != 1)
      return false;
    shape->dim[i] = dx == 1 ? dy : dx;
  }
  return onnx_tensor_count(shape);
}

/* Distance in `x` of one step along each dimension of `shape`; 0 where it is repeated. */
static void strides_in(size_t stride[ONNX_MAX_RANK], const onnx_tensor *shape,
                       const onnx_tensor *x) {
  size_t step = 1;
  for (int i = shape->rank - 1; i >= 0; i--) {
    int ix = i - (shape->rank - x->rank);
    stride[i] = ix >= 0 && x->dim[ix] > 1 ? step : 0;
    step *= ix >= 0 ? x->dim[ix] : 1;
  }
}

/* out[i] = function(x[..], y[..]); all three may be the same memory where shapes agree. */
static void apply(onnx_tensor *out, const onnx_tensor *x, const onnx_tensor *y, binary *function) {
  size_t index[ONNX_MAX_RANK] = {0}, sx[ONNX_MAX_RANK], sy[ONNX_MAX_RANK], ax = 0, ay = 0;
  strides_in(sx, out, x);
  strides_in(sy, out, y);
  for (size_t i = 0; i < out->n; i++) {
    out->value[i] = function(x->value[ax], y->value[ay]);
    for (int d = out->rank - 1; d >= 0; d--) {
      ax += sx[d];
      ay += sy[d];
      if (++index[d] < out->dim[d])
        break;
      ax -= sx[d] * out->dim[d];
      ay -= sy[d] * out->dim[d];
      index[d] = 0;
    }
  }
}

/* Before opset 7 the second operand was put in place by `axis`, slopes belonged to channels. */
static ckks_status align(onnx_tensor *view, const onnx_call *call, int i) {
  const onnx_attribute *axis = onnx_graph_attribute(call->node, "axis");
  int at = 0;
  *view = *call->in[i];
  if (call->run->graph->opset < 7 && onnx_wire_text_is(call->node->op, "PRelu") && view->rank == 1)
    while (view->rank + 1 < call->in[0]->rank)
      view->dim[view->rank++] = 1;
  if (call->run->graph->opset >= 7 || axis == NULL || onnx_run_int(call, "broadcast", 0) == 0)
    return CKKS_OK;
  BASE_TRY(onnx_run_axis(&at, axis->i, call->in[0]->rank));
  while (view->rank + at < call->in[0]->rank)
    view->dim[view->rank++] = 1;
  return CKKS_OK;
}

static ckks_status check_whole(const onnx_call *call, const onnx_tensor *y) {
  for (size_t i = 0; onnx_wire_text_is(call->node->op, "Div") && i < y->n; i++)
    if (y->value[i] == 0.0)
      return base_fail(CKKS_ERROR_RANGE, "an integer is divided by 0");
  return CKKS_OK;
}

/* One operand after the other onto what there is: Add, Sum, Max and so on have any number. */
static ckks_status join(onnx_call *call, binary *function) {
  onnx_tensor shape, y, sum = *call->in[0];
  bool whole = sum.whole;
  for (int i = 1; i < call->node->n_in; i++) {
    BASE_TRY(align(&y, call, i));
    if (!broadcast(&shape, &sum, &y))
      return base_fail(CKKS_ERROR_FORMAT, "the shapes of its operands do not go together");
    if (whole && y.whole)
      BASE_TRY(check_whole(call, &y));
    memcpy(sum.dim, shape.dim, sizeof sum.dim);
    sum.rank = shape.rank;
  }
  BASE_TRY(onnx_run_out(call, 0, sum.rank, sum.dim, whole));
  onnx_tensor *out = call->out[0], zero = {.n = 1, .value = &(double){0.0}};
  if (out == NULL)
    return CKKS_OK;
  apply(out, call->in[0], &zero, g_add);
  for (int i = 1; i < call->node->n_in; i++) {
    BASE_TRY(align(&y, call, i));
    apply(out, out, &y, function);
    for (size_t j = 0; whole && y.whole && j < out->n; j++)
      out->value[j] = trunc(out->value[j]);
  }
  return CKKS_OK;
}

ckks_status onnx_elementwise_binary(onnx_call *call) {
  size_t at = 0;
  while (!onnx_wire_text_is(call->node->op, pairs[at].name))
    at++;
  for (int i = 0; i < call->node->n_in; i++)
    if (call->in[i] == NULL)
      return base_fail(CKKS_ERROR_FORMAT, "an operand is left out");
  BASE_TRY(join(call, pairs[at].function));
  if (onnx_wire_text_is(call->node->op, "Mean"))
    for (size_t i = 0; call->out[0] != NULL && i < call->out[0]->n; i++)
      call->out[0]->value[i] /= call->node->n_in;
  return CKKS_OK;
}

/* --------------------------------------------------------------- and others */

/* Limits were attributes before opset 11; either may be missing. */
static ckks_status limit_of(double *limit, const onnx_call *call, int index, const char *name,
                            double otherwise) {
  const onnx_tensor *tensor = index < call->node->n_in ? call->in[index] : NULL;
  if (tensor != NULL && tensor->n != 1)
    return base_fail(CKKS_ERROR_FORMAT, "\"%s\" must be one number", name);
  *limit = tensor != NULL ? tensor->value[0] : onnx_run_float(call, name, otherwise);
  return CKKS_OK;
}

ckks_status onnx_elementwise_clip(onnx_call *call) {
  const onnx_tensor *x = call->in[0];
  double least, most;
  BASE_TRY(limit_of(&least, call, 1, "min", -(double)INFINITY));
  BASE_TRY(limit_of(&most, call, 2, "max", (double)INFINITY));
  BASE_TRY(onnx_run_out(call, 0, x->rank, x->dim, x->whole));
  for (size_t i = 0; call->out[0] != NULL && i < x->n; i++)
    call->out[0]->value[i] = fmin(fmax(x->value[i], least), most);
  return CKKS_OK;
}

/* Towards zero to an integer, to 0 or 1 for a bool; among floats nothing changes. */
ckks_status onnx_elementwise_cast(onnx_call *call) {
  const onnx_tensor *x = call->in[0];
  int64_t to = onnx_run_int(call, "to", 1);
  bool whole = to != 1 && to != 10 && to != 11;
  if (to < 1 || to > 12 || to == 8)
    return base_fail(CKKS_ERROR_FORMAT, "to type %lld, which is not supported", (long long)to);
  BASE_TRY(onnx_run_out(call, 0, x->rank, x->dim, whole));
  for (size_t i = 0; call->out[0] != NULL && i < x->n; i++)
    call->out[0]->value[i] = to == 9 ? (double)(x->value[i] != 0.0)
                             : whole ? trunc(x->value[i])
                                     : x->value[i];
  return CKKS_OK;
}

/* Nothing is dropped when a model is used, and the mask says so. */
ckks_status onnx_elementwise_dropout(onnx_call *call) {
  const onnx_tensor *x = call->in[0], *training = call->node->n_in > 2 ? call->in[2] : NULL;
  if (training != NULL && training->n > 0 && training->value[0] != 0.0)
    return base_fail(CKKS_ERROR_FORMAT, "it is in training mode; export the model for inference");
  BASE_TRY(onnx_run_out(call, 0, x->rank, x->dim, x->whole));
  if (call->out[0] != NULL)
    memcpy(call->out[0]->value, x->value, x->n * sizeof(double));
  BASE_TRY(onnx_run_out(call, 1, x->rank, x->dim, true));
  for (size_t i = 0; call->out[1] != NULL && i < x->n; i++)
    call->out[1]->value[i] = 1.0;
  return CKKS_OK;
}

/* Missing values in columns become constants: affine in all others. */
ckks_status onnx_elementwise_imputer(onnx_call *call) {
  const onnx_tensor *x = call->in[0];
  const onnx_attribute *values = onnx_graph_attribute(call->node, "imputed_value_floats");
  size_t columns = x->rank > 0 ? x->dim[x->rank - 1] : 1, n = values != NULL ? values->n_floats : 0;
  if (!isnan(onnx_run_float(call, "replaced_value_float", 0.0)) || (n != 1 && n != columns))
    return base_fail(CKKS_ERROR_FORMAT,
                     "it replaces another value than NaN, or has %zu numbers for %zu columns", n,
                     columns);
  BASE_TRY(onnx_run_out(call, 0, x->rank, x->dim, false));
  for (size_t i = 0; call->out[0] != NULL && i < x->n; i++)
    call->out[0]->value[i] =
        isnan(x->value[i]) ? values->floats[n == 1 ? 0 : i % columns] : x->value[i];
  return CKKS_OK;
}
