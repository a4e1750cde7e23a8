/* SPDX-License-Identifier: Apache-2.0 */
/*
 * LightGBM's text model (src/io/tree.cpp there, versions v2 to v4): lines "key=value", a block for
 * each tree. Rows are doubles, x <= threshold goes left; a child -1 - j is leaf j.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "trees/formats.h"

#define CATEGORICAL 1u
#define DEFAULT_LEFT 2u
enum { MISSING_NONE, MISSING_ZERO, MISSING_NAN, N_MISSING };

/* Lines of the file are found by their keys; those of a tree within its block. */
typedef struct block {
  const char *text, *end;
} block;

typedef struct objective {
  const char *name;
  encoding_kind kind;
  encoding_end end;
} objective;

static const objective objectives[] = {{"regression", ENCODING_VALUES, ENCODING_END_NONE},
                                       {"regression_l1", ENCODING_VALUES, ENCODING_END_NONE},
                                       {"huber", ENCODING_VALUES, ENCODING_END_NONE},
                                       {"fair", ENCODING_VALUES, ENCODING_END_NONE},
                                       {"quantile", ENCODING_VALUES, ENCODING_END_NONE},
                                       {"mape", ENCODING_VALUES, ENCODING_END_NONE},
                                       {"lambdarank", ENCODING_VALUES, ENCODING_END_NONE},
                                       {"poisson", ENCODING_VALUES, ENCODING_END_EXP},
                                       {"gamma", ENCODING_VALUES, ENCODING_END_EXP},
                                       {"tweedie", ENCODING_VALUES, ENCODING_END_EXP},
                                       {"cross_entropy", ENCODING_VALUES, ENCODING_END_SIGMOID},
                                       {"binary", ENCODING_CLASSES, ENCODING_END_SOFTMAX},
                                       {"multiclass", ENCODING_CLASSES, ENCODING_END_SOFTMAX},
                                       {"multiclassova", ENCODING_CLASSES, ENCODING_END_SIGMOID}};

/* The value behind "key=" on a line of its own, and its length; NULL when there is none. */
static const char *find(size_t *n, const block *b, const char *key) {
  size_t n_key = strlen(key);
  for (const char *line = b->text; line < b->end;) {
    const char *end = memchr(line, '\n', (size_t)(b->end - line));
    if (end == NULL)
      end = b->end;
    if ((size_t)(end - line) > n_key && memcmp(line, key, n_key) == 0 && line[n_key] == '=') {
      *n = (size_t)(end - line) - n_key - 1;
      if (*n > 0 && line[n_key + *n] == '\r')
        --*n;
      return line + n_key + 1;
    }
    line = end + 1;
  }
  *n = 0;
  return NULL;
}

/* Whether there is a line of that word alone. */
static bool has_line(const block *b, const char *word) {
  size_t n = strlen(word);
  for (const char *line = b->text; line != NULL && (size_t)(b->end - line) > n;) {
    if (memcmp(line, word, n) == 0 && (line[n] == '\n' || line[n] == '\r'))
      return true;
    line = memchr(line, '\n', (size_t)(b->end - line));
    line = line != NULL ? line + 1 : NULL;
  }
  return false;
}

/* Exactly n numbers, blanks between: the text ends in a NUL somewhere behind the block. */
static ckks_status read_numbers(double *out, size_t n, const block *b, const char *key,
                                const char *where) {
  size_t n_text;
  const char *at = find(&n_text, b, key);
  if (at == NULL)
    return base_fail(CKKS_ERROR_FORMAT, "%s: no line \"%s=\"", where, key);
  const char *end = at + n_text;
  for (size_t i = 0; i < n; i++) {
    char *next = NULL;
    while (at < end && *at == ' ')
      at++;
    out[i] = at < end ? strtod(at, &next) : (double)NAN;
    if (at >= end || next == at || next > end || !isfinite(out[i]))
      return base_fail(CKKS_ERROR_FORMAT, "%s: %s: number %zu of %zu is none", where, key, i, n);
    at = next;
  }
  while (at < end && *at == ' ')
    at++;
  return at == end ? CKKS_OK
                   : base_fail(CKKS_ERROR_FORMAT, "%s: %s: more than %zu numbers", where, key, n);
}

static ckks_status read_count(size_t *out, size_t low, size_t high, const block *b, const char *key,
                              const char *where) {
  double value;
  BASE_TRY(read_numbers(&value, 1, b, key, where));
  if (!(value >= (double)low && value <= (double)high) || value != floor(value))
    return base_fail(CKKS_ERROR_FORMAT, "%s: %s: %g where %zu to %zu is allowed", where, key, value,
                     low, high);
  *out = (size_t)value;
  return CKKS_OK;
}

/* ---------------------------------------------------------------- one tree */

/* The five rows of numbers that the splits of a tree are. */
enum { FEATURE, THRESHOLD, DECISION, LEFT, RIGHT, N_ROWS };

