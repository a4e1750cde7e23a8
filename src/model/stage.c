/* SPDX-License-Identifier: Apache-2.0 */
#include "model/stage.h"

#include <math.h>
#include <string.h>

#include "base/alloc.h"
#include "base/wipe.h"

/* Without calibration scaled features are taken to stay within this many deviations. */
#define DEFAULT_MAX_ABS_INPUT 8.0

static const model_polynomial identity = {.degree = 1, .coefficient = {0.0, 1.0}};

/* Degree after leading zeros are dropped; constants count as degree 1 with slope 0. */
static model_polynomial trimmed(const model_polynomial *polynomial) {
  model_polynomial p = *polynomial;
  while (p.degree > 1 && p.coefficient[p.degree] == 0.0)
    p.degree--;
  return p;
}

static ckks_status stage_init(model_stage *stage, const model_layer *layer) {
  memset(stage, 0, sizeof *stage);
  stage->n_in = layer->n_in;
  stage->n_out = layer->n_out;
  stage->bias = base_alloc_array(layer->n_out, sizeof(double));
  if (!stage->bias)
    return base_fail_memory(layer->n_out * sizeof(double));
  BASE_TRY(model_sparse_build(&stage->map, layer->weight, layer->n_out, layer->n_in));
  memcpy(stage->bias, layer->bias, layer->n_out * sizeof(double));
  memcpy(stage->image, layer->image, sizeof stage->image);
  stage->max_abs = layer->max_abs;
  return CKKS_OK;
}

static void stage_clear(model_stage *stage) {
  model_sparse_clear(&stage->map);
  if (stage->bias)
    base_wipe(stage->bias, stage->n_out * sizeof(double));
  base_free(stage->bias);
  memset(stage, 0, sizeof *stage);
}

/* v := factor * (v + shift) */
static void stage_rescale_rows(model_stage *stage, double factor, double shift) {
  for (size_t k = 0; k < stage->map.start[stage->n_out]; k++)
    stage->map.value[k] *= factor;
  for (size_t i = 0; i < stage->n_out; i++)
    stage->bias[i] = factor * (stage->bias[i] + shift);
  stage->max_abs = fabs(factor) * (stage->max_abs + fabs(shift));
}

/* The input x of a stage becomes factor * x + shift: undone inside its map. */
static void stage_rescale_columns(model_stage *stage, double factor, double shift) {
  model_sparse *map = &stage->map;
  for (size_t row = 0; row < stage->n_out; row++) {
    double sum = 0.0;
    for (size_t k = map->start[row]; k < map->start[row + 1]; k++) {
      sum += map->value[k];
      map->value[k] *= factor;
    }
    stage->bias[row] += sum * shift;
  }
}

/* outer := outer after inner, when nothing but an affine map stands between them. */
static ckks_status stage_merge(model_stage *inner, model_stage *outer) {
  model_sparse product;
  BASE_TRY(model_sparse_product(&product, &outer->map, &inner->map));
  for (size_t row = 0; row < outer->n_out; row++)
    for (size_t k = outer->map.start[row]; k < outer->map.start[row + 1]; k++)
      outer->bias[row] += outer->map.value[k] * inner->bias[outer->map.column[k]];
  model_sparse_clear(&outer->map);
  outer->map = product;
  outer->n_in = inner->n_in;
  stage_clear(inner);
  *inner = *outer;
  memset(outer, 0, sizeof *outer);
  return CKKS_OK;
}

/* Where no calibration has been: |v| <= sum |w| max_in + |b|. */
static double stage_interval(const model_stage *stage, double max_abs_input) {
  double worst = 0.0;
  for (size_t row = 0; row < stage->n_out; row++) {
    double sum = fabs(stage->bias[row]);
    for (size_t k = stage->map.start[row]; k < stage->map.start[row + 1]; k++)
      sum += fabs(stage->map.value[k]) * max_abs_input;
    worst = fmax(worst, sum);
  }
  return worst;
}

/* Largest |p| on [-max, max], by the triangle inequality refined on a grid. */
static double polynomial_max(const model_polynomial *polynomial, double max_abs) {
  double worst = 0.0;
  for (int i = -200; i <= 200; i++)
    worst = fmax(worst, fabs(model_polynomial_value(polynomial, max_abs * i / 200.0)));
  return worst;
}

/* Makes the cubic monic and without a square term; returns the constant left over. */
static double fold_cubic(model_stage *stage, const model_polynomial *p) {
  const double *c = p->coefficient;
  double factor = cbrt(c[3]), shift = c[2] / (3.0 * c[3]);
  stage->kind = MODEL_STAGE_CUBIC;
  stage->linear = (c[1] - 3.0 * c[3] * shift * shift) / factor;
  stage_rescale_rows(stage, factor, shift);
  return c[0] - c[3] * shift * shift * shift - stage->linear * factor * shift;
}

/* Makes the square +-v^2 + constant; *sign is what the next map multiplies by. */
static double fold_square(model_stage *stage, const model_polynomial *p, double *sign) {
  const double *c = p->coefficient;
  double shift = c[1] / (2.0 * c[2]);
  stage->kind = MODEL_STAGE_SQUARE;
  *sign = c[2] < 0.0 ? -1.0 : 1.0;
  stage_rescale_rows(stage, sqrt(fabs(c[2])), shift);
  return c[0] - c[2] * shift * shift;
}

/* Gives stage i its polynomial; what is linear in it moves into `next`. */
static void stage_set_polynomial(model_stage *stage, model_stage *next, const model_polynomial *p) {
  double constant = 0.0, sign = 1.0;
  stage->kind = MODEL_STAGE_GENERAL;
  stage->polynomial = *p;
  if (!next)
    return;
  if (p->degree == 3)
    constant = fold_cubic(stage, p);
  else if (p->degree == 2)
    constant = fold_square(stage, p, &sign);
  stage_rescale_columns(next, sign, constant);
}

