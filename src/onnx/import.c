/* SPDX-License-Identifier: Apache-2.0 */
#include "onnx/importing.h"

#include <math.h>
#include <string.h>

#include "base/alloc.h"
#include "base/wipe.h"
#include "onnx/degrees.h"
#include "onnx/image.h"
#include "onnx/join.h"
#include "onnx/rewrite.h"

#define FAR 64.0 /* where a polynomial without data is held against its activation */

void onnx_import_options_default(onnx_import_options *options) {
  *options = (onnx_import_options){.output_error = 0.01, .margin = 0.25};
}

void onnx_import_report_clear(onnx_import_report *report) {
  base_free(report->activation);
  *report = (onnx_import_report){0};
}

static ckks_status init_branches(onnx_importing *in, size_t n_rows) {
  size_t n = (size_t)in->fold.n_layers * ONNX_MAX_BRANCHES;
  in->branch = base_alloc_array(n, sizeof *in->branch);
  in->fitted = base_alloc_array(n, sizeof *in->fitted);
  if (in->branch == NULL || in->fitted == NULL)
    return base_fail_memory(n * sizeof *in->branch);
  for (int l = 0; l < in->fold.n_layers; l++)
    for (int b = 0; b < in->fold.layer[l].n_roots; b++) {
      const onnx_node *node = onnx_fold_activation(&in->fold, l, b);
      if (node == NULL)
        continue;
      BASE_TRY(onnx_branch_init(onnx_importing_branch(in, l, b), &in->fold, l, b, n_rows));
      onnx_graph_node_name(onnx_importing_branch(in, l, b)->name, node);
    }
  return CKKS_OK;
}

/* -------------------------------------------------------------- activations */

/* Without data only what is a polynomial everywhere can be taken. */
static ckks_status check_everywhere(onnx_importing *in, const onnx_branch *b) {
  const onnx_fit *fit = &b->fit;
  double x[2] = {-FAR, FAR}, y[2];
  bool same = fit->exact;
  BASE_TRY(onnx_fold_function(y, x, 2, &in->fold, b->layer, b->index));
  for (int i = 0; i < 2 && same; i++) {
    double p = encoding_polynomial_value(&fit->polynomial, (x[i] - fit->centre) / fit->radius);
    same = fabs(p - y[i]) <= 1e-6 * fmax(1.0, fabs(y[i]));
  }
  if (same)
    return CKKS_OK;
  return onnx_run_refuse(onnx_fold_activation(&in->fold, b->layer, b->index),
                         "it is not a polynomial; give calibration data, so that one can be "
                         "fitted to it on the range it sees, or train with a polynomial");
}

static ckks_status prepare_branch(onnx_importing *in, int l, int index) {
  onnx_branch *b = onnx_importing_branch(in, l, index);
  /* A composite takes the place of one polynomial where no degree is good enough. */
  bool all = in->options->error > 0.0 && in->options->composite == ONNX_IMPORT_COMPOSITE_AUTO;
  int most = all ? ENCODING_MAX_DEGREE : 2 * in->report->max_degree + 1;
  bool last = l + 1 == in->fold.n_layers;
  ckks_status status =
      onnx_branch_prepare(b, &in->fold, in->options->margin,
                          most < ENCODING_MAX_DEGREE ? most : ENCODING_MAX_DEGREE, last);
  if (status != CKKS_OK)
    return base_fail_in(status, "%s", b->name);
  if (in->n_rows == 0)
    BASE_TRY(check_everywhere(in, b));
  b->constant = b->fit.exact && b->fit.polynomial.coefficient[b->fit.polynomial.degree] == 0.0;
  if (b->constant && in->fold.layer[l].n_roots == 1)
    return base_fail(CKKS_ERROR_RANGE, "%s: it is constant on what it sees, and so is the output",
                     b->name);
  if (!b->fit.exact)
    in->fitted[in->n_fitted++] = b;
  return CKKS_OK;
}

static ckks_status prepare_branches(onnx_importing *in) {
  int hidden = in->fold.n_layers - 1;
  in->report->max_degree =
      in->options->max_degree > 0 ? in->options->max_degree : onnx_degrees_allowed(hidden);
  for (int l = 0; l < in->fold.n_layers; l++)
    for (int b = 0; b < in->fold.layer[l].n_roots; b++) {
      if (onnx_fold_activation(&in->fold, l, b) != NULL)
        BASE_TRY(prepare_branch(in, l, b));
      else
        in->report->n_carried += l + 1 < in->fold.n_layers ? onnx_fold_width(&in->fold, l, b) : 0;
    }
  return CKKS_OK;
}

static void report_composite(onnx_import_activation *a, const onnx_composite *composite) {
  a->n_parts = composite->n;
  a->levels = onnx_composite_levels(composite);
  a->gap = composite->gap;
  for (int i = 0; i < composite->n; i++)
    a->part_degree[i] = composite->part[i].degree;
  a->degree = composite->part[composite->n - 1].degree;
}

static ckks_status report_activations(onnx_importing *in) {
  size_t n = (size_t)in->fold.n_layers * ONNX_MAX_BRANCHES;
  in->report->activation = base_alloc_array(n, sizeof *in->report->activation);
  if (in->report->activation == NULL)
    return base_fail_memory(n * sizeof *in->report->activation);
  for (size_t i = 0; i < n; i++) {
    const onnx_branch *b = &in->branch[i];
    if (b->width == 0)
      continue;
    onnx_import_activation *a = &in->report->activation[in->report->n_activations++];
    memcpy(a->node, b->name, sizeof a->node);
    a->degree = b->constant ? 0 : b->fit.polynomial.degree;
    a->exact = b->fit.exact;
    a->each = onnx_branch_differs(b);
    a->max_error = b->fit.max_error;
    a->rms_error = b->fit.rms_error;
    onnx_branch_range(&a->low, &a->high, b);
    if (b->composed)
      report_composite(a, in->composite);
  }
  return CKKS_OK;
}

