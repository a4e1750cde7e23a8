/* SPDX-License-Identifier: Apache-2.0 */
/* Operators that bring numbers to other places. */
#include <string.h>

#include "base/alloc.h"
#include "onnx/operators.h"

/* Element (i, j, ...) of a result is element start + i step[0] + j step[1] ... of an operand. */
static void copy_steps(onnx_tensor *out, const double *in, size_t start, const int64_t *step) {
  size_t index[ONNX_MAX_RANK] = {0};
  int64_t at = (int64_t)start;
  for (size_t i = 0; i < out->n; i++) {
    out->value[i] = in[at];
    for (int d = out->rank - 1; d >= 0; d--) {
      at += step[d];
      if (++index[d] < out->dim[d])
        break;
      at -= step[d] * (int64_t)out->dim[d];
      index[d] = 0;
    }
  }
}

static void steps_of(int64_t step[ONNX_MAX_RANK], const onnx_tensor *x) {
  int64_t product = 1;
  for (int d = x->rank - 1; d >= 0; d--) {
    step[d] = product;
    product *= (int64_t)x->dim[d];
  }
}

ckks_status onnx_move_transpose(onnx_call *call) {
  const onnx_tensor *x = call->in[0];
  const onnx_attribute *order = onnx_graph_attribute(call->node, "perm");
  int64_t step[ONNX_MAX_RANK], moved[ONNX_MAX_RANK];
  size_t dim[ONNX_MAX_RANK];
  uint32_t seen = 0;
  if (order != NULL && order->n_ints != (size_t)x->rank)
    return base_fail(CKKS_ERROR_FORMAT, "an order of %zu axes for %d", order->n_ints, x->rank);
  steps_of(step, x);
  for (int d = 0; d < x->rank; d++) {
    int from = x->rank - 1 - d;
    if (order != NULL)
      BASE_TRY(onnx_run_axis(&from, order->ints[d], x->rank));
    if (seen >> from & 1)
      return base_fail(CKKS_ERROR_FORMAT, "axis %d twice", from);
    seen |= 1u << from;
    dim[d] = x->dim[from];
    moved[d] = step[from];
  }
  BASE_TRY(onnx_run_out(call, 0, x->rank, dim, x->whole));
  if (call->out[0] != NULL)
    copy_steps(call->out[0], x->value, 0, moved);
  return CKKS_OK;
}

ckks_status onnx_move_expand(onnx_call *call) {
  const onnx_tensor *x = call->in[0];
  int64_t ints[ONNX_MAX_INPUTS], step[ONNX_MAX_RANK], moved[ONNX_MAX_RANK];
  size_t dim[ONNX_MAX_RANK], n;
  BASE_TRY(onnx_run_ints(ints, &n, call, 1, "shape"));
  if (n > ONNX_MAX_RANK)
    return base_fail(CKKS_ERROR_FORMAT, "a shape of %zu dimensions", n);
  int rank = (int)n > x->rank ? (int)n : x->rank;
  steps_of(step, x);
  for (int d = 0; d < rank; d++) {
    int from = d - (rank - x->rank), to = d - (rank - (int)n);
    size_t have = from >= 0 ? x->dim[from] : 1;
    int64_t want = to >= 0 ? ints[to] : 1;
    if (want < 0 || want > (int64_t)ONNX_MAX_ELEMENTS ||
        (have != 1 && want != 1 && (size_t)want != have))
      return base_fail(CKKS_ERROR_FORMAT, "%zu does not expand to %lld", have, (long long)want);
    dim[d] = have == 1 ? (size_t)want : have;
    moved[d] = from >= 0 && have > 1 ? step[from] : 0;
  }
  BASE_TRY(onnx_run_out(call, 0, rank, dim, x->whole));
  if (call->out[0] != NULL)
    copy_steps(call->out[0], x->value, 0, moved);
  return CKKS_OK;
}

/* ----------------------------------------------------------- Concat, Split */

