/* SPDX-License-Identifier: Apache-2.0 */
/* A folded graph run: its affine parts on unit vectors, its activations on samples. */
#include <math.h>
#include <string.h>

#include "base/alloc.h"
#include "onnx/fold.h"

/* Below this part of its column's largest a number is what rounding left of a zero. */
#define RESIDUE 1e-12

ckks_status onnx_fold_run_needed(onnx_fold *fold) {
  fold->run.n_products = 0;
  for (size_t i = 0; i < fold->graph->n_nodes; i++)
    if (fold->needed[i])
      BASE_TRY(onnx_run_node(&fold->run, &fold->graph->node[i]));
  return CKKS_OK;
}

/* Nodes between `from` (values that are set) and the values of `to`. */
static void mark_between(bool *path, const onnx_fold *fold, const int *from, int n_from,
                         const int *to, int n_to) {
  const onnx_graph *graph = fold->graph;
  bool *stop = path + graph->n_nodes;
  memset(path, 0, 2 * graph->n_nodes * sizeof *path);
  for (int i = 0; i < n_from; i++)
    if (graph->value[from[i]].node >= 0)
      stop[graph->value[from[i]].node] = true;
  for (int i = 0; i < n_to; i++)
    if (graph->value[to[i]].node >= 0 && !stop[graph->value[to[i]].node])
      path[graph->value[to[i]].node] = true;
  for (size_t i = graph->n_nodes; i-- > 0;)
    for (int k = 0; path[i] && k < graph->node[i].n_in; k++) {
      int in = graph->node[i].in[k];
      if (in >= 0 && fold->state[in].kind >= ONNX_AFFINE && graph->value[in].node >= 0 &&
          !stop[graph->value[in].node])
        path[graph->value[in].node] = true;
    }
}

/* Work is counted over all unit vectors of a layer: whoever calls begins to count. */
static ckks_status run_path(onnx_fold *fold, const bool *path) {
  for (size_t i = 0; i < fold->graph->n_nodes; i++)
    if (path[i])
      BASE_TRY(onnx_run_node(&fold->run, &fold->graph->node[i]));
  return CKKS_OK;
}

/* The basis of a layer: the input, or what the activations before it made. */
static const int *basis_of(int *n, const onnx_fold *fold, int layer) {
  *n = layer == 0 ? 1 : fold->layer[layer - 1].n_roots;
  return layer == 0 ? &fold->input : fold->layer[layer - 1].bent;
}

void onnx_fold_values(double *values, const onnx_fold *fold, int layer) {
  const onnx_layer *l = &fold->layer[layer];
  for (int i = 0; i < l->n_roots; i++) {
    const onnx_tensor *root = &fold->run.value[l->root[i]];
    memcpy(values, root->value, root->n * sizeof(double));
    values += root->n;
  }
}

/* Element k of the basis := value. */
static void set_basis(const onnx_fold *fold, const int *basis, size_t k, double value) {
  while (k >= fold->run.value[*basis].n)
    k -= fold->run.value[*basis++].n;
  fold->run.value[*basis].value[k] = value;
}

/* What a unit vector adds to the bias. */
static void take_bias(double *column, const double *bias, size_t n) {
  double largest = 0.0;
  for (size_t row = 0; row < n; row++) {
    column[row] -= bias[row];
    if (fabs(column[row]) > largest)
      largest = fabs(column[row]);
  }
  for (size_t row = 0; row < n; row++)
    if (fabs(column[row]) < RESIDUE * largest)
      column[row] = 0.0;
}

/* columns is the matrix on its side, as long as its columns come one at a time. */
static ckks_status add_column(network_sparse *columns, size_t k, const double *column, int layer) {
  size_t n = columns->start[k] + network_sparse_count(column, columns->n_columns);
  if (n > NETWORK_MAX_WEIGHTS)
    return base_fail(CKKS_ERROR_RANGE,
                     "layer %d has more than %zu weights; use larger strides or fewer channels",
                     layer, NETWORK_MAX_WEIGHTS);
  BASE_TRY(network_sparse_reserve(columns, n));
  network_sparse_append(columns, k, column);
  return CKKS_OK;
}

/* Whether a root of the layer is itself in the basis does not matter: it is read after being set.
 */
static ckks_status probe(network_sparse *columns, double *bias, onnx_fold *fold, int layer,
                         const bool *path) {
  const onnx_layer *l = &fold->layer[layer];
  int n_basis;
  const int *basis = basis_of(&n_basis, fold, layer);
  double *column = base_alloc_array(l->n_out, sizeof *column);
  if (column == NULL)
    return base_fail_memory(l->n_out * sizeof *column);
  for (int i = 0; i < n_basis; i++)
    memset(fold->run.value[basis[i]].value, 0, fold->run.value[basis[i]].n * sizeof(double));
  ckks_status status = run_path(fold, path);
  if (status == CKKS_OK)
    onnx_fold_values(bias, fold, layer);
  for (size_t k = 0; k < l->n_in && status == CKKS_OK; k++) {
    set_basis(fold, basis, k, 1.0);
    status = run_path(fold, path);
    if (status != CKKS_OK)
      break;
    onnx_fold_values(column, fold, layer);
    take_bias(column, bias, l->n_out);
    status = add_column(columns, k, column, layer);
    set_basis(fold, basis, k, 0.0);
  }
  base_free(column);
  return status;
}

