/* SPDX-License-Identifier: Apache-2.0 */
/* The parts of the reader of ONNX: what the node means, and its trees, which the operators up to
 * ai.onnx.ml 3 write in one way and that of 5 in another. */
#ifndef TREES_ONNX_H
#define TREES_ONNX_H
#include "trees/onnx_columns.h"
#include "trees/onnx_split.h"

/** How leaves of a node's trees add up. */
typedef struct trees_onnx_sums {
  const onnx_node *node;
  const trees_onnx_columns *columns; /**< what the trees read */
  bool classifier;                   /**< attributes are called class_..., else target_... */
  bool five;                         /**< the TreeEnsemble of ai.onnx.ml 5 */
  bool average;                      /**< over the trees */
  bool column;   /**< two classes, one column of weights: those of the second class */
  bool mirrored; /**< a column that is taken from the first class besides */
} trees_onnx_sums;

/** Largest feature that a split reads, plus one; CKKS_ERROR_FORMAT naming attribute and limit. */
ckks_status trees_onnx_nodes_features(size_t *n_features, const onnx_node *node);
/** The node's trees behind those of the ensemble, whose features and outputs are there. */
ckks_status trees_onnx_nodes_read(trees_ensemble *ensemble, const trees_onnx_sums *sums);
/** The same of a TreeEnsemble. */
ckks_status trees_onnx_five_features(size_t *n_features, const onnx_node *node);
ckks_status trees_onnx_five_read(trees_ensemble *ensemble, const trees_onnx_sums *sums);
#endif
