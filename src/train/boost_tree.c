/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One tree: histograms of a node's rows, the split with the largest gain, and so on below. Of two
 * children the smaller one is counted, the other is the difference (Ke et al., NIPS 2017).
 */
#include <math.h>
#include <string.h>

#include "base/alloc.h"
#include "base/wipe.h"
#include "train/boost.h"

/* A side must curve so much: beyond it a leaf's value is rounding. */
#define LEAST_CURVE 1e-3
#define LEAST_GAIN 1e-10
#define COUNT_MASK (((uint64_t)1 << TRAIN_BOOST_COUNT_BITS) - 1)

/* A node that is yet to be split, with its histogram. */
typedef struct pending {
  uint32_t node;
  size_t begin, end; /* of the grower's rows */
  int depth;
  int histogram;
  train_boost_pair sum;
} pending;

struct train_boost_grower {
  const train_boost_bins *bins;
  const train_options *options;
  const train_boost_sums *sums;
  size_t n_most_rows, n_cells; /* of a histogram */
  uint32_t *row, *spare;
  train_boost_pair *cells; /* max_depth + 1 histograms */
  int unused[TRAIN_MAX_DEPTH + 2], n_unused;
  pending todo[TRAIN_MAX_DEPTH + 2];
  size_t n_todo;
  train_boost_node *node;
  size_t n_nodes, max_nodes;
};

typedef struct split {
  double gain; /* 0: none */
  uint32_t feature;
  uint8_t code;
  bool missing_right;
  train_boost_pair left;
} split;

/* ----------------------------------------------------------------- memory */

ckks_status train_boost_grower_build(train_boost_grower **out, const train_boost_bins *bins,
                                     const train_options *options, size_t n_rows) {
  train_boost_grower *g = *out = base_alloc(sizeof *g);
  if (g == NULL)
    return base_fail_memory(sizeof *g);
  size_t n_histograms = (size_t)options->max_depth + 1;
  *g = (train_boost_grower){.bins = bins, .options = options, .n_most_rows = n_rows};
  g->n_cells = bins->n_features * bins->stride;
  g->max_nodes = ((size_t)2 << options->max_depth) - 1;
  g->row = base_alloc_array(n_rows, sizeof *g->row);
  g->spare = base_alloc_array(n_rows, sizeof *g->spare);
  g->node = base_alloc_array(g->max_nodes, sizeof *g->node);
  g->cells = base_alloc_array(n_histograms, g->n_cells * sizeof *g->cells);
  if (g->row != NULL && g->spare != NULL && g->node != NULL && g->cells != NULL)
    return CKKS_OK;
  size_t n_bytes = n_histograms * g->n_cells * sizeof *g->cells;
  train_boost_grower_free(g);
  *out = NULL;
  return base_fail_memory(n_bytes);
}

void train_boost_grower_free(train_boost_grower *g) {
  if (g == NULL)
    return;
  if (g->cells != NULL)
    base_wipe(g->cells, ((size_t)g->options->max_depth + 1) * g->n_cells * sizeof *g->cells);
  if (g->node != NULL)
    base_wipe(g->node, g->max_nodes * sizeof *g->node);
  base_free(g->row);
  base_free(g->spare);
  base_free(g->node);
  base_free(g->cells);
  base_free(g);
}

static train_boost_pair *histogram(const train_boost_grower *g, int which) {
  return g->cells + (size_t)which * g->n_cells;
}

/* --------------------------------------------------------------- counting */

/* The loop in which training spends its time: rows ascend, and each touches one cell a feature. */
static void count(const train_boost_grower *g, train_boost_pair *restrict cells, size_t begin,
                  size_t end) {
  const train_boost_sums *sums = g->sums;
  size_t n_all = g->bins->n_features, stride = g->bins->stride, n = sums->n_features;
  memset(cells, 0, n * stride * sizeof *cells);
  for (size_t i = begin; i < end; i++) {
    const train_boost_pair pair = sums->pair[g->row[i]];
    const uint8_t *code = g->bins->code + g->row[i] * n_all;
    train_boost_pair *cell = cells;
    if (n == n_all)
      for (size_t k = 0; k < n; k++, cell += stride) {
        cell[code[k]].gradient += pair.gradient;
        cell[code[k]].curve += pair.curve;
      }
    else
      for (size_t k = 0; k < n; k++, cell += stride) {
        cell[code[sums->feature[k]]].gradient += pair.gradient;
        cell[code[sums->feature[k]]].curve += pair.curve;
      }
  }
}

