/* SPDX-License-Identifier: Apache-2.0 */
/* Products with matrices. Zeros are skipped, so that unit vectors cost what they touch. */
#include <math.h>
#include <string.h>

#include "onnx/operators.h"

/* out (rows x columns) += a (rows x inner) times b; steps of b along inner and columns. */
static void multiply(double *out, const double *a, const double *b, size_t rows, size_t inner,
                     size_t columns, const size_t a_step[2], const size_t b_step[2]) {
  for (size_t i = 0; i < rows; i++)
    for (size_t k = 0; k < inner; k++) {
      double factor = a[i * a_step[0] + k * a_step[1]];
      if (factor == 0.0)
        continue;
      const double *row = b + k * b_step[0];
      for (size_t j = 0; j < columns; j++)
        out[i * columns + j] += factor * row[j * b_step[1]];
    }
}

/* ------------------------------------------------------------------- MatMul */

/* Vectors count as a row on the left and a column on the right (numpy's rules). */
static void as_matrix(onnx_tensor *view, const onnx_tensor *x, bool left) {
  *view = *x;
  if (x->rank != 1)
    return;
  view->rank = 2;
  view->dim[0] = left ? 1 : x->dim[0];
  view->dim[1] = left ? x->dim[0] : 1;
}

/* Offset of batch number `batch` of the result inside an operand that may repeat. */
static size_t batch_offset(const onnx_tensor *x, const onnx_tensor *out, size_t batch) {
  size_t offset = 0, step = x->dim[x->rank - 2] * x->dim[x->rank - 1];
  for (int d = out->rank - 3; d >= 0; d--) {
    int dx = d - (out->rank - x->rank);
    size_t index = batch % out->dim[d];
    batch /= out->dim[d];
    if (dx >= 0) {
      offset += x->dim[dx] > 1 ? index * step : 0;
      step *= x->dim[dx];
    }
  }
  return offset;
}

static ckks_status matmul_shape(onnx_tensor *shape, const onnx_tensor *a, const onnx_tensor *b) {
  shape->rank = a->rank > b->rank ? a->rank : b->rank;
  if (a->dim[a->rank - 1] != b->dim[b->rank - 2])
    return base_fail(CKKS_ERROR_FORMAT, "%zu columns on the left, %zu rows on the right",
                     a->dim[a->rank - 1], b->dim[b->rank - 2]);
  for (int d = 0; d < shape->rank - 2; d++) {
    int da = d - (shape->rank - a->rank), db = d - (shape->rank - b->rank);
    size_t na = da >= 0 ? a->dim[da] : 1, nb = db >= 0 ? b->dim[db] : 1;
    if (na != nb && na != 1 && nb != 1)
      return base_fail(CKKS_ERROR_FORMAT, "batches of %zu and of %zu matrices", na, nb);
    shape->dim[d] = na == 1 ? nb : na;
  }
  shape->dim[shape->rank - 2] = a->dim[a->rank - 2];
  shape->dim[shape->rank - 1] = b->dim[b->rank - 1];
  return onnx_tensor_count(shape) ? CKKS_OK : base_fail(CKKS_ERROR_FORMAT, "too large a result");
}

/* The axes that stand for a vector's missing dimension leave the result again. */
static void drop_axes(onnx_tensor *out, const onnx_tensor *a, const onnx_tensor *b) {
  if (b->rank == 1)
    out->rank--;
  if (a->rank == 1) {
    out->rank--;
    if (b->rank != 1)
      out->dim[out->rank - 1] = out->dim[out->rank];
  }
}

ckks_status onnx_linear_matmul(onnx_call *call) {
  onnx_tensor a, b, shape = {0};
  if (call->in[0]->rank == 0 || call->in[1]->rank == 0)
    return base_fail(CKKS_ERROR_FORMAT, "a scalar where a matrix is needed");
  as_matrix(&a, call->in[0], true);
  as_matrix(&b, call->in[1], false);
  BASE_TRY(matmul_shape(&shape, &a, &b));
  size_t rows = shape.dim[shape.rank - 2], columns = shape.dim[shape.rank - 1];
  size_t inner = a.dim[a.rank - 1];
  BASE_TRY(onnx_run_work(call->run, onnx_run_nonzero(&a), columns));
  BASE_TRY(onnx_run_out(call, 0, shape.rank, shape.dim, a.whole && b.whole));
  onnx_tensor *out = call->out[0];
  if (out == NULL)
    return CKKS_OK;
  for (size_t batch = 0; out->n > 0 && batch < out->n / (rows * columns); batch++)
    multiply(out->value + batch * rows * columns, a.value + batch_offset(&a, out, batch),
             b.value + batch_offset(&b, out, batch), rows, inner, columns,
             (const size_t[]){inner, 1}, (const size_t[]){columns, 1});
  drop_axes(out, call->in[0], call->in[1]);
  return CKKS_OK;
}

/* --------------------------------------------------------------------- Gemm */

