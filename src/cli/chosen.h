/* SPDX-License-Identifier: Apache-2.0 */
/* Rows that are going to be encrypted, chosen from a table or from images. */
#ifndef CLI_CHOSEN_H
#define CLI_CHOSEN_H
#include "cli/options.h"
#include "plan/plan.h"
#include "table/rows.h"

typedef struct cli_chosen {
  table_data data; /**< the whole file */
  size_t *index;   /**< in it, of the chosen rows */
  size_t n_rows;   /**< chosen */
  double *value;   /**< n_rows x n_features, raw */
  int *label;      /**< of the chosen rows; NULL when not asked for */
} cli_chosen;

/**
 * Reads the columns that the model names, or images (table_rows_read; `more` may be NULL). `list`
 * (such as 0,5-9) chooses rows, NULL takes all; more than `most` are refused. `label` names the
 * column of true labels, which must then be there; NULL = none. cli_chosen_clear either way.
 */
ckks_status cli_chosen_read(cli_chosen *rows, const char *path, const cli_texts *more,
                            const plan_interface *interface, const char *list, const char *label,
                            size_t most);
/** Warns of values that no training row came near: nobody has tried the model out there. */
ckks_status cli_chosen_warn(const cli_chosen *rows, const char *path,
                            const plan_interface *interface);
void cli_chosen_clear(cli_chosen *rows, const plan_interface *interface);
#endif
