/* SPDX-License-Identifier: Apache-2.0 */
#include "compile/box.h"

#include <math.h>
#include <string.h>

#include "base/alloc.h"

/* Without calibration scaled features are taken to stay within this many deviations. */
#define UNKNOWN_REACH 8.0
/* A side that was hardly seen still has as much room as this many deviations, times the headroom.
 */
#define LEAST_SIDE 1.0
#define LARGEST_BYTE 255.0
#define ANY_VALUE 1e300
/* Bounds are widened by far more than doubles lose on the way. */
#define SLACK 1e-9
/* Polynomials are looked at in so many pieces of an interval. */
#define PIECES 64
/* Of wider layers, units that share an activation share an interval as well. */
#define MANY_UNITS 512

typedef struct interval {
  double low, high;
} interval;

/* --- the box */

/* Outwards to a grid of an eighth of the side's size, or less: 0.3 bits at most. */
static double coarse(double side) {
  double step = exp2(floor(log2(side)) - 3.0);
  return ceil(side / step) * step;
}

static interval seen_range(const network_model *model, size_t i) {
  if (model->low != NULL)
    return (interval){model->low[i], model->high[i]};
  double most = model->max_abs_input > 0.0 ? model->max_abs_input : UNKNOWN_REACH;
  return (interval){-most, most};
}

static double raw(const network_model *model, size_t i, double scaled) {
  return model->mean[i] + model->deviation[i] * scaled;
}

/* From the mean where that was among the values, else from their middle. */
static interval widened(interval seen, double headroom) {
  double from = seen.low <= 0.0 && seen.high >= 0.0 ? 0.0 : 0.5 * (seen.low + seen.high);
  return (interval){from - coarse(headroom * fmax(from - seen.low, LEAST_SIDE)),
                    from + coarse(headroom * fmax(seen.high - from, LEAST_SIDE))};
}

/* Whether what was seen are bytes of pixels, and not an image's numbers in another unit. */
static bool are_bytes(const network_model *model) {
  size_t image[3];
  double most = 0.0;
  if (model->low == NULL || !encoding_image_shape(image, model->feature, model->n_features))
    return false;
  for (size_t i = 0; i < model->n_features; i++) {
    if (raw(model, i, model->low[i]) < -0.5)
      return false;
    most = fmax(most, raw(model, i, model->high[i]));
  }
  return most > 1.5 && most < LARGEST_BYTE + 0.5;
}

void compile_box_fill(plan_interface *interface, const network_model *model, double headroom) {
  bool bytes = are_bytes(model);
  bool known = model->max_abs_input > 0.0;
  for (size_t i = 0; i < model->n_features; i++) {
    interval seen = seen_range(model, i), box = seen;
    if (known)
      box = widened(seen, headroom);
    interface->low[i] = bytes ? 0.0 : raw(model, i, box.low);
    interface->high[i] = bytes ? LARGEST_BYTE : raw(model, i, box.high);
    bool usual = seen.low <= 0.0 && seen.high >= 0.0; /* the mean is */
    double middle = 0.5 * (interface->low[i] + interface->high[i]);
    interface->padding[i] = bytes ? interface->low[i] : usual ? model->mean[i] : middle;
    if (model->input.feature == NULL || model->input.feature[i].kind == ENCODING_SCALE)
      continue;
    bool bins = model->input.feature[i].kind == ENCODING_BINS;
    interface->low[i] = bins ? -ANY_VALUE : 0.0; /* bits are bits, whatever the value */
    interface->high[i] =
        bins ? ANY_VALUE : fmax(0.0, (double)model->input.feature[i].n_values - 1.0);
    interface->padding[i] = 0.0;
  }
}

/* --- how far values go inside it */

static interval outwards(interval x) {
  double slack = SLACK * fmax(fabs(x.low), fabs(x.high));
  return (interval){x.low - slack, x.high + slack};
}

static double magnitude(interval x) {
  return fmax(fabs(x.low), fabs(x.high));
}

