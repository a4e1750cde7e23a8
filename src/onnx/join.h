/* SPDX-License-Identifier: Apache-2.0 */
/* Several outputs of a network side by side, as one. */
#ifndef ONNX_JOIN_H
#define ONNX_JOIN_H
#include "onnx/run.h"

#define ONNX_JOIN_ALL "all"

/**
 * Where `output` is ONNX_JOIN_ALL, and there are several outputs of which none has that name: nodes
 * that flatten each and put them behind one another become the graph's one output, of that name. An
 * activation in which all of them end (Sigmoid, Tanh ...) goes behind that. graph->joined are the
 * outputs that were. CKKS_ERROR_MEMORY; CKKS_ERROR_FORMAT where there are too many nodes.
 */
ckks_status onnx_join_outputs(onnx_graph *graph, const char *output);
/** label[n]: the outputs' names, with a number behind where one has several values ("head[2]"). */
ckks_status onnx_join_labels(char **label, size_t n, const onnx_run *run);
#endif
