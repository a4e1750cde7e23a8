/* SPDX-License-Identifier: Apache-2.0 */
#include "trees/ensemble.h"

#include <math.h>
#include <string.h>

#include "base/alloc.h"
#include "base/wipe.h"

/* ------------------------------------------------------------------- memory */

static ckks_status init_parts(trees_ensemble *e) {
  e->base = base_alloc_array(e->n_outputs, sizeof *e->base);
  if (e->base == NULL)
    return base_fail_memory(e->n_outputs * sizeof *e->base);
  BASE_TRY(encoding_names_init(&e->feature, "x", e->n_features));
  return encoding_names_init(&e->label, "", e->n_outputs);
}

ckks_status trees_ensemble_init(trees_ensemble *e, size_t n_features, size_t n_outputs) {
  *e = (trees_ensemble){0};
  if (n_features < 1 || n_features > ENCODING_MAX_FEATURES)
    return base_fail(CKKS_ERROR_FORMAT, "%zu features where 1 to %d are allowed", n_features,
                     ENCODING_MAX_FEATURES);
  if (n_outputs < 1 || n_outputs > ENCODING_MAX_CLASSES)
    return base_fail(CKKS_ERROR_FORMAT, "%zu outputs where 1 to %d are allowed", n_outputs,
                     ENCODING_MAX_CLASSES);
  e->n_features = n_features;
  e->n_outputs = n_outputs;
  e->meaning = encoding_meaning_default(n_outputs);
  ckks_status status = init_parts(e);
  if (status != CKKS_OK)
    trees_ensemble_clear(e);
  return status;
}

static void wipe_free(void *memory, size_t n_bytes) {
  if (memory != NULL)
    base_wipe(memory, n_bytes);
  base_free(memory);
}

void trees_ensemble_clear(trees_ensemble *e) {
  encoding_names_free(e->feature, e->n_features);
  encoding_names_free(e->label, e->n_outputs);
  wipe_free(e->base, e->n_outputs * sizeof *e->base);
  wipe_free(e->node, e->max_nodes * sizeof *e->node);
  wipe_free(e->value, e->max_values * sizeof *e->value);
  wipe_free(e->more, e->max_more * sizeof *e->more);
  encoding_input_clear(&e->input);
  base_free(e->tree);
  *e = (trees_ensemble){0};
}

/* Room for `more` further elements: at least twice what there was. */
static ckks_status grow(void **array, size_t *max, size_t used, size_t more, size_t size,
                        size_t limit, const char *what) {
  if (more > limit - used)
    return base_fail(CKKS_ERROR_FORMAT, "more than %zu %s", limit, what);
  if (used + more <= *max)
    return CKKS_OK;
  size_t wanted = 2 * *max > used + more ? 2 * *max : used + more;
  void *larger = base_alloc_array(wanted, size);
  if (larger == NULL)
    return base_fail_memory(wanted * size);
  if (*array != NULL)
    memcpy(larger, *array, used * size);
  wipe_free(*array, *max * size);
  *array = larger;
  *max = wanted;
  return CKKS_OK;
}

ckks_status trees_ensemble_add_tree(trees_ensemble *e, size_t n_nodes, size_t target,
                                    trees_node **node) {
  void *trees = e->tree, *nodes = e->node;
  ckks_status status =
      grow(&trees, &e->max_trees, e->n_trees, 1, sizeof *e->tree, TREES_MAX_TREES, "trees");
  e->tree = trees;
  if (status == CKKS_OK)
    status =
        grow(&nodes, &e->max_nodes, e->n_nodes, n_nodes, sizeof *e->node, TREES_MAX_NODES, "nodes");
  e->node = nodes;
  BASE_TRY(status);
  e->tree[e->n_trees++] = (trees_tree){e->n_nodes, n_nodes, target};
  *node = e->node + e->n_nodes;
  e->n_nodes += n_nodes;
  return CKKS_OK;
}

ckks_status trees_ensemble_add_leaf(trees_ensemble *e, trees_node *node, const double *values,
                                    size_t n_values) {
  void *all = e->value;
  ckks_status status = grow(&all, &e->max_values, e->n_values, n_values, sizeof *e->value,
                            TREES_MAX_VALUES, "values of leaves");
  e->value = all;
  BASE_TRY(status);
  *node = (trees_node){.leaf = true, .value = e->n_values};
  memcpy(e->value + e->n_values, values, n_values * sizeof *values);
  e->n_values += n_values;
  return CKKS_OK;
}