static interval hull(interval x, interval y) {
  return (interval){fmin(x.low, y.low), fmax(x.high, y.high)};
}

/* p on [centre - radius, centre + radius], by its expansion there. */
static interval piece_range(const encoding_polynomial *p, double centre, double radius) {
  double c[ENCODING_MAX_POWERS + 1], spread = 0.0, power = radius;
  for (int k = 0; k <= p->degree; k++)
    c[k] = p->coefficient[k];
  for (int k = 0; k < p->degree; k++) /* repeated division by x - centre */
    for (int i = p->degree - 1; i >= k; i--)
      c[i] += centre * c[i + 1];
  for (int k = 1; k <= p->degree; k++, power *= radius)
    spread += fabs(c[k]) * power;
  return (interval){c[0] - spread, c[0] + spread};
}

/* Rounding of the expansion, at most: it adds up terms of this size, degree^2 times. */
static double expansion_slack(const encoding_polynomial *p, interval x) {
  double size = 0.0, power = 1.0, most = magnitude(x);
  for (int k = 0; k <= p->degree; k++, power *= most)
    size += fabs(p->coefficient[k]) * power;
  return ldexp(size * (p->degree + 1) * (p->degree + 1), -52);
}

/* sum |c_k| T_k(x), x >= 1: no argument of that magnitude makes p larger. */
static double chebyshev_bound(const encoding_polynomial *p, double x) {
  double least = fmax(x, 1.0), bound = 0.0, t = log(least + sqrt(least * least - 1.0));
  for (int k = 0; k <= p->degree; k++)
    bound += fabs(p->coefficient[k]) * cosh(k * t);
  return bound;
}

/*
 * Between -1 and 1 p(cos t) = sum c_k cos kt, whose slope is at most sum k |c_k|: values at the
 * middles of pieces of t, and that slope from there. Beyond, the bound.
 */
static interval chebyshev_range(const encoding_polynomial *p, interval x) {
  interval range = {(double)INFINITY, -(double)INFINITY};
  double slope = 0.0, most = magnitude(x);
  for (int k = 1; k <= p->degree; k++)
    slope += k * fabs(p->coefficient[k]);
  if (x.low < 1.0 && x.high > -1.0) {
    double from = acos(fmin(x.high, 1.0)), half = 0.5 * (acos(fmax(x.low, -1.0)) - from) / PIECES;
    for (int i = 0; i < PIECES; i++) {
      double value = encoding_polynomial_value(p, cos(from + (2 * i + 1) * half));
      range = hull(range, (interval){value - half * slope, value + half * slope});
    }
  }
  if (most > 1.0) {
    double bound = chebyshev_bound(p, most);
    range = hull(range, (interval){-bound, bound});
  }
  double slack = SLACK * chebyshev_bound(p, most);
  return (interval){range.low - slack, range.high + slack};
}

static interval polynomial_range(const encoding_polynomial *p, interval x) {
  if (p->chebyshev)
    return chebyshev_range(p, x);
  int pieces = x.high - x.low > 1e-3 * magnitude(x) ? PIECES : 1;
  double radius = 0.5 * (x.high - x.low) / pieces, slack = expansion_slack(p, x);
  interval range = piece_range(p, x.low + radius, radius);
  for (int i = 1; i < pieces; i++)
    range = hull(range, piece_range(p, x.low + (2 * i + 1) * radius, radius));
  return outwards((interval){range.low - slack, range.high + slack});
}

/* The polynomial that a stage has under encryption. */
static encoding_polynomial polynomial_of(const compile_stage *stage, size_t a) {
  switch (stage->kind) {
  case COMPILE_STAGE_LAST:
    break;
  case COMPILE_STAGE_CUBIC:
    return (encoding_polynomial){3, {0.0, stage->linear[a], 0.0, 1.0}, false};
  case COMPILE_STAGE_SQUARES:
    return (encoding_polynomial){
        4, {stage->linear[a] * stage->linear[a], 0.0, 2.0 * stage->linear[a], 0.0, 1.0}, false};
  case COMPILE_STAGE_SQUARE:
    return (encoding_polynomial){2, {0.0, 0.0, 1.0}, false};
  case COMPILE_STAGE_GENERAL:
    return stage->polynomial[a];
  }
  return encoding_polynomial_identity;
}

