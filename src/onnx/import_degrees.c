/* SPDX-License-Identifier: Apache-2.0 */
/* The model against its graph on calibration rows: which degrees do, and what has changed. */
#include "onnx/importing.h"

#include <math.h>

#include "onnx/degrees.h"

#define TRIAL_PRODUCTS 4e8 /* of one run over rows, while degrees are looked for */
#define LEAST_TRIAL_ROWS 8

/* A run over the first n_rows. */
typedef struct trial {
  onnx_importing *in;
  size_t n_rows;
} trial;

/* Change of the graph's output k of a row; a pair is its one score taken apart. */
static double change(const onnx_importing *in, const double *exact, const double *have, size_t k) {
  if (!in->fold.tail.pair)
    return fabs(exact[k] - have[k]);
  double score = in->fold.tail.second_first ? have[0] - have[1] : have[1] - have[0];
  return fabs(exact[0] - score);
}

/* Largest change over the first rows, of the range of all outputs. */
static ckks_status measure(double *difference, void *context) {
  const trial *t = context;
  onnx_importing *in = t->in;
  double most = 0.0;
  if (!in->expanded)
    onnx_import_layers_polynomials(in);
  BASE_TRY(network_forward_rows(in->have, onnx_importing_used(in), t->n_rows, in->model));
  for (size_t i = 0; i < t->n_rows; i++)
    for (size_t k = 0; k < in->n_outputs; k++) {
      double by = change(in, in->exact + i * in->n_outputs, in->have + i * in->model->n_classes, k);
      most = by <= most ? most : isnan(by) ? (double)INFINITY : by;
    }
  *difference = in->report->range > 0.0 ? most / in->report->range : 0.0;
  return CKKS_OK;
}

static void find_range(onnx_importing *in) {
  double low = (double)INFINITY, high = -(double)INFINITY;
  for (size_t i = 0; i < onnx_importing_n_used(in) * in->n_outputs; i++) {
    low = fmin(low, in->exact[i]);
    high = fmax(high, in->exact[i]);
  }
  in->report->range = high > low ? high - low : fabs(high);
}

/* As many rows as one trial has time for. */
static size_t trial_rows(const onnx_importing *in) {
  double products = 1.0;
  size_t n = onnx_importing_n_used(in);
  for (size_t l = 0; l < in->model->n_layers; l++)
    products += (double)in->model->layer[l].weight.start[in->model->layer[l].n_out];
  double most = fmax(TRIAL_PRODUCTS / products, LEAST_TRIAL_ROWS);
  return (double)n > most ? (size_t)most : n;
}

static ckks_status check_composites(const onnx_importing *in) {
  for (size_t i = 0; i < in->n_fitted; i++) {
    const onnx_branch *b = in->fitted[i];
    if (b->composed && b->fit.max_error > in->options->error)
      return base_fail(
          CKKS_ERROR_RANGE,
          "%s: neither one polynomial nor a composite of %d is nearer than %.2g of its "
          "largest value, where --activation-error asks for %g",
          b->name, in->composite->n, b->fit.max_error, in->options->error);
  }
  return CKKS_OK;
}

static ckks_status find_each(onnx_importing *in) {
  bool always = in->options->composite == ONNX_IMPORT_COMPOSITE_ALWAYS;
  for (size_t i = 0; i < in->n_fitted && always; i++)
    in->fitted[i]->composed = onnx_import_composites_may(in->fitted[i]);
  BASE_TRY(onnx_degrees_each(in->fitted, in->n_fitted, in->report->max_degree, in->options));
  BASE_TRY(onnx_import_composites_find(in, in->options->error));
  BASE_TRY(check_composites(in));
  onnx_import_layers_polynomials(in);
  return onnx_import_composites_expand(in);
}

ckks_status onnx_import_degrees_find(onnx_importing *in) {
  onnx_import_report *report = in->report;
  find_range(in);
  trial some = {in, trial_rows(in)}, whole = {in, onnx_importing_n_used(in)};
  const onnx_degrees_judge judge = {measure, &some};
  if (in->options->error > 0.0)
    BASE_TRY(find_each(in));
  else if (in->n_fitted > 0)
    BASE_TRY(onnx_degrees_all(&report->difference, &report->better_degree, &report->better,
                              in->fitted, in->n_fitted, report->max_degree, in->options, &judge));
  return measure(&report->difference, &whole);
}

/* Whether two rows of outputs before their end predict different things. */
static bool predicts_other(const onnx_importing *in, const double *exact, const double *have) {
  size_t n = in->model->n_classes;
  bool other = false;
  if (in->model->meaning.kind == ENCODING_CLASSES) {
    double pair[2] = {-exact[0], exact[0]};
    if (in->fold.tail.pair && in->fold.tail.second_first)
      pair[0] = -pair[0], pair[1] = -pair[1];
    return encoding_outputs_argmax(have, n) !=
           encoding_outputs_argmax(in->fold.tail.pair ? pair : exact, n);
  }
  for (size_t k = 0; in->model->meaning.kind == ENCODING_LABELS && k < n; k++)
    other = other || (exact[k] > 0.0) != (have[k] > 0.0);
  return other;
}

void onnx_import_degrees_compare(onnx_importing *in) {
  size_t n = onnx_importing_n_used(in), classes = in->model->n_classes;
  double most = 0.0;
  for (size_t i = 0; i < n; i++) {
    const double *exact = in->exact + i * in->n_outputs, *have = in->have + i * classes;
    in->report->n_changed += predicts_other(in, exact, have);
    for (size_t k = 0; k < in->n_outputs; k++)
      most = fmax(most, change(in, exact, have, k) / fmax(1.0, fabs(exact[k])));
  }
  in->model->fitted_error = in->n_fitted > 0 ? most : 0.0;
}
