/* SPDX-License-Identifier: Apache-2.0 */
#include "compile/stage.h"

#include <math.h>
#include <string.h>

#include "base/alloc.h"
#include "base/wipe.h"

/* Without calibration scaled features are taken to stay within this many deviations. */
#define DEFAULT_MAX_ABS_INPUT 8.0

/* outer := outer after inner, when nothing but an affine map stands between them. */
static ckks_status merge(compile_stage *inner, compile_stage *outer) {
  network_sparse product;
  BASE_TRY(network_sparse_product(&product, &outer->map, &inner->map));
  for (size_t row = 0; row < outer->n_out; row++)
    for (size_t k = outer->map.start[row]; k < outer->map.start[row + 1]; k++)
      outer->bias[row] += outer->map.value[k] * inner->bias[outer->map.column[k]];
  network_sparse_clear(&outer->map);
  outer->map = product;
  outer->n_in = inner->n_in;
  compile_stage_clear(inner);
  *inner = *outer;
  memset(outer, 0, sizeof *outer);
  return CKKS_OK;
}

/* Where no calibration has been: |v| <= sum |w| |x| + |b|, over the units with activation a. */
static double interval(const compile_stage *stage, size_t a, const double *max_abs_input) {
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

static ckks_status fill(compile_stages *stages, const network_model *model) {
  for (size_t i = 0; i < model->n_layers; i++) {
    compile_stage *stage = &stages->stage[stages->n_stages];
    stages->n_stages++;
    BASE_TRY(compile_stage_init(stage, &model->layer[i]));
    bool sized = i + 1 == model->n_layers && stage->n_activations == 1; /* the client's affair */
    if (compile_stage_all_have(stage, 1) && !sized)
      compile_stage_absorb(stage);
    if (stages->n_stages >= 2 && compile_stage_all_have(stage - 1, 1)) {
      BASE_TRY(merge(stage - 1, stage));
      stages->n_stages--;
    }
  }
  return CKKS_OK;
}

/* Each unit's results are bounded by what its own activation sees. */
static ckks_status bound(compile_stages *stages) {
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
        stage->range[a] = interval(stage, a, input);
      result[a] = encoding_polynomial_max(&stage->polynomial[a], stage->range[a]);
    }
    for (size_t row = 0; row < stage->n_out; row++)
      input[row] = result[compile_stage_activation(stage, row)];
    stage->max_abs = compile_stage_range(stage);
  }
  base_free(input);
  return CKKS_OK;
}

/* One polynomial of all outputs may be left to the client; where they differ it is the server's. */
static void end_stages(compile_stages *stages, bool last_on_server) {
  compile_stage *stage = &stages->stage[stages->n_stages - 1];
  stages->last = stage->n_activations == 1 ? stage->polynomial[0] : encoding_polynomial_identity;
  stages->max_abs_output = stage->max_abs;
  if (stage->n_activations == 1 && (!last_on_server || stages->last.degree == 1))
    return;
  stages->max_abs_output = 0.0;
  for (size_t a = 0; a < stage->n_activations; a++)
    stages->max_abs_output = fmax(stages->max_abs_output,
                                  encoding_polynomial_max(&stage->polynomial[a], stage->range[a]));
  compile_stage_fold(stages, stages->n_stages - 1);
  stages->last = encoding_polynomial_identity;
}

ckks_status compile_stages_build(compile_stages *stages, const network_model *model,
                                 bool last_on_server, bool skips) {
  memset(stages, 0, sizeof *stages);
  stages->max_abs_input = model->max_abs_input > 0.0 ? model->max_abs_input : DEFAULT_MAX_ABS_INPUT;
  ckks_status status = fill(stages, model);
  if (status == CKKS_OK)
    status = bound(stages);
  if (status == CKKS_OK && skips)
    status = compile_skip_stages(stages);
  if (status != CKKS_OK) {
    compile_stages_clear(stages);
    return status;
  }
  for (size_t i = 0; i + 1 < stages->n_stages; i++)
    compile_stage_fold(stages, i);
  end_stages(stages, last_on_server);
  return CKKS_OK;
}

ckks_status compile_stages_copy(compile_stages *out, const compile_stages *in) {
  *out = *in;
  out->gather = (compile_gather){0};
  out->plain = in;
  memset(out->stage, 0, sizeof out->stage);
  for (size_t i = 0; i < in->n_stages; i++)
    BASE_TRY(compile_stage_copy(&out->stage[i], &in->stage[i]));
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
  for (int k = 0; k < stage->n_skips; k++)
    BASE_TRY(network_sparse_move(&stage->skip[k].map, to, n, NULL, stage->skip[k].map.n_columns));
  for (size_t later = i + 2; later < stages->n_stages; later++)
    for (int k = 0; k < stages->stage[later].n_skips; k++) {
      network_sparse *map = &stages->stage[later].skip[k].map;
      if (stages->stage[later].skip[k].from == i)
        BASE_TRY(network_sparse_move(map, NULL, map->n_rows, to, n));
    }
  next->n_in = n;
  return move_units(stage, to, n);
}

void compile_stages_clear(compile_stages *stages) {
  for (size_t i = 0; i < stages->n_stages; i++)
    compile_stage_clear(&stages->stage[i]);
  stages->n_stages = 0;
  base_free(stages->gather.feature);
  network_sparse_clear(&stages->gather.map);
  stages->gather = (compile_gather){0};
}

size_t compile_stages_width(const compile_stages *stages) {
  size_t width = stages->stage[0].n_in;
  for (size_t i = 0; i < stages->n_stages; i++)
    if (stages->stage[i].n_out > width)
      width = stages->stage[i].n_out;
  return width;
}
