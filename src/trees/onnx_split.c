/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A question y <= t of y = f(x), f a chain of steps, is one of x: where f ascends, the row goes the
 * other way from some x on, and bisection over the doubles finds it, whatever f rounds. Steps that
 * know single values (a one-hot encoder, a map) are constant between them, so trying each of them
 * and each gap tells all.
 */
#include "trees/onnx_split.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"

typedef struct asking {
  const trees_onnx_question *question;
  const trees_onnx_step *chain[TREES_ONNX_MAX_STEPS];
  size_t n_steps, n_smooth; /* those before the first that knows single values */
  bool falls;               /* the smooth ones, together */
  size_t *work;
} asking;

/* ---------------------------------------------------------------------- steps */

static double mapped(const trees_onnx_step *s, double x) {
  size_t low = 0, high = s->n_keys;
  while (low < high) {
    size_t middle = (low + high) / 2;
    if (s->key[middle] < x)
      low = middle + 1;
    else
      high = middle;
  }
  return low < s->n_keys && s->key[low] == x ? s->value[low] : s->a;
}

static double exact_step(const trees_onnx_step *s, double x) {
  switch (s->kind) {
  case TREES_ONNX_ROUND:
    return (double)(float)x;
  case TREES_ONNX_WHOLE:
    return trunc(x);
  case TREES_ONNX_FLOOR:
    return floor(x);
  case TREES_ONNX_CEIL:
    return ceil(x);
  case TREES_ONNX_ADD:
    return x + s->a;
  case TREES_ONNX_FROM:
    return s->a - x;
  case TREES_ONNX_MULTIPLY:
    return x * s->a;
  case TREES_ONNX_DIVIDE:
    return x / s->a;
  case TREES_ONNX_LEAST:
    return x < s->a ? s->a : x;
  case TREES_ONNX_MOST:
    return x > s->a ? s->a : x;
  case TREES_ONNX_ABOVE:
    return x > s->a;
  case TREES_ONNX_IMPUTE:
    return isnan(x) ? s->a : x;
  case TREES_ONNX_IS:
    return x == s->a;
  case TREES_ONNX_MAP:
    return mapped(s, x);
  }
  return x;
}

static double run(const asking *a, double x, size_t from, size_t to) {
  for (size_t i = from; i < to; i++) {
    x = exact_step(a->chain[i], x);
    if (a->chain[i]->floats)
      x = (double)(float)x;
  }
  *a->work += to - from + 1;
  return x;
}

static bool answer(const trees_onnx_question *q, double y) {
  double t = q->value[0];
  if (isnan(y))
    return q->missing_yes || q->mode == TREES_ONNX_NEQ;
  switch (q->mode) {
  case TREES_ONNX_LEQ:
    return y <= t;
  case TREES_ONNX_LT:
    return y < t;
  case TREES_ONNX_GTE:
    return y >= t;
  case TREES_ONNX_GT:
    return y > t;
  case TREES_ONNX_NEQ:
    return y != t;
  case TREES_ONNX_EQ:
  case TREES_ONNX_MEMBER:
  case TREES_ONNX_N_MODES:
    break;
  }
  for (size_t i = 0; i < q->n_values; i++)
    if (y == q->value[i])
      return true;
  return false;
}

static bool answer_behind(const asking *a, double y) {
  return answer(a->question, run(a, y, a->n_smooth, a->n_steps));
}

static bool turns(const trees_onnx_step *s) {
  return s->kind == TREES_ONNX_FROM ||
         ((s->kind == TREES_ONNX_MULTIPLY || s->kind == TREES_ONNX_DIVIDE) && s->a < 0.0);
}

static void line_up(asking *a, const trees_onnx_column *column) {
  const trees_onnx_step *s = column->last;
  a->n_steps = column->n_steps;
  for (size_t i = a->n_steps; i-- > 0; s = s->before)
    a->chain[i] = s;
  while (a->n_smooth < a->n_steps && a->chain[a->n_smooth]->kind < TREES_ONNX_IS)
    a->falls ^= turns(a->chain[a->n_smooth++]);
}

/* -------------------------------------------------------------------- doubles */

/* Doubles in their order as whole numbers. */
static int64_t place_of(double x) {
  int64_t bits;
  memcpy(&bits, &x, sizeof bits);
  return bits >= 0 ? bits : INT64_MIN - bits;
}

static double double_at(int64_t place) {
  int64_t bits = place >= 0 ? place : INT64_MIN - place;
  double x;
  memcpy(&x, &bits, sizeof x);
  return x;
}

/* Where the smooth part of the chain begins to be at least key (above it). */
typedef struct boundary {
  double key;
  bool above;
} boundary;

static bool beyond(const asking *a, double x, boundary b) {
  double y = run(a, x, 0, a->n_smooth);
  bool high = b.above ? y > b.key : y >= b.key;
  return high != a->falls;
}

