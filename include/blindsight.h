/* SPDX-License-Identifier: Apache-2.0 */
/**
 * libblindsight: private inference under CKKS. A client encrypts rows, a server
 * evaluates its model on them and can decrypt nothing, the client decrypts the
 * predictions.
 *
 *   model owner   train or import -> blindsight_model -> compile -> server file, client file
 *   server        server file + a client's evaluation keys -> session: sample -> result
 *   client        client file -> secret key, evaluation keys; rows -> sample; result -> predictions
 *
 * The commands of `blindsight` are written over this header. A program that calls only the
 * functions of one side and links the static library holds no code of the other: a server has no
 * symbol with which a secret key could be used.
 *
 * The contract, in force for every function here:
 *  - Errors. What can fail returns a ckks_status, which the compiler wants looked at;
 *    ckks_last_error() then holds one line of text for the calling thread. After an error each
 *    output is NULL or zero, and what was handed over is what it was, unless a line says otherwise.
 *  - NULL. No pointer may be NULL unless its line says so. One that is gives CKKS_ERROR_ARGUMENT
 *    and its name; a function that returns a pointer or a count returns NULL or 0. X_free(NULL)
 *    does nothing.
 *  - Aliasing. Outputs overlap neither inputs nor each other.
 *  - Ownership. What comes in *out is the caller's, who ends it with X_free, which wipes what is
 *    private; bytes and texts end with ckks_bytes_free. A server must outlive its sessions. What
 *    a function returns belongs to its argument and lives as long. Nothing else is kept: every
 *    argument may be freed as soon as the call has returned.
 *  - Growth. Structs of options begin with their size: X_options_default(&options, sizeof options)
 *    sets it and the defaults, so that a library which knows more options than the program takes
 *    its own defaults for them; one that knows fewer refuses. All other structs are made by the
 *    library and grow at their ends: a program reads them, and neither copies nor makes any.
 *    Elements of arrays do not grow.
 *  - Threads. An object that is `const` in a call may be in such calls of many threads at once;
 *    one that is not belongs to that call alone. Callbacks come on the caller's thread. Threads
 *    are started only where n_threads or `parallel` asks for more than one. No signal handler, no
 *    locale and no rounding mode is changed; the rounding mode must be to nearest.
 *  - Stack. 100 KiB of it are enough for every call.
 *  - A path "-" is standard input or output.
 */
#ifndef BLINDSIGHT_H
#define BLINDSIGHT_H

#include "ckks.h"

