/* SPDX-License-Identifier: Apache-2.0 */
/**
 * An ensemble of decision trees in clear, whatever library grew it: outputs are sums of leaves.
 * Readers turn every comparison of their format into one: x > edge goes right, in doubles; or, of
 * a feature of categories, x is one of these.
 */
#ifndef TREES_ENSEMBLE_H
#define TREES_ENSEMBLE_H
#include "encoding/encoding.h"

#define TREES_MAX_TREES ((size_t)1 << 16)
#define TREES_MAX_NODES ((size_t)1 << 20)  /**< of all trees together */
#define TREES_MAX_VALUES ((size_t)1 << 24) /**< of all leaves together */
#define TREES_MAX_DEPTH 31
#define TREES_ALL_OUTPUTS SIZE_MAX

typedef struct trees_node {
  bool leaf;
  bool missing_right;   /**< where NaN goes */
  bool equal;           /**< of a feature of categories: x == edge goes right, not x > edge */
  bool constant;        /**< asks nothing: whatever x is, it goes left */
  uint32_t feature;     /**< of a split */
  double edge;          /**< x > edge goes right, anything else left */
  uint32_t left, right; /**< nodes of the same tree, the root being 0 */
  uint32_t n_more;      /**< further edges, ascending from `edge` on: x goes right where an odd
                           number of them is below it; of categories: those that go right, too */
  size_t more;          /**< where they begin in the ensemble's `more` */
  size_t value;         /**< of a leaf: where its values begin */
} trees_node;

typedef struct trees_tree {
  size_t first, n_nodes; /**< in the ensemble's nodes */
  size_t target;         /**< the output that its leaves add to, or TREES_ALL_OUTPUTS: one each */
} trees_tree;

typedef struct trees_ensemble {
  size_t n_features, n_outputs;
  char **feature, **label; /**< names: of features, and of classes or outputs */
  encoding_meaning meaning;
  double *base; /**< n_outputs: what the sums start from */
  size_t n_trees, max_trees;
  trees_tree *tree;
  size_t n_nodes, max_nodes;
  trees_node *node;
  size_t n_values, max_values;
  double *value;
  size_t n_more, max_more;
  double *more;         /**< edges of nodes that have several */
  encoding_input input; /**< of features that are categories; its feature is NULL: there are none */
} trees_ensemble;

/**
 * No trees; features "x0", "x1", ..., labels "0", "1", ..., base 0. CKKS_ERROR_FORMAT when there
 * are none of them or more than encoding.h allows.
 */
ckks_status trees_ensemble_init(trees_ensemble *ensemble, size_t n_features, size_t n_outputs);
void trees_ensemble_clear(trees_ensemble *ensemble); /**< wipes leaves and edges */
/** A tree of n zeroed nodes behind the others: they begin at *node, valid until the next tree. */
ckks_status trees_ensemble_add_tree(trees_ensemble *ensemble, size_t n_nodes, size_t target,
                                    trees_node **node);
/** Makes `node` a leaf: one value, or n_outputs of them where the tree adds to all outputs. */
ckks_status trees_ensemble_add_leaf(trees_ensemble *ensemble, trees_node *node,
                                    const double *values, size_t n_values);
/**
 * What a split goes by: n sorted edges, or n categories; none: it is constant. The node's other
 * fields stay.
 */
ckks_status trees_ensemble_set_edges(trees_ensemble *ensemble, trees_node *node,
                                     const double *edges, size_t n);
/** The node's edge number k of 1 + n_more. */
double *trees_ensemble_edge(const trees_ensemble *ensemble, trees_node *node, size_t k);
/**
 * Each tree is one (every node has one way from the root, and at most TREES_MAX_DEPTH splits on
 * it), features and values are there, everything is finite, names are well-formed and distinct;
 * else CKKS_ERROR_FORMAT naming tree and node.
 */
ckks_status trees_ensemble_check(const trees_ensemble *ensemble);
/** outputs[n_outputs] of a row of raw features, NaN = missing, before what meaning.end says. */
void trees_ensemble_forward(double *outputs, const double *row, const trees_ensemble *ensemble);
/** Output k lies between the smallest leaves of all trees together and the largest ones. */
void trees_ensemble_range(double *low, double *high, const trees_ensemble *ensemble, size_t k);
#endif
