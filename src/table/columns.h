/* SPDX-License-Identifier: Apache-2.0 */
/* One table being read: its records, its header, and the columns that are wanted of it. */
#ifndef TABLE_COLUMNS_H
#define TABLE_COLUMNS_H
#include "table/csv.h"
#include "table/data.h"

#define TABLE_NO_COLUMN SIZE_MAX

#define TABLE_MAX_TEXTS 256

/** Different texts of a feature, in the order in which they came. */
typedef struct table_texts {
  const char **text; /**< TABLE_MAX_TEXTS; NULL = none so far */
  size_t *count;     /**< of each */
  size_t n;
  bool numbers;  /**< a number was there */
  bool booleans; /**< true or false was there, taken as 1 or 0 */
  bool forced;   /**< categories whatever they look like */
} table_texts;

typedef struct table_columns {
  table_csv csv;
  size_t n_columns;
  char **header;           /**< n_columns texts */
  size_t *source;          /**< column of each feature */
  size_t label;            /**< column of the label, TABLE_NO_COLUMN = none */
  const char **label_text; /**< of each row */
  bool *nameless;          /**< columns without a name, which must hold nothing; but the first */
  bool *bad;               /**< features where something is no number: the first is kept */
  size_t n_bad;
  char first_bad[256], other_bad[200]; /**< what the first of them is; names of all of them */
  table_texts *texts;                  /**< of each feature; NULL: texts are no categories */
  const encoding_input *input;         /**< that a model has; NULL: numbers all */
  size_t *n_unseen; /**< of each feature, where the model has one: texts it knows not */
  bool booleans;    /**< a feature holds true or false */
  table_data *data; /**< where everything goes */
} table_columns;

/** base_alloc_array, with the failure recorded for the caller to return. */
void *table_columns_take(size_t count, size_t size);
/** Line breaks and tabs, and blanks beside them, become one blank; none at the ends. In place. */
void table_columns_join_lines(char *text);
/** Reads the header line: names well-formed and distinct, or empty. */
ckks_status table_columns_read(table_columns *table);
/** For training: every column but the label, "id", row numbers and those to be dropped. */
ckks_status table_columns_choose(table_columns *table, const table_options *options);
/** For training, when texts[] is there: marks the features that options->categories names. */
ckks_status table_columns_force(table_columns *table, const table_options *options);
/** For a client: the columns that a model names, in its order; the label where there is one. */
ckks_status table_columns_find(table_columns *table, const char *const *features, size_t n_features,
                               const char *label);
#endif