static train_boost_pair plus(train_boost_pair a, train_boost_pair b) {
  return (train_boost_pair){a.gradient + b.gradient, a.curve + b.curve};
}

static train_boost_pair minus(train_boost_pair a, train_boost_pair b) {
  return (train_boost_pair){a.gradient - b.gradient, a.curve - b.curve};
}

/* Every feature sees every row: the cells of the first add up to all of them. */
static train_boost_pair total(const train_boost_grower *g, const train_boost_pair *cells) {
  train_boost_pair sum = {0, 0};
  for (size_t c = 0; c < g->bins->stride; c++)
    sum = plus(sum, cells[c]);
  return sum;
}

static size_t rows_of(train_boost_pair p) {
  return (size_t)(p.curve & COUNT_MASK);
}

static double gradient_of(const train_boost_grower *g, train_boost_pair p) {
  return (double)p.gradient * g->sums->gradient_unit;
}

static double curve_of(const train_boost_grower *g, train_boost_pair p) {
  return (double)(p.curve >> TRAIN_BOOST_COUNT_BITS) * g->sums->curve_unit;
}

/* -------------------------------------------------------------- splitting */

/* How much a leaf of these rows lowers the loss, twice. */
static double worth(const train_boost_grower *g, train_boost_pair p) {
  double gradient = gradient_of(g, p);
  return gradient * gradient / (curve_of(g, p) + g->options->l2);
}

static bool large_enough(const train_boost_grower *g, train_boost_pair p) {
  return rows_of(p) >= (size_t)g->options->min_rows && curve_of(g, p) >= LEAST_CURVE;
}

static void try_split(split *best, const train_boost_grower *g, train_boost_pair left,
                      train_boost_pair all, uint32_t feature, size_t code, bool missing_right) {
  train_boost_pair right = minus(all, left);
  if (!large_enough(g, left) || !large_enough(g, right))
    return;
  double gain = worth(g, left) + worth(g, right);
  if (gain > best->gain)
    *best = (split){gain, feature, (uint8_t)code, missing_right, left};
}

static void try_feature(split *best, const train_boost_grower *g, const train_boost_pair *cells,
                        train_boost_pair all, uint32_t number) {
  const train_boost_feature *feature = &g->bins->feature[number];
  size_t last = feature->n_codes - 1;
  train_boost_pair missing = cells[last], left = {0, 0};
  if (feature->category) { /* one category, or the missing ones, against all others */
    for (size_t c = 0; c <= last; c++)
      try_split(best, g, minus(all, cells[c]), all, number, c, c == last);
    return;
  }
  for (size_t c = 0; c < feature->n_edges; c++) {
    left = plus(left, cells[c]);
    try_split(best, g, plus(left, missing), all, number, c, false);
    if (rows_of(missing) > 0)
      try_split(best, g, left, all, number, c, true);
  }
}

/* Gains are measured from what the node itself is worth as a leaf. */
static split find_split(const train_boost_grower *g, const pending *p) {
  const train_boost_pair *cells = histogram(g, p->histogram);
  split best = {.gain = worth(g, p->sum) + LEAST_GAIN};
  double before = best.gain;
  for (size_t k = 0; k < g->sums->n_features; k++, cells += g->bins->stride)
    try_feature(&best, g, cells, p->sum, g->sums->feature[k]);
  best.gain -= before;
  return best;
}

static bool goes_right(const train_boost_node *node, const train_boost_bins *bins, size_t row) {
  const train_boost_feature *feature = &bins->feature[node->feature];
  size_t code = bins->code[row * bins->n_features + node->feature];
  if (code + 1 == feature->n_codes)
    return node->missing_right;
  return feature->category ? code == node->code : code > node->code;
}

/* Both sides keep their order, so that rows go on ascending. */
static size_t part_rows(train_boost_grower *g, const train_boost_node *node, size_t begin,
                        size_t end) {
  size_t n_left = 0, n_right = 0;
  for (size_t i = begin; i < end; i++) {
    uint32_t row = g->row[i];
    bool right = goes_right(node, g->bins, row);
    g->spare[n_right] = row;
    g->row[begin + n_left] = row;
    n_right += right;
    n_left += !right;
  }
  memcpy(g->row + begin + n_left, g->spare, n_right * sizeof *g->row);
  return begin + n_left;
}

