/* SPDX-License-Identifier: Apache-2.0 */
#include "onnx/join.h"

#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "encoding/encoding.h"

#define NAME_BYTES 48

/* What the client applies to each number by itself, whichever output it is of. */
static const char *const ends[] = {"Sigmoid", "Tanh", "Relu", "Exp", "Softplus", NULL};

static const onnx_node *maker(const onnx_graph *graph, size_t output) {
  int node = graph->value[graph->output[output].value].node;
  return node >= 0 ? &graph->node[node] : NULL;
}

/* The activation that all outputs end in; NULL: there is none. */
static const char *common_end(const onnx_graph *graph) {
  const char *found = NULL;
  for (size_t i = 0; i < graph->n_outputs; i++) {
    const onnx_node *node = maker(graph, i);
    const char *own = NULL;
    for (const char *const *end = ends; *end != NULL; end++)
      if (node != NULL && node->domain.n == 0 && node->n_in == 1 &&
          onnx_wire_text_is(node->op, *end))
        own = *end;
    if (own == NULL || (found != NULL && found != own))
      return NULL;
    found = own;
  }
  return found;
}

/* A name that a file would not use: messages show it. */
static ckks_status new_value(int *value, onnx_graph *graph, size_t index, int node) {
  char *name = onnx_graph_take(graph, NAME_BYTES, 1);
  if (name == NULL)
    return base_fail_memory(NAME_BYTES);
  snprintf(name, NAME_BYTES, "all outputs: part %zu", index);
  return onnx_graph_add_value(value, graph, (onnx_text){name, strlen(name)}, node);
}

static ckks_status add_node(onnx_node **made, onnx_graph *graph, const char *op, int n_in) {
  onnx_node *node = *made = &graph->node[graph->n_nodes];
  *node = (onnx_node){.op = {op, strlen(op)}, .index = graph->n_nodes, .n_in = n_in, .n_out = 1};
  node->in = onnx_graph_take(graph, (size_t)n_in, sizeof *node->in);
  node->out = onnx_graph_take(graph, 1, sizeof *node->out);
  if (node->in == NULL || node->out == NULL)
    return base_fail_memory((size_t)n_in * sizeof *node->in);
  graph->n_nodes++;
  return CKKS_OK;
}

/* Rows stay the first axis, of Flatten and of Concat. */
static ckks_status add_axis(onnx_graph *graph, onnx_node *node) {
  static const char axis[] = "axis";
  node->attribute = onnx_graph_take(graph, 1, sizeof *node->attribute);
  if (node->attribute == NULL)
    return base_fail_memory(sizeof *node->attribute);
  node->n_attributes = 1;
  *node->attribute = (onnx_attribute){.name = {axis, sizeof axis - 1}, .i = 1};
  return CKKS_OK;
}

static ckks_status add_all(onnx_graph *graph, const char *end) {
  static const char all[] = ONNX_JOIN_ALL;
  size_t n = graph->n_outputs;
  onnx_node *concat, *node;
  int *part = onnx_graph_take(graph, n, sizeof *part);
  if (part == NULL)
    return base_fail_memory(n * sizeof *part);
  for (size_t i = 0; i < n; i++) {
    int value = end != NULL ? maker(graph, i)->in[0] : graph->output[i].value;
    BASE_TRY(new_value(&part[i], graph, i, (int)graph->n_nodes));
    BASE_TRY(add_node(&node, graph, "Flatten", 1));
    node->in[0] = value;
    node->out[0] = part[i];
  }
  BASE_TRY(add_node(&concat, graph, "Concat", (int)n));
  BASE_TRY(add_axis(graph, concat));
  memcpy(concat->in, part, n * sizeof *part);
  node = concat;
  if (end != NULL) {
    BASE_TRY(new_value(&concat->out[0], graph, n, (int)concat->index));
    BASE_TRY(add_node(&node, graph, end, 1));
    node->in[0] = concat->out[0];
  }
  BASE_TRY(onnx_graph_add_value(&node->out[0], graph, (onnx_text){all, sizeof all - 1},
                                (int)node->index));
  graph->output = onnx_graph_take(graph, 1, sizeof *graph->output);
  if (graph->output == NULL)
    return base_fail_memory(sizeof *graph->output);
  *graph->output = (onnx_port){.value = node->out[0], .rank = -1, .tensor = true};
  graph->n_outputs = 1;
  return CKKS_OK;
}

ckks_status onnx_join_outputs(onnx_graph *graph, const char *output) {
  bool asked = output != NULL && strcmp(output, ONNX_JOIN_ALL) == 0 && graph->n_outputs > 1;
  for (size_t i = 0; i < graph->n_outputs; i++)
    asked = asked && !onnx_wire_text_is(graph->value[graph->output[i].value].name, output);
  if (!asked)
    return CKKS_OK;
  size_t most = graph->n_nodes + graph->n_outputs + 2;
  if (most > ONNX_MAX_NODES)
    return base_fail(CKKS_ERROR_FORMAT,
                     "%zu nodes with those that put all outputs side by side; at most %d are "
                     "allowed",
                     most, ONNX_MAX_NODES);
  onnx_node *made = onnx_graph_take(graph, most, sizeof *made);
  if (made == NULL)
    return base_fail_memory(most * sizeof *made);
  memcpy(made, graph->node, graph->n_nodes * sizeof *made);
  graph->node = made;
  graph->joined = graph->output;
  graph->n_joined = graph->n_outputs;
  return add_all(graph, common_end(graph));
}

ckks_status onnx_join_labels(char **label, size_t n, const onnx_run *run) {
  const onnx_graph *graph = run->graph;
  size_t at = 0;
  for (size_t i = 0; i < graph->n_joined; i++) {
    const onnx_node *end = graph->value[graph->joined[i].value].node >= 0
                               ? &graph->node[graph->value[graph->joined[i].value].node]
                               : NULL;
    size_t own = run->value[graph->joined[i].value].n;
    if (own == 0 && end != NULL) /* what it ends in is the client's, and was not computed */
      own = run->value[end->in[0]].n;
    onnx_text name = graph->value[graph->joined[i].value].name;
    for (size_t k = 0; k < own && at < n; k++) {
      char text[ENCODING_MAX_NAME_BYTES + 1];
      if (own == 1)
        snprintf(text, sizeof text, "%.*s", ONNX_TEXT(name));
      else
        snprintf(text, sizeof text, "%.*s[%zu]", ONNX_TEXT(name), k);
      BASE_TRY(encoding_names_set(&label[at++], text));
    }
  }
  return CKKS_OK;
}
