/* SPDX-License-Identifier: Apache-2.0 */
#include "onnx/fold.h"

#include <string.h>

#include "base/alloc.h"
#include "onnx/batch.h"
#include "onnx/refusal.h"

/* ------------------------------------------------------------------- output */

/* Nodes that a value depends on; the first, from its end, that is not supported. */
static const onnx_node *mark_needed(bool *needed, const onnx_graph *graph, int value) {
  const onnx_node *unknown = NULL;
  memset(needed, 0, graph->n_nodes * sizeof *needed);
  if (graph->value[value].node >= 0)
    needed[graph->value[value].node] = true;
  for (size_t i = graph->n_nodes; i-- > 0;) {
    const onnx_node *node = &graph->node[i];
    if (!needed[i])
      continue;
    if (onnx_run_operator(node) == NULL)
      unknown = node;
    for (int k = 0; k < node->n_in; k++)
      if (node->in[k] >= 0 && graph->value[node->in[k]].node >= 0)
        needed[graph->value[node->in[k]].node] = true;
  }
  return unknown;
}

static ckks_status choose_output(onnx_fold *fold, const char *output) {
  BASE_TRY(onnx_tail_choose(&fold->tail, fold->graph, output));
  fold->output = fold->tail.scores;
  const onnx_node *unknown = mark_needed(fold->needed, fold->graph, fold->output);
  return unknown == NULL ? CKKS_OK : onnx_run_refuse(unknown, "this operator is not supported");
}

/* ---------------------------------------------------------------- classifying */

static int n_varying(const onnx_fold *fold, const onnx_node *node) {
  int n = 0;
  for (int i = 0; i < node->n_in; i++)
    n += node->in[i] >= 0 && fold->state[node->in[i]].kind >= ONNX_AFFINE;
  return n;
}

/* The value of which a node is a function element by element, or -1. */
static int common_root(const onnx_fold *fold, const onnx_node *node) {
  int root = -1;
  for (int i = 0; i < node->n_in; i++) {
    int in = node->in[i];
    if (in < 0)
      continue;
    if (fold->state[in].kind < ONNX_AFFINE) {
      if (fold->run.value[in].n != 1)
        return -1;
    } else if (root >= 0 && fold->state[in].root != root) {
      return -1;
    } else {
      root = fold->state[in].root;
    }
  }
  return root >= 0 && node->n_out > 0 && node->out[0] >= 0 &&
                 fold->run.value[node->out[0]].n == fold->run.value[root].n
             ? root
             : -1;
}

/* A tensor of layer `level` and what becomes of it, for the levels behind. */
static ckks_status add_branch(onnx_fold *fold, int level, int root, int bent,
                              const onnx_node *node) {
  if (level + 1 >= ONNX_MAX_LAYERS)
    return onnx_run_refuse(node, "the model has too many activations in a row (255 are allowed)");
  onnx_layer *layer = &fold->layer[level];
  for (int i = 0; i < layer->n_roots; i++)
    if (layer->bent[i] == bent)
      return CKKS_OK;
  if (layer->n_roots == ONNX_MAX_BRANCHES)
    return onnx_run_refuse(node, "too many branches side by side (16 are allowed)");
  layer->root[layer->n_roots] = root;
  layer->bent[layer->n_roots++] = bent;
  layer->n_out += fold->run.value[bent].n;
  return CKKS_OK;
}

/* Level in whose basis a value is affine: results of activations are so one above. */
static int level_of(const onnx_fold *fold, int value) {
  return fold->state[value].level + (fold->state[value].kind == ONNX_BENT);
}

/*
 * A map of several values stands on the highest of their levels. What an activation made becomes
 * a branch; what stands lower is carried through the layers between.
 */
static ckks_status join_levels(int *level, onnx_fold *fold, const onnx_node *node) {
  *level = 0;
  for (int i = 0; i < node->n_in; i++)
    if (node->in[i] >= 0 && fold->state[node->in[i]].kind >= ONNX_AFFINE &&
        level_of(fold, node->in[i]) > *level)
      *level = level_of(fold, node->in[i]);
  for (int i = 0; i < node->n_in; i++) {
    int in = node->in[i];
    if (in < 0 || fold->state[in].kind < ONNX_AFFINE)
      continue;
    if (fold->state[in].kind == ONNX_BENT)
      BASE_TRY(add_branch(fold, fold->state[in].level, fold->state[in].root, in, node));
    for (int l = level_of(fold, in); l < *level; l++)
      BASE_TRY(add_branch(fold, l, in, in, node));
  }
  return CKKS_OK;
}

