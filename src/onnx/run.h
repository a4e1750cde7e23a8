/* SPDX-License-Identifier: Apache-2.0 */
/**
 * A graph in clear, in doubles: the oracle of what is compiled, and the means of compiling it,
 * for affine parts are found by running them on unit vectors.
 */
#ifndef ONNX_RUN_H
#define ONNX_RUN_H
#include "onnx/tensor.h"

/** How a result depends on the inputs that are not constants. */
typedef enum onnx_kind {
  ONNX_JOINT,    /**< affine in all the inputs of the mask together; the others must be constants */
  ONNX_SINGLE,   /**< affine in one input of the mask while the others are constants */
  ONNX_FUNCTION, /**< a function of one element each: what may become a polynomial */
  ONNX_SHAPE,    /**< of the shapes alone: a constant */
  ONNX_TAIL,     /**< monotone or a choice by size: dropped at the end, for the client does it */
  ONNX_CLEAR     /**< in clear only */
} onnx_kind;

typedef struct onnx_run {
  const onnx_graph *graph;
  onnx_tensor *value; /**< of each value of the graph; value.value == NULL: not there */
  size_t n_alive;     /**< numbers in all tensors of this run */
  uint64_t n_products;
  bool scores; /**< classifiers give affine scores, not probabilities */
} onnx_run;

#define ONNX_MAX_PRODUCTS ((uint64_t)1 << 36) /**< of one run of a graph, or all of a layer */

typedef struct onnx_call {
  onnx_run *run;
  const onnx_node *node;
  const onnx_tensor *in[ONNX_MAX_INPUTS]; /**< NULL = left out */
  onnx_tensor *out[ONNX_MAX_INPUTS];      /**< NULL = nobody asked */
} onnx_call;

typedef struct onnx_operator {
  const char *name;
  ckks_status (*run)(onnx_call *call);
  int min_in, max_in;
  onnx_kind kind;
  uint32_t mask;    /**< inputs in which JOINT and SINGLE are affine */
  bool elementwise; /**< result i depends on element i alone, when other operands are single */
} onnx_operator;

/** NULL for an operator that is not known. */
const onnx_operator *onnx_run_operator(const onnx_node *node);
/** CKKS_ERROR_FORMAT with the node, the reason, and what to use in its place. */
ckks_status onnx_run_refuse(const onnx_node *node, const char *reason);

/** Initializers are shared with the graph, everything else is the run's own. CKKS_ERROR_FORMAT
 * names an input that is no tensor, or one of other things than numbers. */
ckks_status onnx_run_init(onnx_run *run, const onnx_graph *graph);
void onnx_run_clear(onnx_run *run);
/** Gives a value (a copy). Shape and count of inputs are checked against the declaration. */
ckks_status onnx_run_set(onnx_run *run, int value, const onnx_tensor *tensor);
/** Forgets a value that is no initializer. */
void onnx_run_forget(onnx_run *run, int value);
/** Runs one node; errors name it. */
ckks_status onnx_run_node(onnx_run *run, const onnx_node *node);
/* --- for operators */

/** Makes result i of a call; a result nobody asked for is CKKS_OK with NULL in call->out. */
ckks_status onnx_run_out(onnx_call *call, int i, int rank, const size_t *dim, bool whole);
/** Counts outer * inner products; CKKS_ERROR_RANGE above the ceiling. */
ckks_status onnx_run_work(onnx_run *run, size_t outer, size_t inner);
/** How many numbers of a tensor are not 0: what the operators that skip zeros have to do. */
size_t onnx_run_nonzero(const onnx_tensor *tensor);
double onnx_run_float(const onnx_call *call, const char *name, double otherwise);
int64_t onnx_run_int(const onnx_call *call, const char *name, int64_t otherwise);
/** axis in -rank..rank-1 as 0..rank-1; CKKS_ERROR_FORMAT otherwise. */
ckks_status onnx_run_axis(int *out, int64_t axis, int rank);
/**
 * Integers from input `index`, or from the attribute where there is no such input; *n = 0 when
 * there is neither. At most ONNX_MAX_INPUTS of them.
 */
ckks_status onnx_run_ints(int64_t out[ONNX_MAX_INPUTS], size_t *n, const onnx_call *call, int index,
                          const char *attribute);
#endif