static void add_row(interval *sum, double *size, const network_sparse *map, size_t row,
                    const interval *in) {
  for (size_t k = map->start[row]; k < map->start[row + 1]; k++) {
    double w = map->value[k];
    interval x = in[map->column[k]];
    sum->low += w > 0.0 ? w * x.low : w * x.high;
    sum->high += w > 0.0 ? w * x.high : w * x.low;
    *size += fabs(w) * magnitude(x);
  }
}

/* kept: of each stage that others take results of, those. */
static interval row_range(const compile_stage *stage, size_t row, const interval *in,
                          interval *const *kept) {
  interval sum = {stage->bias[row], stage->bias[row]};
  double size = fabs(stage->bias[row]);
  add_row(&sum, &size, &stage->map, row, in);
  for (int k = 0; k < stage->n_skips; k++)
    add_row(&sum, &size, &stage->skip[k].map, row, kept[stage->skip[k].from]);
  return (interval){sum.low - SLACK * size, sum.high + SLACK * size};
}

/*
 * Of the bits of one feature those of smaller edges are 1 and the others 0, so a row adds up a
 * beginning of its weights there; of categories one is 1; or the bit that says it is missing. `k`
 * is the row's first weight on them, `begin` their first input; returns the weight behind them.
 */
static size_t add_feature(interval *sum, const network_sparse *map, size_t k, size_t end,
                          size_t begin, const encoding_feature *feature) {
  double so_far = 0.0, low = 0.0, high = 0.0;
  for (; k < end && map->column[k] < begin + encoding_input_count(feature); k++) {
    double w = map->value[k];
    bool missing = map->column[k] == begin + feature->n_values;
    so_far = feature->kind == ENCODING_BINS && !missing ? so_far + w : w;
    low = fmin(low, so_far);
    high = fmax(high, so_far);
  }
  sum->low += low;
  sum->high += high;
  return k;
}

static interval encoded_row_range(const compile_stage *stage, size_t row, const interval *in,
                                  const encoding_input *input) {
  const network_sparse *map = &stage->map;
  interval sum = {stage->bias[row], stage->bias[row]};
  double size = fabs(stage->bias[row]);
  size_t k = map->start[row], end = map->start[row + 1], begin = 0;
  for (size_t i = k; i < end; i++)
    size += fabs(map->value[i]) * magnitude(in[map->column[i]]);
  for (size_t f = 0; f < input->n_features; f++) {
    const encoding_feature *feature = &input->feature[f];
    if (feature->kind != ENCODING_SCALE) {
      k = add_feature(&sum, map, k, end, begin, feature);
    } else if (k < end && map->column[k] == begin) {
      double w = map->value[k++];
      sum.low += w > 0.0 ? w * in[begin].low : w * in[begin].high;
      sum.high += w > 0.0 ? w * in[begin].high : w * in[begin].low;
    }
    begin += encoding_input_count(feature);
  }
  return (interval){sum.low - SLACK * size, sum.high + SLACK * size};
}

/* in: of the values of a stage. Each becomes what its polynomial makes of it. */
static void bend(interval *x, const compile_stage *stage, bool one_row) {
  bool many = stage->n_out > MANY_UNITS && !one_row;
  interval all[NETWORK_MAX_ACTIVATIONS];
  for (size_t a = 0; a < stage->n_activations; a++) {
    encoding_polynomial p = polynomial_of(stage, a);
    bool begun = false;
    for (size_t row = 0; row < stage->n_out; row++) {
      if (compile_stage_activation(stage, row) != a)
        continue;
      all[a] = begun ? hull(all[a], x[row]) : x[row];
      begun = true;
      if (!many)
        x[row] = polynomial_range(&p, x[row]);
    }
    if (many && begun)
      all[a] = polynomial_range(&p, all[a]);
  }
  for (size_t row = 0; many && row < stage->n_out; row++)
    x[row] = all[compile_stage_activation(stage, row)];
}

