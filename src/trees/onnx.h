/* SPDX-License-Identifier: Apache-2.0 */
/* The two halves of the reader of ONNX: what the node means, and its trees. */
#ifndef TREES_ONNX_H
#define TREES_ONNX_H
#include "onnx/graph.h"
#include "trees/ensemble.h"

/** How leaves of a node's trees add up. */
typedef struct trees_onnx_sums {
  const onnx_node *node;
  bool classifier; /**< attributes are called class_..., else target_... */
  bool floats;     /**< rows are rounded to floats before they are compared */
  bool average;    /**< over the trees */
  bool column;     /**< two classes, one column of weights: those of the second class */
  bool mirrored;   /**< a column that is taken from the first class besides */
} trees_onnx_sums;

/** Largest feature that a split reads, plus one; CKKS_ERROR_FORMAT naming attribute and limit. */
ckks_status trees_onnx_nodes_features(size_t *n_features, const onnx_node *node);
/** The node's trees behind those of the ensemble, whose features and outputs are there. */
ckks_status trees_onnx_nodes_read(trees_ensemble *ensemble, const trees_onnx_sums *sums);
#endif
