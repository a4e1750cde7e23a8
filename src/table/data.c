/* SPDX-License-Identifier: Apache-2.0 */
/* Tables of numbers with a label column, out of CSV records. */
#include "base/alloc.h"
#include "base/file.h"
#include "table/categories.h"
#include "table/columns.h"
#include "table/labels.h"
#include "table/notes.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* What is only needed while reading; the header's texts lie in the csv. */
static void table_clear(table_columns *t) {
  table_csv_clear(&t->csv);
  base_free(t->header);
  base_free(t->source);
  base_free(t->label_text);
  base_free(t->nameless);
  base_free(t->bad);
  base_free(t->n_unseen);
  for (size_t f = 0; t->texts != NULL && f < t->data->n_features; f++) {
    base_free(t->texts[f].text);
    base_free(t->texts[f].count);
  }
  base_free(t->texts);
}

void table_data_clear(table_data *data) {
  encoding_names_free(data->feature, data->n_features);
  encoding_names_free(data->class_name, data->n_classes);
  base_free(data->value);
  base_free(data->label);
  base_free(data->target);
  base_free(data->line);
  base_free(data->missing);
  encoding_names_free(data->dropped, data->n_dropped_columns);
  encoding_names_free(data->note, data->n_notes);
  encoding_input_clear(&data->input);
  *data = (table_data){0};
}

/* ------------------------------------------------------------------ rows */

/* Each row takes a line end and all its commas, but one behind which nothing has a name: no file
 * can claim more rows than that. */
