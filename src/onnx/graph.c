/* SPDX-License-Identifier: Apache-2.0 */
#include "onnx/graph.h"

#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "onnx/tensor.h"

#define N_BUCKETS 4096 /* a power of two */
#define ATTRIBUTE_GRAPH 5
#define ATTRIBUTE_GRAPHS 10

/* ----------------------------------------------------------------- memory */

/* Everything a graph owns hangs on one chain and goes at once. */
typedef struct block {
  struct block *next;
  uint8_t padding[64 - sizeof(void *)];
  uint8_t bytes[];
} block;

void *onnx_graph_take(onnx_graph *graph, size_t count, size_t size) {
  if (size != 0 && count > (SIZE_MAX - sizeof(block)) / size)
    return NULL;
  block *made = base_alloc(sizeof(block) + count * size);
  if (made == NULL)
    return NULL;
  made->next = graph->blocks;
  graph->blocks = made;
  return made->bytes;
}

#define TAKE(pointer, graph, count)                                                                \
  do {                                                                                             \
    (pointer) = onnx_graph_take((graph), (count), sizeof *(pointer));                              \
    if ((pointer) == NULL)                                                                         \
      return base_fail_memory((count) * sizeof *(pointer));                                        \
  } while (0)

static void clear_tensor(onnx_tensor *tensor) {
  if (tensor != NULL)
    onnx_tensor_clear(tensor);
}

void onnx_graph_clear(onnx_graph *graph) {
  for (size_t i = 0; i < graph->n_values; i++)
    clear_tensor(graph->value[i].given);
  for (size_t i = 0; i < graph->n_nodes; i++)
    for (size_t a = 0; a < graph->node[i].n_attributes; a++)
      clear_tensor(graph->node[i].attribute[a].tensor);
  for (block *at = graph->blocks; at != NULL;) {
    block *next = at->next;
    base_free(at);
    at = next;
  }
  *graph = (onnx_graph){0};
}

/* ------------------------------------------------------------------ names */

const char *onnx_graph_node_name(char text[160], const onnx_node *node) {
  if (node->name.n > 0)
    snprintf(text, 160, "node \"%.*s\" (%.*s)", ONNX_TEXT(node->name),
             (int)(node->op.n < 40 ? node->op.n : 40), node->op.text);
  else
    snprintf(text, 160, "node %zu (%.*s)", node->index, ONNX_TEXT(node->op));
  return text;
}

const onnx_attribute *onnx_graph_attribute(const onnx_node *node, const char *name) {
  for (size_t i = 0; i < node->n_attributes; i++)
    if (onnx_wire_text_is(node->attribute[i].name, name))
      return &node->attribute[i];
  return NULL;
}

/* FNV-1a; a chain that somebody made long on purpose still ends at ONNX_MAX_VALUES. */
static size_t bucket_of(onnx_text name) {
  uint64_t hash = 0xcbf29ce484222325u;
  for (size_t i = 0; i < name.n; i++)
    hash = (hash ^ (uint8_t)name.text[i]) * 0x100000001b3u;
  return (size_t)(hash >> 32) & (N_BUCKETS - 1);
}

static int find_value(const onnx_graph *graph, onnx_text name) {
  int at = graph->bucket[bucket_of(name)];
  while (at >= 0 && (graph->value[at].name.n != name.n ||
                     memcmp(graph->value[at].name.text, name.text, name.n) != 0))
    at = graph->value[at].next;
  return at;
}

ckks_status onnx_graph_add_value(int *value, onnx_graph *graph, onnx_text name, int node) {
  if (find_value(graph, name) >= 0)
    return base_fail(CKKS_ERROR_FORMAT, "the name \"%.*s\" is given twice", ONNX_TEXT(name));
  if (graph->n_values >= ONNX_MAX_VALUES)
    return base_fail(CKKS_ERROR_FORMAT, "more than %d values", ONNX_MAX_VALUES);
  size_t bucket = bucket_of(name);
  *value = (int)graph->n_values++;
  graph->value[*value] = (onnx_value){.name = name, .node = node, .next = graph->bucket[bucket]};
  graph->bucket[bucket] = *value;
  return CKKS_OK;
}

/* ------------------------------------------------------------- attributes */

static ckks_status damaged(void) {
  return base_fail(CKKS_ERROR_FORMAT, "damaged: a message inside the file breaks off");
}

