/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The matrix of a wide layer, node by node: a convolution's is written down, what works element by
 * element has a diagonal that one run on ones tells, and small nodes are run on unit vectors.
 * Runs of the whole layer on each of its unit vectors would take as many runs as it has inputs.
 */
#include <math.h>
#include <string.h>

#include "base/alloc.h"
#include "base/wipe.h"
#include "onnx/fold.h"
#include "onnx/operators.h"

/* Of narrower layers unit vectors are few. */
#define WIDE 2048
/* Numbers that a node may make of all of its unit vectors. */
#define FEW ((size_t)1 << 24)
/* How far the matrix may be from a run of the layer, of what the sums are made of. */
#define TOLERANCE 1e-9

typedef struct spreading {
  onnx_fold *fold;
  network_sparse *of; /* of each value, from the basis; start NULL: none */
  bool found;
} spreading;

static bool varies(const spreading *s, int value) {
  return value >= 0 && s->of[value].start != NULL;
}

/* *sum := *sum + term; `sum` may be empty. */
static ckks_status add_matrix(network_sparse *sum, const network_sparse *term) {
  if (sum->start == NULL)
    return network_sparse_copy(sum, term);
  network_sparse total;
  size_t at = 0, a = 0, b = 0;
  BASE_TRY(network_sparse_init(&total, sum->n_rows, sum->n_columns,
                               sum->start[sum->n_rows] + term->start[term->n_rows]));
  for (size_t row = 0; row < sum->n_rows; row++) {
    while (a < sum->start[row + 1] || b < term->start[row + 1]) {
      bool left = b == term->start[row + 1] ||
                  (a < sum->start[row + 1] && sum->column[a] <= term->column[b]);
      bool right = a == sum->start[row + 1] ||
                   (b < term->start[row + 1] && term->column[b] <= sum->column[a]);
      total.column[at] = left ? sum->column[a] : term->column[b];
      total.value[at++] = (left ? sum->value[a] : 0.0) + (right ? term->value[b] : 0.0);
      a += left;
      b += right;
    }
    total.start[row + 1] = at;
  }
  network_sparse_clear(sum);
  *sum = total;
  return CKKS_OK;
}

static void fill(const spreading *s, int value, double x) {
  onnx_tensor *tensor = &s->fold->run.value[value];
  for (size_t i = 0; i < tensor->n; i++)
    tensor->value[i] = x;
}

/* The node on operands that are all `rest`, but number `one`; *out is a copy of what it makes. */
static ckks_status run_on(double *out, const spreading *s, const onnx_node *node, int one,
                          double x) {
  for (int i = 0; i < node->n_in; i++)
    if (varies(s, node->in[i]))
      fill(s, node->in[i], node->in[i] == one ? x : 0.0);
  BASE_TRY(onnx_run_node(&s->fold->run, node));
  const onnx_tensor *made = &s->fold->run.value[node->out[0]];
  memcpy(out, made->value, made->n * sizeof *out);
  return CKKS_OK;
}

/* Element by element in operand `in`: what one run on ones adds to one on zeros. */
static ckks_status add_diagonal(network_sparse *sum, const spreading *s, const onnx_node *node,
                                int in) {
  size_t n = s->fold->run.value[node->out[0]].n;
  double *zeros = base_alloc_array(2 * n, sizeof *zeros);
  network_sparse term = {0};
  if (zeros == NULL)
    return base_fail_memory(2 * n * sizeof *zeros);
  ckks_status status = run_on(zeros, s, node, in, 0.0);
  if (status == CKKS_OK)
    status = run_on(zeros + n, s, node, in, 1.0);
  if (status == CKKS_OK)
    status = network_sparse_copy(&term, &s->of[in]);
  for (size_t row = 0; row < n && status == CKKS_OK; row++)
    for (size_t k = term.start[row]; k < term.start[row + 1]; k++)
      term.value[k] *= zeros[n + row] - zeros[row];
  if (status == CKKS_OK)
    status = add_matrix(sum, &term);
  network_sparse_clear(&term);
  base_free(zeros);
  return status;
}

