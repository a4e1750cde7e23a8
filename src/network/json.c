/* SPDX-License-Identifier: Apache-2.0 */
/*
 * docs/model-json.md, read. jansson parses (duplicate keys, bad
 * UTF-8, NaN and depth are its refusals); everything about models is here.
 */
#include "base/alloc.h"
#include "base/bytes.h"
#include "base/wipe.h"
#include "network/json_input.h"
#include "network/network.h"

#include <jansson.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* The JSON path of the value being read; every path of the form is shorter than this. */
typedef struct json_path {
  char text[96];
} json_path;

static json_path path_at(const char *format, ...) __attribute__((format(printf, 1, 2)));
static json_path path_at(const char *format, ...) {
  json_path path;
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(path.text, sizeof path.text, format, arguments);
  va_end(arguments);
  return path;
}

/* As it reads in "... where a number is needed". */
static const char *type_name(const json_t *value) {
  switch (value == NULL ? JSON_NULL : json_typeof(value)) {
  case JSON_OBJECT:
    return "an object";
  case JSON_ARRAY:
    return "an array";
  case JSON_STRING:
    return "a string";
  case JSON_INTEGER:
  case JSON_REAL:
    return "a number";
  case JSON_TRUE:
  case JSON_FALSE:
    return "a truth value";
  default:
    return "null";
  }
}

/* An absent value and a wrong one are two different mistakes. */
static ckks_status fail_type(const json_t *value, const char *path, const char *wanted) {
  if (value == NULL)
    return base_fail(CKKS_ERROR_FORMAT, "%s: missing", path);
  return base_fail(CKKS_ERROR_FORMAT, "%s: %s where %s is needed", path, type_name(value), wanted);
}

/* `fields` ends with NULL; `prefix` is the path of the object with its dot, or "". */
static ckks_status check_fields(json_t *object, const char *prefix, const char *const *fields) {
  const char *key;
  json_t *value;
  json_object_foreach(object, key, value) {
    size_t i = 0;
    while (fields[i] != NULL && strcmp(fields[i], key) != 0)
      i++;
    if (fields[i] == NULL)
      return base_fail(CKKS_ERROR_FORMAT, "%s%s: unknown field", prefix, key);
  }
  return CKKS_OK;
}

/* Range is for network_check: here a number only has to be one. */
static ckks_status read_number(double *out, const json_t *value, const char *path) {
  if (!json_is_number(value))
    return fail_type(value, path, "a number");
  *out = json_number_value(value);
  return CKKS_OK;
}

static ckks_status read_optional_number(double *out, const json_t *value, const char *path) {
  return value == NULL ? CKKS_OK : read_number(out, value, path);
}

/* `least` = `most` asks for that very number, and the message says so. */
static ckks_status read_array(const json_t *value, const char *path, size_t least, size_t most,
                              const char *what) {
  if (!json_is_array(value))
    return fail_type(value, path, "an array");
  size_t n = json_array_size(value);
  if (n >= least && n <= most)
    return CKKS_OK;
  if (least == most)
    return base_fail(CKKS_ERROR_FORMAT, "%s: %zu %s where %zu are needed", path, n, what, least);
  return base_fail(CKKS_ERROR_FORMAT, "%s: %zu %s where %zu to %zu are allowed", path, n, what,
                   least, most);
}

/* Paths of elements are only made for a message: weights come by the million. */
static ckks_status read_numbers(double *out, size_t n, const json_t *value, const char *path) {
  BASE_TRY(read_array(value, path, n, n, "numbers"));
  for (size_t i = 0; i < n; i++) {
    const json_t *number = json_array_get(value, i);
    if (!json_is_number(number))
      return fail_type(number, path_at("%s[%zu]", path, i).text, "a number");
    out[i] = json_number_value(number);
  }
  return CKKS_OK;
}

/* Judged before it is copied: a text of megabytes is refused, not stored. */
static ckks_status read_text(char **out, const json_t *value, const char *path) {
  if (!json_is_string(value))
    return fail_type(value, path, "a string");
  BASE_TRY(encoding_names_check(json_string_value(value), path));
  return encoding_names_set(out, json_string_value(value));
}

