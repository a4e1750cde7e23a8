/* SPDX-License-Identifier: Apache-2.0 */
/* What a well-formed model is. Every reader ends here, so errors speak of docs/model-json.md. */
#include "base/alloc.h"
#include "network/network.h"

#include <math.h>
#include <stdio.h>

/* A maximum seen on calibration data, or 0. */
static ckks_status check_maximum(double value, const char *field) {
  if (!isfinite(value) || value < 0.0)
    return base_fail(CKKS_ERROR_FORMAT, "%s: %g where a finite number >= 0 is needed", field,
                     value);
  return CKKS_OK;
}

/* A deviation of 0 would divide by it, a negative one would turn the feature round. */
static ckks_status check_scaler(const network_model *model) {
  for (size_t i = 0; i < model->n_features; i++) {
    if (!isfinite(model->mean[i]))
      return base_fail(CKKS_ERROR_FORMAT, "scaler.mean[%zu]: not a finite number", i);
    if (!isfinite(model->deviation[i]) || !(model->deviation[i] > 0.0))
      return base_fail(CKKS_ERROR_FORMAT,
                       "scaler.deviation[%zu]: %g where a positive number is needed", i,
                       model->deviation[i]);
  }
  return check_maximum(model->max_abs_input, "max_abs_input");
}

/* What a feature was seen to be; the largest of all is max_abs_input. */
static ckks_status check_ranges(const network_model *model) {
  for (size_t i = 0; model->low != NULL && i < model->n_features; i++) {
    double low = model->low[i], high = model->high[i];
    if (!(low <= high) || !isfinite(low) || !isfinite(high))
      return base_fail(CKKS_ERROR_FORMAT, "input_range.low[%zu]: %g, and high %g: no range", i, low,
                       high);
    if (fmax(fabs(low), fabs(high)) > model->max_abs_input)
      return base_fail(CKKS_ERROR_FORMAT,
                       "input_range.high[%zu]: %g to %g goes beyond max_abs_input, %g", i, low,
                       high, model->max_abs_input);
  }
  return CKKS_OK;
}

/* A leading zero would make the planner pay for a degree that is not there. */
static ckks_status check_polynomial(const encoding_polynomial *p, const char *path) {
  const char *basis = p->chebyshev ? "chebyshev" : "polynomial";
  int most = p->chebyshev ? ENCODING_MAX_DEGREE : ENCODING_MAX_POWERS;
  if (p->degree < 1 || p->degree > most)
    return base_fail(CKKS_ERROR_FORMAT, "%s: degree %d where 1 to %d is allowed", path, p->degree,
                     most);
  for (int k = 0; k <= p->degree; k++)
    if (!isfinite(p->coefficient[k]))
      return base_fail(CKKS_ERROR_FORMAT, "%s.%s[%d]: not a finite number", path, basis, k);
  if (p->coefficient[p->degree] == 0.0)
    return base_fail(CKKS_ERROR_FORMAT, "%s.%s[%d]: the leading coefficient is 0", path, basis,
                     p->degree);
  return CKKS_OK;
}

/* One that no unit has would never see a value, and the model never count as calibrated. */
static ckks_status check_units(const network_layer *layer, size_t index) {
  bool used[NETWORK_MAX_ACTIVATIONS] = {false};
  if (layer->n_activations == 1)
    return CKKS_OK;
  if (layer->activation_of == NULL)
    return base_fail(CKKS_ERROR_FORMAT, "layers[%zu].activation_of: missing", index);
  for (size_t o = 0; o < layer->n_out; o++) {
    if (layer->activation_of[o] >= layer->n_activations)
      return base_fail(CKKS_ERROR_FORMAT,
                       "layers[%zu].activation_of[%zu]: %u where there are %zu activations", index,
                       o, (unsigned)layer->activation_of[o], layer->n_activations);
    used[layer->activation_of[o]] = true;
  }
  for (size_t a = 0; a < layer->n_activations; a++)
    if (!used[a])
      return base_fail(CKKS_ERROR_FORMAT, "layers[%zu].activation_of: no unit has activation %zu",
                       index, a);
  return CKKS_OK;
}

/* Paths as the file has them: a layer with one activation holds it and its range as they are. */
static ckks_status check_activations(const network_layer *layer, size_t index) {
  char path[64];
  if (layer->n_activations < 1 || layer->n_activations > NETWORK_MAX_ACTIVATIONS)
    return base_fail(CKKS_ERROR_FORMAT, "layers[%zu].activation: %zu where 1 to %d are allowed",
                     index, layer->n_activations, NETWORK_MAX_ACTIVATIONS);
  bool several = layer->n_activations > 1;
  for (size_t a = 0; a < layer->n_activations; a++) {
    snprintf(path, sizeof path, several ? "layers[%zu].max_abs[%zu]" : "layers[%zu].max_abs", index,
             a);
    BASE_TRY(check_maximum(layer->activation[a].max_abs, path));
    snprintf(path, sizeof path, several ? "layers[%zu].activation[%zu]" : "layers[%zu].activation",
             index, a);
    BASE_TRY(check_polynomial(&layer->activation[a].polynomial, path));
  }
  return check_units(layer, index);
}

