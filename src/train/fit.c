/* SPDX-License-Identifier: Apache-2.0 */
/* From a table to a trained model: split, scaler, epochs, calibration. */
#include <math.h>
#include <string.h>

#include "base/alloc.h"
#include "base/wipe.h"
#include "train/fitting.h"

#define MAX_EPOCHS 1000000

/* As network_check will ask of the layers, but before any work is done. */
static ckks_status check_activation(const encoding_polynomial *activation) {
  if (activation->degree < 1 || activation->degree > ENCODING_MAX_POWERS)
    return base_fail(CKKS_ERROR_ARGUMENT, "activation: degree %d where 1 to %d is allowed",
                     activation->degree, ENCODING_MAX_POWERS);
  for (int k = 0; k <= activation->degree; k++)
    if (!isfinite(activation->coefficient[k]))
      return base_fail(CKKS_ERROR_ARGUMENT, "activation: coefficient %d is not finite", k);
  if (activation->coefficient[activation->degree] == 0.0)
    return base_fail(CKKS_ERROR_ARGUMENT, "activation: the leading coefficient is 0");
  return CKKS_OK;
}

static ckks_status check_number(const char *field, double value, double least, double most) {
  if (value >= least && value <= most)
    return CKKS_OK;
  return base_fail(CKKS_ERROR_ARGUMENT, "%s: %g where %g to %g is allowed", field, value, least,
                   most);
}

static ckks_status check_network(const train_options *options) {
  if (!(options->learning_rate > 0.0) || !isfinite(options->learning_rate))
    return base_fail(CKKS_ERROR_ARGUMENT, "learning_rate: %g where a positive number is needed",
                     options->learning_rate);
  if (!(options->weight_decay >= 0.0) || !isfinite(options->weight_decay))
    return base_fail(CKKS_ERROR_ARGUMENT, "weight_decay: %g where a number >= 0 is needed",
                     options->weight_decay);
  if (options->batch_size < 1)
    return base_fail(CKKS_ERROR_ARGUMENT, "batch_size: %d where at least 1 is needed",
                     options->batch_size);
  if (options->n_epochs < 1 || options->n_epochs > MAX_EPOCHS)
    return base_fail(CKKS_ERROR_ARGUMENT, "n_epochs: %d where 1 to %d is allowed",
                     options->n_epochs, MAX_EPOCHS);
  if (options->n_hidden >= NETWORK_MAX_LAYERS)
    return base_fail(CKKS_ERROR_ARGUMENT, "hidden: %zu layers where at most %d are allowed",
                     options->n_hidden, NETWORK_MAX_LAYERS - 1);
  return check_activation(&options->activation);
}

static ckks_status check_trees(const train_options *options) {
  BASE_TRY(check_number("n_trees", options->n_trees, 1, TRAIN_MAX_TREES));
  BASE_TRY(check_number("max_depth", options->max_depth, 1, TRAIN_MAX_DEPTH));
  BASE_TRY(check_number("min_rows", options->min_rows, 1, 1e9));
  if (options->n_bins != 0)
    BASE_TRY(check_number("n_bins", (double)options->n_bins, 2, TRAIN_MAX_BINS));
  BASE_TRY(check_number("shrinkage", options->shrinkage, 1e-6, 1));
  BASE_TRY(check_number("row_part", options->row_part, 1e-6, 1));
  BASE_TRY(check_number("feature_part", options->feature_part, 1e-6, 1));
  return check_number("patience", options->patience, 0, TRAIN_MAX_TREES);
}

