/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Convolutions and averages over windows in one to six dimensions. Both go through the
 * inputs and add each to the results that it belongs to; zeros are skipped.
 */
#include <math.h>
#include <string.h>

#include "network/network.h"
#include "onnx/operators.h"

#define MAX_AXES (ONNX_MAX_RANK - 2)

typedef struct window {
  int n; /* spatial axes */
  size_t in[MAX_AXES], out[MAX_AXES], kernel[MAX_AXES];
  int64_t stride[MAX_AXES], dilation[MAX_AXES], before[MAX_AXES], after[MAX_AXES];
  size_t n_in, n_out, n_kernel; /* products */
} window;

/* An attribute of one positive number an axis, all `otherwise` where it is missing. */
static ckks_status read_axes(int64_t *out, const onnx_call *call, const char *name, int n,
                             int64_t least, int64_t otherwise) {
  const onnx_attribute *attribute = onnx_graph_attribute(call->node, name);
  for (int d = 0; d < n; d++)
    out[d] = otherwise;
  if (attribute == NULL || attribute->n_ints == 0)
    return CKKS_OK;
  if (attribute->n_ints != (size_t)n)
    return base_fail(CKKS_ERROR_FORMAT, "%zu numbers in \"%s\" where %d are needed",
                     attribute->n_ints, name, n);
  for (int d = 0; d < n; d++) {
    out[d] = attribute->ints[d];
    if (out[d] < least || out[d] > (int64_t)ONNX_MAX_ELEMENTS)
      return base_fail(CKKS_ERROR_FORMAT, "\"%s\" holds %lld", name, (long long)out[d]);
  }
  return CKKS_OK;
}

/* Zeros around the input: given, or such that the result is the input over the stride. */
static ckks_status read_pads(window *w, const onnx_call *call) {
  const onnx_attribute *automatic = onnx_graph_attribute(call->node, "auto_pad");
  int64_t pads[2 * MAX_AXES];
  BASE_TRY(read_axes(pads, call, "pads", 2 * w->n, 0, 0));
  memcpy(w->before, pads, (size_t)w->n * sizeof *pads);
  memcpy(w->after, pads + w->n, (size_t)w->n * sizeof *pads);
  if (automatic == NULL || automatic->s.n == 0 || onnx_wire_text_is(automatic->s, "NOTSET"))
    return CKKS_OK;
  if (onnx_wire_text_is(automatic->s, "VALID")) {
    memset(w->before, 0, sizeof w->before);
    memset(w->after, 0, sizeof w->after);
    return CKKS_OK;
  }
  bool upper = onnx_wire_text_is(automatic->s, "SAME_UPPER");
  if (!upper && !onnx_wire_text_is(automatic->s, "SAME_LOWER"))
    return base_fail(CKKS_ERROR_FORMAT, "auto_pad \"%.*s\"", ONNX_TEXT(automatic->s));
  for (int d = 0; d < w->n; d++) {
    int64_t in = (int64_t)w->in[d], out = (in + w->stride[d] - 1) / w->stride[d];
    int64_t all = (out - 1) * w->stride[d] + ((int64_t)w->kernel[d] - 1) * w->dilation[d] + 1 - in;
    all = all > 0 ? all : 0;
    w->before[d] = upper ? all / 2 : all - all / 2;
    w->after[d] = all - w->before[d];
  }
  return CKKS_OK;
}

static ckks_status window_read(window *w, const onnx_call *call, const onnx_tensor *x,
                               bool ceiling) {
  w->n = x->rank - 2;
  w->n_in = w->n_out = w->n_kernel = 1;
  BASE_TRY(read_axes(w->stride, call, "strides", w->n, 1, 1));
  BASE_TRY(read_axes(w->dilation, call, "dilations", w->n, 1, 1));
  for (int d = 0; d < w->n; d++) {
    w->in[d] = x->dim[d + 2];
    w->n_in *= w->in[d];
    if (w->kernel[d] < 1 || w->kernel[d] > ONNX_MAX_ELEMENTS)
      return base_fail(CKKS_ERROR_FORMAT, "a window of %zu", w->kernel[d]);
    w->n_kernel *= w->kernel[d];
    if (w->n_kernel > ONNX_MAX_ELEMENTS)
      return base_fail(CKKS_ERROR_FORMAT, "a window of more than %zu", ONNX_MAX_ELEMENTS);
  }
  BASE_TRY(read_pads(w, call));
  for (int d = 0; d < w->n; d++) {
    int64_t span = ((int64_t)w->kernel[d] - 1) * w->dilation[d] + 1;
    int64_t left = (int64_t)w->in[d] + w->before[d] + w->after[d] - span;
    if (left < 0)
      return base_fail(CKKS_ERROR_FORMAT, "its window is larger than its input");
    int64_t out = (left + (ceiling ? w->stride[d] - 1 : 0)) / w->stride[d] + 1;
    /* A window that begins behind the input and its padding in front is none. */
    if (ceiling && (out - 1) * w->stride[d] >= (int64_t)w->in[d] + w->before[d])
      out--;
    w->out[d] = (size_t)out;
    w->n_out *= w->out[d];
  }
  return CKKS_OK;
}