/* ---------------------------------------------------------------- growing */

static void set_leaf(train_boost_grower *g, uint32_t node, train_boost_pair sum) {
  double under = curve_of(g, sum) + g->options->l2;
  double value = under > 0.0 ? -gradient_of(g, sum) / under : 0.0;
  g->node[node] = (train_boost_node){.leaf = true, .value = g->options->shrinkage * value};
}

static bool can_split(const train_boost_grower *g, train_boost_pair sum, int depth) {
  return depth < g->options->max_depth && rows_of(sum) >= 2 * (size_t)g->options->min_rows;
}

static void add_child(train_boost_grower *g, const pending *child) {
  if (can_split(g, child->sum, child->depth)) {
    g->todo[g->n_todo++] = *child;
    return;
  }
  set_leaf(g, child->node, child->sum);
  if (child->histogram >= 0)
    g->unused[g->n_unused++] = child->histogram;
}

/* The larger child takes its parent's histogram over, less the smaller one's. */
static void count_children(train_boost_grower *g, int whole, pending *left, pending *right) {
  if (!can_split(g, left->sum, left->depth) && !can_split(g, right->sum, right->depth)) {
    g->unused[g->n_unused++] = whole;
    return;
  }
  bool left_less = rows_of(left->sum) < rows_of(right->sum);
  pending *small = left_less ? left : right, *large = left_less ? right : left;
  small->histogram = g->unused[--g->n_unused];
  large->histogram = whole;
  train_boost_pair *less = histogram(g, small->histogram), *from = histogram(g, whole);
  count(g, less, small->begin, small->end);
  for (size_t c = 0; c < g->sums->n_features * g->bins->stride; c++)
    from[c] = minus(from[c], less[c]);
}

/* Larger children wait while smaller ones are done: histograms are no more than levels. */
static void divide(train_boost_grower *g, const pending *p, const split *s) {
  train_boost_node *node = &g->node[p->node];
  *node = (train_boost_node){.feature = s->feature,
                             .code = s->code,
                             .missing_right = s->missing_right,
                             .left = (uint32_t)g->n_nodes,
                             .right = (uint32_t)g->n_nodes + 1};
  g->n_nodes += 2;
  size_t middle = part_rows(g, node, p->begin, p->end);
  pending left = {node->left, p->begin, middle, p->depth + 1, -1, s->left};
  pending right = {node->right, middle, p->end, p->depth + 1, -1, minus(p->sum, s->left)};
  count_children(g, p->histogram, &left, &right);
  bool left_less = rows_of(left.sum) < rows_of(right.sum);
  add_child(g, left_less ? &right : &left);
  add_child(g, left_less ? &left : &right);
}

static void begin(train_boost_grower *g, const train_boost_sums *sums) {
  g->sums = sums;
  for (size_t i = 0; i < sums->n_rows; i++)
    g->row[i] = (uint32_t)sums->row[i];
  g->n_unused = 0;
  for (int i = g->options->max_depth; i > 0; i--)
    g->unused[g->n_unused++] = i;
  g->n_nodes = 1;
  g->n_todo = 0;
  count(g, histogram(g, 0), 0, sums->n_rows);
  train_boost_pair sum = total(g, histogram(g, 0));
  add_child(g, &(pending){0, 0, sums->n_rows, 0, 0, sum});
}

size_t train_boost_grower_grow(const train_boost_node **nodes, double *gain, train_boost_grower *g,
                               const train_boost_sums *sums) {
  BASE_ASSERT(sums->n_rows > 0 && sums->n_rows <= g->n_most_rows);
  begin(g, sums);
  while (g->n_todo > 0) {
    pending p = g->todo[--g->n_todo];
    split s = find_split(g, &p);
    if (s.gain > 0.0) {
      gain[s.feature] += s.gain;
      divide(g, &p, &s);
      continue;
    }
    set_leaf(g, p.node, p.sum);
    g->unused[g->n_unused++] = p.histogram;
  }
  *nodes = g->node;
  return g->n_nodes;
}

double train_boost_tree_value(const train_boost_node *nodes, const train_boost_bins *bins,
                              size_t row) {
  const train_boost_node *node = nodes;
  while (!node->leaf)
    node = &nodes[goes_right(node, bins, row) ? node->right : node->left];
  return node->value;
}