/* Numbers before and behind an axis. */
static void around(size_t *outer, size_t *inner, const onnx_tensor *x, int axis) {
  *outer = *inner = 1;
  for (int d = 0; d < x->rank; d++)
    *(d < axis ? outer : inner) *= d == axis ? 1 : x->dim[d];
}

ckks_status onnx_move_concat(onnx_call *call) {
  const onnx_tensor *first = call->in[0];
  size_t dim[ONNX_MAX_RANK], outer, inner, at = 0;
  int axis;
  BASE_TRY(onnx_run_axis(&axis, onnx_run_int(call, "axis", 1), first->rank));
  memcpy(dim, first->dim, sizeof dim);
  for (int i = 1; i < call->node->n_in; i++) {
    const onnx_tensor *x = call->in[i];
    if (x == NULL || x->rank != first->rank)
      return base_fail(CKKS_ERROR_FORMAT, "its operands differ in their number of dimensions");
    for (int d = 0; d < x->rank; d++)
      if (d != axis && x->dim[d] != first->dim[d])
        return base_fail(CKKS_ERROR_FORMAT, "its operands differ in dimension %d", d);
    dim[axis] += x->dim[axis];
  }
  BASE_TRY(onnx_run_out(call, 0, first->rank, dim, first->whole));
  onnx_tensor *out = call->out[0];
  if (out == NULL)
    return CKKS_OK;
  around(&outer, &inner, out, axis);
  for (int i = 0; i < call->node->n_in; i++) {
    size_t n = call->in[i]->dim[axis] * inner;
    for (size_t o = 0; o < outer; o++)
      memcpy(out->value + o * dim[axis] * inner + at, call->in[i]->value + o * n,
             n * sizeof(double));
    at += n;
  }
  return CKKS_OK;
}

ckks_status onnx_move_split(onnx_call *call) {
  const onnx_tensor *x = call->in[0];
  int64_t sizes[ONNX_MAX_INPUTS];
  size_t n, outer, inner, at = 0, dim[ONNX_MAX_RANK], parts = (size_t)call->node->n_out;
  int axis;
  BASE_TRY(onnx_run_axis(&axis, onnx_run_int(call, "axis", 0), x->rank));
  BASE_TRY(onnx_run_ints(sizes, &n, call, 1, "split"));
  /* Since opset 18 the last of equal parts may be smaller. */
  bool equal = call->run->graph->opset < 18;
  if (parts == 0 || (n != 0 && n != parts) || (n == 0 && equal && x->dim[axis] % parts != 0))
    return base_fail(CKKS_ERROR_FORMAT, "%zu parts of %zu", parts, x->dim[axis]);
  size_t each = (x->dim[axis] + parts - 1) / parts;
  around(&outer, &inner, x, axis);
  memcpy(dim, x->dim, sizeof dim);
  for (size_t i = 0; i < parts; i++) {
    size_t left = x->dim[axis] - at;
    int64_t size = n == 0 ? (int64_t)(each < left ? each : left) : sizes[i];
    if (size < 0 || (size_t)size > left)
      return base_fail(CKKS_ERROR_FORMAT, "a part of %lld", (long long)size);
    dim[axis] = (size_t)size;
    BASE_TRY(onnx_run_out(call, (int)i, x->rank, dim, x->whole));
    for (size_t o = 0; call->out[i] != NULL && o < outer; o++)
      memcpy(call->out[i]->value + o * dim[axis] * inner,
             x->value + (o * x->dim[axis] + at) * inner, dim[axis] * inner * sizeof(double));
    at += dim[axis];
  }
  return at == x->dim[axis] ? CKKS_OK : base_fail(CKKS_ERROR_FORMAT, "its parts leave some over");
}

/* ------------------------------------------------------------------- Slice */

static int64_t within(int64_t at, int64_t least, int64_t most) {
  return at < least ? least : at > most ? most : at;
}

