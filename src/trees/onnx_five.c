/* SPDX-License-Identifier: Apache-2.0 */
/*
 * TreeEnsemble of ai.onnx.ml 5: splits and leaves are two lists, trees are given by their roots,
 * and a child is a place in one list or the other. A leaf adds one weight to one target.
 */
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "trees/onnx.h"

typedef struct reading {
  trees_ensemble *ensemble;
  const trees_onnx_sums *sums;
  size_t n_nodes, n_leaves, n_trees;
  const int64_t *root, *feature, *yes, *no, *yes_leaf, *no_leaf, *target;
  const int64_t *missing; /* may be NULL */
  const double *threshold, *mode, *weight, *member;
  size_t n_members;
  size_t *sets; /* of each node: where its members begin; n_nodes + 1 */
  uint8_t *met; /* splits: each belongs to one tree */
  size_t work;
} reading;

/* ---------------------------------------------------------------------- arrays */

static ckks_status get_ints(const int64_t **out, size_t *n, const onnx_node *node, const char *name,
                            size_t wanted) {
  const onnx_attribute *a = onnx_graph_attribute(node, name);
  size_t have = a != NULL ? a->n_ints : 0;
  if (have == 0 || (wanted > 0 && have != wanted))
    return base_fail(CKKS_ERROR_FORMAT, "%s: %zu numbers where %zu are needed", name, have, wanted);
  if (n != NULL)
    *n = have;
  *out = a->ints;
  return CKKS_OK;
}

static ckks_status get_reals(const double **out, size_t *n, const onnx_node *node, const char *name,
                             size_t wanted) {
  const onnx_attribute *a = onnx_graph_attribute(node, name);
  const onnx_tensor *t = a != NULL ? a->tensor : NULL;
  size_t have = t != NULL && t->value != NULL ? t->n : 0;
  if (have == 0 || (wanted > 0 && have != wanted))
    return base_fail(CKKS_ERROR_FORMAT, "%s: a tensor of %zu numbers where %zu are needed", name,
                     have, wanted);
  if (n != NULL)
    *n = have;
  *out = t->value;
  return CKKS_OK;
}

static ckks_status get_nodes(reading *r) {
  const onnx_node *node = r->sums->node;
  const onnx_attribute *missing = onnx_graph_attribute(node, "nodes_missing_value_tracks_true");
  BASE_TRY(get_ints(&r->feature, &r->n_nodes, node, "nodes_featureids", 0));
  if (r->n_nodes > TREES_MAX_NODES)
    return base_fail(CKKS_ERROR_FORMAT, "nodes_featureids: %zu numbers; at most %zu are allowed",
                     r->n_nodes, TREES_MAX_NODES);
  BASE_TRY(get_ints(&r->yes, NULL, node, "nodes_truenodeids", r->n_nodes));
  BASE_TRY(get_ints(&r->no, NULL, node, "nodes_falsenodeids", r->n_nodes));
  BASE_TRY(get_ints(&r->yes_leaf, NULL, node, "nodes_trueleafs", r->n_nodes));
  BASE_TRY(get_ints(&r->no_leaf, NULL, node, "nodes_falseleafs", r->n_nodes));
  BASE_TRY(get_reals(&r->threshold, NULL, node, "nodes_splits", r->n_nodes));
  BASE_TRY(get_reals(&r->mode, NULL, node, "nodes_modes", r->n_nodes));
  if (missing != NULL && missing->n_ints > 0)
    BASE_TRY(get_ints(&r->missing, NULL, node, "nodes_missing_value_tracks_true", r->n_nodes));
  for (size_t i = 0; i < r->n_nodes; i++)
    if (!(r->mode[i] >= 0.0 && r->mode[i] < TREES_ONNX_N_MODES) || r->mode[i] != floor(r->mode[i]))
      return base_fail(CKKS_ERROR_FORMAT, "nodes_modes[%zu]: %g is no mode", i, r->mode[i]);
  return CKKS_OK;
}

