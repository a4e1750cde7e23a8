/* SPDX-License-Identifier: Apache-2.0 */
#include "trees/leaves.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/wipe.h"

#define MAX_ENTRIES (3 * TREES_MAX_DEPTH)
#define NO_EDGE (-1)

/* What a way from the root asks of one feature: edge[low] < x <= edge[high], and whether NaN goes
 * the same way. */
typedef struct interval {
  uint32_t feature;
  int64_t low, high; /* edges, or NO_EDGE */
  bool missing;
  bool equal; /* of categories, one entry each: it is `low`, or it is not `high` */
} interval;

/* A leaf's row of the first map, sorted by columns: the same conditions are the same bytes. */
typedef struct leaf {
  uint32_t n_entries, n_conditions;
  int32_t constant; /* conditions that hold unless a bit says otherwise */
  uint32_t column[MAX_ENTRIES];
  int8_t sign[MAX_ENTRIES];
  const trees_tree *tree;
  const double *value;
} leaf;

typedef struct building {
  const trees_ensemble *ensemble;
  const encoding_input *input;
  size_t *first; /* input of each feature's first edge */
  leaf *leaf;
  size_t n_leaves, max_leaves;
  double *rest; /* of each leaf, n_outputs: its value less that of its tree's silent leaf */
  double *base;
  uint32_t degree;
} building;

/* -------------------------------------------------------------------- walking */

static int64_t find_edge(const building *b, uint32_t feature, double edge) {
  const encoding_feature *f = &b->input->feature[feature];
  size_t low = 0, high = f->n_values;
  while (low < high) {
    size_t middle = (low + high) / 2;
    if (f->edge[middle] < edge)
      low = middle + 1;
    else
      high = middle;
  }
  BASE_ASSERT(low < f->n_values && f->edge[low] == edge);
  return (int64_t)low;
}

static void narrow(interval *way, size_t *n, const building *b, const trees_node *node,
                   bool right) {
  size_t i = 0;
  if (node->equal) {
    int64_t category = (int64_t)node->edge;
    way[(*n)++] = (interval){node->feature, right ? category : NO_EDGE, right ? NO_EDGE : category,
                             false, true};
    return;
  }
  int64_t edge = find_edge(b, node->feature, node->edge);
  while (i < *n && way[i].feature != node->feature)
    i++;
  if (i == *n)
    way[(*n)++] = (interval){node->feature, NO_EDGE, NO_EDGE, true, false};
  way[i].missing = way[i].missing && right == node->missing_right;
  if (right && edge > way[i].low)
    way[i].low = edge;
  if (!right && (way[i].high == NO_EDGE || edge < way[i].high))
    way[i].high = edge;
}

static void add_entry(leaf *l, size_t column, int sign) {
  l->column[l->n_entries] = (uint32_t)column;
  l->sign[l->n_entries++] = (int8_t)sign;
}

/* false where neither a value nor a missing one can be: such a leaf is never reached. */
static bool add_condition(leaf *l, const building *b, const interval *w) {
  const encoding_feature *f = &b->input->feature[w->feature];
  size_t first = b->first[w->feature], missing = first + f->n_values;
  bool empty = w->low != NO_EDGE && w->high != NO_EDGE && w->low >= w->high;
  bool bit_if_missing = w->low == NO_EDGE; /* what the bits alone say of NaN, all of them 0 */
  l->n_conditions++;
  if (empty) {
    if (w->missing && f->missing)
      add_entry(l, missing, 1);
    return w->missing && f->missing;
  }
  if (w->low != NO_EDGE)
    add_entry(l, first + (size_t)w->low, 1);
  else
    l->constant++;
  if (w->high != NO_EDGE)
    add_entry(l, first + (size_t)w->high, -1);
  if (f->missing && w->missing != bit_if_missing)
    add_entry(l, missing, w->missing ? 1 : -1);
  return true;
}

/* What entry i and those behind it ask of the same feature, of whose bits one is 1: that it is this
 * category, or none of those. false where it cannot be. */
static bool add_category(leaf *l, const building *b, const interval *way, size_t n, size_t i) {
  size_t first = b->first[way[i].feature], begin = l->n_entries;
  int64_t is = NO_EDGE;
  for (size_t j = 0; j < n; j++)
    if (way[j].feature == way[i].feature && way[j].low != NO_EDGE) {
      if (is != NO_EDGE && is != way[j].low)
        return false;
      is = way[j].low;
    }
  l->n_conditions++;
  if (is != NO_EDGE) {
    for (size_t j = 0; j < n; j++)
      if (way[j].feature == way[i].feature && way[j].high == is)
        return false;
    add_entry(l, first + (size_t)is, 1);
    return true;
  }
  l->constant++;
  for (size_t j = i; j < n; j++) {
    size_t column = first + (size_t)way[j].high, k = begin;
    while (k < l->n_entries && l->column[k] != column)
      k++;
    if (way[j].feature == way[i].feature && k == l->n_entries)
      add_entry(l, column, -1);
  }
  return true;
}

