/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/rows.h"

#include "base/alloc.h"
#include "base/status.h"
#include "cli/print.h"

/* Places of rows, as a list names them. */
typedef struct choice {
  size_t *place;
  size_t n, most;
} choice;

static void take_row(void *context, uint64_t i) {
  choice *c = context;
  /* A list that repeats itself may be long: what is too much is counted only. */
  if (c->n < c->most)
    c->place[c->n] = (size_t)i;
  c->n++;
}

static ckks_status fail_many(const char *path, size_t n, size_t most) {
  return base_fail(CKKS_ERROR_ARGUMENT, "%s: %zu rows where one sample holds %zu: use --rows", path,
                   n, most);
}

static ckks_status choose_rows(blindsight_rows *rows, const char *path, const char *list,
                               size_t most) {
  size_t last = rows->n_rows - 1;
  choice c = {.place = base_alloc_array(most, sizeof *c.place), .most = most};
  ckks_status status;
  if (c.place == NULL)
    return base_fail_memory(most * sizeof *c.place);
  if (cli_options_ranges(list, last, take_row, &c) != 0)
    status = base_fail(CKKS_ERROR_ARGUMENT,
                       "--rows %s: must be rows of %s, 0 to %zu, such as 0,5-9", list, path, last);
  else if (c.n > most)
    status = fail_many(path, c.n, most);
  else
    status = blindsight_rows_keep(rows, c.place, c.n);
  base_free(c.place);
  return status;
}

ckks_status cli_rows_read(blindsight_rows **out, const char *path, const cli_texts *more,
                          const blindsight_names *names, const char *list, const char *label,
                          size_t most) {
  blindsight_rows_options options;
  blindsight_rows_options_default(&options, sizeof options);
  options.label = label;
  if (more != NULL) {
    options.more = more->text;
    options.n_more = more->n;
  }
  BASE_TRY(blindsight_rows_load(out, path, names, &options));
  for (size_t i = 0; i < (*out)->n_notes; i++)
    cli_print_warning("%s: %s", path, (*out)->note[i]);
  if (list != NULL)
    return choose_rows(*out, path, list, most);
  return (*out)->n_rows <= most ? CKKS_OK : fail_many(path, (*out)->n_rows, most);
}
