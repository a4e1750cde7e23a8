/* SPDX-License-Identifier: Apache-2.0 */
#include "trees/leaves.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/wipe.h"
#include "trees/cells.h"

#define NO_FEATURE UINT32_MAX

/* A leaf's row of the first map, sorted by columns: the same conditions are the same bytes. */
typedef struct leaf {
  size_t entry; /* where its entries begin */
  uint32_t n_entries, n_conditions;
  int32_t constant; /* conditions that hold unless a bit says otherwise */
  const trees_tree *tree;
  const double *value;
} leaf;

typedef struct entry {
  uint32_t column;
  int32_t sign;
} entry;

/* What a way from the root leaves of one feature. */
typedef struct part {
  uint32_t feature;
  uint64_t *cell; /* max_words of them */
} part;

typedef struct building {
  const trees_ensemble *ensemble;
  const encoding_input *input;
  size_t *first; /* input of each feature's first edge */
  leaf *leaf;
  size_t n_leaves, max_leaves;
  entry *entry;
  size_t n_entries, max_entries;
  uint64_t *words; /* of all parts */
  size_t max_words;
  double *rest; /* of each leaf, n_outputs: its value less that of its tree's silent leaf */
  double *base;
  uint32_t degree;
} building;

/* What a step to that side of a node leaves of its feature. */
static void narrow(part *parts, size_t *n, const building *b, const trees_node *node, bool right) {
  const encoding_feature *f = &b->input->feature[node->feature];
  size_t i = 0;
  while (i < *n && parts[i].feature != node->feature)
    i++;
  uint64_t *cell = b->words + i * b->max_words;
  if (i == *n) {
    trees_cells_fill(cell, f);
    parts[(*n)++] = (part){node->feature, cell};
  }
  trees_cells_narrow(cell, f, b->ensemble, node, right);
}

/* -------------------------------------------------------------------- walking */

static void add_entry(building *b, leaf *l, size_t column, int sign) {
  BASE_ASSERT(b->n_entries < b->max_entries);
  b->entry[b->n_entries++] = (entry){(uint32_t)column, sign};
  l->n_entries++;
}

/* Bits say x > edge: each tells where the set begins or ends; of a missing value they are all 0. */
static void add_bins(building *b, leaf *l, const encoding_feature *f, const uint64_t *cell,
                     size_t first) {
  int begin = trees_cells_has(cell, 0);
  l->constant += begin;
  for (size_t i = 0; i < f->n_values; i++) {
    int step = (int)trees_cells_has(cell, i + 1) - (int)trees_cells_has(cell, i);
    if (step != 0)
      add_entry(b, l, first + i, step);
  }
  if (f->missing && trees_cells_has(cell, f->n_values + 1) != (begin != 0))
    add_entry(b, l, first + f->n_values, begin != 0 ? -1 : 1);
}

/* One bit of all is 1: it is one of these, or none of the others. */
static void add_categories(building *b, leaf *l, const uint64_t *cell, size_t n, size_t first) {
  bool others = 2 * trees_cells_count(cell, n) > n;
  l->constant += others;
  for (size_t i = 0; i < n; i++)
    if (trees_cells_has(cell, i) != others)
      add_entry(b, l, first + i, others ? -1 : 1);
}

/* Entries that a part makes; SIZE_MAX of an empty one: such a leaf is never reached. */
static size_t entries_of(const building *b, const part *p) {
  const encoding_feature *f = &b->input->feature[p->feature];
  size_t n = trees_cells_all(f), there = trees_cells_count(p->cell, n), steps = 0;
  if (there == 0)
    return SIZE_MAX;
  if (f->kind == ENCODING_CATEGORIES)
    return there < n - there ? there : n - there;
  for (size_t i = 0; i < f->n_values; i++)
    steps += trees_cells_has(p->cell, i) != trees_cells_has(p->cell, i + 1);
  return steps + 1;
}

static ckks_status make_room(building *b, size_t more) {
  if (more > TREES_MAX_VALUES - b->n_entries)
    return base_fail(CKKS_ERROR_ARGUMENT,
                     "leaves ask for more than %zu bits in all; fewer or shallower trees",
                     TREES_MAX_VALUES);
  if (b->n_entries + more <= b->max_entries)
    return CKKS_OK;
  size_t wanted = 2 * (b->n_entries + more);
  entry *larger = base_alloc_array(wanted, sizeof *larger);
  if (larger == NULL)
    return base_fail_memory(wanted * sizeof *larger);
  if (b->entry != NULL) {
    memcpy(larger, b->entry, b->n_entries * sizeof *larger);
    base_wipe(b->entry, b->n_entries * sizeof *b->entry);
  }
  base_free(b->entry);
  b->entry = larger;
  b->max_entries = wanted;
  return CKKS_OK;
}

