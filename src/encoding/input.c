/* SPDX-License-Identifier: Apache-2.0 */
#include "encoding/input.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "encoding/names.h"

ckks_status encoding_input_init(encoding_input *input, size_t n_features) {
  *input = (encoding_input){.n_features = n_features, .n_inputs = n_features};
  input->feature = base_alloc_array(n_features, sizeof *input->feature);
  return input->feature != NULL ? CKKS_OK : base_fail_memory(n_features * sizeof *input->feature);
}

void encoding_input_clear(encoding_input *input) {
  for (size_t f = 0; input->feature != NULL && f < input->n_features; f++) {
    encoding_feature *feature = &input->feature[f];
    encoding_names_free(feature->category, feature->n_values);
    base_free(feature->edge);
  }
  base_free(input->feature);
  *input = (encoding_input){0};
}

ckks_status encoding_input_copy_feature(encoding_feature *out, const encoding_feature *in) {
  *out = (encoding_feature){.kind = in->kind, .missing = in->missing};
  if (in->edge != NULL) {
    out->edge = base_alloc_array(in->n_values, sizeof *out->edge);
    if (out->edge == NULL)
      return base_fail_memory(in->n_values * sizeof *out->edge);
    memcpy(out->edge, in->edge, in->n_values * sizeof *out->edge);
  }
  if (in->category != NULL) {
    out->category = base_alloc_array(in->n_values, sizeof *out->category);
    if (out->category == NULL)
      return base_fail_memory(in->n_values * sizeof *out->category);
  }
  out->n_values = in->n_values;
  for (size_t k = 0; in->category != NULL && k < in->n_values; k++)
    BASE_TRY(encoding_names_set(&out->category[k], in->category[k]));
  return CKKS_OK;
}

ckks_status encoding_input_copy(encoding_input *out, const encoding_input *in) {
  ckks_status status = encoding_input_init(out, in->n_features);
  for (size_t f = 0; f < in->n_features && status == CKKS_OK; f++)
    status = encoding_input_copy_feature(&out->feature[f], &in->feature[f]);
  if (status == CKKS_OK)
    out->n_inputs = in->n_inputs;
  else
    encoding_input_clear(out);
  return status;
}

bool encoding_input_has_other(const encoding_feature *feature) {
  return feature->kind == ENCODING_CATEGORIES && feature->n_values > 0 &&
         strcmp(feature->category[feature->n_values - 1], ENCODING_OTHER) == 0;
}

size_t encoding_input_count(const encoding_feature *feature) {
  return feature->kind == ENCODING_SCALE ? 1 : feature->n_values + feature->missing;
}

static ckks_status check_edges(const encoding_feature *feature, size_t f) {
  for (size_t k = 0; k < feature->n_values; k++) {
    if (!isfinite(feature->edge[k]))
      return base_fail(CKKS_ERROR_FORMAT, "encoding[%zu].edges[%zu]: not a finite number", f, k);
    if (k > 0 && !(feature->edge[k] > feature->edge[k - 1]))
      return base_fail(CKKS_ERROR_FORMAT, "encoding[%zu].edges[%zu]: %.17g does not ascend", f, k,
                       feature->edge[k]);
  }
  return CKKS_OK;
}

static ckks_status check_categories(const encoding_feature *feature, size_t f) {
  char field[64];
  snprintf(field, sizeof field, "encoding[%zu].categories", f);
  return encoding_names_check_list(feature->category, feature->n_values, field);
}

ckks_status encoding_input_finish(encoding_input *input) {
  input->n_inputs = 0;
  for (size_t f = 0; f < input->n_features; f++) {
    const encoding_feature *feature = &input->feature[f];
    if (feature->n_values > ENCODING_MAX_VALUES)
      return base_fail(CKKS_ERROR_FORMAT, "encoding[%zu]: %zu values where %d are allowed", f,
                       feature->n_values, ENCODING_MAX_VALUES);
    if (feature->kind == ENCODING_BINS)
      BASE_TRY(check_edges(feature, f));
    if (feature->kind == ENCODING_CATEGORIES)
      BASE_TRY(check_categories(feature, f));
    input->n_inputs += encoding_input_count(feature);
    if (input->n_inputs > ENCODING_MAX_INPUTS)
      return base_fail(CKKS_ERROR_FORMAT, "encoding[%zu]: more than %d inputs in all; fewer bins",
                       f, ENCODING_MAX_INPUTS);
  }
  return input->n_inputs > 0 ? CKKS_OK
                             : base_fail(CKKS_ERROR_FORMAT, "encoding: no feature is looked at");
}

/* --------------------------------------------------------------- applying it */

static void apply_values(double *out, double x, const encoding_feature *feature) {
  for (size_t k = 0; k < feature->n_values; k++)
    out[k] = feature->kind == ENCODING_BINS ? x > feature->edge[k] : x == (double)k;
  if (feature->missing)
    out[feature->n_values] = isnan(x);
}

