/* SPDX-License-Identifier: Apache-2.0 */
#include "trees/onnx_steps.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define MAX_STEPS TREES_ONNX_MAX_TAKEN

ckks_status trees_onnx_steps_refuse(const trees_onnx_walk *w, const char *why) {
  char text[160];
  return base_fail(CKKS_ERROR_FORMAT, "%s (%.*s): %s", onnx_graph_node_name(text, w->node),
                   ONNX_TEXT(w->node->op), why);
}

static bool is(const trees_onnx_walk *w, const char *op) {
  return onnx_wire_text_is(w->node->op, op);
}

void *trees_onnx_steps_take(const trees_onnx_walk *w, size_t n, size_t size) {
  return onnx_graph_take(w->columns->graph, n > 0 ? n : 1, size);
}

/* ------------------------------------------------------------------ constants */

static const onnx_tensor *constant_of(const trees_onnx_walk *w, int value) {
  const onnx_graph *graph = w->columns->graph;
  if (value < 0)
    return NULL;
  if (graph->value[value].given != NULL)
    return graph->value[value].given;
  int at = graph->value[value].node;
  if (at < 0 || !onnx_wire_text_is(graph->node[at].op, "Constant"))
    return NULL;
  const onnx_attribute *a = onnx_graph_attribute(&graph->node[at], "value");
  return a != NULL ? a->tensor : NULL;
}

/* An input that is numbers given with the file; NULL after an error. */
static const onnx_tensor *numbers_of(const trees_onnx_walk *w, int input, const char *what) {
  const onnx_tensor *t = input < w->node->n_in ? constant_of(w, w->node->in[input]) : NULL;
  if (t == NULL || t->value == NULL || t->n == 0) {
    trees_onnx_steps_refuse(w, what);
    return NULL;
  }
  return t;
}

/* ---------------------------------------------------------------------- steps */

const trees_onnx_tensor *trees_onnx_steps_input(const trees_onnx_walk *w, int input) {
  static const trees_onnx_tensor none;
  int value = input < w->node->n_in ? w->node->in[input] : -1;
  return value >= 0 ? &w->of[value] : &none;
}

ckks_status trees_onnx_steps_set(trees_onnx_walk *w, trees_onnx_tensor result) {
  result.known = true;
  if (w->node->n_out < 1 || w->node->out[0] < 0)
    return trees_onnx_steps_refuse(w, "no output");
  w->of[w->node->out[0]] = result;
  return CKKS_OK;
}

ckks_status trees_onnx_steps_columns(trees_onnx_column **out, trees_onnx_walk *w, size_t n) {
  if (n == 0 || n > ENCODING_MAX_INPUTS)
    return base_fail(CKKS_ERROR_FORMAT, "%.*s: %zu columns where 1 to %d are allowed",
                     ONNX_TEXT(w->node->op), n, ENCODING_MAX_INPUTS);
  w->columns->n_taken += n;
  if (w->columns->n_taken > MAX_STEPS)
    return base_fail(CKKS_ERROR_FORMAT, "more than %zu steps before the trees", MAX_STEPS);
  *out = trees_onnx_steps_take(w, n, sizeof **out);
  return *out != NULL ? CKKS_OK : base_fail_memory(n * sizeof **out);
}

/* One step behind a column. */
ckks_status trees_onnx_steps_add(trees_onnx_column *out, trees_onnx_walk *w,
                                 const trees_onnx_column *column, trees_onnx_step step) {
  trees_onnx_step *s = trees_onnx_steps_take(w, 1, sizeof *s);
  if (s == NULL)
    return base_fail_memory(sizeof *s);
  if (column->n_steps == TREES_ONNX_MAX_STEPS)
    return base_fail(CKKS_ERROR_FORMAT, "more than %d steps before the trees in one column",
                     TREES_ONNX_MAX_STEPS);
  *s = step;
  s->before = column->last;
  *out = (trees_onnx_column){column->feature, column->n_steps + 1, s};
  return CKKS_OK;
}

bool trees_onnx_steps_whole(int type) {
  return type == TREES_ONNX_INT64 || type == TREES_ONNX_INT32 || type == TREES_ONNX_BOOL;
}