static ckks_status add_leaf(building *b, const trees_tree *tree, const trees_node *node,
                            const part *parts, size_t n) {
  leaf *l = &b->leaf[b->n_leaves];
  *l = (leaf){.entry = b->n_entries, .tree = tree, .value = b->ensemble->value + node->value};
  size_t total = 0;
  for (size_t i = 0; i < n; i++) {
    size_t some = entries_of(b, &parts[i]);
    if (some == SIZE_MAX)
      return CKKS_OK;
    total += some;
  }
  BASE_TRY(make_room(b, total));
  for (uint32_t last = NO_FEATURE;;) { /* features ascend, and so do columns */
    const part *next = NULL;
    for (size_t i = 0; i < n; i++)
      if ((last == NO_FEATURE || parts[i].feature > last) &&
          (next == NULL || parts[i].feature < next->feature))
        next = &parts[i];
    if (next == NULL)
      break;
    last = next->feature;
    const encoding_feature *f = &b->input->feature[last];
    size_t n_cells = trees_cells_all(f);
    if (trees_cells_count(next->cell, n_cells) == n_cells)
      continue; /* asks nothing */
    l->n_conditions++;
    if (f->kind == ENCODING_CATEGORIES)
      add_categories(b, l, next->cell, n_cells, b->first[last]);
    else
      add_bins(b, l, f, next->cell, b->first[last]);
  }
  b->degree = l->n_conditions > b->degree ? l->n_conditions : b->degree;
  b->n_leaves++;
  return CKKS_OK;
}

typedef struct step {
  uint32_t node, parent; /* parent: a step, 0 of the root */
  bool right;
} step;

/* Depth first; the way to a node is walked again from the root, which is short. */
static ckks_status walk(building *b, const trees_tree *tree, step *steps) {
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
    part parts[TREES_MAX_DEPTH];
    size_t n = 0;
    for (size_t at = s; at != 0; at = steps[at].parent)
      narrow(parts, &n, b, &nodes[steps[steps[at].parent].node], steps[at].right);
    BASE_TRY(add_leaf(b, tree, node, parts, n));
  }
  return CKKS_OK;
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

/* Leaves and where their entries are. */
typedef struct ordered {
  leaf *leaf;
  const entry *entry;
} ordered;

static int compare_conditions(const void *x, const void *y) {
  const ordered *p = x, *q = y;
  const leaf *a = p->leaf, *b = q->leaf;
  if (a->n_entries != b->n_entries)
    return a->n_entries < b->n_entries ? -1 : 1;
  if (a->n_conditions != b->n_conditions)
    return a->n_conditions < b->n_conditions ? -1 : 1;
  for (uint32_t k = 0; k < a->n_entries; k++)
    if (p->entry[k].column != q->entry[k].column)
      return p->entry[k].column < q->entry[k].column ? -1 : 1;
  for (uint32_t k = 0; k < a->n_entries; k++)
    if (p->entry[k].sign != q->entry[k].sign)
      return p->entry[k].sign < q->entry[k].sign ? -1 : 1;
  return 0;
}

static bool says_something(const double *rest, size_t n) {
  for (size_t k = 0; k < n; k++)
    if (rest[k] != 0.0)
      return true;
  return false;
}

