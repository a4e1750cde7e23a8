/* SPDX-License-Identifier: Apache-2.0 */
/**
 * A graph as layers: everything affine between two activations is one matrix, and an
 * activation is any chain of operators that takes one tensor element by element (x sigmoid(x)
 * as well as Relu). Matrices are found by running the affine part on unit vectors, so every
 * operator is written once, and what is compiled is what the oracle computes.
 *
 * Values have a level, the number of activations before them. The basis of level 0 is
 * the graph's input; that of level l + 1 the results of layer l: of the activations on level l,
 * and the values that a later level wants as they are (a connection that skips activations).
 */
#ifndef ONNX_FOLD_H
#define ONNX_FOLD_H
#include "network/network.h"
#include "onnx/run.h"
#include "onnx/tail.h"

#define ONNX_MAX_LAYERS 256
#define ONNX_MAX_BRANCHES 16 /**< tensors side by side in one layer */
#define ONNX_MAX_WIDTH 65536 /**< of a basis */

typedef enum onnx_state_kind {
  ONNX_UNUSED, /**< not needed for the output */
  ONNX_FIXED,  /**< a constant */
  ONNX_AFFINE, /**< affine in the basis of its level */
  ONNX_BENT    /**< a function of its root, which is affine, element by element */
} onnx_state_kind;

typedef struct onnx_state {
  onnx_state_kind kind;
  int level, root;
} onnx_state;

/**
 * Layer l: tensors `root`, affine in the basis of level l, and what the activation of each makes
 * of it. Where that is the root itself it is carried on, or is the output.
 */
typedef struct onnx_layer {
  size_t n_in, n_out;
  int n_roots;
  int root[ONNX_MAX_BRANCHES];
  int bent[ONNX_MAX_BRANCHES];
} onnx_layer;

typedef struct onnx_fold {
  const onnx_graph *graph;
  onnx_run run;
  onnx_state *state; /**< of each value */
  bool *needed;      /**< of each node */
  int input, output; /**< values; the output are the scores, before what the client does */
  onnx_tail tail;
  size_t batch; /**< rows for which the file was exported, where it was for several; else 0 */
  int n_layers;
  onnx_layer layer[ONNX_MAX_LAYERS];
} onnx_fold;

/**
 * Classifies; refuses, naming the node, what no plan can do. `output` names one of several outputs
 * (onnx_tail_choose), or is NULL.
 */
ckks_status onnx_fold_init(onnx_fold *fold, const onnx_graph *graph, const char *output);
void onnx_fold_clear(onnx_fold *fold);
/* --- fold_run.c */
/** Runs what the output needs on the input that is set: shapes and constants come of zeros. */
ckks_status onnx_fold_run_needed(onnx_fold *fold);
/**
 * weight, n_out x n_in without its zeros, and bias[n_out] of a layer. CKKS_ERROR_RANGE when more
 * than NETWORK_MAX_WEIGHTS numbers are not 0.
 */
ckks_status onnx_fold_matrix(network_sparse *weight, double *bias, onnx_fold *fold, int layer);
/* --- fold_sparse.c */
/**
 * The matrix of a wide layer without running it on all of its unit vectors; *found false where a
 * node on the way is none of those that can be written down. `path`: the layer's nodes.
 */
ckks_status onnx_fold_sparse(bool *found, network_sparse *weight, onnx_fold *fold, int layer,
                             const bool *path, const int *basis, int n_basis);
/** Sets the basis to numbers that a matrix is tried on, */
void onnx_fold_sparse_probe(const onnx_fold *fold, const int *basis, int n_basis);
/** and whether it makes of them what the layer made: values[n_out]. */
bool onnx_fold_sparse_holds(const network_sparse *weight, const double *bias, const double *values);
/* --- fold_run.c */
/** How many values a branch of a layer has. */
size_t onnx_fold_width(const onnx_fold *fold, int layer, int branch);
/** y[i] = activation of a branch at x[i]. */
ckks_status onnx_fold_function(double *y, const double *x, size_t n, onnx_fold *fold, int layer,
                               int branch);
/** The whole graph on one row; then onnx_fold_values reads a layer's roots, one behind another. */
ckks_status onnx_fold_run(onnx_fold *fold, const double *row);
void onnx_fold_values(double *values, const onnx_fold *fold, int layer);
/** The node that ends the activation of a branch, for reports; NULL when it has none. */
const onnx_node *onnx_fold_activation(const onnx_fold *fold, int layer, int branch);
#endif