static ckks_status read_texts(char **out, size_t n, const json_t *value, const char *path) {
  for (size_t i = 0; i < n; i++)
    BASE_TRY(read_text(&out[i], json_array_get(value, i), path_at("%s[%zu]", path, i).text));
  return CKKS_OK;
}

/* ---------------------------------------------------------------- layers */

/* Lowest first, as everywhere here; 32 of them make degree 31, 256 in Chebyshev's basis 255. */
static ckks_status read_coefficients(encoding_polynomial *out, json_t *value, const char *path) {
  static const char *const fields[] = {"polynomial", "chebyshev", NULL};
  BASE_TRY(check_fields(value, path_at("%s.", path).text, fields));
  const json_t *list = json_object_get(value, "polynomial");
  const json_t *other = json_object_get(value, "chebyshev");
  if (list != NULL && other != NULL)
    return base_fail(CKKS_ERROR_FORMAT, "%s: both polynomial and chebyshev", path);
  out->chebyshev = other != NULL;
  list = other != NULL ? other : list;
  json_path at = path_at(other != NULL ? "%s.chebyshev" : "%s.polynomial", path);
  BASE_TRY(read_array(list, at.text, 2,
                      (other != NULL ? ENCODING_MAX_DEGREE : ENCODING_MAX_POWERS) + 1,
                      "coefficients"));
  out->degree = (int)json_array_size(list) - 1;
  return read_numbers(out->coefficient, json_array_size(list), list, at.text);
}

static ckks_status read_polynomial(encoding_polynomial *out, json_t *value, const char *path) {
  *out = (encoding_polynomial){0};
  if (json_is_object(value))
    return read_coefficients(out, value, path);
  if (!json_is_string(value))
    return fail_type(value, path, "a name or {\"polynomial\": [...]}");
  if (encoding_polynomial_named(out, json_string_value(value)))
    return CKKS_OK;
  return base_fail(CKKS_ERROR_FORMAT,
                   "%s: \"%s\" is not one of sigmoid3, square, identity, {\"polynomial\": [...]}",
                   path, json_string_value(value));
}

/* Whether they are in range is for network_check; here they only have to fit their type. */
static ckks_status read_activation_of(uint8_t *out, size_t n, const json_t *value,
                                      const char *path) {
  BASE_TRY(read_array(value, path, n, n, "numbers"));
  for (size_t i = 0; i < n; i++) {
    double number = 0.0;
    json_path at = path_at("%s[%zu]", path, i);
    BASE_TRY(read_number(&number, json_array_get(value, i), at.text));
    if (!(number >= 0.0 && number < NETWORK_MAX_ACTIVATIONS) || number != (double)(int)number)
      return base_fail(CKKS_ERROR_FORMAT, "%s: %g where a whole number 0 to %d is needed", at.text,
                       number, NETWORK_MAX_ACTIVATIONS - 1);
    out[i] = (uint8_t)number;
  }
  return CKKS_OK;
}

/* Several activations: a list of them, perhaps one of their ranges, and which each unit has. */
static ckks_status read_activations(network_layer *layer, const json_t *value, size_t index) {
  json_path path = path_at("layers[%zu].activation", index);
  const json_t *list = json_object_get(value, "activation"), *ranges;
  BASE_TRY(read_array(list, path.text, 2, NETWORK_MAX_ACTIVATIONS, "activations"));
  BASE_TRY(network_layer_set_activations(layer, json_array_size(list)));
  for (size_t a = 0; a < layer->n_activations; a++)
    BASE_TRY(read_polynomial(&layer->activation[a].polynomial, json_array_get(list, a),
                             path_at("%s[%zu]", path.text, a).text));
  if ((ranges = json_object_get(value, "max_abs")) != NULL) {
    double max_abs[NETWORK_MAX_ACTIVATIONS];
    BASE_TRY(read_numbers(max_abs, layer->n_activations, ranges,
                          path_at("layers[%zu].max_abs", index).text));
    for (size_t a = 0; a < layer->n_activations; a++)
      layer->activation[a].max_abs = max_abs[a];
  }
  return read_activation_of(layer->activation_of, layer->n_out,
                            json_object_get(value, "activation_of"),
                            path_at("layers[%zu].activation_of", index).text);
}

