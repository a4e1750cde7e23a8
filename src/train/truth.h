/* SPDX-License-Identifier: Apache-2.0 */
/**
 * What outputs are held against: classes, or numbers. Numbers are learnt as deviations from their
 * mean, in units of their deviation on the training rows, and brought back at the end.
 */
#ifndef TRAIN_TRUTH_H
#define TRAIN_TRUTH_H
#include "table/data.h"

typedef struct train_truth {
  const int *label;      /**< class of each row; NULL: numbers */
  const double *target;  /**< or number of each row */
  size_t n_outputs;      /**< classes, or 1 */
  double centre, spread; /**< of the numbers on the training rows */
} train_truth;

/** Centre and spread from n rows; CKKS_ERROR_RANGE where numbers are too large. */
ckks_status train_truth_init(train_truth *truth, const table_data *data, const size_t *rows,
                             size_t n);
/**
 * Cross-entropy of softmax, or half the squared error of a standardised number; NaN when an output
 * is not finite. gradient[n_outputs], its derivative, may be NULL and is untouched then.
 */
double train_truth_loss(double *gradient, const double *outputs, const train_truth *truth,
                        size_t row);
/**
 * What the client makes of an output that is factor * (standardised number) + shift: the number; a
 * power of two times it, plus a multiple of that, which tells of the labels no more than their
 * size. Of classes the identity, 1 and 0.
 */
encoding_polynomial train_truth_end(double *factor, double *shift, const train_truth *truth);
/** Standardised. */
double train_truth_target(const train_truth *truth, size_t row);
#endif
