/* SPDX-License-Identifier: Apache-2.0 */
/* Polynomials in place of activations, on the range that each one really sees. */
#ifndef ONNX_FIT_H
#define ONNX_FIT_H
#include "network/network.h"

#define ONNX_FIT_GRID 2048 /**< points of the range itself: enough for the highest degree */

/** What is to be replaced: values of a function at points[i], and how much each one counts. */
typedef struct onnx_fit_samples {
  size_t n;
  const double *point, *value, *weight; /**< weights >= 0, not all zero */
} onnx_fit_samples;

/** p(t), t = (x - centre) / radius, |t| <= 1 on the range. */
typedef struct onnx_fit {
  encoding_polynomial polynomial; /**< in powers up to degree 3 and where it is exact */
  double centre, radius;
  double max_error, rms_error; /**< over all points; weighted. Relative to the largest |value| */
  bool exact;                  /**< to rounding */
} onnx_fit;

/**
 * Weighted least squares in Chebyshev's basis, all degrees from one factorisation: its leading
 * blocks are those of lower degrees (Golub, Van Loan, 4.2). `minimax` sharpens one degree towards
 * the smallest largest error (Lawson 1961: weights times error, again and again).
 */
typedef struct onnx_fit_fitter onnx_fit_fitter;
/** Copies the samples. CKKS_ERROR_RANGE when a value is not finite or the points are one. */
ckks_status onnx_fit_build(onnx_fit_fitter **out, const onnx_fit_samples *samples, int max_degree);
void onnx_fit_free(onnx_fit_fitter *fitter);
/** Highest degree that the points determine, at most max_degree. */
int onnx_fit_most(const onnx_fit_fitter *fitter);
/** By least squares, or sharpened; the highest that the points determine where they determine
 * fewer. */
ckks_status onnx_fit_degree(onnx_fit *fit, onnx_fit_fitter *fitter, int degree, bool minimax);
/** What is a polynomial is found, at its own degree; fit->exact says whether. */
ckks_status onnx_fit_exact(onnx_fit *fit, onnx_fit_fitter *fitter);
/** The lowest degree from min to max whose weighted (minimax: largest) error is at most `error`,
 * or the best there is. */
ckks_status onnx_fit_search(onnx_fit *fit, onnx_fit_fitter *fitter, int min_degree, int max_degree,
                            double error, bool minimax);
#endif
