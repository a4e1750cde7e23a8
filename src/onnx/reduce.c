/* SPDX-License-Identifier: Apache-2.0 */
/* Sums and means over axes; softmax, argmax and the rest of what ends a network. */
#include <math.h>
#include <string.h>

#include "base/alloc.h"
#include "onnx/operators.h"

/* ------------------------------------------------------ ReduceSum, ReduceMean */

/* One bit an axis; none named means all of them, unless that is said to mean nothing. */
static ckks_status read_axes(uint32_t *axes, const onnx_call *call, int rank) {
  int64_t ints[ONNX_MAX_INPUTS];
  size_t n;
  int axis;
  BASE_TRY(onnx_run_ints(ints, &n, call, 1, "axes"));
  *axes = 0;
  for (size_t i = 0; i < n; i++) {
    BASE_TRY(onnx_run_axis(&axis, ints[i], rank));
    *axes |= 1u << axis;
  }
  if (n == 0 && onnx_run_int(call, "noop_with_empty_axes", 0) == 0)
    *axes = (1u << rank) - 1;
  return CKKS_OK;
}

/* Index in the result of element i of x. */
static size_t reduced_index(const onnx_tensor *x, uint32_t axes, size_t i) {
  size_t at = 0, step = 1;
  for (int d = x->rank - 1; d >= 0; d--) {
    size_t index = i % x->dim[d];
    i /= x->dim[d];
    if (axes >> d & 1)
      continue;
    at += index * step;
    step *= x->dim[d];
  }
  return at;
}

ckks_status onnx_reduce_sum(onnx_call *call) {
  const onnx_tensor *x = call->in[0];
  size_t dim[ONNX_MAX_RANK], count = 1;
  uint32_t axes;
  int rank = 0;
  bool keep = onnx_run_int(call, "keepdims", 1) != 0;
  BASE_TRY(read_axes(&axes, call, x->rank));
  for (int d = 0; d < x->rank; d++) {
    if (axes >> d & 1)
      count *= x->dim[d];
    if (!(axes >> d & 1) || keep)
      dim[rank++] = axes >> d & 1 ? 1 : x->dim[d];
  }
  BASE_TRY(onnx_run_out(call, 0, rank, dim, x->whole));
  onnx_tensor *out = call->out[0];
  for (size_t i = 0; out != NULL && i < x->n; i++)
    out->value[reduced_index(x, axes, i)] += x->value[i];
  if (out != NULL && onnx_wire_text_is(call->node->op, "ReduceMean"))
    for (size_t i = 0; i < out->n; i++)
      out->value[i] /= (double)count;
  return CKKS_OK;
}

/* ------------------------------------------------------------------ softmax */

/* One vector of n numbers, `step` apart. */
static void softmax(double *x, size_t n, size_t step, bool logarithm) {
  double most = -(double)INFINITY, sum = 0.0;
  for (size_t i = 0; i < n; i++)
    most = fmax(most, x[i * step]);
  for (size_t i = 0; i < n; i++)
    sum += exp(x[i * step] - most);
  for (size_t i = 0; i < n; i++)
    x[i * step] = logarithm ? x[i * step] - most - log(sum) : exp(x[i * step] - most) / sum;
}

/* Before opset 13 everything from the axis on was one vector, and 1 the axis by default. */
ckks_status onnx_reduce_softmax(onnx_call *call) {
  const onnx_tensor *x = call->in[0];
  bool one_axis = call->run->graph->opset >= 13;
  bool logarithm = onnx_wire_text_is(call->node->op, "LogSoftmax");
  size_t step = 1, n = 1;
  int axis;
  BASE_TRY(onnx_run_axis(&axis, onnx_run_int(call, "axis", one_axis ? -1 : x->rank > 1), x->rank));
  for (int d = x->rank - 1; d > axis; d--)
    step *= x->dim[d];
  n = x->dim[axis];
  if (!one_axis) {
    n *= step;
    step = 1;
  }
  BASE_TRY(onnx_run_out(call, 0, x->rank, x->dim, false));
  onnx_tensor *out = call->out[0];
  if (out == NULL || x->n == 0)
    return CKKS_OK;
  memcpy(out->value, x->value, x->n * sizeof(double));
  for (size_t i = 0; i < x->n; i++)
    if (i / step % n == 0)
      softmax(out->value + i, n, step, logarithm);
  return CKKS_OK;
}

/* ---------------------------------------------------------- ArgMax, ArgMin */

ckks_status onnx_reduce_arg(onnx_call *call) {
  const onnx_tensor *x = call->in[0];
  bool keep = onnx_run_int(call, "keepdims", 1) != 0;
  bool last = onnx_run_int(call, "select_last_index", 0) != 0;
  double sign = onnx_wire_text_is(call->node->op, "ArgMin") ? -1.0 : 1.0;
  size_t dim[ONNX_MAX_RANK], step = 1;
  int axis, rank = 0;
  BASE_TRY(onnx_run_axis(&axis, onnx_run_int(call, "axis", 0), x->rank));
  for (int d = 0; d < x->rank; d++) {
    if (d != axis || keep)
      dim[rank++] = d == axis ? 1 : x->dim[d];
    step *= d > axis ? x->dim[d] : 1;
  }
  BASE_TRY(onnx_run_out(call, 0, rank, dim, true));
  for (size_t i = 0; call->out[0] != NULL && i < call->out[0]->n; i++) {
    const double *at = x->value + i / step * step * x->dim[axis] + i % step;
    size_t best = 0;
    for (size_t k = 1; k < x->dim[axis]; k++) {
      double gain = sign * (at[k * step] - at[best * step]);
      if (gain > 0.0 || (last && gain == 0.0))
        best = k;
    }
    call->out[0]->value[i] = (double)best;
  }
  return CKKS_OK;
}

/* --------------------------------------------------------------- Normalizer */

/* scikit-learn's: each row over its largest value, sum of sizes, or length. */
ckks_status onnx_reduce_normalizer(onnx_call *call) {
  const onnx_attribute *norm = onnx_graph_attribute(call->node, "norm");
  const onnx_tensor *x = call->in[0];
  size_t n = x->rank > 0 ? x->dim[x->rank - 1] : 1;
  bool l1 = norm != NULL && onnx_wire_text_is(norm->s, "L1");
  bool l2 = norm != NULL && onnx_wire_text_is(norm->s, "L2");
  BASE_TRY(onnx_run_out(call, 0, x->rank, x->dim, false));
  for (size_t row = 0; call->out[0] != NULL && n > 0 && row < x->n / n; row++) {
    const double *in = x->value + row * n;
    double size = 0.0;
    for (size_t i = 0; i < n; i++)
      size = l1 ? size + fabs(in[i]) : l2 ? size + in[i] * in[i] : fmax(size, fabs(in[i]));
    size = l2 ? sqrt(size) : size;
    for (size_t i = 0; i < n; i++)
      call->out[0]->value[row * n + i] = size > 0.0 ? in[i] / size : in[i];
  }
  return CKKS_OK;
}
