/* SPDX-License-Identifier: Apache-2.0 */
#include "table/categories.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "table/notes.h"

#define ENOUGH_ROWS 20
#define ONE_IN 100

/* Numbers are one category however they are written. */
static size_t find_number(const table_texts *texts, const char *text) {
  double number, other;
  size_t k = 0;
  if (table_csv_number(&number, text) != TABLE_CSV_NUMBER)
    return texts->n;
  while (k < texts->n &&
         (table_csv_number(&other, texts->text[k]) != TABLE_CSV_NUMBER || other != number))
    k++;
  return k;
}

bool table_categories_note(double *value, table_texts *texts, const char *text) {
  size_t k = 0;
  if (texts->text == NULL) {
    texts->text = base_alloc_array(TABLE_MAX_TEXTS, sizeof *texts->text);
    texts->count = base_alloc_array(TABLE_MAX_TEXTS, sizeof *texts->count);
    if (texts->text == NULL || texts->count == NULL)
      return false;
  }
  while (k < texts->n && strcmp(texts->text[k], text) != 0)
    k++;
  if (k == texts->n && texts->forced)
    k = find_number(texts, text);
  if (k == TABLE_MAX_TEXTS || strlen(text) > ENCODING_MAX_NAME_BYTES)
    return false;
  if (k == texts->n)
    texts->text[texts->n++] = text;
  texts->count[k]++;
  *value = (double)k;
  return true;
}

/* The category whose name is that number, however the two are written; whether any is a number. */
static bool find_code(double *value, const encoding_feature *feature, double number) {
  bool codes = false;
  for (size_t k = 0; k < feature->n_values; k++) {
    double code;
    if (table_csv_number(&code, feature->category[k]) != TABLE_CSV_NUMBER)
      continue;
    codes = true;
    if (code == number)
      *value = (double)k;
  }
  return codes;
}

bool table_categories_find(double *value, size_t *n_unseen, const encoding_feature *feature,
                           const char *text) {
  double number;
  *value = encoding_input_category(feature, text);
  bool is_number = isnan(*value) && table_csv_number(&number, text) == TABLE_CSV_NUMBER;
  bool codes = is_number && find_code(value, feature, number);
  if (!isnan(*value))
    return true;
  if (!encoding_input_has_other(feature)) {
    *value = is_number && !codes ? number : *value;
    return is_number && !codes;
  }
  *value = (double)(feature->n_values - 1);
  ++*n_unseen;
  return true;
}

static int compare_texts(const void *a, const void *b) {
  return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Which of the texts are often enough there, sorted; a text that is called as all others is one. */
static size_t frequent(const char **kept, const table_texts *texts, size_t n_rows) {
  size_t n = 0;
  for (size_t k = 0; k < texts->n; k++)
    if ((texts->count[k] >= ENOUGH_ROWS || texts->count[k] * ONE_IN >= n_rows) &&
        strcmp(texts->text[k], ENCODING_OTHER) != 0)
      kept[n++] = texts->text[k];
  qsort(kept, n, sizeof *kept, compare_texts);
  return n;
}

static ckks_status settle_feature(table_columns *t, size_t f) {
  table_data *data = t->data;
  encoding_feature *feature = &data->input.feature[f];
  const char *kept[TABLE_MAX_TEXTS + 1] = {NULL};
  double number[TABLE_MAX_TEXTS];
  size_t n = frequent(kept, &t->texts[f], data->n_rows), n_texts = t->texts[f].n;
  kept[n] = ENCODING_OTHER;
  feature->kind = ENCODING_CATEGORIES;
  feature->missing = true;
  feature->category = table_columns_take(n + 1, sizeof *feature->category);
  if (feature->category == NULL)
    return CKKS_ERROR_MEMORY;
  feature->n_values = n + 1;
  for (size_t k = 0; k <= n; k++)
    BASE_TRY(encoding_names_set(&feature->category[k], kept[k]));
  for (size_t k = 0; k < n_texts; k++) {
    double found = encoding_input_category(feature, t->texts[f].text[k]);
    number[k] = isnan(found) ? (double)n : found;
  }
  for (size_t r = 0; r < data->n_rows; r++) {
    double *x = &data->value[r * data->n_features + f];
    *x = isnan(*x) ? *x : number[(size_t)*x];
  }
  if (n_texts > 0 && table_notes_is_date(t->texts[f].text[0]))
    return table_notes_add(
        data,
        "column \"%.80s\": dates or times, taken as %zu categories: make numbers "
        "of them, or --drop it",
        data->feature[f], n + (n_texts > n));
  if (n_texts == n)
    return table_notes_add(data, "column \"%.80s\": %zu categories", data->feature[f], n);
  return table_notes_add(data, "column \"%.80s\": %zu categories, %zu rarer ones together",
                         data->feature[f], n, n_texts - n);
}

ckks_status table_categories_settle(table_columns *t) {
  table_data *data = t->data;
  for (size_t f = 0; t->texts != NULL && f < data->n_features; f++) {
    if (t->texts[f].n == 0)
      continue;
    if (data->input.feature == NULL)
      BASE_TRY(encoding_input_init(&data->input, data->n_features));
    BASE_TRY(settle_feature(t, f));
  }
  return data->input.feature != NULL ? encoding_input_finish(&data->input) : CKKS_OK;
}