ckks_status onnx_move_slice(onnx_call *call) {
  const onnx_tensor *x = call->in[0];
  int64_t starts[ONNX_MAX_INPUTS], ends[ONNX_MAX_INPUTS], axes[ONNX_MAX_INPUTS],
      jumps[ONNX_MAX_INPUTS], step[ONNX_MAX_RANK];
  size_t n, n_ends, n_axes, n_jumps, dim[ONNX_MAX_RANK], start = 0;
  uint32_t seen = 0;
  BASE_TRY(onnx_run_ints(starts, &n, call, 1, "starts"));
  BASE_TRY(onnx_run_ints(ends, &n_ends, call, 2, "ends"));
  BASE_TRY(onnx_run_ints(axes, &n_axes, call, 3, "axes"));
  BASE_TRY(onnx_run_ints(jumps, &n_jumps, call, 4, "steps"));
  if (n != n_ends || (n_axes != 0 && n_axes != n) || (n_jumps != 0 && n_jumps != n))
    return base_fail(CKKS_ERROR_FORMAT, "its lists differ in length");
  steps_of(step, x);
  memcpy(dim, x->dim, sizeof dim);
  for (size_t i = 0; i < n; i++) {
    int axis;
    int64_t jump = n_jumps != 0 ? jumps[i] : 1;
    BASE_TRY(onnx_run_axis(&axis, n_axes != 0 ? axes[i] : (int64_t)i, x->rank));
    /* Twice along one axis would lead out of the tensor. */
    if (seen >> axis & 1)
      return base_fail(CKKS_ERROR_FORMAT, "axis %d twice", axis);
    seen |= 1u << axis;
    int64_t size = (int64_t)x->dim[axis];
    if (jump == 0 || jump < -(int64_t)ONNX_MAX_ELEMENTS || jump > (int64_t)ONNX_MAX_ELEMENTS)
      return base_fail(CKKS_ERROR_FORMAT, "a step of %lld", (long long)jump);
    int64_t from = starts[i] < 0 ? starts[i] + size : starts[i];
    int64_t to = ends[i] < 0 && ends[i] > INT64_MIN + size ? ends[i] + size : ends[i];
    from = jump > 0 ? within(from, 0, size) : within(from, 0, size - 1);
    to = jump > 0 ? within(to, 0, size) : within(to, -1, size - 1);
    int64_t count = (to - from + jump - (jump > 0 ? 1 : -1)) / jump;
    dim[axis] = size > 0 && count > 0 ? (size_t)count : 0;
    start += (size_t)(from > 0 ? from : 0) * (size_t)step[axis];
    step[axis] *= jump;
  }
  BASE_TRY(onnx_run_out(call, 0, x->rank, dim, x->whole));
  if (call->out[0] != NULL)
    copy_steps(call->out[0], x->value, start, step);
  return CKKS_OK;
}

/* ------------------------------------------------------------------ Gather */

ckks_status onnx_move_gather(onnx_call *call) {
  const onnx_tensor *x = call->in[0], *which = call->in[1];
  size_t dim[ONNX_MAX_RANK], outer, inner;
  int axis, rank = 0;
  BASE_TRY(onnx_run_axis(&axis, onnx_run_int(call, "axis", 0), x->rank));
  if (x->rank - 1 + which->rank > ONNX_MAX_RANK)
    return base_fail(CKKS_ERROR_FORMAT, "more than %d dimensions", ONNX_MAX_RANK);
  for (int d = 0; d < axis; d++)
    dim[rank++] = x->dim[d];
  for (int d = 0; d < which->rank; d++)
    dim[rank++] = which->dim[d];
  for (int d = axis + 1; d < x->rank; d++)
    dim[rank++] = x->dim[d];
  around(&outer, &inner, x, axis);
  BASE_TRY(onnx_run_out(call, 0, rank, dim, x->whole));
  for (size_t i = 0; call->out[0] != NULL && i < outer * which->n; i++) {
    double at = which->value[i % which->n];
    at = at < 0.0 ? at + (double)x->dim[axis] : at;
    if (!(at >= 0.0 && at < (double)x->dim[axis]))
      return base_fail(CKKS_ERROR_FORMAT, "index %g of %zu", at, x->dim[axis]);
    memcpy(call->out[0]->value + i * inner,
           x->value + (i / which->n * x->dim[axis] + (size_t)at) * inner, inner * sizeof(double));
  }
  return CKKS_OK;
}