/* A matrix that was written down, and its bias, held against a run of the layer. */
static ckks_status write_down(bool *found, network_sparse *weight, double *bias, onnx_fold *fold,
                              int layer, const bool *path) {
  int n_basis;
  const int *basis = basis_of(&n_basis, fold, layer);
  BASE_TRY(onnx_fold_sparse(found, weight, fold, layer, path, basis, n_basis));
  if (!*found)
    return CKKS_OK;
  double *values = base_alloc_array(fold->layer[layer].n_out, sizeof *values);
  ckks_status status =
      values ? CKKS_OK : base_fail_memory(fold->layer[layer].n_out * sizeof *values);
  for (int i = 0; i < n_basis; i++)
    memset(fold->run.value[basis[i]].value, 0, fold->run.value[basis[i]].n * sizeof(double));
  if (status == CKKS_OK)
    status = run_path(fold, path);
  if (status == CKKS_OK)
    onnx_fold_values(bias, fold, layer);
  onnx_fold_sparse_probe(fold, basis, n_basis);
  if (status == CKKS_OK)
    status = run_path(fold, path);
  if (status == CKKS_OK)
    onnx_fold_values(values, fold, layer);
  *found = status == CKKS_OK && onnx_fold_sparse_holds(weight, bias, values);
  if (!*found)
    network_sparse_clear(weight);
  base_free(values);
  return status;
}

ckks_status onnx_fold_matrix(network_sparse *weight, double *bias, onnx_fold *fold, int layer) {
  network_sparse columns = {0};
  int n_basis;
  *weight = columns;
  const int *basis = basis_of(&n_basis, fold, layer);
  bool *path = base_alloc_array(2 * fold->graph->n_nodes, sizeof *path);
  if (path == NULL)
    return base_fail_memory(2 * fold->graph->n_nodes * sizeof *path);
  fold->run.n_products = 0;
  mark_between(path, fold, basis, n_basis, fold->layer[layer].root, fold->layer[layer].n_roots);
  bool found = false;
  ckks_status status = write_down(&found, weight, bias, fold, layer, path);
  if (found || status != CKKS_OK) {
    base_free(path);
    return status;
  }
  status = network_sparse_init(&columns, fold->layer[layer].n_in, fold->layer[layer].n_out, 0);
  if (status == CKKS_OK)
    status = probe(&columns, bias, fold, layer, path);
  if (status == CKKS_OK)
    status = network_sparse_transpose(weight, &columns);
  network_sparse_clear(&columns);
  base_free(path);
  return status;
}

/* From a branch's root to its result, on a vector of any length. */
static ckks_status run_branch(double *y, const double *x, size_t n, onnx_fold *fold, int root,
                              int bent) {
  onnx_tensor samples = {.rank = 1, .dim = {n}, .n = n, .value = (double *)(uintptr_t)x};
  bool *path = base_alloc_array(2 * fold->graph->n_nodes, sizeof *path);
  onnx_tensor saved = fold->run.value[root];
  if (path == NULL)
    return base_fail_memory(2 * fold->graph->n_nodes * sizeof *path);
  fold->run.n_products = 0;
  mark_between(path, fold, &root, 1, &bent, 1);
  fold->run.value[root] = samples;
  ckks_status status = run_path(fold, path);
  if (status == CKKS_OK)
    memcpy(y, fold->run.value[bent].value, n * sizeof(double));
  fold->run.value[root] = saved;
  base_free(path);
  return status;
}

size_t onnx_fold_width(const onnx_fold *fold, int layer, int branch) {
  return fold->run.value[fold->layer[layer].root[branch]].n;
}

ckks_status onnx_fold_function(double *y, const double *x, size_t n, onnx_fold *fold, int layer,
                               int branch) {
  const onnx_layer *l = &fold->layer[layer];
  BASE_TRY(run_branch(y, x, n, fold, l->root[branch], l->bent[branch]));
  /* The values on the way have the length of the samples now: back to their shapes. */
  return onnx_fold_run_needed(fold);
}

ckks_status onnx_fold_run(onnx_fold *fold, const double *row) {
  onnx_tensor *input = &fold->run.value[fold->input];
  memcpy(input->value, row, input->n * sizeof(double));
  return onnx_fold_run_needed(fold);
}

const onnx_node *onnx_fold_activation(const onnx_fold *fold, int layer, int branch) {
  const onnx_layer *l = &fold->layer[layer];
  int bent = l->bent[branch];
  return bent == l->root[branch] ? NULL : &fold->graph->node[fold->graph->value[bent].node];
}