static void set_results(onnx_fold *fold, const onnx_node *node, onnx_state state, bool own_root) {
  for (int i = 0; i < node->n_out; i++) {
    if (node->out[i] < 0)
      continue;
    if (own_root)
      state.root = node->out[i];
    fold->state[node->out[i]] = state;
  }
}

static ckks_status classify(onnx_fold *fold, const onnx_node *node) {
  const onnx_operator *operator= onnx_run_operator(node);
  int varying = n_varying(fold, node), level = 0;
  if (varying == 0 || operator->kind == ONNX_SHAPE) {
    set_results(fold, node, (onnx_state){.kind = ONNX_FIXED}, true);
    return CKKS_OK;
  }
  int root = operator->elementwise ? common_root(fold, node) : - 1;
  if (root >= 0) {
    bool bent = operator->kind == ONNX_FUNCTION ||(operator->kind == ONNX_SINGLE && varying> 1) ||
                (operator->kind == ONNX_SINGLE && fold->state[node->in[0]].kind<
                 ONNX_AFFINE && !(operator->mask>> 1 & 1)) ||
                (onnx_wire_text_is(node->op, "Cast") && fold->run.value[node->out[0]].whole);
    for (int i = 0; i < node->n_in; i++)
      bent = bent || (node->in[i] >= 0 && fold->state[node->in[i]].kind == ONNX_BENT);
    set_results(fold, node,
                (onnx_state){bent ? ONNX_BENT : ONNX_AFFINE, fold->state[root].level, root}, false);
    return CKKS_OK;
  }
  BASE_TRY(onnx_refusal_check(fold, node));
  BASE_TRY(join_levels(&level, fold, node));
  set_results(fold, node, (onnx_state){.kind = ONNX_AFFINE, .level = level}, true);
  return CKKS_OK;
}

/* The layer that ends in the output; its activation, where there is one, is the last. */
static ckks_status close_layers(onnx_fold *fold) {
  const onnx_state *out = &fold->state[fold->output];
  if (out->kind < ONNX_AFFINE)
    return base_fail(CKKS_ERROR_FORMAT, "the output does not depend on the input");
  onnx_layer *last = &fold->layer[out->level];
  fold->n_layers = out->level + 1;
  *last = (onnx_layer){.n_roots = 1,
                       .root = {out->kind == ONNX_BENT ? out->root : fold->output},
                       .bent = {fold->output},
                       .n_out = fold->run.value[fold->output].n};
  for (int l = 0; l < fold->n_layers; l++) {
    onnx_layer *layer = &fold->layer[l];
    layer->n_in = l == 0 ? fold->run.value[fold->input].n : fold->layer[l - 1].n_out;
    if (layer->n_out < 1 || layer->n_out > ONNX_MAX_WIDTH)
      return base_fail(CKKS_ERROR_FORMAT,
                       "layer %d has %zu values where 1 to %d are allowed; use larger strides or "
                       "fewer channels",
                       l, layer->n_out, ONNX_MAX_WIDTH);
  }
  return CKKS_OK;
}

static ckks_status fold_fill(onnx_fold *fold, const char *output) {
  const onnx_graph *graph = fold->graph;
  BASE_TRY(choose_output(fold, output));
  BASE_TRY(onnx_run_init(&fold->run, graph));
  fold->run.scores = true;
  BASE_TRY(onnx_batch_set(fold));
  BASE_TRY(onnx_tail_check(&fold->tail, &fold->run));
  for (size_t i = 0; i < graph->n_values; i++)
    if (graph->value[i].given != NULL)
      fold->state[i].kind = ONNX_FIXED;
  fold->state[fold->input] = (onnx_state){ONNX_AFFINE, 0, fold->input};
  for (size_t i = 0; i < graph->n_nodes; i++)
    if (fold->needed[i])
      BASE_TRY(classify(fold, &graph->node[i]));
  return close_layers(fold);
}

ckks_status onnx_fold_init(onnx_fold *fold, const onnx_graph *graph, const char *output) {
  *fold = (onnx_fold){.graph = graph};
  fold->state = base_alloc_array(graph->n_values, sizeof *fold->state);
  fold->needed = base_alloc_array(graph->n_nodes, sizeof *fold->needed);
  ckks_status status = fold->state != NULL && fold->needed != NULL
                           ? fold_fill(fold, output)
                           : base_fail_memory(graph->n_values * sizeof *fold->state);
  if (status != CKKS_OK)
    onnx_fold_clear(fold);
  return status;
}

void onnx_fold_clear(onnx_fold *fold) {
  if (fold->run.value != NULL)
    onnx_run_clear(&fold->run);
  base_free(fold->state);
  base_free(fold->needed);
  *fold = (onnx_fold){0};
}
