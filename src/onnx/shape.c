/* SPDX-License-Identifier: Apache-2.0 */
/* Operators that look at shapes: the numbers stay in their order. */
#include <string.h>

#include "base/alloc.h"
#include "onnx/operators.h"

/* The first operand in another shape. */
static ckks_status reshaped(onnx_call *call, int rank, const size_t *dim) {
  const onnx_tensor *x = call->in[0];
  BASE_TRY(onnx_run_out(call, 0, rank, dim, x->whole));
  if (call->out[0] == NULL)
    return CKKS_OK;
  if (call->out[0]->n != x->n)
    return base_fail(CKKS_ERROR_FORMAT, "%zu numbers do not fill a shape of %zu", x->n,
                     call->out[0]->n);
  memcpy(call->out[0]->value, x->value, x->n * sizeof(double));
  return CKKS_OK;
}

/* ----------------------------------------------------------------- constants */

static ckks_status constant_list(onnx_call *call, const onnx_attribute *a, bool whole) {
  size_t n = whole ? a->n_ints : a->n_floats;
  BASE_TRY(onnx_run_out(call, 0, 1, &n, whole));
  for (size_t i = 0; call->out[0] != NULL && i < n; i++)
    call->out[0]->value[i] = whole ? (double)a->ints[i] : a->floats[i];
  return CKKS_OK;
}

ckks_status onnx_shape_constant(onnx_call *call) {
  const onnx_node *node = call->node;
  const onnx_attribute *a = node->n_attributes == 1 ? &node->attribute[0] : NULL;
  if (a != NULL && a->tensor != NULL) {
    BASE_TRY(onnx_run_out(call, 0, a->tensor->rank, a->tensor->dim, a->tensor->whole));
    if (call->out[0] != NULL)
      memcpy(call->out[0]->value, a->tensor->value, a->tensor->n * sizeof(double));
    return CKKS_OK;
  }
  if (a != NULL &&
      (onnx_wire_text_is(a->name, "value_ints") || onnx_wire_text_is(a->name, "value_floats")))
    return constant_list(call, a, onnx_wire_text_is(a->name, "value_ints"));
  bool whole = a != NULL && onnx_wire_text_is(a->name, "value_int");
  if (!whole && (a == NULL || !onnx_wire_text_is(a->name, "value_float")))
    return base_fail(CKKS_ERROR_FORMAT, "its value is no number or tensor");
  BASE_TRY(onnx_run_out(call, 0, 0, NULL, whole));
  if (call->out[0] != NULL)
    call->out[0]->value[0] = whole ? (double)a->i : a->f;
  return CKKS_OK;
}

/* Dimensions from a tensor of integers. */
static ckks_status read_shape(size_t dim[ONNX_MAX_RANK], int *rank, const onnx_call *call,
                              int index) {
  int64_t ints[ONNX_MAX_INPUTS];
  size_t n;
  BASE_TRY(onnx_run_ints(ints, &n, call, index, "shape"));
  if (n > ONNX_MAX_RANK)
    return base_fail(CKKS_ERROR_FORMAT, "a shape of %zu dimensions", n);
  for (size_t i = 0; i < n; i++) {
    if (ints[i] < 0 || ints[i] > (int64_t)ONNX_MAX_ELEMENTS)
      return base_fail(CKKS_ERROR_FORMAT, "a dimension of %lld", (long long)ints[i]);
    dim[i] = (size_t)ints[i];
  }
  *rank = (int)n;
  return CKKS_OK;
}

ckks_status onnx_shape_constant_of_shape(onnx_call *call) {
  const onnx_attribute *a = onnx_graph_attribute(call->node, "value");
  size_t dim[ONNX_MAX_RANK];
  int rank = 0;
  if (a != NULL && (a->tensor == NULL || a->tensor->n != 1))
    return base_fail(CKKS_ERROR_FORMAT, "its value must be one number");
  BASE_TRY(read_shape(dim, &rank, call, 0));
  BASE_TRY(onnx_run_out(call, 0, rank, dim, a != NULL && a->tensor->whole));
  for (size_t i = 0; call->out[0] != NULL && i < call->out[0]->n; i++)
    call->out[0]->value[i] = a != NULL ? a->tensor->value[0] : 0.0;
  return CKKS_OK;
}

/* Shape (from axis `start` up to before `end`) and Size. */
ckks_status onnx_shape_shape(onnx_call *call) {
  const onnx_tensor *x = call->in[0];
  int64_t start = onnx_run_int(call, "start", 0), end = onnx_run_int(call, "end", x->rank);
  if (onnx_wire_text_is(call->node->op, "Size")) {
    BASE_TRY(onnx_run_out(call, 0, 0, NULL, true));
    if (call->out[0] != NULL)
      call->out[0]->value[0] = (double)x->n;
    return CKKS_OK;
  }
  start = start < 0 ? start + x->rank : start;
  end = end < 0 ? end + x->rank : end;
  start = start < 0 ? 0 : start > x->rank ? x->rank : start;
  end = end < start ? start : end > x->rank ? x->rank : end;
  size_t n = (size_t)(end - start);
  BASE_TRY(onnx_run_out(call, 0, 1, &n, true));
  for (size_t i = 0; call->out[0] != NULL && i < n; i++)
    call->out[0]->value[i] = (double)x->dim[(size_t)start + i];
  return CKKS_OK;
}

