/* SPDX-License-Identifier: Apache-2.0 */
#include "network/json_input.h"

#include <math.h>
#include <string.h>

#include "base/alloc.h"

static ckks_status bad(size_t f, const char *what) {
  return base_fail(CKKS_ERROR_FORMAT, "encoding[%zu]: %s", f, what);
}

static ckks_status read_edges(encoding_feature *feature, const json_t *edges, size_t f) {
  size_t n = json_array_size(edges);
  feature->kind = ENCODING_BINS;
  if (!json_is_array(edges) || n > ENCODING_MAX_VALUES)
    return bad(f, "edges is no array of numbers that a feature can have");
  feature->edge = base_alloc_array(n + 1, sizeof *feature->edge);
  if (feature->edge == NULL)
    return base_fail_memory((n + 1) * sizeof *feature->edge);
  feature->n_values = n;
  for (size_t k = 0; k < n; k++) {
    const json_t *edge = json_array_get(edges, k);
    feature->edge[k] = json_is_number(edge) ? json_number_value(edge) : (double)NAN;
  }
  return CKKS_OK; /* encoding_input_finish says what is no number */
}

static ckks_status read_categories(encoding_feature *feature, const json_t *categories, size_t f) {
  size_t n = json_array_size(categories);
  feature->kind = ENCODING_CATEGORIES;
  if (!json_is_array(categories) || n > ENCODING_MAX_VALUES)
    return bad(f, "categories is no array of names that a feature can have");
  feature->category = base_alloc_array(n + 1, sizeof *feature->category);
  if (feature->category == NULL)
    return base_fail_memory((n + 1) * sizeof *feature->category);
  feature->n_values = n;
  for (size_t k = 0; k < n; k++) {
    const char *name = json_string_value(json_array_get(categories, k));
    if (name == NULL)
      return bad(f, "a category is no text");
    BASE_TRY(encoding_names_set(&feature->category[k], name));
  }
  return CKKS_OK;
}

static ckks_status read_feature(encoding_feature *feature, json_t *value, size_t f) {
  const json_t *edges = json_object_get(value, "edges"), *missing;
  const json_t *categories = json_object_get(value, "categories");
  const char *key;
  json_t *field;
  if (!json_is_object(value))
    return bad(f, "not an object");
  json_object_foreach(value, key, field) {
    if (strcmp(key, "edges") != 0 && strcmp(key, "categories") != 0 && strcmp(key, "missing") != 0)
      return bad(f, "fields are edges or categories, and missing; {} is a feature that is scaled");
  }
  if (edges != NULL && categories != NULL)
    return bad(f, "edges and categories at once");
  missing = json_object_get(value, "missing");
  if (missing != NULL && (!json_is_boolean(missing) || (edges == NULL && categories == NULL)))
    return bad(f, "missing is true or false, beside edges or categories");
  feature->missing = json_is_true(missing);
  if (edges != NULL)
    return read_edges(feature, edges, f);
  return categories != NULL ? read_categories(feature, categories, f) : CKKS_OK;
}

ckks_status network_json_read_input(encoding_input *input, const json_t *value, size_t n_features) {
  *input = (encoding_input){0};
  if (value == NULL)
    return CKKS_OK;
  if (!json_is_array(value) || json_array_size(value) != n_features)
    return base_fail(CKKS_ERROR_FORMAT, "encoding: an array of %zu objects is needed", n_features);
  ckks_status status = encoding_input_init(input, n_features);
  for (size_t f = 0; f < n_features && status == CKKS_OK; f++)
    status = read_feature(&input->feature[f], json_array_get(value, f), f);
  if (status == CKKS_OK)
    status = encoding_input_finish(input);
  if (status != CKKS_OK)
    encoding_input_clear(input);
  return status;
}

/* ------------------------------------------------------------------ writing */

/* Names hold no control characters. */
static void write_text(base_buffer *out, const char *text) {
  base_buffer_printf(out, "\"");
  for (; *text != '\0'; text++)
    base_buffer_printf(out, *text == '"' || *text == '\\' ? "\\%c" : "%c", *text);
  base_buffer_printf(out, "\"");
}

static void write_feature(base_buffer *out, const encoding_feature *feature) {
  if (feature->kind == ENCODING_SCALE) {
    base_buffer_printf(out, "{}");
    return;
  }
  base_buffer_printf(out, "{\"%s\": [", feature->kind == ENCODING_BINS ? "edges" : "categories");
  for (size_t k = 0; k < feature->n_values; k++) {
    base_buffer_printf(out, k > 0 ? ", " : "");
    if (feature->kind == ENCODING_BINS)
      base_buffer_decimal(out, feature->edge[k]);
    else
      write_text(out, feature->category[k]);
  }
  base_buffer_printf(out, "], \"missing\": %s}", feature->missing ? "true" : "false");
}

void network_json_write_input(base_buffer *out, const encoding_input *input) {
  base_buffer_printf(out, "[\n");
  for (size_t f = 0; f < input->n_features; f++) {
    base_buffer_printf(out, "    ");
    write_feature(out, &input->feature[f]);
    base_buffer_printf(out, f + 1 < input->n_features ? ",\n" : "\n");
  }
  base_buffer_printf(out, "  ]");
}