/* The largest x that is not beyond it yet. -1: all are; 1: none is. */
static int find_edge(double *edge, const asking *a, boundary b) {
  int64_t low = place_of(-DBL_MAX), high = place_of(DBL_MAX);
  if (beyond(a, -DBL_MAX, b))
    return -1;
  if (!beyond(a, DBL_MAX, b))
    return 1;
  while ((uint64_t)high - (uint64_t)low > 1) {
    int64_t middle = (low & high) + ((low ^ high) >> 1);
    if (beyond(a, double_at(middle), b))
      high = middle;
    else
      low = middle;
  }
  *edge = double_at(low);
  return 0;
}

/* -------------------------------------------------------------------- numbers */

typedef struct edges {
  double *memory, *at;
  size_t n;
  bool first; /* what is answered below them */
} edges;

static int compare_numbers(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

/* An answer that changes at a boundary: where in x, and what is said before. */
static void add_edge(edges *e, const asking *a, boundary b) {
  double x;
  int where = find_edge(&x, a, b);
  if (where < 0)
    e->first = !e->first;
  else if (where == 0)
    e->at[e->n++] = x;
}

/* Two edges at one place say nothing. */
static void settle_edges(edges *e) {
  size_t n = 0;
  qsort(e->at, e->n, sizeof *e->at, compare_numbers);
  for (size_t i = 0; i < e->n; i++) {
    if (n > 0 && e->at[n - 1] == e->at[i])
      n--;
    else
      e->at[n++] = e->at[i];
  }
  e->n = n;
}

/* Keys, sorted: gap, key, gap, key, ..., gap; a gap without a double in it is none. */
static void find_edges(edges *e, const asking *a, const double *key, size_t n) {
  bool now = answer_behind(a, n > 0 ? nextafter(key[0], -INFINITY) : 0.0), lowest = now;
  for (size_t i = 0; i < n; i++) {
    double above = nextafter(key[i], INFINITY);
    bool at = answer_behind(a, key[i]);
    if (at != now)
      add_edge(e, a, (boundary){key[i], false});
    now = at;
    if (i + 1 < n && above >= key[i + 1])
      continue;
    bool behind = answer_behind(a, above);
    if (behind != now)
      add_edge(e, a, (boundary){key[i], true});
    now = behind;
  }
  /* Boundaries that all x are beyond have turned `first` already. */
  e->first ^= a->falls ? now : lowest;
  settle_edges(e);
}

static size_t keys_of(const asking *a, const double **key) {
  if (a->n_smooth == a->n_steps) {
    *key = a->question->value;
    return a->question->n_values;
  }
  const trees_onnx_step *s = a->chain[a->n_smooth];
  *key = s->kind == TREES_ONNX_IS ? &s->a : s->key;
  return s->kind == TREES_ONNX_IS ? 1 : s->n_keys;
}

static ckks_status ask_number(edges *e, const asking *a) {
  const double *key;
  size_t n = keys_of(a, &key);
  double *sorted = e->memory = base_alloc_array(3 * n + 1, sizeof *sorted);
  if (sorted == NULL)
    return base_fail_memory(3 * n * sizeof *sorted);
  memcpy(sorted, key, n * sizeof *sorted);
  qsort(sorted, n, sizeof *sorted, compare_numbers);
  e->at = sorted + n;
  find_edges(e, a, sorted, n);
  return CKKS_OK;
}

/* ----------------------------------------------------------------- categories */

/* The number of one that no step knows. */
#define UNKNOWN (-1.0)

static ckks_status ask_categories(edges *e, const asking *a, const trees_onnx_feature *f) {
  e->at = e->memory = base_alloc_array(f->n_values + 1, sizeof *e->at);
  if (e->at == NULL)
    return base_fail_memory(f->n_values * sizeof *e->at);
  for (size_t k = 0; k < f->n_values + !f->strict; k++) {
    double x = k == f->n_values ? UNKNOWN : f->texts ? (double)k : f->code[k];
    if (answer(a->question, run(a, x, 0, a->n_steps)))
      e->at[e->n++] = (double)k;
  }
  return CKKS_OK;
}

/* ---------------------------------------------------------------------- whole */

ckks_status trees_onnx_split_read(trees_ensemble *ensemble, trees_node *node, size_t *work,
                                  const trees_onnx_columns *columns, const trees_onnx_question *q) {
  const trees_onnx_column *column = &columns->column[q->column];
  const trees_onnx_feature *feature = &columns->feature[column->feature];
  bool categories = feature->texts || feature->coded;
  asking a = {.question = q, .work = work};
  edges e = {0};
  line_up(&a, column);
  if (*work > TREES_ONNX_MAX_WORK)
    return base_fail(CKKS_ERROR_FORMAT, "splits behind encoders of so many categories that they "
                                        "take for ever; train on fewer");
  ckks_status status = categories ? ask_categories(&e, &a, feature) : ask_number(&e, &a);
  /* What is said beyond the first edge, or of the categories found, goes right. */
  bool yes_right = categories || !e.first;
  bool missing_yes = answer(q, run(&a, (double)NAN, 0, a.n_steps));
  *node = (trees_node){.left = yes_right ? q->no : q->yes,
                       .right = yes_right ? q->yes : q->no,
                       .feature = column->feature,
                       .missing_right = missing_yes == yes_right,
                       .equal = categories};
  if (status == CKKS_OK)
    status = trees_ensemble_set_edges(ensemble, node, e.at, e.n);
  base_free(e.memory);
  return status;
}
