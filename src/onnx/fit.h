/* SPDX-License-Identifier: Apache-2.0 */
/* Polynomials in place of activations, on the range that each one really sees. */
#ifndef ONNX_FIT_H
#define ONNX_FIT_H
#include "network/network.h"

#define ONNX_FIT_GRID 2049

/** What is to be replaced: values of a function at points[i], and how much each one counts. */
typedef struct onnx_fit_samples {
  size_t n;
  const double *point, *value, *weight; /**< weights >= 0, not all zero */
} onnx_fit_samples;

/** p(t), t = (x - centre) / radius, |t| <= 1 on the range. */
typedef struct onnx_fit {
  encoding_polynomial polynomial;
  double centre, radius;
  double max_error, rms_error; /**< over all points; weighted. Relative to the largest |value| */
  bool exact;                  /**< to rounding */
} onnx_fit;

/**
 * Weighted least squares in Chebyshev's basis (no condition to worry about at these degrees),
 * sharpened towards the smallest largest error by `minimax` (Lawson 1961: weights times error,
 * again and again). Degrees 1 to max_degree are tried upwards until the weighted error is at
 * most `error` of the largest value; *fit is then the first that is good enough, or the best
 * there is. CKKS_ERROR_RANGE when a value is not finite or the points are one.
 */
ckks_status onnx_fit_polynomial(onnx_fit *fit, const onnx_fit_samples *samples, int min_degree,
                                int max_degree, double error, bool minimax);
#endif