/* Sizes are bounded one by one first: their product is that of three numbers below 2^17. */
static ckks_status check_image(const network_layer *layer, size_t index) {
  const size_t *image = layer->image;
  bool none = image[0] == 0 && image[1] == 0 && image[2] == 0;
  bool good = image[0] <= layer->n_out && image[1] <= layer->n_out && image[2] <= layer->n_out &&
              image[0] * image[1] * image[2] == layer->n_out;
  return none || good ? CKKS_OK
                      : base_fail(CKKS_ERROR_FORMAT,
                                  "layers[%zu].image: %zu x %zu x %zu values where the layer has "
                                  "%zu units",
                                  index, image[0], image[1], image[2], layer->n_out);
}

/* Rows as network_sparse wants them; how many numbers there are comes before they are looked at. */
static ckks_status check_weights(const network_layer *layer, size_t index) {
  const network_sparse *w = &layer->weight;
  if (w->n_rows != layer->n_out || w->n_columns != layer->n_in)
    return base_fail(CKKS_ERROR_FORMAT, "layers[%zu].weight: %zu x %zu where %zu x %zu is needed",
                     index, w->n_rows, w->n_columns, layer->n_out, layer->n_in);
  if (w->start[w->n_rows] > NETWORK_MAX_WEIGHTS)
    return base_fail(CKKS_ERROR_FORMAT,
                     "layers[%zu].weight: %zu numbers other than 0 where %zu are allowed", index,
                     w->start[w->n_rows], NETWORK_MAX_WEIGHTS);
  for (size_t row = 0; row < w->n_rows; row++)
    for (size_t k = w->start[row]; k < w->start[row + 1]; k++) {
      if (w->column[k] >= w->n_columns || (k > w->start[row] && w->column[k] <= w->column[k - 1]))
        return base_fail(CKKS_ERROR_FORMAT,
                         "layers[%zu].weight[%zu]: column %u where they ascend to %zu", index, row,
                         (unsigned)w->column[k], w->n_columns - 1);
      if (!isfinite(w->value[k]) || w->value[k] == 0.0)
        return base_fail(CKKS_ERROR_FORMAT, "layers[%zu].weight[%zu][%u]: %s", index, row,
                         (unsigned)w->column[k],
                         w->value[k] == 0.0 ? "a zero is left out of its row"
                                            : "not a finite number");
    }
  return CKKS_OK;
}

/* n_in must be what the layer before gives; the numbers are then as many as the shape says. */
static ckks_status check_layer(const network_layer *layer, size_t index, size_t n_in) {
  if (layer->n_in != n_in)
    return base_fail(CKKS_ERROR_FORMAT,
                     "layers[%zu].weight: rows of %zu numbers where %zu are needed", index,
                     layer->n_in, n_in);
  if (layer->n_out < 1 || layer->n_out > NETWORK_MAX_WIDTH)
    return base_fail(CKKS_ERROR_FORMAT, "layers[%zu].weight: %zu rows where 1 to %d are allowed",
                     index, layer->n_out, NETWORK_MAX_WIDTH);
  BASE_TRY(check_weights(layer, index));
  for (size_t o = 0; o < layer->n_out; o++)
    if (!isfinite(layer->bias[o]))
      return base_fail(CKKS_ERROR_FORMAT, "layers[%zu].bias[%zu]: not a finite number", index, o);
  BASE_TRY(check_image(layer, index));
  return check_activations(layer, index);
}

/* The encoding was finished by whoever made it; here it must fit the features. */
static ckks_status check_input(const network_model *model) {
  if (model->input.feature != NULL && model->input.n_features != model->n_features)
    return base_fail(CKKS_ERROR_FORMAT, "encoding: of %zu features where there are %zu",
                     model->input.n_features, model->n_features);
  return CKKS_OK;
}

/* Counts before contents: no loop runs further than its limit, whoever filled in the model. */
ckks_status network_check(const network_model *model) {
  if (model->n_features < 1 || model->n_features > ENCODING_MAX_FEATURES)
    return base_fail(CKKS_ERROR_FORMAT, "features: %zu where 1 to %d are allowed",
                     model->n_features, ENCODING_MAX_FEATURES);
  if (model->n_classes < 1 || model->n_classes > ENCODING_MAX_CLASSES)
    return base_fail(CKKS_ERROR_FORMAT, "labels: %zu where 1 to %d are allowed", model->n_classes,
                     ENCODING_MAX_CLASSES);
  if (model->n_layers < 1 || model->n_layers > NETWORK_MAX_LAYERS)
    return base_fail(CKKS_ERROR_FORMAT, "layers: %zu where 1 to %d are allowed", model->n_layers,
                     NETWORK_MAX_LAYERS);
  BASE_TRY(encoding_names_check(model->name, "name"));
  BASE_TRY(encoding_names_check_list(model->feature, model->n_features, "features"));
  BASE_TRY(check_scaler(model));
  BASE_TRY(check_ranges(model));
  BASE_TRY(check_input(model));
  size_t n_in = network_n_inputs(model);
  for (size_t l = 0; l < model->n_layers; l++) {
    BASE_TRY(check_layer(&model->layer[l], l, n_in));
    n_in = model->layer[l].n_out;
  }
  if (n_in != model->n_classes)
    return base_fail(CKKS_ERROR_FORMAT, "labels: %zu names where the last layer has %zu outputs",
                     model->n_classes, n_in);
  if ((unsigned)model->meaning.kind >= ENCODING_N_KINDS ||
      (unsigned)model->meaning.end >= ENCODING_N_ENDS)
    return base_fail(CKKS_ERROR_FORMAT, "outputs: a meaning that does not exist");
  BASE_TRY(check_maximum(model->fitted_error, "fitted_error"));
  return encoding_names_check_list(model->label, model->n_classes, "labels");
}
