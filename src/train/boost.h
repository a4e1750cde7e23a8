/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Gradient boosting on histograms: rows are codes of bins, a tree is grown on sums of gradients and
 * second derivatives by code. Both are whole multiples of a power of two, so that sums are exact,
 * whatever their order, and a histogram less another is the third.
 */
#ifndef TRAIN_BOOST_H
#define TRAIN_BOOST_H
#include "train/fitting.h"
#include "trees/ensemble.h"

/* --- boost_bins.c */
/** Of one feature. Codes count the edges below a value; of categories they are the category; the
 * last code is a missing value's. */
typedef struct train_boost_feature {
  size_t n_edges, n_codes;
  double *edge;           /**< ascending; NULL: categories */
  bool category, missing; /**< missing: in a training row */
} train_boost_feature;

typedef struct train_boost_bins {
  size_t n_rows, n_features, stride; /**< stride: codes that the largest feature has */
  uint8_t *code;                     /**< n_rows x n_features */
  train_boost_feature *feature;
} train_boost_bins;

/**
 * Edges between the training rows' values, at quantiles where there are more than n_bins of them,
 * and the codes of all rows of the table.
 */
ckks_status train_boost_bins_init(train_boost_bins *bins, const train_fitting *fitting,
                                  size_t n_bins);
void train_boost_bins_clear(train_boost_bins *bins);

/* --- boost_tree.c */
/** Of a row, or of many: fixed-point sums. */
typedef struct train_boost_pair {
  int64_t gradient;
  uint64_t curve; /**< second derivative, shifted, and below it the number of rows */
} train_boost_pair;
#define TRAIN_BOOST_COUNT_BITS 21 /**< rows are at most 2^20 */
#define TRAIN_BOOST_CURVE_BITS 42

typedef struct train_boost_node {
  bool leaf, missing_right;
  uint8_t code; /**< of a split: larger ones go right; of categories, this one does */
  uint32_t feature, left, right;
  double value; /**< of a leaf */
} train_boost_node;

typedef struct train_boost_grower train_boost_grower;

/** n_rows: of a tree at most. The bins and options must outlive it. */
ckks_status train_boost_grower_build(train_boost_grower **out, const train_boost_bins *bins,
                                     const train_options *options, size_t n_rows);
void train_boost_grower_free(train_boost_grower *grower);

/** What a tree is grown on. */
typedef struct train_boost_sums {
  const train_boost_pair *pair; /**< of each row of the table */
  double gradient_unit, curve_unit;
  const size_t *row; /**< n_rows of them */
  size_t n_rows;
  const uint32_t *feature; /**< n_features of them */
  size_t n_features;
} train_boost_sums;

/** One tree; its nodes are valid until the next. `gain` of each feature grows. */
size_t train_boost_grower_grow(const train_boost_node **nodes, double *gain,
                               train_boost_grower *grower, const train_boost_sums *sums);
/** The leaf that a row of the table reaches. */
double train_boost_tree_value(const train_boost_node *nodes, const train_boost_bins *bins,
                              size_t row);

/* --- boost.c */
/** An ensemble over the features of the table, whose edges are those of the bins. */
ckks_status train_boost_fit(trees_ensemble *ensemble, train_fitting *fitting,
                            const train_boost_bins *bins);
#endif