/* ------------------------------------------------------------------ reshaping */

/* 0 keeps a dimension (unless told otherwise), -1 takes what is left. */
ckks_status onnx_shape_reshape(onnx_call *call) {
  const onnx_tensor *x = call->in[0];
  bool zeros = onnx_run_int(call, "allowzero", 0) != 0;
  int64_t ints[ONNX_MAX_INPUTS];
  size_t dim[ONNX_MAX_RANK], n, known = 1;
  int open = -1;
  BASE_TRY(onnx_run_ints(ints, &n, call, 1, "shape"));
  if (n > ONNX_MAX_RANK)
    return base_fail(CKKS_ERROR_FORMAT, "a shape of %zu dimensions", n);
  for (size_t i = 0; i < n; i++) {
    if (ints[i] < -1 || ints[i] > (int64_t)ONNX_MAX_ELEMENTS || (ints[i] == -1 && open >= 0) ||
        (ints[i] == 0 && !zeros && i >= (size_t)x->rank))
      return base_fail(CKKS_ERROR_FORMAT, "a dimension of %lld", (long long)ints[i]);
    dim[i] = ints[i] == 0 && !zeros ? x->dim[i] : (size_t)ints[i];
    if (ints[i] == -1)
      open = (int)i;
    else if (__builtin_mul_overflow(known, dim[i], &known))
      return base_fail(CKKS_ERROR_FORMAT, "a shape of more numbers than there can be");
  }
  if (open >= 0) {
    if (known == 0 || x->n % known != 0)
      return base_fail(CKKS_ERROR_FORMAT, "%zu numbers do not fill rows of %zu", x->n, known);
    dim[open] = x->n / known;
  }
  return reshaped(call, (int)n, dim);
}

ckks_status onnx_shape_flatten(onnx_call *call) {
  const onnx_tensor *x = call->in[0];
  int64_t axis = onnx_run_int(call, "axis", 1);
  size_t dim[2] = {1, 1};
  if (axis < -x->rank || axis > x->rank)
    return base_fail(CKKS_ERROR_FORMAT, "axis %lld of %d dimensions", (long long)axis, x->rank);
  axis = axis < 0 ? axis + x->rank : axis;
  for (int d = 0; d < x->rank; d++)
    dim[d >= axis] *= x->dim[d];
  return reshaped(call, 2, dim);
}

ckks_status onnx_shape_squeeze(onnx_call *call) {
  const onnx_tensor *x = call->in[0];
  int64_t ints[ONNX_MAX_INPUTS];
  size_t dim[ONNX_MAX_RANK], n;
  uint32_t gone = 0;
  int rank = 0, axis;
  BASE_TRY(onnx_run_ints(ints, &n, call, 1, "axes"));
  for (size_t i = 0; i < n; i++) {
    BASE_TRY(onnx_run_axis(&axis, ints[i], x->rank));
    gone |= 1u << axis;
  }
  for (int d = 0; d < x->rank; d++)
    if (n > 0 ? !(gone >> d & 1) : x->dim[d] != 1)
      dim[rank++] = x->dim[d];
  return reshaped(call, rank, dim);
}

ckks_status onnx_shape_unsqueeze(onnx_call *call) {
  const onnx_tensor *x = call->in[0];
  int64_t ints[ONNX_MAX_INPUTS];
  size_t dim[ONNX_MAX_RANK], n;
  uint32_t made = 0;
  int axis, next = 0;
  BASE_TRY(onnx_run_ints(ints, &n, call, 1, "axes"));
  if ((size_t)x->rank + n > ONNX_MAX_RANK)
    return base_fail(CKKS_ERROR_FORMAT, "more than %d dimensions", ONNX_MAX_RANK);
  int rank = x->rank + (int)n;
  for (size_t i = 0; i < n; i++) {
    BASE_TRY(onnx_run_axis(&axis, ints[i], rank));
    if (made >> axis & 1)
      return base_fail(CKKS_ERROR_FORMAT, "axis %d twice", axis);
    made |= 1u << axis;
  }
  for (int d = 0; d < rank; d++)
    dim[d] = made >> d & 1 ? 1 : x->dim[next++];
  return reshaped(call, rank, dim);
}

/* Scores with the names of their labels: the scores. */
ckks_status onnx_shape_zip_map(onnx_call *call) {
  return reshaped(call, call->in[0]->rank, call->in[0]->dim);
}