static ckks_status get_leaves(reading *r) {
  const onnx_node *node = r->sums->node;
  BASE_TRY(get_ints(&r->target, &r->n_leaves, node, "leaf_targetids", 0));
  BASE_TRY(get_reals(&r->weight, NULL, node, "leaf_weights", r->n_leaves));
  BASE_TRY(get_ints(&r->root, &r->n_trees, node, "tree_roots", 0));
  for (size_t i = 0; i < r->n_leaves; i++)
    if (r->target[i] < 0 || (uint64_t)r->target[i] >= r->ensemble->n_outputs)
      return base_fail(CKKS_ERROR_FORMAT, "leaf_targetids[%zu]: %lld of %zu", i,
                       (long long)r->target[i], r->ensemble->n_outputs);
  return CKKS_OK;
}

/* Sets of members stand one behind the other in the order of their nodes, NaN behind each. */
static ckks_status get_members(reading *r) {
  size_t at = 0, n_sets = 0;
  for (size_t i = 0; i < r->n_nodes; i++)
    n_sets += (trees_onnx_mode)r->mode[i] == TREES_ONNX_MEMBER;
  if (n_sets > 0)
    BASE_TRY(get_reals(&r->member, &r->n_members, r->sums->node, "membership_values", 0));
  r->sets = base_alloc_array(r->n_nodes + 1, sizeof *r->sets);
  r->met = base_alloc(r->n_nodes);
  if (r->sets == NULL || r->met == NULL)
    return base_fail_memory(r->n_nodes * sizeof *r->sets);
  for (size_t i = 0; i < r->n_nodes; i++) {
    r->sets[i] = at;
    if ((trees_onnx_mode)r->mode[i] != TREES_ONNX_MEMBER)
      continue;
    while (at < r->n_members && !isnan(r->member[at]))
      at++;
    if (at == r->n_members || at == r->sets[i])
      return base_fail(CKKS_ERROR_FORMAT, "membership_values: none for node %zu", i);
    at++; /* NaN */
  }
  r->sets[r->n_nodes] = at;
  return at == r->n_members
             ? CKKS_OK
             : base_fail(CKKS_ERROR_FORMAT, "membership_values: %zu too many", r->n_members - at);
}

/* ----------------------------------------------------------------------- trees */

/* A child, as it stands in the file, and where it goes in the tree. */
typedef struct place {
  int64_t index;
  bool leaf;
} place;

static ckks_status check_place(const reading *r, place p, const char *name) {
  size_t n = p.leaf ? r->n_leaves : r->n_nodes;
  if (p.index < 0 || (uint64_t)p.index >= n)
    return base_fail(CKKS_ERROR_FORMAT, "%s: %s %lld of %zu", name, p.leaf ? "leaf" : "node",
                     (long long)p.index, n);
  if (!p.leaf && r->met[p.index])
    return base_fail(CKKS_ERROR_FORMAT, "%s: node %lld is reached twice", name, (long long)p.index);
  if (!p.leaf)
    r->met[p.index] = 1;
  return CKKS_OK;
}

/* The nodes of a tree in the order in which they are met, the root first. */
static ckks_status list_tree(place *list, size_t *n, reading *r, int64_t root) {
  *n = 1;
  list[0] = (place){root, false};
  BASE_TRY(check_place(r, list[0], "tree_roots"));
  for (size_t k = 0; k < *n; k++) {
    if (list[k].leaf)
      continue;
    size_t i = (size_t)list[k].index;
    list[*n] = (place){r->yes[i], r->yes_leaf[i] != 0};
    list[*n + 1] = (place){r->no[i], r->no_leaf[i] != 0};
    BASE_TRY(check_place(r, list[*n], "nodes_truenodeids"));
    BASE_TRY(check_place(r, list[*n + 1], "nodes_falsenodeids"));
    *n += 2;
  }
  return CKKS_OK;
}

static size_t target_of(const reading *r, const place *list, size_t n) {
  size_t target = SIZE_MAX;
  for (size_t k = 0; k < n; k++) {
    if (!list[k].leaf)
      continue;
    size_t this = (size_t)r->target[list[k].index];
    if (target != SIZE_MAX && target != this)
      return TREES_ALL_OUTPUTS;
    target = this;
  }
  return target;
}

static ckks_status read_leaf(trees_node *node, const reading *r, int64_t i, size_t target) {
  double value[ENCODING_MAX_CLASSES] = {0};
  size_t output = (size_t)r->target[i];
  double weight = r->weight[i] / (r->sums->average ? (double)r->n_trees : 1.0);
  if (target != TREES_ALL_OUTPUTS)
    return trees_ensemble_add_leaf(r->ensemble, node, &weight, 1);
  value[output] = weight;
  return trees_ensemble_add_leaf(r->ensemble, node, value, r->ensemble->n_outputs);
}

