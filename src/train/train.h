/* SPDX-License-Identifier: Apache-2.0 */
/**
 * The split, the scaler, training and metrics: networks, linear models and trees, for classes and
 * for numbers. Nothing here knows of encryption.
 */
#ifndef TRAIN_TRAIN_H
#define TRAIN_TRAIN_H
#include "blindsight.h"
#include "network/network.h"
#include "table/data.h"

/* --- split.c */
/**
 * Row indices that pandas.DataFrame.sample(frac, random_state=seed) takes, in
 * its order, and the others ascending: legacy NumPy MT19937, Fisher-Yates with
 * masked rejection; n_train = round half to even of frac*n. CKKS_ERROR_ARGUMENT
 * when frac is not between 0 and 1 or either side would stay empty.
 */
ckks_status train_split(size_t **train, size_t *n_train, size_t **validation, size_t *n_validation,
                        size_t n, double frac, uint32_t seed);

/* --- fit.c */
typedef enum train_kind { TRAIN_NETWORK, TRAIN_LINEAR, TRAIN_TREES, TRAIN_N_KINDS } train_kind;

typedef struct train_options {
  train_kind kind;      /**< TRAIN_NETWORK */
  const size_t *hidden; /**< widths of the hidden layers (default 16); n_hidden may be 0 */
  size_t n_hidden;
  /** After every layer, the last included, whose outputs are numbers as they are in regression. */
  encoding_polynomial activation;
  double learning_rate, weight_decay; /**< 0.0005, 1e-5 (added to the gradient) */
  int batch_size, n_epochs;           /**< 64, 250 */
  double frac;                        /**< 0.8 */
  uint32_t split_seed;                /**< 42 */
  /** Initialisation and batch order, or which rows and features a tree sees; 15 (options.c says
   * why). */
  uint64_t seed;
  double l2;   /**< of linear models and leaves: l2 / 2 times their squares are added to the sum of
                    losses; 1 */
  int n_trees; /**< rounds of boosting, each a tree, or one for each of several classes; 100 */
  int max_depth;    /**< splits on a way; 4 */
  int min_rows;     /**< training rows of a leaf, 20 */
  size_t n_bins;    /**< of a feature at most, 2 to TRAIN_MAX_BINS; 0 = what all features together
                         leave of TRAIN_TREES_INPUTS; 0 */
  double shrinkage; /**< part of a tree that is added, 0.1 */
  double row_part, feature_part; /**< of the rows and features, drawn for each tree; 1 */
  int patience; /**< rounds without a better loss on a tenth of the training rows, kept apart, after
                     which training stops; 0 = never */
  bool exact_edges; /**< clients are told the edges that are used, among others, not all bins */
  /** Called after every round; a non-zero return cancels (CKKS_ERROR_CANCELLED). May be NULL. */
  int (*progress)(void *context, const blindsight_progress *progress);
  void *progress_context;
} train_options;

#define TRAIN_MAX_BINS 255
#define TRAIN_MAX_DEPTH 12
#define TRAIN_MAX_TREES 10000
#define TRAIN_TREES_INPUTS 2000

typedef struct train_history {
  int n_epochs, most_epochs; /**< rounds: epochs, iterations or trees; those asked for */
  /** Behind each round. Losses are mean cross-entropies, or mean squared errors; the accuracy is R2
   * where the label is a quantity. */
  double *train_loss, *validation_loss, *validation_accuracy;
  size_t *train, n_train, *validation, n_validation; /**< row indices of the split */
  size_t n_constant; /**< features that are constant on the training rows (deviation set to 1) */
  size_t *constant;
  size_t n_imputed; /**< missing values replaced by the training mean */
  size_t n_kept;    /**< trees: rounds that are in the model, the best where patience ended */
  size_t n_leaves, n_bins; /**< trees: of all; most bins of a feature */
  double *weight;          /**< trees: gain of each feature's splits, of all gain */
} train_history;

void train_options_default(train_options *options);
/**
 * Scaler from the values that are there in the training rows (population deviation), then
 * - a network: Adam (Kingma, Ba, ICLR 2015) on softmax cross-entropy of its outputs, or on squared
 *   errors of standardised numbers; U(-1/sqrt(fan_in), 1/sqrt(fan_in)) initialisation of weights
 *   and biases. Losses are taken with the weights at the end of each epoch.
 * - a linear model: L-BFGS (Liu, Nocedal, Math. Programming 45 (1989) 503) on the same losses with
 *   l2, to the minimum.
 * - trees: gradient boosting on histograms with second-order gains (Chen, Guestrin, KDD 2016).
 * Ends with network_calibrate on the training rows. Same seed, same bits, on every machine with
 * IEEE doubles and without contraction of a*b+c: exponential and logarithm are our own, sums have
 * a fixed order. CKKS_ERROR_RANGE when the loss stops being finite, naming the epoch.
 */
ckks_status train_fit(network_model *model, train_history *history, const table_data *data,
                      const train_options *options);
void train_history_clear(train_history *history);

/* --- metrics.c */
typedef blindsight_metrics train_metrics;
/** outputs: n_rows x n_classes; CKKS_ERROR_RANGE names a row whose outputs are not finite. */
ckks_status train_metrics_compute(train_metrics *metrics, const double *outputs, const int *labels,
                                  size_t n_rows, size_t n_classes);
/** outputs: n_rows numbers, held against `target`. */
ckks_status train_metrics_values(train_metrics *metrics, const double *outputs,
                                 const double *target, size_t n_rows);
void train_metrics_clear(train_metrics *metrics);
#endif
