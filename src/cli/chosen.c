/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/chosen.h"

#include <math.h>
#include <string.h>

#include "base/alloc.h"
#include "base/wipe.h"
#include "cli/options.h"
#include "cli/print.h"

#define MOST_WARNINGS 5

typedef struct choice {
  cli_chosen *rows;
  size_t most;
} choice;

static void take_row(void *context, uint64_t i) {
  choice *c = context;
  /* A list that repeats itself may be long: what is too much is counted only. */
  if (c->rows->n_rows < c->most)
    c->rows->index[c->rows->n_rows] = (size_t)i;
  c->rows->n_rows++;
}

static ckks_status choose(cli_chosen *rows, const char *path, const char *list, size_t most) {
  size_t last = rows->data.n_rows - 1;
  choice c = {rows, most};
  rows->index = base_alloc_array(most, sizeof *rows->index);
  if (rows->index == NULL)
    return base_fail_memory(most * sizeof *rows->index);
  if (list == NULL)
    for (size_t i = 0; i <= last; i++)
      take_row(&c, i);
  else if (cli_options_ranges(list, last, take_row, &c) != 0)
    return base_fail(CKKS_ERROR_ARGUMENT, "--rows %s: must be rows of %s, 0 to %zu, such as 0,5-9",
                     list, path, last);
  if (rows->n_rows <= most)
    return CKKS_OK;
  size_t n_rows = rows->n_rows;
  rows->n_rows = 0;
  return base_fail(CKKS_ERROR_ARGUMENT, "%s: %zu rows where one sample holds %zu: use --rows", path,
                   n_rows, most);
}

static ckks_status copy_rows(cli_chosen *rows, size_t n_features) {
  rows->value = base_alloc_array(rows->n_rows * n_features, sizeof *rows->value);
  if (rows->data.label != NULL)
    rows->label = base_alloc_array(rows->n_rows, sizeof *rows->label);
  if (rows->value == NULL || (rows->data.label != NULL && rows->label == NULL))
    return base_fail_memory(rows->n_rows * n_features * sizeof *rows->value);
  for (size_t i = 0; i < rows->n_rows; i++) {
    memcpy(rows->value + i * n_features, rows->data.value + rows->index[i] * n_features,
           n_features * sizeof *rows->value);
    if (rows->label != NULL)
      rows->label[i] = rows->data.label[rows->index[i]];
  }
  return CKKS_OK;
}

ckks_status cli_chosen_read(cli_chosen *rows, const char *path, const cli_texts *more,
                            const plan_interface *interface, const char *list, const char *label,
                            size_t most) {
  *rows = (cli_chosen){0};
  BASE_TRY(table_rows_read(
      &rows->data, path, more != NULL ? more->text : NULL, more != NULL ? more->n : 0,
      &(table_wanted){interface->feature, interface->n_features, label, interface->label,
                      label != NULL ? interface->n_outputs : 0}));
  if (label != NULL && rows->data.label == NULL)
    return base_fail(CKKS_ERROR_FORMAT, "%s: there is no column \"%.80s\" (label)", path, label);
  BASE_TRY(choose(rows, path, list, most));
  return copy_rows(rows, interface->n_features);
}

ckks_status cli_chosen_warn(const cli_chosen *rows, const char *path,
                            const plan_interface *interface) {
  size_t n_features = interface->n_features, n_outside = 0;
  double *scaled = base_alloc_array(n_features, sizeof *scaled);
  if (scaled == NULL)
    return base_fail_memory(n_features * sizeof *scaled);
  for (size_t i = 0; i < rows->n_rows; i++) {
    const double *row = rows->value + i * n_features;
    if (plan_pack_scale(scaled, row, interface) == 0)
      continue;
    for (size_t k = 0; k < n_features; k++)
      if (fabs(scaled[k]) > interface->max_abs_input && n_outside++ < MOST_WARNINGS)
        cli_print_warning("%s: row %zu (line %zu), column \"%s\": %.6g is %.1f deviations from "
                          "the mean; the model knows up to %.1f",
                          path, rows->index[i], rows->data.line[rows->index[i]],
                          interface->feature[k], row[k], fabs(scaled[k]), interface->max_abs_input);
  }
  if (n_outside > MOST_WARNINGS)
    cli_print_warning("%s: %zu more values are that far out", path, n_outside - MOST_WARNINGS);
  base_wipe(scaled, n_features * sizeof *scaled);
  base_free(scaled);
  return CKKS_OK;
}

void cli_chosen_clear(cli_chosen *rows, const plan_interface *interface) {
  if (rows->value != NULL)
    base_wipe(rows->value, rows->n_rows * interface->n_features * sizeof *rows->value);
  base_free(rows->value);
  base_free(rows->label);
  base_free(rows->index);
  table_data_clear(&rows->data);
  *rows = (cli_chosen){0};
}
