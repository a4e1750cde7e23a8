/* SPDX-License-Identifier: Apache-2.0 */
/* One table being read: its records, its header, and the columns that are wanted of it. */
#ifndef TRAIN_COLUMNS_H
#define TRAIN_COLUMNS_H
#include "train/csv.h"
#include "train/train.h"

#define TRAIN_NO_COLUMN SIZE_MAX

typedef struct train_table {
  train_csv csv;
  size_t n_columns;
  char **header;           /**< n_columns texts */
  size_t *source;          /**< column of each feature */
  size_t label;            /**< column of the label, TRAIN_NO_COLUMN = none */
  const char **label_text; /**< of each row */
  train_data *data;        /**< where everything goes */
} train_table;

/** base_alloc_array, with the failure recorded for the caller to return. */
void *train_columns_take(size_t count, size_t size);
/** Reads the header line: names well-formed and distinct, only the first may be empty. */
ckks_status train_columns_read(train_table *table);
/** For training: every column but the label, "id", row numbers and those to be dropped. */
ckks_status train_columns_choose(train_table *table, const train_options_data *options);
/** For a client: the columns that a model names, in its order; the label where there is one. */
ckks_status train_columns_find(train_table *table, const char *const *features, size_t n_features,
                               const char *label);
#endif
