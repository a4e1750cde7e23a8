/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The arrays of ONNX's TreeEnsembleRegressor and TreeEnsembleClassifier as trees. Trees and nodes
 * have numbers of their own there, in any order; sorted, those of a tree lie together.
 */
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/wipe.h"
#include "trees/onnx.h"

/* A node, or a weight of one: where it stands in its arrays. */
typedef struct place {
  int64_t tree, node, id;
  size_t index;
} place;

typedef struct reading {
  trees_ensemble *ensemble;
  const trees_onnx_sums *sums;
  size_t n_nodes, n_weights, n_trees;
  const int64_t *feature, *yes, *no, *missing; /* missing may be NULL */
  const onnx_text *mode;
  const double *threshold, *weight;
  place *node, *of; /* sorted: nodes, and weights */
  size_t next;      /* weight */
  uint32_t *child;  /* of each sorted node: yes, no; places in its tree */
  uint8_t *is_child;
  double *value; /* of a leaf, for each output */
  size_t work;   /* of carrying splits back to the row */
} reading;

/* ------------------------------------------------------------------- arrays */

static ckks_status get_ints(const int64_t **out, const onnx_node *node, const char *name,
                            size_t n) {
  const onnx_attribute *a = onnx_graph_attribute(node, name);
  size_t have = a != NULL ? a->n_ints : 0;
  if (have != n)
    return base_fail(CKKS_ERROR_FORMAT, "%s: %zu numbers where %zu are needed", name, have, n);
  *out = a != NULL ? a->ints : NULL;
  return CKKS_OK;
}

/* Floats, or doubles in NAME_as_tensor. */
static ckks_status get_reals(const double **out, const onnx_node *node, const char *name,
                             size_t n) {
  char long_name[64];
  snprintf(long_name, sizeof long_name, "%s_as_tensor", name);
  const onnx_attribute *floats = onnx_graph_attribute(node, name),
                       *doubles = onnx_graph_attribute(node, long_name);
  size_t have = floats != NULL ? floats->n_floats : 0;
  *out = floats != NULL ? floats->floats : NULL;
  if (have == 0 && doubles != NULL && doubles->tensor != NULL && doubles->tensor->value != NULL) {
    have = doubles->tensor->n;
    *out = doubles->tensor->value;
  }
  if (have != n)
    return base_fail(CKKS_ERROR_FORMAT, "%s: %zu numbers where %zu are needed", name, have, n);
  return CKKS_OK;
}

/* How many elements there are, by the array that the others are held against. */
static ckks_status count(size_t *n, const onnx_node *node, const char *name, size_t limit) {
  const onnx_attribute *a = onnx_graph_attribute(node, name);
  *n = a != NULL ? a->n_ints : 0;
  if (*n == 0)
    return base_fail(CKKS_ERROR_FORMAT, "%s: missing or empty", name);
  if (*n > limit)
    return base_fail(CKKS_ERROR_FORMAT, "%s: %zu numbers; at most %zu are allowed", name, *n,
                     limit);
  return CKKS_OK;
}

static ckks_status get_nodes(reading *r) {
  const onnx_node *node = r->sums->node;
  const onnx_attribute *mode = onnx_graph_attribute(node, "nodes_modes");
  const onnx_attribute *missing = onnx_graph_attribute(node, "nodes_missing_value_tracks_true");
  BASE_TRY(count(&r->n_nodes, node, "nodes_treeids", TREES_MAX_NODES));
  BASE_TRY(get_ints(&r->feature, node, "nodes_featureids", r->n_nodes));
  BASE_TRY(get_ints(&r->yes, node, "nodes_truenodeids", r->n_nodes));
  BASE_TRY(get_ints(&r->no, node, "nodes_falsenodeids", r->n_nodes));
  BASE_TRY(get_reals(&r->threshold, node, "nodes_values", r->n_nodes));
  if (missing != NULL && missing->n_ints > 0)
    BASE_TRY(get_ints(&r->missing, node, "nodes_missing_value_tracks_true", r->n_nodes));
  if (mode == NULL || mode->n_strings != r->n_nodes)
    return base_fail(CKKS_ERROR_FORMAT, "nodes_modes: %zu texts where %zu are needed",
                     mode != NULL ? mode->n_strings : 0, r->n_nodes);
  r->mode = mode->strings;
  return CKKS_OK;
}

