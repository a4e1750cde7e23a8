/* SPDX-License-Identifier: Apache-2.0 */
/* Rows that are going to be predicted, from a table or from images. */
#ifndef CLI_ROWS_H
#define CLI_ROWS_H
#include "blindsight.h"
#include "cli/options.h"

/**
 * Reads the columns that `names` lists, or images (blindsight_rows_load; `more` may be NULL).
 * `list` (such as 0,5-9) chooses rows, NULL takes all; more than `most` are refused. `label` names
 * the column of true labels, which must then be there; NULL = none.
 */
ckks_status cli_rows_read(blindsight_rows **out, const char *path, const cli_texts *more,
                          const blindsight_names *names, const char *list, const char *label,
                          size_t most);
#endif
