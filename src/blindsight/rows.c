/* SPDX-License-Identifier: Apache-2.0 */
/* Tables in clear, from callers and for them. */
#include <math.h>
#include <string.h>

#include "base/alloc.h"
#include "base/wipe.h"
#include "blindsight/objects.h"

void blindsight_rows_options_default(blindsight_rows_options *options, size_t size) {
  const blindsight_rows_options none = {0};
  blindsight_options_give(options, size, &none, sizeof none);
}

ckks_status blindsight_rows_build(blindsight_rows **out, size_t n_rows, size_t n_features,
                                  bool with_labels, bool with_targets) {
  blindsight_rows *rows = *out = base_alloc(sizeof *rows);
  if (rows == NULL)
    return base_fail_memory(sizeof *rows);
  *rows = (blindsight_rows){.n_rows = n_rows, .n_features = n_features};
  rows->value = base_alloc_array(n_rows, n_features * sizeof *rows->value);
  rows->index = base_alloc_array(n_rows, sizeof *rows->index);
  rows->line = base_alloc_array(n_rows, sizeof *rows->line);
  if (with_labels)
    rows->label = base_alloc_array(n_rows, sizeof *rows->label);
  if (with_targets)
    rows->target = base_alloc_array(n_rows, sizeof *rows->target);
  if (rows->value != NULL && rows->index != NULL && rows->line != NULL &&
      (rows->label != NULL) == with_labels && (rows->target != NULL) == with_targets)
    return CKKS_OK;
  blindsight_rows_free(rows);
  *out = NULL;
  return base_fail_memory(n_rows * n_features * sizeof *rows->value);
}

/* The struct stays where it is: its parts change places with those of a smaller one. */
ckks_status blindsight_rows_keep(blindsight_rows *rows, const size_t *place, size_t n) {
  blindsight_rows *kept;
  BASE_TRY(blindsight_objects_require(rows, "rows"));
  BASE_TRY(blindsight_objects_require(place, "place"));
  if (n < 1)
    return base_fail(CKKS_ERROR_ARGUMENT, "n = 0: must be 1 or more");
  for (size_t i = 0; i < n; i++)
    if (place[i] >= rows->n_rows)
      return base_fail(CKKS_ERROR_ARGUMENT, "place[%zu] = %zu: there are rows 0 to %zu", i,
                       place[i], rows->n_rows - 1);
  BASE_TRY(
      blindsight_rows_build(&kept, n, rows->n_features, rows->label != NULL, rows->target != NULL));
  for (size_t i = 0; i < n; i++) {
    memcpy(kept->value + i * rows->n_features, rows->value + place[i] * rows->n_features,
           rows->n_features * sizeof *rows->value);
    kept->index[i] = rows->index[place[i]];
    kept->line[i] = rows->line[place[i]];
    if (rows->label != NULL)
      kept->label[i] = rows->label[place[i]];
    if (rows->target != NULL)
      kept->target[i] = rows->target[place[i]];
  }
  kept->n_notes = rows->n_notes;
  kept->note = rows->note;
  rows->n_notes = 0;
  rows->note = NULL;
  const blindsight_rows all = *rows;
  *rows = *kept;
  *kept = all;
  blindsight_rows_free(kept);
  return CKKS_OK;
}

void blindsight_rows_free(blindsight_rows *rows) {
  if (rows == NULL)
    return;
  if (rows->value != NULL)
    base_wipe(rows->value, rows->n_rows * rows->n_features * sizeof *rows->value);
  if (rows->label != NULL)
    base_wipe(rows->label, rows->n_rows * sizeof *rows->label);
  if (rows->target != NULL)
    base_wipe(rows->target, rows->n_rows * sizeof *rows->target);
  base_free(rows->value);
  base_free(rows->label);
  base_free(rows->target);
  for (size_t i = 0; rows->note != NULL && i < rows->n_notes; i++)
    base_free(rows->note[i]);
  base_free(rows->note);
  base_free(rows->index);
  base_free(rows->line);
  base_free(rows);
}

ckks_status blindsight_rows_check(const double *rows, size_t n_rows, char *const *feature,
                                  size_t n_features) {
  BASE_TRY(blindsight_objects_require(rows, "rows"));
  if (n_rows < 1)
    return base_fail(CKKS_ERROR_ARGUMENT, "n_rows = 0: must be 1 or more");
  for (size_t row = 0; row < n_rows; row++)
    for (size_t i = 0; i < n_features; i++)
      if (isinf(rows[row * n_features + i]))
        return base_fail(CKKS_ERROR_RANGE, "row %zu: \"%.80s\" is infinite", row, feature[i]);
  return CKKS_OK;
}