/* The same step of all columns, or a[i] of a list of them. */
ckks_status trees_onnx_steps_all(trees_onnx_tensor *t, trees_onnx_walk *w, trees_onnx_step step,
                                 const double *a, size_t n_a) {
  trees_onnx_column *out;
  if (t->type == TREES_ONNX_TEXT)
    return trees_onnx_steps_refuse(w, "computes with texts");
  if (a != NULL && n_a != 1 && n_a != t->n) {
    char why[96];
    snprintf(why, sizeof why, "%zu numbers for %zu columns", n_a, t->n);
    return trees_onnx_steps_refuse(w, why);
  }
  BASE_TRY(trees_onnx_steps_columns(&out, w, t->n));
  for (size_t i = 0; i < t->n; i++) {
    if (a != NULL)
      step.a = a[n_a == 1 ? 0 : i];
    if (isnan(step.a))
      return trees_onnx_steps_refuse(w, "a number that is none");
    BASE_TRY(trees_onnx_steps_add(&out[i], w, &t->column[i], step));
  }
  t->column = out;
  return CKKS_OK;
}

/* ------------------------------------------------------------------ operators */

ckks_status trees_onnx_steps_identity(trees_onnx_walk *w, trees_onnx_tensor t) {
  return trees_onnx_steps_set(w, t);
}

ckks_status trees_onnx_steps_cast(trees_onnx_walk *w, trees_onnx_tensor t) {
  const onnx_attribute *a = onnx_graph_attribute(w->node, "to");
  int to = a != NULL && a->i > 0 && a->i < 32 ? (int)a->i : 0;
  if (to == t.type)
    return trees_onnx_steps_set(w, t);
  if (t.type == TREES_ONNX_TEXT || (to != TREES_ONNX_FLOAT && to != TREES_ONNX_DOUBLE &&
                                    to != TREES_ONNX_INT64 && to != TREES_ONNX_INT32))
    return trees_onnx_steps_refuse(
        w, "between numbers of float, double, int32 and int64 alone; casts what trees "
           "compare to something that is neither");
  if (to == TREES_ONNX_FLOAT)
    BASE_TRY(trees_onnx_steps_all(&t, w, (trees_onnx_step){.kind = TREES_ONNX_ROUND}, NULL, 0));
  if (trees_onnx_steps_whole(to) && !trees_onnx_steps_whole(t.type))
    BASE_TRY(trees_onnx_steps_all(&t, w, (trees_onnx_step){.kind = TREES_ONNX_WHOLE}, NULL, 0));
  t.type = to;
  return trees_onnx_steps_set(w, t);
}

static ckks_status floats_of(const double **out, size_t *n, const trees_onnx_walk *w,
                             const char *name) {
  const onnx_attribute *a = onnx_graph_attribute(w->node, name);
  *n = a != NULL ? a->n_floats : 0;
  *out = a != NULL ? a->floats : NULL;
  return *n > 0 ? CKKS_OK
                : base_fail(CKKS_ERROR_FORMAT, "%.*s: no %s", ONNX_TEXT(w->node->op), name);
}

/* (x - offset) scale, in floats but of doubles, and floats in the end. */
ckks_status trees_onnx_steps_scaler(trees_onnx_walk *w, trees_onnx_tensor t) {
  const double *offset, *scale;
  size_t n_offset, n_scale;
  BASE_TRY(floats_of(&offset, &n_offset, w, "offset"));
  BASE_TRY(floats_of(&scale, &n_scale, w, "scale"));
  bool floats = t.type != TREES_ONNX_DOUBLE;
  double *minus = trees_onnx_steps_take(w, n_offset, sizeof *minus);
  if (minus == NULL)
    return base_fail_memory(n_offset * sizeof *minus);
  for (size_t i = 0; i < n_offset; i++)
    minus[i] = -offset[i];
  if (trees_onnx_steps_whole(t.type))
    BASE_TRY(trees_onnx_steps_all(&t, w, (trees_onnx_step){.kind = TREES_ONNX_ROUND}, NULL, 0));
  const trees_onnx_step add = {.kind = TREES_ONNX_ADD, .floats = floats};
  const trees_onnx_step multiply = {.kind = TREES_ONNX_MULTIPLY, .floats = true};
  BASE_TRY(trees_onnx_steps_all(&t, w, add, minus, n_offset));
  BASE_TRY(trees_onnx_steps_all(&t, w, multiply, scale, n_scale));
  t.type = TREES_ONNX_FLOAT;
  return trees_onnx_steps_set(w, t);
}