/* Everything that needs no data to be judged; widths and frac are judged where they are used. */
static ckks_status check_options(const train_options *options, const table_data *data) {
  if (data->target == NULL && (data->label == NULL || data->n_classes < 2))
    return base_fail(CKKS_ERROR_ARGUMENT, "training needs a label column with at least 2 classes");
  switch (options->kind) {
  case TRAIN_NETWORK:
    return check_network(options);
  case TRAIN_LINEAR:
    return check_number("l2", options->l2, 0, 1e300);
  case TRAIN_TREES:
    BASE_TRY(check_number("l2", options->l2, 0, 1e300));
    return check_trees(options);
  case TRAIN_N_KINDS:
    break;
  }
  return base_fail(CKKS_ERROR_ARGUMENT, "kind: %d: there is no such model", (int)options->kind);
}

/* ----------------------------------------------------------------- model */

/* The model carries names, so that clients need nothing but it to find their columns. */
static ckks_status name_model(train_fitting *f) {
  for (size_t i = 0; i < f->model->n_features; i++)
    BASE_TRY(encoding_names_set(&f->model->feature[i], f->data->feature[i]));
  for (size_t i = 0; i < f->model->n_classes; i++)
    BASE_TRY(encoding_names_set(&f->model->label[i], f->data->class_name[i]));
  return CKKS_OK;
}

/* Layers of a network, or the one of a linear model. */
static ckks_status init_layers(train_fitting *f) {
  const train_options *options = f->options;
  size_t widths[NETWORK_MAX_LAYERS + 1], n = 0;
  widths[n++] = f->data->n_features;
  for (size_t i = 0; options->kind == TRAIN_NETWORK && i < options->n_hidden; i++)
    widths[n++] = options->hidden[i];
  widths[n] = f->data->n_classes;
  BASE_TRY(f->data->input.feature != NULL
               ? network_init_encoded(f->model, &f->data->input, widths + 1, n)
               : network_init(f->model, widths, n));
  f->n_inputs = network_n_inputs(f->model);
  return name_model(f);
}

/*
 * On raw rows through the finished model: what is measured is what will be evaluated. The training
 * rows alone: the others judge the model, and so the room that its plan keeps for rows like them.
 */
static ckks_status calibrate(train_fitting *f) {
  const train_history *h = f->history;
  size_t n = f->data->n_features;
  double *rows = base_alloc_array(h->n_train * n, sizeof *rows);
  if (rows == NULL)
    return base_fail_memory(h->n_train * n * sizeof *rows);
  for (size_t i = 0; i < h->n_train; i++)
    memcpy(rows + i * n, f->data->value + h->train[i] * n, n * sizeof *rows);
  ckks_status status = network_calibrate(f->model, rows, h->n_train);
  base_wipe(rows, h->n_train * n * sizeof *rows);
  base_free(rows);
  return status == CKKS_OK ? network_check(f->model) : status;
}

/* On failure the caller clears model and history, whatever they hold by then. */
static ckks_status fit_all(train_fitting *f) {
  train_history *h = f->history;
  BASE_TRY(check_options(f->options, f->data));
  if (f->options->kind != TRAIN_TREES)
    BASE_TRY(init_layers(f));
  BASE_TRY(train_split(&h->train, &h->n_train, &h->validation, &h->n_validation, f->data->n_rows,
                       f->options->frac, f->options->split_seed));
  BASE_TRY(train_truth_init(&f->truth, f->data, h->train, h->n_train));
  if (f->options->kind == TRAIN_TREES) {
    BASE_TRY(train_trees_fit(f));
    return name_model(f);
  }
  BASE_TRY(f->options->kind == TRAIN_LINEAR ? train_linear_fit(f) : train_epochs_fit(f));
  return calibrate(f);
}

ckks_status train_fit(network_model *model, train_history *history, const table_data *data,
                      const train_options *options) {
  train_fitting f = {.model = model, .history = history, .data = data, .options = options};
  *model = (network_model){0};
  *history = (train_history){0};
  ckks_status status = fit_all(&f);
  if (f.scaled != NULL)
    base_wipe(f.scaled, data->n_rows * f.n_inputs * sizeof *f.scaled);
  base_free(f.scaled);
  if (status != CKKS_OK) {
    network_clear(model);
    train_history_clear(history);
  }
  return status;
}