static ckks_status read_split(trees_node *node, reading *r, size_t i, uint32_t yes) {
  bool floats = r->sums->columns->type == TREES_ONNX_FLOAT;
  trees_onnx_question q = {.mode = (trees_onnx_mode)r->mode[i],
                           .column = (size_t)r->feature[i],
                           .missing_yes = r->missing != NULL && r->missing[i] != 0,
                           .n_values = 1,
                           .value = &r->threshold[i],
                           .yes = yes,
                           .no = yes + 1};
  if (q.mode == TREES_ONNX_MEMBER && q.missing_yes)
    return base_fail(CKKS_ERROR_FORMAT,
                     "nodes_missing_value_tracks_true[%zu]: of a set (BRANCH_MEMBER), which ONNX "
                     "Runtime (1.30) does not follow; write it with 0",
                     i);
  if (q.mode == TREES_ONNX_MEMBER) {
    q.value = r->member + r->sets[i];
    q.n_values = r->sets[i + 1] - r->sets[i] - 1;
  }
  for (size_t k = 0; k < q.n_values; k++)
    if (!isfinite(q.value[k]) || (floats && fabs(q.value[k]) >= (double)FLT_MAX))
      return base_fail(CKKS_ERROR_FORMAT,
                       "nodes_splits[%zu]: %g is no finite number that rows lie "
                       "on both sides of",
                       i, q.value[k]);
  return trees_onnx_split_read(r->ensemble, node, &r->work, r->sums->columns, &q);
}

/* Children stand in the list two by two, in the order of their parents. */
static ckks_status read_tree(reading *r, const place *list, size_t n) {
  trees_node *node;
  uint32_t next = 1;
  size_t target = target_of(r, list, n);
  BASE_TRY(trees_ensemble_add_tree(r->ensemble, n, target, &node));
  for (size_t k = 0; k < n; k++) {
    if (list[k].leaf) {
      BASE_TRY(read_leaf(&node[k], r, list[k].index, target));
      continue;
    }
    BASE_TRY(read_split(&node[k], r, (size_t)list[k].index, next));
    next += 2;
  }
  return CKKS_OK;
}

static ckks_status read_trees(reading *r) {
  place *list = base_alloc_array(2 * r->n_nodes + 1, sizeof *list);
  ckks_status status = list != NULL ? CKKS_OK : base_fail_memory(r->n_nodes * sizeof *list);
  for (size_t t = 0; t < r->n_trees && status == CKKS_OK; t++) {
    size_t n;
    status = list_tree(list, &n, r, r->root[t]);
    if (status == CKKS_OK)
      status = read_tree(r, list, n);
  }
  base_free(list);
  for (size_t i = 0; i < r->n_nodes && status == CKKS_OK; i++)
    if (!r->met[i])
      status = base_fail(CKKS_ERROR_FORMAT, "tree_roots: node %zu is in no tree", i);
  return status;
}

static ckks_status read_all(reading *r) {
  BASE_TRY(get_nodes(r));
  BASE_TRY(get_leaves(r));
  BASE_TRY(get_members(r));
  return read_trees(r);
}

ckks_status trees_onnx_five_read(trees_ensemble *ensemble, const trees_onnx_sums *sums) {
  reading r = {.ensemble = ensemble, .sums = sums};
  ckks_status status = read_all(&r);
  base_free(r.sets);
  base_free(r.met);
  return status;
}

ckks_status trees_onnx_five_features(size_t *n_features, const onnx_node *node) {
  const trees_onnx_sums sums = {.node = node};
  reading r = {.sums = &sums};
  *n_features = 1;
  BASE_TRY(get_nodes(&r));
  for (size_t i = 0; i < r.n_nodes; i++) {
    if (r.feature[i] < 0 || r.feature[i] >= ENCODING_MAX_INPUTS)
      return base_fail(CKKS_ERROR_FORMAT, "nodes_featureids[%zu]: %lld where 0 to %d are allowed",
                       i, (long long)r.feature[i], ENCODING_MAX_INPUTS - 1);
    if ((size_t)r.feature[i] >= *n_features)
      *n_features = (size_t)r.feature[i] + 1;
  }
  return CKKS_OK;
}
