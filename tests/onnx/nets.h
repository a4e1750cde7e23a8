/* SPDX-License-Identifier: Apache-2.0 */
/* Networks with drawn weights, and what they are held against. */
#ifndef TESTS_ONNX_NETS_H
#define TESTS_ONNX_NETS_H
#include <math.h>
#include <setjmp.h>
#include <stddef.h>

#include "compile/compile.h"
#include "onnx/builder.h"

#include <cmocka.h>

#include "base/alloc.h"
#include "onnx/import.h"
#include "onnx/rewrite.h"
#include "plan/reading.h"

static uint64_t net_seed = 1;

static inline uint32_t draw(uint32_t n) {
  net_seed = net_seed * 6364136223846793005u + 1442695040888963407u;
  return (uint32_t)(net_seed >> 33) % n;
}

static inline double uniform(double size) {
  return size * (2.0 * draw(1u << 20) / (1u << 20) - 1.0);
}

static inline void weights(builder *b, const char *name, const char *shape, size_t n, double size) {
  double *value = malloc(n * sizeof *value);
  for (size_t i = 0; i < n; i++)
    value[i] = uniform(size);
  builder_floats(b, name, shape, value, n);
  free(value);
}

/* Outputs of the graph itself, before what is left to the client. */
static inline void oracle(double *outputs, const base_buffer *file, const double *row) {
  onnx_graph graph;
  onnx_fold fold;
  assert_int_equal(onnx_rewrite_read(&graph, file->bytes, file->n_bytes, "net"), CKKS_OK);
  assert_int_equal(onnx_fold_init(&fold, &graph, NULL), CKKS_OK);
  assert_int_equal(onnx_fold_run(&fold, row), CKKS_OK);
  const onnx_tensor *out = &fold.run.value[fold.output];
  memcpy(outputs, out->value, out->n * sizeof *outputs);
  onnx_fold_clear(&fold);
  onnx_graph_clear(&graph);
}

/* The report's memory is kept until the next one. */
static inline ckks_status import_with(network_model *model, onnx_import_report *report,
                                      const base_buffer *file, const double *rows, size_t n_rows,
                                      const onnx_import_options *options) {
  static onnx_import_activation *kept;
  base_free(kept);
  ckks_status status =
      onnx_import_model(model, report, file->bytes, file->n_bytes, "net", rows, n_rows, options);
  kept = report->activation;
  return status;
}

static inline ckks_status import(network_model *model, onnx_import_report *report,
                                 const base_buffer *file, const double *rows, size_t n_rows) {
  onnx_import_options options;
  onnx_import_options_default(&options);
  return import_with(model, report, file, rows, n_rows, &options);
}

/* The model's outputs are the graph's, on rows it has not seen. */
static inline void assert_same(const network_model *model, const base_buffer *file,
                               double tolerance) {
  double row[512], have[64], want[64];
  for (int r = 0; r < 10; r++) {
    for (size_t i = 0; i < model->n_features; i++)
      row[i] = uniform(1.0);
    oracle(want, file, row);
    network_forward_rows(have, row, 1, model);
    for (size_t k = 0; k < model->n_classes; k++)
      assert_true(fabs(have[k] - want[k]) <= tolerance * (1.0 + fabs(want[k])));
  }
}

/* The compiled plan in clear: every slot an output of the graph. */
static inline void assert_plan(const network_model *model, const base_buffer *file,
                               bool *gathered) {
  compile_options options;
  plan_plan plan;
  double row[512], scaled[512], want[64];
  compile_options_default(&options);
  options.error = 1e-2;
  options.throughput = false;
  if (compile_model(&plan, model, &options) != CKKS_OK)
    fail_msg("%s", base_last_error());
  *gathered = *gathered || plan.interface.n_gather > 0;
  size_t slots = (size_t)1 << (plan.interface.literal.log2_n - 1);
  double *in = malloc(slots * sizeof *in), *out = malloc(slots * sizeof *out);
  for (size_t i = 0; i < model->n_features; i++)
    row[i] = uniform(1.0);
  oracle(want, file, row);
  plan_pack_scale(scaled, row, &plan.interface);
  plan_pack_row(in, slots, scaled, &plan.interface);
  assert_int_equal(plan_reading_run(&out, (const double *const *)&in, &plan.program[PLAN_LATENCY],
                                    plan.vector, slots, NULL),
                   CKKS_OK);
  size_t period = plan.interface.layout[PLAN_LATENCY].period;
  for (size_t j = 0; j < slots; j++) {
    size_t k = j % period;
    double have = encoding_polynomial_value(&plan.interface.last, out[j]);
    if (k < model->n_classes)
      assert_true(fabs(have - want[k]) <= 1e-6 * (1.0 + fabs(want[k])));
    else
      assert_true(fabs(out[j] - plan.interface.layout[PLAN_LATENCY].empty) <= 1e-6);
  }
  /* And as bytes: a plan with a gather survives the trip. */
  base_buffer bytes;
  base_reader reader;
  plan_plan again;
  base_buffer_init(&bytes, BUILDER_BYTES);
  plan_bytes_write(&bytes, &plan);
  base_reader_init(&reader, bytes.bytes, bytes.n_bytes);
  assert_int_equal(plan_bytes_read(&again, &reader), CKKS_OK);
  assert_int_equal(again.interface.n_gather, plan.interface.n_gather);
  for (size_t i = 0; i < plan.interface.n_gather; i++)
    assert_int_equal(again.interface.gather[i], plan.interface.gather[i]);
  plan_clear(&again);
  base_buffer_clear(&bytes);
  free(in);
  free(out);
  plan_clear(&plan);
}

static inline void random_rows(double *rows, size_t n) {
  for (size_t i = 0; i < n; i++)
    rows[i] = uniform(1.0);
}

/* x -> w -> activation -> v -> y, ten features. */
static inline base_buffer activation_net(const char *const *nodes, size_t n) {
  builder b;
  builder_init(&b, 13);
  builder_input(&b, "x", "N,10");
  weights(&b, "w", "10,8", 80, 0.8);
  weights(&b, "v", "8,3", 24, 0.5);
  builder_floats(&b, "half", "1", &(double){0.5}, 1);
  builder_floats(&b, "one", "", &(double){1.0}, 1);
  builder_floats(&b, "root", "1,1", &(double){1.4142135623730951}, 1);
  builder_node(&b, "MatMul:x,w:c", NULL);
  for (size_t i = 0; i < n; i++)
    builder_node(&b, nodes[i], NULL);
  builder_node(&b, "MatMul:a,v:y", NULL);
  builder_output(&b, "y");
  base_buffer file = builder_file(&b);
  builder_clear(&b);
  return file;
}

#endif