static ckks_status child(uint32_t *out, double number, size_t n_leaves, const char *where) {
  double n_splits = (double)n_leaves - 1.0;
  if (number != floor(number) || number < -(double)n_leaves || number >= n_splits)
    return base_fail(CKKS_ERROR_FORMAT, "%s: child %g of %zu leaves", where, number, n_leaves);
  *out = (uint32_t)(number >= 0.0 ? number : n_splits - 1.0 - number);
  return CKKS_OK;
}

static ckks_status read_split(trees_node *node, const double *rows, size_t i, size_t n_leaves,
                              const char *where) {
  size_t n = n_leaves - 1;
  double decision = rows[DECISION * n + i], edge = rows[THRESHOLD * n + i];
  double feature = rows[FEATURE * n + i];
  if (!(decision >= 0.0 && decision < 4.0 * N_MISSING) || decision != floor(decision) ||
      feature < 0.0 || feature > ENCODING_MAX_FEATURES || feature != floor(feature))
    return base_fail(CKKS_ERROR_FORMAT, "%s: split %zu is none", where, i);
  unsigned bits = (unsigned)decision, missing = bits >> 2;
  bool left = (bits & DEFAULT_LEFT) != 0, zero_left = 0.0 <= edge;
  if ((bits & CATEGORICAL) != 0)
    return base_fail(CKKS_ERROR_FORMAT,
                     "%s: split %zu is on categories; one-hot encode them before training", where,
                     i);
  if (missing == MISSING_ZERO && left != zero_left)
    return base_fail(CKKS_ERROR_FORMAT,
                     "%s: split %zu sends zeros another way than its threshold; train with "
                     "zero_as_missing=false",
                     where, i);
  *node = (trees_node){.feature = (uint32_t)feature,
                       .edge = edge,
                       .missing_right = missing == MISSING_NAN ? !left : !zero_left};
  BASE_TRY(child(&node->left, rows[LEFT * n + i], n_leaves, where));
  return child(&node->right, rows[RIGHT * n + i], n_leaves, where);
}

static ckks_status fill_tree(trees_ensemble *e, trees_node *node, double *rows, double *leaves,
                             size_t n_leaves, const block *b, double factor, const char *where) {
  static const char *const keys[N_ROWS] = {"split_feature", "threshold", "decision_type",
                                           "left_child", "right_child"};
  size_t n_splits = n_leaves - 1;
  for (size_t k = 0; k < N_ROWS && n_splits > 0; k++)
    BASE_TRY(read_numbers(rows + k * n_splits, n_splits, b, keys[k], where));
  BASE_TRY(read_numbers(leaves, n_leaves, b, "leaf_value", where));
  for (size_t i = 0; i < n_splits; i++)
    BASE_TRY(read_split(&node[i], rows, i, n_leaves, where));
  for (size_t j = 0; j < n_leaves; j++) {
    leaves[j] *= factor;
    BASE_TRY(trees_ensemble_add_leaf(e, &node[n_splits + j], &leaves[j], 1));
  }
  return CKKS_OK;
}

static ckks_status read_tree(trees_ensemble *e, const block *b, size_t target, double factor,
                             size_t t) {
  char where[32];
  size_t n_leaves, n_linear = 0, n_text;
  trees_node *node;
  snprintf(where, sizeof where, "tree %zu", t);
  BASE_TRY(read_count(&n_leaves, 1, TREES_MAX_NODES / 2, b, "num_leaves", where));
  if (find(&n_text, b, "is_linear") != NULL)
    BASE_TRY(read_count(&n_linear, 0, 1, b, "is_linear", where));
  if (n_linear != 0)
    return base_fail(CKKS_ERROR_FORMAT, "%s: linear leaves; train with linear_tree=false", where);
  BASE_TRY(trees_ensemble_add_tree(e, 2 * n_leaves - 1, target, &node));
  double *rows = base_alloc_array((N_ROWS + 1) * n_leaves, sizeof *rows);
  if (rows == NULL)
    return base_fail_memory((N_ROWS + 1) * n_leaves * sizeof *rows);
  ckks_status status =
      fill_tree(e, node, rows, rows + N_ROWS * n_leaves, n_leaves, b, factor, where);
  base_free(rows);
  return status;
}

/* ---------------------------------------------------------------- the whole */

static bool is_word(const char *text, size_t n, const char *word) {
  return strlen(word) == n && memcmp(text, word, n) == 0;
}

