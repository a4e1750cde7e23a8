/* SPDX-License-Identifier: Apache-2.0 */
/* What became of rows before they were encrypted, in a file: so that a result's rows have the
 * numbers that they had, and those that were not sent are not forgotten. */
#ifndef CLI_LIST_H
#define CLI_LIST_H
#include "blindsight.h"

/** What a list says of each row, by number. */
typedef struct cli_list {
  size_t n_rows;
  size_t first; /**< number of the first */
  blindsight_state *state;
} cli_list;

/**
 * Where the list of a message lies when nobody says otherwise: NAME.rows beside NAME.sample and
 * NAME.result, whose `ending` is dropped where it is there. NULL = memory (ckks_last_error).
 */
char *cli_list_name(const char *message, const char *ending);
/** CKKS_ERROR_IO where a file of that name is anything but a list: a name that nobody gave must not
 * cost anybody a table. */
ckks_status cli_list_check(const char *path);
/**
 * As CSV, for the owner's eyes only (mode 0600): row, state, and of those that are not inside the
 * value that was out of range, and its limits. Rows are numbered from `first` on.
 */
ckks_status cli_list_write(const char *path, const blindsight_sorted *sorted, size_t first,
                           const blindsight_names *names);
/** cli_list_clear afterwards, also on error. CKKS_ERROR_FORMAT names the line. */
ckks_status cli_list_read(cli_list *list, const char *path);
void cli_list_clear(cli_list *list);
#endif