/* Where input `in` meets cell `cell` of a window on the first axes; false when it does not. */
static bool meet(size_t *out, const window *w, int n_axes, size_t in, size_t cell) {
  size_t step = 1, at = 0;
  for (int d = n_axes - 1; d >= 0; d--) {
    int64_t i = (int64_t)(in % w->in[d]), k = (int64_t)(cell % w->kernel[d]);
    in /= w->in[d];
    cell /= w->kernel[d];
    int64_t place = i + w->before[d] - k * w->dilation[d];
    if (place < 0 || place % w->stride[d] != 0 || place / w->stride[d] >= (int64_t)w->out[d])
      return false;
    at += step * (size_t)(place / w->stride[d]);
    step *= w->out[d];
  }
  *out = at;
  return true;
}

/* --------------------------------------------------------------------- Conv */

typedef struct convolution {
  window window;
  const onnx_tensor *x, *w;
  size_t groups, in_group, out_group; /* channels of a group */
} convolution;

/* What of a row of inputs, along the last axis, is not 0: from `first` to before `end`. */
typedef struct span {
  size_t first, end;
} span;

static span span_of(const double *row, size_t n) {
  span s = {0, n};
  while (s.end > 0 && row[s.end - 1] == 0.0)
    s.end--;
  while (s.first < s.end && row[s.first] == 0.0)
    s.first++;
  return s;
}

/* The results along the last axis that cell k of the window makes of inputs in the span. */
static span results_of(const window *w, span s, size_t k) {
  int d = w->n - 1;
  int64_t stride = w->stride[d], shift = w->before[d] - (int64_t)k * w->dilation[d];
  int64_t first = (int64_t)s.first + shift, end = (int64_t)s.end - 1 + shift;
  first = first > 0 ? (first + stride - 1) / stride : 0;
  end = end >= 0 ? end / stride + 1 : 0;
  end = end < (int64_t)w->out[d] ? end : (int64_t)w->out[d];
  return (span){(size_t)first, first < end ? (size_t)end : (size_t)first};
}

/*
 * All results of one sample that a row of inputs is part of: each cell of the window moves it,
 * times a weight, onto a row of each channel. Every result sums up its inputs in their order.
 */
static void spread_row(double *out, const convolution *c, size_t channel, size_t row,
                       const double *in) {
  const window *w = &c->window;
  int last = w->n - 1;
  size_t group = channel / c->in_group, at;
  size_t stride = (size_t)w->stride[last];
  span s = span_of(in, w->in[last]);
  for (size_t cell = 0; s.first < s.end && cell < w->n_kernel; cell++) {
    size_t k = cell % w->kernel[last];
    if (!meet(&at, w, last, row, cell / w->kernel[last]))
      continue;
    span r = results_of(w, s, k);
    if (r.first == r.end)
      continue;
    const double *from =
        in + (r.first * stride + k * (size_t)w->dilation[last] - (size_t)w->before[last]);
    for (size_t o = group * c->out_group; o < (group + 1) * c->out_group; o++) {
      double weight = c->w->value[(o * c->in_group + channel % c->in_group) * w->n_kernel + cell];
      double *to = out + o * w->n_out + at * w->out[last] + r.first;
      for (size_t i = 0; i < r.end - r.first; i++)
        to[i] += weight * from[i * stride];
    }
  }
}

/* Inputs that spread_row multiplies. */
static size_t count_spans(const onnx_tensor *x) {
  size_t n = x->dim[x->rank - 1], sum = 0;
  for (size_t at = 0; at < x->n; at += n) {
    span s = span_of(x->value + at, n);
    sum += s.end - s.first;
  }
  return sum;
}