ckks_status trees_onnx_steps_imputer(trees_onnx_walk *w, trees_onnx_tensor t) {
  const onnx_attribute *a = onnx_graph_attribute(w->node, "replaced_value_float");
  const double *value;
  size_t n;
  if (a == NULL || !isnan(a->f))
    return trees_onnx_steps_refuse(
        w, "replaces a number that is not NaN; only missing values are imputed here");
  BASE_TRY(floats_of(&value, &n, w, "imputed_value_floats"));
  BASE_TRY(trees_onnx_steps_all(&t, w, (trees_onnx_step){.kind = TREES_ONNX_IMPUTE}, value, n));
  return trees_onnx_steps_set(w, t);
}

/* Sums, differences, products and quotients with numbers of the file. */
ckks_status trees_onnx_steps_arithmetic(trees_onnx_walk *w, trees_onnx_tensor t) {
  bool second = !trees_onnx_steps_input(w, 0)->known;
  const onnx_tensor *c = numbers_of(w, second ? 0 : 1, "of two columns; only with numbers");
  if (c == NULL)
    return CKKS_ERROR_FORMAT;
  if (second)
    t = *trees_onnx_steps_input(w, 1);
  if (!t.known)
    return trees_onnx_steps_refuse(w, "of two columns; only with numbers");
  trees_onnx_step s = {.kind = TREES_ONNX_ADD, .floats = t.type == TREES_ONNX_FLOAT};
  if (trees_onnx_steps_whole(t.type) && is(w, "Div"))
    return trees_onnx_steps_refuse(w, "divides whole numbers");
  if (is(w, "Div") && second)
    return trees_onnx_steps_refuse(w, "divides by a column");
  double *a = trees_onnx_steps_take(w, c->n, sizeof *a);
  if (a == NULL)
    return base_fail_memory(c->n * sizeof *a);
  for (size_t i = 0; i < c->n; i++)
    a[i] = is(w, "Sub") && !second ? -c->value[i] : c->value[i];
  if (is(w, "Sub") && second)
    s.kind = TREES_ONNX_FROM;
  else if (is(w, "Mul") || is(w, "Div"))
    s.kind = is(w, "Mul") ? TREES_ONNX_MULTIPLY : TREES_ONNX_DIVIDE;
  for (size_t i = 0; s.kind == TREES_ONNX_DIVIDE && i < c->n; i++)
    if (a[i] == 0.0)
      return trees_onnx_steps_refuse(w, "divides by 0");
  BASE_TRY(trees_onnx_steps_all(&t, w, s, a, c->n));
  return trees_onnx_steps_set(w, t);
}

ckks_status trees_onnx_steps_clip(trees_onnx_walk *w, trees_onnx_tensor t) {
  const onnx_attribute *low = onnx_graph_attribute(w->node, "min"),
                       *high = onnx_graph_attribute(w->node, "max");
  const onnx_tensor *from = w->node->n_in > 1 ? constant_of(w, w->node->in[1]) : NULL;
  const onnx_tensor *to = w->node->n_in > 2 ? constant_of(w, w->node->in[2]) : NULL;
  if ((w->node->n_in > 1 && w->node->in[1] >= 0 && from == NULL) ||
      (w->node->n_in > 2 && w->node->in[2] >= 0 && to == NULL))
    return trees_onnx_steps_refuse(w, "between numbers that the file does not give");
  if (low != NULL || (from != NULL && from->n == 1))
    BASE_TRY(trees_onnx_steps_all(&t, w, (trees_onnx_step){.kind = TREES_ONNX_LEAST},
                                  low != NULL ? &low->f : from->value, 1));
  if (high != NULL || (to != NULL && to->n == 1))
    BASE_TRY(trees_onnx_steps_all(&t, w, (trees_onnx_step){.kind = TREES_ONNX_MOST},
                                  high != NULL ? &high->f : to->value, 1));
  return trees_onnx_steps_set(w, t);
}

ckks_status trees_onnx_steps_simple(trees_onnx_walk *w, trees_onnx_tensor t) {
  trees_onnx_step s = {.kind = is(w, "Floor") ? TREES_ONNX_FLOOR : TREES_ONNX_CEIL};
  if (is(w, "Neg"))
    s.kind = TREES_ONNX_FROM;
  if (is(w, "Binarizer")) {
    const onnx_attribute *a = onnx_graph_attribute(w->node, "threshold");
    s = (trees_onnx_step){.kind = TREES_ONNX_ABOVE, .a = a != NULL ? a->f : 0.0};
  }
  BASE_TRY(trees_onnx_steps_all(&t, w, s, NULL, 0));
  return trees_onnx_steps_set(w, t);
}

