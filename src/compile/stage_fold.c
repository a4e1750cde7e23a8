/* SPDX-License-Identifier: Apache-2.0 */
/* What of a stage's polynomials its neighbours' maps can take (docs/math.md, "The monic cubic"). */
#include "compile/stage.h"

#include <math.h>

#include "base/alloc.h"

static bool any_chebyshev(const compile_stage *stage) {
  bool any = false;
  for (size_t a = 0; a < stage->n_activations; a++)
    any = any || stage->polynomial[a].chebyshev;
  return any;
}

static void rescale_row(const network_sparse *map, size_t row, double factor) {
  for (size_t k = map->start[row]; k < map->start[row + 1]; k++)
    map->value[k] *= factor;
}

/* v := factor * (v + shift) in the units with activation a. */
static void rescale_rows(compile_stage *stage, size_t a, double factor, double shift) {
  for (size_t row = 0; row < stage->n_out; row++) {
    if (compile_stage_activation(stage, row) != a)
      continue;
    rescale_row(&stage->map, row, factor);
    for (int k = 0; k < stage->n_skips; k++)
      rescale_row(&stage->skip[k].map, row, factor);
    stage->bias[row] = factor * (stage->bias[row] + shift);
  }
  stage->range[a] = fabs(factor) * (stage->range[a] + fabs(shift));
}

/* What comes from units with activation a is factor * x + shift: undone inside a map of them. */
static void rescale_map(const network_sparse *map, double *bias, const compile_stage *stage,
                        size_t a, double factor, double shift) {
  for (size_t row = 0; row < map->n_rows; row++) {
    double sum = 0.0;
    for (size_t k = map->start[row]; k < map->start[row + 1]; k++) {
      if (compile_stage_activation(stage, map->column[k]) != a)
        continue;
      sum += map->value[k];
      map->value[k] *= factor;
    }
    bias[row] += sum * shift;
  }
}

/* In the next map, and wherever a later stage takes results of stage i. */
static void rescale_columns(compile_stages *stages, size_t i, size_t a, double factor,
                            double shift) {
  const compile_stage *stage = &stages->stage[i];
  for (size_t later = i + 1; later < stages->n_stages; later++) {
    compile_stage *reader = &stages->stage[later];
    if (later == i + 1)
      rescale_map(&reader->map, reader->bias, stage, a, factor, shift);
    for (int k = 0; k < reader->n_skips; k++)
      if (reader->skip[k].from == i)
        rescale_map(&reader->skip[k].map, reader->bias, stage, a, factor, shift);
  }
}

/* Makes the cubic monic and without a square term; returns the constant left over. */
static double fold_cubic(compile_stage *stage, size_t a) {
  const double *c = stage->polynomial[a].coefficient;
  double factor = cbrt(c[3]), shift = c[2] / (3.0 * c[3]);
  stage->linear[a] = (c[1] - 3.0 * c[3] * shift * shift) / factor;
  rescale_rows(stage, a, factor, shift);
  return c[0] - c[3] * shift * shift * shift - stage->linear[a] * factor * shift;
}

/* Makes the square +-v^2 + constant; *sign is what the next map multiplies by. */
static double fold_square(compile_stage *stage, size_t a, double *sign) {
  const double *c = stage->polynomial[a].coefficient;
  double shift = c[1] / (2.0 * c[2]);
  *sign = c[2] < 0.0 ? -1.0 : 1.0;
  rescale_rows(stage, a, sqrt(fabs(c[2])), shift);
  return c[0] - c[2] * shift * shift;
}

/* p(x) = c_4 (u^4 + a u^2) + constant with u = x + h: what is left when x^3 is gone. */
typedef struct quartic {
  double shift, square, slope, constant;
} quartic;

static quartic depress(const double *c) {
  double h = c[3] / (4.0 * c[4]), h2 = h * h;
  return (quartic){.shift = h,
                   .square = c[2] - 6.0 * c[4] * h2,
                   .slope = c[1] - 2.0 * c[2] * h + 8.0 * c[4] * h2 * h,
                   .constant = c[0] - c[1] * h + c[2] * h2 - c[3] * h2 * h + c[4] * h2 * h2};
}

/* Whether all are squares of squares but for factors and constants, as the indicator of four
 * conditions is: two levels instead of three. */
static bool are_squares(const compile_stage *stage) {
  if (!compile_stage_all_have(stage, 4))
    return false;
  for (size_t a = 0; a < stage->n_activations; a++) {
    const double *c = stage->polynomial[a].coefficient;
    quartic q = depress(c);
    double size = fabs(c[1]) + fabs(2.0 * c[2] * q.shift) + fabs(2.0 * c[3] * q.shift * q.shift);
    if (!(fabs(q.slope) <= 1e-12 * size))
      return false;
  }
  return true;
}