ckks_status trees_ensemble_set_edges(trees_ensemble *e, trees_node *node, const double *edges,
                                     size_t n) {
  void *all = e->more;
  node->constant = n == 0;
  node->edge = n > 0 ? edges[0] : 0.0;
  node->n_more = 0;
  if (n < 2)
    return CKKS_OK;
  ckks_status status = grow(&all, &e->max_more, e->n_more, n - 1, sizeof *e->more, TREES_MAX_VALUES,
                            "edges of splits that have several");
  e->more = all;
  BASE_TRY(status);
  node->n_more = (uint32_t)(n - 1);
  node->more = e->n_more;
  memcpy(e->more + e->n_more, edges + 1, (n - 1) * sizeof *edges);
  e->n_more += n - 1;
  return CKKS_OK;
}

double *trees_ensemble_edge(const trees_ensemble *e, trees_node *node, size_t k) {
  return k == 0 ? &node->edge : &e->more[node->more + k - 1];
}

/* ----------------------------------------------------------------- checking */

static ckks_status check_edges(const trees_ensemble *e, size_t number, size_t i,
                               const trees_node *node) {
  const encoding_feature *feature = e->input.feature ? &e->input.feature[node->feature] : NULL;
  bool categories = feature != NULL && feature->kind == ENCODING_CATEGORIES;
  if (node->equal != categories)
    return base_fail(CKKS_ERROR_FORMAT, "tree %zu, node %zu: feature %u is%s of categories", number,
                     i, node->feature, categories ? "" : " not");
  if (node->n_more > e->n_more || node->more > e->n_more - node->n_more)
    return base_fail(CKKS_ERROR_FORMAT, "tree %zu, node %zu: edges that are not there", number, i);
  double last = -INFINITY;
  for (size_t k = 0; k <= node->n_more; k++) {
    double edge = k == 0 ? node->edge : e->more[node->more + k - 1];
    if (!isfinite(edge) || (k > 0 && !(edge > last)))
      return base_fail(CKKS_ERROR_FORMAT,
                       "tree %zu, node %zu: the threshold is not a finite number", number, i);
    if (categories && (edge != floor(edge) || edge < 0.0 || edge >= (double)feature->n_values))
      return base_fail(CKKS_ERROR_FORMAT, "tree %zu, node %zu: category %g of %zu", number, i, edge,
                       feature->n_values);
    last = edge;
  }
  return CKKS_OK;
}

static size_t n_values_of(const trees_ensemble *e, const trees_tree *tree) {
  return tree->target == TREES_ALL_OUTPUTS ? e->n_outputs : 1;
}

static ckks_status check_node(const trees_ensemble *e, const trees_tree *tree, size_t i) {
  const trees_node *node = &e->node[tree->first + i];
  size_t number = (size_t)(tree - e->tree);
  if (!node->leaf) {
    if (node->feature >= e->n_features)
      return base_fail(CKKS_ERROR_FORMAT, "tree %zu, node %zu: feature %u of %zu", number, i,
                       node->feature, e->n_features);
    return node->constant ? CKKS_OK : check_edges(e, number, i, node);
  }
  size_t n = n_values_of(e, tree);
  if (node->value > e->n_values || n > e->n_values - node->value)
    return base_fail(CKKS_ERROR_FORMAT, "tree %zu, node %zu: a leaf without values", number, i);
  for (size_t k = 0; k < n; k++)
    if (!isfinite(e->value[node->value + k]))
      return base_fail(CKKS_ERROR_FORMAT, "tree %zu, node %zu: a value is not a finite number",
                       number, i);
  return CKKS_OK;
}

/* Depth of each node, 0 = not met yet, 1 = the root. A node met twice is no tree's. */
static ckks_status walk(uint8_t *depth, const trees_ensemble *e, const trees_tree *tree) {
  size_t number = (size_t)(tree - e->tree), todo[2 * TREES_MAX_DEPTH + 4], n_todo = 0, n_met = 0;
  memset(depth, 0, tree->n_nodes);
  depth[0] = 1;
  todo[n_todo++] = 0;
  while (n_todo > 0) {
    size_t i = todo[--n_todo];
    const trees_node *node = &e->node[tree->first + i];
    n_met++;
    BASE_TRY(check_node(e, tree, i));
    if (node->leaf)
      continue;
    if (depth[i] > TREES_MAX_DEPTH)
      return base_fail(CKKS_ERROR_FORMAT, "tree %zu, node %zu: deeper than %d splits", number, i,
                       TREES_MAX_DEPTH);
    const uint32_t child[2] = {node->right, node->left};
    for (int c = 0; c < 2; c++) {
      if (child[c] >= tree->n_nodes)
        return base_fail(CKKS_ERROR_FORMAT, "tree %zu, node %zu: child %u of %zu nodes", number, i,
                         child[c], tree->n_nodes);
      if (depth[child[c]] != 0)
        return base_fail(CKKS_ERROR_FORMAT, "tree %zu, node %zu: node %u is reached twice", number,
                         i, child[c]);
      depth[child[c]] = (uint8_t)(depth[i] + 1);
      todo[n_todo++] = child[c];
    }
  }
  return n_met == tree->n_nodes
             ? CKKS_OK
             : base_fail(CKKS_ERROR_FORMAT, "tree %zu: %zu of %zu nodes are not reached", number,
                         tree->n_nodes - n_met, tree->n_nodes);
}

