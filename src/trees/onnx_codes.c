/* SPDX-License-Identifier: Apache-2.0 */
/* Encoders of categories: of texts, and of numbers that stand for something. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "trees/onnx_steps.h"

#define MAX_LOOKED ((size_t)1 << 28)
#define MAX_STEPS TREES_ONNX_MAX_TAKEN

/* ----------------------------------------------------------------- categories */

/* The number of a text among those that the feature's steps know; it is one from now on. */
static ckks_status number_of(double *out, trees_onnx_walk *w, trees_onnx_feature *f,
                             onnx_text text) {
  size_t k = 0;
  while (k < f->n_values &&
         (f->text[k].n != text.n || memcmp(f->text[k].text, text.text, text.n) != 0))
    k++;
  *out = (double)k;
  w->n_looked += k;
  if (w->n_looked > MAX_LOOKED)
    return trees_onnx_steps_refuse(w, "too many categories");
  if (k < f->n_values)
    return CKKS_OK;
  if (k == ENCODING_MAX_VALUES - 1)
    return base_fail(CKKS_ERROR_FORMAT, "more than %d categories of one feature",
                     ENCODING_MAX_VALUES - 1);
  if (k == f->max_values) {
    onnx_text *more = trees_onnx_steps_take(w, 2 * k + 16, sizeof *more);
    if (more == NULL)
      return base_fail_memory((2 * k + 16) * sizeof *more);
    if (k > 0)
      memcpy(more, f->text, k * sizeof *more);
    f->text = more;
    f->max_values = 2 * k + 16;
  }
  f->text[f->n_values++] = text;
  return CKKS_OK;
}

/* Texts are a feature's own: nothing makes new ones. */
static ckks_status numbers_of_texts(double *key, trees_onnx_walk *w,
                                    const trees_onnx_column *column, const onnx_text *text,
                                    size_t n) {
  for (size_t k = 0; k < n; k++)
    BASE_TRY(number_of(&key[k], w, &w->columns->feature[column->feature], text[k]));
  return CKKS_OK;
}

static bool only_rounds(const trees_onnx_column *column) {
  for (const trees_onnx_step *s = column->last; s != NULL; s = s->before)
    if (s->kind != TREES_ONNX_ROUND && s->kind != TREES_ONNX_WHOLE && s->kind != TREES_ONNX_IMPUTE)
      return false;
  return true;
}

/* Numbers that an encoder must know are codes: categories, of which clients refuse others. */
static ckks_status take_codes(trees_onnx_walk *w, const trees_onnx_column *column,
                              const double *code, size_t n) {
  trees_onnx_feature *f = &w->columns->feature[column->feature];
  if (!only_rounds(column))
    return trees_onnx_steps_refuse(
        w, "refuses numbers that it does not know, which can be told of a column of the "
           "table alone; have it ignore them");
  f->strict = true;
  if (f->coded && (f->n_values != n || memcmp(f->code, code, n * sizeof *code) != 0))
    return trees_onnx_steps_refuse(w, "another encoder knows other codes of the same column");
  if (n >= ENCODING_MAX_VALUES)
    return trees_onnx_steps_refuse(w, "too many codes");
  f->coded = true;
  f->n_values = n;
  f->code = trees_onnx_steps_take(w, n, sizeof *f->code);
  if (f->code == NULL)
    return base_fail_memory(n * sizeof *f->code);
  memcpy(f->code, code, n * sizeof *code);
  return CKKS_OK;
}

static ckks_status one_hot_column(trees_onnx_column *out, trees_onnx_walk *w,
                                  const trees_onnx_tensor *t, size_t i, const onnx_attribute *cats,
                                  bool texts, bool strict) {
  size_t n = texts ? cats->n_strings : cats->n_ints;
  double *key = trees_onnx_steps_take(w, n, sizeof *key);
  trees_onnx_column column = t->column[i];
  if (key == NULL)
    return base_fail_memory(n * sizeof *key);
  for (size_t k = 0; !texts && k < n; k++)
    key[k] = (double)cats->ints[k];
  if (texts)
    BASE_TRY(numbers_of_texts(key, w, &column, cats->strings, n));
  if (texts && strict)
    w->columns->feature[column.feature].strict = true;
  if (!texts && strict)
    BASE_TRY(take_codes(w, &column, key, n));
  if (!texts && !trees_onnx_steps_whole(t->type)) /* as runtimes look numbers up */
    BASE_TRY(trees_onnx_steps_add(&column, w, &t->column[i],
                                  (trees_onnx_step){.kind = TREES_ONNX_WHOLE}));
  for (size_t k = 0; k < n; k++)
    BASE_TRY(trees_onnx_steps_add(&out[k], w, &column,
                                  (trees_onnx_step){.kind = TREES_ONNX_IS, .a = key[k]}));
  return CKKS_OK;
}

ckks_status trees_onnx_codes_one_hot(trees_onnx_walk *w, trees_onnx_tensor t) {
  bool texts = t.type == TREES_ONNX_TEXT;
  const onnx_attribute *cats =
      onnx_graph_attribute(w->node, texts ? "cats_strings" : "cats_int64s");
  const onnx_attribute *zeros = onnx_graph_attribute(w->node, "zeros");
  size_t n = cats == NULL ? 0 : texts ? cats->n_strings : cats->n_ints;
  trees_onnx_column *out;
  if (n == 0)
    return trees_onnx_steps_refuse(w, texts ? "a column of texts, and no cats_strings"
                                            : "no cats_int64s");
  if (n > ENCODING_MAX_INPUTS || t.n > ENCODING_MAX_INPUTS)
    return trees_onnx_steps_refuse(w, "too many categories");
  BASE_TRY(trees_onnx_steps_columns(&out, w, n * t.n));
  for (size_t i = 0; i < t.n; i++)
    BASE_TRY(one_hot_column(out + i * n, w, &t, i, cats, texts, zeros != NULL && zeros->i == 0));
  return trees_onnx_steps_set(
      w,
      (trees_onnx_tensor){.type = TREES_ONNX_FLOAT, .n = n * t.n, .n_groups = t.n, .column = out});
}