static bool is_first(const interval *way, size_t i) {
  for (size_t j = 0; j < i; j++)
    if (way[j].feature == way[i].feature)
      return false;
  return true;
}

static void sort_entries(leaf *l) {
  for (uint32_t i = 1; i < l->n_entries; i++)
    for (uint32_t k = i; k > 0 && l->column[k] < l->column[k - 1]; k--) {
      uint32_t column = l->column[k];
      int8_t sign = l->sign[k];
      l->column[k] = l->column[k - 1];
      l->sign[k] = l->sign[k - 1];
      l->column[k - 1] = column;
      l->sign[k - 1] = sign;
    }
}

static void add_leaf(building *b, const trees_tree *tree, const trees_node *node,
                     const interval *way, size_t n) {
  leaf *l = &b->leaf[b->n_leaves];
  *l = (leaf){.tree = tree, .value = b->ensemble->value + node->value};
  for (size_t i = 0; i < n; i++) {
    bool known = way[i].equal && !is_first(way, i);
    if (!known && !(way[i].equal ? add_category(l, b, way, n, i) : add_condition(l, b, &way[i])))
      return;
  }
  sort_entries(l);
  b->degree = l->n_conditions > b->degree ? l->n_conditions : b->degree;
  b->n_leaves++;
}

typedef struct step {
  uint32_t node, parent; /* parent: a step, 0 of the root */
  bool right;
} step;

/* Depth first; the way to a node is walked again from the root, which is short. */
static void walk(building *b, const trees_tree *tree, step *steps) {
  const trees_node *nodes = b->ensemble->node + tree->first;
  size_t n_steps = 1;
  steps[0] = (step){0};
  for (size_t s = 0; s < n_steps; s++) {
    const trees_node *node = &nodes[steps[s].node];
    if (!node->leaf) {
      steps[n_steps++] = (step){node->left, (uint32_t)s, false};
      steps[n_steps++] = (step){node->right, (uint32_t)s, true};
      continue;
    }
    interval way[TREES_MAX_DEPTH];
    size_t n = 0;
    for (size_t at = s; at != 0; at = steps[at].parent)
      narrow(way, &n, b, &nodes[steps[steps[at].parent].node], steps[at].right);
    add_leaf(b, tree, node, way, n);
  }
}

/* --------------------------------------------------------------------- values */

static void add_values(double *out, const building *b, const leaf *l, double factor) {
  if (l->tree->target != TREES_ALL_OUTPUTS)
    out[l->tree->target] += factor * l->value[0];
  for (size_t k = 0; l->tree->target == TREES_ALL_OUTPUTS && k < b->ensemble->n_outputs; k++)
    out[k] += factor * l->value[k];
}

/* Of each tree the leaf with most conditions is silent: its value is what the base has. */
static void settle_values(building *b) {
  size_t n_outputs = b->ensemble->n_outputs;
  memcpy(b->base, b->ensemble->base, n_outputs * sizeof *b->base);
  for (size_t begin = 0, end; begin < b->n_leaves; begin = end) {
    size_t silent = begin;
    for (end = begin; end < b->n_leaves && b->leaf[end].tree == b->leaf[begin].tree; end++)
      if (b->leaf[end].n_conditions > b->leaf[silent].n_conditions)
        silent = end;
    add_values(b->base, b, &b->leaf[silent], 1.0);
    for (size_t i = begin; i < end; i++) {
      if (i == silent)
        continue;
      add_values(b->rest + i * n_outputs, b, &b->leaf[i], 1.0);
      add_values(b->rest + i * n_outputs, b, &b->leaf[silent], -1.0);
    }
  }
}

static int compare_conditions(const void *x, const void *y) {
  const leaf *a = *(leaf *const *)x, *b = *(leaf *const *)y;
  if (a->n_entries != b->n_entries)
    return a->n_entries < b->n_entries ? -1 : 1;
  if (a->n_conditions != b->n_conditions)
    return a->n_conditions < b->n_conditions ? -1 : 1;
  int order = memcmp(a->column, b->column, a->n_entries * sizeof *a->column);
  return order != 0 ? order : memcmp(a->sign, b->sign, a->n_entries);
}

static bool says_something(const double *rest, size_t n) {
  for (size_t k = 0; k < n; k++)
    if (rest[k] != 0.0)
      return true;
  return false;
}

