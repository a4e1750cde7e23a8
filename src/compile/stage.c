/* SPDX-License-Identifier: Apache-2.0 */
#include "compile/stage.h"

#include <math.h>
#include <string.h>

#include "base/alloc.h"
#include "base/wipe.h"

/* Without calibration scaled features are taken to stay within this many deviations. */
#define DEFAULT_MAX_ABS_INPUT 8.0

static const encoding_polynomial identity = {.degree = 1, .coefficient = {0.0, 1.0}};

bool compile_stage_chebyshev(const compile_stage *stage) {
  return stage->polynomial[0].chebyshev;
}

/* Degree after leading zeros are dropped; constants count as degree 1 with slope 0. */
static encoding_polynomial trimmed(const encoding_polynomial *polynomial) {
  encoding_polynomial p = *polynomial;
  while (p.degree > 1 && p.coefficient[p.degree] == 0.0)
    p.degree--;
  p.chebyshev = p.chebyshev && p.degree > 1; /* a line is one in both bases */
  return p;
}

size_t compile_stage_activation(const compile_stage *stage, size_t unit) {
  return stage->activation_of == NULL ? 0 : stage->activation_of[unit];
}

int compile_stage_degree(const compile_stage *stage) {
  int degree = 1;
  for (size_t a = 0; a < stage->n_activations; a++)
    if (stage->polynomial[a].degree > degree)
      degree = stage->polynomial[a].degree;
  return degree;
}

/* Whether all units have a polynomial of that degree, in powers. */
static bool stage_all_have(const compile_stage *stage, int degree) {
  bool all = true;
  for (size_t a = 0; a < stage->n_activations; a++)
    all = all && stage->polynomial[a].degree == degree && !stage->polynomial[a].chebyshev;
  return all;
}

static bool stage_any_chebyshev(const compile_stage *stage) {
  bool any = false;
  for (size_t a = 0; a < stage->n_activations; a++)
    any = any || stage->polynomial[a].chebyshev;
  return any;
}

static double stage_range(const compile_stage *stage) {
  double most = stage->range[0];
  for (size_t a = 1; a < stage->n_activations; a++)
    most = fmax(most, stage->range[a]);
  return most;
}

static ckks_status stage_init(compile_stage *stage, const network_layer *layer) {
  memset(stage, 0, sizeof *stage);
  stage->n_in = layer->n_in;
  stage->n_out = layer->n_out;
  stage->bias = base_alloc_array(layer->n_out, sizeof(double));
  stage->polynomial = base_alloc_array(layer->n_activations, sizeof *stage->polynomial);
  if (!stage->bias || !stage->polynomial)
    return base_fail_memory(layer->n_out * sizeof(double));
  BASE_TRY(network_sparse_copy(&stage->map, &layer->weight));
  memcpy(stage->bias, layer->bias, layer->n_out * sizeof(double));
  memcpy(stage->image, layer->image, sizeof stage->image);
  stage->n_activations = layer->n_activations;
  for (size_t a = 0; a < layer->n_activations; a++) {
    stage->polynomial[a] = trimmed(&layer->activation[a].polynomial);
    stage->range[a] = layer->activation[a].max_abs;
  }
  if (layer->n_activations == 1)
    return CKKS_OK;
  stage->activation_of = base_alloc_array(layer->n_out, sizeof(uint8_t));
  if (!stage->activation_of)
    return base_fail_memory(layer->n_out);
  memcpy(stage->activation_of, layer->activation_of, layer->n_out);
  return CKKS_OK;
}

static void stage_clear(compile_stage *stage) {
  network_sparse_clear(&stage->map);
  if (stage->bias)
    base_wipe(stage->bias, stage->n_out * sizeof(double));
  base_free(stage->bias);
  base_free(stage->activation_of);
  base_free(stage->polynomial);
  memset(stage, 0, sizeof *stage);
}

/* v := factor * (v + shift) in the units with activation a. */
static void stage_rescale_rows(compile_stage *stage, size_t a, double factor, double shift) {
  const network_sparse *map = &stage->map;
  for (size_t row = 0; row < stage->n_out; row++) {
    if (compile_stage_activation(stage, row) != a)
      continue;
    for (size_t k = map->start[row]; k < map->start[row + 1]; k++)
      map->value[k] *= factor;
    stage->bias[row] = factor * (stage->bias[row] + shift);
  }
  stage->range[a] = fabs(factor) * (stage->range[a] + fabs(shift));
}