/* -------------------------------------------------------------------- columns */

ckks_status trees_onnx_steps_select(trees_onnx_walk *w, trees_onnx_tensor t) {
  const onnx_attribute *axis = onnx_graph_attribute(w->node, "axis");
  const onnx_tensor *at = numbers_of(w, 1, "columns that the file does not name");
  trees_onnx_column *out;
  if (at == NULL)
    return CKKS_ERROR_FORMAT;
  if (is(w, "Gather") && (axis == NULL || (axis->i != 1 && axis->i != -1)))
    return trees_onnx_steps_refuse(w, "gathers rows");
  if (t.n_groups > 1)
    return trees_onnx_steps_refuse(w, "selects from what an encoder of several columns made");
  BASE_TRY(trees_onnx_steps_columns(&out, w, at->n));
  for (size_t i = 0; i < at->n; i++) {
    double k = at->value[i] < 0.0 ? at->value[i] + (double)t.n : at->value[i];
    if (!(k >= 0.0 && k < (double)t.n))
      return trees_onnx_steps_refuse(w, "selects a column that is not there");
    out[i] = t.column[(size_t)k];
  }
  t.column = out;
  t.n = at->n;
  return trees_onnx_steps_set(w, t);
}

/* Side by side; numbers of several types are floats then (FeatureVectorizer). */
ckks_status trees_onnx_steps_concat(trees_onnx_walk *w, trees_onnx_tensor first) {
  const onnx_attribute *axis = onnx_graph_attribute(w->node, "axis");
  size_t n = 0, at = 0;
  trees_onnx_column *out;
  bool vectorizer = is(w, "FeatureVectorizer");
  if (!vectorizer && (axis == NULL || axis->i == 0))
    return trees_onnx_steps_refuse(w, "stacks rows");
  for (int i = 0; i < w->node->n_in; i++) {
    const trees_onnx_tensor *t = trees_onnx_steps_input(w, i);
    if (!t->known)
      return trees_onnx_steps_refuse(w, "of columns and something else");
    if (t->n_groups > 1)
      return trees_onnx_steps_refuse(
          w, "of what an encoder of several columns made; an encoder for each, or a "
             "Reshape behind it");
    if (t->type != first.type && (!vectorizer || t->type == TREES_ONNX_TEXT))
      return trees_onnx_steps_refuse(w, "of several types");
    n += t->n;
  }
  BASE_TRY(trees_onnx_steps_columns(&out, w, n));
  for (int i = 0; i < w->node->n_in; i++) {
    trees_onnx_tensor t = *trees_onnx_steps_input(w, i);
    if (vectorizer && t.type != TREES_ONNX_FLOAT)
      BASE_TRY(trees_onnx_steps_all(&t, w, (trees_onnx_step){.kind = TREES_ONNX_ROUND}, NULL, 0));
    memcpy(out + at, t.column, t.n * sizeof *out);
    at += t.n;
  }
  first.column = out;
  first.n = n;
  if (vectorizer)
    first.type = TREES_ONNX_FLOAT;
  return trees_onnx_steps_set(w, first);
}

/* Rows stay rows: groups become columns. */
ckks_status trees_onnx_steps_reshape(trees_onnx_walk *w, trees_onnx_tensor t) {
  const onnx_tensor *shape = NULL;
  bool sound = true;
  if (is(w, "Reshape")) {
    shape = numbers_of(w, 1, "a shape that the file does not give");
    if (shape == NULL)
      return CKKS_ERROR_FORMAT;
    double last = shape->value[shape->n - 1], before = shape->value[0];
    sound = shape->n == 2 &&
            (last == (double)t.n || (last == -1.0 && before == 0.0 && t.n_groups == 1));
  } else if (is(w, "Flatten")) {
    const onnx_attribute *axis = onnx_graph_attribute(w->node, "axis");
    sound = axis == NULL || axis->i == 1;
  } else {
    sound = t.n_groups == 1; /* Squeeze of the one group of an encoder */
  }
  if (!sound)
    return trees_onnx_steps_refuse(w, "makes other rows of rows");
  t.n_groups = 1;
  return trees_onnx_steps_set(w, t);
}
