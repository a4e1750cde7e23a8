/* SPDX-License-Identifier: Apache-2.0 */
/* A model in clear: its memory, and what it computes. The oracle of every encrypted run. */
#include "model/model.h"

#include "base/alloc.h"
#include "base/wipe.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

const model_polynomial model_polynomial_sigmoid3 = {3, {0.5, 0.197, 0.0, -0.004}};
static const model_polynomial square = {2, {0.0, 0.0, 1.0}};
static const model_polynomial identity = {1, {0.0, 1.0}};
static const struct {
  const char *name;
  const model_polynomial *polynomial;
} named[] = {
    {"sigmoid3", &model_polynomial_sigmoid3}, {"square", &square}, {"identity", &identity}};
enum { N_NAMED = sizeof named / sizeof named[0] };

bool model_polynomial_named(model_polynomial *out, const char *name) {
  for (size_t i = 0; i < N_NAMED; i++)
    if (strcmp(name, named[i].name) == 0) {
      *out = *named[i].polynomial;
      return true;
    }
  return false;
}

/* Exact: a coefficient that is off by one bit makes it another polynomial. */
const char *model_polynomial_name(const model_polynomial *polynomial) {
  for (size_t i = 0; i < N_NAMED; i++) {
    const model_polynomial *p = named[i].polynomial;
    bool same = p->degree == polynomial->degree;
    for (int k = 0; same && k <= p->degree; k++)
      same = p->coefficient[k] == polynomial->coefficient[k];
    if (same)
      return named[i].name;
  }
  return NULL;
}

/* Horner's rule: one rounding per product and sum, the same on every machine. */
double model_polynomial_value(const model_polynomial *polynomial, double x) {
  double value = polynomial->coefficient[polynomial->degree];
  for (int k = polynomial->degree - 1; k >= 0; k--)
    value = value * x + polynomial->coefficient[k];
  return value;
}

/* By the triangle inequality refined on a grid. */
double model_polynomial_max(const model_polynomial *polynomial, double max_abs) {
  double worst = 0.0;
  for (int i = -200; i <= 200; i++)
    worst = fmax(worst, fabs(model_polynomial_value(polynomial, max_abs * i / 200.0)));
  return worst;
}

/* Four sums hide the latency of an addition, and their order is fixed: no
 * vectoriser may change the result. */
double model_dot(const double *a, const double *b, size_t n) {
  double sum[4] = {0.0, 0.0, 0.0, 0.0};
  size_t i = 0;
  for (; i + 4 <= n; i += 4)
    for (size_t lane = 0; lane < 4; lane++)
      sum[lane] += a[i + lane] * b[i + lane];
  for (size_t lane = 0; i + lane < n; lane++)
    sum[lane] += a[i + lane] * b[i + lane];
  return (sum[0] + sum[1]) + (sum[2] + sum[3]);
}

/* ---------------------------------------------------------------- memory */

/* Messages speak of the model's fields, for that is where a reader's widths come from. */
static ckks_status check_widths(const size_t *widths, size_t n_layers) {
  if (n_layers < 1 || n_layers > MODEL_MAX_LAYERS)
    return base_fail(CKKS_ERROR_ARGUMENT, "layers: %zu where 1 to %d are allowed", n_layers,
                     MODEL_MAX_LAYERS);
  if (widths[0] < 1 || widths[0] > MODEL_MAX_FEATURES)
    return base_fail(CKKS_ERROR_ARGUMENT, "features: %zu where 1 to %d are allowed", widths[0],
                     MODEL_MAX_FEATURES);
  for (size_t i = 1; i < n_layers; i++)
    if (widths[i] < 1 || widths[i] > MODEL_MAX_WIDTH)
      return base_fail(CKKS_ERROR_ARGUMENT,
                       "layers[%zu].weight: %zu rows where 1 to %d are allowed", i - 1, widths[i],
                       MODEL_MAX_WIDTH);
  if (widths[n_layers] < 1 || widths[n_layers] > MODEL_MAX_CLASSES)
    return base_fail(CKKS_ERROR_ARGUMENT, "labels: %zu where 1 to %d are allowed", widths[n_layers],
                     MODEL_MAX_CLASSES);
  return CKKS_OK;
}

