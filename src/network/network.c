/* SPDX-License-Identifier: Apache-2.0 */
/* The memory of a network in clear. */
#include "network/network.h"

#include "base/alloc.h"
#include "base/wipe.h"

#include <string.h>

/* ---------------------------------------------------------------- memory */

/* Messages speak of the model's fields, for that is where a reader's widths come from. */
static ckks_status check_widths(const size_t *widths, size_t n_layers) {
  if (n_layers < 1 || n_layers > NETWORK_MAX_LAYERS)
    return base_fail(CKKS_ERROR_ARGUMENT, "layers: %zu where 1 to %d are allowed", n_layers,
                     NETWORK_MAX_LAYERS);
  if (widths[0] < 1 || widths[0] > ENCODING_MAX_FEATURES)
    return base_fail(CKKS_ERROR_ARGUMENT, "features: %zu where 1 to %d are allowed", widths[0],
                     ENCODING_MAX_FEATURES);
  for (size_t i = 1; i < n_layers; i++)
    if (widths[i] < 1 || widths[i] > NETWORK_MAX_WIDTH)
      return base_fail(CKKS_ERROR_ARGUMENT,
                       "layers[%zu].weight: %zu rows where 1 to %d are allowed", i - 1, widths[i],
                       NETWORK_MAX_WIDTH);
  if (widths[n_layers] < 1 || widths[n_layers] > ENCODING_MAX_CLASSES)
    return base_fail(CKKS_ERROR_ARGUMENT, "labels: %zu where 1 to %d are allowed", widths[n_layers],
                     ENCODING_MAX_CLASSES);
  return CKKS_OK;
}

/* Mean 0 and deviation 1: a model without a scaler takes its inputs as they are. */
static ckks_status init_scaler(network_model *model) {
  size_t n = model->n_features;
  model->mean = base_alloc_array(n, sizeof(double));
  model->deviation = base_alloc_array(n, sizeof(double));
  if (model->mean == NULL || model->deviation == NULL)
    return base_fail_memory(n * sizeof(double));
  for (size_t i = 0; i < n; i++)
    model->deviation[i] = 1.0;
  return CKKS_OK;
}

static ckks_status init_layer(network_layer *layer, size_t n_in, size_t n_out) {
  layer->n_in = n_in;
  layer->n_out = n_out;
  layer->bias = base_alloc_array(n_out, sizeof(double));
  if (layer->bias == NULL)
    return base_fail_memory(n_out * sizeof(double));
  BASE_TRY(network_sparse_init(&layer->weight, n_out, n_in, 0));
  return network_layer_set_activations(layer, 1);
}

static ckks_status init_parts(network_model *model, const size_t *widths) {
  BASE_TRY(encoding_names_set(&model->name, "model"));
  BASE_TRY(encoding_names_init(&model->feature, "x", model->n_features));
  BASE_TRY(init_scaler(model));
  BASE_TRY(encoding_names_init(&model->label, "", model->n_classes));
  model->layer = base_alloc_array(model->n_layers, sizeof(network_layer));
  if (model->layer == NULL)
    return base_fail_memory(model->n_layers * sizeof(network_layer));
  for (size_t i = 0; i < model->n_layers; i++)
    BASE_TRY(init_layer(&model->layer[i], widths[i], widths[i + 1]));
  return CKKS_OK;
}

/* The counts are set before the parts are made, so that network_clear knows how far to go. */
static ckks_status init_whole(network_model *model, const size_t *widths, size_t n_layers) {
  model->n_classes = widths[n_layers];
  model->n_layers = n_layers;
  model->meaning = encoding_meaning_default(model->n_classes);
  ckks_status status = init_parts(model, widths);
  if (status != CKKS_OK)
    network_clear(model);
  return status;
}

ckks_status network_ranges_init(network_model *model) {
  size_t n = model->n_features;
  if (model->low == NULL)
    model->low = base_alloc_array(n, sizeof(double));
  if (model->high == NULL)
    model->high = base_alloc_array(n, sizeof(double));
  return model->low && model->high ? CKKS_OK : base_fail_memory(n * sizeof(double));
}

ckks_status network_init(network_model *model, const size_t *widths, size_t n_layers) {
  *model = (network_model){0};
  BASE_TRY(check_widths(widths, n_layers));
  model->n_features = widths[0];
  return init_whole(model, widths, n_layers);
}

ckks_status network_init_encoded(network_model *model, const encoding_input *input,
                                 const size_t *widths, size_t n_layers) {
  size_t all[NETWORK_MAX_LAYERS + 1] = {1}; /* inputs have a limit of their own */
  *model = (network_model){0};
  BASE_ASSERT(input->n_inputs <= ENCODING_MAX_INPUTS);
  for (size_t i = 0; i < n_layers && i < NETWORK_MAX_LAYERS; i++)
    all[i + 1] = widths[i];
  BASE_TRY(check_widths(all, n_layers));
  all[0] = input->n_inputs;
  BASE_TRY(encoding_input_copy(&model->input, input));
  model->n_features = input->n_features;
  return init_whole(model, all, n_layers);
}

size_t network_n_inputs(const network_model *model) {
  return model->input.feature != NULL ? model->input.n_inputs : model->n_features;
}

/* The weights are the owner's property: wiped, also when only half of them are there. */
static void clear_numbers(double *numbers, size_t n) {
  if (numbers != NULL)
    base_wipe(numbers, n * sizeof(double));
  base_free(numbers);
}

/* Takes what network_init left half made, and a cleared model, just as well. */
void network_clear(network_model *model) {
  encoding_input_clear(&model->input);
  base_free(model->name);
  encoding_names_free(model->feature, model->n_features);
  encoding_names_free(model->label, model->n_classes);
  clear_numbers(model->mean, model->n_features);
  clear_numbers(model->deviation, model->n_features);
  clear_numbers(model->low, model->n_features);
  clear_numbers(model->high, model->n_features);
  for (size_t i = 0; model->layer != NULL && i < model->n_layers; i++) {
    network_layer *layer = &model->layer[i];
    network_sparse_clear(&layer->weight);
    clear_numbers(layer->bias, layer->n_out);
    base_free(layer->activation_of);
  }
  base_free(model->layer);
  *model = (network_model){0};
}
