/* SPDX-License-Identifier: Apache-2.0 */
#include "table/labels.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "table/notes.h"

/* Codes of classes are few; a quantity takes more values than that. */
#define MOST_NUMBERED_CLASSES 20

static int compare_texts(const void *a, const void *b) {
  return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Texts decide between equal numbers, which are refused. */
static int compare_numbers(const void *a, const void *b) {
  double x, y;
  (void)table_csv_number(&x, *(const char *const *)a);
  (void)table_csv_number(&y, *(const char *const *)b);
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
    n_numbers += table_csv_is_number(texts[i]);
  if (n_numbers == n_distinct)
    qsort(texts, n_distinct, sizeof(char *), compare_numbers);
  return n_distinct;
}

/* The class of each row is the index of its label text among `classes`. */
ckks_status table_labels_match(table_columns *t, const char *const *classes, size_t n_classes) {
  table_data *data = t->data;
  data->class_name = table_columns_take(n_classes, sizeof(char *));
  data->label = table_columns_take(data->n_rows, sizeof(int));
  if (data->class_name == NULL || data->label == NULL)
    return CKKS_ERROR_MEMORY;
  data->n_classes = n_classes;
  for (size_t i = 0; i < n_classes; i++)
    BASE_TRY(encoding_names_set(&data->class_name[i], classes[i]));
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

/* ---------------------------------------------------------------- numbers */

/* The label column of a row that is no number, in words for whoever meant it as one. */
static ckks_status fail_number(const table_columns *t, size_t row, const char *what) {
  return base_fail(CKKS_ERROR_FORMAT, "%s: line %zu, column %zu \"%.80s\": \"%.40s\" %s",
                   t->csv.name, t->data->line[row], t->label + 1, t->header[t->label],
                   t->label_text[row], what);
}

ckks_status table_labels_values(table_columns *t) {
  table_data *data = t->data;
  data->class_name = table_columns_take(1, sizeof(char *));
  data->target = table_columns_take(data->n_rows, sizeof(double));
  if (data->class_name == NULL || data->target == NULL)
    return CKKS_ERROR_MEMORY;
  data->n_classes = 1;
  BASE_TRY(encoding_names_set(&data->class_name[0], t->header[t->label]));
  for (size_t r = 0; r < data->n_rows; r++) {
    table_csv_kind kind = table_csv_number(&data->target[r], t->label_text[r]);
    if (kind == TABLE_CSV_INFINITE)
      return fail_number(t, r, "is not a finite number");
    if (kind != TABLE_CSV_NUMBER)
      return fail_number(t, r, "where the label is to be a number");
  }
  return CKKS_OK;
}

/* Texts are classes; so are two numbers, or a few whole ones. */
static bool are_quantities(const char *const *distinct, size_t n) {
  bool whole = true;
  for (size_t i = 0; i < n; i++) {
    double value;
    if (table_csv_number(&value, distinct[i]) != TABLE_CSV_NUMBER)
      return false;
    whole = whole && value == floor(value);
  }
  return n > MOST_NUMBERED_CLASSES || (!whole && n > 2);
}

/* The first row whose label is that text. */
static size_t find_row(const table_columns *t, const char *text) {
  size_t row = 0;
  while (row + 1 < t->data->n_rows && strcmp(t->label_text[row], text) != 0)
    row++;
  return row;
}

/* Where most of a column would be a quantity, what is no number is an accident: hundreds of classes
 * of one row each would be learnt, and none predicted. */
static ckks_status check_numbers(const table_columns *t, const char *const *distinct, size_t n) {
  const char **numbers = table_columns_take(n, sizeof *numbers);
  const char *other = NULL;
  size_t n_numbers = 0;
  if (numbers == NULL)
    return CKKS_ERROR_MEMORY;
  for (size_t i = 0; i < n; i++)
    if (table_csv_is_number(distinct[i]))
      numbers[n_numbers++] = distinct[i];
    else
      other = other == NULL ? distinct[i] : other;
  bool quantities = 2 * n_numbers > n && are_quantities(numbers, n_numbers);
  base_free(numbers);
  if (other == NULL || !quantities)
    return CKKS_OK;
  return base_fail(CKKS_ERROR_FORMAT,
                   "%s: line %zu, column %zu \"%.80s\": \"%.40s\" among %zu different numbers: "
                   "correct it or take the row out, or say that the task is classes",
                   t->csv.name, t->data->line[find_row(t, other)], t->label + 1,
                   t->header[t->label], other, n_numbers);
}

/* "1" and "1.0" would be two classes of one meaning. Equal numbers are neighbours. */
static ckks_status check_spelling(const table_columns *t, const char *const *distinct, size_t n) {
  for (size_t i = 1; i < n; i++) {
    double a, b;
    if (table_csv_number(&a, distinct[i - 1]) == TABLE_CSV_NUMBER &&
        table_csv_number(&b, distinct[i]) == TABLE_CSV_NUMBER && a == b)
      return base_fail(CKKS_ERROR_FORMAT,
                       "%s: line %zu, column %zu \"%.80s\": \"%.40s\" and \"%.40s\" (line %zu) are "
                       "one number: write it in one way",
                       t->csv.name, t->data->line[find_row(t, distinct[i])], t->label + 1,
                       t->header[t->label], distinct[i], distinct[i - 1],
                       t->data->line[find_row(t, distinct[i - 1])]);
  }
  return CKKS_OK;
}

/* Class numbers must not depend on the order of the rows: the distinct texts are sorted. */
static ckks_status find(table_columns *t, const char **sorted, table_task task) {
  size_t n = sort_distinct(sorted, t->data->n_rows);
  t->data->n_distinct = n;
  if (task == TABLE_TASK_REGRESSION ||
      (task == TABLE_TASK_AUTO && are_quantities((const char *const *)sorted, n)))
    return table_labels_values(t);
  if (task == TABLE_TASK_AUTO)
    BASE_TRY(check_numbers(t, (const char *const *)sorted, n));
  BASE_TRY(check_spelling(t, (const char *const *)sorted, n));
  if (n == 1)
    return base_fail(CKKS_ERROR_FORMAT,
                     "%s: column %zu \"%.80s\": \"%.40s\" in all %zu rows: 1 class where 2 to %d "
                     "are allowed",
                     t->csv.name, t->label + 1, t->header[t->label], sorted[0], t->data->n_rows,
                     ENCODING_MAX_CLASSES);
  if (n < 2 || n > ENCODING_MAX_CLASSES)
    return base_fail(CKKS_ERROR_FORMAT,
                     "%s: column %zu \"%.80s\": %zu classes where 2 to %d are allowed", t->csv.name,
                     t->label + 1, t->header[t->label], n, ENCODING_MAX_CLASSES);
  BASE_TRY(table_labels_match(t, sorted, n));
  return table_notes_add_classes(t);
}

ckks_status table_labels_find(table_columns *t, table_task task) {
  size_t n_rows = t->data->n_rows;
  const char **sorted = table_columns_take(n_rows, sizeof(char *));
  if (sorted == NULL)
    return CKKS_ERROR_MEMORY;
  memcpy(sorted, t->label_text, n_rows * sizeof(char *));
  ckks_status status = find(t, sorted, task);
  base_free(sorted);
  return status;
}