/* Leaves with the same conditions become the first of them; returns how many are left. */
static size_t merge(leaf **order, building *b) {
  size_t n = b->ensemble->n_outputs, n_kept = 0, n_sorted = b->n_leaves;
  for (size_t i = 0; i < n_sorted; i++)
    order[i] = &b->leaf[i];
  qsort(order, n_sorted, sizeof *order, compare_conditions);
  for (size_t i = 0, next; i < n_sorted; i = next) {
    double *rest = b->rest + (size_t)(order[i] - b->leaf) * n;
    for (next = i + 1; next < n_sorted && compare_conditions(&order[i], &order[next]) == 0; next++)
      for (size_t k = 0; k < n; k++)
        rest[k] += b->rest[(size_t)(order[next] - b->leaf) * n + k];
    if (says_something(rest, n))
      order[n_kept++] = order[i];
  }
  return n_kept;
}

/* -------------------------------------------------------------------- network */

/* s (s - 1) ... (s - d + 1) / d!: each factor divided by its own value at d. */
static encoding_polynomial indicator(uint32_t degree) {
  encoding_polynomial p = {.degree = (int)degree, .coefficient = {1.0}};
  for (uint32_t k = 0; k < degree; k++) {
    double span = (double)(degree - k);
    for (uint32_t i = k + 1; i > 0; i--)
      p.coefficient[i] = (p.coefficient[i - 1] - (double)k * p.coefficient[i]) / span;
    p.coefficient[0] *= -(double)k / span;
  }
  return p;
}

static ckks_status fill_first(network_layer *layer, leaf *const *order, size_t n, uint32_t degree) {
  network_sparse weight;
  size_t n_entries = 0;
  for (size_t i = 0; i < n; i++)
    n_entries += order[i]->n_entries;
  BASE_TRY(network_sparse_init(&weight, n, layer->n_in, n_entries));
  for (size_t i = 0, at = 0; i < n; i++) {
    const leaf *l = order[i];
    weight.start[i] = at;
    for (uint32_t k = 0; k < l->n_entries; k++, at++) {
      weight.column[at] = l->column[k];
      weight.value[at] = l->sign[k];
    }
    weight.start[i + 1] = at;
    layer->bias[i] = (double)(degree - l->n_conditions) + l->constant;
  }
  network_sparse_clear(&layer->weight);
  layer->weight = weight;
  layer->activation[0] = (network_activation){indicator(degree), (double)degree};
  return CKKS_OK;
}

typedef struct range {
  double low, high;
} range;

/* What one tree adds to output k. */
static range tree_range(const trees_ensemble *e, const trees_tree *tree, size_t k) {
  bool all = tree->target == TREES_ALL_OUTPUTS, begun = false;
  range r = {0.0, 0.0};
  for (size_t i = 0; i < tree->n_nodes && (all || tree->target == k); i++) {
    const trees_node *node = &e->node[tree->first + i];
    if (!node->leaf)
      continue;
    double value = e->value[node->value + (all ? k : 0)];
    r.low = begun && r.low < value ? r.low : value;
    r.high = begun && r.high > value ? r.high : value;
    begun = true;
  }
  return r;
}

/* An output lies between the smallest leaves of all trees together and the largest ones. */
static range output_range(const trees_ensemble *e, size_t k) {
  range sum = {e->base[k], e->base[k]};
  for (size_t t = 0; t < e->n_trees; t++) {
    range r = tree_range(e, &e->tree[t], k);
    sum.low += r.low;
    sum.high += r.high;
  }
  return sum;
}

/*
 * A number is computed from near the middle of its range and in a power of two near an eighth of
 * it; the client brings it back. So all numbers are as exact, whatever they are counted in, and
 * clients are told no more of them than their size.
 */
static encoding_polynomial size_of(const trees_ensemble *e) {
  range r = output_range(e, 0);
  int exponent;
  (void)frexp(0.5 * (r.high - r.low), &exponent);
  double unit = ldexp(1.0, exponent - 3), centre = unit * rint(0.5 * (r.low + r.high) / unit);
  bool sized = e->meaning.kind == ENCODING_VALUES && e->n_outputs == 1 && r.high > r.low;
  return sized ? (encoding_polynomial){1, {centre, unit}, false} : encoding_polynomial_identity;
}

