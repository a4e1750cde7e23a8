/* SPDX-License-Identifier: Apache-2.0 */
/* The whole file: declared shapes, initializers, nodes in their order, outputs. */
#include "onnx/graph_read.h"

#include "onnx/tensor.h"

/* ----------------------------------------------------------------- shapes */

static ckks_status read_dim(onnx_port *port, base_reader message) {
  onnx_field field;
  if (port->rank == ONNX_MAX_RANK)
    return base_fail(CKKS_ERROR_FORMAT, "a shape of more than %d dimensions", ONNX_MAX_RANK);
  int64_t dim = -1;
  while (onnx_wire_next(&field, &message))
    if (field.number == 1)
      dim = (int64_t)field.varint;
  if (message.failed)
    return onnx_wire_damaged();
  if (dim < -1 || dim > (int64_t)ONNX_MAX_ELEMENTS)
    return base_fail(CKKS_ERROR_FORMAT, "a dimension of %lld", (long long)dim);
  port->dim[port->rank++] = dim;
  return CKKS_OK;
}

/* TypeProto.tensor_type = 1, its shape = 2, of which dim = 1. */
static ckks_status read_type(onnx_port *port, base_reader type) {
  onnx_field outer, middle, inner;
  while (onnx_wire_next(&outer, &type)) {
    if (outer.number != 1)
      continue;
    port->tensor = true;
    base_reader tensor = onnx_wire_message(&outer);
    while (onnx_wire_next(&middle, &tensor)) {
      if (middle.number == 1)
        port->type = middle.varint;
      if (middle.number != 2)
        continue;
      port->rank = 0;
      base_reader shape = onnx_wire_message(&middle);
      while (onnx_wire_next(&inner, &shape))
        if (inner.number == 1)
          BASE_TRY(read_dim(port, onnx_wire_message(&inner)));
      if (shape.failed)
        return onnx_wire_damaged();
    }
    if (tensor.failed)
      return onnx_wire_damaged();
  }
  return type.failed ? onnx_wire_damaged() : CKKS_OK;
}

static ckks_status read_port(onnx_port *port, onnx_text *name, base_reader message) {
  onnx_field field;
  *port = (onnx_port){.value = -1, .rank = -1};
  *name = (onnx_text){"", 0};
  while (onnx_wire_next(&field, &message)) {
    if (field.number == 1)
      *name = field.bytes;
    else if (field.number == 2)
      BASE_TRY(read_type(port, onnx_wire_message(&field)));
  }
  return message.failed ? onnx_wire_damaged() : CKKS_OK;
}

/* ------------------------------------------------------------------ graph */

static ckks_status read_initializers(onnx_graph *graph, base_reader message) {
  onnx_field field;
  size_t total = 0;
  while (onnx_wire_next(&field, &message)) {
    if (field.number == 15)
      return base_fail(CKKS_ERROR_FORMAT, "a sparse initializer, which is not supported");
    if (field.number != 5)
      continue;
    onnx_tensor *tensor;
    onnx_text name = {"", 0};
    int value;
    ONNX_TAKE(tensor, graph, 1);
    ckks_status status = onnx_tensor_read(tensor, &name, onnx_wire_message(&field));
    if (status != CKKS_OK)
      return base_fail_in(status, "initializer \"%.*s\"", ONNX_TEXT(name));
    total += tensor->n;
    status = total > ONNX_MAX_TOTAL
                 ? base_fail(CKKS_ERROR_FORMAT, "more than %zu weights", ONNX_MAX_TOTAL)
                 : onnx_graph_add_value(&value, graph, name, -1);
    if (status != CKKS_OK) {
      onnx_tensor_clear(tensor);
      return status;
    }
    graph->value[value].given = tensor;
  }
  return CKKS_OK;
}

/* Old files name initializers among the inputs as well: those are no inputs. */
static ckks_status read_inputs(onnx_graph *graph, base_reader message) {
  onnx_field field;
  onnx_text name;
  while (onnx_wire_next(&field, &message)) {
    if (field.number != 11)
      continue;
    onnx_port *port = &graph->input[graph->n_inputs];
    BASE_TRY(read_port(port, &name, onnx_wire_message(&field)));
    int known = onnx_graph_find_value(graph, name);
    if (known >= 0 && graph->value[known].given != NULL)
      continue;
    BASE_TRY(onnx_graph_add_value(&port->value, graph, name, -1));
    graph->n_inputs++;
  }
  return CKKS_OK;
}