static ckks_status read_activation(network_layer *layer, const json_t *value, size_t index) {
  json_t *activation = json_object_get(value, "activation");
  if (json_is_array(activation))
    return read_activations(layer, value, index);
  if (json_object_get(value, "activation_of") != NULL)
    return base_fail(CKKS_ERROR_FORMAT,
                     "layers[%zu].activation_of: there is one activation, not a list", index);
  BASE_TRY(read_polynomial(&layer->activation[0].polynomial, activation,
                           path_at("layers[%zu].activation", index).text));
  return read_optional_number(&layer->activation[0].max_abs, json_object_get(value, "max_abs"),
                              path_at("layers[%zu].max_abs", index).text);
}

/* Channels, rows, columns; whether their product is right network_check says. */
static ckks_status read_image(size_t image[3], const json_t *value, const char *path) {
  double numbers[3];
  if (value == NULL)
    return CKKS_OK;
  BASE_TRY(read_numbers(numbers, 3, value, path));
  for (int i = 0; i < 3; i++) {
    if (!(numbers[i] >= 1.0 && numbers[i] <= NETWORK_MAX_WIDTH && numbers[i] == floor(numbers[i])))
      return base_fail(CKKS_ERROR_FORMAT, "%s[%d]: %g where a whole number from 1 to %d is needed",
                       path, i, numbers[i], NETWORK_MAX_WIDTH);
    image[i] = (size_t)numbers[i];
  }
  return CKKS_OK;
}

/* Either all numbers of a row, or those that are not 0 with their columns. */
static const json_t *row_numbers(const json_t *row) {
  return json_is_object(row) ? json_object_get(row, "values") : row;
}

static size_t count_nonzero(const json_t *numbers) {
  size_t n = 0;
  for (size_t i = 0; i < json_array_size(numbers); i++)
    n += json_number_value(json_array_get(numbers, i)) != 0.0;
  return n;
}

/* Columns ascend from 0, so that there is one way to write a row. */
static ckks_status read_columns(uint32_t *column, size_t n, const json_t *list, size_t n_in,
                                const char *path) {
  double least = 0.0;
  BASE_TRY(read_array(list, path, n, n, "columns"));
  for (size_t i = 0; i < n; i++) {
    double number = 0.0;
    BASE_TRY(read_number(&number, json_array_get(list, i), path_at("%s[%zu]", path, i).text));
    if (!(number >= least && number < (double)n_in) || number != floor(number))
      return base_fail(CKKS_ERROR_FORMAT,
                       "%s[%zu]: %g where a whole number from %g to %zu is needed", path, i, number,
                       least, n_in - 1);
    column[i] = (uint32_t)number;
    least = number + 1.0;
  }
  return CKKS_OK;
}

/* work and column have room for a whole row. Zeros that somebody wrote are left out. */
static ckks_status read_row(network_sparse *weight, size_t row, json_t *value, double *work,
                            uint32_t *column, const char *path) {
  static const char *const fields[] = {"columns", "values", NULL};
  size_t n = weight->n_columns, at = weight->start[row];
  const json_t *numbers = row_numbers(value);
  if (!json_is_object(value)) {
    BASE_TRY(read_numbers(work, n, numbers, path));
    network_sparse_append(weight, row, work);
    return CKKS_OK;
  }
  BASE_TRY(check_fields(value, path_at("%s.", path).text, fields));
  BASE_TRY(read_array(numbers, path_at("%s.values", path).text, 0, n, "numbers"));
  n = json_array_size(numbers);
  BASE_TRY(read_numbers(work, n, numbers, path_at("%s.values", path).text));
  BASE_TRY(read_columns(column, n, json_object_get(value, "columns"), weight->n_columns,
                        path_at("%s.columns", path).text));
  for (size_t k = 0; k < n; k++)
    if (work[k] != 0.0) {
      weight->column[at] = column[k];
      weight->value[at++] = work[k];
    }
  weight->start[row + 1] = at;
  return CKKS_OK;
}