static int compare_places(const void *a, const void *b) {
  const place *p = a, *q = b;
  if (p->tree != q->tree)
    return p->tree < q->tree ? -1 : 1;
  if (p->node != q->node)
    return p->node < q->node ? -1 : 1;
  return p->id < q->id ? -1 : p->id > q->id;
}

/* Sorted; the same one twice would have two meanings. */
static ckks_status sort(place **out, const int64_t *tree, const int64_t *node, const int64_t *id,
                        size_t n, const char *what) {
  place *p = *out = base_alloc_array(n, sizeof *p);
  if (p == NULL)
    return base_fail_memory(n * sizeof *p);
  for (size_t i = 0; i < n; i++)
    p[i] = (place){tree[i], node[i], id != NULL ? id[i] : 0, i};
  qsort(p, n, sizeof *p, compare_places);
  for (size_t i = 1; i < n; i++)
    if (compare_places(&p[i - 1], &p[i]) == 0)
      return base_fail(CKKS_ERROR_FORMAT, "%s: tree %lld, node %lld is given twice", what,
                       (long long)p[i].tree, (long long)p[i].node);
  return CKKS_OK;
}

static ckks_status sort_nodes(reading *r) {
  const int64_t *tree = NULL, *number = NULL;
  BASE_TRY(get_ints(&tree, r->sums->node, "nodes_treeids", r->n_nodes));
  BASE_TRY(get_ints(&number, r->sums->node, "nodes_nodeids", r->n_nodes));
  return sort(&r->node, tree, number, NULL, r->n_nodes, "nodes_nodeids");
}

static ckks_status sort_weights(reading *r) {
  const onnx_node *node = r->sums->node;
  const int64_t *tree = NULL, *number = NULL, *id = NULL;
  bool c = r->sums->classifier;
  size_t limit = r->sums->column ? 1 : r->ensemble->n_outputs;
  const char *ids = c ? "class_ids" : "target_ids";
  BASE_TRY(count(&r->n_weights, node, ids, TREES_MAX_VALUES));
  BASE_TRY(get_ints(&id, node, ids, r->n_weights));
  BASE_TRY(get_ints(&tree, node, c ? "class_treeids" : "target_treeids", r->n_weights));
  BASE_TRY(get_ints(&number, node, c ? "class_nodeids" : "target_nodeids", r->n_weights));
  BASE_TRY(get_reals(&r->weight, node, c ? "class_weights" : "target_weights", r->n_weights));
  for (size_t i = 0; i < r->n_weights; i++)
    if (id[i] < 0 || (uint64_t)id[i] >= limit)
      return base_fail(CKKS_ERROR_FORMAT, "%s[%zu]: %lld of %zu", ids, i, (long long)id[i], limit);
  return sort(&r->of, tree, number, id, r->n_weights, c ? "class_nodeids" : "target_nodeids");
}

/* -------------------------------------------------------------------- nodes */

static const char *const modes[TREES_ONNX_N_MODES] = {"BRANCH_LEQ", "BRANCH_LT", "BRANCH_GTE",
                                                      "BRANCH_GT",  "BRANCH_EQ", "BRANCH_NEQ"};

