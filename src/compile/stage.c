/* SPDX-License-Identifier: Apache-2.0 */
#include "compile/stage.h"

#include <math.h>
#include <string.h>

#include "base/alloc.h"
#include "base/wipe.h"

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

bool compile_stage_all_have(const compile_stage *stage, int degree) {
  bool all = true;
  for (size_t a = 0; a < stage->n_activations; a++)
    all = all && stage->polynomial[a].degree == degree && !stage->polynomial[a].chebyshev;
  return all;
}

double compile_stage_range(const compile_stage *stage) {
  double most = stage->range[0];
  for (size_t a = 1; a < stage->n_activations; a++)
    most = fmax(most, stage->range[a]);
  return most;
}

ckks_status compile_stage_init(compile_stage *stage, const network_layer *layer) {
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

void compile_stage_clear(compile_stage *stage) {
  network_sparse_clear(&stage->map);
  for (int k = 0; k < stage->n_skips; k++)
    network_sparse_clear(&stage->skip[k].map);
  if (stage->bias)
    base_wipe(stage->bias, stage->n_out * sizeof(double));
  base_free(stage->bias);
  base_free(stage->activation_of);
  base_free(stage->polynomial);
  memset(stage, 0, sizeof *stage);
}

ckks_status compile_stage_copy(compile_stage *out, const compile_stage *in) {
  *out = *in;
  out->map = (network_sparse){0};
  out->activation_of = NULL;
  memset(out->skip, 0, sizeof out->skip);
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
  for (int k = 0; k < in->n_skips; k++) {
    out->skip[k].from = in->skip[k].from;
    BASE_TRY(network_sparse_copy(&out->skip[k].map, &in->skip[k].map));
  }
  return network_sparse_copy(&out->map, &in->map);
}