/* c repeated to rows x columns, times beta. */
static ckks_status gemm_bias(onnx_tensor *out, const onnx_tensor *c, double beta) {
  size_t rows = out->dim[0], columns = out->dim[1];
  size_t c_columns = c->rank > 0 ? c->dim[c->rank - 1] : 1;
  size_t c_rows = c->rank > 1 ? c->dim[c->rank - 2] : 1;
  if (c->rank > 2 || (c_columns != 1 && c_columns != columns) || (c_rows != 1 && c_rows != rows))
    return base_fail(CKKS_ERROR_FORMAT, "its third operand does not fit %zu x %zu", rows, columns);
  for (size_t i = 0; i < rows; i++)
    for (size_t j = 0; j < columns; j++)
      out->value[i * columns + j] =
          beta * c->value[(c_rows > 1 ? i : 0) * c_columns + (c_columns > 1 ? j : 0)];
  return CKKS_OK;
}

ckks_status onnx_linear_gemm(onnx_call *call) {
  const onnx_tensor *a = call->in[0], *b = call->in[1];
  const onnx_tensor *c = call->node->n_in > 2 ? call->in[2] : NULL;
  int ta = onnx_run_int(call, "transA", 0) != 0, tb = onnx_run_int(call, "transB", 0) != 0;
  double alpha = onnx_run_float(call, "alpha", 1.0), beta = onnx_run_float(call, "beta", 1.0);
  if (a->rank != 2 || b->rank != 2 || a->dim[!ta] != b->dim[tb])
    return base_fail(CKKS_ERROR_FORMAT, "its operands are not matrices that go together");
  size_t rows = a->dim[ta], inner = a->dim[!ta], columns = b->dim[!tb];
  BASE_TRY(onnx_run_out(call, 0, 2, (const size_t[]){rows, columns}, a->whole && b->whole));
  onnx_tensor *out = call->out[0];
  if (out == NULL)
    return CKKS_OK;
  BASE_TRY(onnx_run_work(call->run, onnx_run_nonzero(a), columns));
  multiply(out->value, a->value, b->value, rows, inner, columns,
           (const size_t[]){ta ? 1 : inner, ta ? rows : 1},
           (const size_t[]){tb ? 1 : columns, tb ? inner : 1});
  if (alpha == 1.0 && c == NULL)
    return CKKS_OK;
  onnx_tensor sum = *out;
  onnx_tensor bias = {0};
  BASE_TRY(onnx_tensor_init(&bias, 2, sum.dim, false));
  ckks_status status = c != NULL ? gemm_bias(&bias, c, beta) : CKKS_OK;
  for (size_t i = 0; i < sum.n; i++)
    sum.value[i] = alpha * sum.value[i] + bias.value[i];
  onnx_tensor_clear(&bias);
  return status;
}

/* ------------------------------------------------------- BatchNormalization */

ckks_status onnx_linear_batch_normalization(onnx_call *call) {
  const onnx_tensor *x = call->in[0];
  size_t channels = x->rank > 1 ? x->dim[1] : 1, inner = 1;
  double epsilon = onnx_run_float(call, "epsilon", 1e-5);
  if (onnx_run_int(call, "training_mode", 0) != 0 ||
      (call->node->n_out > 1 && call->node->out[1] >= 0))
    return base_fail(CKKS_ERROR_FORMAT, "it is in training mode; export the model for inference");
  for (int i = 1; i < 5; i++)
    if (call->in[i]->n != channels)
      return base_fail(CKKS_ERROR_FORMAT, "%zu numbers for %zu channels", call->in[i]->n, channels);
  for (int d = 2; d < x->rank; d++)
    inner *= x->dim[d];
  BASE_TRY(onnx_run_out(call, 0, x->rank, x->dim, false));
  for (size_t i = 0; call->out[0] != NULL && i < x->n; i++) {
    size_t c = i / inner % channels;
    double scale = call->in[1]->value[c] / sqrt(call->in[4]->value[c] + epsilon);
    call->out[0]->value[i] = (x->value[i] - call->in[3]->value[c]) * scale + call->in[2]->value[c];
  }
  return CKKS_OK;
}

/* ------------------------------------------------------------- scikit-learn */

/* Rows of x: a vector is one row. */
static ckks_status rows_of(size_t *rows, size_t *columns, const onnx_tensor *x) {
  *columns = x->rank > 0 ? x->dim[x->rank - 1] : 0;
  *rows = x->rank == 2 ? x->dim[0] : 1;
  if (x->rank < 1 || x->rank > 2 || *columns == 0)
    return base_fail(CKKS_ERROR_FORMAT, "a table is needed: rows and columns");
  return CKKS_OK;
}

