/* SPDX-License-Identifier: Apache-2.0 */
/* Data files, the split, the scaler, training and metrics. Nothing here knows of encryption. */
#ifndef TRAIN_TRAIN_H
#define TRAIN_TRAIN_H
#include "model/model.h"

/* --- data.c: CSV tables (RFC 4180 quoting, comma; header line required) */
typedef struct train_options_data {
  const char *label;       /**< name of the label column; NULL = no label column is wanted */
  const char *const *drop; /**< names of columns to ignore */
  size_t n_drop;
} train_options_data;

typedef struct train_data {
  size_t n_rows, n_features;
  char **feature; /**< column names */
  double *value;  /**< n_rows x n_features; NaN = missing */
  int *label;     /**< class of each row, NULL without a label column */
  size_t n_classes;
  char **class_name; /**< distinct label texts in ascending byte order (numeric order when all are
                        numbers) */
  size_t *line;      /**< line number in the file of each row */
  size_t *missing;   /**< per feature: how many values are missing */
  size_t n_dropped_columns;
} train_data;

#define TRAIN_DATA_MAX_BYTES ((size_t)256 << 20)
#define TRAIN_DATA_MAX_ROWS ((size_t)1 << 20)

/**
 * Missing values: empty, NA, NaN, null, ? (any case). A column named "id" (any
 * case), and a first column without a name (row numbers, as R and pandas write
 * them), are always ignored; blank lines too. Errors name file, line and column (by name and
 * number): no header, duplicate names, ragged rows, a text where a number is
 * needed, infinite numbers, missing labels, unknown label or drop column (with
 * the names there are), fewer than 2 classes, limits of model.h, 2^20 rows.
 */
ckks_status train_data_read(train_data *data, const char *path, const train_options_data *options);
/** The same for text in memory; `name` stands in front of messages. */
ckks_status train_data_parse(train_data *data, const char *text, size_t n_bytes, const char *name,
                             const train_options_data *options);
void train_data_clear(train_data *data);
/**
 * For a client: reads the columns named by the model, in the model's order,
 * whatever else the file holds (a label column is picked up when `label` is
 * named and present). Missing values stay NaN, which model_scale takes as the
 * model's mean (scaled 0).
 */
ckks_status train_data_read_features(train_data *data, const char *path,
                                     const char *const *features, size_t n_features,
                                     const char *label, const char *const *classes,
                                     size_t n_classes);
ckks_status train_data_parse_features(train_data *data, const char *text, size_t n_bytes,
                                      const char *name, const char *const *features,
                                      size_t n_features, const char *label,
                                      const char *const *classes, size_t n_classes);

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
typedef struct train_progress {
  int epoch, n_epochs;
  double train_loss, validation_loss, validation_accuracy;
} train_progress;

typedef struct train_options {
  const size_t *hidden; /**< widths of the hidden layers (default 16); n_hidden may be 0 */
  size_t n_hidden;
  model_polynomial activation;        /**< after every layer, the last included */
  double learning_rate, weight_decay; /**< 0.0005, 1e-5 (added to the gradient) */
  int batch_size, n_epochs;           /**< 64, 250 */
  double frac;                        /**< 0.8 */
  uint32_t split_seed;                /**< 42 */
  uint64_t seed;                      /**< initialisation and batch order; 15 (fit.c says why) */
  /** Called after every epoch; a non-zero return cancels (CKKS_ERROR_CANCELLED). May be NULL. */
  int (*progress)(void *context, const train_progress *progress);
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
 * the weights at the end of each epoch. Ends with model_calibrate on all rows.
 * Same seed, same bits, on every machine with IEEE doubles and without contraction of a*b+c:
 * exponential and logarithm are our own, sums have a fixed order.
 * CKKS_ERROR_RANGE when the loss stops being finite, naming the epoch.
 */
ckks_status train_fit(model_model *model, train_history *history, const train_data *data,
                      const train_options *options);
void train_history_clear(train_history *history);

/* --- metrics.c */
typedef struct train_metrics {
  size_t n_rows, n_classes;
  double loss; /**< mean cross-entropy */
  double accuracy;
  /** Of class 1 when there are two classes, else the mean over the classes that occur. 0/0 is 0. */
  double f1;
  /** ROC AUC of output1 - output0, ties counted half; NaN unless 2 classes, both present. */
  double auc;
  size_t *confusion; /**< n_classes x n_classes, [true][predicted] */
  size_t n_roc;      /**< points of the ROC curve, from (0,0) to (1,1); 0 without an AUC */
  double *false_positive_rate, *true_positive_rate;
} train_metrics;
/** outputs: n_rows x n_classes; CKKS_ERROR_RANGE names a row whose outputs are not finite. */
ckks_status train_metrics_compute(train_metrics *metrics, const double *outputs, const int *labels,
                                  size_t n_rows, size_t n_classes);
void train_metrics_clear(train_metrics *metrics);
#endif
