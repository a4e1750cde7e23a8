/* SPDX-License-Identifier: Apache-2.0 */
#include "onnx/rewrite.h"

#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "onnx/tensor.h"

#define NODES 4
#define NAME_BYTES 48

typedef enum how { AS_IT_IS, SPLIT, ONE_SLOPE } how;

/* Before opset 7 slopes of one dimension belonged to channels, and Mul did not repeat operands. */
static how rewritten(const onnx_graph *graph, const onnx_node *node) {
  if (graph->opset < 7 || !onnx_wire_text_is(node->op, "PRelu") || node->domain.n > 0 ||
      node->n_in != 2 || node->n_out != 1 || node->in[0] < 0 || node->in[1] < 0 || node->out[0] < 0)
    return AS_IT_IS;
  const onnx_tensor *slope = graph->value[node->in[1]].given;
  if (slope == NULL || slope->n < 2)
    return AS_IT_IS;
  for (size_t i = 1; i < slope->n; i++)
    if (slope->value[i] != slope->value[0])
      return SPLIT;
  return ONE_SLOPE;
}

/* A name that a file would not use: messages show it. */
static ckks_status new_value(int *value, onnx_graph *graph, size_t index, const char *what,
                             int node) {
  char *name = onnx_graph_take(graph, NAME_BYTES, 1);
  if (name == NULL)
    return base_fail_memory(NAME_BYTES);
  snprintf(name, NAME_BYTES, "PRelu of node %zu: %s", index, what);
  return onnx_graph_add_value(value, graph, (onnx_text){name, strlen(name)}, node);
}

static ckks_status init_node(onnx_graph *graph, onnx_node *node, const onnx_node *from,
                             const char *op, const int *in, int n_in, int out) {
  *node = (onnx_node){.op = {op, strlen(op)}, .name = from->name, .n_in = n_in, .n_out = 1};
  node->in = onnx_graph_take(graph, (size_t)n_in, sizeof *node->in);
  node->out = onnx_graph_take(graph, 1, sizeof *node->out);
  if (node->in == NULL || node->out == NULL)
    return base_fail_memory(sizeof *node->in);
  memcpy(node->in, in, (size_t)n_in * sizeof *in);
  node->out[0] = out;
  return CKKS_OK;
}

/* A slope for each channel, and all the same: one number, which makes it a function. */
static ckks_status share_slope(onnx_graph *graph, onnx_node *made, const onnx_node *node) {
  onnx_tensor *one = onnx_graph_take(graph, 1, sizeof *one);
  int value;
  if (one == NULL)
    return base_fail_memory(sizeof *one);
  BASE_TRY(onnx_tensor_init(one, 0, NULL, false));
  one->value[0] = graph->value[node->in[1]].given->value[0];
  ckks_status status = new_value(&value, graph, node->index, "slope", -1);
  if (status != CKKS_OK) {
    onnx_tensor_clear(one);
    return status;
  }
  graph->value[value].given = one;
  return init_node(graph, made, node, "PRelu", (int[]){node->in[0], value}, 2, node->out[0]);
}

/* The constant 1 - s. */
static ckks_status add_rest(int *value, onnx_graph *graph, const onnx_node *node) {
  onnx_tensor *rest = onnx_graph_take(graph, 1, sizeof *rest);
  if (rest == NULL)
    return base_fail_memory(sizeof *rest);
  BASE_TRY(onnx_tensor_copy(rest, graph->value[node->in[1]].given));
  for (size_t i = 0; i < rest->n; i++)
    rest->value[i] = 1.0 - rest->value[i];
  ckks_status status = new_value(value, graph, node->index, "1 - slope", -1);
  if (status == CKKS_OK)
    graph->value[*value].given = rest;
  else
    onnx_tensor_clear(rest);
  return status;
}

/* Four nodes from `at` on in place of one. */
static ckks_status split_node(onnx_graph *graph, onnx_node *made, int at, const onnx_node *node) {
  int rest, positive, scaled, line;
  BASE_TRY(add_rest(&rest, graph, node));
  BASE_TRY(new_value(&positive, graph, node->index, "max(x, 0)", at));
  BASE_TRY(new_value(&scaled, graph, node->index, "(1 - slope) max(x, 0)", at + 1));
  BASE_TRY(new_value(&line, graph, node->index, "slope x", at + 2));
  BASE_TRY(init_node(graph, made, node, "Relu", node->in, 1, positive));
  BASE_TRY(init_node(graph, made + 1, node, "Mul", (int[]){positive, rest}, 2, scaled));
  BASE_TRY(init_node(graph, made + 2, node, "Mul", node->in, 2, line));
  BASE_TRY(init_node(graph, made + 3, node, "Add", (int[]){scaled, line}, 2, node->out[0]));
  graph->value[node->out[0]].node = at + 3;
  return CKKS_OK;
}

static ckks_status rewrite_all(onnx_graph *graph, onnx_node *made, size_t *n) {
  for (size_t i = 0; i < graph->n_nodes; i++) {
    const onnx_node *node = &graph->node[i];
    how way = rewritten(graph, node);
    size_t count = way == SPLIT ? NODES : 1;
    if (way == SPLIT)
      BASE_TRY(split_node(graph, made + *n, (int)*n, node));
    else if (way == ONE_SLOPE)
      BASE_TRY(share_slope(graph, made + *n, node));
    else
      made[*n] = *node;
    for (int k = 0; count == 1 && k < node->n_out; k++)
      if (node->out[k] >= 0)
        graph->value[node->out[k]].node = (int)*n;
    for (size_t k = 0; k < count; k++)
      made[*n + k].index = *n + k;
    *n += count;
  }
  return CKKS_OK;
}

static ckks_status rewrite_slopes(onnx_graph *graph) {
  size_t n_split = 0, n_shared = 0, n = 0;
  for (size_t i = 0; i < graph->n_nodes; i++) {
    n_split += rewritten(graph, &graph->node[i]) == SPLIT;
    n_shared += rewritten(graph, &graph->node[i]) == ONE_SLOPE;
  }
  if (n_split + n_shared == 0)
    return CKKS_OK;
  size_t most = graph->n_nodes + (NODES - 1) * n_split;
  if (most > ONNX_MAX_NODES)
    return base_fail(CKKS_ERROR_FORMAT, "%zu nodes with those of PRelu; at most %d are allowed",
                     most, ONNX_MAX_NODES);
  onnx_node *made = onnx_graph_take(graph, most, sizeof *made);
  if (made == NULL)
    return base_fail_memory(most * sizeof *made);
  BASE_TRY(rewrite_all(graph, made, &n));
  graph->node = made;
  graph->n_nodes = n;
  return CKKS_OK;
}

ckks_status onnx_rewrite_read(onnx_graph *graph, const uint8_t *bytes, size_t n_bytes,
                              const char *name) {
  BASE_TRY(onnx_graph_read(graph, bytes, n_bytes, name));
  ckks_status status = rewrite_slopes(graph);
  if (status == CKKS_OK)
    return CKKS_OK;
  onnx_graph_clear(graph);
  return base_fail_in(status, "%s", name);
}
