/* SPDX-License-Identifier: Apache-2.0 */
/* The header line of a table, and which of its columns are wanted. */
#include "table/columns.h"

#include "base/alloc.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* ---------------------------------------------------------------- header */

void *table_columns_take(size_t count, size_t size) {
  void *array = base_alloc_array(count, size);
  if (array == NULL)
    (void)base_fail_memory(count * size);
  return array;
}

/* Linear: a header is searched once per wanted column, and bytes decide (no case folding). */
static size_t find_column(const table_columns *t, const char *name) {
  for (size_t c = 0; c < t->n_columns; c++)
    if (strcmp(t->header[c], name) == 0)
      return c;
  return TABLE_NO_COLUMN;
}

/* The names there are, cut where a message would get too long. */
static void list_columns(char *list, size_t capacity, const table_columns *t) {
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

/* A wrong name is mostly a misspelt one, so the message lists what there is. */
static ckks_status fail_no_column(const table_columns *t, const char *what, const char *name) {
  char list[240];
  list_columns(list, sizeof list, t);
  return base_fail(CKKS_ERROR_FORMAT,
                   "%s: line %zu: there is no column \"%.80s\" (%s); there are: %s", t->csv.name,
                   t->csv.line, name, what, list);
}

static int compare_texts(const void *a, const void *b) {
  return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Two columns of one name: neither the user nor a model could say which is meant. */
static ckks_status check_distinct(const table_columns *t) {
  char **sorted = table_columns_take(t->n_columns, sizeof(char *));
  if (sorted == NULL)
    return CKKS_ERROR_MEMORY;
  memcpy(sorted, t->header, t->n_columns * sizeof(char *));
  qsort(sorted, t->n_columns, sizeof(char *), compare_texts);
  ckks_status status = CKKS_OK;
  for (size_t c = 1; c < t->n_columns && status == CKKS_OK; c++)
    if (sorted[c][0] != '\0' && strcmp(sorted[c - 1], sorted[c]) == 0)
      status = base_fail(CKKS_ERROR_FORMAT, "%s: line %zu: two columns are named \"%.80s\"",
                         t->csv.name, t->csv.line, sorted[c]);
  base_free(sorted);
  return status;
}

/* Quoted names may go over several lines, as spreadsheets let them; here they are one. */
void table_columns_join_lines(char *text) {
  char *out = text;
  if (strpbrk(text, "\r\n\t") == NULL)
    return;
  for (const char *at = text; *at != '\0'; at++) {
    bool blank = *at == '\r' || *at == '\n' || *at == '\t' || *at == ' ';
    if (!blank)
      *out++ = *at;
    else if (out > text && out[-1] != ' ')
      *out++ = ' ';
  }
  while (out > text && out[-1] == ' ')
    out--;
  *out = '\0';
}

/* Names end up in models, files and pages: they must pass the same test there and here. */
static ckks_status check_header(const table_columns *t) {
  for (size_t c = 0; c < t->n_columns; c++) {
    table_columns_join_lines(t->header[c]);
    t->nameless[c] = t->header[c][0] == '\0' && c > 0;
    if (t->header[c][0] == '\0')
      continue;
    ckks_status status = encoding_names_check(t->header[c], "the column's name");
    if (status != CKKS_OK)
      return base_fail_in(status, "%s: line %zu, column %zu", t->csv.name, t->csv.line, c + 1);
  }
  return check_distinct(t);
}

/* A file without a header, whose first row would silently become names, is a frequent accident. */
ckks_status table_columns_read(table_columns *t) {
  bool end;
  size_t n_numbers = 0;
  BASE_TRY(table_csv_next(&t->csv, &end));
  if (end)
    return base_fail(CKKS_ERROR_FORMAT, "%s: empty: a header line with column names is needed",
                     t->csv.name);
  t->n_columns = t->csv.n_fields;
  t->header = table_columns_take(t->n_columns, sizeof(char *));
  t->nameless = table_columns_take(t->n_columns, sizeof *t->nameless);
  if (t->header == NULL || t->nameless == NULL)
    return CKKS_ERROR_MEMORY;
  memcpy(t->header, t->csv.field, t->n_columns * sizeof(char *));
  for (size_t c = 0; c < t->n_columns; c++)
    n_numbers += table_csv_is_number(t->header[c]);
  if (n_numbers == t->n_columns)
    return base_fail(CKKS_ERROR_FORMAT,
                     "%s: line %zu: numbers where a header line with column names is needed",
                     t->csv.name, t->csv.line);
  return check_header(t);
}

/* --------------------------------------------------------------- columns */

/* Marks column `name` of n_name bytes; false when there is none. */
static bool mark(bool *marked, const table_columns *t, const char *name, size_t n_name) {
  for (size_t c = 0; c < t->n_columns; c++)
    if (n_name > 0 && strlen(t->header[c]) == n_name && memcmp(t->header[c], name, n_name) == 0)
      return marked[c] = true;
  return false;
}

/* A name with commas in it is one; else commas part names. */
static ckks_status mark_listed(bool *marked, const table_columns *t, const char *list,
                               const char *what) {
  if (mark(marked, t, list, strlen(list)))
    return CKKS_OK;
  for (const char *at = list;; at++) {
    size_t n = strcspn(at, ",");
    if (!mark(marked, t, at, n)) {
      char name[ENCODING_MAX_NAME_BYTES + 1];
      snprintf(name, sizeof name, "%.*s", (int)(n < sizeof name ? n : sizeof name - 1), at);
      return fail_no_column(t, what, name);
    }
    at += n;
    if (*at == '\0')
      return CKKS_OK;
  }
}

/* An identifier would be learnt by heart, and its digits would swamp the other features. */
static ckks_status find_dropped(bool *dropped, const table_columns *t,
                                const table_options *options) {
  for (size_t i = 0; i < options->n_drop; i++)
    BASE_TRY(mark_listed(dropped, t, options->drop[i], "to be dropped"));
  for (size_t c = 0; c < t->n_columns; c++)
    dropped[c] = dropped[c] || t->header[c][0] == '\0' || strcasecmp(t->header[c], "id") == 0;
  return CKKS_OK;
}

static ckks_status take_columns(table_columns *t, const bool *dropped) {
  table_data *data = t->data;
  for (size_t c = 0; c < t->n_columns; c++) {
    if (c == t->label)
      continue;
    if (!dropped[c])
      t->source[data->n_features++] = c;
    else
      BASE_TRY(encoding_names_set(&data->dropped[data->n_dropped_columns++], t->header[c]));
  }
  if (data->n_features < 1 || data->n_features > ENCODING_MAX_FEATURES)
    return base_fail(CKKS_ERROR_FORMAT,
                     "%s: line %zu: %zu feature columns where 1 to %d are allowed", t->csv.name,
                     t->csv.line, data->n_features, ENCODING_MAX_FEATURES);
  return CKKS_OK;
}

/* All columns but the label and those to be dropped. */
ckks_status table_columns_choose(table_columns *t, const table_options *options) {
  t->label = TABLE_NO_COLUMN;
  if (options->label != NULL && (t->label = find_column(t, options->label)) == TABLE_NO_COLUMN)
    return fail_no_column(t, "label", options->label);
  t->source = table_columns_take(t->n_columns, sizeof(size_t));
  t->data->dropped = table_columns_take(t->n_columns, sizeof(char *));
  bool *dropped = table_columns_take(t->n_columns, sizeof *dropped);
  ckks_status status = t->source != NULL && t->data->dropped != NULL && dropped != NULL
                           ? find_dropped(dropped, t, options)
                           : CKKS_ERROR_MEMORY;
  if (status == CKKS_OK)
    status = take_columns(t, dropped);
  base_free(dropped);
  return status;
}

/* Marks what is listed; whatever is marked and no feature is a contradiction. */
static ckks_status force(table_columns *t, bool *forced, const table_options *options) {
  for (size_t i = 0; i < options->n_categories; i++)
    BASE_TRY(mark_listed(forced, t, options->categories[i], "of categories"));
  for (size_t f = 0; f < t->data->n_features; f++) {
    t->texts[f].forced = forced[t->source[f]];
    forced[t->source[f]] = false;
  }
  for (size_t c = 0; c < t->n_columns; c++)
    if (forced[c])
      return base_fail(CKKS_ERROR_FORMAT, "%s: column %zu \"%.80s\": of categories, but %s",
                       t->csv.name, c + 1, t->header[c], c == t->label ? "the label" : "ignored");
  return CKKS_OK;
}

ckks_status table_columns_force(table_columns *t, const table_options *options) {
  if (options->n_categories == 0)
    return CKKS_OK;
  bool *forced = table_columns_take(t->n_columns, sizeof *forced);
  ckks_status status = forced != NULL ? force(t, forced, options) : CKKS_ERROR_MEMORY;
  base_free(forced);
  return status;
}

/* The columns of a model, in its order. */
ckks_status table_columns_find(table_columns *t, const char *const *features, size_t n_features,
                               const char *label) {
  t->label = label == NULL ? TABLE_NO_COLUMN : find_column(t, label);
  t->source = table_columns_take(n_features, sizeof(size_t));
  if (t->source == NULL)
    return CKKS_ERROR_MEMORY;
  for (size_t i = 0; i < n_features; i++)
    if ((t->source[i] = find_column(t, features[i])) == TABLE_NO_COLUMN)
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