/* How many numbers or texts a repeated field holds, packed or not. */
static size_t count_repeated(base_reader message, uint32_t number, bool texts, size_t fixed) {
  onnx_field field;
  size_t n = 0;
  while (onnx_wire_next(&field, &message)) {
    if (field.number != number)
      continue;
    if (texts || field.type != ONNX_BYTES) {
      n++;
    } else if (fixed > 0) {
      n += field.bytes.n / fixed;
    } else {
      for (size_t i = 0; i < field.bytes.n; i++)
        n += (uint8_t)field.bytes.text[i] < 0x80;
    }
  }
  return n;
}

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
  attribute->n_floats = count_repeated(message, 7, false, 4);
  attribute->n_ints = count_repeated(message, 8, false, 0);
  attribute->n_strings = count_repeated(message, 9, true, 0);
  TAKE(attribute->floats, graph, attribute->n_floats);
  TAKE(attribute->ints, graph, attribute->n_ints);
  TAKE(attribute->strings, graph, attribute->n_strings);
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
      TAKE(attribute->tensor, graph, 1);
      BASE_TRY(onnx_tensor_read(attribute->tensor, NULL, onnx_wire_message(&field)));
    }
  }
  return message.failed ? damaged() : read_repeated(graph, attribute, again);
}

/* ------------------------------------------------------------------ nodes */

/* Inputs must have been made before: a cycle and a missing initializer look the same from here. */
static ckks_status read_input(int *value, const onnx_graph *graph, onnx_text name,
                              const onnx_node *node) {
  char text[160];
  *value = -1;
  if (name.n == 0)
    return CKKS_OK;
  *value = find_value(graph, name);
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
  TAKE(node->attribute, graph, count_repeated(message, 5, true, 0));
  while (onnx_wire_next(&field, &message))
    if (field.number == 5) {
      node->n_attributes = n + 1; /* counted first: what it holds is freed if it breaks off */
      BASE_TRY(read_attribute(graph, &node->attribute[n++], onnx_wire_message(&field)));
    }
  return CKKS_OK;
}

static ckks_status read_node(onnx_graph *graph, onnx_node *node, base_reader message) {
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
    return damaged();
  TAKE(node->in, graph, (size_t)node->n_in);
  TAKE(node->out, graph, (size_t)node->n_out);
  BASE_TRY(read_ports(graph, node, message));
  return read_attributes(graph, node, message);
}

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
    return damaged();
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
        return damaged();
    }
    if (tensor.failed)
      return damaged();
  }
  return type.failed ? damaged() : CKKS_OK;
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
  return message.failed ? damaged() : CKKS_OK;
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
    TAKE(tensor, graph, 1);
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
    int known = find_value(graph, name);
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
    BASE_TRY(read_node(graph, node, onnx_wire_message(&field)));
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
    port->value = find_value(graph, name);
    if (port->value < 0)
      return base_fail(CKKS_ERROR_FORMAT, "output \"%.*s\" is made by no node", ONNX_TEXT(name));
  }
  return graph->n_outputs > 0 ? CKKS_OK : base_fail(CKKS_ERROR_FORMAT, "a graph without outputs");
}

static ckks_status read_graph(onnx_graph *graph, base_reader message) {
  size_t nodes = count_repeated(message, 1, true, 0), outputs = 0;
  if (nodes > ONNX_MAX_NODES)
    return base_fail(CKKS_ERROR_FORMAT, "%zu nodes; at most %d are allowed", nodes, ONNX_MAX_NODES);
  size_t inputs = count_repeated(message, 11, true, 0);
  outputs = count_repeated(message, 12, true, 0);
  if (inputs > ONNX_MAX_VALUES || outputs > ONNX_MAX_VALUES)
    return base_fail(CKKS_ERROR_FORMAT, "more than %d inputs or outputs", ONNX_MAX_VALUES);
  TAKE(graph->node, graph, nodes);
  TAKE(graph->value, graph, ONNX_MAX_VALUES);
  TAKE(graph->input, graph, inputs);
  TAKE(graph->output, graph, outputs);
  TAKE(graph->bucket, graph, N_BUCKETS);
  for (size_t i = 0; i < N_BUCKETS; i++)
    graph->bucket[i] = -1;
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
  return message.failed ? damaged() : CKKS_OK;
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
    return damaged();
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
