/* SPDX-License-Identifier: Apache-2.0 */
/* The split, the scaler, training and metrics. Nothing here knows of encryption. */
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
typedef struct train_options {
  const size_t *hidden; /**< widths of the hidden layers (default 16); n_hidden may be 0 */
  size_t n_hidden;
  encoding_polynomial activation;     /**< after every layer, the last included */
  double learning_rate, weight_decay; /**< 0.0005, 1e-5 (added to the gradient) */
  int batch_size, n_epochs;           /**< 64, 250 */
  double frac;                        /**< 0.8 */
  uint32_t split_seed;                /**< 42 */
  uint64_t seed; /**< initialisation and batch order; 15 (options.c says why) */
  /** Called after every epoch; a non-zero return cancels (CKKS_ERROR_CANCELLED). May be NULL. */
  int (*progress)(void *context, const blindsight_progress *progress);
  void *progress_context;
} train_options;

typedef struct train_history {
  int n_epochs;
  double *train_loss, *validation_loss, *validation_accuracy;
  size_t *train, n_train, *validation, n_validation; /**< row indices of the split */
  size_t n_constant; /**< features that are constant on the training rows (deviation set to 1) */
  size_t *constant;
  size_t n_imputed; /**< missing values replaced by the training mean */
} train_history;

void train_options_default(train_options *options);
/**
 * Scaler from the values that are there in the training rows (population deviation), then Adam
 * (Kingma, Ba, ICLR 2015) on softmax cross-entropy of the network's outputs,
 * U(-1/sqrt(fan_in), 1/sqrt(fan_in)) initialisation of weights and biases. Losses are taken with
 * the weights at the end of each epoch. Ends with network_calibrate on the training rows.
 * Same seed, same bits, on every machine with IEEE doubles and without contraction of a*b+c:
 * exponential and logarithm are our own, sums have a fixed order.
 * CKKS_ERROR_RANGE when the loss stops being finite, naming the epoch.
 */
ckks_status train_fit(network_model *model, train_history *history, const table_data *data,
                      const train_options *options);
void train_history_clear(train_history *history);

/* --- metrics.c */
typedef blindsight_metrics train_metrics;
/** outputs: n_rows x n_classes; CKKS_ERROR_RANGE names a row whose outputs are not finite. */
ckks_status train_metrics_compute(train_metrics *metrics, const double *outputs, const int *labels,
                                  size_t n_rows, size_t n_classes);
void train_metrics_clear(train_metrics *metrics);
#endif
