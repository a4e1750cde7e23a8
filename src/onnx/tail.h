/* SPDX-License-Identifier: Apache-2.0 */
/**
 * What stands behind the scores of a network and is the client's: a softmax or another end, which
 * it applies exactly, the choice of the largest, names of classes.
 */
#ifndef ONNX_TAIL_H
#define ONNX_TAIL_H
#include "encoding/encoding.h"
#include "onnx/run.h"

#define ONNX_TAIL_AXES 4

typedef struct onnx_tail {
  int scores; /**< the value that the server computes */
  encoding_end end;
  bool classes; /**< by a choice, by labels or by a softmax */
  bool values;  /**< a regressor says so */
  bool pair;    /**< one score z stands for two classes, of which `second` has sigmoid(z) */
  bool second_first;
  const onnx_node *ends;                 /**< the node that the client does, for reports; or NULL */
  const onnx_attribute *labels;          /**< ints or strings, or NULL */
  int table;                             /**< value that holds them by their index, or -1 */
  const onnx_node *axis[ONNX_TAIL_AXES]; /**< nodes that must go over all outputs of a row */
  int n_axes;
} onnx_tail;

/**
 * Of the graph's outputs, or of the one with that name (NULL = there is one, or all of them end in
 * the same scores). CKKS_ERROR_FORMAT lists them where they differ, or where none has the name.
 */
ckks_status onnx_tail_choose(onnx_tail *tail, const onnx_graph *graph, const char *output);
/**
 * Once the scores are in `run`: a softmax or a choice over an axis that does not have all of them
 * (that of the batch) is refused, and one score behind a sigmoid becomes a pair.
 */
ckks_status onnx_tail_check(onnx_tail *tail, onnx_run *run);
/** Names of n outputs into label[n], where the file has some; *found says whether. */
ckks_status onnx_tail_labels(char **label, bool *found, const onnx_tail *tail, size_t n,
                             onnx_run *run);
#endif