static ckks_status read_convolution(convolution *c, const onnx_call *call) {
  int64_t groups = onnx_run_int(call, "group", 1), kernel[MAX_AXES];
  c->x = call->in[0];
  c->w = call->in[1];
  if (c->x->rank < 3 || c->w->rank != c->x->rank)
    return base_fail(CKKS_ERROR_FORMAT, "its operands have %d and %d dimensions", c->x->rank,
                     c->w->rank);
  if (groups < 1 || groups > (int64_t)ONNX_MAX_ELEMENTS || c->w->dim[0] % (size_t)groups != 0 ||
      c->x->dim[1] != c->w->dim[1] * (size_t)groups)
    return base_fail(CKKS_ERROR_FORMAT, "%zu channels in, %zu out and %lld groups do not fit",
                     c->x->dim[1], c->w->dim[0], (long long)groups);
  c->groups = (size_t)groups;
  c->in_group = c->w->dim[1];
  c->out_group = c->w->dim[0] / c->groups;
  BASE_TRY(read_axes(kernel, call, "kernel_shape", c->x->rank - 2, 1, 0));
  for (int d = 0; d < c->x->rank - 2; d++) {
    c->window.kernel[d] = c->w->dim[d + 2];
    if (kernel[d] != 0 && (size_t)kernel[d] != c->window.kernel[d])
      return base_fail(CKKS_ERROR_FORMAT, "kernel_shape is not that of its weights");
  }
  return window_read(&c->window, call, c->x, false);
}

static ckks_status add_bias(onnx_tensor *out, const onnx_tensor *bias, size_t n_out) {
  if (bias->n != out->dim[1])
    return base_fail(CKKS_ERROR_FORMAT, "%zu biases for %zu channels", bias->n, out->dim[1]);
  for (size_t i = 0; i < out->n; i += n_out)
    for (size_t k = 0; k < n_out; k++)
      out->value[i + k] = bias->value[i / n_out % out->dim[1]];
  return CKKS_OK;
}

ckks_status onnx_window_conv(onnx_call *call) {
  convolution c = {0};
  BASE_TRY(read_convolution(&c, call));
  const window *w = &c.window;
  size_t dim[ONNX_MAX_RANK] = {c.x->dim[0], c.w->dim[0]};
  memcpy(dim + 2, w->out, (size_t)w->n * sizeof *dim);
  BASE_TRY(onnx_run_work(call->run, count_spans(c.x), w->n_kernel * (c.out_group + 1)));
  BASE_TRY(onnx_run_out(call, 0, c.x->rank, dim, false));
  onnx_tensor *out = call->out[0];
  if (out == NULL)
    return CKKS_OK;
  if (call->node->n_in > 2 && call->in[2] != NULL)
    BASE_TRY(add_bias(out, call->in[2], w->n_out));
  size_t sample = c.x->dim[1] * w->n_in, length = w->in[w->n - 1];
  for (size_t i = 0; i < c.x->n; i += length)
    spread_row(out->value + i / sample * dim[1] * w->n_out, &c, i % sample / w->n_in,
               i % w->n_in / length, c.x->value + i);
  return CKKS_OK;
}

/* Input that cell `cell` of result `at` reads; false where that is padding. */
static bool reads(size_t *in, const window *w, size_t at, size_t cell) {
  size_t step = 1, sum = 0;
  for (int d = w->n - 1; d >= 0; d--) {
    int64_t place = (int64_t)(at % w->out[d]) * w->stride[d] +
                    (int64_t)(cell % w->kernel[d]) * w->dilation[d] - w->before[d];
    at /= w->out[d];
    cell /= w->kernel[d];
    if (place < 0 || place >= (int64_t)w->in[d])
      return false;
    sum += step * (size_t)place;
    step *= w->in[d];
  }
  *in = sum;
  return true;
}

/* Row `at` of channel o. Cells come in the order of the inputs that they read. */
static void append_row(network_sparse *out, const convolution *c, size_t o, size_t at) {
  const window *w = &c->window;
  size_t row = o * w->n_out + at, k = out->start[row], in;
  for (size_t i = 0; i < c->in_group; i++)
    for (size_t cell = 0; cell < w->n_kernel; cell++)
      if (reads(&in, w, at, cell)) {
        out->column[k] = (uint32_t)((o / c->out_group * c->in_group + i) * w->n_in + in);
        out->value[k++] = c->w->value[(o * c->in_group + i) * w->n_kernel + cell];
      }
  out->start[row + 1] = k;
}

