/* SPDX-License-Identifier: Apache-2.0 */
/* What the outputs of a model mean, and what a missing value means to it: public. */
#ifndef ENCODING_MEANING_H
#define ENCODING_MEANING_H
#include "base/bytes.h"

typedef enum encoding_kind {
  ENCODING_CLASSES, /**< one of the labels: that of the largest output */
  ENCODING_VALUES,  /**< each output is a number by itself: nothing is predicted beyond it */
  ENCODING_LABELS,  /**< each label applies or not (multi-label) */
  ENCODING_N_KINDS
} encoding_kind;

/** What the client makes of the outputs, exactly, behind the last polynomial. */
typedef enum encoding_end {
  ENCODING_END_NONE,
  ENCODING_END_SOFTMAX,
  ENCODING_END_LOG_SOFTMAX,
  ENCODING_END_SIGMOID,
  ENCODING_END_ONE_VS_REST, /**< sigmoids, divided by their sum */
  ENCODING_END_TANH,
  ENCODING_END_RELU,
  ENCODING_END_EXP,
  ENCODING_END_SOFTPLUS,
  ENCODING_END_PROBIT, /**< the normal quantile, as ONNX's runtimes approximate it */
  ENCODING_N_ENDS
} encoding_end;

typedef struct encoding_meaning {
  encoding_kind kind;
  encoding_end end;
  bool complete; /**< rows must be complete; else a missing value (NaN) counts as the mean */
} encoding_meaning;

#define ENCODING_NOTHING SIZE_MAX
#define ENCODING_MEANING_BYTES 3

/** Scores of classes as they are, or one value; a missing one counts as the mean. */
encoding_meaning encoding_meaning_default(size_t n_outputs);
/** Whether it is that; files then say nothing of it. */
bool encoding_meaning_is_default(const encoding_meaning *meaning, size_t n_outputs);
/** n_rows x n outputs, in place. Never fails: what is not finite stays so. */
void encoding_meaning_finish(double *outputs, size_t n_rows, size_t n, encoding_end end);
/**
 * What has been finished as scores whose softmax are the probabilities of classes, in place: what
 * metrics take. Probabilities of 0 count as 1e-300.
 */
void encoding_meaning_scores(double *outputs, size_t n_rows, size_t n, encoding_end end);
/** Index of the label that a row's n outputs predict, the first of equals; ENCODING_NOTHING where
 * an output is NaN, and for values and labels. */
size_t encoding_meaning_predicted(const double *outputs, size_t n, encoding_kind kind);
/** CKKS_ERROR_RANGE naming row and feature where a value is missing that may not be. */
ckks_status encoding_meaning_check_rows(const encoding_meaning *meaning, const double *rows,
                                        size_t n_rows, char *const *feature, size_t n_features);
/** "classes", "values", "labels"; "none", "softmax" ... */
const char *encoding_meaning_kind_name(encoding_kind kind);
const char *encoding_meaning_end_name(encoding_end end);
/** The other way; false for any other name. */
bool encoding_meaning_kind_named(encoding_kind *kind, const char *name);
bool encoding_meaning_end_named(encoding_end *end, const char *name);
/** ENCODING_MEANING_BYTES: u8 kind, u8 end, u8 complete. */
void encoding_meaning_write(base_buffer *buffer, const encoding_meaning *meaning);
/** CKKS_ERROR_FORMAT for what does not exist, and for what is the default of n_outputs (nothing is
 * written in two ways). */
ckks_status encoding_meaning_read(encoding_meaning *meaning, base_reader *reader, size_t n_outputs);
#endif
