/* SPDX-License-Identifier: Apache-2.0 */
/* From a table to a trained model: split, scaler, epochs, calibration. */
#include "base/alloc.h"
#include "base/bytes.h"
#include "base/wipe.h"
#include "train/network.h"
#include "train/train.h"

#include <math.h>
#include <string.h>

/* Streams of the seed. */
#define DOMAIN_INITIAL 1
#define DOMAIN_ORDER 2

#define MAX_EPOCHS 1000000

typedef struct fit {
  network_model *model;
  train_history *history;
  const table_data *data;
  const train_options *options;
  double *scaled; /* n_rows x n_features */
  size_t *order;  /* the training rows as this epoch takes them */
  rand_stream stream;
  train_network network;
} fit;

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

/* Everything that needs no data to be judged; widths and frac are judged where they are used. */
static ckks_status check_options(const train_options *options, const table_data *data) {
  if (data->label == NULL || data->n_classes < 2)
    return base_fail(CKKS_ERROR_ARGUMENT, "training needs a label column with at least 2 classes");
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

/* ---------------------------------------------------------------- scaler */

/*
 * Mean and population deviation of one feature over the training rows that have
 * it. A feature that is constant there (or missing throughout) keeps deviation
 * 1: it becomes 0 for these rows, and only an outlier where it ever changes.
 */
static ckks_status fit_feature(fit *f, size_t feature) {
  const table_data *data = f->data;
  double sum = 0.0, squares = 0.0, least = (double)INFINITY, most = -(double)INFINITY;
  size_t n = 0;
  for (size_t i = 0; i < f->history->n_train; i++) {
    double x = data->value[f->history->train[i] * data->n_features + feature];
    if (isnan(x))
      continue;
    n++;
    sum += x;
    least = x < least ? x : least;
    most = x > most ? x : most;
  }
  double mean = n == 0 ? 0.0 : least == most ? least : sum / (double)n;
  for (size_t i = 0; i < f->history->n_train; i++) {
    double x = data->value[f->history->train[i] * data->n_features + feature];
    squares += isnan(x) ? 0.0 : (x - mean) * (x - mean);
  }
  double deviation = n == 0 ? 0.0 : sqrt(squares / (double)n);
  if (!isfinite(mean) || !isfinite(deviation))
    return base_fail(CKKS_ERROR_RANGE, "feature \"%.80s\": values up to %g are too large to scale",
                     data->feature[feature], fabs(least) > fabs(most) ? least : most);
  if (deviation == 0.0)
    f->history->constant[f->history->n_constant++] = feature;
  f->model->mean[feature] = mean;
  f->model->deviation[feature] = deviation == 0.0 ? 1.0 : deviation;
  return CKKS_OK;
}

/*
 * Fits on the training rows alone, so that nothing of the validation rows leaks
 * into the model, then scales all rows once: epochs never divide again.
 */
static ckks_status fit_scaler(fit *f) {
  const table_data *data = f->data;
  f->history->constant = base_alloc_array(data->n_features, sizeof(size_t));
  f->scaled = base_alloc_array(data->n_rows * data->n_features, sizeof(double));
  if (f->history->constant == NULL || f->scaled == NULL)
    return base_fail_memory(data->n_rows * data->n_features * sizeof(double));
  for (size_t i = 0; i < data->n_features; i++) {
    BASE_TRY(fit_feature(f, i));
    f->history->n_imputed += data->missing == NULL ? 0 : data->missing[i];
  }
  for (size_t r = 0; r < data->n_rows; r++)
    network_forward_scale(f->scaled + r * data->n_features, data->value + r * data->n_features,
                          f->model);
  return CKKS_OK;
}

/* ---------------------------------------------------------------- epochs */

static ckks_status fail_diverged(const fit *f, int epoch) {
  return base_fail(CKKS_ERROR_RANGE,
                   "training diverged in epoch %d: the loss is no longer finite. A polynomial "
                   "grows without bound far from 0: try a learning rate below %g, a lower "
                   "degree, or look for outliers in the data",
                   epoch + 1, f->options->learning_rate);
}

/* Uniform below n <= 2^32, without the bias of a plain remainder. */
static size_t next_below(rand_stream *stream, size_t n) {
  uint64_t most = UINT64_MAX - UINT64_MAX % n, value;
  uint8_t bytes[8];
  do {
    rand_stream_read(stream, bytes, sizeof bytes);
    value = base_load_u64(bytes);
  } while (value >= most);
  return (size_t)(value % n);
}

/* Each epoch shuffles what the one before left (Fisher-Yates). */
static void shuffle(fit *f) {
  for (size_t i = f->history->n_train - 1; i > 0; i--) {
    size_t j = next_below(&f->stream, i + 1), moved = f->order[i];
    f->order[i] = f->order[j];
    f->order[j] = moved;
  }
}

/* Rows keep the numbers they have in the table; the split is a list of them. */
static const double *scaled_row(const fit *f, size_t row) {
  return f->scaled + row * f->data->n_features;
}

/* One pass over the training rows; the last batch may be smaller and counts by its own size. */
static ckks_status run_epoch(fit *f, int epoch) {
  size_t n = f->history->n_train, batch_size = (size_t)f->options->batch_size;
  shuffle(f);
  for (size_t start = 0; start < n; start += batch_size) {
    size_t end = n - start < batch_size ? n : start + batch_size;
    for (size_t i = start; i < end; i++) {
      size_t row = f->order[i];
      double loss =
          train_network_learn(&f->network, scaled_row(f, row), (size_t)f->data->label[row]);
      if (!isfinite(loss))
        return fail_diverged(f, epoch);
    }
    train_network_step(&f->network, end - start, f->options->learning_rate,
                       f->options->weight_decay);
  }
  return CKKS_OK;
}

/* Mean loss of some rows, and the share that is predicted right. */
static double measure(fit *f, const size_t *rows, size_t n, double *accuracy) {
  double sum = 0.0;
  size_t n_right = 0, n_classes = f->model->n_classes;
  for (size_t i = 0; i < n; i++) {
    size_t label = (size_t)f->data->label[rows[i]];
    sum += train_network_loss(&f->network, scaled_row(f, rows[i]), label);
    n_right +=
        encoding_outputs_argmax(f->network.post[f->network.n_layers - 1], n_classes) == label;
  }
  *accuracy = (double)n_right / (double)n;
  return sum / (double)n;
}

static ckks_status record_epoch(fit *f, int epoch) {
  train_history *h = f->history;
  double unused;
  blindsight_progress progress = {.epoch = epoch + 1, .n_epochs = f->options->n_epochs};
  /* Training rows in the split's order: the sum must not depend on the shuffle. */
  progress.train_loss = measure(f, h->train, h->n_train, &unused);
  progress.validation_loss =
      measure(f, h->validation, h->n_validation, &progress.validation_accuracy);
  if (!isfinite(progress.train_loss) || !isfinite(progress.validation_loss))
    return fail_diverged(f, epoch);
  h->train_loss[epoch] = progress.train_loss;
  h->validation_loss[epoch] = progress.validation_loss;
  h->validation_accuracy[epoch] = progress.validation_accuracy;
  h->n_epochs = epoch + 1;
  if (f->options->progress != NULL &&
      f->options->progress(f->options->progress_context, &progress) != 0)
    return base_fail(CKKS_ERROR_CANCELLED, "training was cancelled after epoch %d of %d", epoch + 1,
                     f->options->n_epochs);
  return CKKS_OK;
}

/* Initial parameters and orders come from two streams: more epochs leave the start as it was. */
static ckks_status run_epochs(fit *f, const size_t *widths, size_t n_layers) {
  train_history *h = f->history;
  size_t n_epochs = (size_t)f->options->n_epochs;
  uint8_t seed[RAND_SEED_BYTES] = {0};
  h->train_loss = base_alloc_array(n_epochs, sizeof(double));
  h->validation_loss = base_alloc_array(n_epochs, sizeof(double));
  h->validation_accuracy = base_alloc_array(n_epochs, sizeof(double));
  f->order = base_alloc_array(h->n_train, sizeof(size_t));
  if (h->train_loss == NULL || h->validation_loss == NULL || h->validation_accuracy == NULL ||
      f->order == NULL)
    return base_fail_memory(n_epochs * sizeof(double) + h->n_train * sizeof(size_t));
  BASE_TRY(train_network_init(&f->network, widths, n_layers, &f->options->activation));
  base_store_u64(seed, f->options->seed);
  rand_stream_init(&f->stream, seed, DOMAIN_INITIAL);
  train_network_randomize(&f->network, &f->stream);
  rand_stream_init(&f->stream, seed, DOMAIN_ORDER);
  memcpy(f->order, h->train, h->n_train * sizeof(size_t));
  for (int epoch = 0; epoch < f->options->n_epochs; epoch++) {
    BASE_TRY(run_epoch(f, epoch));
    BASE_TRY(record_epoch(f, epoch));
  }
  return CKKS_OK;
}

/* ----------------------------------------------------------------- model */

/* The model carries names, so that clients need nothing but it to find their columns. */
static ckks_status init_model(fit *f, const size_t *widths, size_t n_layers) {
  BASE_TRY(network_init(f->model, widths, n_layers));
  for (size_t i = 0; i < f->model->n_features; i++)
    BASE_TRY(encoding_names_set(&f->model->feature[i], f->data->feature[i]));
  for (size_t i = 0; i < f->model->n_classes; i++)
    BASE_TRY(encoding_names_set(&f->model->label[i], f->data->class_name[i]));
  return CKKS_OK;
}

/*
 * On raw rows through the finished model: what is measured is what will be evaluated. The training
 * rows alone: the others judge the model, and so the room that its plan keeps for rows like them.
 */
static ckks_status calibrate(fit *f) {
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
static ckks_status fit_all(fit *f) {
  const train_options *options = f->options;
  train_history *h = f->history;
  size_t widths[NETWORK_MAX_LAYERS + 1];
  BASE_TRY(check_options(options, f->data));
  widths[0] = f->data->n_features;
  for (size_t i = 0; i < options->n_hidden; i++)
    widths[1 + i] = options->hidden[i];
  widths[options->n_hidden + 1] = f->data->n_classes;
  BASE_TRY(init_model(f, widths, options->n_hidden + 1));
  BASE_TRY(train_split(&h->train, &h->n_train, &h->validation, &h->n_validation, f->data->n_rows,
                       options->frac, options->split_seed));
  BASE_TRY(fit_scaler(f));
  BASE_TRY(run_epochs(f, widths, options->n_hidden + 1));
  BASE_TRY(train_network_store(f->model, &f->network));
  return calibrate(f);
}

ckks_status train_fit(network_model *model, train_history *history, const table_data *data,
                      const train_options *options) {
  fit f = {.model = model, .history = history, .data = data, .options = options};
  *model = (network_model){0};
  *history = (train_history){0};
  ckks_status status = fit_all(&f);
  train_network_clear(&f.network);
  rand_stream_clear(&f.stream);
  base_free(f.scaled);
  base_free(f.order);
  if (status != CKKS_OK) {
    network_clear(model);
    train_history_clear(history);
  }
  return status;
}
