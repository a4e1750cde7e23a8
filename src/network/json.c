/* SPDX-License-Identifier: Apache-2.0 */
/*
 * docs/model-json.md, read. jansson parses (duplicate keys, bad
 * UTF-8, NaN and depth are its refusals); everything about models is here.
 */
#include <math.h>
#include <string.h>

#include "network/json_input.h"
#include "network/json_layer.h"
#include "network/json_value.h"

/* The shape of the whole: what network_init needs. Rows of weights are counted, not yet read. */
static ckks_status read_widths(size_t *widths, size_t *n_layers, json_t *root) {
  const json_t *features = json_object_get(root, "features");
  const json_t *labels = json_object_get(root, "labels");
  const json_t *layers = json_object_get(root, "layers");
  BASE_TRY(network_json_array(features, "features", 1, ENCODING_MAX_FEATURES, "names"));
  BASE_TRY(network_json_array(labels, "labels", 1, ENCODING_MAX_CLASSES, "names"));
  BASE_TRY(network_json_array(layers, "layers", 1, NETWORK_MAX_LAYERS, "layers"));
  *n_layers = json_array_size(layers);
  widths[0] = json_array_size(features);
  for (size_t l = 0; l < *n_layers; l++) {
    const json_t *layer = json_array_get(layers, l);
    if (!json_is_object(layer))
      return network_json_fail_type(layer, network_json_at("layers[%zu]", l).text, "an object");
    const json_t *weight = json_object_get(layer, "weight");
    network_json_path path = network_json_at("layers[%zu].weight", l);
    BASE_TRY(network_json_array(weight, path.text, 1, NETWORK_MAX_WIDTH, "rows"));
    widths[l + 1] = json_array_size(weight);
  }
  return network_json_array(labels, "labels", widths[*n_layers], widths[*n_layers],
                            "names for the outputs of the last layer");
}

/* Both lists or none: a mean without its deviation would be a guess. */
static ckks_status read_scaler(network_model *model, json_t *scaler) {
  static const char *const fields[] = {"mean", "deviation", NULL};
  if (scaler == NULL)
    return CKKS_OK;
  if (!json_is_object(scaler))
    return network_json_fail_type(scaler, "scaler", "an object");
  BASE_TRY(network_json_fields(scaler, "scaler.", fields));
  BASE_TRY(network_json_numbers(model->mean, model->n_features, json_object_get(scaler, "mean"),
                                "scaler.mean"));
  return network_json_numbers(model->deviation, model->n_features,
                              json_object_get(scaler, "deviation"), "scaler.deviation");
}

/* One of few names. */
static ckks_status read_name(const char **name, const json_t *value, const char *path) {
  *name = json_string_value(value);
  return value == NULL || *name != NULL ? CKKS_OK : network_json_fail_type(value, path, "a string");
}

/* What the outputs are, and what the client makes of them; each may be left out. */
static ckks_status read_meaning(encoding_meaning *meaning, json_t *outputs) {
  static const char *const fields[] = {"kind", "end", "missing", NULL};
  const char *kind, *end, *missing;
  if (outputs == NULL)
    return CKKS_OK;
  if (!json_is_object(outputs))
    return network_json_fail_type(outputs, "outputs", "an object");
  BASE_TRY(network_json_fields(outputs, "outputs.", fields));
  BASE_TRY(read_name(&kind, json_object_get(outputs, "kind"), "outputs.kind"));
  BASE_TRY(read_name(&end, json_object_get(outputs, "end"), "outputs.end"));
  BASE_TRY(read_name(&missing, json_object_get(outputs, "missing"), "outputs.missing"));
  if (kind != NULL && !encoding_meaning_kind_named(&meaning->kind, kind))
    return base_fail(CKKS_ERROR_FORMAT, "outputs.kind: \"%.40s\" is not classes, values or labels",
                     kind);
  if (end != NULL && !encoding_meaning_end_named(&meaning->end, end))
    return base_fail(CKKS_ERROR_FORMAT,
                     "outputs.end: \"%.40s\" is not one of none, softmax, log-softmax, sigmoid, "
                     "one-vs-rest, tanh, relu, exp, softplus, probit",
                     end);
  if (missing != NULL && strcmp(missing, "mean") != 0 && strcmp(missing, "refuse") != 0)
    return base_fail(CKKS_ERROR_FORMAT, "outputs.missing: \"%.40s\" is not mean or refuse",
                     missing);
  meaning->complete = missing != NULL && strcmp(missing, "refuse") == 0;
  return CKKS_OK;
}

