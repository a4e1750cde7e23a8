/* SPDX-License-Identifier: Apache-2.0 */
/* Rows of a table that are going to be encrypted. */
#ifndef CLI_ROWS_H
#define CLI_ROWS_H
#include "model/plan.h"
#include "train/train.h"

typedef struct cli_rows {
  train_data data; /**< the whole table */
  size_t *index;   /**< in it, of the chosen rows */
  size_t n_rows;   /**< chosen */
  double *value;   /**< n_rows x n_features, raw */
  int *label;      /**< of the chosen rows; NULL when not asked for */
} cli_rows;

/**
 * Reads the columns that the model names. `list` (such as 0,5-9) chooses rows, NULL takes all;
 * more than `most` are refused. `label` names the column of true labels, which must then be there;
 * NULL = none. cli_rows_clear either way.
 */
ckks_status cli_rows_read(cli_rows *rows, const char *path, const model_interface *interface,
                          const char *list, const char *label, size_t most);
/** Warns of values that no training row came near: nobody has tried the model out there. */
ckks_status cli_rows_warn(const cli_rows *rows, const char *path, const model_interface *interface);
void cli_rows_clear(cli_rows *rows, const model_interface *interface);
#endif
