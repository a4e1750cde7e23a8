/* SPDX-License-Identifier: Apache-2.0 */
#include "encoding/meaning.h"

#include <math.h>
#include <string.h>

#include "encoding/outputs.h"

#define LEAST_PROBABILITY 1e-300

static const char *const kinds[ENCODING_N_KINDS] = {"classes", "values", "labels"};
static const char *const ends[ENCODING_N_ENDS] = {
    "none", "softmax", "log-softmax", "sigmoid",  "one-vs-rest",
    "tanh", "relu",    "exp",         "softplus", "probit"};

encoding_meaning encoding_meaning_default(size_t n_outputs) {
  return (encoding_meaning){.kind = n_outputs == 1 ? ENCODING_VALUES : ENCODING_CLASSES};
}

bool encoding_meaning_is_default(const encoding_meaning *meaning, size_t n_outputs) {
  encoding_meaning usual = encoding_meaning_default(n_outputs);
  return meaning->kind == usual.kind && meaning->end == usual.end &&
         meaning->complete == usual.complete;
}

/* -------------------------------------------------------------------- ends */

/* Of one row; the largest is taken out first, so that nothing overflows. */
static void softmax(double *x, size_t n, bool logarithm) {
  double most = x[0], sum = 0.0;
  for (size_t i = 1; i < n; i++)
    most = fmax(most, x[i]);
  for (size_t i = 0; i < n; i++)
    sum += exp(x[i] - most);
  for (size_t i = 0; i < n; i++)
    x[i] = logarithm ? x[i] - most - log(sum) : exp(x[i] - most) / sum;
}

/* sqrt(2) erfinv(2 p - 1) with Winitzki's approximation, of which ONNX's reference and its runtimes
 * take these digits; off by up to 3e-3 from the quantile. NaN outside of 0 to 1. */
static double probit(double p) {
  double x = 2.0 * p - 1.0, logarithm = log((1.0 - x) * (1.0 + x));
  double v = 2.0 / (3.14159 * 0.147) + 0.5 * logarithm;
  return copysign(1.41421356 * sqrt(sqrt(v * v - logarithm / 0.147) - v), x);
}

static double end_value(double x, encoding_end end) {
  switch (end) {
  case ENCODING_END_SIGMOID:
  case ENCODING_END_ONE_VS_REST:
    return 1.0 / (1.0 + exp(-x));
  case ENCODING_END_TANH:
    return tanh(x);
  case ENCODING_END_RELU:
    return x > 0.0 || isnan(x) ? x : 0.0;
  case ENCODING_END_EXP:
    return exp(x);
  case ENCODING_END_SOFTPLUS:
    return fmax(x, 0.0) + log1p(exp(-fabs(x)));
  case ENCODING_END_PROBIT:
    return probit(x);
  case ENCODING_END_NONE:
  case ENCODING_END_SOFTMAX:
  case ENCODING_END_LOG_SOFTMAX:
  case ENCODING_N_ENDS:
    break;
  }
  return x;
}

/* Where all sigmoids are 0 in doubles there is no sum to divide by: all are as likely. */
static void one_vs_rest(double *x, size_t n) {
  double sum = 0.0;
  for (size_t i = 0; i < n; i++)
    sum += x[i];
  for (size_t i = 0; i < n; i++)
    x[i] = sum == 0.0 ? 1.0 / (double)n : x[i] / sum;
}

void encoding_meaning_finish(double *outputs, size_t n_rows, size_t n, encoding_end end) {
  for (double *row = outputs; row < outputs + n_rows * n; row += n) {
    if (end == ENCODING_END_SOFTMAX || end == ENCODING_END_LOG_SOFTMAX)
      softmax(row, n, end == ENCODING_END_LOG_SOFTMAX);
    for (size_t i = 0; i < n; i++)
      row[i] = end_value(row[i], end);
    if (end == ENCODING_END_ONE_VS_REST)
      one_vs_rest(row, n);
  }
}

void encoding_meaning_scores(double *outputs, size_t n_rows, size_t n, encoding_end end) {
  bool probabilities =
      end == ENCODING_END_SOFTMAX || end == ENCODING_END_SIGMOID || end == ENCODING_END_ONE_VS_REST;
  for (size_t i = 0; probabilities && i < n_rows * n; i++)
    outputs[i] = log(fmax(outputs[i], LEAST_PROBABILITY));
}

/* -------------------------------------------------------------------- rows */

size_t encoding_meaning_predicted(const double *outputs, size_t n, encoding_kind kind) {
  if (kind != ENCODING_CLASSES)
    return ENCODING_NOTHING;
  for (size_t i = 0; i < n; i++)
    if (isnan(outputs[i]))
      return ENCODING_NOTHING;
  return encoding_outputs_argmax(outputs, n);
}

ckks_status encoding_meaning_check_rows(const encoding_meaning *meaning, const double *rows,
                                        size_t n_rows, char *const *feature, size_t n_features) {
  for (size_t row = 0; meaning->complete && row < n_rows; row++)
    for (size_t i = 0; i < n_features; i++)
      if (isnan(rows[row * n_features + i]))
        return base_fail(CKKS_ERROR_RANGE,
                         "row %zu: \"%.80s\" is missing, and the model says nothing of its mean; "
                         "fill it in as was done for training",
                         row, feature[i]);
  return CKKS_OK;
}

/* ------------------------------------------------------------ names, bytes */

static int find(const char *name, const char *const *names, int n) {
  for (int i = 0; i < n; i++)
    if (strcmp(name, names[i]) == 0)
      return i;
  return -1;
}

const char *encoding_meaning_kind_name(encoding_kind kind) {
  return kinds[kind];
}

const char *encoding_meaning_end_name(encoding_end end) {
  return ends[end];
}

bool encoding_meaning_kind_named(encoding_kind *kind, const char *name) {
  int found = find(name, kinds, ENCODING_N_KINDS);
  if (found >= 0)
    *kind = (encoding_kind)found;
  return found >= 0;
}

bool encoding_meaning_end_named(encoding_end *end, const char *name) {
  int found = find(name, ends, ENCODING_N_ENDS);
  if (found >= 0)
    *end = (encoding_end)found;
  return found >= 0;
}

void encoding_meaning_write(base_buffer *buffer, const encoding_meaning *meaning) {
  base_buffer_u8(buffer, (uint8_t)meaning->kind);
  base_buffer_u8(buffer, (uint8_t)meaning->end);
  base_buffer_u8(buffer, meaning->complete);
}

ckks_status encoding_meaning_read(encoding_meaning *meaning, base_reader *reader,
                                  size_t n_outputs) {
  uint8_t kind = base_reader_u8(reader), end = base_reader_u8(reader);
  uint8_t complete = base_reader_u8(reader);
  *meaning = encoding_meaning_default(n_outputs);
  if (reader->failed || kind >= ENCODING_N_KINDS || end >= ENCODING_N_ENDS || complete > 1)
    return base_fail(CKKS_ERROR_FORMAT, "outputs: a meaning that does not exist, or cut short");
  const encoding_meaning read = {(encoding_kind)kind, (encoding_end)end, complete == 1};
  if (encoding_meaning_is_default(&read, n_outputs))
    return base_fail(CKKS_ERROR_FORMAT, "outputs: their usual meaning, which is not written");
  *meaning = read;
  return CKKS_OK;
}