static ckks_status read_split(trees_node *node, reading *r, size_t at, const uint32_t *child) {
  size_t i = r->node[at].index;
  int mode = 0;
  long long tree = (long long)r->node[at].tree, number = (long long)r->node[at].node;
  bool floats = r->sums->columns->type == TREES_ONNX_FLOAT;
  while (mode < TREES_ONNX_MEMBER && !onnx_wire_text_is(r->mode[i], modes[mode]))
    mode++;
  if (mode == TREES_ONNX_MEMBER)
    return base_fail(CKKS_ERROR_FORMAT,
                     "nodes_modes: tree %lld, node %lld: %.*s is no mode of ai.onnx.ml 3", tree,
                     number, ONNX_TEXT(r->mode[i]));
  if (!isfinite(r->threshold[i]) || (floats && fabs(r->threshold[i]) >= (double)FLT_MAX))
    return base_fail(
        CKKS_ERROR_FORMAT,
        "nodes_values: tree %lld, node %lld: the threshold %g is no finite number that "
        "rows lie on both sides of",
        tree, number, r->threshold[i]);
  if (r->missing != NULL && (r->missing[i] < 0 || r->missing[i] > 1))
    return base_fail(CKKS_ERROR_FORMAT,
                     "nodes_missing_value_tracks_true: tree %lld, node %lld: %lld, not 0 or 1",
                     tree, number, (long long)r->missing[i]);
  const trees_onnx_question question = {.mode = (trees_onnx_mode)mode,
                                        .column = (size_t)r->feature[i],
                                        .missing_yes = r->missing != NULL && r->missing[i] == 1,
                                        .n_values = 1,
                                        .value = &r->threshold[i],
                                        .yes = child[0],
                                        .no = child[1]};
  return trees_onnx_split_read(r->ensemble, node, &r->work, r->sums->columns, &question);
}

static size_t output_of(const reading *r, const place *weight) {
  return r->sums->column ? 1 : (size_t)weight->id;
}

/* Adds up the weights of a leaf; those before it belong to none. */
static ckks_status read_leaf(trees_node *node, reading *r, size_t at, size_t target) {
  const place *p = &r->node[at];
  size_t n = r->ensemble->n_outputs;
  memset(r->value, 0, n * sizeof *r->value);
  for (; r->next < r->n_weights; r->next++) {
    const place *w = &r->of[r->next];
    if (w->tree != p->tree || w->node != p->node)
      break;
    double add = r->weight[w->index] / (r->sums->average ? (double)r->n_trees : 1.0);
    r->value[output_of(r, w)] += add;
    if (r->sums->mirrored)
      r->value[0] -= add;
  }
  return target == TREES_ALL_OUTPUTS
             ? trees_ensemble_add_leaf(r->ensemble, node, r->value, n)
             : trees_ensemble_add_leaf(r->ensemble, node, &r->value[target], 1);
}

static bool is_leaf(const reading *r, size_t at) {
  return onnx_wire_text_is(r->mode[r->node[at].index], "LEAF");
}

/* -------------------------------------------------------------------- trees */

/* The place in its tree (nodes first to first + n) of the node of a number. */
static ckks_status find_child(uint32_t *out, const reading *r, size_t first, size_t n, size_t at,
                              int64_t number, const char *name) {
  size_t low = first, high = first + n;
  while (low < high) {
    size_t middle = low + (high - low) / 2;
    if (r->node[middle].node < number)
      low = middle + 1;
    else
      high = middle;
  }
  if (low == first + n || r->node[low].node != number)
    return base_fail(CKKS_ERROR_FORMAT, "%s: tree %lld, node %lld: its tree has no node %lld", name,
                     (long long)r->node[at].tree, (long long)r->node[at].node, (long long)number);
  *out = (uint32_t)(low - first);
  return CKKS_OK;
}

/* Children, and the root: a split, or the only leaf, that is the child of no node. */
static ckks_status find_children(size_t *root, reading *r, size_t first, size_t n) {
  for (size_t at = first; at < first + n; at++) {
    size_t i = r->node[at].index;
    uint32_t *child = &r->child[2 * at];
    if (is_leaf(r, at))
      continue;
    BASE_TRY(find_child(&child[0], r, first, n, at, r->yes[i], "nodes_truenodeids"));
    BASE_TRY(find_child(&child[1], r, first, n, at, r->no[i], "nodes_falsenodeids"));
    r->is_child[first + child[0]] = r->is_child[first + child[1]] = 1;
  }
  *root = 0;
  while (*root < n && (r->is_child[first + *root] || (n > 1 && is_leaf(r, first + *root))))
    ++*root;
  if (*root == n)
    return base_fail(CKKS_ERROR_FORMAT, "nodes_truenodeids: tree %lld: a cycle, it has no root",
                     (long long)r->node[first].tree);
  return CKKS_OK;
}