ckks_status onnx_window_matrix(network_sparse *out, onnx_run *run, const onnx_node *node) {
  onnx_call call = {.run = run, .node = node};
  convolution c = {0};
  for (int i = 0; i < 2; i++)
    call.in[i] = &run->value[node->in[i]];
  BASE_TRY(read_convolution(&c, &call));
  size_t n_rows = c.w->dim[0] * c.window.n_out, row_weights = c.in_group * c.window.n_kernel;
  if (n_rows > ONNX_MAX_ELEMENTS || row_weights > NETWORK_MAX_WEIGHTS / n_rows)
    return base_fail(CKKS_ERROR_RANGE, "a convolution has more than %zu weights",
                     NETWORK_MAX_WEIGHTS);
  BASE_TRY(network_sparse_init(out, n_rows, c.x->n, n_rows * row_weights));
  for (size_t o = 0; o < c.w->dim[0]; o++)
    for (size_t at = 0; at < c.window.n_out; at++)
      append_row(out, &c, o, at);
  return CKKS_OK;
}

/* -------------------------------------------------------------- AveragePool */

/* Cells of each window that count: all, or those that lie on the input. */
static double cells_of(const window *w, size_t at, bool padding) {
  double cells = 1.0;
  for (int d = w->n - 1; d >= 0; d--) {
    int64_t first = (int64_t)(at % w->out[d]) * w->stride[d] - w->before[d];
    int64_t end = (int64_t)w->in[d] + (padding ? w->after[d] : 0), count = 0;
    at /= w->out[d];
    for (size_t k = 0; k < w->kernel[d]; k++) {
      int64_t place = first + (int64_t)k * w->dilation[d];
      count += place < end && (padding || place >= 0);
    }
    cells *= (double)count;
  }
  return cells;
}

ckks_status onnx_window_average_pool(onnx_call *call) {
  const onnx_tensor *x = call->in[0];
  window w = {0};
  int64_t kernel[MAX_AXES];
  if (x->rank < 3)
    return base_fail(CKKS_ERROR_FORMAT, "its operand has %d dimensions", x->rank);
  if (onnx_graph_attribute(call->node, "kernel_shape") == NULL)
    return base_fail(CKKS_ERROR_FORMAT, "it has no kernel_shape");
  BASE_TRY(read_axes(kernel, call, "kernel_shape", x->rank - 2, 1, 1));
  for (int d = 0; d < x->rank - 2; d++)
    w.kernel[d] = (size_t)kernel[d];
  BASE_TRY(window_read(&w, call, x, onnx_run_int(call, "ceil_mode", 0) != 0));
  size_t dim[ONNX_MAX_RANK] = {x->dim[0], x->dim[1]}, at;
  bool padding = onnx_run_int(call, "count_include_pad", 0) != 0;
  memcpy(dim + 2, w.out, (size_t)w.n * sizeof *dim);
  BASE_TRY(onnx_run_work(call->run, onnx_run_nonzero(x), w.n_kernel));
  BASE_TRY(onnx_run_out(call, 0, x->rank, dim, false));
  onnx_tensor *out = call->out[0];
  if (out == NULL)
    return CKKS_OK;
  for (size_t i = 0; i < x->n; i++)
    for (size_t cell = 0; x->value[i] != 0.0 && cell < w.n_kernel; cell++)
      if (meet(&at, &w, w.n, i % w.n_in, cell))
        out->value[i / w.n_in * w.n_out + at] += x->value[i];
  for (at = 0; at < w.n_out; at++) {
    double cells = fmax(1.0, cells_of(&w, at, padding));
    for (size_t i = at; i < out->n; i += w.n_out)
      out->value[i] /= cells;
  }
  return CKKS_OK;
}

ckks_status onnx_window_global_average_pool(onnx_call *call) {
  const onnx_tensor *x = call->in[0];
  size_t dim[ONNX_MAX_RANK], inner = 1;
  if (x->rank < 3)
    return base_fail(CKKS_ERROR_FORMAT, "its operand has %d dimensions", x->rank);
  for (int d = 0; d < x->rank; d++) {
    dim[d] = d < 2 ? x->dim[d] : 1;
    inner *= d < 2 ? 1 : x->dim[d];
  }
  BASE_TRY(onnx_run_out(call, 0, x->rank, dim, false));
  for (size_t i = 0; call->out[0] != NULL && i < x->n; i++)
    call->out[0]->value[i / inner] += x->value[i] / (double)inner;
  return CKKS_OK;
}