#ifdef __cplusplus
extern "C" {
#endif

#define BLINDSIGHT_API CKKS_API
/** Before a status that must be looked at. */
#if defined(__GNUC__)
#define BLINDSIGHT_CHECK __attribute__((warn_unused_result))
#else
#define BLINDSIGHT_CHECK
#endif

#define BLINDSIGHT_MAX_DEGREE 255        /**< of an activation */
#define BLINDSIGHT_MAX_POWERS 31         /**< of one that is given by coefficients of powers */
#define BLINDSIGHT_MAX_WIDTH 65536       /**< units of a layer */
#define BLINDSIGHT_MAX_LAYERS 256        /**< of a model */
#define BLINDSIGHT_MAX_ROWS (1 << 20)    /**< of a file */
#define BLINDSIGHT_MAX_SAMPLE_ROWS 65536 /**< of a sample */
#define BLINDSIGHT_MAX_THREADS 256
#define BLINDSIGHT_MAX_PARALLEL 64 /**< requests to a service */
#define BLINDSIGHT_HASH_BYTES 32

/** A model in clear: weights, scaler, names. Its owner's secret. */
typedef struct blindsight_model blindsight_model;
/** A compiled model: what the server needs, weights and all. Its owner's secret. */
typedef struct blindsight_server blindsight_server;
/** What anybody may know of a compiled model, and a client needs. */
typedef struct blindsight_client blindsight_client;
/** One client's keys on a server, with room to compute. */
typedef struct blindsight_session blindsight_session;
/** A compiled model on a service elsewhere, and the key with which it is used. */
typedef struct blindsight_remote blindsight_remote;

/* ------------------------------------------------------- rows, predictions */

/** How rows lie in ciphertexts. */
typedef enum blindsight_packing {
  BLINDSIGHT_LATENCY = 0,    /**< one row a ciphertext: the soonest answer */
  BLINDSIGHT_THROUGHPUT = 1, /**< one feature a ciphertext, N/2 rows: the most answers */
  BLINDSIGHT_PACKING_AUTO    /**< where it is allowed: what blindsight_client_packing says */
} blindsight_packing;
#define BLINDSIGHT_N_PACKINGS 2

/** What outputs are. */
typedef enum blindsight_kind {
  BLINDSIGHT_CLASSES, /**< one of the labels: that of the largest output */
  BLINDSIGHT_VALUES,  /**< each output is a number by itself */
  BLINDSIGHT_LABELS   /**< each label applies or not */
} blindsight_kind;

/** Names that belong to a model or a client, and what they stand for. */
typedef struct blindsight_names {
  const char *name; /**< of the model */
  size_t n_features, n_labels;
  const char *const *feature; /**< in the order of a row's values */
  const char *const *label;   /**< of each output */
  blindsight_kind kind;
  const char *end; /**< what outputs have been put through: "none", "softmax", "sigmoid" ... */
  bool complete;   /**< no value of a row may be missing; else NaN counts as the mean */
  const struct blindsight_encoding *encoding; /**< for blindsight_names_categories */
} blindsight_names;

#define BLINDSIGHT_NO_LABEL SIZE_MAX

/** Names of the *n categories of a feature, whose values are their numbers; NULL, and 0 of them,
 * where it is a number itself. */
BLINDSIGHT_API const char *const *
blindsight_names_categories(size_t *n, const blindsight_names *names, size_t feature);

/** A table in clear: values as they are, not scaled; NaN where one is missing. */
typedef struct blindsight_rows {
  size_t n_rows, n_features;
  double *value;  /**< row by row */
  int *label;     /**< index of each row's true label; NULL when none was asked for */
  size_t *index;  /**< which row of its file each is, from 0 */
  size_t *line;   /**< and in which line of the file, from 1; of images the number */
  double *target; /**< each row's true value, where the model's one output is a value; else NULL */
  size_t n_notes;
  char **note; /**< what was taken for what in the file, one line each */
} blindsight_rows;

typedef struct blindsight_rows_options {
  size_t size;
  /** Column of true labels, or of true values of a model with one; it must be there. For images an
   * idx file of labels. NULL: none. */
  const char *label;
  const char *const *more; /**< further PNG images, behind the first */
  size_t n_more;
} blindsight_rows_options;

BLINDSIGHT_API void blindsight_rows_options_default(blindsight_rows_options *options, size_t size);
/**
 * Reads rows for a model. A table is CSV (commas, semicolons, tabs or bars) with a header line: the
 * columns that `names` lists, in that order, whatever else the file holds; errors name file, line
 * and column. For a model of images PNG, idx (MNIST's format) and raw bytes (NAME.raw) will do as
 * well. options NULL = the default ones.
 */
BLINDSIGHT_API BLINDSIGHT_CHECK ckks_status
blindsight_rows_load(blindsight_rows **out, const char *path, const blindsight_names *names,
                     const blindsight_rows_options *options);
/** Keeps the rows at these n places (0 to n_rows - 1, also repeatedly), in their order. */
BLINDSIGHT_API BLINDSIGHT_CHECK ckks_status blindsight_rows_keep(blindsight_rows *rows,
                                                                 const size_t *place, size_t n);
BLINDSIGHT_API void blindsight_rows_free(blindsight_rows *rows);

/** What is done with a row outside the ranges that a compiled model answers for. */
typedef enum blindsight_out_of_range {
  BLINDSIGHT_REFUSE, /**< it stays here, and has no prediction */
  BLINDSIGHT_CLIP, /**< its values are moved to the ends of their ranges, and its answer says so */
  BLINDSIGHT_MARK  /**< it goes in a ciphertext of its own, and its answer says so; refused where
                        that cannot be: in throughput packing, and too far out to be encoded */
} blindsight_out_of_range;

/** What has become of a row, and at last of its answer. */
typedef enum blindsight_state {
  BLINDSIGHT_INSIDE,  /**< it is what the model answers for */
  BLINDSIGHT_CLIPPED, /**< it was moved there */
  BLINDSIGHT_OUTSIDE, /**< it is not, and was sent alone: nothing is promised of its answer */
  BLINDSIGHT_REFUSED, /**< it was never sent: outputs are NaN */
  BLINDSIGHT_BEYOND,  /**< its answer is more than the modulus holds: outputs are NaN */
  BLINDSIGHT_SPOILT   /**< another row of its batch is; outputs are NaN, alone it may be right */
} blindsight_state;
/** "inside", "clipped", "outside", "refused", "beyond", "spoilt"; NULL for what is no state. */
BLINDSIGHT_API const char *blindsight_state_name(blindsight_state state);

/** What a model says of rows; the same form for clear and for encrypted inference. */
typedef struct blindsight_predictions {
  size_t n_rows, n_outputs;
  double *output; /**< row by row */
  /** Per row: the index of its largest output, which is the label predicted; BLINDSIGHT_NO_LABEL
   * where an output is NaN, and for models whose outputs are no classes. */
  size_t *largest;
  blindsight_state *state; /**< of each row */
  /** NULL, but of blindsight_server_simulate: of each row the stage of blindsight_server_account
   * where its values first went further beyond those of calibration than outputs may, or
   * BLINDSIGHT_NO_STAGE. */
  size_t *stage;
} blindsight_predictions;
#define BLINDSIGHT_NO_STAGE SIZE_MAX

/**
 * Of predictions of those rows that were sent, in their order, makes those of all n_rows rows:
 * state has what became of each (blindsight_client_sort), outputs of refused ones are NaN.
 * CKKS_ERROR_MISMATCH where another number of rows was sent.
 */
BLINDSIGHT_API BLINDSIGHT_CHECK ckks_status blindsight_predictions_spread(
    blindsight_predictions *predictions, const blindsight_state *state, size_t n_rows);

/** The index of the largest of n outputs, the first of equals: how `largest` comes about. */
BLINDSIGHT_API size_t blindsight_predictions_largest(const double *output, size_t n);
BLINDSIGHT_API void blindsight_predictions_free(blindsight_predictions *predictions);

/** How good predictions are: of classes, or of values. What belongs to the other is NaN or NULL. */
typedef struct blindsight_metrics {
  size_t n_rows, n_classes; /**< values: 1 */
  double loss;              /**< mean cross-entropy of softmax; values: mean squared error */
  double accuracy;
  /** Of class 1 when there are two classes, else the mean over the classes that occur. 0/0 is 0. */
  double f1;
  /** ROC AUC of output1 - output0, ties counted half; NaN unless 2 classes, both present. */
  double auc;
  size_t *confusion; /**< n_classes x n_classes, [true][predicted] */
  size_t n_roc;      /**< points of the ROC curve, from (0,0) to (1,1); 0 without an AUC */
  double *false_positive_rate, *true_positive_rate;
  /** Of each class; 0/0 is 0. */
  double *precision, *recall, *class_f1;
  double rmse, mae; /**< root of the mean squared error; mean absolute error */
  double r2;        /**< 1 - squared errors / squared deviations from the mean; NaN of a constant */
} blindsight_metrics;

/**
 * output: n_rows x names->n_labels, as predictions have them; label: n_rows. CKKS_ERROR_RANGE names
 * a row that is not finite; CKKS_ERROR_ARGUMENT where the outputs are no classes.
 */
BLINDSIGHT_API BLINDSIGHT_CHECK ckks_status
blindsight_metrics_compute(blindsight_metrics **out, const double *output, const int *label,
                           size_t n_rows, const blindsight_names *names);
/** output: n_rows values of a model that has one output, which is a value; target: the true ones.
 */
BLINDSIGHT_API BLINDSIGHT_CHECK ckks_status
blindsight_metrics_values(blindsight_metrics **out, const double *output, const double *target,
                          size_t n_rows, const blindsight_names *names);
BLINDSIGHT_API void blindsight_metrics_free(blindsight_metrics *metrics);

/* ------------------------------------------------------------------ models */

/** After each round of training: an epoch, an iteration or a tree. */
typedef struct blindsight_progress {
  int epoch, n_epochs; /**< epoch counts from 1 */
  double train_loss, validation_loss;
  double validation_accuracy; /**< R2 where the label is a quantity */
} blindsight_progress;

/** What is trained. */
typedef enum blindsight_learner {
  BLINDSIGHT_NETWORK, /**< layers with polynomial activations */
  BLINDSIGHT_LINEAR,  /**< logistic or linear regression */
  BLINDSIGHT_TREES    /**< gradient boosting */
} blindsight_learner;

/** What the label is. */
typedef enum blindsight_task {
  BLINDSIGHT_TASK_AUTO, /**< a quantity where all labels are numbers, and more than 20 different
                             ones, or fractions and more than 2; else classes */
  BLINDSIGHT_TASK_CLASSES,
  BLINDSIGHT_TASK_REGRESSION
} blindsight_task;

typedef struct blindsight_train_options {
  size_t size;
  const char *label;       /**< column of true labels; required */
  const char *const *drop; /**< columns to ignore, each alone or "a,b" ("id" is ignored anyway) */
  size_t n_drop;
  const size_t *hidden; /**< widths of the hidden layers; default one of 16 */
  size_t n_hidden;
  const double *activation; /**< coefficients of the polynomial after each layer, lowest first;
                                 NULL: 0.5 + 0.197 x - 0.004 x^3 */
  int degree;               /**< of it, 1 to BLINDSIGHT_MAX_POWERS */
  double learning_rate, weight_decay; /**< 0.0005, 1e-5 */
  int batch_size, n_epochs;           /**< 64, 250 */
  double training_part;               /**< of the rows, 0.8; the others measure */
  uint32_t split_seed;                /**< 42 */
  uint64_t seed;                      /**< of weights and of the order of rows; 15 */
  /** May be NULL; a result that is not zero stops the training with CKKS_ERROR_CANCELLED. */
  int (*progress)(void *context, const blindsight_progress *progress);
  void *context;              /**< handed to it */
  blindsight_learner learner; /**< BLINDSIGHT_NETWORK */
  blindsight_task task;       /**< BLINDSIGHT_TASK_AUTO */
  double l2;                  /**< linear, trees: l2 / 2 times the squares of weights or leaves is
                                   added to the sum of losses; 1 */
  /** Trees: rounds, each one tree, or one for each of three classes or more (100), splits on a way
   * (4), rows of a leaf at the least (20). */
  int n_trees, max_depth, min_rows;
  size_t n_bins;                 /**< of a feature at most, 2 to 255; 0, the default: 255 */
  double shrinkage;              /**< part of a tree that is added, 0.1 */
  double row_part, feature_part; /**< drawn for each tree, 1 */
  int patience;     /**< rounds without a better loss on a tenth of the training rows, kept apart,
                         after which training stops; 0 = never */
  bool exact_edges; /**< clients are told the edges in use among as many random ones; else among
                         other bins, about 2000 edges in all */
  /** Columns that are categories though they hold numbers (codes of cities), or texts and numbers;
   * each alone or "a,b". */
  const char *const *categories;
  size_t n_categories;
} blindsight_train_options;

/** What training found and did. */
typedef struct blindsight_training {
  size_t n_rows, n_features, n_classes; /**< one "class" where the label is a quantity */
  size_t n_ignored_columns;
  const char *const *feature, *const *label;
  const size_t *n_missing; /**< of each feature: values that are missing, taken as the mean */
  size_t n_constant;
  const size_t *constant; /**< features that are constant on the training rows: of no use */
  size_t n_train;         /**< rows trained on */
  int n_epochs;
  /** After each epoch; of quantities mean squared errors, and R2. */
  const double *train_loss, *validation_loss, *validation_accuracy;
  const blindsight_rows *validation; /**< the other rows, with their labels */
  bool regression;                   /**< the label is a quantity */
  size_t n_distinct;                 /**< different labels */
  size_t n_kept;                     /**< trees: rounds that are in the model */
  size_t n_leaves, n_bins;           /**< trees: of all; most bins of a feature */
  const double *weight;       /**< trees: each feature's part of what splits gain; else NULL */
  const char *const *ignored; /**< names of the columns that are no features; "" of one without */
  size_t n_notes;
  const char *const *note; /**< what was taken for what in the file, one line each */
} blindsight_training;

BLINDSIGHT_API void blindsight_train_options_default(blindsight_train_options *options,
                                                     size_t size);
/**
 * Trains a model on a CSV file and measures how large its values get. Same seeds, same bits.
 * training may be NULL.
 */
BLINDSIGHT_API BLINDSIGHT_CHECK ckks_status
blindsight_model_train(blindsight_model **out, blindsight_training **training, const char *path,
                       const blindsight_train_options *options);
BLINDSIGHT_API void blindsight_training_free(blindsight_training *training);
/**
 * Coefficients of an activation by its name (sigmoid3, square, identity), lowest first. Its
 * degree; 0 when there is none of that name.
 */
BLINDSIGHT_API int blindsight_activation(double coefficient[BLINDSIGHT_MAX_POWERS + 1],
                                         const char *name);

/** What the rows of a network in ONNX are. */
typedef enum blindsight_input {
  BLINDSIGHT_INPUT_AUTO,  /**< pixels where the calibration rows are images, or a two-dimensional
                               convolution leaves no doubt and there are no rows; else a table */
  BLINDSIGHT_INPUT_TABLE, /**< values as they are */
  BLINDSIGHT_INPUT_IMAGE  /**< pixels: bytes, divided by 255 unless mean or deviation are given, or
                               the network's own first nodes take bytes */
} blindsight_input;

/** When piecewise linear activations (Relu, LeakyRelu, PRelu, Abs) become composites: polynomials
 * of polynomials, which come nearer to a corner than one of any degree, in more levels. */
typedef enum blindsight_composite {
  BLINDSIGHT_COMPOSITE_AUTO, /**< where `error` is given and no one polynomial meets it */
  BLINDSIGHT_COMPOSITE_NEVER,
  BLINDSIGHT_COMPOSITE_ALWAYS /**< `error` must be given */
} blindsight_composite;

typedef struct blindsight_import_options {
  size_t size;
  /** Rows (CSV, idx, PNG, raw) that activations are fitted to. NULL: all must be polynomials. */
  const char *calibrate;
  const char *label;  /**< column of these rows that is no input; NULL: none */
  const char *output; /**< name of the output that is wanted, where there are several; "all": all of
                           them, side by side; NULL */
  blindsight_input input;
  /** The network sees (input - mean) / deviation: one number, one for each channel of an image, or
   * one for each feature. NULL with 0 of them: 0 and 1 (pixels: 255). */
  const double *mean, *deviation;
  size_t n_mean, n_deviation;
  int outputs;         /**< a blindsight_kind, or -1, the default: as the file has it */
  double error;        /**< of each polynomial, of its activation's largest value: met, or refused.
                            0, the default: what output_error needs */
  double output_error; /**< of an output on these rows, of their range; 0.01 */
  int max_degree;      /**< 1 to BLINDSIGHT_MAX_DEGREE, 0 = what about 20 levels for all leave; 0 */
  double margin;       /**< around a range that was seen, as a part of it; 0.25 */
  bool minimax;        /**< make the largest error small, not that of the mean square */
  blindsight_composite composite; /**< BLINDSIGHT_COMPOSITE_AUTO */
} blindsight_import_options;

/** What became of an activation. */
typedef struct blindsight_fit {
  const char *node; /**< its name in the file */
  int degree;
  bool exact;                  /**< it is a polynomial */
  bool each;                   /**< each channel has a range of its own, up to low and high */
  double low, high;            /**< range of the polynomial: what was seen, plus the margin */
  double max_error, rms_error; /**< of the activation's largest value */
} blindsight_fit;

#define BLINDSIGHT_MAX_PARTS 4

/** Of an activation that became a composite; all is 0 where it did not. */
typedef struct blindsight_composed {
  int n_parts;                      /**< polynomials, one after the other, */
  int degree[BLINDSIGHT_MAX_PARTS]; /**< of these degrees */
  int levels;                       /**< that it takes in all */
  double gap; /**< nearer to 0 than this part of the range its sign is not one: there x sign(x) is
                   off by no more than max_error, since x is small */
} blindsight_composed;

/** What importing a network did. */
typedef struct blindsight_import {
  size_t n_activations;
  const blindsight_fit *activation;
  size_t n_carried;  /**< values that skip activations, counted at each */
  size_t n_rows;     /**< of calibration */
  size_t n_changed;  /**< of these, of which another label is predicted now */
  double difference; /**< largest change of an output before its end, of their range */
  int max_degree;    /**< that was allowed */
  int better_degree; /**< where output_error was missed: one that comes nearer; 0: none */
  double better;     /**< and how near */
  const char *left;  /**< node at the end that the client computes exactly; NULL: none */
  bool labelled;     /**< the file names its classes */
  bool scaled;       /**< the network's own normalisation is the client's now */
  size_t batch;      /**< rows for which the file was exported, where it was for several; 0 */
  size_t image[3];   /**< channels, rows, columns that the input could be, or zeros */
  bool pixels;       /**< and is */
  bool bytes;        /**< which are divided by 255 */
  const blindsight_composed *composed; /**< of each activation */
  bool own_bytes; /**< pixels are bytes, and the network's own first nodes say what becomes of them
                   */
} blindsight_import;

BLINDSIGHT_API void blindsight_import_options_default(blindsight_import_options *options,
                                                      size_t size);
/** A model of a network in ONNX (docs/onnx.md). options NULL = the default ones; report may be
 * NULL. */
BLINDSIGHT_API BLINDSIGHT_CHECK ckks_status
blindsight_model_import(blindsight_model **out, blindsight_import **report, const char *path,
                        const blindsight_import_options *options);
BLINDSIGHT_API void blindsight_import_free(blindsight_import *report);
/** Whether the file looks like an ensemble of trees; false for standard input ("-"). */
BLINDSIGHT_API BLINDSIGHT_CHECK ckks_status blindsight_model_is_trees(bool *out, const char *path);

typedef struct blindsight_trees_options {
  size_t size;
  /** CSV with the ensemble's columns: edges of bins are quantiles of it. NULL: only with `exact`.
   */
  const char *calibrate;
  size_t n_bins; /**< of each feature; 0, the default: 64, doubled while predictions change */
  bool exact;    /**< clients are told the ensemble's own thresholds, among as many others */
  uint64_t seed; /**< of what they are mixed with; 1 */
} blindsight_trees_options;

/** What importing an ensemble did. */
typedef struct blindsight_trees {
  const char *format;       /**< whose file it is */
  size_t n_trees, n_leaves; /**< leaves that are computed */
  size_t n_conditions;      /**< most of them that a leaf has */
  size_t n_inputs;          /**< bits that a client sends */
  size_t n_rows;            /**< of calibration */
  size_t n_bins;            /**< of each feature; 0 = exact */
  size_t n_changed;         /**< rows whose prediction binning changes */
  double difference;        /**< largest change of an output there */
} blindsight_trees;

BLINDSIGHT_API void blindsight_trees_options_default(blindsight_trees_options *options,
                                                     size_t size);
/**
 * A model of trees: XGBoost's and CatBoost's JSON, LightGBM's text, ONNX, or our own
 * (docs/trees.md).
 * options NULL = the default ones; report may be NULL.
 */
BLINDSIGHT_API BLINDSIGHT_CHECK ckks_status
blindsight_model_import_trees(blindsight_model **out, blindsight_trees *report, const char *path,
                              const blindsight_trees_options *options);
/** A model of weights trained elsewhere (docs/model-json.md). `name` starts errors; may be NULL. */
BLINDSIGHT_API BLINDSIGHT_CHECK ckks_status blindsight_model_read_json(blindsight_model **out,
                                                                       const char *text,
                                                                       size_t n_bytes,
                                                                       const char *name);
/** The other way: a string that ends with ckks_bytes_free((uint8_t *)text). */
BLINDSIGHT_API BLINDSIGHT_CHECK ckks_status
blindsight_model_write_json(char **text, const blindsight_model *model);
BLINDSIGHT_API BLINDSIGHT_CHECK ckks_status blindsight_model_load(blindsight_model **out,
                                                                  const char *path);
/** Mode 0600. */
BLINDSIGHT_API BLINDSIGHT_CHECK ckks_status blindsight_model_save(const char *path,
                                                                  const blindsight_model *model);
BLINDSIGHT_API void blindsight_model_free(blindsight_model *model);
BLINDSIGHT_API const blindsight_names *blindsight_model_names(const blindsight_model *model);
/** UTF-8 without control characters. */
BLINDSIGHT_API BLINDSIGHT_CHECK ckks_status blindsight_model_set_name(blindsight_model *model,
                                                                      const char *name);

/** Units of a layer that have one activation. */
typedef struct blindsight_units_of {
  size_t n_units;
  int degree;     /**< of the polynomial; 1 = none */
  double max_abs; /**< the largest value that it saw in calibration; 0 = not known */
} blindsight_units_of;

typedef struct blindsight_layer {
  size_t n_in, n_out;
  size_t n_weights; /**< that are not 0 */
  size_t n_activations;
  const blindsight_units_of *activation;
} blindsight_layer;

/** What a model is, without what it has learnt. */
typedef struct blindsight_shape {
  size_t n_layers;
  const blindsight_layer *layer;
  bool calibrated; /**< all ranges are known; else compiling assumes the worst */
  /** What polynomials in place of other activations changed in an output, of max(1, |output|). */
  double fitted_error;
  /** Of each feature: how much of the outputs hangs on it (magnitudes of weights along every way,
   * parts of 1; of trees, leaves and the conditions on the way to them), the numbers that clients
   * make of it (1, or bits of edges and categories), and how many of these the model looks at. */
  const double *feature_weight;
  const size_t *feature_inputs, *feature_used;
} blindsight_shape;

BLINDSIGHT_API const blindsight_shape *blindsight_model_shape(const blindsight_model *model);
/**
 * Takes from rows like those to come how large values get; an imported model that does not
 * say so itself is compiled for the worst case instead. rows: n_rows times n_features values.
 */
BLINDSIGHT_API BLINDSIGHT_CHECK ckks_status blindsight_model_calibrate(blindsight_model *model,
                                                                       const double *rows,
                                                                       size_t n_rows);
/** In clear. rows: n_rows times n_features values, NaN where one is missing. */
BLINDSIGHT_API BLINDSIGHT_CHECK ckks_status blindsight_model_predict(blindsight_predictions **out,
                                                                     const double *rows,
                                                                     size_t n_rows,
                                                                     const blindsight_model *model);

/* ------------------------------------------------- unit costs of a machine */

typedef struct blindsight_unit {
  const char *name, *meaning;
  double ns;
} blindsight_unit;

/** What the planner's predictions of time are made of. */
typedef struct blindsight_units {
  const char *cpu, *kernel; /**< the machine and its table of kernels */
  size_t n;
  const blindsight_unit *unit;
} blindsight_units;

/** Times this machine, on random numbers and one thread: seconds. */
BLINDSIGHT_API BLINDSIGHT_CHECK ckks_status blindsight_units_measure(blindsight_units **out);
/** CKKS_ERROR_MISMATCH when they were measured on another machine. */
BLINDSIGHT_API BLINDSIGHT_CHECK ckks_status blindsight_units_load(blindsight_units **out,
                                                                  const char *path);
/** As JSON; folders that are missing are made. */
BLINDSIGHT_API BLINDSIGHT_CHECK ckks_status blindsight_units_save(const char *path,
                                                                  const blindsight_units *units);
BLINDSIGHT_API void blindsight_units_free(blindsight_units *units);
/**
 * Where the commands keep them: $XDG_CACHE_HOME/blindsight/units.json, or ~/.cache/blindsight/...;
 * NULL, with CKKS_OK, when the environment names no folder. Ends with ckks_bytes_free.
 */
BLINDSIGHT_API BLINDSIGHT_CHECK ckks_status blindsight_units_cache_path(char **path);

/* --------------------------------------------------------------- compiling */

typedef enum blindsight_minimise {
  BLINDSIGHT_MINIMISE_BALANCED, /**< time, with a megabyte of keys worth 1 ms, of upload 12 ms */
  BLINDSIGHT_MINIMISE_LATENCY,
  BLINDSIGHT_MINIMISE_UPLOAD,
  BLINDSIGHT_MINIMISE_KEYS
} blindsight_minimise;

/** Whether a plan may give ciphertexts new levels on the way (a second or two each time). */
typedef enum blindsight_bootstrap {
  BLINDSIGHT_BOOTSTRAP_AUTO,  /**< where no other plan will do, or only a slower one */
  BLINDSIGHT_BOOTSTRAP_NEVER, /**< what is deeper than the modulus allows is refused */
  BLINDSIGHT_BOOTSTRAP_ALWAYS /**< also where a plan without would be cheaper */
} blindsight_bootstrap;

typedef struct blindsight_compile_options {
  size_t size;
  double error;             /**< allowed in |encrypted - clear| / max(1, |clear|); 0 = as the
                                 model is: 1e-5, or a tenth of what its polynomials miss. Up to
                                 eight times that where it leaves no room for latency packing, or
                                 up to 0.05 where values are bootstrapped and nothing finer is to
                                 be had: blindsight_server_compiled says so */
  ckks_security security;   /**< 128, 192 or 256 */
  int log2_n;               /**< ring degree 2^log2_n; 0 = the smallest that will do */
  bool latency, throughput; /**< packings wanted; both. Where only one of both can be had the plan
                                 has that one: `available` in the client's facts says which */
  bool last_on_server;      /**< evaluate the last activation under encryption; the client does
                                 it otherwise, and then knows it */
  double headroom;          /**< factor over the values seen in calibration; 4 */
  blindsight_minimise minimise;
  const blindsight_units *units; /**< of the server's machine; NULL: those built in */
  size_t weights_bytes; /**< that blindsight_server_prepare will get: predicted times know it */
  blindsight_bootstrap bootstrap; /**< latency packing, 128 bits; AUTO */
  /** What is done at the moment and how much of that, 0 to 1; may be NULL. A result that is not
   * zero stops it with CKKS_ERROR_CANCELLED. `stage` lasts for the call alone. */
  int (*progress)(void *context, const char *stage, double fraction);
  void *progress_context; /**< handed to it */
} blindsight_compile_options;

BLINDSIGHT_API void blindsight_compile_options_default(blindsight_compile_options *options,
                                                       size_t size);
/**
 * Chooses packing and parameters and makes the server, which holds the client's half as
 * well (blindsight_server_client). options NULL = the default ones. CKKS_ERROR_RANGE and
 * CKKS_ERROR_SECURITY say why no parameters will do.
 */
BLINDSIGHT_API BLINDSIGHT_CHECK ckks_status
blindsight_server_compile(blindsight_server **out, const blindsight_model *model,
                          const blindsight_compile_options *options);

/** What compiling made of its options. */
typedef struct blindsight_compiled {
  double error;       /**< that it was made for; 0: it comes from a file, which does not say */
  double usual_error; /**< nobody asked for an error, and at this, the usual one, there was no room
                           for latency packing; else 0 */
  bool left_out[BLINDSIGHT_N_PACKINGS]; /**< wanted, and could not be had beside the other */
  /** The cheapest plan of the other kind: with bootstraps for one without, and the other way round.
   * Whether it was looked for, was found, and what it would take; where it was not found, the
   * smallest error that it could have had, infinite where nothing fits at all. */
  bool other_sought, other_found;
  double other_ms, other_key_bytes, other_error;
  /** What answers may be off by, of max(1, |clear|), where a row is inside the ranges and unlike
   * those of calibration: an estimate from such rows (docs/ranges.md), no bound; NaN: not known. */
  double unlike_error[BLINDSIGHT_N_PACKINGS];
} blindsight_compiled;

BLINDSIGHT_API const blindsight_compiled *
blindsight_server_compiled(const blindsight_server *server);

/* ------------------------------------------------------------------ server */

BLINDSIGHT_API BLINDSIGHT_CHECK ckks_status blindsight_server_load(blindsight_server **out,
                                                                   const char *path);
/** Mode 0600. */
BLINDSIGHT_API BLINDSIGHT_CHECK ckks_status blindsight_server_save(const char *path,
                                                                   const blindsight_server *server);
BLINDSIGHT_API void blindsight_server_free(blindsight_server *server);
/** The public half, to be saved for clients or asked for facts. It is the server's own. */
BLINDSIGHT_API const blindsight_client *blindsight_server_client(const blindsight_server *server);
/**
 * Encodes the weights, in weights_bytes of memory at most; what does not fit is encoded when it is
 * used. The first session does it otherwise, with 1 GiB; once it is done, nothing happens.
 */
BLINDSIGHT_API BLINDSIGHT_CHECK ckks_status
blindsight_server_prepare(const blindsight_server *server, size_t weights_bytes);

/** A part of a plan: the input, a stage (a map and the polynomial behind it), the result. */
typedef struct blindsight_stage {
  size_t n_in, n_out;
  int degree;                  /**< of the polynomial; 1 = none */
  size_t stride;               /**< latency: slots between values of its input */
  size_t n_factors, n_weights; /**< plaintext factors in use, and of how many */
  int n_hoisted, n_single;     /**< rotations that share a decomposition, and others */
  int n_switches;              /**< key switches: those, and products of ciphertexts */
  int level_in, level_out;
  double ms;              /**< these add up to predicted_ms */
  double error;           /**< the squares of these add up to that of predicted_error */
  size_t plaintext_bytes; /**< of encoded weights, in the server's memory */
  int n_bootstraps;       /**< of ciphertexts, behind its map */
} blindsight_stage;

/** Where time and error of a packing come from: its stages, the input first, the result last. */
typedef struct blindsight_account {
  size_t n_stages; /**< 0: a file does not say; not compiled for this packing */
  const blindsight_stage *stage;
} blindsight_account;

BLINDSIGHT_API const blindsight_account *blindsight_server_account(const blindsight_server *server,
                                                                   blindsight_packing packing);

#define BLINDSIGHT_TEXT_BYTES 120
/**
 * What operation `i` of a packing's program does, and at which level its result is. False behind
 * the last one.
 */
BLINDSIGHT_API bool blindsight_server_operation(char text[BLINDSIGHT_TEXT_BYTES], int *level,
                                                const blindsight_server *server,
                                                blindsight_packing packing, size_t i);
/**
 * Rows in clear through the program of a packing, with the noise that each operation on
 * ciphertexts would add (docs/math.md). The same seed gives the same outputs on any number of
 * threads (1 to BLINDSIGHT_MAX_THREADS). Rows are taken as they are: what a client would not send
 * is not asked. States say which answers a client would not believe, because their values left the
 * band or the modulus (BEYOND), or another row's of the batch did (SPOILT): their outputs are NaN.
 */
BLINDSIGHT_API BLINDSIGHT_CHECK ckks_status blindsight_server_simulate(
    blindsight_predictions **out, const double *rows, size_t n_rows, blindsight_packing packing,
    uint64_t seed, int n_threads, const blindsight_server *server);

/**
 * Takes a client's evaluation keys (the bytes of blindsight_client_keygen), checks every one
 * of them and makes room to compute. `server` must outlive the session. n_threads (1 to
 * BLINDSIGHT_MAX_THREADS) work on one message together: on its rows at the same time, or, where it
 * holds a single one, inside each operation; 1 = the caller alone.
 */
BLINDSIGHT_API BLINDSIGHT_CHECK ckks_status
blindsight_session_build(blindsight_session **out, const blindsight_server *server,
                         const uint8_t *keys, size_t n_bytes, int n_threads);
/**
 * Keeps what building the session made, encoded weights and the client's keys expanded, in a file
 * of this machine (mode 0600, as private as the server file, and some times as large as the keys
 * are when they travel). Loading it takes a small part of the time of building: it is mapped.
 */
BLINDSIGHT_API BLINDSIGHT_CHECK ckks_status
blindsight_session_save(const char *path, const blindsight_session *session);
/**
 * A session from such a file, with weights and keys of its own, `server` prepared or not.
 * CKKS_ERROR_MISMATCH where another model, library or kind of machine made it;
 * CKKS_ERROR_FORMAT where it is damaged, CKKS_ERROR_IO where others may read it. The file may be
 * replaced or removed at any time, but not changed in place while the session lives.
 */
BLINDSIGHT_API BLINDSIGHT_CHECK ckks_status blindsight_session_load(blindsight_session **out,
                                                                    const blindsight_server *server,
                                                                    const char *path,
                                                                    int n_threads);
BLINDSIGHT_API void blindsight_session_free(blindsight_session *session);
/**
 * Sample in, result out. What the result says is the same whatever the number of threads; its
 * bytes are new each time, since fresh noise hides what the model did (docs/security.md).
 */
BLINDSIGHT_API BLINDSIGHT_CHECK ckks_status blindsight_session_infer(uint8_t **result,
                                                                     size_t *n_result,
                                                                     const uint8_t *sample,
                                                                     size_t n_sample,
                                                                     blindsight_session *session);
/** What a sample or a result says of itself. Its reader checks it: here it is taken as it is. */
BLINDSIGHT_API BLINDSIGHT_CHECK ckks_status blindsight_message_peek(blindsight_packing *packing,
                                                                    size_t *n_rows,
                                                                    const uint8_t *bytes,
                                                                    size_t n_bytes);

/* ------------------------------------------------------------------ client */

BLINDSIGHT_API BLINDSIGHT_CHECK ckks_status blindsight_client_load(blindsight_client **out,
                                                                   const char *path);
/** Mode 0644: nothing in it is secret. */
BLINDSIGHT_API BLINDSIGHT_CHECK ckks_status blindsight_client_save(const char *path,
                                                                   const blindsight_client *client);
/** Of what blindsight_client_load made; never of blindsight_server_client. */
BLINDSIGHT_API void blindsight_client_free(blindsight_client *client);
BLINDSIGHT_API const blindsight_names *blindsight_client_names(const blindsight_client *client);
/** For the functions of ckks.h, and facts. */
BLINDSIGHT_API const ckks_params *blindsight_client_params(const blindsight_client *client);

/** What a compiled model asks for and costs in one packing. */
typedef struct blindsight_cost {
  bool available; /**< compiled for this packing; else all is zero */
  size_t rows;    /**< that one unit of the figures below holds: 1 or N/2 */
  size_t upload_bytes, download_bytes;
  double predicted_ms;    /**< on one thread of the machine it was compiled for */
  double predicted_error; /**< of |encrypted - clear| / max(1, |clear|) */
  int n_switches;         /**< key switches: rotations, and products of ciphertexts */
  /** Numbers that the answer carries for a row (LATENCY: the result's slots; THROUGHPUT: outputs,
   * for each of the next power of two of the rows). */
  size_t n_numbers;
  /** Predictions that this counts for: n_numbers over the outputs, rounded up (docs/security.md).
   */
  size_t counted;
} blindsight_cost;

typedef struct blindsight_facts {
  int depth;                                   /**< levels of multiplication */
  size_t n_keys, key_bytes;                    /**< of one client's upload of keys */
  double max_abs_input;                        /**< largest |scaled value| that is answered for */
  blindsight_cost cost[BLINDSIGHT_N_PACKINGS]; /**< by blindsight_packing */
  const uint8_t *id;                           /**< BLINDSIGHT_HASH_BYTES: names the plan */
  int last_degree;       /**< of the polynomial that the client applies; 1 = none */
  double max_abs_output; /**< that results hold, before that polynomial */
  /** Latency packing: values of a row in a ciphertext, and the slots that each of them fills. */
  size_t n_places, n_slots_each;
  bool gathered;  /**< places hold features repeatedly, window by window */
  bool certified; /**< rows whose values are in their ranges cannot wrap, proved; else a
                       wrap is seen, but for a chance of 2^miss_log2 a row */
  double miss_log2[BLINDSIGHT_N_PACKINGS];
  /** What that costs: bits of the modulus, milliseconds of an evaluation. */
  double contract_bits, contract_ms[BLINDSIGHT_N_PACKINGS];
  /** What errors of outputs are counted in: 1, or the power of two in which a quantity was
   * learnt. */
  double output_unit;
  size_t n_bootstraps; /**< of ciphertexts in an evaluation; 0: none, nor what follows */
  size_t bootstrap_slots;
  int bootstrap_levels; /**< between two of them */
} blindsight_facts;

BLINDSIGHT_API const blindsight_facts *blindsight_client_facts(const blindsight_client *client);
/** What suits so many rows, of what the model was compiled for: batches for more than 64, where
 * those send no more and take no longer than the rows one by one. */
BLINDSIGHT_API blindsight_packing blindsight_client_packing(const blindsight_client *client,
                                                            size_t n_rows);

/**
 * A fresh secret key (ckks_secret_key_free) and the evaluation keys that go to the server. Every
 * client makes its own; the secret key never leaves it.
 */
BLINDSIGHT_API BLINDSIGHT_CHECK ckks_status blindsight_client_keygen(
    ckks_secret_key **secret, uint8_t **keys, size_t *n_bytes, const blindsight_client *client);
/** As ckks_secret_key_save, but *made is false and nothing is written where a file exists. */
BLINDSIGHT_API BLINDSIGHT_CHECK ckks_status blindsight_client_create_key(
    bool *made, const char *path, const ckks_secret_key *secret, const blindsight_client *client);
/** As ckks_secret_key_load, but a file that is something else is called what it is. */
BLINDSIGHT_API BLINDSIGHT_CHECK ckks_status blindsight_client_load_key(
    ckks_secret_key **secret, const char *path, const blindsight_client *client);

/**
 * A value outside the range of its feature that the plan answers for (docs/math.md, "Ranges"):
 * further out, values could leave the modulus and come back as any number.
 */
typedef struct blindsight_outlier {
  size_t feature;
  double value;     /**< NaN: it is missing, and the model says nothing of its mean */
  double low, high; /**< what the feature may be */
} blindsight_outlier;

typedef struct blindsight_sort_options {
  size_t size;
  blindsight_packing packing;           /**< in which they go; AUTO: by their number */
  blindsight_out_of_range out_of_range; /**< BLINDSIGHT_REFUSE */
} blindsight_sort_options;

/** Rows held against the ranges of a compiled model, and those that may be sent. */
typedef struct blindsight_sorted {
  size_t n_rows, n_features;
  blindsight_packing packing;
  blindsight_state *state;     /**< of each row: INSIDE, CLIPPED, OUTSIDE or REFUSED */
  blindsight_outlier *outlier; /**< the first one of each row that is not INSIDE */
  size_t n_sent;               /**< rows that are not REFUSED, in their order: */
  size_t *number;              /**< which each of them was */
  double *value;               /**< row by row, clipped where the state says so */
  size_t n_outside;            /**< of these */
} blindsight_sorted;

BLINDSIGHT_API void blindsight_sort_options_default(blindsight_sort_options *options, size_t size);
/**
 * What becomes of n_rows rows of n_features values (NaN where one is missing; infinities are
 * outside of every range) before they are encrypted. options NULL = the default ones.
 */
BLINDSIGHT_API BLINDSIGHT_CHECK ckks_status
blindsight_client_sort(blindsight_sorted **out, const double *rows, size_t n_rows,
                       const blindsight_sort_options *options, const blindsight_client *client);
BLINDSIGHT_API void blindsight_sorted_free(blindsight_sorted *sorted);
/**
 * Scales and encrypts n_rows (1 to BLINDSIGHT_MAX_SAMPLE_ROWS) rows of n_features values, NaN
 * where one is missing, into a sample. With n_outside NULL, a row with an outlier is
 * CKKS_ERROR_RANGE, which names row, feature, value and range: blindsight_client_sort finds those
 * that are none. Else *n_outside counts such rows, and in latency packing they go all the same:
 * their answers are worth nothing unless they are marked. In throughput packing one of them could
 * spoil all rows, and none goes.
 */
BLINDSIGHT_API BLINDSIGHT_CHECK ckks_status blindsight_client_encrypt(
    uint8_t **sample, size_t *n_bytes, size_t *n_outside, const double *rows, size_t n_rows,
    blindsight_packing packing, const ckks_secret_key *secret, const blindsight_client *client);
/**
 * What the server's result says. Rows whose answer left the band of outputs, or whose batch did,
 * have the state BEYOND or SPOILT, NaN for outputs and no label. For the owner of the key alone:
 * to publish outputs, or to tell the server, can give away the key (docs/security.md).
 */
BLINDSIGHT_API BLINDSIGHT_CHECK ckks_status
blindsight_client_decrypt(blindsight_predictions **out, const uint8_t *result, size_t n_bytes,
                          const ckks_secret_key *secret, const blindsight_client *client);

/* ------------------------------------------------- a service, over HTTP(S) */

/** Which requests a server may answer later, where it offers that. */
typedef enum blindsight_jobs {
  BLINDSIGHT_JOBS_AUTO, /**< those of thousands of rows */
  BLINDSIGHT_JOBS_NEVER,
  BLINDSIGHT_JOBS_ALWAYS
} blindsight_jobs;

/** Texts that are NULL are not used. */
typedef struct blindsight_remote_options {
  size_t size;
  const char *model;           /**< NAME or NAME@VERSION; NULL = the only one that is there */
  const char *plan;            /**< hex digits, 16 to 64, that its plan must begin with */
  const char *token;           /**< NULL: the file's, else the environment's BLINDSIGHT_TOKEN */
  const char *token_file;      /**< mode 0600 */
  const char *cacert;          /**< PEM file of authorities to trust; NULL = the system's */
  const char *cert, *cert_key; /**< the client's own, PEM files */
  bool plain;                  /**< allow http:// to other machines than this one */
  unsigned timeout_s;          /**< an attempt ends after so long below 1 kB a second; 60 */
  unsigned patience_s;         /**< of pauses between attempts, in all; 120, 0 = one attempt */
  unsigned parallel;           /**< requests in flight, 1 to BLINDSIGHT_MAX_PARALLEL; 4 */
  blindsight_jobs jobs;        /**< BLINDSIGHT_JOBS_AUTO */
  /** What is done at the moment and how much of it, 0 to 1; may be NULL. A result that is not
   * zero stops it with CKKS_ERROR_CANCELLED. */
  int (*progress)(void *context, const char *stage, double fraction);
  void *context;                        /**< handed to it */
  blindsight_out_of_range out_of_range; /**< BLINDSIGHT_REFUSE */
} blindsight_remote_options;

BLINDSIGHT_API void blindsight_remote_options_default(blindsight_remote_options *options,
                                                      size_t size);
/**
 * Finds the model at a URL such as https://host:8443, fetches its public client file and checks
 * it. options NULL = the default ones; `context` is kept, nothing else is. Servers that are busy,
 * and connections that break, are tried again; proxies are those of the environment (https_proxy,
 * no_proxy).
 */
BLINDSIGHT_API BLINDSIGHT_CHECK ckks_status blindsight_remote_build(
    blindsight_remote **out, const char *url, const blindsight_remote_options *options);
BLINDSIGHT_API void blindsight_remote_free(blindsight_remote *remote);
/** Names, facts and parameters. It is the remote's own. */
BLINDSIGHT_API const blindsight_client *blindsight_remote_client(const blindsight_remote *remote);

/** What was found and done so far. */
typedef struct blindsight_connection {
  const char *model, *version;
  const char *key_id;          /**< of the keys on the server, "" = none; their digest in hex */
  const char *keys_path;       /**< file of the evaluation keys; NULL before there is a key */
  bool made_secret, made_keys; /**< these files are new */
  size_t key_bytes;            /**< of the evaluation keys */
  uint64_t n_sent;             /**< bytes of them that travelled */
} blindsight_connection;

/** As it is at that moment: it changes with the next call. */
BLINDSIGHT_API const blindsight_connection *
blindsight_remote_connection(const blindsight_remote *remote);
/**
 * Takes the secret key in the file `path`, or makes one there (mode 0600) when there is none;
 * likewise the evaluation keys, which lie beside it (NAME.keys for NAME.key). After an error the
 * remote has no key.
 */
BLINDSIGHT_API BLINDSIGHT_CHECK ckks_status blindsight_remote_open_key(blindsight_remote *remote,
                                                                       const char *path);
/** Brings the evaluation keys there, unless the server has them; goes on where an upload stopped.
 * After an error they are not used. */
BLINDSIGHT_API BLINDSIGHT_CHECK ckks_status blindsight_remote_send_keys(blindsight_remote *remote);
/** Both. */
BLINDSIGHT_API BLINDSIGHT_CHECK ckks_status blindsight_remote_use_key(blindsight_remote *remote,
                                                                      const char *path);
/**
 * Encrypts rows of n_features values (NaN where one is missing), sends them, decrypts: one
 * request a row, or, in throughput packing, one for each N/2 rows. Several requests are in flight
 * at a time; those of thousands of rows go as jobs: the server may restart meanwhile, and nothing
 * travels twice. Rows outside the model's ranges are treated as the remote's out_of_range says: no
 * batch has one. Rows of a batch that one of them spoilt all the same are sent again, each by
 * itself. The states of the predictions say what became of each.
 */
BLINDSIGHT_API BLINDSIGHT_CHECK ckks_status blindsight_remote_predict(blindsight_predictions **out,
                                                                      const double *rows,
                                                                      size_t n_rows,
                                                                      blindsight_packing packing,
                                                                      blindsight_remote *remote);
/** Shreds the evaluation keys on the server; blindsight_remote_use_key brings them back. */
BLINDSIGHT_API BLINDSIGHT_CHECK ckks_status
blindsight_remote_forget_keys(blindsight_remote *remote);

/* ------------------------------------------------------------------- files */

/** What a file says of itself; what does not belong to its kind is zero or NULL. */
typedef struct blindsight_file {
  const char *kind; /**< "client file", "sample" ... */
  size_t n_bytes;
  const uint8_t *params_hash, *plan_id; /**< BLINDSIGHT_HASH_BYTES; NULL where it has none */
  const ckks_params_literal *params;    /**< of parameters, and of a secret key */
  double log2_qp, log2_qp_limit;        /**< of these: the modulus, and the most that is secure */
  bool is_secret_key;
  int n_parts, level; /**< of a ciphertext, and: */
  bool is_seeded;
  double scale;
  size_t n_keys;   /**< of evaluation keys */
  bool is_message; /**< a sample or a result, of: */
  blindsight_packing packing;
  size_t n_rows, n_ciphertexts;
  const blindsight_client *client; /**< of a client or a server file */
  const blindsight_model *model;
} blindsight_file;

/**
 * Reads any file of ours and checks what can be checked without a key; a secret itself is wiped
 * unread.
 */
BLINDSIGHT_API BLINDSIGHT_CHECK ckks_status blindsight_file_load(blindsight_file **out,
                                                                 const char *path);
BLINDSIGHT_API void blindsight_file_free(blindsight_file *file);

#ifdef __cplusplus
}
#endif
#endif
