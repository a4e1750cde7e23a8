/* SPDX-License-Identifier: Apache-2.0 */
/* Tables of numbers with a label column, out of CSV records. */
#include "base/alloc.h"
#include "base/file.h"
#include "train/csv.h"
#include "train/train.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define NO_COLUMN SIZE_MAX

/* One file being read: which columns are wanted, and where the rows go. */
typedef struct table {
  train_csv csv;
  size_t n_columns;
  char **header;           /* n_columns texts */
  size_t *source;          /* column of each feature */
  size_t label;            /* NO_COLUMN = none */
  const char **label_text; /* of each row */
  train_data *data;
} table;

static void table_clear(table *t) {
  train_csv_clear(&t->csv);
  base_free(t->header);
  base_free(t->source);
  base_free(t->label_text);
}

void train_data_clear(train_data *data) {
  for (size_t i = 0; data->feature != NULL && i < data->n_features; i++)
    base_free(data->feature[i]);
  for (size_t i = 0; data->class_name != NULL && i < data->n_classes; i++)
    base_free(data->class_name[i]);
  base_free(data->feature);
  base_free(data->class_name);
  base_free(data->value);
  base_free(data->label);
  base_free(data->line);
  base_free(data->missing);
  *data = (train_data){0};
}

/* The array, or NULL with the failure recorded. */
static void *take(size_t count, size_t size) {
  void *array = base_alloc_array(count, size);
  if (array == NULL)
    (void)base_fail_memory(count * size);
  return array;
}

/* ---------------------------------------------------------------- header */

static size_t find_column(const table *t, const char *name) {
  for (size_t c = 0; c < t->n_columns; c++)
    if (strcmp(t->header[c], name) == 0)
      return c;
  return NO_COLUMN;
}

/* The names there are, cut where a message would get too long. */
static void list_columns(char *list, size_t capacity, const table *t) {
  size_t used = 0;
  list[0] = '\0';
  for (size_t c = 0; c < t->n_columns; c++) {
    size_t length = strlen(t->header[c]);
    if (used + length + 8 > capacity) {
      memcpy(list + used, ", ...", 6);
      return;
    }
    memcpy(list + used, ", ", used > 0 ? 2 : 0);
    used += used > 0 ? 2 : 0;
    memcpy(list + used, t->header[c], length + 1);
    used += length;
  }
}

static ckks_status fail_no_column(const table *t, const char *what, const char *name) {
  char list[240];
  list_columns(list, sizeof list, t);
  return base_fail(CKKS_ERROR_FORMAT,
                   "%s: line %zu: there is no column \"%.80s\" (%s); there are: %s", t->csv.name,
                   t->csv.line, name, what, list);
}

