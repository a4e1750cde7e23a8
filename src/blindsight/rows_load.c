/* SPDX-License-Identifier: Apache-2.0 */
/* Rows from files; a program that has its rows in memory links none of their readers. */
#include "base/alloc.h"
#include "base/file.h"
#include "blindsight/objects.h"
#include "table/rows.h"

_Static_assert(BLINDSIGHT_MAX_ROWS == TABLE_DATA_MAX_ROWS, "rows of a file");

/* The numbers change hands, the rest goes. */
static ckks_status take(blindsight_rows **out, table_data *data) {
  blindsight_rows *rows = *out = base_alloc(sizeof *rows);
  size_t *index = base_alloc_array(data->n_rows, sizeof *index);
  if (rows == NULL || index == NULL) {
    base_free(rows);
    base_free(index);
    *out = NULL;
    return base_fail_memory(data->n_rows * sizeof *index);
  }
  for (size_t i = 0; i < data->n_rows; i++)
    index[i] = i;
  *rows = (blindsight_rows){.n_rows = data->n_rows,
                            .n_features = data->n_features,
                            .value = data->value,
                            .label = data->label,
                            .target = data->target,
                            .index = index,
                            .line = data->line,
                            .n_notes = data->n_notes,
                            .note = data->note};
  data->value = NULL;
  data->label = NULL;
  data->target = NULL;
  data->line = NULL;
  data->note = NULL;
  data->n_notes = 0;
  return CKKS_OK;
}

/* Labels that a column could hold: names of classes, or one number. */
static ckks_status check_kind(const blindsight_names *names, const blindsight_rows_options *o) {
  bool one = names->kind == BLINDSIGHT_CLASSES ||
             (names->kind == BLINDSIGHT_VALUES && names->n_labels == 1);
  if (o->label == NULL || one)
    return CKKS_OK;
  return base_fail(CKKS_ERROR_ARGUMENT,
                   "the outputs of this model are %zu %s, not classes that a column could name; "
                   "leave the label out",
                   names->n_labels, names->kind == BLINDSIGHT_VALUES ? "values" : "labels");
}

/* A label column that is named but missing would pass for "not asked for" further on. */
ckks_status blindsight_rows_load(blindsight_rows **out, const char *path,
                                 const blindsight_names *names,
                                 const blindsight_rows_options *options) {
  blindsight_rows_options o;
  table_data data;
  blindsight_rows_options_default(&o, sizeof o);
  BASE_TRY(blindsight_objects_require(out, "out"));
  *out = NULL;
  BASE_TRY(blindsight_objects_require(path, "path"));
  BASE_TRY(blindsight_objects_require(names, "names"));
  BASE_TRY(blindsight_options_take(&o, sizeof o, options));
  BASE_TRY(check_kind(names, &o));
  bool classes = o.label != NULL && names->kind == BLINDSIGHT_CLASSES;
  if (o.n_more > 0)
    BASE_TRY(blindsight_objects_require(o.more, "options.more"));
  BASE_TRY(
      table_rows_read(&data, path, o.more, o.n_more,
                      &(table_wanted){(char *const *)names->feature, names->n_features, o.label,
                                      (char *const *)names->label, classes ? names->n_labels : 0,
                                      (const encoding_input *)(const void *)names->encoding}));
  ckks_status status = CKKS_OK;
  if (o.label != NULL && data.label == NULL && data.target == NULL)
    status =
        base_fail(CKKS_ERROR_FORMAT, "%s: there is no column \"%.80s\" (label)", path, o.label);
  if (status == CKKS_OK)
    status = take(out, &data);
  table_data_clear(&data);
  return status;
}
