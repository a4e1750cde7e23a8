/* SPDX-License-Identifier: Apache-2.0 */
/* Tables of numbers with a label column, out of CSV records. */
#include "base/alloc.h"
#include "base/file.h"
#include "table/columns.h"
#include "table/labels.h"

#include <stdlib.h>
#include <string.h>

/* What is only needed while reading; the header's texts lie in the csv. */
static void table_clear(table_columns *t) {
  table_csv_clear(&t->csv);
  base_free(t->header);
  base_free(t->source);
  base_free(t->label_text);
}

void table_data_clear(table_data *data) {
  encoding_names_free(data->feature, data->n_features);
  encoding_names_free(data->class_name, data->n_classes);
  base_free(data->value);
  base_free(data->label);
  base_free(data->target);
  base_free(data->line);
  base_free(data->missing);
  *data = (table_data){0};
}

/* ------------------------------------------------------------------ rows */

/* Each row takes a line end and all its commas: no file can claim more rows than that. */
static size_t rows_at_most(const table_columns *t) {
  size_t lines = 1;
  for (size_t i = t->csv.at; i < t->csv.n_bytes; i++)
    lines += t->csv.text[i] == '\n' || t->csv.text[i] == '\r';
  size_t by_commas = (t->csv.n_bytes - t->csv.at) / t->n_columns + 1;
  size_t rows = lines < by_commas ? lines : by_commas;
  return rows < TABLE_DATA_MAX_ROWS ? rows : TABLE_DATA_MAX_ROWS;
}

/* Everything that grows with the rows is taken at once, at its ceiling: nothing grows later. */
static ckks_status take_rows(table_columns *t, size_t capacity) {
  table_data *data = t->data;
  data->feature = table_columns_take(data->n_features, sizeof(char *));
  data->missing = table_columns_take(data->n_features, sizeof(size_t));
  data->value = table_columns_take(capacity * data->n_features, sizeof(double));
  data->line = table_columns_take(capacity, sizeof(size_t));
  t->label_text = table_columns_take(capacity, sizeof(char *));
  if (data->feature == NULL || data->missing == NULL || data->value == NULL || data->line == NULL ||
      t->label_text == NULL)
    return CKKS_ERROR_MEMORY;
  for (size_t i = 0; i < data->n_features; i++)
    BASE_TRY(encoding_names_set(&data->feature[i], t->header[t->source[i]]));
  return CKKS_OK;
}

/* Values come from strangers: only their first bytes go into a message. */
static ckks_status fail_value(const table_columns *t, size_t column, const char *what) {
  return base_fail(CKKS_ERROR_FORMAT, "%s: line %zu, column %zu \"%.80s\": \"%.40s\" %s",
                   t->csv.name, t->csv.line, column + 1, t->header[column], t->csv.field[column],
                   what);
}

/* A missing value stays NaN: what to put in its place is for the scaler to say, not the reader. */
static ckks_status read_value(table_columns *t, size_t feature, double *value) {
  size_t column = t->source[feature];
  switch (table_csv_number(value, t->csv.field[column])) {
  case TABLE_CSV_TEXT:
    return fail_value(t, column, "where a number is needed (or drop the column)");
  case TABLE_CSV_INFINITE:
    return fail_value(t, column, "is not a finite number");
  case TABLE_CSV_MISSING:
    t->data->missing[feature]++;
    return CKKS_OK;
  default:
    return CKKS_OK;
  }
}

/* The label text stays where it is, in the csv's memory, until all of them are known. */
static ckks_status read_row(table_columns *t) {
  table_data *data = t->data;
  double *row = data->value + data->n_rows * data->n_features, unused;
  if (t->csv.n_fields != t->n_columns)
    return base_fail(CKKS_ERROR_FORMAT, "%s: line %zu: %zu columns where the header has %zu",
                     t->csv.name, t->csv.line, t->csv.n_fields, t->n_columns);
  for (size_t i = 0; i < data->n_features; i++)
    BASE_TRY(read_value(t, i, &row[i]));
  data->line[data->n_rows] = t->csv.line;
  if (t->label != TABLE_NO_COLUMN) {
    const char *text = t->csv.field[t->label];
    if (table_csv_number(&unused, text) == TABLE_CSV_MISSING)
      return fail_value(t, t->label, "where a label is needed");
    if (strlen(text) > ENCODING_MAX_NAME_BYTES)
      return fail_value(t, t->label, "... is too long for a label (at most 255 bytes)");
    t->label_text[data->n_rows] = text;
  }
  data->n_rows++;
  return CKKS_OK;
}