static size_t rows_at_most(const table_columns *t) {
  size_t lines = 1;
  for (size_t i = t->csv.at; i < t->csv.n_bytes; i++)
    lines += t->csv.text[i] == '\n' || t->csv.text[i] == '\r';
  size_t least = t->n_columns > 1 ? t->n_columns - 1 : 1;
  size_t by_commas = (t->csv.n_bytes - t->csv.at) / least + 1;
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
  t->bad = table_columns_take(data->n_features, sizeof *t->bad);
  t->n_unseen = table_columns_take(data->n_features, sizeof *t->n_unseen);
  if (data->feature == NULL || data->missing == NULL || data->value == NULL || data->line == NULL ||
      t->label_text == NULL || t->bad == NULL || t->n_unseen == NULL)
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

/* Reading goes on: all columns that hold something else are told together. */
static void note_bad(table_columns *t, size_t feature, const char *what) {
  size_t column = t->source[feature], used = strlen(t->other_bad);
  if (t->bad[feature])
    return;
  if (t->n_bad == 0)
    snprintf(t->first_bad, sizeof t->first_bad, "line %zu, column %zu \"%.80s\": \"%.40s\" %s",
             t->csv.line, column + 1, t->header[column], t->csv.field[column], what);
  else
    snprintf(t->other_bad + used, sizeof t->other_bad - used, "%s\"%.60s\" (line %zu)",
             t->n_bad > 1 ? ", " : "", t->header[column], t->csv.line);
  t->bad[feature] = true;
  t->n_bad++;
}

static ckks_status check_bad(const table_columns *t) {
  if (t->n_bad == 0)
    return CKKS_OK;
  if (t->n_bad == 1)
    return base_fail(CKKS_ERROR_FORMAT, "%s: %s", t->csv.name, t->first_bad);
  return base_fail(CKKS_ERROR_FORMAT, "%s: %s; and in %zu more columns: %s", t->csv.name,
                   t->first_bad, t->n_bad - 1, t->other_bad);
}

/* Digits and what people write among them, and hexadecimal: a number that was meant as one, though
 * not one that is read; nobody's category. */
static bool is_like_number(const char *text) {
  const char *x = text + strspn(text, " +-$");
  if (x[0] == '0' && (x[1] == 'x' || x[1] == 'X'))
    return x[2] != '\0' && x[2 + strspn(x + 2, "0123456789abcdefABCDEF")] == '\0';
  return strpbrk(x, "0123456789") != NULL && x[strspn(x, "0123456789., '_%$")] == '\0';
}

/* A feature is all numbers, or, where texts may be, all texts. */
static void read_text(table_columns *t, size_t feature, double *value) {
  const char *field = t->csv.field[t->source[feature]];
  table_texts *texts = t->texts != NULL ? &t->texts[feature] : NULL;
  bool boolean =
      (texts == NULL || (texts->n == 0 && !texts->forced)) && table_csv_boolean(value, field);
  if (boolean) {
    t->booleans = true;
    if (texts != NULL)
      texts->booleans = true;
  } else if (texts == NULL || texts->numbers)
    note_bad(t, feature, "where a number is needed (or drop the column)");
  else if (texts->booleans)
    note_bad(t, feature, "among true and false (drop the column, or say that it is of categories)");
  else if (!texts->forced && table_notes_is_date(field) && strchr(field, '.') != NULL)
    note_bad(t, feature, "is a date: write days or years as a number (or drop the column)");
  else if (!texts->forced && is_like_number(field))
    note_bad(t, feature,
             "is a number in a form that is not read: write digits, one decimal point or "
             "comma, an exponent (or drop the column)");
  else if (!table_categories_note(value, texts, field))
    note_bad(t, feature, "is one of more than 256 different texts, or too long (drop the column)");
}

static void read_number(table_columns *t, size_t feature, double *value) {
  if (t->texts == NULL)
    return;
  if (t->texts[feature].forced) {
    read_text(t, feature, value);
    return;
  }
  if (t->texts[feature].n > 0)
    note_bad(t, feature,
             "among texts: neither numbers nor categories (drop the column, or say that it is of "
             "categories)");
  t->texts[feature].numbers = true;
}

static void read_category(table_columns *t, size_t feature, double *value) {
  const char *field = t->csv.field[t->source[feature]];
  if (!table_categories_find(value, &t->n_unseen[feature], &t->input->feature[feature], field))
    note_bad(t, feature, "is none of the model's categories");
}

/* A missing value stays NaN: what to put in its place is for the scaler to say, not the reader. */
static ckks_status read_value(table_columns *t, size_t feature, double *value) {
  char *field = t->csv.field[t->source[feature]];
  table_csv_kind kind;
  table_columns_join_lines(field);
  BASE_TRY(table_csv_value(&kind, value, &t->csv, field));
  if (kind == TABLE_CSV_MISSING)
    t->data->missing[feature]++;
  else if (t->input != NULL && t->input->feature[feature].kind == ENCODING_CATEGORIES)
    read_category(t, feature, value);
  else if (kind == TABLE_CSV_INFINITE)
    note_bad(t, feature, "is not a finite number");
  else if (kind == TABLE_CSV_TEXT)
    read_text(t, feature, value);
  else
    read_number(t, feature, value);
  return CKKS_OK;
}

/* Names of classes may be what pandas takes for missing, such as "None"; these may not. */
static bool is_no_label(const char *text) {
  static const char *const none[] = {"", "na", "nan", "null", "?"};
  for (size_t i = 0; i < sizeof none / sizeof none[0]; i++)
    if (strcasecmp(text, none[i]) == 0)
      return true;
  return false;
}

/* The label text stays where it is, in the csv's memory, until all of them are known. */
static ckks_status read_label(table_columns *t) {
  char *text = t->csv.field[t->label];
  table_csv_kind kind;
  double unused;
  table_columns_join_lines(text);
  if (is_no_label(text))
    return fail_value(t, t->label, "where a label is needed: take out rows without one");
  if (strlen(text) > ENCODING_MAX_NAME_BYTES)
    return fail_value(t, t->label, "... is too long for a label (at most 255 bytes)");
  t->label_text[t->data->n_rows] = text;
  return table_csv_value(&kind, &unused, &t->csv, text); /* decimal commas become points */
}

/* A separator at the end of every line makes a column without a name: of no harm while it is
 * empty, in rows also where they end without one. */
static ckks_status check_shape(const table_columns *t) {
  size_t n = t->csv.n_fields;
  bool short_by_one = n + 1 == t->n_columns && t->nameless[n];
  if (n != t->n_columns && !short_by_one)
    return base_fail(CKKS_ERROR_FORMAT, "%s: line %zu: %zu columns where the header has %zu",
                     t->csv.name, t->csv.line, n, t->n_columns);
  for (size_t c = 0; c < n; c++)
    if (t->nameless[c] && t->csv.field[c][0] != '\0')
      return base_fail(CKKS_ERROR_FORMAT,
                       "%s: line %zu, column %zu: \"%.40s\" in a column without a name",
                       t->csv.name, t->csv.line, c + 1, t->csv.field[c]);
  return CKKS_OK;
}

static ckks_status read_row(table_columns *t) {
  table_data *data = t->data;
  double *row = data->value + data->n_rows * data->n_features;
  BASE_TRY(check_shape(t));
  for (size_t i = 0; i < data->n_features; i++)
    BASE_TRY(read_value(t, i, &row[i]));
  data->line[data->n_rows] = t->csv.line;
  if (t->label != TABLE_NO_COLUMN)
    BASE_TRY(read_label(t));
  data->n_rows++;
  return CKKS_OK;
}

static ckks_status note_form(table_columns *t) {
  BASE_TRY(table_notes_add_form(t));
  for (size_t c = 0; c < t->n_columns; c++)
    if (t->nameless[c])
      BASE_TRY(table_notes_add(t->data, "column %zu has no name and no values: ignored", c + 1));
  for (size_t f = 0; f < t->data->n_features; f++)
    if (t->n_unseen[f] > 0)
      BASE_TRY(table_notes_add(t->data,
                               "column \"%.80s\": %zu texts that the model has no category "
                               "for count as " ENCODING_OTHER,
                               t->data->feature[f], t->n_unseen[f]));
  return t->booleans ? table_notes_add(t->data, "true and false count as 1 and 0") : CKKS_OK;
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
  BASE_TRY(check_bad(t));
  return note_form(t);
}

/* --------------------------------------------------------------- readers */

static ckks_status parse_all(table_columns *t, const table_options *options) {
  BASE_TRY(table_columns_read(t));
  BASE_TRY(table_columns_choose(t, options));
  if (options->texts &&
      (t->texts = table_columns_take(t->data->n_features, sizeof *t->texts)) == NULL)
    return CKKS_ERROR_MEMORY;
  if (t->texts != NULL)
    BASE_TRY(table_columns_force(t, options));
  BASE_TRY(read_rows(t));
  BASE_TRY(table_categories_settle(t));
  BASE_TRY(table_notes_add_identifiers(t));
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
                                      const char *const *classes, size_t n_classes,
                                      const encoding_input *input) {
  table_columns t = {.data = data, .input = input};
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
                                     size_t n_classes, const encoding_input *input) {
  uint8_t *bytes = NULL;
  size_t n_bytes = 0;
  *data = (table_data){0};
  BASE_TRY(base_file_read(&bytes, &n_bytes, path, TABLE_DATA_MAX_BYTES));
  ckks_status status = table_data_parse_features(data, (const char *)bytes, n_bytes, path, features,
                                                 n_features, label, classes, n_classes, input);
  base_free(bytes);
  return status;
}