/* --------------------------------------------------------------------- Pad */

typedef enum pad_mode { PAD_CONSTANT, PAD_EDGE, PAD_REFLECT } pad_mode;

static ckks_status pad_mode_of(pad_mode *mode, const onnx_call *call) {
  const onnx_attribute *a = onnx_graph_attribute(call->node, "mode");
  *mode = a != NULL && onnx_wire_text_is(a->s, "edge")      ? PAD_EDGE
          : a != NULL && onnx_wire_text_is(a->s, "reflect") ? PAD_REFLECT
                                                            : PAD_CONSTANT;
  if (*mode == PAD_CONSTANT && a != NULL && !onnx_wire_text_is(a->s, "constant"))
    return base_fail(CKKS_ERROR_FORMAT, "mode \"%.*s\"", ONNX_TEXT(a->s));
  return CKKS_OK;
}

/* Where place `at` of a padded axis of `size` comes from; false: from nowhere. */
static bool pad_source(int64_t *at, int64_t size, pad_mode mode) {
  if (*at >= 0 && *at < size)
    return true;
  if (mode == PAD_CONSTANT || size == 0)
    return false;
  if (mode == PAD_EDGE)
    *at = *at < 0 ? 0 : size - 1;
  else
    *at = *at < 0 ? -*at : 2 * (size - 1) - *at;
  return *at >= 0 && *at < size;
}

static double padded_value(const onnx_tensor *x, const onnx_tensor *out, const int64_t *before,
                           size_t i, pad_mode mode, double constant) {
  size_t from = 0, step = 1;
  for (int d = x->rank - 1; d >= 0; d--) {
    int64_t at = (int64_t)(i % out->dim[d]) - before[d];
    i /= out->dim[d];
    if (!pad_source(&at, (int64_t)x->dim[d], mode))
      return constant;
    from += (size_t)at * step;
    step *= x->dim[d];
  }
  return x->value[from];
}

ckks_status onnx_move_pad(onnx_call *call) {
  const onnx_tensor *x = call->in[0];
  const onnx_tensor *filler = call->node->n_in > 2 ? call->in[2] : NULL;
  int64_t pads[ONNX_MAX_INPUTS];
  size_t n, dim[ONNX_MAX_RANK];
  pad_mode mode;
  BASE_TRY(pad_mode_of(&mode, call));
  BASE_TRY(onnx_run_ints(pads, &n, call, 1,
                         onnx_graph_attribute(call->node, "paddings") ? "paddings" : "pads"));
  if (n != 2 * (size_t)x->rank || (filler != NULL && filler->n != 1))
    return base_fail(CKKS_ERROR_FORMAT, "%zu paddings for %d dimensions", n, x->rank);
  for (int d = 0; d < x->rank; d++) {
    int64_t most = (int64_t)ONNX_MAX_ELEMENTS, after = pads[d + x->rank];
    if (pads[d] < -most || pads[d] > most || after < -most || after > most ||
        (int64_t)x->dim[d] + pads[d] + after < 0)
      return base_fail(CKKS_ERROR_FORMAT, "paddings of %lld and %lld", (long long)pads[d],
                       (long long)after);
    dim[d] = (size_t)((int64_t)x->dim[d] + pads[d] + after);
  }
  bool moves = false; /* PyTorch writes paddings of nothing in front of every pooling */
  for (size_t d = 0; d < n; d++)
    moves = moves || pads[d] != 0;
  double constant = filler != NULL ? filler->value[0] : onnx_run_float(call, "value", 0.0);
  BASE_TRY(onnx_run_out(call, 0, x->rank, dim, x->whole));
  if (call->out[0] != NULL && !moves)
    memcpy(call->out[0]->value, x->value, x->n * sizeof(double));
  for (size_t i = 0; moves && call->out[0] != NULL && i < call->out[0]->n; i++)
    call->out[0]->value[i] = padded_value(x, call->out[0], pads, i, mode, constant);
  return CKKS_OK;
}