static ckks_status fill_second(network_layer *layer, leaf *const *order, size_t n,
                               const building *b) {
  size_t n_outputs = b->ensemble->n_outputs;
  const encoding_polynomial end = size_of(b->ensemble);
  double centre = end.coefficient[0], unit = end.coefficient[1], most = 0.0;
  double *dense = base_alloc_array(n * n_outputs, sizeof *dense);
  if (dense == NULL)
    return base_fail_memory(n * n_outputs * sizeof *dense);
  for (size_t i = 0; i < n; i++)
    for (size_t k = 0; k < n_outputs; k++)
      dense[k * n + i] = b->rest[(size_t)(order[i] - b->leaf) * n_outputs + k] / unit;
  ckks_status status = network_layer_set_weights(layer, dense);
  base_wipe(dense, n * n_outputs * sizeof *dense);
  base_free(dense);
  for (size_t k = 0; k < n_outputs; k++) {
    range r = output_range(b->ensemble, k);
    layer->bias[k] = (b->base[k] - centre) / unit;
    most = fmax(most, fmax(fabs(r.low - centre), fabs(r.high - centre)) / unit);
  }
  layer->activation[0] = (network_activation){end, most};
  return status;
}

static ckks_status fill_names(network_model *model, const trees_ensemble *e) {
  for (size_t i = 0; i < e->n_features; i++)
    BASE_TRY(encoding_names_set(&model->feature[i], e->feature[i]));
  for (size_t k = 0; k < e->n_outputs; k++)
    BASE_TRY(encoding_names_set(&model->label[k], e->label[k]));
  model->meaning = e->meaning;
  return CKKS_OK;
}

static ckks_status fill_model(network_model *model, leaf *const *order, size_t n, building *b) {
  BASE_TRY(network_init_encoded(model, b->input, (size_t[]){n, b->ensemble->n_outputs}, 2));
  ckks_status status = fill_names(model, b->ensemble);
  if (status == CKKS_OK)
    status = fill_first(&model->layer[0], order, n, b->degree);
  if (status == CKKS_OK)
    status = fill_second(&model->layer[1], order, n, b);
  model->max_abs_input = 1.0;
  if (status == CKKS_OK)
    status = network_check(model);
  if (status != CKKS_OK)
    network_clear(model);
  return status;
}

/* ------------------------------------------------------------------- building */

static ckks_status take(building *b, step **steps, leaf ***order) {
  const trees_ensemble *e = b->ensemble;
  size_t largest = 1, n_leaves = 0;
  for (size_t t = 0; t < e->n_trees; t++)
    largest = e->tree[t].n_nodes > largest ? e->tree[t].n_nodes : largest;
  for (size_t i = 0; i < e->n_nodes; i++)
    n_leaves += e->node[i].leaf;
  if (n_leaves > NETWORK_MAX_WIDTH)
    return base_fail(CKKS_ERROR_ARGUMENT,
                     "%zu leaves where %d can be had; fewer or shallower trees", n_leaves,
                     NETWORK_MAX_WIDTH);
  b->first = base_alloc_array(e->n_features, sizeof *b->first);
  b->leaf = base_alloc_array(n_leaves + 1, sizeof *b->leaf);
  b->rest = base_alloc_array((n_leaves + 1) * e->n_outputs, sizeof *b->rest);
  b->base = base_alloc_array(e->n_outputs, sizeof *b->base);
  *steps = base_alloc_array(largest, sizeof **steps);
  *order = base_alloc_array(n_leaves + 1, sizeof **order);
  b->max_leaves = n_leaves;
  return b->first && b->leaf && b->rest && b->base && *steps && *order
             ? CKKS_OK
             : base_fail_memory(n_leaves * sizeof *b->leaf);
}

static void give_back(building *b, step *steps, leaf **order) {
  if (b->leaf != NULL)
    base_wipe(b->leaf, (b->max_leaves + 1) * sizeof *b->leaf);
  if (b->rest != NULL)
    base_wipe(b->rest, (b->max_leaves + 1) * b->ensemble->n_outputs * sizeof *b->rest);
  base_free(b->leaf);
  base_free(b->rest);
  base_free(b->base);
  base_free(b->first);
  base_free(steps);
  base_free(order);
}

ckks_status trees_leaves_build(network_model *model, const trees_ensemble *ensemble,
                               const encoding_input *input) {
  building b = {.ensemble = ensemble, .input = input};
  step *steps = NULL;
  leaf **order = NULL;
  *model = (network_model){0};
  ckks_status status = take(&b, &steps, &order);
  if (status == CKKS_OK) {
    for (size_t f = 0, at = 0; f < ensemble->n_features; f++) {
      b.first[f] = at;
      at += encoding_input_count(&input->feature[f]);
    }
    for (size_t t = 0; t < ensemble->n_trees; t++)
      walk(&b, &ensemble->tree[t], steps);
    settle_values(&b);
    size_t n = merge(order, &b);
    status = n > 0 && b.degree > 0
                 ? fill_model(model, order, n, &b)
                 : base_fail(CKKS_ERROR_ARGUMENT, "no tree asks anything: outputs are constant");
  }
  give_back(&b, steps, order);
  return status;
}
