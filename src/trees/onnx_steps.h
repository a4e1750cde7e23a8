/* SPDX-License-Identifier: Apache-2.0 */
/* Operators before the trees, each a step of columns: what the walk in onnx_columns.c applies. */
#ifndef TREES_ONNX_STEPS_H
#define TREES_ONNX_STEPS_H
#include "trees/onnx_columns.h"

#define TREES_ONNX_MAX_TAKEN ((size_t)1 << 20) /**< steps of all columns on the way */

/* A tensor of rows: its columns. Behind a one-hot encoder of several they are groups of as many as
 * there are categories, until something lays them side by side. */
typedef struct trees_onnx_tensor {
  bool known;
  int type;
  size_t n, n_groups;
  const trees_onnx_column *column;
} trees_onnx_tensor;

typedef struct trees_onnx_walk {
  trees_onnx_columns *columns;
  trees_onnx_tensor *of; /* of each value of the graph */
  const onnx_node *node; /* that is applied */
  size_t n_looked;       /* categories compared with each other */
} trees_onnx_walk;

/** CKKS_ERROR_FORMAT naming the node. */
ckks_status trees_onnx_steps_refuse(const trees_onnx_walk *w, const char *why);
/** Zeros that live as long as the graph; NULL without memory. */
void *trees_onnx_steps_take(const trees_onnx_walk *w, size_t n, size_t size);
/** An input of the node; what is no columns is not `known`. */
const trees_onnx_tensor *trees_onnx_steps_input(const trees_onnx_walk *w, int input);
/** What the node makes. */
ckks_status trees_onnx_steps_set(trees_onnx_walk *w, trees_onnx_tensor result);
ckks_status trees_onnx_steps_columns(trees_onnx_column **out, trees_onnx_walk *w, size_t n);
/** One step behind a column. */
ckks_status trees_onnx_steps_add(trees_onnx_column *out, trees_onnx_walk *w,
                                 const trees_onnx_column *column, trees_onnx_step step);
/** The same step of all columns of a tensor, with a[i] (or a[0]) of n_a, where `a` is not NULL. */
ckks_status trees_onnx_steps_all(trees_onnx_tensor *t, trees_onnx_walk *w, trees_onnx_step step,
                                 const double *a, size_t n_a);
bool trees_onnx_steps_whole(int type); /**< of integers or booleans */

/* --- the operators */
ckks_status trees_onnx_steps_identity(trees_onnx_walk *w, trees_onnx_tensor t);
ckks_status trees_onnx_steps_cast(trees_onnx_walk *w, trees_onnx_tensor t);
ckks_status trees_onnx_steps_scaler(trees_onnx_walk *w, trees_onnx_tensor t);
ckks_status trees_onnx_steps_imputer(trees_onnx_walk *w, trees_onnx_tensor t);
/** Add, Sub, Mul, Div, with numbers that the file gives on one side. */
ckks_status trees_onnx_steps_arithmetic(trees_onnx_walk *w, trees_onnx_tensor t);
ckks_status trees_onnx_steps_clip(trees_onnx_walk *w, trees_onnx_tensor t);
/** Floor, Ceil, Neg, Binarizer. */
ckks_status trees_onnx_steps_simple(trees_onnx_walk *w, trees_onnx_tensor t);
/** ArrayFeatureExtractor, Gather. */
ckks_status trees_onnx_steps_select(trees_onnx_walk *w, trees_onnx_tensor t);
/** Concat, FeatureVectorizer. */
ckks_status trees_onnx_steps_concat(trees_onnx_walk *w, trees_onnx_tensor t);
/** Reshape, Flatten, Squeeze. */
ckks_status trees_onnx_steps_reshape(trees_onnx_walk *w, trees_onnx_tensor t);
ckks_status trees_onnx_codes_one_hot(trees_onnx_walk *w, trees_onnx_tensor t);
ckks_status trees_onnx_codes_label_encoder(trees_onnx_walk *w, trees_onnx_tensor t);
#endif