typedef struct pair {
  double key, value;
} pair;

static int compare_pairs(const void *a, const void *b) {
  double x = ((const pair *)a)->key, y = ((const pair *)b)->key;
  return (x > y) - (x < y);
}

/* Keys or values of a map: a list of one of three types, or (since 4) a tensor. */
static ckks_status list_of(double **out, size_t *n, trees_onnx_walk *w, const char *what) {
  char name[32];
  snprintf(name, sizeof name, "%s_floats", what);
  const onnx_attribute *floats = onnx_graph_attribute(w->node, name);
  snprintf(name, sizeof name, "%s_int64s", what);
  const onnx_attribute *ints = onnx_graph_attribute(w->node, name);
  snprintf(name, sizeof name, "%s_tensor", what);
  const onnx_attribute *tensor = onnx_graph_attribute(w->node, name);
  bool is_tensor = tensor != NULL && tensor->tensor != NULL && tensor->tensor->value != NULL;
  *n = floats != NULL && floats->n_floats > 0 ? floats->n_floats
       : ints != NULL                         ? ints->n_ints
       : is_tensor                            ? tensor->tensor->n
                                              : 0;
  *out = trees_onnx_steps_take(w, *n, sizeof **out);
  if (*out == NULL)
    return base_fail_memory(*n * sizeof **out);
  for (size_t i = 0; i < *n; i++)
    (*out)[i] = floats != NULL && floats->n_floats > 0 ? floats->floats[i]
                : ints != NULL                         ? (double)ints->ints[i]
                                                       : tensor->tensor->value[i];
  return CKKS_OK;
}

static double default_of(const trees_onnx_walk *w, bool whole) {
  const onnx_attribute *a =
      onnx_graph_attribute(w->node, whole ? "default_int64" : "default_float");
  const onnx_attribute *t = onnx_graph_attribute(w->node, "default_tensor");
  if (t != NULL && t->tensor != NULL && t->tensor->value != NULL && t->tensor->n == 1)
    return t->tensor->value[0];
  if (a != NULL)
    return whole ? (double)a->i : a->f;
  return whole ? -1.0 : -0.0;
}

static ckks_status map_column(trees_onnx_column *out, trees_onnx_walk *w,
                              const trees_onnx_column *column, const onnx_attribute *texts,
                              trees_onnx_step step) {
  size_t n = step.n_keys, n_kept = 0;
  double *key = trees_onnx_steps_take(w, n, sizeof *key),
         *value = trees_onnx_steps_take(w, n, sizeof *value);
  pair *sorted = trees_onnx_steps_take(w, n, sizeof *sorted);
  if (key == NULL || value == NULL || sorted == NULL)
    return base_fail_memory(n * sizeof *sorted);
  if (texts != NULL)
    BASE_TRY(numbers_of_texts(key, w, column, texts->strings, n));
  for (size_t k = 0; k < n; k++)
    sorted[k] = (pair){texts != NULL ? key[k] : step.key[k], step.value[k]};
  qsort(sorted, n, sizeof *sorted, compare_pairs);
  for (size_t k = 0; k < n; k++) {
    if (isnan(sorted[k].key)) /* is no number to be met */
      continue;
    if (n_kept > 0 && key[n_kept - 1] == sorted[k].key)
      return trees_onnx_steps_refuse(w, "a key occurs twice");
    key[n_kept] = sorted[k].key;
    value[n_kept++] = sorted[k].value;
  }
  step.n_keys = n_kept;
  step.key = key;
  step.value = value;
  return trees_onnx_steps_add(out, w, column, step);
}

ckks_status trees_onnx_codes_label_encoder(trees_onnx_walk *w, trees_onnx_tensor t) {
  bool texts = t.type == TREES_ONNX_TEXT;
  const onnx_attribute *keys = onnx_graph_attribute(w->node, "keys_strings");
  const onnx_attribute *whole = onnx_graph_attribute(w->node, "values_int64s");
  double *key = NULL, *value;
  size_t n, n_values;
  trees_onnx_column *out;
  BASE_TRY(list_of(&value, &n_values, w, "values"));
  if (texts)
    n = keys != NULL ? keys->n_strings : 0;
  else
    BASE_TRY(list_of(&key, &n, w, "keys"));
  if (n == 0 || n != n_values)
    return trees_onnx_steps_refuse(w, "keys and numbers as their values are read, as many of both");
  bool ints = whole != NULL && whole->n_ints > 0;
  trees_onnx_step step = {
      .kind = TREES_ONNX_MAP, .a = default_of(w, ints), .n_keys = n, .key = key, .value = value};
  BASE_TRY(trees_onnx_steps_columns(&out, w, t.n));
  w->columns->n_taken += 4 * n * t.n;
  if (w->columns->n_taken > 16 * MAX_STEPS)
    return trees_onnx_steps_refuse(w, "too many keys");
  for (size_t i = 0; i < t.n; i++)
    BASE_TRY(map_column(&out[i], w, &t.column[i], texts ? keys : NULL, step));
  t.column = out;
  t.type = ints ? TREES_ONNX_INT64 : TREES_ONNX_FLOAT;
  return trees_onnx_steps_set(w, t);
}