static ckks_status read_rows(table_columns *t) {
  size_t capacity = rows_at_most(t);
  BASE_TRY(take_rows(t, capacity));
  for (;;) {
    bool end;
    BASE_TRY(table_csv_next(&t->csv, &end));
    if (end)
      break;
    if (t->data->n_rows == TABLE_DATA_MAX_ROWS)
      return base_fail(CKKS_ERROR_FORMAT, "%s: line %zu: more than %zu rows", t->csv.name,
                       t->csv.line, TABLE_DATA_MAX_ROWS);
    BASE_TRY(read_row(t));
  }
  if (t->data->n_rows == 0)
    return base_fail(CKKS_ERROR_FORMAT, "%s: no rows behind the header", t->csv.name);
  return CKKS_OK;
}

/* --------------------------------------------------------------- readers */

static ckks_status parse_all(table_columns *t, const table_options *options) {
  BASE_TRY(table_columns_read(t));
  BASE_TRY(table_columns_choose(t, options));
  BASE_TRY(read_rows(t));
  return t->label == TABLE_NO_COLUMN ? CKKS_OK : table_labels_find(t, options->task);
}

ckks_status table_data_parse(table_data *data, const char *text, size_t n_bytes, const char *name,
                             const table_options *options) {
  table_columns t = {.data = data};
  *data = (table_data){0};
  BASE_TRY(table_csv_init(&t.csv, text, n_bytes, name));
  ckks_status status = parse_all(&t, options);
  table_clear(&t);
  if (status != CKKS_OK)
    table_data_clear(data);
  return status;
}

static ckks_status parse_features(table_columns *t, const char *const *features, size_t n_features,
                                  const char *label, const char *const *classes, size_t n_classes) {
  BASE_TRY(table_columns_read(t));
  BASE_TRY(table_columns_find(t, features, n_features, label));
  BASE_TRY(read_rows(t));
  if (t->label == TABLE_NO_COLUMN)
    return CKKS_OK;
  return n_classes == 0 ? table_labels_values(t) : table_labels_match(t, classes, n_classes);
}

ckks_status table_data_parse_features(table_data *data, const char *text, size_t n_bytes,
                                      const char *name, const char *const *features,
                                      size_t n_features, const char *label,
                                      const char *const *classes, size_t n_classes) {
  table_columns t = {.data = data};
  *data = (table_data){0};
  BASE_TRY(table_csv_init(&t.csv, text, n_bytes, name));
  ckks_status status = parse_features(&t, features, n_features, label, classes, n_classes);
  table_clear(&t);
  if (status != CKKS_OK)
    table_data_clear(data);
  return status;
}

/* The file is read whole: its size has a limit, and messages can then name lines exactly. */
ckks_status table_data_read(table_data *data, const char *path, const table_options *options) {
  uint8_t *bytes = NULL;
  size_t n_bytes = 0;
  *data = (table_data){0};
  BASE_TRY(base_file_read(&bytes, &n_bytes, path, TABLE_DATA_MAX_BYTES));
  ckks_status status = table_data_parse(data, (const char *)bytes, n_bytes, path, options);
  base_free(bytes);
  return status;
}

ckks_status table_data_read_features(table_data *data, const char *path,
                                     const char *const *features, size_t n_features,
                                     const char *label, const char *const *classes,
                                     size_t n_classes) {
  uint8_t *bytes = NULL;
  size_t n_bytes = 0;
  *data = (table_data){0};
  BASE_TRY(base_file_read(&bytes, &n_bytes, path, TABLE_DATA_MAX_BYTES));
  ckks_status status = table_data_parse_features(data, (const char *)bytes, n_bytes, path, features,
                                                 n_features, label, classes, n_classes);
  base_free(bytes);
  return status;
}
