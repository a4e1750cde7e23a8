/* SPDX-License-Identifier: Apache-2.0 */
/* A node's question about a column as a split of a feature: edges of the row itself. */
#ifndef TREES_ONNX_SPLIT_H
#define TREES_ONNX_SPLIT_H
#include "trees/onnx_columns.h"

typedef enum trees_onnx_mode {
  TREES_ONNX_LEQ,
  TREES_ONNX_LT,
  TREES_ONNX_GTE,
  TREES_ONNX_GT,
  TREES_ONNX_EQ,
  TREES_ONNX_NEQ,
  TREES_ONNX_MEMBER,
  TREES_ONNX_N_MODES
} trees_onnx_mode;

typedef struct trees_onnx_question {
  trees_onnx_mode mode;
  size_t column;
  bool missing_yes; /**< NaN goes to the "true" node, whatever it would be compared with */
  size_t n_values;  /**< 1, or the members */
  const double *value;
  uint32_t yes, no; /**< nodes of the tree */
} trees_onnx_question;

/** At most so many steps are tried in all, that no file takes for ever. */
#define TREES_ONNX_MAX_WORK ((size_t)1 << 32)

/** Fills the node; `work` counts steps. CKKS_ERROR_FORMAT where they are too many. */
ckks_status trees_onnx_split_read(trees_ensemble *ensemble, trees_node *node, size_t *work,
                                  const trees_onnx_columns *columns,
                                  const trees_onnx_question *question);
#endif