/* scores[rows x n] = x times coefficients (n x columns) plus intercepts. */
static ckks_status scores_of(onnx_call *call, int result, size_t *n, const char *what) {
  const onnx_attribute *c = onnx_graph_attribute(call->node, "coefficients");
  const onnx_attribute *intercepts = onnx_graph_attribute(call->node, "intercepts");
  const onnx_tensor *x = call->in[0];
  size_t rows, columns;
  BASE_TRY(rows_of(&rows, &columns, x));
  if (c == NULL || c->n_floats == 0 || c->n_floats % columns != 0)
    return base_fail(CKKS_ERROR_FORMAT, "its coefficients are not %s of %zu columns", what,
                     columns);
  *n = c->n_floats / columns;
  if (intercepts != NULL && intercepts->n_floats != 0 && intercepts->n_floats != *n)
    return base_fail(CKKS_ERROR_FORMAT, "%zu intercepts for %zu %s", intercepts->n_floats, *n,
                     what);
  BASE_TRY(onnx_run_work(call->run, rows * *n, columns));
  BASE_TRY(onnx_run_out(call, result, 2, (const size_t[]){rows, *n}, false));
  onnx_tensor *out = call->out[result];
  if (out == NULL)
    return base_fail(CKKS_ERROR_FORMAT, "its scores are not given out");
  for (size_t i = 0; intercepts != NULL && intercepts->n_floats != 0 && i < out->n; i++)
    out->value[i] = intercepts->floats[i % *n];
  multiply(out->value, x->value, c->floats, rows, columns, *n, (const size_t[]){columns, 1},
           (const size_t[]){1, columns});
  return CKKS_OK;
}

/* SOFTMAX, LOGISTIC or none, in place, row by row. */
static ckks_status post_transform(onnx_tensor *scores, const onnx_node *node) {
  const onnx_attribute *how = onnx_graph_attribute(node, "post_transform");
  size_t n = scores->dim[1];
  if (how == NULL || onnx_wire_text_is(how->s, "NONE"))
    return CKKS_OK;
  bool softmax = onnx_wire_text_is(how->s, "SOFTMAX");
  if (!softmax && !onnx_wire_text_is(how->s, "LOGISTIC"))
    return base_fail(CKKS_ERROR_FORMAT, "post_transform \"%.*s\", which is not supported",
                     ONNX_TEXT(how->s));
  for (double *row = scores->value; row < scores->value + scores->n; row += n) {
    double most = row[0], sum = 0.0;
    for (size_t i = 1; i < n; i++)
      most = fmax(most, row[i]);
    for (size_t i = 0; i < n; i++)
      sum += row[i] = softmax ? exp(row[i] - most) : 1.0 / (1.0 + exp(-row[i]));
    for (size_t i = 0; softmax && i < n; i++)
      row[i] /= sum;
  }
  return CKKS_OK;
}

/* Two results: the label's number (or its index where labels are texts), and a score each. */
ckks_status onnx_linear_classifier(onnx_call *call) {
  const onnx_attribute *labels = onnx_graph_attribute(call->node, "classlabels_ints");
  size_t n = 0;
  BASE_TRY(scores_of(call, 1, &n, "classes"));
  onnx_tensor *scores = call->out[1];
  if (n < 2)
    return base_fail(CKKS_ERROR_FORMAT, "one score only; export the classifier with one a class");
  BASE_TRY(onnx_run_out(call, 0, 1, (const size_t[]){scores->dim[0]}, true));
  for (size_t row = 0; call->out[0] != NULL && row < scores->dim[0]; row++) {
    size_t best = 0;
    for (size_t i = 1; i < n; i++)
      if (scores->value[row * n + i] > scores->value[row * n + best])
        best = i;
    call->out[0]->value[row] =
        labels != NULL && labels->n_ints == n ? (double)labels->ints[best] : (double)best;
  }
  return call->run->scores ? CKKS_OK : post_transform(scores, call->node);
}

ckks_status onnx_linear_regressor(onnx_call *call) {
  size_t n = 0;
  BASE_TRY(scores_of(call, 0, &n, "targets"));
  return call->run->scores ? CKKS_OK : post_transform(call->out[0], call->node);
}

/* (x - offset) * scale, by columns or the same for all. */
ckks_status onnx_linear_scaler(onnx_call *call) {
  const onnx_attribute *offset = onnx_graph_attribute(call->node, "offset");
  const onnx_attribute *scale = onnx_graph_attribute(call->node, "scale");
  const onnx_tensor *x = call->in[0];
  size_t rows, columns;
  BASE_TRY(rows_of(&rows, &columns, x));
  size_t n_offset = offset != NULL ? offset->n_floats : 0;
  size_t n_scale = scale != NULL ? scale->n_floats : 0;
  if ((n_offset > 1 && n_offset != columns) || (n_scale > 1 && n_scale != columns))
    return base_fail(CKKS_ERROR_FORMAT, "%zu offsets and %zu scales for %zu columns", n_offset,
                     n_scale, columns);
  BASE_TRY(onnx_run_out(call, 0, x->rank, x->dim, false));
  for (size_t i = 0; call->out[0] != NULL && i < x->n; i++) {
    double o = n_offset > 0 ? offset->floats[n_offset > 1 ? i % columns : 0] : 0.0;
    double s = n_scale > 0 ? scale->floats[n_scale > 1 ? i % columns : 0] : 1.0;
    call->out[0]->value[i] = (x->value[i] - o) * s;
  }
  return CKKS_OK;
}