/* "x0", "x1", ... or "0", "1", ... */
static ckks_status init_names(char ***names, const char *prefix, size_t n) {
  *names = base_alloc_array(n, sizeof(char *));
  if (*names == NULL)
    return base_fail_memory(n * sizeof(char *));
  for (size_t i = 0; i < n; i++) {
    char text[32];
    snprintf(text, sizeof text, "%s%zu", prefix, i);
    BASE_TRY(model_set_text(&(*names)[i], text));
  }
  return CKKS_OK;
}

/* Mean 0 and deviation 1: a model without a scaler takes its inputs as they are. */
static ckks_status init_scaler(model_model *model) {
  size_t n = model->n_features;
  model->mean = base_alloc_array(n, sizeof(double));
  model->deviation = base_alloc_array(n, sizeof(double));
  if (model->mean == NULL || model->deviation == NULL)
    return base_fail_memory(n * sizeof(double));
  for (size_t i = 0; i < n; i++)
    model->deviation[i] = 1.0;
  return CKKS_OK;
}

const model_activation *model_layer_activation(const model_layer *layer, size_t unit) {
  return &layer->activation[layer->activation_of == NULL ? 0 : layer->activation_of[unit]];
}

/* The identity is the activation that changes nothing; zeros come from the allocator. */
ckks_status model_layer_set_activations(model_layer *layer, size_t n) {
  BASE_ASSERT(n >= 1 && n <= MODEL_MAX_ACTIVATIONS);
  base_free(layer->activation_of);
  layer->activation_of = n > 1 ? base_alloc_array(layer->n_out, sizeof(uint8_t)) : NULL;
  if (n > 1 && layer->activation_of == NULL)
    return base_fail_memory(layer->n_out);
  layer->n_activations = n;
  for (size_t a = 0; a < n; a++)
    layer->activation[a] = (model_activation){.polynomial = identity};
  return CKKS_OK;
}

ckks_status model_layer_set_weights(model_layer *layer, const double *dense) {
  model_sparse weight;
  BASE_TRY(model_sparse_build(&weight, dense, layer->n_out, layer->n_in));
  model_sparse_clear(&layer->weight);
  layer->weight = weight;
  return CKKS_OK;
}

static ckks_status init_layer(model_layer *layer, size_t n_in, size_t n_out) {
  layer->n_in = n_in;
  layer->n_out = n_out;
  layer->bias = base_alloc_array(n_out, sizeof(double));
  if (layer->bias == NULL)
    return base_fail_memory(n_out * sizeof(double));
  BASE_TRY(model_sparse_init(&layer->weight, n_out, n_in, 0));
  return model_layer_set_activations(layer, 1);
}

static ckks_status init_parts(model_model *model, const size_t *widths) {
  BASE_TRY(model_set_text(&model->name, "model"));
  BASE_TRY(init_names(&model->feature, "x", model->n_features));
  BASE_TRY(init_scaler(model));
  BASE_TRY(init_names(&model->label, "", model->n_classes));
  model->layer = base_alloc_array(model->n_layers, sizeof(model_layer));
  if (model->layer == NULL)
    return base_fail_memory(model->n_layers * sizeof(model_layer));
  for (size_t i = 0; i < model->n_layers; i++)
    BASE_TRY(init_layer(&model->layer[i], widths[i], widths[i + 1]));
  return CKKS_OK;
}

/* The counts are set before the parts are made, so that model_clear knows how far to go. */
ckks_status model_init(model_model *model, const size_t *widths, size_t n_layers) {
  *model = (model_model){0};
  BASE_TRY(check_widths(widths, n_layers));
  model->n_features = widths[0];
  model->n_classes = widths[n_layers];
  model->n_layers = n_layers;
  ckks_status status = init_parts(model, widths);
  if (status != CKKS_OK)
    model_clear(model);
  return status;
}