static ckks_status read_nodes(onnx_graph *graph, base_reader message) {
  onnx_field field;
  while (onnx_wire_next(&field, &message)) {
    if (field.number != 1)
      continue;
    onnx_node *node = &graph->node[graph->n_nodes];
    node->index = graph->n_nodes++;
    BASE_TRY(onnx_graph_nodes_read(graph, node, onnx_wire_message(&field)));
  }
  return CKKS_OK;
}

static ckks_status read_outputs(onnx_graph *graph, base_reader message) {
  onnx_field field;
  onnx_text name;
  while (onnx_wire_next(&field, &message)) {
    if (field.number != 12)
      continue;
    onnx_port *port = &graph->output[graph->n_outputs++];
    BASE_TRY(read_port(port, &name, onnx_wire_message(&field)));
    port->value = onnx_graph_find_value(graph, name);
    if (port->value < 0)
      return base_fail(CKKS_ERROR_FORMAT, "output \"%.*s\" is made by no node", ONNX_TEXT(name));
  }
  return graph->n_outputs > 0 ? CKKS_OK : base_fail(CKKS_ERROR_FORMAT, "a graph without outputs");
}

static ckks_status read_graph(onnx_graph *graph, base_reader message) {
  size_t nodes = onnx_wire_count(message, 1, true, 0);
  if (nodes > ONNX_MAX_NODES)
    return base_fail(CKKS_ERROR_FORMAT, "%zu nodes; at most %d are allowed", nodes, ONNX_MAX_NODES);
  size_t inputs = onnx_wire_count(message, 11, true, 0);
  size_t outputs = onnx_wire_count(message, 12, true, 0);
  if (inputs > ONNX_MAX_VALUES || outputs > ONNX_MAX_VALUES)
    return base_fail(CKKS_ERROR_FORMAT, "more than %d inputs or outputs", ONNX_MAX_VALUES);
  ONNX_TAKE(graph->node, graph, nodes);
  ONNX_TAKE(graph->input, graph, inputs);
  ONNX_TAKE(graph->output, graph, outputs);
  BASE_TRY(onnx_graph_init_values(graph));
  BASE_TRY(read_initializers(graph, message));
  BASE_TRY(read_inputs(graph, message));
  BASE_TRY(read_nodes(graph, message));
  return read_outputs(graph, message);
}

/* OperatorSetIdProto: domain = 1, version = 2; that of ONNX itself has no domain. */
static ckks_status read_opset(onnx_graph *graph, base_reader message) {
  onnx_field field;
  int64_t version = 0;
  bool own = true;
  while (onnx_wire_next(&field, &message)) {
    if (field.number == 1)
      own = field.bytes.n == 0 || onnx_wire_text_is(field.bytes, "ai.onnx");
    else if (field.number == 2)
      version = (int64_t)field.varint;
  }
  if (own)
    graph->opset = version;
  return message.failed ? onnx_wire_damaged() : CKKS_OK;
}

static ckks_status read_model(onnx_graph *graph, base_reader message) {
  onnx_field field;
  onnx_text body = {NULL, 0};
  while (onnx_wire_next(&field, &message)) {
    if (field.number == 7 && field.type == ONNX_BYTES) {
      if (body.text != NULL)
        return base_fail(CKKS_ERROR_FORMAT, "two graphs");
      body = field.bytes;
    } else if (field.number == 8) {
      BASE_TRY(read_opset(graph, onnx_wire_message(&field)));
    }
  }
  if (message.failed || body.text == NULL)
    return base_fail(CKKS_ERROR_FORMAT, "not an ONNX model, or damaged");
  base_reader reader;
  base_reader_init(&reader, (const uint8_t *)body.text, body.n);
  /* Once through, so that what follows need not ask whether the message is whole. */
  while (onnx_wire_next(&field, &reader))
    continue;
  if (reader.failed)
    return onnx_wire_damaged();
  base_reader_init(&reader, (const uint8_t *)body.text, body.n);
  return read_graph(graph, reader);
}

ckks_status onnx_graph_read(onnx_graph *graph, const uint8_t *bytes, size_t n_bytes,
                            const char *name) {
  base_reader message;
  *graph = (onnx_graph){0};
  base_reader_init(&message, bytes, n_bytes);
  ckks_status status = read_model(graph, message);
  if (status == CKKS_OK)
    return CKKS_OK;
  onnx_graph_clear(graph);
  return base_fail_in(status, "%s", name);
}
