/* SPDX-License-Identifier: Apache-2.0 */
#include "onnx/importing.h"
#include "onnx/join.h"

#include <string.h>

#include "onnx/image.h"

_Static_assert(ONNX_MAX_BRANCHES <= NETWORK_MAX_ACTIVATIONS, "each branch has an activation");

static ckks_status name_features(onnx_importing *in) {
  size_t image[3];
  char name[80];
  onnx_image_input(image, &in->fold);
  for (size_t i = 0; i < in->model->n_features; i++) {
    in->model->mean[i] = in->scaler.found ? in->scaler.centre[i] : in->mean[i];
    in->model->deviation[i] = in->scaler.found ? in->scaler.deviation[i] : in->deviation[i];
    if (!in->options->image)
      continue;
    encoding_image_name(name, image, i);
    BASE_TRY(encoding_names_set(&in->model->feature[i], name));
  }
  return CKKS_OK;
}

/* The graph's input g is a z + c, with z what the model's scaler makes of a row. */
static void fold_scaler(network_layer *layer, const onnx_importing *in) {
  network_sparse *weight = &layer->weight;
  for (size_t row = 0; in->scaler.found && row < layer->n_out; row++)
    for (size_t k = weight->start[row]; k < weight->start[row + 1]; k++) {
      size_t i = weight->column[k];
      layer->bias[row] +=
          weight->value[k] * (in->scaler.centre[i] - in->mean[i]) / in->deviation[i];
      weight->value[k] *= in->scaler.deviation[i] / in->deviation[i];
    }
}

/* One score as two: softmax of (-z/2, z/2) is the sigmoid of z. */
static ckks_status make_pair(network_sparse *weight, double *bias, bool second_first) {
  size_t n = weight->start[1];
  double half = second_first ? -0.5 : 0.5;
  network_sparse pair;
  BASE_TRY(network_sparse_init(&pair, 2, weight->n_columns, 2 * n));
  for (size_t k = 0; k < n; k++) {
    pair.column[k] = pair.column[n + k] = weight->column[k];
    pair.value[k] = -half * weight->value[k];
    pair.value[n + k] = half * weight->value[k];
  }
  pair.start[1] = n;
  pair.start[2] = 2 * n;
  network_sparse_clear(weight);
  *weight = pair;
  bias[1] = half * bias[0];
  bias[0] *= -half;
  return CKKS_OK;
}

/* Units of a branch: t = (x - centre)/radius, whose powers stay small; a constant hands on itself.
 */
static void scale_rows(network_layer *layer, size_t first, const onnx_branch *b) {
  const network_sparse *weight = &layer->weight;
  for (size_t u = 0; u < b->width; u++) {
    double centre, radius, gain, *bias = &layer->bias[first + u];
    onnx_branch_unit(&centre, &radius, &gain, b, u);
    for (size_t k = weight->start[first + u]; k < weight->start[first + u + 1]; k++)
      weight->value[k] = b->constant ? 0.0 : weight->value[k] / radius;
    *bias = b->constant ? b->fit.polynomial.coefficient[0] : (*bias - centre) / radius;
  }
}

/* What the units of the layer before make is to be multiplied by their gain. */
static void scale_columns(network_layer *layer, const onnx_importing *in, int before) {
  network_sparse *weight = &layer->weight;
  for (size_t k = 0; k < weight->start[weight->n_rows]; k++) {
    size_t unit = weight->column[k];
    int b = 0;
    double centre, radius, gain = 1.0;
    for (; unit >= onnx_fold_width(&in->fold, before, b); b++)
      unit -= onnx_fold_width(&in->fold, before, b);
    if (onnx_importing_branch(in, before, b)->radius != NULL)
      onnx_branch_unit(&centre, &radius, &gain, onnx_importing_branch(in, before, b), unit);
    weight->value[k] *= gain;
  }
}