static void clear_names(char **names, size_t n) {
  for (size_t i = 0; names != NULL && i < n; i++)
    base_free(names[i]);
  base_free(names);
}

/* The weights are the owner's property: wiped, also when only half of them are there. */
static void clear_numbers(double *numbers, size_t n) {
  if (numbers != NULL)
    base_wipe(numbers, n * sizeof(double));
  base_free(numbers);
}

/* Takes what model_init left half made, and a cleared model, just as well. */
void model_clear(model_model *model) {
  base_free(model->name);
  clear_names(model->feature, model->n_features);
  clear_names(model->label, model->n_classes);
  clear_numbers(model->mean, model->n_features);
  clear_numbers(model->deviation, model->n_features);
  for (size_t i = 0; model->layer != NULL && i < model->n_layers; i++) {
    model_layer *layer = &model->layer[i];
    model_sparse_clear(&layer->weight);
    clear_numbers(layer->bias, layer->n_out);
    base_free(layer->activation_of);
  }
  base_free(model->layer);
  *model = (model_model){0};
}

/* The copy comes first: when there is no memory the old text stays. */
ckks_status model_set_text(char **field, const char *text) {
  char *copy = base_strdup(text);
  if (copy == NULL)
    return base_fail_memory(strlen(text) + 1);
  base_free(*field);
  *field = copy;
  return CKKS_OK;
}

/* --------------------------------------------------------------- computing */

/* NaN counts as infinite, so that it can neither hide nor be lost on the way. */
double model_larger(double maximum, double value) {
  double magnitude = fabs(value);
  if (magnitude <= maximum)
    return maximum;
  return magnitude > maximum ? magnitude : (double)INFINITY;
}

void model_scale(double *scaled, const double *features, const model_model *model) {
  for (size_t i = 0; i < model->n_features; i++)
    scaled[i] = isnan(features[i]) ? 0.0 : (features[i] - model->mean[i]) / model->deviation[i];
}

/* Two rows of values on the stack take turns: no allocation, and many threads may share a model. */
void model_forward_scaled(double *outputs, const double *scaled,
                          double (*pre_max)[MODEL_MAX_ACTIVATIONS], const model_model *model) {
  double ping[MODEL_MAX_WIDTH], pong[MODEL_MAX_WIDTH];
  const double *in = scaled;
  for (size_t l = 0; l < model->n_layers; l++) {
    const model_layer *layer = &model->layer[l];
    double *out = l + 1 == model->n_layers ? outputs : (l % 2 == 0 ? ping : pong);
    if (pre_max != NULL)
      memset(pre_max[l], 0, sizeof pre_max[l]);
    for (size_t o = 0; o < layer->n_out; o++) {
      double pre = model_sparse_dot(&layer->weight, o, in) + layer->bias[o];
      const model_activation *activation = model_layer_activation(layer, o);
      if (pre_max != NULL) {
        double *maximum = &pre_max[l][activation - layer->activation];
        *maximum = model_larger(*maximum, pre);
      }
      out[o] = model_polynomial_value(&activation->polynomial, pre);
    }
    in = out;
  }
}

void model_forward(double *outputs, const double *features, const model_model *model) {
  double scaled[MODEL_MAX_FEATURES];
  model_scale(scaled, features, model);
  model_forward_scaled(outputs, scaled, NULL, model);
}

size_t model_argmax(const double *outputs, size_t n) {
  size_t best = 0;
  for (size_t i = 1; i < n; i++)
    if (outputs[i] > outputs[best])
      best = i;
  return best;
}

bool model_is_calibrated(const model_model *model) {
  bool calibrated = model->max_abs_input > 0.0;
  for (size_t l = 0; l < model->n_layers; l++)
    for (size_t a = 0; a < model->layer[l].n_activations; a++)
      calibrated = calibrated && model->layer[l].activation[a].max_abs > 0.0;
  return calibrated;
}