/* Both lists or none, and then the largest of them is the largest of all. */
static ckks_status read_ranges(network_model *model, json_t *ranges) {
  static const char *const fields[] = {"low", "high", NULL};
  size_t n = model->n_features;
  if (ranges == NULL)
    return CKKS_OK;
  if (!json_is_object(ranges))
    return network_json_fail_type(ranges, "input_range", "an object");
  BASE_TRY(network_json_fields(ranges, "input_range.", fields));
  BASE_TRY(network_ranges_init(model));
  BASE_TRY(network_json_numbers(model->low, n, json_object_get(ranges, "low"), "input_range.low"));
  BASE_TRY(
      network_json_numbers(model->high, n, json_object_get(ranges, "high"), "input_range.high"));
  if (model->max_abs_input == 0.0)
    for (size_t i = 0; i < n; i++)
      model->max_abs_input =
          fmax(model->max_abs_input, fmax(fabs(model->low[i]), fabs(model->high[i])));
  return CKKS_OK;
}

/* The model has its shape and its defaults; what the file says replaces them. */
static ckks_status read_fields(network_model *model, json_t *root) {
  BASE_TRY(network_json_text(&model->name, json_object_get(root, "name"), "name"));
  BASE_TRY(network_json_texts(model->feature, model->n_features, json_object_get(root, "features"),
                              "features"));
  BASE_TRY(read_scaler(model, json_object_get(root, "scaler")));
  BASE_TRY(network_json_optional_number(&model->max_abs_input,
                                        json_object_get(root, "max_abs_input"), "max_abs_input"));
  BASE_TRY(network_json_optional_number(&model->fitted_error, json_object_get(root, "fitted_error"),
                                        "fitted_error"));
  BASE_TRY(read_meaning(&model->meaning, json_object_get(root, "outputs")));
  BASE_TRY(read_ranges(model, json_object_get(root, "input_range")));
  BASE_TRY(network_json_texts(model->label, model->n_classes, json_object_get(root, "labels"),
                              "labels"));
  json_t *layers = json_object_get(root, "layers");
  for (size_t l = 0; l < model->n_layers; l++)
    BASE_TRY(network_json_layer(&model->layer[l], json_array_get(layers, l), l));
  return network_check(model);
}

/* Unknown fields first: a misspelt one would otherwise be reported as missing. */
static ckks_status read_model(network_model *model, json_t *root) {
  static const char *const fields[] = {"name",        "features", "scaler",  "max_abs_input",
                                       "input_range", "labels",   "outputs", "fitted_error",
                                       "encoding",    "layers",   NULL};
  size_t widths[NETWORK_MAX_LAYERS + 1] = {0}, n_layers = 0;
  if (!json_is_object(root))
    return base_fail(CKKS_ERROR_FORMAT, "%s where an object is needed",
                     network_json_type_name(root));
  BASE_TRY(network_json_fields(root, "", fields));
  BASE_TRY(read_widths(widths, &n_layers, root));
  encoding_input input;
  BASE_TRY(network_json_read_input(&input, json_object_get(root, "encoding"), widths[0]));
  ckks_status status = input.feature != NULL
                           ? network_init_encoded(model, &input, widths + 1, n_layers)
                           : network_init(model, widths, n_layers);
  encoding_input_clear(&input);
  BASE_TRY(status);
  status = read_fields(model, root);
  if (status != CKKS_OK)
    network_clear(model);
  return status;
}

ckks_status network_json_read(network_model *model, const char *text, size_t n_bytes,
                              const char *name) {
  json_error_t error;
  *model = (network_model){0};
  if (n_bytes > NETWORK_JSON_MAX_BYTES)
    return base_fail(CKKS_ERROR_FORMAT, "%s: %zu bytes where at most %zu are allowed", name,
                     n_bytes, NETWORK_JSON_MAX_BYTES);
  /* Integers as reals: every number of the form is a double, and none is too long to read. */
  json_t *root =
      json_loadb(text, n_bytes, JSON_REJECT_DUPLICATES | JSON_DECODE_INT_AS_REAL, &error);
  if (root == NULL && json_error_code(&error) == json_error_out_of_memory)
    return base_fail(CKKS_ERROR_MEMORY, "%s: no memory left for its JSON values", name);
  if (root == NULL)
    return base_fail(CKKS_ERROR_FORMAT, "%s: line %d, column %d: %s", name, error.line,
                     error.column, error.text);
  ckks_status status = read_model(model, root);
  json_decref(root);
  return status == CKKS_OK ? CKKS_OK : base_fail_in(status, "%s", name);
}
