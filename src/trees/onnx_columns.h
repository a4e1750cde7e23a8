/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What stands before the trees of an ONNX graph: each column that they read as a chain of steps
 * from one feature of the row. Steps are as runtimes compute them, roundings to floats included, so
 * that a threshold behind them can be carried back to the row exactly (onnx_split.c).
 */
#ifndef TREES_ONNX_COLUMNS_H
#define TREES_ONNX_COLUMNS_H
#include "onnx/graph.h"
#include "trees/ensemble.h"

/* Types of tensors in ONNX (TensorProto.DataType). */
enum {
  TREES_ONNX_NONE = 0,
  TREES_ONNX_FLOAT = 1,
  TREES_ONNX_INT32 = 6,
  TREES_ONNX_INT64 = 7,
  TREES_ONNX_TEXT = 8,
  TREES_ONNX_BOOL = 9,
  TREES_ONNX_DOUBLE = 11
};

#define TREES_ONNX_MAX_STEPS 64 /**< of one chain */

typedef struct trees_onnx_step {
  enum {
    TREES_ONNX_ROUND, /**< to a float */
    TREES_ONNX_WHOLE, /**< towards 0 */
    TREES_ONNX_FLOOR, /**< and CEIL: to whole numbers */
    TREES_ONNX_CEIL,
    TREES_ONNX_ADD,      /**< x + a */
    TREES_ONNX_FROM,     /**< a - x */
    TREES_ONNX_MULTIPLY, /**< x a */
    TREES_ONNX_DIVIDE,   /**< x / a */
    TREES_ONNX_LEAST,    /**< max(x, a) */
    TREES_ONNX_MOST,     /**< min(x, a) */
    TREES_ONNX_ABOVE,    /**< x > a, as 0 or 1 */
    TREES_ONNX_IMPUTE,   /**< a where x is missing */
    TREES_ONNX_IS,       /**< x == a, as 0 or 1; of a text a is its number */
    TREES_ONNX_MAP       /**< value[k] where x is key[k], a anywhere else */
  } kind;
  bool floats; /**< its result is rounded to a float */
  double a;
  size_t n_keys;
  const double *key, *value; /**< keys ascend */
  const struct trees_onnx_step *before;
} trees_onnx_step;

typedef struct trees_onnx_column {
  uint32_t feature;
  uint32_t n_steps;
  const trees_onnx_step *last; /**< NULL: the feature as it is */
} trees_onnx_column;

/** A feature of rows. Of texts, and of codes that must be known, it becomes categories. */
typedef struct trees_onnx_feature {
  bool texts, coded;
  bool strict; /**< something refuses what it does not know */
  size_t n_values, max_values;
  onnx_text *text; /**< of texts: all that some step knows; the row's x is their number */
  double *code;
} trees_onnx_feature;

typedef struct trees_onnx_columns {
  onnx_graph *graph;
  size_t n_features, n_columns;
  trees_onnx_feature *feature;
  const trees_onnx_column *column; /**< what the trees read */
  int type;                        /**< of them */
  size_t n_taken;                  /**< steps, of all columns on the way */
  uint8_t *step;                   /**< of each node: whether it is one of the steps */
} trees_onnx_columns;

/**
 * The columns of the node's input; memory is the graph's. `used`: how many columns the trees read,
 * which an input of unknown width then has. CKKS_ERROR_FORMAT names a node that is no such step,
 * with what to do.
 */
ckks_status trees_onnx_columns_read(trees_onnx_columns *columns, onnx_graph *graph,
                                    const onnx_node *trees, size_t used);
/** A name from the file, as encodings have them; errors begin with `what`. CKKS_ERROR_FORMAT. */
ckks_status trees_onnx_columns_name(char **name, onnx_text text, const char *what);
/** Names of the ensemble's features, and those that are categories. */
ckks_status trees_onnx_columns_finish(trees_ensemble *ensemble, const trees_onnx_columns *columns);
#endif