static ckks_status read_weights(network_sparse *weight, const json_t *rows, size_t index) {
  size_t n = 0;
  for (size_t o = 0; o < weight->n_rows; o++)
    n += count_nonzero(row_numbers(json_array_get(rows, o)));
  BASE_TRY(network_sparse_reserve(weight, n));
  double *work = base_alloc_array(weight->n_columns, sizeof *work);
  uint32_t *column = base_alloc_array(weight->n_columns, sizeof *column);
  ckks_status status =
      work && column ? CKKS_OK : base_fail_memory(weight->n_columns * sizeof *work);
  for (size_t o = 0; o < weight->n_rows && status == CKKS_OK; o++)
    status = read_row(weight, o, json_array_get(rows, o), work, column,
                      path_at("layers[%zu].weight[%zu]", index, o).text);
  if (work)
    base_wipe(work, weight->n_columns * sizeof *work);
  base_free(work);
  base_free(column);
  return status;
}

/* The number of rows was taken as n_out before; each row must now have n_in numbers. */
static ckks_status read_layer(network_layer *layer, json_t *value, size_t index) {
  static const char *const fields[] = {"weight",  "bias",  "activation", "activation_of",
                                       "max_abs", "image", NULL};
  BASE_TRY(check_fields(value, path_at("layers[%zu].", index).text, fields));
  BASE_TRY(read_weights(&layer->weight, json_object_get(value, "weight"), index));
  BASE_TRY(read_numbers(layer->bias, layer->n_out, json_object_get(value, "bias"),
                        path_at("layers[%zu].bias", index).text));
  BASE_TRY(read_image(layer->image, json_object_get(value, "image"),
                      path_at("layers[%zu].image", index).text));
  return read_activation(layer, value, index);
}

/* ----------------------------------------------------------------- model */

/* The shape of the whole: what network_init needs. Rows of weights are counted, not yet read. */
static ckks_status read_widths(size_t *widths, size_t *n_layers, json_t *root) {
  const json_t *features = json_object_get(root, "features");
  const json_t *labels = json_object_get(root, "labels");
  const json_t *layers = json_object_get(root, "layers");
  BASE_TRY(read_array(features, "features", 1, ENCODING_MAX_FEATURES, "names"));
  BASE_TRY(read_array(labels, "labels", 1, ENCODING_MAX_CLASSES, "names"));
  BASE_TRY(read_array(layers, "layers", 1, NETWORK_MAX_LAYERS, "layers"));
  *n_layers = json_array_size(layers);
  widths[0] = json_array_size(features);
  for (size_t l = 0; l < *n_layers; l++) {
    const json_t *layer = json_array_get(layers, l);
    if (!json_is_object(layer))
      return fail_type(layer, path_at("layers[%zu]", l).text, "an object");
    const json_t *weight = json_object_get(layer, "weight");
    json_path path = path_at("layers[%zu].weight", l);
    BASE_TRY(read_array(weight, path.text, 1, NETWORK_MAX_WIDTH, "rows"));
    widths[l + 1] = json_array_size(weight);
  }
  return read_array(labels, "labels", widths[*n_layers], widths[*n_layers],
                    "names for the outputs of the last layer");
}

/* Both lists or none: a mean without its deviation would be a guess. */
static ckks_status read_scaler(network_model *model, json_t *scaler) {
  static const char *const fields[] = {"mean", "deviation", NULL};
  if (scaler == NULL)
    return CKKS_OK;
  if (!json_is_object(scaler))
    return fail_type(scaler, "scaler", "an object");
  BASE_TRY(check_fields(scaler, "scaler.", fields));
  BASE_TRY(
      read_numbers(model->mean, model->n_features, json_object_get(scaler, "mean"), "scaler.mean"));
  return read_numbers(model->deviation, model->n_features, json_object_get(scaler, "deviation"),
                      "scaler.deviation");
}