/* The only output that a tree adds to, or all of them. */
static size_t target_of(const reading *r, int64_t tree) {
  size_t target = SIZE_MAX;
  for (size_t w = r->next; w < r->n_weights && r->of[w].tree == tree; w++) {
    if (r->sums->mirrored || (target != SIZE_MAX && target != output_of(r, &r->of[w])))
      return TREES_ALL_OUTPUTS;
    target = output_of(r, &r->of[w]);
  }
  return target == SIZE_MAX ? 0 : target;
}

static uint32_t exchanged(size_t at, size_t root) {
  return (uint32_t)(at == root ? 0 : at == 0 ? root : at);
}

static ckks_status read_tree(reading *r, size_t first, size_t n) {
  size_t root, target = target_of(r, r->node[first].tree);
  trees_node *node;
  BASE_TRY(find_children(&root, r, first, n));
  BASE_TRY(trees_ensemble_add_tree(r->ensemble, n, target, &node));
  for (size_t k = 0; k < n; k++) {
    size_t at = first + k;
    const uint32_t child[2] = {exchanged(r->child[2 * at], root),
                               exchanged(r->child[2 * at + 1], root)};
    trees_node *to = &node[exchanged(k, root)];
    BASE_TRY(is_leaf(r, at) ? read_leaf(to, r, at, target) : read_split(to, r, at, child));
  }
  return CKKS_OK;
}

static size_t length_of_tree(const reading *r, size_t first) {
  size_t end = first + 1;
  while (end < r->n_nodes && r->node[end].tree == r->node[first].tree)
    end++;
  return end - first;
}

static ckks_status read_trees(reading *r) {
  for (size_t at = 0; at < r->n_nodes; at += length_of_tree(r, at))
    r->n_trees++;
  for (size_t at = 0, n; at < r->n_nodes; at += n) {
    n = length_of_tree(r, at);
    BASE_TRY(read_tree(r, at, n));
  }
  if (r->next == r->n_weights)
    return CKKS_OK;
  return base_fail(CKKS_ERROR_FORMAT, "%s: tree %lld has no leaf %lld",
                   r->sums->classifier ? "class_nodeids" : "target_nodeids",
                   (long long)r->of[r->next].tree, (long long)r->of[r->next].node);
}

/* ---------------------------------------------------------------- the whole */

static ckks_status take(reading *r) {
  r->child = base_alloc_array(2 * r->n_nodes, sizeof *r->child);
  r->is_child = base_alloc(r->n_nodes);
  r->value = base_alloc_array(r->ensemble->n_outputs, sizeof *r->value);
  if (r->child == NULL || r->is_child == NULL || r->value == NULL)
    return base_fail_memory(r->n_nodes * (2 * sizeof *r->child + 1));
  return CKKS_OK;
}

static ckks_status read_all(reading *r) {
  BASE_TRY(get_nodes(r));
  BASE_TRY(sort_nodes(r));
  BASE_TRY(sort_weights(r));
  BASE_TRY(take(r));
  return read_trees(r);
}

ckks_status trees_onnx_nodes_read(trees_ensemble *ensemble, const trees_onnx_sums *sums) {
  reading r = {.ensemble = ensemble, .sums = sums};
  ckks_status status = read_all(&r);
  if (r.value != NULL)
    base_wipe(r.value, ensemble->n_outputs * sizeof *r.value);
  base_free(r.value);
  base_free(r.node);
  base_free(r.of);
  base_free(r.child);
  base_free(r.is_child);
  return status;
}

ckks_status trees_onnx_nodes_features(size_t *n_features, const onnx_node *node) {
  const trees_onnx_sums sums = {.node = node};
  reading r = {.sums = &sums};
  *n_features = 1;
  BASE_TRY(get_nodes(&r));
  for (size_t i = 0; i < r.n_nodes; i++) {
    if (onnx_wire_text_is(r.mode[i], "LEAF"))
      continue;
    if (r.feature[i] < 0 || r.feature[i] >= ENCODING_MAX_INPUTS)
      return base_fail(CKKS_ERROR_FORMAT, "nodes_featureids[%zu]: %lld where 0 to %d are allowed",
                       i, (long long)r.feature[i], ENCODING_MAX_INPUTS - 1);
    if ((size_t)r.feature[i] >= *n_features)
      *n_features = (size_t)r.feature[i] + 1;
  }
  return CKKS_OK;
}