static bool has_gains(const onnx_importing *in, int layer) {
  bool any = false;
  for (int b = 0; b < in->fold.layer[layer].n_roots; b++)
    any = any || onnx_importing_branch(in, layer, b)->radius != NULL;
  return any;
}

/* Each branch has a polynomial of its own; what is carried keeps the identity. */
static ckks_status set_layer(onnx_importing *in, int l) {
  network_layer *layer = &in->model->layer[l];
  int n_roots = in->fold.layer[l].n_roots;
  bool pair = in->fold.tail.pair && l + 1 == in->fold.n_layers;
  network_sparse_clear(&layer->weight);
  BASE_TRY(onnx_fold_matrix(&layer->weight, layer->bias, &in->fold, l));
  if (l == 0)
    fold_scaler(layer, in);
  if (l > 0 && has_gains(in, l - 1))
    scale_columns(layer, in, l - 1);
  if (pair)
    BASE_TRY(make_pair(&layer->weight, layer->bias, in->fold.tail.second_first));
  else
    onnx_image_layer(layer->image, &in->fold, l);
  BASE_TRY(network_layer_set_activations(layer, (size_t)n_roots));
  for (size_t b = 0, first = 0; b < (size_t)n_roots; b++) {
    size_t width = onnx_fold_width(&in->fold, l, (int)b);
    if (n_roots > 1)
      memset(layer->activation_of + first, (int)b, width);
    if (onnx_importing_branch(in, l, (int)b)->width > 0)
      scale_rows(layer, first, onnx_importing_branch(in, l, (int)b));
    first += width;
  }
  network_sparse_drop_zeros(&layer->weight);
  return CKKS_OK;
}

void onnx_import_layers_polynomials(onnx_importing *in) {
  for (int l = 0; l < in->fold.n_layers; l++)
    for (int b = 0; b < in->fold.layer[l].n_roots; b++)
      if (onnx_importing_branch(in, l, b)->width > 0 && !onnx_importing_branch(in, l, b)->constant)
        in->model->layer[l].activation[b].polynomial =
            onnx_importing_branch(in, l, b)->fit.polynomial;
}

static ckks_status set_meaning(onnx_importing *in) {
  const onnx_tail *tail = &in->fold.tail;
  encoding_meaning *meaning = &in->model->meaning;
  size_t n = in->model->n_classes;
  meaning->end = tail->end;
  meaning->complete = in->complete;
  if (tail->classes)
    meaning->kind = ENCODING_CLASSES;
  else if (tail->end == ENCODING_END_SIGMOID)
    meaning->kind = ENCODING_LABELS;
  else if (tail->end != ENCODING_END_NONE || tail->values || n == 1 ||
           in->fold.graph->n_joined > 0) /* which of several heads is the largest says nothing */
    meaning->kind = ENCODING_VALUES;
  if (in->options->said)
    meaning->kind = in->options->kind;
  if (tail->ends != NULL)
    onnx_graph_node_name(in->report->left, tail->ends);
  if (in->fold.graph->n_joined > 0) {
    in->report->labelled = true;
    return onnx_join_labels(in->model->label, n, &in->fold.run);
  }
  return onnx_tail_labels(in->model->label, &in->report->labelled, tail, n, &in->fold.run);
}

ckks_status onnx_import_layers(onnx_importing *in) {
  size_t widths[ONNX_MAX_LAYERS + 1];
  int n = in->fold.n_layers;
  widths[0] = onnx_importing_features(in);
  for (int l = 0; l < n; l++)
    widths[l + 1] = in->fold.layer[l].n_out;
  if (in->fold.tail.pair)
    widths[n] = 2;
  BASE_TRY(network_init(in->model, widths, (size_t)n));
  BASE_TRY(set_meaning(in));
  BASE_TRY(name_features(in));
  for (int l = 0; l < n; l++)
    BASE_TRY(set_layer(in, l));
  onnx_import_layers_polynomials(in);
  return CKKS_OK;
}