static ckks_status spread_elements(spreading *s, const onnx_node *node, network_sparse *out) {
  size_t n = s->fold->run.value[node->out[0]].n;
  for (int i = 0; i < node->n_in && s->found; i++) {
    bool again = false;
    for (int k = 0; k < i; k++)
      again = again || node->in[k] == node->in[i];
    if (!varies(s, node->in[i]) || again)
      continue;
    s->found = s->fold->run.value[node->in[i]].n == n;
    if (s->found)
      BASE_TRY(add_diagonal(out, s, node, node->in[i]));
  }
  return CKKS_OK;
}

/* A small node of one varying operand: its columns, one after the other. */
static ckks_status fill_columns(network_sparse *columns, const spreading *s, const onnx_node *node,
                                int in, double *zeros) {
  size_t n_in = s->fold->run.value[in].n, n = s->fold->run.value[node->out[0]].n;
  double *column = zeros + n;
  BASE_TRY(run_on(zeros, s, node, in, 0.0));
  for (size_t k = 0; k < n_in; k++) {
    s->fold->run.value[in].value[k] = 1.0;
    BASE_TRY(onnx_run_node(&s->fold->run, node));
    s->fold->run.value[in].value[k] = 0.0;
    for (size_t i = 0; i < n; i++)
      column[i] = s->fold->run.value[node->out[0]].value[i] - zeros[i];
    BASE_TRY(network_sparse_reserve(columns, columns->start[k] + network_sparse_count(column, n)));
    network_sparse_append(columns, k, column);
  }
  return CKKS_OK;
}

static ckks_status small_matrix(network_sparse *out, const spreading *s, const onnx_node *node,
                                int in) {
  network_sparse columns = {0};
  size_t n = s->fold->run.value[node->out[0]].n;
  double *room = base_alloc_array(2 * n, sizeof *room);
  ckks_status status = room != NULL ? CKKS_OK : base_fail_memory(2 * n * sizeof *room);
  if (status == CKKS_OK)
    status = network_sparse_init(&columns, s->fold->run.value[in].n, n, 0);
  if (status == CKKS_OK)
    status = fill_columns(&columns, s, node, in, room);
  if (status == CKKS_OK)
    status = network_sparse_transpose(out, &columns);
  network_sparse_clear(&columns);
  base_free(room);
  return status;
}

/* The only varying operand, or -1. */
static int single_operand(const spreading *s, const onnx_node *node) {
  int in = -1;
  for (int i = 0; i < node->n_in; i++)
    if (varies(s, node->in[i])) {
      if (in >= 0)
        return -1;
      in = node->in[i];
    }
  return in;
}

static ckks_status spread_one(spreading *s, const onnx_node *node, network_sparse *out) {
  static const char *const same[] = {"Flatten", "Reshape", "Squeeze", "Unsqueeze"};
  int in = single_operand(s, node);
  s->found = in >= 0;
  if (in < 0)
    return CKKS_OK;
  const onnx_tensor *x = &s->fold->run.value[in];
  for (size_t i = 0; i < sizeof same / sizeof *same; i++)
    if (onnx_wire_text_is(node->op, same[i]))
      return network_sparse_copy(out, &s->of[in]);
  network_sparse own = {0};
  ckks_status status = CKKS_OK;
  if (onnx_wire_text_is(node->op, "Conv") && in == node->in[0] && x->dim[0] == 1)
    status = onnx_window_matrix(&own, &s->fold->run, node);
  else if (x->n <= FEW / s->fold->run.value[node->out[0]].n)
    status = small_matrix(&own, s, node, in);
  else
    s->found = false;
  if (status == CKKS_OK && s->found)
    status = network_sparse_product(out, &own, &s->of[in]);
  network_sparse_clear(&own);
  return status;
}

static ckks_status spread_node(spreading *s, const onnx_node *node) {
  const onnx_operator *operator= onnx_run_operator(node);
  if (node->n_out != 1 || node->out[0] < 0) {
    s->found = false;
    return CKKS_OK;
  }
  network_sparse *out = &s->of[node->out[0]];
  return operator->elementwise ? spread_elements(s, node, out) : spread_one(s, node, out);
}