/* "binary sigmoid:1", "multiclass num_class:3", "regression sqrt", ... */
static ckks_status read_objective(const objective **o, double *factor, const block *head) {
  size_t n;
  const char *text = find(&n, head, "objective");
  *factor = 1.0;
  *o = &objectives[0]; /* a model without the line gives its sums */
  if (text == NULL)
    return CKKS_OK;
  const char *end = text + n;
  size_t n_name = 0;
  while (n_name < n && text[n_name] != ' ')
    n_name++;
  *o = NULL;
  for (size_t i = 0; i < sizeof objectives / sizeof objectives[0]; i++)
    if (is_word(text, n_name, objectives[i].name))
      *o = &objectives[i];
  if (*o == NULL)
    return base_fail(CKKS_ERROR_FORMAT, "objective \"%.*s\" is not known here (docs/trees.md)",
                     (int)(n_name < 40 ? n_name : 40), text);
  for (const char *at = text + n_name; at < end;) {
    while (at < end && *at == ' ')
      at++;
    const char *word = at;
    while (at < end && *at != ' ')
      at++;
    if (is_word(word, (size_t)(at - word), "sqrt"))
      return base_fail(CKKS_ERROR_FORMAT, "objective: square roots of the label (reg_sqrt) are not "
                                          "undone here; train without");
    if (at - word > 8 && memcmp(word, "sigmoid:", 8) == 0)
      *factor = strtod(word + 8, NULL);
  }
  return isfinite(*factor) && *factor > 0.0
             ? CKKS_OK
             : base_fail(CKKS_ERROR_FORMAT, "objective: sigmoid:%g", *factor);
}

static ckks_status read_names(trees_ensemble *e, const block *head) {
  size_t n, i = 0;
  const char *at = find(&n, head, "feature_names");
  const char *end = at != NULL ? at + n : NULL;
  char name[ENCODING_MAX_NAME_BYTES + 1];
  for (; at != NULL && at < end && i < e->n_features; i++) {
    size_t n_name = 0;
    while (at + n_name < end && at[n_name] != ' ')
      n_name++;
    if (n_name < 1 || n_name > ENCODING_MAX_NAME_BYTES)
      return base_fail(CKKS_ERROR_FORMAT, "feature_names: name %zu has %zu bytes", i, n_name);
    memcpy(name, at, n_name);
    name[n_name] = '\0';
    BASE_TRY(encoding_names_set(&e->feature[i], name));
    at += n_name + 1;
  }
  return at == NULL || i == e->n_features
             ? CKKS_OK
             : base_fail(CKKS_ERROR_FORMAT, "feature_names: %zu of %zu", i, e->n_features);
}

/* The next "Tree=" at the beginning of a line, or the end. */
static const char *next_tree(const char *at, const char *end) {
  while (at < end) {
    if (end - at > 5 && memcmp(at, "Tree=", 5) == 0)
      return at;
    const char *line = memchr(at, '\n', (size_t)(end - at));
    at = line != NULL ? line + 1 : end;
  }
  return end;
}

static const char *end_of_trees(const char *text, const char *end) {
  static const char words[] = "\nend of trees";
  for (const char *at = text; (size_t)(end - at) >= sizeof words - 1; at++)
    if (*at == '\n' && memcmp(at, words, sizeof words - 1) == 0)
      return at;
  return NULL;
}

ckks_status trees_lightgbm_read(trees_ensemble *e, const char *text, size_t n_bytes) {
  const objective *o;
  double factor;
  size_t n_classes, max_feature, n_trees = 0, t = 0;
  const char *end = end_of_trees(text, text + n_bytes);
  if (end == NULL)
    return base_fail(CKKS_ERROR_FORMAT, "no line \"end of trees\": the file is cut off");
  const block head = {text, next_tree(text, end)};
  BASE_TRY(read_count(&n_classes, 1, ENCODING_MAX_CLASSES, &head, "num_class", "head"));
  BASE_TRY(
      read_count(&max_feature, 0, ENCODING_MAX_FEATURES - 1, &head, "max_feature_idx", "head"));
  BASE_TRY(read_objective(&o, &factor, &head));
  for (const char *at = head.end; at < end; at = next_tree(at + 1, end))
    n_trees++;
  if (n_trees % n_classes != 0)
    return base_fail(CKKS_ERROR_FORMAT, "%zu trees for %zu classes", n_trees, n_classes);
  /* Two classes are scores 0 and z, whose softmax is what the sigmoid says of z. */
  size_t first = o->kind == ENCODING_CLASSES && n_classes == 1 ? 1 : 0;
  BASE_TRY(trees_ensemble_init(e, max_feature + 1, n_classes + first));
  e->meaning = (encoding_meaning){.kind = o->kind, .end = o->end};
  BASE_TRY(read_names(e, &head));
  /* A forest's sums are means over its iterations. */
  if (has_line(&head, "average_output") && n_trees > 0)
    factor /= (double)(n_trees / n_classes);
  for (const char *at = head.end; at < end; t++) {
    const block tree = {at, next_tree(at + 1, end)};
    BASE_TRY(read_tree(e, &tree, first + t % n_classes, factor, t));
    at = tree.end;
  }
  return CKKS_OK;
}