/* What comes from units with activation a is factor * x + shift: undone inside the next map. */
static void stage_rescale_columns(compile_stage *next, const compile_stage *stage, size_t a,
                                  double factor, double shift) {
  const network_sparse *map = &next->map;
  for (size_t row = 0; row < next->n_out; row++) {
    double sum = 0.0;
    for (size_t k = map->start[row]; k < map->start[row + 1]; k++) {
      if (compile_stage_activation(stage, map->column[k]) != a)
        continue;
      sum += map->value[k];
      map->value[k] *= factor;
    }
    next->bias[row] += sum * shift;
  }
}

/* outer := outer after inner, when nothing but an affine map stands between them. */
static ckks_status stage_merge(compile_stage *inner, compile_stage *outer) {
  network_sparse product;
  BASE_TRY(network_sparse_product(&product, &outer->map, &inner->map));
  for (size_t row = 0; row < outer->n_out; row++)
    for (size_t k = outer->map.start[row]; k < outer->map.start[row + 1]; k++)
      outer->bias[row] += outer->map.value[k] * inner->bias[outer->map.column[k]];
  network_sparse_clear(&outer->map);
  outer->map = product;
  outer->n_in = inner->n_in;
  stage_clear(inner);
  *inner = *outer;
  memset(outer, 0, sizeof *outer);
  return CKKS_OK;
}

/* Where no calibration has been: |v| <= sum |w| |x| + |b|, over the units with activation a. */
static double stage_interval(const compile_stage *stage, size_t a, const double *max_abs_input) {
  double worst = 0.0;
  for (size_t row = 0; row < stage->n_out; row++) {
    if (compile_stage_activation(stage, row) != a)
      continue;
    double sum = fabs(stage->bias[row]);
    for (size_t k = stage->map.start[row]; k < stage->map.start[row + 1]; k++)
      sum += fabs(stage->map.value[k]) * max_abs_input[stage->map.column[k]];
    worst = fmax(worst, sum);
  }
  return worst;
}

/* Makes the cubic monic and without a square term; returns the constant left over. */
static double fold_cubic(compile_stage *stage, size_t a) {
  const double *c = stage->polynomial[a].coefficient;
  double factor = cbrt(c[3]), shift = c[2] / (3.0 * c[3]);
  stage->linear[a] = (c[1] - 3.0 * c[3] * shift * shift) / factor;
  stage_rescale_rows(stage, a, factor, shift);
  return c[0] - c[3] * shift * shift * shift - stage->linear[a] * factor * shift;
}

