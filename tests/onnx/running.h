/* SPDX-License-Identifier: Apache-2.0 */
/* Graphs of one input x and one output y, run in clear and held against known numbers. */
#ifndef TESTS_ONNX_RUNNING_H
#define TESTS_ONNX_RUNNING_H
#include <math.h>
#include <setjmp.h>
#include <stddef.h>

#include "onnx/builder.h"

#include <cmocka.h>

#include "base/alloc.h"
#include "onnx/fold.h"
#include "onnx/run.h"

/* Runs one graph of input x (shape and values given); *y is output "y" (clear it). */
static inline ckks_status run_graph(onnx_tensor *y, builder *b, const double *x) {
  onnx_graph graph;
  onnx_run run;
  builder_output(b, "y");
  base_buffer file = builder_file(b);
  assert_int_equal(onnx_graph_read(&graph, file.bytes, file.n_bytes, "test"), CKKS_OK);
  assert_int_equal(onnx_run_init(&run, &graph), CKKS_OK);
  onnx_tensor input;
  size_t dim[ONNX_MAX_RANK];
  for (int d = 0; d < graph.input[0].rank; d++)
    dim[d] = (size_t)graph.input[0].dim[d];
  assert_int_equal(onnx_tensor_init(&input, graph.input[0].rank, dim, false), CKKS_OK);
  memcpy(input.value, x, input.n * sizeof *x);
  assert_int_equal(onnx_run_set(&run, graph.input[0].value, &input), CKKS_OK);
  ckks_status status = CKKS_OK;
  for (size_t i = 0; i < graph.n_nodes && status == CKKS_OK; i++)
    status = onnx_run_node(&run, &graph.node[i]);
  if (status == CKKS_OK)
    assert_int_equal(onnx_tensor_copy(y, &run.value[graph.output[0].value]), CKKS_OK);
  onnx_tensor_clear(&input);
  onnx_run_clear(&run);
  onnx_graph_clear(&graph);
  base_buffer_clear(&file);
  builder_clear(b);
  return status;
}

static inline void assert_values(builder *b, const double *x, int rank, const double *want,
                                 size_t n) {
  onnx_tensor y;
  if (run_graph(&y, b, x) != CKKS_OK)
    fail_msg("%s", base_last_error());
  assert_int_equal(y.rank, rank);
  assert_int_equal(y.n, n);
  for (size_t i = 0; i < n; i++)
    if (!(fabs(y.value[i] - want[i]) < 1e-6))
      fail_msg("element %zu: %g where %g is right", i, y.value[i], want[i]);
  onnx_tensor_clear(&y);
}

static inline void refuse(builder *b, const double *x, const char *text) {
  onnx_tensor y;
  assert_int_not_equal(run_graph(&y, b, x), CKKS_OK);
  if (strstr(base_last_error(), text) == NULL)
    fail_msg("\"%s\" does not say \"%s\"", base_last_error(), text);
}

static inline builder begin_at(int opset, const char *shape) {
  builder b;
  builder_init(&b, opset);
  builder_input(&b, "x", shape);
  return b;
}

static inline builder begin(const char *shape) {
  return begin_at(13, shape);
}

/* "2,3" against the shape that came out, then the numbers. */
static inline void assert_tensor(builder *b, const double *x, const char *shape,
                                 const double *want) {
  onnx_tensor y;
  char got[128] = "";
  if (run_graph(&y, b, x) != CKKS_OK)
    fail_msg("%s", base_last_error());
  for (int d = 0; d < y.rank; d++)
    snprintf(got + strlen(got), sizeof got - strlen(got), "%s%zu", d > 0 ? "," : "", y.dim[d]);
  assert_string_equal(got, shape);
  for (size_t i = 0; i < y.n; i++)
    if (!(fabs(y.value[i] - want[i]) <= 1e-6 * fmax(1.0, fabs(want[i]))))
      fail_msg("element %zu of %s: %g where %g is right", i, shape, y.value[i], want[i]);
  onnx_tensor_clear(&y);
}

/* Numbers without a pattern that a float holds exactly. */
static inline void fill(double *out, size_t n, double seed) {
  for (size_t i = 0; i < n; i++)
    out[i] = (float)(2.0 * sin(1.7 * (double)i + seed) + 0.1 * (double)(i % 7));
}

#endif