/* Each value of the basis is itself. */
static ckks_status begin(spreading *s, const int *basis, int n_basis, size_t n_in) {
  size_t first = 0;
  for (int b = 0; b < n_basis; b++) {
    size_t n = s->fold->run.value[basis[b]].n;
    network_sparse *one = &s->of[basis[b]];
    BASE_TRY(network_sparse_init(one, n, n_in, n));
    for (size_t i = 0; i < n; i++) {
      one->column[i] = (uint32_t)(first + i);
      one->value[i] = 1.0;
      one->start[i + 1] = i + 1;
    }
    first += n;
  }
  return CKKS_OK;
}

/* The roots' rows, one behind another. */
static ckks_status stack(network_sparse *out, const spreading *s, int layer) {
  const onnx_layer *l = &s->fold->layer[layer];
  size_t n = 0, row = 0;
  for (int i = 0; i < l->n_roots; i++)
    n += s->of[l->root[i]].start[s->of[l->root[i]].n_rows];
  BASE_TRY(network_sparse_init(out, l->n_out, l->n_in, n));
  for (int i = 0; i < l->n_roots; i++) {
    const network_sparse *part = &s->of[l->root[i]];
    size_t at = out->start[row], count = part->start[part->n_rows];
    memcpy(out->column + at, part->column, count * sizeof *part->column);
    memcpy(out->value + at, part->value, count * sizeof *part->value);
    for (size_t r = 0; r < part->n_rows; r++)
      out->start[++row] = at + part->start[r + 1];
  }
  return CKKS_OK;
}

ckks_status onnx_fold_sparse(bool *found, network_sparse *weight, onnx_fold *fold, int layer,
                             const bool *path, const int *basis, int n_basis) {
  const onnx_layer *l = &fold->layer[layer];
  spreading s = {.fold = fold, .found = l->n_in >= WIDE};
  *found = false;
  if (!s.found)
    return CKKS_OK;
  s.of = base_alloc_array(fold->graph->n_values, sizeof *s.of);
  if (s.of == NULL)
    return base_fail_memory(fold->graph->n_values * sizeof *s.of);
  ckks_status status = begin(&s, basis, n_basis, l->n_in);
  for (size_t i = 0; i < fold->graph->n_nodes && status == CKKS_OK && s.found; i++)
    if (path[i])
      status = spread_node(&s, &fold->graph->node[i]);
  for (int i = 0; i < l->n_roots; i++)
    s.found = s.found && varies(&s, l->root[i]);
  if (status == CKKS_OK && s.found)
    status = stack(weight, &s, layer);
  *found = status == CKKS_OK && s.found;
  for (size_t i = 0; i < fold->graph->n_values; i++)
    network_sparse_clear(&s.of[i]);
  base_free(s.of);
  return status;
}

/* Numbers that no structure of a layer is likely to hide from: Weyl's sequence. */
static double probe_at(size_t k) {
  double turn = (double)(k + 1) * 0.6180339887498949;
  return 2.0 * (turn - floor(turn)) - 1.0;
}

bool onnx_fold_sparse_holds(const network_sparse *weight, const double *bias,
                            const double *values) {
  for (size_t row = 0; row < weight->n_rows; row++) {
    double sum = bias[row], size = fabs(bias[row]);
    for (size_t k = weight->start[row]; k < weight->start[row + 1]; k++) {
      sum += weight->value[k] * probe_at(weight->column[k]);
      size += fabs(weight->value[k]);
    }
    if (!(fabs(sum - values[row]) <= TOLERANCE * size))
      return false;
  }
  return true;
}

void onnx_fold_sparse_probe(const onnx_fold *fold, const int *basis, int n_basis) {
  size_t k = 0;
  for (int b = 0; b < n_basis; b++)
    for (size_t i = 0; i < fold->run.value[basis[b]].n; i++)
      fold->run.value[basis[b]].value[i] = probe_at(k++);
}
