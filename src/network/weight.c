/* SPDX-License-Identifier: Apache-2.0 */
/* How much of a network hangs on each feature, for the pictures of its owner. */
#include <math.h>

#include "base/alloc.h"
#include "network/network.h"

/* in[n_in] = |W|^T out. Only shares are wanted: the largest is 1, so that no depth overflows. */
static void back(double *in, const network_layer *layer, const double *out) {
  const network_sparse *w = &layer->weight;
  double most = 0.0;
  for (size_t i = 0; i < layer->n_in; i++)
    in[i] = 0.0;
  for (size_t o = 0; o < layer->n_out; o++)
    for (size_t k = w->start[o]; k < w->start[o + 1]; k++)
      in[w->column[k]] += fabs(w->value[k]) * out[o];
  for (size_t i = 0; i < layer->n_in; i++)
    most = fmax(most, in[i]);
  for (size_t i = 0; i < layer->n_in && most > 0.0; i++)
    in[i] /= most;
}

static void share_out(double *part, size_t *used, const double *in, const network_model *m) {
  bool encoded = m->input.feature != NULL;
  double sum = 0.0;
  for (size_t f = 0, i = 0; f < m->n_features; f++) {
    size_t n = encoded ? encoding_input_count(&m->input.feature[f]) : 1;
    part[f] = 0.0;
    used[f] = 0;
    for (size_t end = i + n; i < end; i++) {
      part[f] += in[i];
      used[f] += in[i] > 0.0;
    }
    sum += part[f];
  }
  for (size_t f = 0; f < m->n_features && sum > 0.0; f++)
    part[f] /= sum;
}

ckks_status network_weight_parts(double *part, size_t *used, const network_model *model) {
  size_t widest = network_n_inputs(model);
  for (size_t l = 0; l < model->n_layers; l++)
    widest = model->layer[l].n_out > widest ? model->layer[l].n_out : widest;
  double *in = base_alloc_array(2 * widest, sizeof *in);
  if (in == NULL)
    return base_fail_memory(2 * widest * sizeof *in);
  double *out = in + widest;
  for (size_t o = 0; o < model->n_classes; o++)
    out[o] = 1.0;
  for (size_t l = model->n_layers; l-- > 0;) {
    double *behind = out;
    back(in, &model->layer[l], out);
    out = in;
    in = behind;
  }
  share_out(part, used, out, model);
  base_free(in < out ? in : out);
  return CKKS_OK;
}