ckks_status trees_ensemble_check(const trees_ensemble *e) {
  size_t largest = 1;
  for (size_t t = 0; t < e->n_trees; t++) {
    if (e->tree[t].n_nodes == 0)
      return base_fail(CKKS_ERROR_FORMAT, "tree %zu: no nodes", t);
    if (e->tree[t].target != TREES_ALL_OUTPUTS && e->tree[t].target >= e->n_outputs)
      return base_fail(CKKS_ERROR_FORMAT, "tree %zu: adds to output %zu of %zu", t,
                       e->tree[t].target, e->n_outputs);
    largest = e->tree[t].n_nodes > largest ? e->tree[t].n_nodes : largest;
  }
  for (size_t k = 0; k < e->n_outputs; k++)
    if (!isfinite(e->base[k]))
      return base_fail(CKKS_ERROR_FORMAT, "base of output %zu: not a finite number", k);
  BASE_TRY(encoding_names_check_list(e->feature, e->n_features, "features"));
  BASE_TRY(encoding_names_check_list(e->label, e->n_outputs, "labels"));
  uint8_t *depth = base_alloc(largest);
  if (depth == NULL)
    return base_fail_memory(largest);
  ckks_status status = CKKS_OK;
  for (size_t t = 0; t < e->n_trees && status == CKKS_OK; t++)
    status = walk(depth, e, &e->tree[t]);
  base_free(depth);
  return status;
}

/* ---------------------------------------------------------------- computing */

static bool goes_right(const trees_ensemble *e, const trees_node *node, double x) {
  if (isnan(x))
    return node->missing_right;
  if (node->constant)
    return false;
  bool right = node->equal ? x == node->edge : x > node->edge;
  for (size_t k = 0; k < node->n_more; k++) {
    double edge = e->more[node->more + k];
    right = node->equal ? right || x == edge : right != (x > edge);
  }
  return right;
}

static const trees_node *leaf_of(const trees_ensemble *e, const trees_tree *tree,
                                 const double *row) {
  const trees_node *nodes = e->node + tree->first, *node = nodes;
  while (!node->leaf)
    node = nodes + (goes_right(e, node, row[node->feature]) ? node->right : node->left);
  return node;
}

void trees_ensemble_forward(double *outputs, const double *row, const trees_ensemble *e) {
  memcpy(outputs, e->base, e->n_outputs * sizeof *outputs);
  for (size_t t = 0; t < e->n_trees; t++) {
    const trees_tree *tree = &e->tree[t];
    const double *value = e->value + leaf_of(e, tree, row)->value;
    if (tree->target != TREES_ALL_OUTPUTS)
      outputs[tree->target] += value[0];
    for (size_t k = 0; tree->target == TREES_ALL_OUTPUTS && k < e->n_outputs; k++)
      outputs[k] += value[k];
  }
}

/* What one tree adds to output k. */
static void tree_range(double *low, double *high, const trees_ensemble *e, const trees_tree *tree,
                       size_t k) {
  bool all = tree->target == TREES_ALL_OUTPUTS, begun = false;
  *low = *high = 0.0;
  for (size_t i = 0; i < tree->n_nodes && (all || tree->target == k); i++) {
    const trees_node *node = &e->node[tree->first + i];
    if (!node->leaf)
      continue;
    double value = e->value[node->value + (all ? k : 0)];
    *low = begun && *low < value ? *low : value;
    *high = begun && *high > value ? *high : value;
    begun = true;
  }
}

void trees_ensemble_range(double *low, double *high, const trees_ensemble *e, size_t k) {
  *low = *high = e->base[k];
  for (size_t t = 0; t < e->n_trees; t++) {
    double least, most;
    tree_range(&least, &most, e, &e->tree[t], k);
    *low += least;
    *high += most;
  }
}