/* Makes it +-(v^2 + linear)^2 + constant; *sign is what the next map multiplies by. */
static double fold_squares(compile_stage *stage, size_t a, double *sign) {
  const double *c = stage->polynomial[a].coefficient;
  quartic q = depress(c);
  double factor = sqrt(sqrt(fabs(c[4])));
  *sign = c[4] < 0.0 ? -1.0 : 1.0;
  stage->linear[a] = factor * factor * q.square / (2.0 * c[4]);
  rescale_rows(stage, a, factor, q.shift);
  return q.constant - q.square * q.square / (4.0 * c[4]);
}

/*
 * v := v / range, and p for it such that results stay within 1 as well: units of all
 * activations then stand at one size, and a carried value's polynomial is v itself. Returns what
 * the next map multiplies by.
 */
static double normalise(compile_stage *stage, size_t a, bool results, bool chebyshev) {
  encoding_polynomial *p = &stage->polynomial[a], given = *p;
  double range = stage->range[a] > 0.0 ? stage->range[a] : 1.0;
  double most = results ? encoding_polynomial_max(p, range) : 1.0, power = 1.0;
  if (!(most > 0.0))
    most = 1.0;
  if (chebyshev)
    encoding_polynomial_rescale(p, &given, range, most);
  for (int k = 0; k <= p->degree && !chebyshev; k++, power *= range)
    p->coefficient[k] = p->coefficient[k] * power / most;
  rescale_rows(stage, a, 1.0 / range, 0.0);
  return most;
}

/*
 * Where the leading coefficient is next to nothing the middle lies far outside the range: v would
 * be large, and what the polynomial says the small difference of large numbers. Powers as they are
 * keep more of it than such a fold.
 */
#define MOST_CANCELLED 4096.0
static bool folds_well(const compile_stage *stage) {
  for (size_t a = 0; a < stage->n_activations; a++) {
    const encoding_polynomial *p = &stage->polynomial[a];
    double lead = p->coefficient[p->degree], range = stage->range[a];
    double middle = p->coefficient[p->degree - 1] / (p->degree * lead);
    double power = fabs(lead) * pow(range + fabs(middle), p->degree);
    if (!(power <= MOST_CANCELLED * fmax(encoding_polynomial_max(p, range), fabs(lead))))
      return false;
  }
  return true;
}

static compile_stage_kind kind_of(const compile_stage *stage) {
  if (compile_stage_all_have(stage, 3))
    return folds_well(stage) ? COMPILE_STAGE_CUBIC : COMPILE_STAGE_GENERAL;
  if (compile_stage_all_have(stage, 2))
    return folds_well(stage) ? COMPILE_STAGE_SQUARE : COMPILE_STAGE_GENERAL;
  return are_squares(stage) && folds_well(stage) ? COMPILE_STAGE_SQUARES : COMPILE_STAGE_GENERAL;
}

void compile_stage_fold(compile_stages *stages, size_t i) {
  compile_stage *stage = &stages->stage[i];
  bool next = i + 1 < stages->n_stages;
  bool chebyshev = any_chebyshev(stage);
  stage->kind = next ? kind_of(stage) : COMPILE_STAGE_GENERAL;
  for (size_t a = 0; a < stage->n_activations; a++) {
    double factor = 1.0, constant = 0.0;
    if (stage->kind == COMPILE_STAGE_CUBIC)
      constant = fold_cubic(stage, a);
    else if (stage->kind == COMPILE_STAGE_SQUARES)
      constant = fold_squares(stage, a, &factor);
    else if (stage->kind == COMPILE_STAGE_SQUARE)
      constant = fold_square(stage, a, &factor);
    else if (stage->n_activations > 1)
      factor = normalise(stage, a, next, chebyshev);
    if (next)
      rescale_columns(stages, i, a, factor, constant);
  }
  stage->max_abs = compile_stage_range(stage);
}

/* A polynomial of degree 1 is part of the affine map. */
static void absorb(compile_stage *stage, size_t a) {
  const double *c = stage->polynomial[a].coefficient;
  if (c[1] != 0.0) {
    rescale_rows(stage, a, c[1], c[0] / c[1]);
    return;
  }
  rescale_rows(stage, a, 0.0, 0.0);
  for (size_t row = 0; row < stage->n_out; row++)
    if (compile_stage_activation(stage, row) == a)
      stage->bias[row] = c[0];
  stage->range[a] = fabs(c[0]);
}

void compile_stage_absorb(compile_stage *stage) {
  for (size_t a = 0; a < stage->n_activations; a++)
    absorb(stage, a);
  stage->range[0] = compile_stage_range(stage);
  stage->polynomial[0] = encoding_polynomial_identity;
  stage->n_activations = 1;
  base_free(stage->activation_of);
  stage->activation_of = NULL;
}
