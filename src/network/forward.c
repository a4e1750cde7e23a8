/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a network computes. Of many rows several go side by side, so that each weight is read once
 * for all of them; the sums of each row keep the order that they have when it goes alone.
 */
#include <math.h>
#include <string.h>

#include "base/alloc.h"
#include "base/wipe.h"
#include "network/network.h"

#define SIDE 8

/* Values of a layer for SIDE rows: value i of row r is in[i * SIDE + r]. */
typedef struct batch {
  double *in, *out;
  size_t n_bytes; /* of each */
} batch;

static void batch_clear(batch *b) {
  if (b->in != NULL)
    base_wipe(b->in, b->n_bytes);
  if (b->out != NULL)
    base_wipe(b->out, b->n_bytes);
  base_free(b->in);
  base_free(b->out);
}

/* Room for SIDE rows of the widest layer, twice. */
static ckks_status batch_init(batch *b, const network_model *model) {
  size_t widest = network_n_inputs(model);
  for (size_t l = 0; l < model->n_layers; l++)
    widest = model->layer[l].n_out > widest ? model->layer[l].n_out : widest;
  b->n_bytes = widest * SIDE * sizeof(double);
  b->in = base_alloc(b->n_bytes);
  b->out = base_alloc(b->n_bytes);
  if (b->in != NULL && b->out != NULL)
    return CKKS_OK;
  batch_clear(b);
  return base_fail_memory(b->n_bytes);
}

static void swap(batch *b) {
  double *out = b->out;
  b->out = b->in;
  b->in = out;
}

/* NaN counts as infinite, so that it can neither hide nor be lost on the way. */
static double larger(double maximum, double value) {
  double magnitude = fabs(value);
  if (magnitude <= maximum)
    return maximum;
  return magnitude > maximum ? magnitude : (double)INFINITY;
}

void network_forward_scale(double *scaled, const double *features, const network_model *model) {
  if (model->input.feature != NULL)
    encoding_input_apply(scaled, features, model->mean, model->deviation, &model->input);
  else
    for (size_t i = 0; i < model->n_features; i++)
      scaled[i] = isnan(features[i]) ? 0.0 : (features[i] - model->mean[i]) / model->deviation[i];
}

/* W x + b of one unit, as network_dot adds up the dense row: a zero adds nothing to the partial
 * sum that it belongs to. */
static void unit_values(double pre[SIDE], const network_layer *layer, size_t unit,
                        const double *in) {
  const network_sparse *w = &layer->weight;
  double sum[4][SIDE] = {{0.0}};
  for (size_t k = w->start[unit]; k < w->start[unit + 1]; k++) {
    double *to = sum[w->column[k] % 4], value = w->value[k];
    const double *from = in + (size_t)w->column[k] * SIDE;
    for (size_t r = 0; r < SIDE; r++)
      to[r] += value * from[r];
  }
  for (size_t r = 0; r < SIDE; r++)
    pre[r] = ((sum[0][r] + sum[1][r]) + (sum[2][r] + sum[3][r])) + layer->bias[unit];
}

/* b->out becomes the next layer's b->in. */
static void batch_layer(batch *b, double *max, const network_layer *layer) {
  for (size_t o = 0; o < layer->n_out; o++) {
    const network_activation *activation = network_layer_activation(layer, o);
    double pre[SIDE], *seen = &max[activation - layer->activation];
    unit_values(pre, layer, o, b->in);
    for (size_t r = 0; r < SIDE; r++) {
      *seen = larger(*seen, pre[r]);
      b->out[o * SIDE + r] = encoding_polynomial_value(&activation->polynomial, pre[r]);
    }
  }
  swap(b);
}

/* SIDE raw rows, the last repeated where there are fewer; their outputs are in b->in then. */
static void batch_run(batch *b, network_ranges *seen, const double *rows, size_t n_rows,
                      const network_model *model) {
  size_t n_inputs = network_n_inputs(model);
  for (size_t r = 0; r < SIDE; r++) {
    size_t row = r < n_rows ? r : n_rows - 1;
    network_forward_scale(b->out, rows + row * model->n_features, model);
    for (size_t i = 0; i < n_inputs; i++) {
      b->in[i * SIDE + r] = b->out[i];
      seen->input = larger(seen->input, b->out[i]);
    }
  }
  for (size_t l = 0; l < model->n_layers; l++)
    batch_layer(b, seen->activation[l], &model->layer[l]);
}

ckks_status network_forward_ranges(network_ranges *seen, double *outputs, const double *rows,
                                   size_t n_rows, const network_model *model) {
  size_t n_out = model->n_classes;
  batch b;
  BASE_TRY(batch_init(&b, model));
  for (size_t row = 0; row < n_rows; row += SIDE) {
    size_t n = n_rows - row < SIDE ? n_rows - row : SIDE;
    batch_run(&b, seen, rows + row * model->n_features, n, model);
    for (size_t r = 0; outputs != NULL && r < n; r++)
      for (size_t k = 0; k < n_out; k++)
        outputs[(row + r) * n_out + k] = b.in[k * SIDE + r];
  }
  batch_clear(&b);
  return CKKS_OK;
}

ckks_status network_forward_rows(double *outputs, const double *rows, size_t n_rows,
                                 const network_model *model) {
  network_ranges *seen = base_alloc(sizeof *seen); /* too large for a stack */
  if (seen == NULL)
    return base_fail_memory(sizeof *seen);
  ckks_status status = network_forward_ranges(seen, outputs, rows, n_rows, model);
  base_free(seen);
  return status;
}