/* A polynomial of degree 1 is part of the affine map. */
static void stage_absorb(model_stage *stage, const model_polynomial *p) {
  double slope = p->coefficient[1];
  if (slope != 0.0) {
    stage_rescale_rows(stage, slope, p->coefficient[0] / slope);
    return;
  }
  stage_rescale_rows(stage, 0.0, 0.0);
  for (size_t i = 0; i < stage->n_out; i++)
    stage->bias[i] = p->coefficient[0];
  stage->max_abs = fabs(p->coefficient[0]);
}

static ckks_status stages_fill(model_stages *stages, const model_model *model,
                               model_polynomial *activation) {
  for (size_t i = 0; i < model->n_layers; i++) {
    model_stage *stage = &stages->stage[stages->n_stages];
    stages->n_stages++;
    BASE_TRY(stage_init(stage, &model->layer[i]));
    model_polynomial p = trimmed(&model->layer[i].activation);
    bool linear = p.degree == 1;
    if (linear)
      stage_absorb(stage, &p);
    activation[stages->n_stages - 1] = linear ? identity : p;
    if (stages->n_stages >= 2 && activation[stages->n_stages - 2].degree == 1) {
      model_polynomial merged = activation[stages->n_stages - 1];
      BASE_TRY(stage_merge(stage - 1, stage));
      stages->n_stages--;
      activation[stages->n_stages - 1] = merged;
    }
  }
  return CKKS_OK;
}

static void stages_bound(model_stages *stages, const model_polynomial *activation) {
  double max_abs = stages->max_abs_input;
  for (size_t i = 0; i < stages->n_stages; i++) {
    model_stage *stage = &stages->stage[i];
    if (stage->max_abs <= 0.0)
      stage->max_abs = stage_interval(stage, max_abs);
    max_abs = polynomial_max(&activation[i], stage->max_abs);
  }
}

ckks_status model_stages_build(model_stages *stages, const model_model *model,
                               bool last_on_server) {
  model_polynomial activation[MODEL_MAX_LAYERS];
  memset(stages, 0, sizeof *stages);
  stages->max_abs_input = model->max_abs_input > 0.0 ? model->max_abs_input : DEFAULT_MAX_ABS_INPUT;
  ckks_status status = stages_fill(stages, model, activation);
  if (status != CKKS_OK) {
    model_stages_clear(stages);
    return status;
  }
  stages_bound(stages, activation);
  size_t last = stages->n_stages - 1;
  for (size_t i = 0; i < last; i++)
    stage_set_polynomial(&stages->stage[i], &stages->stage[i + 1], &activation[i]);
  stages->last = activation[last];
  stages->max_abs_output = stages->stage[last].max_abs;
  if (last_on_server && stages->last.degree > 1) {
    stages->max_abs_output = polynomial_max(&stages->last, stages->max_abs_output);
    stage_set_polynomial(&stages->stage[last], NULL, &stages->last);
    stages->last = identity;
  }
  return CKKS_OK;
}

static ckks_status stage_copy(model_stage *out, const model_stage *in) {
  *out = *in;
  out->map = (model_sparse){0};
  out->bias = base_alloc_array(in->n_out, sizeof(double));
  if (!out->bias)
    return base_fail_memory(in->n_out * sizeof(double));
  memcpy(out->bias, in->bias, in->n_out * sizeof(double));
  return model_sparse_copy(&out->map, &in->map);
}

static ckks_status stages_copy(model_stages *out, const model_stages *in) {
  *out = *in;
  out->gather = (model_gather){0};
  out->plain = in;
  memset(out->stage, 0, sizeof out->stage);
  for (size_t i = 0; i < in->n_stages; i++)
    BASE_TRY(stage_copy(&out->stage[i], &in->stage[i]));
  return CKKS_OK;
}

ckks_status model_stages_place(model_stages *placed, const model_stages *stages,
                               const model_model *model) {
  ckks_status status = stages_copy(placed, stages);
  if (status == CKKS_OK)
    status = model_stages_gather(placed);
  if (status == CKKS_OK)
    status = model_stages_on_frame(placed, model);
  if (status != CKKS_OK)
    model_stages_clear(placed);
  return status;
}

ckks_status model_stages_move(model_stages *stages, size_t i, const uint32_t *to, size_t n) {
  model_stage *stage = &stages->stage[i], *next = &stages->stage[i + 1];
  double *bias = base_alloc_array(n, sizeof *bias);
  if (!bias)
    return base_fail_memory(n * sizeof *bias);
  ckks_status status = model_sparse_move(&stage->map, to, n, NULL, stage->n_in);
  if (status == CKKS_OK && i == 0 && stages->gather.map.start)
    status = model_sparse_move(&stages->gather.map, to, n, NULL, stages->gather.n);
  if (status == CKKS_OK)
    status = model_sparse_move(&next->map, NULL, next->n_out, to, n);
  if (status != CKKS_OK) {
    base_free(bias);
    return status;
  }
  for (size_t k = 0; k < stage->n_out; k++)
    bias[to[k]] = stage->bias[k];
  base_wipe(stage->bias, stage->n_out * sizeof *bias);
  base_free(stage->bias);
  stage->bias = bias;
  stage->n_out = n;
  next->n_in = n;
  return CKKS_OK;
}

void model_stages_clear(model_stages *stages) {
  for (size_t i = 0; i < stages->n_stages; i++)
    stage_clear(&stages->stage[i]);
  stages->n_stages = 0;
  base_free(stages->gather.feature);
  model_sparse_clear(&stages->gather.map);
  stages->gather = (model_gather){0};
}