/* ---------------------------------------------------------------- the whole */

static ckks_status prepare(onnx_importing *in) {
  size_t widest = onnx_importing_features(in);
  for (int l = 0; l < in->fold.n_layers; l++)
    if (in->fold.layer[l].n_out > widest)
      widest = in->fold.layer[l].n_out;
  in->n_outputs = in->fold.run.value[in->fold.output].n;
  in->report->n_nodes = in->fold.graph->n_nodes;
  in->report->batch = in->fold.batch;
  in->report->n_rows = onnx_importing_n_used(in);
  in->scratch = base_alloc_array(widest, sizeof *in->scratch);
  in->have =
      base_alloc_array(onnx_importing_n_used(in) * (in->n_outputs + 1) + 1, sizeof *in->have);
  if (in->scratch == NULL || in->have == NULL)
    return base_fail_memory(widest * sizeof *in->scratch);
  BASE_TRY(onnx_import_rows_scaler(in));
  return init_branches(in, onnx_importing_n_used(in));
}

static ckks_status import_fold(onnx_importing *in) {
  BASE_TRY(prepare(in));
  if (in->n_rows > 0)
    BASE_TRY(onnx_import_rows_see(in));
  BASE_TRY(prepare_branches(in));
  BASE_TRY(onnx_import_layers(in));
  if (in->n_rows > 0)
    BASE_TRY(onnx_import_degrees_find(in));
  BASE_TRY(network_check(in->model));
  BASE_TRY(report_activations(in));
  if (in->n_rows == 0)
    return CKKS_OK;
  onnx_import_degrees_compare(in);
  return network_calibrate(in->model, in->rows, in->n_rows);
}

static void importing_free(onnx_importing *in) {
  size_t width = in->used != NULL ? onnx_importing_features(in) : 0;
  for (size_t i = 0; in->branch != NULL && i < (size_t)in->fold.n_layers * ONNX_MAX_BRANCHES; i++)
    onnx_branch_clear(&in->branch[i]);
  if (in->used != NULL)
    base_wipe(in->used, onnx_importing_n_used(in) * width * sizeof *in->used);
  base_free(in->used);
  base_free(in->branch);
  base_free(in->fitted);
  base_free(in->mean);
  base_free(in->deviation);
  base_free(in->exact);
  base_free(in->have);
  base_free(in->scratch);
  base_free(in->composite);
  onnx_scaler_clear(&in->scaler);
  onnx_fold_clear(&in->fold);
  base_free(in);
}

static ckks_status import_graph(network_model *model, onnx_import_report *report,
                                const onnx_graph *graph, const double *rows, size_t n_rows,
                                const onnx_import_options *options) {
  onnx_importing *in = base_alloc(sizeof *in);
  if (in == NULL)
    return base_fail_memory(sizeof *in);
  *in = (onnx_importing){
      .options = options, .report = report, .model = model, .n_rows = n_rows, .rows = rows};
  ckks_status status = onnx_fold_init(&in->fold, graph, options->output);
  if (status == CKKS_OK)
    status = import_fold(in);
  importing_free(in);
  return status;
}

ckks_status onnx_import_model(network_model *model, onnx_import_report *report,
                              const uint8_t *bytes, size_t n_bytes, const char *name,
                              const double *rows, size_t n_rows,
                              const onnx_import_options *options) {
  onnx_graph graph;
  *model = (network_model){0};
  *report = (onnx_import_report){0};
  BASE_TRY(onnx_rewrite_read(&graph, bytes, n_bytes, name));
  ckks_status status = onnx_join_outputs(&graph, options->output);
  if (status == CKKS_OK)
    status = import_graph(model, report, &graph, rows, n_rows, options);
  onnx_graph_clear(&graph);
  if (status == CKKS_OK)
    return CKKS_OK;
  network_clear(model);
  onnx_import_report_clear(report);
  return base_fail_in(status, "%s", name);
}

ckks_status onnx_import_input(onnx_import_input_shape *shape, const uint8_t *bytes, size_t n_bytes,
                              const char *name, const char *output) {
  onnx_graph graph;
  *shape = (onnx_import_input_shape){0};
  BASE_TRY(onnx_rewrite_read(&graph, bytes, n_bytes, name));
  onnx_fold *fold = base_alloc(sizeof *fold); /* too large for a stack */
  ckks_status status = onnx_join_outputs(&graph, output);
  if (status == CKKS_OK)
    status = fold != NULL ? onnx_fold_init(fold, &graph, output) : base_fail_memory(sizeof *fold);
  if (status == CKKS_OK) {
    shape->n_features = fold->run.value[fold->input].n;
    onnx_image_input(shape->image, fold);
    shape->pixels = shape->image[0] > 0 && onnx_image_is_pixels(fold);
    if (shape->image[0] > 0)
      status = onnx_scaler_take_pixels(&shape->own, fold);
    onnx_fold_clear(fold);
  }
  base_free(fold);
  onnx_graph_clear(&graph);
  return status == CKKS_OK ? CKKS_OK : base_fail_in(status, "%s", name);
}