/* One of few names. */
static ckks_status read_name(const char **name, const json_t *value, const char *path) {
  *name = json_string_value(value);
  return value == NULL || *name != NULL ? CKKS_OK : fail_type(value, path, "a string");
}

/* What the outputs are, and what the client makes of them; each may be left out. */
static ckks_status read_meaning(encoding_meaning *meaning, json_t *outputs) {
  static const char *const fields[] = {"kind", "end", "missing", NULL};
  const char *kind, *end, *missing;
  if (outputs == NULL)
    return CKKS_OK;
  if (!json_is_object(outputs))
    return fail_type(outputs, "outputs", "an object");
  BASE_TRY(check_fields(outputs, "outputs.", fields));
  BASE_TRY(read_name(&kind, json_object_get(outputs, "kind"), "outputs.kind"));
  BASE_TRY(read_name(&end, json_object_get(outputs, "end"), "outputs.end"));
  BASE_TRY(read_name(&missing, json_object_get(outputs, "missing"), "outputs.missing"));
  if (kind != NULL && !encoding_meaning_kind_named(&meaning->kind, kind))
    return base_fail(CKKS_ERROR_FORMAT, "outputs.kind: \"%.40s\" is not classes, values or labels",
                     kind);
  if (end != NULL && !encoding_meaning_end_named(&meaning->end, end))
    return base_fail(CKKS_ERROR_FORMAT,
                     "outputs.end: \"%.40s\" is not one of none, softmax, log-softmax, sigmoid, "
                     "one-vs-rest, tanh, relu, exp, softplus",
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
    return fail_type(ranges, "input_range", "an object");
  BASE_TRY(check_fields(ranges, "input_range.", fields));
  BASE_TRY(network_ranges_init(model));
  BASE_TRY(read_numbers(model->low, n, json_object_get(ranges, "low"), "input_range.low"));
  BASE_TRY(read_numbers(model->high, n, json_object_get(ranges, "high"), "input_range.high"));
  if (model->max_abs_input == 0.0)
    for (size_t i = 0; i < n; i++)
      model->max_abs_input =
          fmax(model->max_abs_input, fmax(fabs(model->low[i]), fabs(model->high[i])));
  return CKKS_OK;
}

/* The model has its shape and its defaults; what the file says replaces them. */
static ckks_status read_fields(network_model *model, json_t *root) {
  BASE_TRY(read_text(&model->name, json_object_get(root, "name"), "name"));
  BASE_TRY(
      read_texts(model->feature, model->n_features, json_object_get(root, "features"), "features"));
  BASE_TRY(read_scaler(model, json_object_get(root, "scaler")));
  BASE_TRY(read_optional_number(&model->max_abs_input, json_object_get(root, "max_abs_input"),
                                "max_abs_input"));
  BASE_TRY(read_optional_number(&model->fitted_error, json_object_get(root, "fitted_error"),
                                "fitted_error"));
  BASE_TRY(read_meaning(&model->meaning, json_object_get(root, "outputs")));
  BASE_TRY(read_ranges(model, json_object_get(root, "input_range")));
  BASE_TRY(read_texts(model->label, model->n_classes, json_object_get(root, "labels"), "labels"));
  json_t *layers = json_object_get(root, "layers");
  for (size_t l = 0; l < model->n_layers; l++)
    BASE_TRY(read_layer(&model->layer[l], json_array_get(layers, l), l));
  return network_check(model);
}

/* Unknown fields first: a misspelt one would otherwise be reported as missing. */
static ckks_status read_model(network_model *model, json_t *root) {
  static const char *const fields[] = {"name",        "features", "scaler",  "max_abs_input",
                                       "input_range", "labels",   "outputs", "fitted_error",
                                       "encoding",    "layers",   NULL};
  size_t widths[NETWORK_MAX_LAYERS + 1] = {0}, n_layers = 0;
  if (!json_is_object(root))
    return base_fail(CKKS_ERROR_FORMAT, "%s where an object is needed", type_name(root));
  BASE_TRY(check_fields(root, "", fields));
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