/* Leaves with the same conditions become the first of them; returns how many are left. */
static size_t merge(ordered *order, building *b) {
  size_t n = b->ensemble->n_outputs, n_kept = 0, n_sorted = b->n_leaves;
  for (size_t i = 0; i < n_sorted; i++)
    order[i] = (ordered){&b->leaf[i], b->entry + b->leaf[i].entry};
  qsort(order, n_sorted, sizeof *order, compare_conditions);
  for (size_t i = 0, next; i < n_sorted; i = next) {
    double *rest = b->rest + (size_t)(order[i].leaf - b->leaf) * n;
    for (next = i + 1; next < n_sorted && compare_conditions(&order[i], &order[next]) == 0; next++)
      for (size_t k = 0; k < n; k++)
        rest[k] += b->rest[(size_t)(order[next].leaf - b->leaf) * n + k];
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

static ckks_status fill_first(network_layer *layer, const ordered *order, size_t n,
                              uint32_t degree) {
  network_sparse weight;
  size_t n_entries = 0;
  for (size_t i = 0; i < n; i++)
    n_entries += order[i].leaf->n_entries;
  BASE_TRY(network_sparse_init(&weight, n, layer->n_in, n_entries));
  for (size_t i = 0, at = 0; i < n; i++) {
    const leaf *l = order[i].leaf;
    weight.start[i] = at;
    for (uint32_t k = 0; k < l->n_entries; k++, at++) {
      weight.column[at] = order[i].entry[k].column;
      weight.value[at] = order[i].entry[k].sign;
    }
    weight.start[i + 1] = at;
    layer->bias[i] = (double)(degree - l->n_conditions) + l->constant;
  }
  network_sparse_clear(&layer->weight);
  layer->weight = weight;
  layer->activation[0] = (network_activation){indicator(degree), (double)degree};
  return CKKS_OK;
}

/*
 * A number is computed from near the middle of its range and in a power of two near an eighth of
 * it; the client brings it back. So all numbers are as exact, whatever they are counted in, and
 * clients are told no more of them than their size.
 */
static encoding_polynomial size_of(const trees_ensemble *e) {
  double low, high;
  int exponent;
  trees_ensemble_range(&low, &high, e, 0);
  (void)frexp(0.5 * (high - low), &exponent);
  double unit = ldexp(1.0, exponent - 3), centre = unit * rint(0.5 * (low + high) / unit);
  bool sized = e->meaning.kind == ENCODING_VALUES && e->n_outputs == 1 && high > low;
  return sized ? (encoding_polynomial){1, {centre, unit}, false} : encoding_polynomial_identity;
}

static ckks_status fill_second(network_layer *layer, const ordered *order, size_t n,
                               const building *b) {
  size_t n_outputs = b->ensemble->n_outputs;
  const encoding_polynomial end = size_of(b->ensemble);
  double centre = end.coefficient[0], unit = end.coefficient[1], most = 0.0;
  double *dense = base_alloc_array(n * n_outputs, sizeof *dense);
  if (dense == NULL)
    return base_fail_memory(n * n_outputs * sizeof *dense);
  for (size_t i = 0; i < n; i++)
    for (size_t k = 0; k < n_outputs; k++)
      dense[k * n + i] = b->rest[(size_t)(order[i].leaf - b->leaf) * n_outputs + k] / unit;
  ckks_status status = network_layer_set_weights(layer, dense);
  base_wipe(dense, n * n_outputs * sizeof *dense);
  base_free(dense);
  for (size_t k = 0; k < n_outputs; k++) {
    double low, high;
    trees_ensemble_range(&low, &high, b->ensemble, k);
    layer->bias[k] = (b->base[k] - centre) / unit;
    most = fmax(most, fmax(fabs(low - centre), fabs(high - centre)) / unit);
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

static ckks_status fill_model(network_model *model, const ordered *order, size_t n, building *b) {
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

static ckks_status take(building *b, step **steps, ordered **order) {
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
  for (size_t f = 0; f < e->n_features; f++) {
    size_t words = trees_cells_words(&b->input->feature[f]);
    b->max_words = words > b->max_words ? words : b->max_words;
  }
  b->words = base_alloc_array(TREES_MAX_DEPTH * b->max_words, sizeof *b->words);
  b->first = base_alloc_array(e->n_features, sizeof *b->first);
  b->leaf = base_alloc_array(n_leaves + 1, sizeof *b->leaf);
  b->rest = base_alloc_array((n_leaves + 1) * e->n_outputs, sizeof *b->rest);
  b->base = base_alloc_array(e->n_outputs, sizeof *b->base);
  *steps = base_alloc_array(largest, sizeof **steps);
  *order = base_alloc_array(n_leaves + 1, sizeof **order);
  b->max_leaves = n_leaves;
  return b->words && b->first && b->leaf && b->rest && b->base && *steps && *order
             ? CKKS_OK
             : base_fail_memory(n_leaves * sizeof *b->leaf);
}

static void give_back(building *b, step *steps, ordered *order) {
  if (b->leaf != NULL)
    base_wipe(b->leaf, (b->max_leaves + 1) * sizeof *b->leaf);
  if (b->rest != NULL)
    base_wipe(b->rest, (b->max_leaves + 1) * b->ensemble->n_outputs * sizeof *b->rest);
  if (b->entry != NULL)
    base_wipe(b->entry, b->max_entries * sizeof *b->entry);
  base_free(b->entry);
  base_free(b->words);
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
  ordered *order = NULL;
  *model = (network_model){0};
  ckks_status status = take(&b, &steps, &order);
  if (status == CKKS_OK) {
    for (size_t f = 0, at = 0; f < ensemble->n_features; f++) {
      b.first[f] = at;
      at += encoding_input_count(&input->feature[f]);
    }
    for (size_t t = 0; t < ensemble->n_trees && status == CKKS_OK; t++)
      status = walk(&b, &ensemble->tree[t], steps);
  }
  if (status == CKKS_OK) {
    settle_values(&b);
    size_t n = merge(order, &b);
    status = n > 0 && b.degree > 0
                 ? fill_model(model, order, n, &b)
                 : base_fail(CKKS_ERROR_ARGUMENT, "no tree asks anything: outputs are constant");
  }
  give_back(&b, steps, order);
  return status;
}
