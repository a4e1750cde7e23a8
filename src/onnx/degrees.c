/* SPDX-License-Identifier: Apache-2.0 */
#include "onnx/degrees.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"

#define ALL_LEVELS 20
#define FIRST_ERROR 0.05
#define STEP 0.7
#define MAX_TRIALS 40

int onnx_degrees_allowed(int n_layers) {
  int levels = n_layers > 0 ? ALL_LEVELS / n_layers - 1 : 8;
  levels = levels < 2 ? 2 : levels > 8 ? 8 : levels;
  return (1 << levels) - 1;
}

/* ---------------------------------------------------- each to its own error */

static double judged(const onnx_fit *fit, bool minimax) {
  return minimax ? fit->max_error : fit->rms_error;
}

/* ", degree 63 0.0023 (1 level more)" for what is left of degrees. */
static ckks_status add_hints(char text[200], onnx_branch *b, int max_degree, bool minimax) {
  for (int degree = 2 * max_degree + 1, more = 1;
       degree <= ENCODING_MAX_DEGREE && degree <= onnx_fit_most(b->fitter) && more <= 3;
       degree = 2 * degree + 1, more++) {
    onnx_fit fit;
    size_t n = strlen(text);
    BASE_TRY(onnx_fit_degree(&fit, b->fitter, degree, minimax));
    snprintf(text + n, 200 - n, "--max-degree %d reaches %.2g (%d level%s more), ", degree,
             judged(&fit, minimax), more, more > 1 ? "s" : "");
  }
  return CKKS_OK;
}

static ckks_status refuse(onnx_branch *b, int max_degree, const onnx_import_options *options) {
  char hints[200] = "";
  BASE_TRY(add_hints(hints, b, max_degree, options->minimax));
  return base_fail(CKKS_ERROR_RANGE,
                   "%s: a polynomial of degree %d is off by %.2g of its largest value%s, where "
                   "--activation-error asks for %g; %sa smaller --margin (%g) or inputs that drive "
                   "it less far help",
                   b->name, b->fit.polynomial.degree, judged(&b->fit, options->minimax),
                   options->minimax ? "" : " in the mean", options->error, hints, options->margin);
}

/* Whether no degree is good enough, and a composite may be. */
static ckks_status must_compose(bool *must, onnx_branch *b, const onnx_import_options *options) {
  onnx_fit fit;
  *must = false;
  if (options->composite != ONNX_IMPORT_COMPOSITE_AUTO || b->radius == NULL)
    return CKKS_OK;
  BASE_TRY(onnx_fit_degree(&fit, b->fitter, ENCODING_MAX_DEGREE, options->minimax));
  *must = judged(&fit, options->minimax) > options->error;
  return CKKS_OK;
}

ckks_status onnx_degrees_each(onnx_branch *const *branch, size_t n, int max_degree,
                              const onnx_import_options *options) {
  for (size_t i = 0; i < n; i++) {
    onnx_branch *b = branch[i];
    if (b->composed)
      continue;
    BASE_TRY(onnx_fit_search(&b->fit, b->fitter, 1, max_degree, options->error, options->minimax));
    if (judged(&b->fit, options->minimax) <= options->error)
      continue;
    BASE_TRY(must_compose(&b->composed, b, options));
    if (!b->composed)
      return refuse(b, max_degree, options);
  }
  return CKKS_OK;
}

/* -------------------------------------------------- all for the outputs' error */

/* *more: whether a branch could still be better. `rising`: errors only became smaller so far, so
 * that no degree below the last one can be good enough. */
static ckks_status take_error(bool *more, onnx_branch *const *branch, size_t n, int max_degree,
                              double error, bool minimax, bool rising) {
  *more = false;
  for (size_t i = 0; i < n; i++) {
    onnx_branch *b = branch[i];
    int least = rising ? b->fit.polynomial.degree : 1;
    BASE_TRY(onnx_fit_search(&b->fit, b->fitter, least, max_degree, error, minimax));
    int most = onnx_fit_most(b->fitter);
    *more = *more || b->fit.polynomial.degree < (max_degree < most ? max_degree : most);
  }
  return CKKS_OK;
}

/* What one level more for each would do. The polynomials are put back. */
static ckks_status try_better(double *better, onnx_branch *const *branch, size_t n, int degree,
                              const onnx_import_options *options, const onnx_degrees_judge *judge) {
  onnx_fit *kept = base_alloc_array(n, sizeof *kept);
  if (kept == NULL)
    return base_fail_memory(n * sizeof *kept);
  ckks_status status = CKKS_OK;
  for (size_t i = 0; i < n && status == CKKS_OK; i++) {
    kept[i] = branch[i]->fit;
    status = onnx_fit_degree(&branch[i]->fit, branch[i]->fitter, degree, options->minimax);
  }
  if (status == CKKS_OK)
    status = judge->measure(better, judge->context);
  for (size_t i = 0; i < n; i++)
    if (kept[i].radius > 0.0)
      branch[i]->fit = kept[i];
  base_free(kept);
  return status;
}

ckks_status onnx_degrees_all(double *difference, int *better_degree, double *better,
                             onnx_branch *const *branch, size_t n, int max_degree,
                             const onnx_import_options *options, const onnx_degrees_judge *judge) {
  double error = FIRST_ERROR, best_error = error;
  bool more = n > 0;
  *difference = (double)INFINITY;
  *better_degree = 0;
  for (int trial = 0; trial<MAX_TRIALS && * difference> options->output_error; trial++) {
    double now = 0.0;
    BASE_TRY(take_error(&more, branch, n, max_degree, error, options->minimax, trial > 0));
    BASE_TRY(judge->measure(&now, judge->context));
    if (now < *difference) {
      *difference = now;
      best_error = error;
    }
    if (!more)
      break;
    error *= STEP;
  }
  BASE_TRY(take_error(&more, branch, n, max_degree, best_error, options->minimax, false));
  if (*difference <= options->output_error || 2 * max_degree + 1 > ENCODING_MAX_DEGREE || n == 0)
    return CKKS_OK;
  *better_degree = 2 * max_degree + 1;
  return try_better(better, branch, n, *better_degree, options, judge);
}