/* Makes the square +-v^2 + constant; *sign is what the next map multiplies by. */
static double fold_square(compile_stage *stage, size_t a, double *sign) {
  const double *c = stage->polynomial[a].coefficient;
  double shift = c[1] / (2.0 * c[2]);
  *sign = c[2] < 0.0 ? -1.0 : 1.0;
  stage_rescale_rows(stage, a, sqrt(fabs(c[2])), shift);
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
static bool stage_are_squares(const compile_stage *stage) {
  if (!stage_all_have(stage, 4))
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
  stage_rescale_rows(stage, a, factor, q.shift);
  return q.constant - q.square * q.square / (4.0 * c[4]);
}

/*
 * v := v / range, and p for it such that results stay within 1 as well: units of all
 * activations then stand at one size, and a carried value's polynomial is v itself. Returns what
 * the next map multiplies by.
 */
static double stage_normalise(compile_stage *stage, size_t a, bool results, bool chebyshev) {
  encoding_polynomial *p = &stage->polynomial[a], given = *p;
  double range = stage->range[a] > 0.0 ? stage->range[a] : 1.0;
  double most = results ? encoding_polynomial_max(p, range) : 1.0, power = 1.0;
  if (!(most > 0.0))
    most = 1.0;
  if (chebyshev)
    encoding_polynomial_rescale(p, &given, range, most);
  for (int k = 0; k <= p->degree && !chebyshev; k++, power *= range)
    p->coefficient[k] = p->coefficient[k] * power / most;
  stage_rescale_rows(stage, a, 1.0 / range, 0.0);
  return most;
}

/* Gives a stage its polynomials; what is linear in them moves into `next`, if there is one. */
static void stage_set_polynomials(compile_stage *stage, compile_stage *next) {
  bool chebyshev = stage_any_chebyshev(stage);
  stage->kind = COMPILE_STAGE_GENERAL;
  if (next && stage_all_have(stage, 3))
    stage->kind = COMPILE_STAGE_CUBIC;
  if (next && stage_all_have(stage, 2))
    stage->kind = COMPILE_STAGE_SQUARE;
  if (next && stage_are_squares(stage))
    stage->kind = COMPILE_STAGE_SQUARES;
  for (size_t a = 0; a < stage->n_activations; a++) {
    double factor = 1.0, constant = 0.0;
    if (stage->kind == COMPILE_STAGE_CUBIC)
      constant = fold_cubic(stage, a);
    else if (stage->kind == COMPILE_STAGE_SQUARES)
      constant = fold_squares(stage, a, &factor);
    else if (stage->kind == COMPILE_STAGE_SQUARE)
      constant = fold_square(stage, a, &factor);
    else if (stage->n_activations > 1)
      factor = stage_normalise(stage, a, next != NULL, chebyshev);
    if (next)
      stage_rescale_columns(next, stage, a, factor, constant);
  }
  stage->max_abs = stage_range(stage);
}

/* A polynomial of degree 1 is part of the affine map. */
static void stage_absorb(compile_stage *stage, size_t a) {
  const double *c = stage->polynomial[a].coefficient;
  if (c[1] != 0.0) {
    stage_rescale_rows(stage, a, c[1], c[0] / c[1]);
    return;
  }
  stage_rescale_rows(stage, a, 0.0, 0.0);
  for (size_t row = 0; row < stage->n_out; row++)
    if (compile_stage_activation(stage, row) == a)
      stage->bias[row] = c[0];
  stage->range[a] = fabs(c[0]);
}

/* Where no unit has more than that, the stage has no polynomial at all. */
static void stage_absorb_all(compile_stage *stage) {
  for (size_t a = 0; a < stage->n_activations; a++)
    stage_absorb(stage, a);
  stage->range[0] = stage_range(stage);
  stage->polynomial[0] = identity;
  stage->n_activations = 1;
  base_free(stage->activation_of);
  stage->activation_of = NULL;
}

static ckks_status stages_fill(compile_stages *stages, const network_model *model) {
  for (size_t i = 0; i < model->n_layers; i++) {
    compile_stage *stage = &stages->stage[stages->n_stages];
    stages->n_stages++;
    BASE_TRY(stage_init(stage, &model->layer[i]));
    if (stage_all_have(stage, 1))
      stage_absorb_all(stage);
    if (stages->n_stages >= 2 && stage_all_have(stage - 1, 1)) {
      BASE_TRY(stage_merge(stage - 1, stage));
      stages->n_stages--;
    }
  }
  return CKKS_OK;
}

/* Each unit's results are bounded by what its own activation sees. */
static ckks_status stages_bound(compile_stages *stages) {
  double *input = base_alloc_array(NETWORK_MAX_WIDTH, sizeof *input);
  if (input == NULL)
    return base_fail_memory(NETWORK_MAX_WIDTH * sizeof *input);
  for (size_t i = 0; i < stages->stage[0].n_in; i++)
    input[i] = stages->max_abs_input;
  for (size_t i = 0; i < stages->n_stages; i++) {
    compile_stage *stage = &stages->stage[i];
    double result[NETWORK_MAX_ACTIVATIONS];
    for (size_t a = 0; a < stage->n_activations; a++) {
      if (stage->range[a] <= 0.0)
        stage->range[a] = stage_interval(stage, a, input);
      result[a] = encoding_polynomial_max(&stage->polynomial[a], stage->range[a]);
    }
    for (size_t row = 0; row < stage->n_out; row++)
      input[row] = result[compile_stage_activation(stage, row)];
    stage->max_abs = stage_range(stage);
  }
  base_free(input);
  return CKKS_OK;
}

/* One polynomial of all outputs may be left to the client; where they differ it is the server's. */
static void stages_end(compile_stages *stages, bool last_on_server) {
  compile_stage *stage = &stages->stage[stages->n_stages - 1];
  stages->last = stage->n_activations == 1 ? stage->polynomial[0] : identity;
  stages->max_abs_output = stage->max_abs;
  if (stage->n_activations == 1 && (!last_on_server || stages->last.degree == 1))
    return;
  stages->max_abs_output = 0.0;
  for (size_t a = 0; a < stage->n_activations; a++)
    stages->max_abs_output = fmax(stages->max_abs_output,
                                  encoding_polynomial_max(&stage->polynomial[a], stage->range[a]));
  stage_set_polynomials(stage, NULL);
  stages->last = identity;
}

ckks_status compile_stages_build(compile_stages *stages, const network_model *model,
                                 bool last_on_server) {
  memset(stages, 0, sizeof *stages);
  stages->max_abs_input = model->max_abs_input > 0.0 ? model->max_abs_input : DEFAULT_MAX_ABS_INPUT;
  ckks_status status = stages_fill(stages, model);
  if (status == CKKS_OK)
    status = stages_bound(stages);
  if (status != CKKS_OK) {
    compile_stages_clear(stages);
    return status;
  }
  for (size_t i = 0; i + 1 < stages->n_stages; i++)
    stage_set_polynomials(&stages->stage[i], &stages->stage[i + 1]);
  stages_end(stages, last_on_server);
  return CKKS_OK;
}

static ckks_status stage_copy(compile_stage *out, const compile_stage *in) {
  *out = *in;
  out->map = (network_sparse){0};
  out->activation_of = NULL;
  out->polynomial = base_alloc_array(in->n_activations, sizeof *out->polynomial);
  out->bias = base_alloc_array(in->n_out, sizeof(double));
  if (!out->bias || !out->polynomial)
    return base_fail_memory(in->n_out * sizeof(double));
  memcpy(out->polynomial, in->polynomial, in->n_activations * sizeof *out->polynomial);
  memcpy(out->bias, in->bias, in->n_out * sizeof(double));
  if (in->activation_of) {
    out->activation_of = base_alloc_array(in->n_out, sizeof(uint8_t));
    if (!out->activation_of)
      return base_fail_memory(in->n_out);
    memcpy(out->activation_of, in->activation_of, in->n_out);
  }
  return network_sparse_copy(&out->map, &in->map);
}

ckks_status compile_stages_copy(compile_stages *out, const compile_stages *in) {
  *out = *in;
  out->gather = (compile_gather){0};
  out->plain = in;
  memset(out->stage, 0, sizeof out->stage);
  for (size_t i = 0; i < in->n_stages; i++)
    BASE_TRY(stage_copy(&out->stage[i], &in->stage[i]));
  return CKKS_OK;
}

/* What each place of a stage holds, after its units moved; the activation of empty ones is any. */
static ckks_status move_units(compile_stage *stage, const uint32_t *to, size_t n) {
  double *bias = base_alloc_array(n, sizeof *bias);
  uint8_t *activation_of = base_alloc_array(n, sizeof *activation_of);
  if (!bias || !activation_of) {
    base_free(bias);
    base_free(activation_of);
    return base_fail_memory(n * sizeof *bias);
  }
  for (size_t k = 0; k < stage->n_out; k++) {
    bias[to[k]] = stage->bias[k];
    activation_of[to[k]] = (uint8_t)compile_stage_activation(stage, k);
  }
  base_wipe(stage->bias, stage->n_out * sizeof *bias);
  base_free(stage->bias);
  base_free(stage->activation_of);
  stage->bias = bias;
  stage->activation_of = stage->n_activations > 1 ? activation_of : NULL;
  if (stage->activation_of == NULL)
    base_free(activation_of);
  stage->n_out = n;
  return CKKS_OK;
}

ckks_status compile_stages_move(compile_stages *stages, size_t i, const uint32_t *to, size_t n) {
  compile_stage *stage = &stages->stage[i], *next = &stages->stage[i + 1];
  BASE_TRY(network_sparse_move(&stage->map, to, n, NULL, stage->n_in));
  if (i == 0 && stages->gather.map.start)
    BASE_TRY(network_sparse_move(&stages->gather.map, to, n, NULL, stages->gather.n));
  BASE_TRY(network_sparse_move(&next->map, NULL, next->n_out, to, n));
  next->n_in = n;
  return move_units(stage, to, n);
}

void compile_stages_clear(compile_stages *stages) {
  for (size_t i = 0; i < stages->n_stages; i++)
    stage_clear(&stages->stage[i]);
  stages->n_stages = 0;
  base_free(stages->gather.feature);
  network_sparse_clear(&stages->gather.map);
  stages->gather = (compile_gather){0};
}

size_t compile_stage_width(const compile_stages *stages) {
  size_t width = stages->stage[0].n_in;
  for (size_t i = 0; i < stages->n_stages; i++)
    if (stages->stage[i].n_out > width)
      width = stages->stage[i].n_out;
  return width;
}
