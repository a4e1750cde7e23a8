/* SPDX-License-Identifier: Apache-2.0 */
#include "onnx/batch.h"

#include <math.h>
#include <string.h>

#include "base/alloc.h"

#define SAME 1e-9 /* of the larger: sums are added up in the same order for every row */

/* Sizes as declared; *open: the first may be any, and is 1. */
static ckks_status declared_shape(onnx_tensor *shape, bool *open, const onnx_graph *graph) {
  if (graph->n_inputs != 1)
    return base_fail(CKKS_ERROR_FORMAT, "%zu inputs where one is needed: concatenate them outside",
                     graph->n_inputs);
  const onnx_port *port = &graph->input[0];
  onnx_text name = graph->value[port->value].name;
  *shape = (onnx_tensor){.rank = port->rank};
  if (port->rank < 0)
    return base_fail(CKKS_ERROR_FORMAT, "input \"%.*s\" has no shape; export the model with one",
                     ONNX_TEXT(name));
  for (int d = 0; d < port->rank; d++) {
    if (port->dim[d] < 0 && d > 0)
      return base_fail(CKKS_ERROR_FORMAT,
                       "input \"%.*s\": dimension %d is not fixed; export the model for one size",
                       ONNX_TEXT(name), d);
    shape->dim[d] = port->dim[d] < 0 ? 1 : (size_t)port->dim[d];
  }
  *open = port->rank > 0 && port->dim[0] < 0;
  if (!onnx_tensor_count(shape) || shape->n < 1)
    return base_fail(CKKS_ERROR_FORMAT, "input \"%.*s\": no numbers, or too many", ONNX_TEXT(name));
  return CKKS_OK;
}

/* Computes everything on the first numbers of `rows`, or on zeros where there are none. */
static ckks_status run_rows(onnx_fold *fold, onnx_tensor shape, size_t n_rows, const double *rows) {
  onnx_tensor input;
  shape.dim[0] = shape.rank > 0 ? shape.dim[0] * n_rows : 1;
  for (size_t i = 0; i < fold->graph->n_values; i++)
    onnx_run_forget(&fold->run, (int)i);
  BASE_TRY(onnx_tensor_init(&input, shape.rank, shape.dim, false));
  if (rows != NULL)
    memcpy(input.value, rows, input.n * sizeof *rows);
  ckks_status status = onnx_run_set(&fold->run, fold->input, &input);
  onnx_tensor_clear(&input);
  return status == CKKS_OK ? onnx_fold_run_needed(fold) : status;
}

static const onnx_tensor *output_of(const onnx_fold *fold) {
  return &fold->run.value[fold->output];
}

/* A fixed first dimension that the output has too are rows; each must be possible alone. */
static ckks_status take_batch(onnx_fold *fold, onnx_tensor *shape) {
  const onnx_tensor *out = output_of(fold);
  size_t batch = shape->dim[0], n = out->n / batch;
  if (shape->rank < 2 || batch < 2 || out->rank < 1 || out->dim[0] != batch)
    return CKKS_OK;
  onnx_tensor one = *shape;
  one.dim[0] = 1;
  one.n /= batch;
  if (run_rows(fold, one, 1, NULL) != CKKS_OK || output_of(fold)->n != n)
    return base_fail(CKKS_ERROR_FORMAT,
                     "it was exported for a batch of %zu rows and cannot be computed for one; "
                     "export it with a batch of 1, or with an open one (dynamic_axes)",
                     batch);
  *shape = one;
  fold->batch = batch;
  return CKKS_OK;
}

/* Numbers from -1 to 1, the same everywhere. */
static void draw(double *out, size_t n) {
  uint64_t state = 0x9e3779b97f4a7c15u;
  for (size_t i = 0; i < n; i++) {
    state = state * 6364136223846793005u + 1442695040888963407u;
    out[i] = (double)(state >> 11) * 0x1p-52 - 1.0;
  }
}

static bool differ(const double *a, const double *b, size_t n) {
  double most = 0.0, worst = 0.0;
  for (size_t i = 0; i < n; i++) {
    if (!isfinite(a[i]) || !isfinite(b[i]))
      continue; /* outside of what a logarithm or a root takes */
    most = fmax(most, fabs(a[i]));
    worst = fmax(worst, fabs(a[i] - b[i]));
  }
  return worst > SAME * fmax(1.0, most);
}

/* Two rows together against each alone. One that cannot be computed for two is for one. */
static ckks_status compare_rows(bool *mixed, onnx_fold *fold, const onnx_tensor *shape,
                                const double *rows, double *alone) {
  size_t n = output_of(fold)->n;
  *mixed = false;
  for (size_t i = 0; i < 2; i++) {
    BASE_TRY(run_rows(fold, *shape, 1, rows + i * shape->n));
    memcpy(alone + i * n, output_of(fold)->value, n * sizeof *alone);
  }
  if (run_rows(fold, *shape, 2, rows) == CKKS_OK && output_of(fold)->n == 2 * n)
    *mixed = differ(alone, output_of(fold)->value, 2 * n);
  return CKKS_OK;
}

static ckks_status check_rows(onnx_fold *fold, const onnx_tensor *shape) {
  size_t n = output_of(fold)->n;
  bool mixed = false;
  double *rows = base_alloc_array(2 * shape->n, sizeof *rows);
  double *alone = base_alloc_array(2 * n + 1, sizeof *alone);
  ckks_status status = CKKS_ERROR_MEMORY;
  if (rows == NULL || alone == NULL) {
    base_fail_memory((2 * shape->n + 2 * n) * sizeof *rows);
  } else {
    draw(rows, 2 * shape->n);
    status = compare_rows(&mixed, fold, shape, rows, alone);
  }
  base_free(rows);
  base_free(alone);
  BASE_TRY(status);
  if (mixed)
    return base_fail(CKKS_ERROR_FORMAT,
                     "rows of a batch change each other's outputs: something goes over the batch "
                     "axis; export a network in which each row stands alone");
  return run_rows(fold, *shape, 1, NULL);
}

ckks_status onnx_batch_set(onnx_fold *fold) {
  onnx_tensor shape;
  bool open = false;
  BASE_TRY(declared_shape(&shape, &open, fold->graph));
  fold->input = fold->graph->input[0].value;
  BASE_TRY(run_rows(fold, shape, 1, NULL));
  BASE_TRY(take_batch(fold, &shape));
  if (shape.n > ENCODING_MAX_FEATURES)
    return base_fail(CKKS_ERROR_FORMAT, "input \"%.*s\": %zu numbers where 1 to %d are allowed",
                     ONNX_TEXT(fold->graph->value[fold->input].name), shape.n,
                     ENCODING_MAX_FEATURES);
  return open || fold->batch > 1 ? check_rows(fold, &shape) : CKKS_OK;
}
