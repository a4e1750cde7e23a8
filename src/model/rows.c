/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A model on many rows. Several go side by side, so that each weight is read once for all of
 * them; the sums of each row keep the order that they have when it goes alone.
 */
#include "base/alloc.h"
#include "base/wipe.h"
#include "model/model.h"

#include <math.h>

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

static ckks_status batch_init(batch *b, const model_model *model) {
  size_t widest = model->n_features;
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

/* W x + b of one unit, as model_sparse_dot adds it up. */
static void unit_values(double pre[SIDE], const model_layer *layer, size_t unit, const double *in) {
  const model_sparse *w = &layer->weight;
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

/* What calibration finds: the largest scaled feature, and for each activation what it sees. */
typedef struct ranges {
  double input, activation[MODEL_MAX_LAYERS][MODEL_MAX_ACTIVATIONS];
} ranges;

/* b->out becomes the next layer's b->in. */
static void batch_layer(batch *b, double *max, const model_layer *layer) {
  for (size_t o = 0; o < layer->n_out; o++) {
    const model_activation *activation = model_layer_activation(layer, o);
    double pre[SIDE], *seen = &max[activation - layer->activation];
    unit_values(pre, layer, o, b->in);
    for (size_t r = 0; r < SIDE; r++) {
      *seen = model_larger(*seen, pre[r]);
      b->out[o * SIDE + r] = model_polynomial_value(&activation->polynomial, pre[r]);
    }
  }
  double *out = b->out;
  b->out = b->in;
  b->in = out;
}

/* SIDE raw rows; their outputs are in b->in then. */
static void batch_run(batch *b, ranges *max, const double *rows, const model_model *model) {
  double scaled[MODEL_MAX_FEATURES];
  for (size_t r = 0; r < SIDE; r++) {
    model_scale(scaled, rows + r * model->n_features, model);
    for (size_t i = 0; i < model->n_features; i++) {
      b->in[i * SIDE + r] = scaled[i];
      max->input = model_larger(max->input, scaled[i]);
    }
  }
  for (size_t l = 0; l < model->n_layers; l++)
    batch_layer(b, max->activation[l], &model->layer[l]);
}

ckks_status model_forward_rows(double *outputs, const double *rows, size_t n_rows,
                               const model_model *model) {
  size_t n_in = model->n_features, n_out = model->n_classes, row = 0;
  ranges seen = {.input = 0.0};
  batch b;
  BASE_TRY(batch_init(&b, model));
  for (; row + SIDE <= n_rows; row += SIDE) {
    batch_run(&b, &seen, rows + row * n_in, model);
    for (size_t r = 0; r < SIDE; r++)
      for (size_t k = 0; k < n_out; k++)
        outputs[(row + r) * n_out + k] = b.in[k * SIDE + r];
  }
  batch_clear(&b);
  for (; row < n_rows; row++)
    model_forward(outputs + row * n_out, rows + row * n_in, model);
  return CKKS_OK;
}

/* ------------------------------------------------------------- calibration */

static ckks_status calibrate_row(ranges *max, const double *row, size_t index,
                                 const model_model *model) {
  double scaled[MODEL_MAX_FEATURES], outputs[MODEL_MAX_CLASSES];
  double pre[MODEL_MAX_LAYERS][MODEL_MAX_ACTIVATIONS];
  model_scale(scaled, row, model);
  for (size_t i = 0; i < model->n_features; i++)
    max->input = model_larger(max->input, scaled[i]);
  model_forward_scaled(outputs, scaled, pre, model);
  for (size_t l = 0; l < model->n_layers; l++)
    for (size_t a = 0; a < model->layer[l].n_activations; a++) {
      if (!isfinite(pre[l][a]))
        return base_fail(CKKS_ERROR_RANGE,
                         "calibration row %zu: layers[%zu] leaves the range of a double", index, l);
      max->activation[l][a] = model_larger(max->activation[l][a], pre[l][a]);
    }
  return CKKS_OK;
}

static bool all_finite(const ranges *max, const model_model *model) {
  bool finite = true;
  for (size_t l = 0; l < model->n_layers; l++)
    for (size_t a = 0; a < model->layer[l].n_activations; a++)
      finite = finite && isfinite(max->activation[l][a]);
  return finite;
}

/* Which row it was, when something is no longer finite, is found by going through them alone. */
static ckks_status find_ranges(ranges *max, batch *b, const double *rows, size_t n_rows,
                               const model_model *model) {
  size_t row = 0, n = model->n_features;
  for (; row + SIDE <= n_rows; row += SIDE) {
    batch_run(b, max, rows + row * n, model);
    for (size_t r = row; !all_finite(max, model) && r < row + SIDE; r++)
      BASE_TRY(calibrate_row(max, rows + r * n, r, model));
  }
  for (; row < n_rows; row++)
    BASE_TRY(calibrate_row(max, rows + row * n, row, model));
  return CKKS_OK;
}

/* Nothing is stored before every row has passed: a failure leaves the model as it was. */
ckks_status model_calibrate(model_model *model, const double *rows, size_t n_rows) {
  ranges max = {.input = 0.0};
  batch b;
  if (n_rows == 0)
    return base_fail(CKKS_ERROR_ARGUMENT, "calibration needs at least 1 row");
  BASE_TRY(batch_init(&b, model));
  ckks_status status = find_ranges(&max, &b, rows, n_rows, model);
  batch_clear(&b);
  BASE_TRY(status);
  model->max_abs_input = max.input;
  for (size_t l = 0; l < model->n_layers; l++)
    for (size_t a = 0; a < model->layer[l].n_activations; a++)
      model->layer[l].activation[a].max_abs = max.activation[l][a];
  return CKKS_OK;
}
