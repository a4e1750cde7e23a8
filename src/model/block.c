/* SPDX-License-Identifier: Apache-2.0 */
#include "model/block.h"

#include <math.h>
#include <string.h>

#include "base/alloc.h"
#include "base/wipe.h"

#define LANES MODEL_BLOCK_ROWS

static size_t widest(const model_model *model) {
  size_t most = model->n_features;
  for (size_t l = 0; l < model->n_layers; l++)
    most = model->layer[l].n_out > most ? model->layer[l].n_out : most;
  return most;
}

ckks_status model_block_init(model_block *block, const model_model *model) {
  size_t n = widest(model) * LANES;
  *block = (model_block){.model = model};
  block->values[0] = base_alloc_array(n, sizeof(double));
  block->values[1] = base_alloc_array(n, sizeof(double));
  ckks_status status =
      block->values[0] && block->values[1] ? CKKS_OK : base_fail_memory(n * sizeof(double));
  for (size_t l = 0; l < model->n_layers && status == CKKS_OK; l++)
    status = model_sparse_build(&block->map[l], model->layer[l].weight, model->layer[l].n_out,
                                model->layer[l].n_in);
  if (status != CKKS_OK)
    model_block_clear(block);
  return status;
}

void model_block_clear(model_block *block) {
  for (int i = 0; i < 2; i++) {
    if (block->values[i] != NULL)
      base_wipe(block->values[i], widest(block->model) * LANES * sizeof(double));
    base_free(block->values[i]);
  }
  for (size_t l = 0; l < MODEL_MAX_LAYERS; l++)
    model_sparse_clear(&block->map[l]);
  *block = (model_block){0};
}

/* Scaled features of each row side by side; lanes without a row hold zeros. */
static void load_rows(double *values, const double *const *row, size_t n, const model_model *model,
                      double *max_input) {
  double scaled[MODEL_MAX_FEATURES];
  memset(values, 0, model->n_features * LANES * sizeof *values);
  for (size_t lane = 0; lane < n; lane++) {
    model_scale(scaled, row[lane], model);
    for (size_t i = 0; i < model->n_features; i++) {
      values[i * LANES + lane] = scaled[i];
      if (max_input != NULL)
        *max_input = model_larger(*max_input, scaled[i]);
    }
  }
}

/* Four sums by column, as model_dot adds them: zeros that are left out change no bit. */
static void dot_lanes(double *sum, const model_sparse *map, size_t row, const double *values) {
  double part[4][LANES] = {{0.0}};
  for (size_t k = map->start[row]; k < map->start[row + 1]; k++) {
    const double weight = map->value[k], *from = values + (size_t)map->column[k] * LANES;
    double *to = part[map->column[k] % 4];
    for (size_t lane = 0; lane < LANES; lane++)
      to[lane] += weight * from[lane];
  }
  for (size_t lane = 0; lane < LANES; lane++)
    sum[lane] = (part[0][lane] + part[1][lane]) + (part[2][lane] + part[3][lane]);
}

static void run_layer(double *out, const double *in, size_t n, const model_sparse *map,
                      const model_layer *layer, double *pre_max) {
  for (size_t o = 0; o < layer->n_out; o++) {
    const model_activation *activation = model_layer_activation(layer, o);
    double *to = out + o * LANES;
    dot_lanes(to, map, o, in);
    for (size_t lane = 0; lane < n; lane++) {
      double pre = to[lane] + layer->bias[o];
      if (pre_max != NULL) {
        double *maximum = &pre_max[activation - layer->activation];
        *maximum = model_larger(*maximum, pre);
      }
      to[lane] = model_polynomial_value(&activation->polynomial, pre);
    }
  }
}

void model_block_forward(double *outputs, const double *const *row, size_t n, model_block *block,
                         double (*pre_max)[MODEL_MAX_ACTIVATIONS], double *max_input) {
  const model_model *model = block->model;
  if (max_input != NULL)
    *max_input = 0.0;
  load_rows(block->values[0], row, n, model, max_input);
  for (size_t l = 0; l < model->n_layers; l++) {
    if (pre_max != NULL)
      memset(pre_max[l], 0, sizeof pre_max[l]);
    run_layer(block->values[(l + 1) % 2], block->values[l % 2], n, &block->map[l], &model->layer[l],
              pre_max != NULL ? pre_max[l] : NULL);
  }
  const double *last = block->values[model->n_layers % 2];
  for (size_t lane = 0; lane < n; lane++)
    for (size_t k = 0; k < model->n_classes; k++)
      outputs[lane * model->n_classes + k] = last[k * LANES + lane];
}

/* So few rows are done before the maps would be made. */
static void forward_few(double *outputs, const double *rows, size_t n_rows,
                        const model_model *model) {
  for (size_t i = 0; i < n_rows; i++)
    model_forward(outputs + i * model->n_classes, rows + i * model->n_features, model);
}

ckks_status model_block_forward_rows(double *outputs, const double *rows, size_t n_rows,
                                     const model_model *model) {
  model_block block;
  if (n_rows < LANES) {
    forward_few(outputs, rows, n_rows, model);
    return CKKS_OK;
  }
  BASE_TRY(model_block_init(&block, model));
  for (size_t first = 0; first < n_rows; first += LANES) {
    const double *row[LANES];
    size_t n = n_rows - first < LANES ? n_rows - first : LANES;
    for (size_t lane = 0; lane < n; lane++)
      row[lane] = rows + (first + lane) * model->n_features;
    model_block_forward(outputs + first * model->n_classes, row, n, &block, NULL, NULL);
  }
  model_block_clear(&block);
  return CKKS_OK;
}
