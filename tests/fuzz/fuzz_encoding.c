/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How features become inputs, as it stands in model and client files. What is accepted is written
 * back byte for byte, applies to any row, and makes bits of everything that is not scaled.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "encoding/encoding.h"
#include "fuzz/accepted.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n_bytes);

static void demand(bool holds) {
  if (!holds)
    abort();
}

static void check_written(const encoding_input *input, const uint8_t *bytes, size_t n_read) {
  base_buffer again;
  base_buffer_init(&again, n_read);
  encoding_input_write(&again, input);
  demand(base_buffer_status(&again) == CKKS_OK && again.n_bytes == n_read &&
         memcmp(again.bytes, bytes, n_read) == 0);
  base_buffer_clear(&again);
}

/* Bits of bins only ever go down; of categories, "is missing" included, at most one is set. */
static void check_bits(const double *inputs, const encoding_feature *feature) {
  double sum = 0.0;
  for (size_t k = 0; k < encoding_input_count(feature); k++) {
    demand(inputs[k] == 0.0 || inputs[k] == 1.0);
    if (feature->kind == ENCODING_BINS && k > 0 && k < feature->n_values)
      demand(inputs[k] <= inputs[k - 1]);
    sum += inputs[k];
  }
  demand(feature->kind == ENCODING_BINS || sum <= 1.0);
}

static double entry(const encoding_feature *feature, size_t choice) {
  switch (choice) {
  case 0:
    return (double)NAN;
  case 1:
    return -(double)INFINITY;
  case 2:
    return feature->edge != NULL ? feature->edge[feature->n_values / 2] : 1.0;
  default:
    return 1e308;
  }
}

static void check_applied(const encoding_input *input) {
  size_t n = input->n_features;
  double *row = calloc(3 * n, sizeof *row), *mean = row + n, *deviation = mean + n;
  double *inputs = calloc(input->n_inputs, sizeof *inputs);
  demand(row != NULL && inputs != NULL);
  for (size_t choice = 0; choice < 4; choice++) {
    const double *at = inputs;
    for (size_t f = 0; f < n; f++) {
      row[f] = entry(&input->feature[f], choice);
      deviation[f] = 1.0;
    }
    encoding_input_apply(inputs, row, mean, deviation, input);
    for (size_t f = 0; f < n; at += encoding_input_count(&input->feature[f++]))
      if (input->feature[f].kind != ENCODING_SCALE)
        check_bits(at, &input->feature[f]);
    demand(at == inputs + input->n_inputs);
  }
  free(row);
  free(inputs);
}

static void check_names(const encoding_input *input) {
  char **names = calloc(input->n_features, sizeof *names), text[300], name[] = "feature";
  demand(names != NULL);
  for (size_t f = 0; f < input->n_features; f++)
    names[f] = name;
  for (size_t i = 0; i < input->n_inputs; i += 1 + input->n_inputs / 64) {
    demand(encoding_input_feature(input, i) < input->n_features);
    encoding_input_name(text, sizeof text, i, names, input);
    demand(text[0] != '\0');
  }
  free(names);
}

static void check_copy(const encoding_input *input, const uint8_t *bytes, size_t n_read) {
  encoding_input copy;
  demand(encoding_input_copy(&copy, input) == CKKS_OK && copy.n_inputs == input->n_inputs);
  check_written(&copy, bytes, n_read);
  encoding_input_clear(&copy);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n_bytes) {
  base_reader reader;
  encoding_input input;
  base_reader_init(&reader, bytes, n_bytes);
  if (encoding_input_read(&input, &reader, ENCODING_ANY_FEATURES) != CKKS_OK) {
    demand(input.feature == NULL && base_last_error()[0] != '\0');
    return 0;
  }
  fuzz_accept();
  demand(input.n_inputs >= 1 && input.n_inputs <= ENCODING_MAX_INPUTS);
  check_written(&input, bytes, reader.at);
  check_applied(&input);
  check_names(&input);
  check_copy(&input, bytes, reader.at);
  encoding_input_clear(&input);
  return 0;
}