static int compare_texts(const void *a, const void *b) {
  return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static ckks_status check_distinct(const table *t) {
  char **sorted = take(t->n_columns, sizeof(char *));
  if (sorted == NULL)
    return CKKS_ERROR_MEMORY;
  memcpy(sorted, t->header, t->n_columns * sizeof(char *));
  qsort(sorted, t->n_columns, sizeof(char *), compare_texts);
  ckks_status status = CKKS_OK;
  for (size_t c = 1; c < t->n_columns && status == CKKS_OK; c++)
    if (strcmp(sorted[c - 1], sorted[c]) == 0)
      status = base_fail(CKKS_ERROR_FORMAT, "%s: line %zu: two columns are named \"%.80s\"",
                         t->csv.name, t->csv.line, sorted[c]);
  base_free(sorted);
  return status;
}

static ckks_status check_header(const table *t) {
  for (size_t c = 0; c < t->n_columns; c++) {
    if (c == 0 && t->header[0][0] == '\0')
      continue;
    ckks_status status = model_check_text(t->header[c], "the column's name");
    if (status != CKKS_OK)
      return base_fail_in(status, "%s: line %zu, column %zu", t->csv.name, t->csv.line, c + 1);
  }
  return check_distinct(t);
}

static bool is_number(const char *text) {
  double value;
  return train_csv_number(&value, text) == TRAIN_CSV_NUMBER;
}

static ckks_status read_header(table *t) {
  bool end;
  size_t n_numbers = 0;
  BASE_TRY(train_csv_next(&t->csv, &end));
  if (end)
    return base_fail(CKKS_ERROR_FORMAT, "%s: empty: a header line with column names is needed",
                     t->csv.name);
  t->n_columns = t->csv.n_fields;
  t->header = take(t->n_columns, sizeof(char *));
  if (t->header == NULL)
    return CKKS_ERROR_MEMORY;
  memcpy(t->header, t->csv.field, t->n_columns * sizeof(char *));
  for (size_t c = 0; c < t->n_columns; c++)
    n_numbers += is_number(t->header[c]);
  if (n_numbers == t->n_columns)
    return base_fail(CKKS_ERROR_FORMAT,
                     "%s: line %zu: numbers where a header line with column names is needed",
                     t->csv.name, t->csv.line);
  if (t->n_columns == 1 && strpbrk(t->header[0], ";\t") != NULL)
    return base_fail(CKKS_ERROR_FORMAT, "%s: line %zu: one column only: separate fields by commas",
                     t->csv.name, t->csv.line);
  return check_header(t);
}

/* --------------------------------------------------------------- columns */

static bool is_dropped(const table *t, size_t column, const train_options_data *options) {
  const char *name = t->header[column];
  if ((column == 0 && name[0] == '\0') || strcasecmp(name, "id") == 0)
    return true;
  for (size_t i = 0; i < options->n_drop; i++)
    if (strcmp(options->drop[i], name) == 0)
      return true;
  return false;
}

/* All columns but the label and those to be dropped. */
static ckks_status choose_all(table *t, const train_options_data *options) {
  t->label = NO_COLUMN;
  if (options->label != NULL && (t->label = find_column(t, options->label)) == NO_COLUMN)
    return fail_no_column(t, "label", options->label);
  for (size_t i = 0; i < options->n_drop; i++)
    if (find_column(t, options->drop[i]) == NO_COLUMN)
      return fail_no_column(t, "to be dropped", options->drop[i]);
  t->source = take(t->n_columns, sizeof(size_t));
  if (t->source == NULL)
    return CKKS_ERROR_MEMORY;
  for (size_t c = 0; c < t->n_columns; c++) {
    if (c == t->label)
      continue;
    if (is_dropped(t, c, options))
      t->data->n_dropped_columns++;
    else
      t->source[t->data->n_features++] = c;
  }
  if (t->data->n_features < 1 || t->data->n_features > MODEL_MAX_FEATURES)
    return base_fail(CKKS_ERROR_FORMAT,
                     "%s: line %zu: %zu feature columns where 1 to %d are allowed", t->csv.name,
                     t->csv.line, t->data->n_features, MODEL_MAX_FEATURES);
  return CKKS_OK;
}

/* The columns of a model, in its order. */
static ckks_status choose_features(table *t, const char *const *features, size_t n_features,
                                   const char *label) {
  t->label = label == NULL ? NO_COLUMN : find_column(t, label);
  t->source = take(n_features, sizeof(size_t));
  if (t->source == NULL)
    return CKKS_ERROR_MEMORY;
  for (size_t i = 0; i < n_features; i++)
    if ((t->source[i] = find_column(t, features[i])) == NO_COLUMN)
      return fail_no_column(t, "needed by the model", features[i]);
  t->data->n_features = n_features;
  for (size_t c = 0; c < t->n_columns; c++) {
    bool used = c == t->label;
    for (size_t i = 0; i < n_features && !used; i++)
      used = t->source[i] == c;
    t->data->n_dropped_columns += !used;
  }
  return CKKS_OK;
}

/* ------------------------------------------------------------------ rows */

/* Each row takes a line end and all its commas: no file can claim more rows than that. */
static size_t rows_at_most(const table *t) {
  size_t lines = 1;
  for (size_t i = t->csv.at; i < t->csv.n_bytes; i++)
    lines += t->csv.text[i] == '\n' || t->csv.text[i] == '\r';
  size_t by_commas = (t->csv.n_bytes - t->csv.at) / t->n_columns + 1;
  size_t rows = lines < by_commas ? lines : by_commas;
  return rows < TRAIN_DATA_MAX_ROWS ? rows : TRAIN_DATA_MAX_ROWS;
}

static ckks_status take_rows(table *t, size_t capacity) {
  train_data *data = t->data;
  data->feature = take(data->n_features, sizeof(char *));
  data->missing = take(data->n_features, sizeof(size_t));
  data->value = take(capacity * data->n_features, sizeof(double));
  data->line = take(capacity, sizeof(size_t));
  t->label_text = take(capacity, sizeof(char *));
  if (data->feature == NULL || data->missing == NULL || data->value == NULL || data->line == NULL ||
      t->label_text == NULL)
    return CKKS_ERROR_MEMORY;
  for (size_t i = 0; i < data->n_features; i++)
    BASE_TRY(model_set_text(&data->feature[i], t->header[t->source[i]]));
  return CKKS_OK;
}

static ckks_status fail_value(const table *t, size_t column, const char *what) {
  return base_fail(CKKS_ERROR_FORMAT, "%s: line %zu, column %zu \"%.80s\": \"%.40s\" %s",
                   t->csv.name, t->csv.line, column + 1, t->header[column], t->csv.field[column],
                   what);
}

static ckks_status read_value(table *t, size_t feature, double *value) {
  size_t column = t->source[feature];
  switch (train_csv_number(value, t->csv.field[column])) {
  case TRAIN_CSV_TEXT:
    return fail_value(t, column, "where a number is needed (or drop the column)");
  case TRAIN_CSV_INFINITE:
    return fail_value(t, column, "is not a finite number");
  case TRAIN_CSV_MISSING:
    t->data->missing[feature]++;
    return CKKS_OK;
  default:
    return CKKS_OK;
  }
}

static ckks_status read_row(table *t) {
  train_data *data = t->data;
  double *row = data->value + data->n_rows * data->n_features, unused;
  if (t->csv.n_fields != t->n_columns)
    return base_fail(CKKS_ERROR_FORMAT, "%s: line %zu: %zu columns where the header has %zu",
                     t->csv.name, t->csv.line, t->csv.n_fields, t->n_columns);
  for (size_t i = 0; i < data->n_features; i++)
    BASE_TRY(read_value(t, i, &row[i]));
  data->line[data->n_rows] = t->csv.line;
  if (t->label != NO_COLUMN) {
    const char *text = t->csv.field[t->label];
    if (train_csv_number(&unused, text) == TRAIN_CSV_MISSING)
      return fail_value(t, t->label, "where a label is needed");
    if (strlen(text) > MODEL_MAX_NAME_BYTES)
      return fail_value(t, t->label, "... is too long for a label (at most 255 bytes)");
    t->label_text[data->n_rows] = text;
  }
  data->n_rows++;
  return CKKS_OK;
}

static ckks_status read_rows(table *t) {
  size_t capacity = rows_at_most(t);
  BASE_TRY(take_rows(t, capacity));
  for (;;) {
    bool end;
    BASE_TRY(train_csv_next(&t->csv, &end));
    if (end)
      break;
    if (t->data->n_rows == TRAIN_DATA_MAX_ROWS)
      return base_fail(CKKS_ERROR_FORMAT, "%s: line %zu: more than %zu rows", t->csv.name,
                       t->csv.line, TRAIN_DATA_MAX_ROWS);
    BASE_TRY(read_row(t));
  }
  if (t->data->n_rows == 0)
    return base_fail(CKKS_ERROR_FORMAT, "%s: no rows behind the header", t->csv.name);
  return CKKS_OK;
}

/* --------------------------------------------------------------- classes */

static int compare_numbers(const void *a, const void *b) {
  double x, y;
  (void)train_csv_number(&x, *(const char *const *)a);
  (void)train_csv_number(&y, *(const char *const *)b);
  return x != y ? (x < y ? -1 : 1) : compare_texts(a, b);
}

/* Sorts the n texts and keeps one of each; returns how many there are. */
static size_t sort_distinct(const char **texts, size_t n) {
  size_t n_distinct = 0, n_numbers = 0;
  qsort(texts, n, sizeof(char *), compare_texts);
  for (size_t i = 0; i < n; i++)
    if (n_distinct == 0 || strcmp(texts[n_distinct - 1], texts[i]) != 0)
      texts[n_distinct++] = texts[i];
  for (size_t i = 0; i < n_distinct; i++)
    n_numbers += is_number(texts[i]);
  if (n_numbers == n_distinct)
    qsort(texts, n_distinct, sizeof(char *), compare_numbers);
  return n_distinct;
}

static ckks_status set_classes(table *t, const char *const *classes, size_t n_classes) {
  train_data *data = t->data;
  data->class_name = take(n_classes, sizeof(char *));
  data->label = take(data->n_rows, sizeof(int));
  if (data->class_name == NULL || data->label == NULL)
    return CKKS_ERROR_MEMORY;
  data->n_classes = n_classes;
  for (size_t i = 0; i < n_classes; i++)
    BASE_TRY(model_set_text(&data->class_name[i], classes[i]));
  for (size_t r = 0; r < data->n_rows; r++) {
    size_t c = 0;
    while (c < n_classes && strcmp(classes[c], t->label_text[r]) != 0)
      c++;
    if (c == n_classes)
      return base_fail(
          CKKS_ERROR_FORMAT,
          "%s: line %zu, column %zu \"%.80s\": \"%.40s\" is none of the model's %zu labels",
          t->csv.name, data->line[r], t->label + 1, t->header[t->label], t->label_text[r],
          n_classes);
    data->label[r] = (int)c;
  }
  return CKKS_OK;
}

static ckks_status find_classes(table *t) {
  size_t n_rows = t->data->n_rows;
  const char **sorted = take(n_rows, sizeof(char *));
  if (sorted == NULL)
    return CKKS_ERROR_MEMORY;
  memcpy(sorted, t->label_text, n_rows * sizeof(char *));
  size_t n = sort_distinct(sorted, n_rows);
  ckks_status status;
  if (n < 2 || n > MODEL_MAX_CLASSES)
    status = base_fail(CKKS_ERROR_FORMAT,
                       "%s: column %zu \"%.80s\": %zu classes where 2 to %d are allowed",
                       t->csv.name, t->label + 1, t->header[t->label], n, MODEL_MAX_CLASSES);
  else
    status = set_classes(t, sorted, n);
  base_free(sorted);
  return status;
}

/* --------------------------------------------------------------- readers */

static ckks_status parse_all(table *t, const train_options_data *options) {
  BASE_TRY(read_header(t));
  BASE_TRY(choose_all(t, options));
  BASE_TRY(read_rows(t));
  return t->label == NO_COLUMN ? CKKS_OK : find_classes(t);
}

ckks_status train_data_parse(train_data *data, const char *text, size_t n_bytes, const char *name,
                             const train_options_data *options) {
  table t = {.data = data};
  *data = (train_data){0};
  BASE_TRY(train_csv_init(&t.csv, text, n_bytes, name));
  ckks_status status = parse_all(&t, options);
  table_clear(&t);
  if (status != CKKS_OK)
    train_data_clear(data);
  return status;
}

static ckks_status parse_features(table *t, const char *const *features, size_t n_features,
                                  const char *label, const char *const *classes, size_t n_classes) {
  BASE_TRY(read_header(t));
  BASE_TRY(choose_features(t, features, n_features, label));
  BASE_TRY(read_rows(t));
  return t->label == NO_COLUMN ? CKKS_OK : set_classes(t, classes, n_classes);
}

ckks_status train_data_parse_features(train_data *data, const char *text, size_t n_bytes,
                                      const char *name, const char *const *features,
                                      size_t n_features, const char *label,
                                      const char *const *classes, size_t n_classes) {
  table t = {.data = data};
  *data = (train_data){0};
  BASE_TRY(train_csv_init(&t.csv, text, n_bytes, name));
  ckks_status status = parse_features(&t, features, n_features, label, classes, n_classes);
  table_clear(&t);
  if (status != CKKS_OK)
    train_data_clear(data);
  return status;
}

ckks_status train_data_read(train_data *data, const char *path, const train_options_data *options) {
  uint8_t *bytes = NULL;
  size_t n_bytes = 0;
  *data = (train_data){0};
  BASE_TRY(base_file_read(&bytes, &n_bytes, path, TRAIN_DATA_MAX_BYTES));
  ckks_status status = train_data_parse(data, (const char *)bytes, n_bytes, path, options);
  base_free(bytes);
  return status;
}

ckks_status train_data_read_features(train_data *data, const char *path,
                                     const char *const *features, size_t n_features,
                                     const char *label, const char *const *classes,
                                     size_t n_classes) {
  uint8_t *bytes = NULL;
  size_t n_bytes = 0;
  *data = (train_data){0};
  BASE_TRY(base_file_read(&bytes, &n_bytes, path, TRAIN_DATA_MAX_BYTES));
  ckks_status status = train_data_parse_features(data, (const char *)bytes, n_bytes, path, features,
                                                 n_features, label, classes, n_classes);
  base_free(bytes);
  return status;
}
