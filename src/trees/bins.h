/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Which edges of features a client is told. The thresholds of a model are its owner's; edges are
 * public. So by default they are quantiles of calibration rows, and splits move to the nearest of
 * them; as many are taken as it needs for no calibration row's prediction to change.
 */
#ifndef TREES_BINS_H
#define TREES_BINS_H
#include "trees/ensemble.h"

typedef struct trees_bins_options {
  const double *rows; /**< n_rows x n_features, raw; NULL only with `exact` */
  size_t n_rows;
  size_t n_bins; /**< of each feature: 0 = 64, doubled up to 1024 while predictions change */
  bool exact;    /**< the model's own thresholds, mixed with as many others */
  uint64_t seed; /**< of what they are mixed with */
  const encoding_input *input; /**< whose categories are taken as they are; NULL: the ensemble's */
} trees_bins_options;

typedef struct trees_bins_report {
  size_t n_bins;    /**< 0 = exact */
  size_t n_changed; /**< predictions of calibration rows that binning changes */
  size_t n_moved;   /**< splits that moved past a calibration row */
  double largest;   /**< change of an output there */
} trees_bins_report;

/**
 * Sets `input`, and moves the ensemble's splits to its edges. CKKS_ERROR_ARGUMENT without rows,
 * CKKS_ERROR_FORMAT where the inputs become too many. On error `input` is empty, and the splits
 * may have moved.
 */
ckks_status trees_bins_choose(encoding_input *input, trees_bins_report *report,
                              trees_ensemble *ensemble, const trees_bins_options *options);
/**
 * edge[at most n_bins - 1]: between neighbours of n values (none NaN), which are sorted, each kept
 * once; at their quantiles where they are more than n_bins. How many there are: 0 of a constant.
 */
size_t trees_bins_edges(double *edge, double *value, size_t n, size_t n_bins);
#endif
