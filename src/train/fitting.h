/* SPDX-License-Identifier: Apache-2.0 */
/* A model being fitted: what the kinds of models share, and each of them. */
#ifndef TRAIN_FITTING_H
#define TRAIN_FITTING_H
#include "train/train.h"
#include "train/truth.h"

typedef struct train_fitting {
  network_model *model;
  train_history *history;
  const table_data *data;
  const train_options *options;
  train_truth truth;
  size_t n_inputs; /**< of the model: features, or what their encoding makes of them */
  double *scaled;  /**< n_rows x n_inputs; not of trees */
} train_fitting;

/* --- scaler.c */
/** Mean and deviation of the training rows into the model, and all rows scaled by them. */
ckks_status train_scaler_fit(train_fitting *fitting);

/* --- rounds.c: what is noted of every epoch, iteration or tree */
/** Room in the history for at most n_rounds of them. */
ckks_status train_rounds_init(train_fitting *fitting, size_t n_rounds);
/** Outputs of a row of the table, of numbers standardised ones; and its loss. */
typedef const double *(*train_rounds_row)(double *loss, void *context, size_t row);
/**
 * Losses of training and validation rows behind one more round, and the validation's accuracy (R2
 * of numbers). CKKS_ERROR_RANGE when they are not finite, CKKS_ERROR_CANCELLED.
 */
ckks_status train_rounds_note(train_fitting *fitting, train_rounds_row row_of, void *context);

/* --- epochs.c, linear.c, trees.c: the models */
ckks_status train_epochs_fit(train_fitting *fitting);
ckks_status train_linear_fit(train_fitting *fitting);
ckks_status train_trees_fit(train_fitting *fitting);
#endif
