/* SPDX-License-Identifier: Apache-2.0 */
#include "onnx/graph_read.h"

#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "onnx/tensor.h"

#define N_BUCKETS 4096 /* a power of two */

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

/* ----------------------------------------------------------- names, values */

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

ckks_status onnx_graph_init_values(onnx_graph *graph) {
  ONNX_TAKE(graph->value, graph, ONNX_MAX_VALUES);
  ONNX_TAKE(graph->bucket, graph, N_BUCKETS);
  for (size_t i = 0; i < N_BUCKETS; i++)
    graph->bucket[i] = -1;
  return CKKS_OK;
}

/* FNV-1a; a chain that somebody made long on purpose still ends at ONNX_MAX_VALUES. */
static size_t bucket_of(onnx_text name) {
  uint64_t hash = 0xcbf29ce484222325u;
  for (size_t i = 0; i < name.n; i++)
    hash = (hash ^ (uint8_t)name.text[i]) * 0x100000001b3u;
  return (size_t)(hash >> 32) & (N_BUCKETS - 1);
}

int onnx_graph_find_value(const onnx_graph *graph, onnx_text name) {
  int at = graph->bucket[bucket_of(name)];
  while (at >= 0 && (graph->value[at].name.n != name.n ||
                     memcmp(graph->value[at].name.text, name.text, name.n) != 0))
    at = graph->value[at].next;
  return at;
}

ckks_status onnx_graph_add_value(int *value, onnx_graph *graph, onnx_text name, int node) {
  if (onnx_graph_find_value(graph, name) >= 0)
    return base_fail(CKKS_ERROR_FORMAT, "the name \"%.*s\" is given twice", ONNX_TEXT(name));
  if (graph->n_values >= ONNX_MAX_VALUES)
    return base_fail(CKKS_ERROR_FORMAT, "more than %d values", ONNX_MAX_VALUES);
  size_t bucket = bucket_of(name);
  *value = (int)graph->n_values++;
  graph->value[*value] = (onnx_value){.name = name, .node = node, .next = graph->bucket[bucket]};
  graph->bucket[bucket] = *value;
  return CKKS_OK;
}
