/* SPDX-License-Identifier: Apache-2.0 */
/* Nodes and their attributes. */
#include "onnx/graph_read.h"

#include "onnx/tensor.h"

static void read_floats(onnx_attribute *attribute, base_reader message) {
  onnx_field field;
  size_t n = 0;
  while (onnx_wire_next(&field, &message)) {
    if (field.number != 7)
      continue;
    if (field.type != ONNX_BYTES) {
      attribute->floats[n++] = onnx_wire_float(field.varint);
      continue;
    }
    base_reader packed = onnx_wire_message(&field);
    while (base_reader_left(&packed) >= 4)
      attribute->floats[n++] = onnx_wire_float(base_reader_u32(&packed));
  }
}

static void read_ints(onnx_attribute *attribute, base_reader message) {
  onnx_field field;
  size_t n = 0;
  while (onnx_wire_next(&field, &message)) {
    if (field.number != 8)
      continue;
    if (field.type != ONNX_BYTES) {
      attribute->ints[n++] = (int64_t)field.varint;
      continue;
    }
    base_reader packed = onnx_wire_message(&field);
    while (base_reader_left(&packed) > 0 && n < attribute->n_ints)
      attribute->ints[n++] = (int64_t)onnx_wire_varint(&packed);
  }
}

static ckks_status read_repeated(onnx_graph *graph, onnx_attribute *attribute,
                                 base_reader message) {
  onnx_field field;
  attribute->n_floats = onnx_wire_count(message, 7, false, 4);
  attribute->n_ints = onnx_wire_count(message, 8, false, 0);
  attribute->n_strings = onnx_wire_count(message, 9, true, 0);
  ONNX_TAKE(attribute->floats, graph, attribute->n_floats);
  ONNX_TAKE(attribute->ints, graph, attribute->n_ints);
  ONNX_TAKE(attribute->strings, graph, attribute->n_strings);
  read_floats(attribute, message);
  read_ints(attribute, message);
  size_t n = 0;
  while (onnx_wire_next(&field, &message))
    if (field.number == 9)
      attribute->strings[n++] = field.bytes;
  return CKKS_OK;
}

static ckks_status read_attribute(onnx_graph *graph, onnx_attribute *attribute,
                                  base_reader message) {
  onnx_field field;
  base_reader again = message;
  while (onnx_wire_next(&field, &message)) {
    if (field.number == 1)
      attribute->name = field.bytes;
    else if (field.number == 2)
      attribute->f = onnx_wire_float(field.varint);
    else if (field.number == 3)
      attribute->i = (int64_t)field.varint;
    else if (field.number == 4)
      attribute->s = field.bytes;
    else if (field.number == 6 || field.number == 11)
      attribute->graph = true;
    else if (field.number == 5 && attribute->tensor == NULL) {
      ONNX_TAKE(attribute->tensor, graph, 1);
      BASE_TRY(onnx_tensor_read(attribute->tensor, NULL, onnx_wire_message(&field)));
    }
  }
  return message.failed ? onnx_wire_damaged() : read_repeated(graph, attribute, again);
}

/* Inputs must have been made before: a cycle and a missing initializer look the same from here. */
static ckks_status read_input(int *value, const onnx_graph *graph, onnx_text name,
                              const onnx_node *node) {
  char text[160];
  *value = -1;
  if (name.n == 0)
    return CKKS_OK;
  *value = onnx_graph_find_value(graph, name);
  if (*value >= 0)
    return CKKS_OK;
  return base_fail(CKKS_ERROR_FORMAT,
                   "%s reads \"%.*s\", which no input, initializer or earlier node gives",
                   onnx_graph_node_name(text, node), ONNX_TEXT(name));
}

static ckks_status read_ports(onnx_graph *graph, onnx_node *node, base_reader message) {
  onnx_field field;
  int in = 0, out = 0;
  base_reader again = message;
  while (onnx_wire_next(&field, &message))
    if (field.number == 1)
      BASE_TRY(read_input(&node->in[in++], graph, field.bytes, node));
  while (onnx_wire_next(&field, &again)) {
    if (field.number != 2)
      continue;
    node->out[out] = -1;
    if (field.bytes.n > 0)
      BASE_TRY(onnx_graph_add_value(&node->out[out], graph, field.bytes, (int)node->index));
    out++;
  }
  return CKKS_OK;
}

static ckks_status read_attributes(onnx_graph *graph, onnx_node *node, base_reader message) {
  onnx_field field;
  size_t n = 0;
  ONNX_TAKE(node->attribute, graph, onnx_wire_count(message, 5, true, 0));
  while (onnx_wire_next(&field, &message))
    if (field.number == 5) {
      node->n_attributes = n + 1; /* counted first: what it holds is freed if it breaks off */
      BASE_TRY(read_attribute(graph, &node->attribute[n++], onnx_wire_message(&field)));
    }
  return CKKS_OK;
}

ckks_status onnx_graph_nodes_read(onnx_graph *graph, onnx_node *node, base_reader message) {
  onnx_field field;
  base_reader scan = message;
  while (onnx_wire_next(&field, &scan)) {
    node->n_in += field.number == 1;
    node->n_out += field.number == 2;
    if (field.number == 3)
      node->name = field.bytes;
    else if (field.number == 4)
      node->op = field.bytes;
    else if (field.number == 7)
      node->domain = field.bytes;
    if (node->n_in > ONNX_MAX_INPUTS || node->n_out > ONNX_MAX_INPUTS)
      return base_fail(CKKS_ERROR_FORMAT, "node %zu has more than %d inputs or outputs",
                       node->index, ONNX_MAX_INPUTS);
  }
  if (scan.failed)
    return onnx_wire_damaged();
  ONNX_TAKE(node->in, graph, (size_t)node->n_in);
  ONNX_TAKE(node->out, graph, (size_t)node->n_out);
  BASE_TRY(read_ports(graph, node, message));
  return read_attributes(graph, node, message);
}
