/* SPDX-License-Identifier: Apache-2.0 */
/* What the two readers of a graph share. */
#ifndef ONNX_GRAPH_READ_H
#define ONNX_GRAPH_READ_H
#include "onnx/graph.h"

/** Zeros that live as long as the graph; returns CKKS_ERROR_MEMORY from where it stands. */
#define ONNX_TAKE(pointer, graph, count)                                                           \
  do {                                                                                             \
    (pointer) = onnx_graph_take((graph), (count), sizeof *(pointer));                              \
    if ((pointer) == NULL)                                                                         \
      return base_fail_memory((count) * sizeof *(pointer));                                        \
  } while (0)

/** Room for ONNX_MAX_VALUES of them, none there yet. */
ckks_status onnx_graph_init_values(onnx_graph *graph);
/** The value of that name, or -1. */
int onnx_graph_find_value(const onnx_graph *graph, onnx_text name);
/** Reads a NodeProto whose index is set; what it reads must be there, what it makes must not. */
ckks_status onnx_graph_nodes_read(onnx_graph *graph, onnx_node *node, base_reader message);
#endif
