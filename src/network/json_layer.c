/* SPDX-License-Identifier: Apache-2.0 */
#include "network/json_layer.h"

#include <math.h>

#include "base/alloc.h"
#include "base/wipe.h"
#include "network/json_value.h"

/* Lowest first, as everywhere here; 32 of them make degree 31, 256 in Chebyshev's basis 255. */
static ckks_status read_coefficients(encoding_polynomial *out, json_t *value, const char *path) {
  static const char *const fields[] = {"polynomial", "chebyshev", NULL};
  BASE_TRY(network_json_fields(value, network_json_at("%s.", path).text, fields));
  const json_t *list = json_object_get(value, "polynomial");
  const json_t *other = json_object_get(value, "chebyshev");
  if (list != NULL && other != NULL)
    return base_fail(CKKS_ERROR_FORMAT, "%s: both polynomial and chebyshev", path);
  out->chebyshev = other != NULL;
  list = other != NULL ? other : list;
  network_json_path at = network_json_at(other != NULL ? "%s.chebyshev" : "%s.polynomial", path);
  BASE_TRY(network_json_array(list, at.text, 2,
                              (other != NULL ? ENCODING_MAX_DEGREE : ENCODING_MAX_POWERS) + 1,
                              "coefficients"));
  out->degree = (int)json_array_size(list) - 1;
  return network_json_numbers(out->coefficient, json_array_size(list), list, at.text);
}

static ckks_status read_polynomial(encoding_polynomial *out, json_t *value, const char *path) {
  *out = (encoding_polynomial){0};
  if (json_is_object(value))
    return read_coefficients(out, value, path);
  if (!json_is_string(value))
    return network_json_fail_type(value, path, "a name or {\"polynomial\": [...]}");
  if (encoding_polynomial_named(out, json_string_value(value)))
    return CKKS_OK;
  return base_fail(CKKS_ERROR_FORMAT,
                   "%s: \"%s\" is not one of sigmoid3, square, identity, {\"polynomial\": [...]}",
                   path, json_string_value(value));
}

/* Whether they are in range is for network_check; here they only have to fit their type. */
static ckks_status read_activation_of(uint8_t *out, size_t n, const json_t *value,
                                      const char *path) {
  BASE_TRY(network_json_array(value, path, n, n, "numbers"));
  for (size_t i = 0; i < n; i++) {
    double number = 0.0;
    network_json_path at = network_json_at("%s[%zu]", path, i);
    BASE_TRY(network_json_number(&number, json_array_get(value, i), at.text));
    if (!(number >= 0.0 && number < NETWORK_MAX_ACTIVATIONS) || number != (double)(int)number)
      return base_fail(CKKS_ERROR_FORMAT, "%s: %g where a whole number 0 to %d is needed", at.text,
                       number, NETWORK_MAX_ACTIVATIONS - 1);
    out[i] = (uint8_t)number;
  }
  return CKKS_OK;
}

/* Several activations: a list of them, perhaps one of their ranges, and which each unit has. */
static ckks_status read_activations(network_layer *layer, const json_t *value, size_t index) {
  network_json_path path = network_json_at("layers[%zu].activation", index);
  const json_t *list = json_object_get(value, "activation"), *ranges;
  BASE_TRY(network_json_array(list, path.text, 2, NETWORK_MAX_ACTIVATIONS, "activations"));
  BASE_TRY(network_layer_set_activations(layer, json_array_size(list)));
  for (size_t a = 0; a < layer->n_activations; a++)
    BASE_TRY(read_polynomial(&layer->activation[a].polynomial, json_array_get(list, a),
                             network_json_at("%s[%zu]", path.text, a).text));
  if ((ranges = json_object_get(value, "max_abs")) != NULL) {
    double max_abs[NETWORK_MAX_ACTIVATIONS];
    BASE_TRY(network_json_numbers(max_abs, layer->n_activations, ranges,
                                  network_json_at("layers[%zu].max_abs", index).text));
    for (size_t a = 0; a < layer->n_activations; a++)
      layer->activation[a].max_abs = max_abs[a];
  }
  return read_activation_of(layer->activation_of, layer->n_out,
                            json_object_get(value, "activation_of"),
                            network_json_at("layers[%zu].activation_of", index).text);
}

static ckks_status read_activation(network_layer *layer, const json_t *value, size_t index) {
  json_t *activation = json_object_get(value, "activation");
  if (json_is_array(activation))
    return read_activations(layer, value, index);
  if (json_object_get(value, "activation_of") != NULL)
    return base_fail(CKKS_ERROR_FORMAT,
                     "layers[%zu].activation_of: there is one activation, not a list", index);
  BASE_TRY(read_polynomial(&layer->activation[0].polynomial, activation,
                           network_json_at("layers[%zu].activation", index).text));
  return network_json_optional_number(&layer->activation[0].max_abs,
                                      json_object_get(value, "max_abs"),
                                      network_json_at("layers[%zu].max_abs", index).text);
}

/* Channels, rows, columns; whether their product is right network_check says. */
static ckks_status read_image(size_t image[3], const json_t *value, const char *path) {
  double numbers[3];
  if (value == NULL)
    return CKKS_OK;
  BASE_TRY(network_json_numbers(numbers, 3, value, path));
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
  BASE_TRY(network_json_array(list, path, n, n, "columns"));
  for (size_t i = 0; i < n; i++) {
    double number = 0.0;
    BASE_TRY(network_json_number(&number, json_array_get(list, i),
                                 network_json_at("%s[%zu]", path, i).text));
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
    BASE_TRY(network_json_numbers(work, n, numbers, path));
    network_sparse_append(weight, row, work);
    return CKKS_OK;
  }
  BASE_TRY(network_json_fields(value, network_json_at("%s.", path).text, fields));
  BASE_TRY(network_json_array(numbers, network_json_at("%s.values", path).text, 0, n, "numbers"));
  n = json_array_size(numbers);
  BASE_TRY(network_json_numbers(work, n, numbers, network_json_at("%s.values", path).text));
  BASE_TRY(read_columns(column, n, json_object_get(value, "columns"), weight->n_columns,
                        network_json_at("%s.columns", path).text));
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
                      network_json_at("layers[%zu].weight[%zu]", index, o).text);
  if (work)
    base_wipe(work, weight->n_columns * sizeof *work);
  base_free(work);
  base_free(column);
  return status;
}

/* The number of rows was taken as n_out before; each row must now have n_in numbers. */
ckks_status network_json_layer(network_layer *layer, json_t *value, size_t index) {
  static const char *const fields[] = {"weight",  "bias",  "activation", "activation_of",
                                       "max_abs", "image", NULL};
  BASE_TRY(network_json_fields(value, network_json_at("layers[%zu].", index).text, fields));
  BASE_TRY(read_weights(&layer->weight, json_object_get(value, "weight"), index));
  BASE_TRY(network_json_numbers(layer->bias, layer->n_out, json_object_get(value, "bias"),
                                network_json_at("layers[%zu].bias", index).text));
  BASE_TRY(read_image(layer->image, json_object_get(value, "image"),
                      network_json_at("layers[%zu].image", index).text));
  return read_activation(layer, value, index);
}