/* The largest magnitude; what is no number is infinite. */
static double largest(const interval *x, size_t n) {
  double most = 0.0;
  for (size_t i = 0; i < n; i++)
    most = magnitude(x[i]) <= most ? most : magnitude(x[i]);
  return isfinite(most) ? most : (double)INFINITY;
}

/* Two arrays of the widest layer's length; x holds the inputs. `input`: how they hang together, or
 * NULL. */
static void walk(compile_reach *reach, interval *x, interval *y, interval *const *kept,
                 const compile_stages *stages, const encoding_input *input, bool one_row) {
  reach->input = largest(x, stages->stage[0].n_in);
  for (size_t i = 0; i < stages->n_stages; i++) {
    const compile_stage *stage = &stages->stage[i];
    for (size_t row = 0; row < stage->n_out; row++)
      y[row] = i == 0 && input != NULL ? encoded_row_range(stage, row, x, input)
                                       : row_range(stage, row, x, kept);
    reach->stage[i] = largest(y, stage->n_out);
    if (stage->kind != COMPILE_STAGE_LAST)
      bend(y, stage, one_row);
    if (kept[i] != NULL)
      memcpy(kept[i], y, stage->n_out * sizeof *y);
    reach->output = largest(y, stage->n_out);
    interval *spare = x;
    x = y;
    y = spare;
  }
}

static double scaled(const plan_interface *interface, size_t i, double x) {
  return (x - interface->mean[i]) / interface->deviation[i];
}

static interval input_range(const plan_interface *interface, size_t i) {
  size_t feature = i;
  if (interface->input.feature != NULL) {
    feature = encoding_input_feature(&interface->input, i);
    if (interface->input.feature[feature].kind != ENCODING_SCALE)
      return (interval){0.0, 1.0};
  }
  return outwards((interval){scaled(interface, feature, interface->low[feature]),
                             scaled(interface, feature, interface->high[feature])});
}

static ckks_status keep(interval **kept, const compile_stages *stages) {
  for (size_t i = 0; i < stages->n_stages; i++) {
    size_t n = stages->stage[i].n_out;
    if (!compile_skip_source(stages, i))
      continue;
    kept[i] = base_alloc_array(n, sizeof **kept);
    if (kept[i] == NULL)
      return base_fail_memory(n * sizeof **kept);
  }
  return CKKS_OK;
}

static ckks_status find_reach(compile_reach *reach, interval *const *kept,
                              const compile_stages *stages, const plan_interface *interface) {
  size_t width = compile_stages_width(stages);
  interval *x = base_alloc_array(2 * width, sizeof *x);
  compile_reach padding;
  if (x == NULL)
    return base_fail_memory(2 * width * sizeof *x);
  for (size_t i = 0; i < plan_n_inputs(interface); i++)
    x[i] = (interval){plan_box_padding(interface, i), plan_box_padding(interface, i)};
  walk(&padding, x, x + width, kept, stages, NULL, true);
  for (size_t i = 0; i < plan_n_inputs(interface); i++)
    x[i] = input_range(interface, i);
  walk(reach, x, x + width, kept, stages,
       interface->input.feature != NULL ? &interface->input : NULL, false);
  reach->padding = padding.output;
  base_free(x);
  return CKKS_OK;
}

ckks_status compile_box_reach(compile_reach *reach, const compile_stages *stages,
                              const plan_interface *interface) {
  interval *kept[NETWORK_MAX_LAYERS] = {NULL};
  ckks_status status = keep(kept, stages);
  if (status == CKKS_OK)
    status = find_reach(reach, kept, stages, interface);
  for (size_t i = 0; i < stages->n_stages; i++)
    base_free(kept[i]);
  return status;
}