void encoding_input_apply(double *inputs, const double *row, const double *mean,
                          const double *deviation, const encoding_input *input) {
  for (size_t f = 0; f < input->n_features; f++) {
    const encoding_feature *feature = &input->feature[f];
    if (feature->kind == ENCODING_SCALE)
      inputs[0] = isnan(row[f]) ? 0.0 : (row[f] - mean[f]) / deviation[f];
    else
      apply_values(inputs, row[f], feature);
    inputs += encoding_input_count(feature);
  }
}

size_t encoding_input_feature(const encoding_input *input, size_t index) {
  size_t f = 0;
  while (f + 1 < input->n_features && index >= encoding_input_count(&input->feature[f]))
    index -= encoding_input_count(&input->feature[f++]);
  return f;
}

double encoding_input_category(const encoding_feature *feature, const char *name) {
  for (size_t k = 0; k < feature->n_values; k++)
    if (strcmp(feature->category[k], name) == 0)
      return (double)k;
  return (double)NAN;
}

void encoding_input_name(char *text, size_t n_text, size_t index, char *const *names,
                         const encoding_input *input) {
  size_t f = 0;
  while (f + 1 < input->n_features && index >= encoding_input_count(&input->feature[f]))
    index -= encoding_input_count(&input->feature[f++]);
  const encoding_feature *feature = &input->feature[f];
  if (feature->kind == ENCODING_SCALE)
    snprintf(text, n_text, "%s", names[f]);
  else if (index >= feature->n_values)
    snprintf(text, n_text, "%s is missing", names[f]);
  else if (feature->kind == ENCODING_BINS)
    snprintf(text, n_text, "%s > %.9g", names[f], feature->edge[index]);
  else
    snprintf(text, n_text, "%s is %s", names[f], feature->category[index]);
}

/* --------------------------------------------------------------------- bytes */

void encoding_input_write(base_buffer *buffer, const encoding_input *input) {
  base_buffer_u32(buffer, (uint32_t)input->n_features);
  for (size_t f = 0; f < input->n_features; f++) {
    const encoding_feature *feature = &input->feature[f];
    base_buffer_u8(buffer, (uint8_t)feature->kind);
    base_buffer_u8(buffer, feature->missing);
    base_buffer_u32(buffer, (uint32_t)feature->n_values);
    for (size_t k = 0; k < feature->n_values; k++)
      if (feature->kind == ENCODING_BINS)
        base_buffer_f64(buffer, feature->edge[k]);
      else
        base_buffer_text(buffer, feature->category[k]);
  }
}

/* Every value takes bytes that are there before memory for it is taken. */
static ckks_status read_feature(encoding_feature *feature, base_reader *reader, size_t f) {
  unsigned kind = base_reader_u8(reader), missing = base_reader_u8(reader);
  size_t n = base_reader_u32(reader);
  size_t least = kind == ENCODING_BINS ? 8 : 1;
  bool sound = kind < ENCODING_N_INPUT_KINDS && missing <= 1 && n <= ENCODING_MAX_VALUES &&
               n * least <= base_reader_left(reader) &&
               !(kind == ENCODING_SCALE && (n != 0 || missing != 0));
  if (reader->failed || !sound)
    return base_fail(CKKS_ERROR_FORMAT, "encoding[%zu]: kind %u with %zu values", f, kind, n);
  feature->kind = (encoding_input_kind)kind;
  feature->missing = missing != 0;
  if (kind == ENCODING_BINS && n > 0 &&
      (feature->edge = base_alloc_array(n, sizeof *feature->edge)) == NULL)
    return base_fail_memory(n * sizeof *feature->edge);
  if (kind == ENCODING_CATEGORIES && n > 0 &&
      (feature->category = base_alloc_array(n, sizeof *feature->category)) == NULL)
    return base_fail_memory(n * sizeof *feature->category);
  feature->n_values = n;
  for (size_t k = 0; k < n; k++)
    if (kind == ENCODING_BINS)
      feature->edge[k] = base_reader_f64(reader);
    else
      BASE_TRY(base_reader_text(reader, &feature->category[k], ENCODING_MAX_NAME_BYTES,
                                "encoding: category"));
  return reader->failed ? base_fail(CKKS_ERROR_FORMAT, "encoding[%zu]: cut off", f) : CKKS_OK;
}

ckks_status encoding_input_read(encoding_input *input, base_reader *reader, size_t n_features) {
  size_t n = base_reader_u32(reader);
  *input = (encoding_input){0};
  bool fits = n_features == ENCODING_ANY_FEATURES ? n >= 1 && n * 6 <= base_reader_left(reader)
                                                  : n == n_features;
  if (reader->failed || !fits)
    return base_fail(CKKS_ERROR_FORMAT, "encoding: of %zu features", n);
  ckks_status status = encoding_input_init(input, n);
  for (size_t f = 0; f < n && status == CKKS_OK; f++)
    status = read_feature(&input->feature[f], reader, f);
  if (status == CKKS_OK)
    status = encoding_input_finish(input);
  if (status != CKKS_OK)
    encoding_input_clear(input);
  return status;
}
