/* SPDX-License-Identifier: Apache-2.0 */
/**
 * How the features of a row become the numbers that are encrypted, the inputs of a model. Public:
 * it is in the client file, and every client applies it. A feature is scaled to one input, or cut
 * into bins whose edges answer "is it larger?" with 0 or 1, or one of several categories.
 */
#ifndef ENCODING_INPUT_H
#define ENCODING_INPUT_H
#include "base/bytes.h"

#define ENCODING_MAX_INPUTS 65536 /**< of all features together */
#define ENCODING_MAX_VALUES 16384 /**< edges or categories of one feature */

typedef enum encoding_input_kind {
  ENCODING_SCALE,      /**< (x - mean) / deviation; NaN (missing) is 0 */
  ENCODING_BINS,       /**< for each edge: x > edge; NaN is 0 everywhere */
  ENCODING_CATEGORIES, /**< for each category: x is it, counted from 0; others are 0 everywhere */
  ENCODING_N_INPUT_KINDS
} encoding_input_kind;

typedef struct encoding_feature {
  encoding_input_kind kind;
  bool missing;    /**< BINS, CATEGORIES: one more input, behind the others, is 1 where x is NaN */
  size_t n_values; /**< edges or categories; 0 = the feature is not looked at */
  double *edge;    /**< BINS: ascending */
  char **category; /**< CATEGORIES: their names, distinct */
} encoding_feature;

/** Of a model whose features are not all scaled; a model without one scales them all. */
typedef struct encoding_input {
  size_t n_features, n_inputs;
  encoding_feature *feature;
} encoding_input;

/** Name of the category that stands for all that have none of their own; the last, if any. */
#define ENCODING_OTHER "(other)"

/** All features scaled. CKKS_ERROR_MEMORY. */
ckks_status encoding_input_init(encoding_input *input, size_t n_features);
void encoding_input_clear(encoding_input *input);
ckks_status encoding_input_copy(encoding_input *out, const encoding_input *in);
/** One feature; what `out` holds is not freed. */
ckks_status encoding_input_copy_feature(encoding_feature *out, const encoding_feature *in);
/** Whether the last category stands for all others. */
bool encoding_input_has_other(const encoding_feature *feature);
/** Inputs that one feature makes. */
size_t encoding_input_count(const encoding_feature *feature);
/**
 * Sets n_inputs, after features were filled in. CKKS_ERROR_FORMAT names a feature (by its number)
 * whose edges are not finite or do not ascend, whose categories are no names or occur twice, or
 * where the inputs become more than ENCODING_MAX_INPUTS.
 */
ckks_status encoding_input_finish(encoding_input *input);
/** inputs[n_inputs] of one raw row; mean and deviation of the features that are scaled. */
void encoding_input_apply(double *inputs, const double *row, const double *mean,
                          const double *deviation, const encoding_input *input);
/** The feature that an input is made of. */
size_t encoding_input_feature(const encoding_input *input, size_t index);
/** Number of the category of that name, NaN when there is none. */
double encoding_input_category(const encoding_feature *feature, const char *name);
/** "y > 0.5", "is red", "is missing", or the feature's name: what an input says, for people. */
void encoding_input_name(char *text, size_t n_text, size_t index, char *const *names,
                         const encoding_input *input);
/** Payload: u32 features, then of each u8 kind, u8 missing, u32 values, and these. */
void encoding_input_write(base_buffer *buffer, const encoding_input *input);
#define ENCODING_ANY_FEATURES SIZE_MAX /**< as many as it says */
/** Bounded and finished; CKKS_ERROR_FORMAT. On error nothing is left. */
ckks_status encoding_input_read(encoding_input *input, base_reader *reader, size_t n_features);
#endif
