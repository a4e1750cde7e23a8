/* SPDX-License-Identifier: Apache-2.0 */
#include "table/notes.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/alloc.h"

#define MAX_NOTE_BYTES 256
/* Fewer rows may well all differ. */
#define LEAST_ROWS 20

ckks_status table_notes_add(table_data *data, const char *format, ...) {
  char text[MAX_NOTE_BYTES];
  va_list arguments;
  if (data->n_notes == TABLE_MAX_NOTES)
    return CKKS_OK;
  if (data->note == NULL &&
      (data->note = table_columns_take(TABLE_MAX_NOTES, sizeof(char *))) == NULL)
    return CKKS_ERROR_MEMORY;
  va_start(arguments, format);
  (void)vsnprintf(text, sizeof text, format, arguments);
  va_end(arguments);
  BASE_TRY(encoding_names_set(&data->note[data->n_notes], text));
  data->n_notes++;
  return CKKS_OK;
}

ckks_status table_notes_add_form(const table_columns *t) {
  const char *separator = t->csv.separator == ';'    ? "semicolons"
                          : t->csv.separator == '\t' ? "tabs"
                                                     : "bars";
  if (t->csv.separator != ',')
    BASE_TRY(table_notes_add(t->data, "fields are separated by %s%s", separator,
                             t->csv.decimal == ',' ? ", and numbers have decimal commas" : ""));
  return CKKS_OK;
}

/* Two or three numbers and marks of one kind between them, or a date, a T or blank, and a time. */
bool table_notes_is_date(const char *text) {
  size_t n_numbers = 0;
  char mark = 0;
  for (const char *at = text;; at++) {
    size_t digits = strspn(at, "0123456789");
    if (digits < 1 || digits > 4)
      return false;
    at += digits;
    n_numbers++;
    if (mark == 0)
      mark = *at;
    bool date = n_numbers == 3 && mark != ':';
    if (*at == '\0' || (date && (*at == ' ' || *at == 'T')))
      return date || mark == ':';
    if (*at != mark || strchr(".-/:", mark) == NULL)
      return mark == ':' && n_numbers == 3 && *at == '.';
  }
}

ckks_status table_notes_add_classes(const table_columns *t) {
  table_data *data = t->data;
  double unused;
  for (size_t c = 0; c < data->n_classes; c++) {
    if (table_csv_number(&unused, data->class_name[c]) == TABLE_CSV_MISSING)
      BASE_TRY(table_notes_add(data, "label \"%.80s\" is a class, not a missing label",
                               data->class_name[c]));
    for (size_t other = 0; other < c; other++)
      if (strcasecmp(data->class_name[c], data->class_name[other]) == 0)
        BASE_TRY(table_notes_add(data, "labels \"%.80s\" and \"%.80s\" are two classes",
                                 data->class_name[other], data->class_name[c]));
  }
  return CKKS_OK;
}

static int compare_numbers(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

static bool ends_with(const char *name, const char *ending) {
  size_t n = strlen(name), m = strlen(ending);
  return n >= m && strcasecmp(name + n - m, ending) == 0;
}

static bool is_called_so(const char *name) {
  return ends_with(name, "_id") || ends_with(name, " id") || ends_with(name, ".id") ||
         ends_with(name, "_no") || ends_with(name, "number") || strcasecmp(name, "index") == 0;
}

/* value[n]: of one feature, all there. */
static bool is_identifier(double *value, size_t n, const char *name) {
  for (size_t i = 0; i < n; i++)
    if (value[i] != floor(value[i]))
      return false;
  qsort(value, n, sizeof *value, compare_numbers);
  for (size_t i = 1; i < n; i++)
    if (value[i] == value[i - 1])
      return false;
  return value[n - 1] - value[0] == (double)(n - 1) || is_called_so(name);
}

ckks_status table_notes_add_identifiers(const table_columns *t) {
  table_data *data = t->data;
  size_t n = data->n_rows;
  if (n < LEAST_ROWS)
    return CKKS_OK;
  double *value = table_columns_take(n, sizeof *value);
  if (value == NULL)
    return CKKS_ERROR_MEMORY;
  ckks_status status = CKKS_OK;
  for (size_t f = 0; f < data->n_features && status == CKKS_OK; f++) {
    for (size_t r = 0; r < n; r++)
      value[r] = data->value[r * data->n_features + f];
    bool texts = t->texts != NULL && t->texts[f].n > 0;
    if (data->missing[f] == 0 && !texts && is_identifier(value, n, data->feature[f]))
      status =
          table_notes_add(data,
                          "column \"%.80s\" numbers the rows rather than describes them: if so, "
                          "--drop it",
                          data->feature[f]);
  }
  base_free(value);
  return status;
}
