/* SPDX-License-Identifier: Apache-2.0 */
/**
 * An ONNX file as a graph: nodes in an order in which they can be computed, values numbered.
 * Everything is checked while it is read, so that what comes after need not: names are
 * made before they are used (no cycles, nothing missing), made once, shapes multiply without
 * overflow, and there is a ceiling on every count.
 */
#ifndef ONNX_GRAPH_H
#define ONNX_GRAPH_H
#include "onnx/wire.h"

#define ONNX_MAX_FILE_BYTES ((size_t)512 << 20)
#define ONNX_MAX_NODES 16384
#define ONNX_MAX_VALUES 65536
#define ONNX_MAX_RANK 8
#define ONNX_MAX_ELEMENTS ((size_t)1 << 24) /**< of one tensor */
#define ONNX_MAX_TOTAL ((size_t)1 << 27)    /**< of all tensors alive */
#define ONNX_MAX_INPUTS 64                  /**< of a node, and outputs */

/** Row-major numbers, whatever type they had; `whole` = that type was an integer's or a bool's. */
typedef struct onnx_tensor {
  int rank;
  size_t dim[ONNX_MAX_RANK];
  size_t n;
  double *value; /**< NULL = not computed */
  bool whole;
  onnx_text *text; /**< of a tensor of texts, whose numbers are zeros; else NULL */
} onnx_tensor;

typedef struct onnx_attribute {
  onnx_text name;
  double f;
  int64_t i;
  onnx_text s;
  size_t n_floats, n_ints, n_strings;
  double *floats;
  int64_t *ints;
  onnx_text *strings;
  onnx_tensor *tensor;
  bool graph; /**< a subgraph, which nothing here runs */
} onnx_attribute;

typedef struct onnx_node {
  onnx_text op, name, domain;
  size_t index; /**< position in the file, for messages */
  int n_in, n_out;
  int *in, *out; /**< values; -1 = left out */
  size_t n_attributes;
  onnx_attribute *attribute;
} onnx_node;

/** Shape of an input or output as declared; dim -1 = a name or nothing. */
typedef struct onnx_port {
  int value;
  int rank; /**< -1 = none declared */
  int64_t dim[ONNX_MAX_RANK];
  bool tensor;   /**< not a sequence, a map ... */
  uint64_t type; /**< TensorProto.DataType, 0 = none declared */
} onnx_port;

typedef struct onnx_value {
  onnx_text name;
  int node;           /**< that makes it; -1 = input or initializer */
  onnx_tensor *given; /**< the initializer, or NULL */
  int next;           /**< in the chain of its hash */
} onnx_value;

typedef struct onnx_graph {
  void *blocks; /**< all memory below */
  int64_t opset;
  size_t n_nodes, n_values, n_inputs, n_outputs;
  onnx_node *node;
  onnx_value *value;
  onnx_port *input, *output; /**< inputs that are not initializers */
  size_t n_joined;
  onnx_port *joined; /**< the file's outputs, where all of them became one (onnx/join.h) */
  int *bucket;
} onnx_graph;

/**
 * The bytes must outlive the graph, which points into them. CKKS_ERROR_FORMAT says what is
 * wrong and where; `name` starts the message.
 */
ckks_status onnx_graph_read(onnx_graph *graph, const uint8_t *bytes, size_t n_bytes,
                            const char *name);
void onnx_graph_clear(onnx_graph *graph);
/** A TensorProto by itself (the .pb files beside test models); free value with base_free. */
ckks_status onnx_tensor_read_bytes(onnx_tensor *tensor, const uint8_t *bytes, size_t n_bytes);
/** How messages call a node: its name, else its number and operator. `text` is at least 160 bytes.
 */
const char *onnx_graph_node_name(char text[160], const onnx_node *node);
/** A value made by a node (-1 = given with it) that was not there; the text must outlive the graph.
 */
ckks_status onnx_graph_add_value(int *value, onnx_graph *graph, onnx_text name, int node);
/** Zeros that live as long as the graph; NULL without memory. */
void *onnx_graph_take(onnx_graph *graph, size_t count, size_t size);
/** NULL when the node has none of that name. */
const onnx_attribute *onnx_graph_attribute(const onnx_node *node, const char *name);
/** n = product of dims; false when it is above ONNX_MAX_ELEMENTS. */
bool onnx_tensor_count(onnx_tensor *tensor);
#endif
