/* SPDX-License-Identifier: Apache-2.0 */
#include "onnx/import.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/wipe.h"
#include "onnx/branch.h"
#include "onnx/degrees.h"
#include "onnx/image.h"
#include "onnx/rewrite.h"
#include "onnx/scaler.h"

_Static_assert(ONNX_MAX_BRANCHES <= NETWORK_MAX_ACTIVATIONS, "each branch has an activation");

#define MAX_ROWS 2048      /* of calibration data, evenly taken, that go through the graph */
#define TRIAL_PRODUCTS 4e8 /* of one run over rows, while degrees are looked for */
#define LEAST_TRIAL_ROWS 8
#define FAR 64.0 /* where a polynomial without data is held against its activation */

typedef struct importing {
  const onnx_import_options *options;
  onnx_import_report *report;
  network_model *model;
  onnx_fold fold;
  onnx_scaler scaler; /* in units of the rows */
  bool complete;      /* a missing value has no mean to stand for it */
  double *mean,
      *deviation;       /* of the options, for each feature: the graph sees (x - mean)/deviation */
  onnx_branch *branch;  /* ONNX_MAX_BRANCHES for each layer */
  onnx_branch **fitted; /* those that are no polynomials */
  size_t n_fitted, n_rows, n_trial, n_outputs;
  const double *rows;
  double *used;  /* the rows that go through the graph, or NULL where these are all */
  double *exact; /* outputs of the graph, row by row, before their end */
  double *have;  /* those of the model */
  double *scratch;
} importing;

void onnx_import_options_default(onnx_import_options *options) {
  *options = (onnx_import_options){.output_error = 0.01, .margin = 0.25};
}

void onnx_import_report_clear(onnx_import_report *report) {
  base_free(report->activation);
  *report = (onnx_import_report){0};
}

static onnx_branch *branch_at(const importing *in, int layer, int index) {
  return &in->branch[layer * ONNX_MAX_BRANCHES + index];
}

static size_t n_features(const importing *in) {
  return in->fold.run.value[in->fold.input].n;
}

static size_t n_used_rows(const importing *in) {
  return in->n_rows < MAX_ROWS ? in->n_rows : MAX_ROWS;
}

/* The rows that are used, evenly taken. */
static const double *used_rows(const importing *in) {
  return in->used != NULL ? in->used : in->rows;
}

static ckks_status take_rows(importing *in) {
  size_t n = n_used_rows(in), width = n_features(in);
  if (n == in->n_rows)
    return CKKS_OK;
  in->used = base_alloc_array(n * width, sizeof *in->used);
  if (in->used == NULL)
    return base_fail_memory(n * width * sizeof *in->used);
  for (size_t i = 0; i < n; i++)
    memcpy(in->used + i * width, in->rows + i * in->n_rows / n * width, width * sizeof *in->used);
  return CKKS_OK;
}

/* ------------------------------------------------------------- normalisation */

/* One number for all, one for each channel of an image, or one for each feature. */
static ckks_status spread(double *out, const importing *in, const double *given, size_t n_given,
                          double otherwise, const char *option) {
  size_t n = n_features(in), image[3];
  onnx_image_input(image, &in->fold);
  bool channels = image[0] > 1 && n_given == image[0];
  if (n_given > 1 && n_given != n && !channels)
    return base_fail(CKKS_ERROR_ARGUMENT, "%s has %zu numbers where 1%s%s or %zu are allowed",
                     option, n_given, image[0] > 1 ? ", " : "", image[0] == 3 ? "3" : "", n);
  for (size_t i = 0; i < n; i++)
    out[i] = n_given == 0   ? otherwise
             : n_given == 1 ? given[0]
             : n_given == n ? given[i]
                            : given[i / (n / image[0])];
  return CKKS_OK;
}

/* From what the graph sees to what the rows are. */
static void scaler_to_rows(importing *in) {
  for (size_t i = 0; in->scaler.found && i < in->scaler.n; i++) {
    in->scaler.centre[i] = in->mean[i] + in->deviation[i] * in->scaler.centre[i];
    in->scaler.deviation[i] *= in->deviation[i];
  }
}

static ckks_status find_normalisation(importing *in) {
  const onnx_import_options *options = in->options;
  size_t n = n_features(in);
  in->mean = base_alloc_array(n, sizeof *in->mean);
  in->deviation = base_alloc_array(n, sizeof *in->deviation);
  if (in->mean == NULL || in->deviation == NULL)
    return base_fail_memory(n * sizeof *in->mean);
  BASE_TRY(spread(in->mean, in, options->mean, options->n_mean, 0.0, "--mean"));
  BASE_TRY(spread(in->deviation, in, options->deviation, options->n_deviation, 1.0, "--deviation"));
  for (size_t i = 0; i < n; i++)
    if (!(in->deviation[i] > 0.0))
      return base_fail(CKKS_ERROR_ARGUMENT, "--deviation %g: must be above 0", in->deviation[i]);
  if (!options->image)
    BASE_TRY(onnx_scaler_find(&in->scaler, &in->fold));
  scaler_to_rows(in);
  bool mean = in->scaler.found &&
              (in->scaler.imputed || onnx_scaler_is_mean(&in->scaler, in->rows, in->n_rows));
  in->complete = !options->image && !mean && options->n_mean == 0;
  in->report->scaled = in->scaler.found;
  return CKKS_OK;
}

/* ------------------------------------------------------------- calibration */

/* What a missing value is to the graph: the mean, where there is one. */
static ckks_status scale_row(double *out, const importing *in, const double *row) {
  for (size_t i = 0; i < n_features(in); i++) {
    double x = row[i];
    if (isnan(x) && in->complete)
      return base_fail(
          CKKS_ERROR_RANGE,
          "value %zu is missing, and nothing in the network says what its mean is; fill "
          "it in, as was done for training",
          i);
    if (isnan(x))
      x = in->scaler.found ? in->scaler.centre[i] : in->mean[i];
    out[i] = (x - in->mean[i]) / in->deviation[i];
  }
  return CKKS_OK;
}

static ckks_status see_row(importing *in, const double *row) {
  BASE_TRY(scale_row(in->scratch, in, row));
  BASE_TRY(onnx_fold_run(&in->fold, in->scratch));
  for (int l = 0; l < in->fold.n_layers; l++) {
    const double *value = in->scratch;
    onnx_fold_values(in->scratch, &in->fold, l);
    for (int b = 0; b < in->fold.layer[l].n_roots; b++) {
      if (branch_at(in, l, b)->sample != NULL)
        BASE_TRY(onnx_branch_see(branch_at(in, l, b), value));
      value += onnx_fold_width(&in->fold, l, b);
    }
  }
  return CKKS_OK;
}

static ckks_status init_branches(importing *in, size_t n_rows) {
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
      BASE_TRY(onnx_branch_init(branch_at(in, l, b), &in->fold, l, b, n_rows));
      onnx_graph_node_name(branch_at(in, l, b)->name, node);
    }
  return CKKS_OK;
}

static ckks_status see_rows(importing *in) {
  size_t n = n_used_rows(in), width = n_features(in);
  BASE_TRY(take_rows(in));
  in->exact = base_alloc_array(n * in->n_outputs, sizeof *in->exact);
  if (in->exact == NULL)
    return base_fail_memory(n * in->n_outputs * sizeof *in->exact);
  for (size_t i = 0; i < n; i++) {
    ckks_status status = see_row(in, used_rows(in) + i * width);
    if (status != CKKS_OK)
      return base_fail_in(status, "calibration row %zu", i * in->n_rows / n);
    memcpy(in->exact + i * in->n_outputs, in->fold.run.value[in->fold.output].value,
           in->n_outputs * sizeof *in->exact);
  }
  return CKKS_OK;
}

/* -------------------------------------------------------------- activations */

/* Without data only what is a polynomial everywhere can be taken. */
static ckks_status check_everywhere(importing *in, const onnx_branch *b) {
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

static ckks_status prepare_branch(importing *in, int l, int index) {
  onnx_branch *b = branch_at(in, l, index);
  int most = 2 * in->report->max_degree + 1;
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

static ckks_status prepare_branches(importing *in) {
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

/* -------------------------------------------------------------------- model */

static ckks_status name_features(importing *in) {
  size_t image[3];
  char name[80];
  onnx_image_input(image, &in->fold);
  for (size_t i = 0; i < in->model->n_features; i++) {
    in->model->mean[i] = in->scaler.found ? in->scaler.centre[i] : in->mean[i];
    in->model->deviation[i] = in->scaler.found ? in->scaler.deviation[i] : in->deviation[i];
    if (!in->options->image)
      continue;
    encoding_image_name(name, image, i);
    BASE_TRY(encoding_names_set(&in->model->feature[i], name));
  }
  return CKKS_OK;
}

/* The graph's input g is a z + c, with z what the model's scaler makes of a row. */
static void fold_scaler(network_layer *layer, const importing *in) {
  network_sparse *weight = &layer->weight;
  for (size_t row = 0; in->scaler.found && row < layer->n_out; row++)
    for (size_t k = weight->start[row]; k < weight->start[row + 1]; k++) {
      size_t i = weight->column[k];
      layer->bias[row] +=
          weight->value[k] * (in->scaler.centre[i] - in->mean[i]) / in->deviation[i];
      weight->value[k] *= in->scaler.deviation[i] / in->deviation[i];
    }
}

/* One score as two: softmax of (-z/2, z/2) is the sigmoid of z. */
static ckks_status make_pair(network_sparse *weight, double *bias, bool second_first) {
  size_t n = weight->start[1];
  double half = second_first ? -0.5 : 0.5;
  network_sparse pair;
  BASE_TRY(network_sparse_init(&pair, 2, weight->n_columns, 2 * n));
  for (size_t k = 0; k < n; k++) {
    pair.column[k] = pair.column[n + k] = weight->column[k];
    pair.value[k] = -half * weight->value[k];
    pair.value[n + k] = half * weight->value[k];
  }
  pair.start[1] = n;
  pair.start[2] = 2 * n;
  network_sparse_clear(weight);
  *weight = pair;
  bias[1] = half * bias[0];
  bias[0] *= -half;
  return CKKS_OK;
}

/* Units of a branch: t = (x - centre)/radius, whose powers stay small; a constant hands on itself.
 */
static void scale_rows(network_layer *layer, size_t first, const onnx_branch *b) {
  const network_sparse *weight = &layer->weight;
  for (size_t u = 0; u < b->width; u++) {
    double centre, radius, gain, *bias = &layer->bias[first + u];
    onnx_branch_unit(&centre, &radius, &gain, b, u);
    for (size_t k = weight->start[first + u]; k < weight->start[first + u + 1]; k++)
      weight->value[k] = b->constant ? 0.0 : weight->value[k] / radius;
    *bias = b->constant ? b->fit.polynomial.coefficient[0] : (*bias - centre) / radius;
  }
}

/* What the units of the layer before make is to be multiplied by their gain. */
static void scale_columns(network_layer *layer, const importing *in, int before) {
  network_sparse *weight = &layer->weight;
  for (size_t k = 0; k < weight->start[weight->n_rows]; k++) {
    size_t unit = weight->column[k];
    int b = 0;
    double centre, radius, gain = 1.0;
    for (; unit >= onnx_fold_width(&in->fold, before, b); b++)
      unit -= onnx_fold_width(&in->fold, before, b);
    if (branch_at(in, before, b)->radius != NULL)
      onnx_branch_unit(&centre, &radius, &gain, branch_at(in, before, b), unit);
    weight->value[k] *= gain;
  }
}

static bool has_gains(const importing *in, int layer) {
  bool any = false;
  for (int b = 0; b < in->fold.layer[layer].n_roots; b++)
    any = any || branch_at(in, layer, b)->radius != NULL;
  return any;
}

/* Each branch has a polynomial of its own; what is carried keeps the identity. */
static ckks_status set_layer(importing *in, int l) {
  network_layer *layer = &in->model->layer[l];
  int n_roots = in->fold.layer[l].n_roots;
  bool pair = in->fold.tail.pair && l + 1 == in->fold.n_layers;
  network_sparse_clear(&layer->weight);
  BASE_TRY(onnx_fold_matrix(&layer->weight, layer->bias, &in->fold, l));
  if (l == 0)
    fold_scaler(layer, in);
  if (l > 0 && has_gains(in, l - 1))
    scale_columns(layer, in, l - 1);
  if (pair)
    BASE_TRY(make_pair(&layer->weight, layer->bias, in->fold.tail.second_first));
  else
    onnx_image_layer(layer->image, &in->fold, l);
  BASE_TRY(network_layer_set_activations(layer, (size_t)n_roots));
  for (size_t b = 0, first = 0; b < (size_t)n_roots; b++) {
    size_t width = onnx_fold_width(&in->fold, l, (int)b);
    if (n_roots > 1)
      memset(layer->activation_of + first, (int)b, width);
    if (branch_at(in, l, (int)b)->width > 0)
      scale_rows(layer, first, branch_at(in, l, (int)b));
    first += width;
  }
  network_sparse_drop_zeros(&layer->weight);
  return CKKS_OK;
}

static void set_polynomials(importing *in) {
  for (int l = 0; l < in->fold.n_layers; l++)
    for (int b = 0; b < in->fold.layer[l].n_roots; b++)
      if (branch_at(in, l, b)->width > 0 && !branch_at(in, l, b)->constant)
        in->model->layer[l].activation[b].polynomial = branch_at(in, l, b)->fit.polynomial;
}

static ckks_status set_meaning(importing *in) {
  const onnx_tail *tail = &in->fold.tail;
  encoding_meaning *meaning = &in->model->meaning;
  size_t n = in->model->n_classes;
  meaning->end = tail->end;
  meaning->complete = in->complete;
  if (tail->classes)
    meaning->kind = ENCODING_CLASSES;
  else if (tail->end == ENCODING_END_SIGMOID)
    meaning->kind = ENCODING_LABELS;
  else if (tail->end != ENCODING_END_NONE || tail->values || n == 1)
    meaning->kind = ENCODING_VALUES;
  if (in->options->said)
    meaning->kind = in->options->kind;
  if (tail->ends != NULL)
    onnx_graph_node_name(in->report->left, tail->ends);
  return onnx_tail_labels(in->model->label, &in->report->labelled, tail, n, &in->fold.run);
}

static ckks_status set_model(importing *in) {
  size_t widths[ONNX_MAX_LAYERS + 1];
  int n = in->fold.n_layers;
  widths[0] = n_features(in);
  for (int l = 0; l < n; l++)
    widths[l + 1] = in->fold.layer[l].n_out;
  if (in->fold.tail.pair)
    widths[n] = 2;
  BASE_TRY(network_init(in->model, widths, (size_t)n));
  BASE_TRY(set_meaning(in));
  BASE_TRY(name_features(in));
  for (int l = 0; l < n; l++)
    BASE_TRY(set_layer(in, l));
  set_polynomials(in);
  return CKKS_OK;
}

/* ---------------------------------------------------------------- comparing */

/* Change of the graph's output k of a row; a pair is its one score taken apart. */
static double change(const importing *in, const double *exact, const double *have, size_t k) {
  if (!in->fold.tail.pair)
    return fabs(exact[k] - have[k]);
  double score = in->fold.tail.second_first ? have[0] - have[1] : have[1] - have[0];
  return fabs(exact[0] - score);
}

/* Largest change over the first rows, of the range of all outputs. */
static ckks_status measure(double *difference, void *context) {
  importing *in = context;
  double most = 0.0;
  set_polynomials(in);
  BASE_TRY(network_forward_rows(in->have, used_rows(in), in->n_trial, in->model));
  for (size_t i = 0; i < in->n_trial; i++)
    for (size_t k = 0; k < in->n_outputs; k++) {
      double by = change(in, in->exact + i * in->n_outputs, in->have + i * in->model->n_classes, k);
      most = by <= most ? most : isnan(by) ? (double)INFINITY : by;
    }
  *difference = in->report->range > 0.0 ? most / in->report->range : 0.0;
  return CKKS_OK;
}

static void find_range(importing *in) {
  double low = (double)INFINITY, high = -(double)INFINITY;
  for (size_t i = 0; i < n_used_rows(in) * in->n_outputs; i++) {
    low = fmin(low, in->exact[i]);
    high = fmax(high, in->exact[i]);
  }
  in->report->range = high > low ? high - low : fabs(high);
}

/* As many rows as one trial has time for. */
static void choose_trial(importing *in) {
  double products = 1.0;
  for (size_t l = 0; l < in->model->n_layers; l++)
    products += (double)in->model->layer[l].weight.start[in->model->layer[l].n_out];
  double most = fmax(TRIAL_PRODUCTS / products, LEAST_TRIAL_ROWS);
  in->n_trial = n_used_rows(in);
  if ((double)in->n_trial > most)
    in->n_trial = (size_t)most;
}

static ckks_status find_degrees(importing *in) {
  onnx_import_report *report = in->report;
  const onnx_degrees_judge judge = {measure, in};
  find_range(in);
  choose_trial(in);
  if (in->options->error > 0.0)
    BASE_TRY(onnx_degrees_each(in->fitted, in->n_fitted, report->max_degree, in->options));
  else if (in->n_fitted > 0)
    BASE_TRY(onnx_degrees_all(&report->difference, &report->better_degree, &report->better,
                              in->fitted, in->n_fitted, report->max_degree, in->options, &judge));
  in->n_trial = n_used_rows(in);
  return measure(&report->difference, in);
}

/* Whether two rows of outputs before their end predict different things. */
static bool predicts_other(const importing *in, const double *exact, const double *have) {
  size_t n = in->model->n_classes;
  bool other = false;
  if (in->model->meaning.kind == ENCODING_CLASSES) {
    double pair[2] = {-exact[0], exact[0]};
    if (in->fold.tail.pair && in->fold.tail.second_first)
      pair[0] = -pair[0], pair[1] = -pair[1];
    return encoding_outputs_argmax(have, n) !=
           encoding_outputs_argmax(in->fold.tail.pair ? pair : exact, n);
  }
  for (size_t k = 0; in->model->meaning.kind == ENCODING_LABELS && k < n; k++)
    other = other || (exact[k] > 0.0) != (have[k] > 0.0);
  return other;
}

static void count_changed(importing *in) {
  size_t n = n_used_rows(in), classes = in->model->n_classes;
  double most = 0.0;
  for (size_t i = 0; i < n; i++) {
    const double *exact = in->exact + i * in->n_outputs, *have = in->have + i * classes;
    in->report->n_changed += predicts_other(in, exact, have);
    for (size_t k = 0; k < in->n_outputs; k++)
      most = fmax(most, change(in, exact, have, k) / fmax(1.0, fabs(exact[k])));
  }
  in->model->fitted_error = in->n_fitted > 0 ? most : 0.0;
}

static ckks_status report_activations(importing *in) {
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
  }
  return CKKS_OK;
}

/* ---------------------------------------------------------------- the whole */

static ckks_status prepare(importing *in) {
  size_t widest = n_features(in);
  for (int l = 0; l < in->fold.n_layers; l++)
    if (in->fold.layer[l].n_out > widest)
      widest = in->fold.layer[l].n_out;
  in->n_outputs = in->fold.run.value[in->fold.output].n;
  in->report->n_nodes = in->fold.graph->n_nodes;
  in->report->batch = in->fold.batch;
  in->report->n_rows = n_used_rows(in);
  in->scratch = base_alloc_array(widest, sizeof *in->scratch);
  in->have = base_alloc_array(n_used_rows(in) * (in->n_outputs + 1) + 1, sizeof *in->have);
  if (in->scratch == NULL || in->have == NULL)
    return base_fail_memory(widest * sizeof *in->scratch);
  BASE_TRY(find_normalisation(in));
  return init_branches(in, n_used_rows(in));
}

static ckks_status import_fold(importing *in) {
  BASE_TRY(prepare(in));
  if (in->n_rows > 0)
    BASE_TRY(see_rows(in));
  BASE_TRY(prepare_branches(in));
  BASE_TRY(set_model(in));
  if (in->n_rows > 0)
    BASE_TRY(find_degrees(in));
  BASE_TRY(network_check(in->model));
  BASE_TRY(report_activations(in));
  if (in->n_rows == 0)
    return CKKS_OK;
  count_changed(in);
  return network_calibrate(in->model, in->rows, in->n_rows);
}

static void importing_free(importing *in) {
  size_t width = in->used != NULL ? n_features(in) : 0;
  for (size_t i = 0; in->branch != NULL && i < (size_t)in->fold.n_layers * ONNX_MAX_BRANCHES; i++)
    onnx_branch_clear(&in->branch[i]);
  if (in->used != NULL)
    base_wipe(in->used, n_used_rows(in) * width * sizeof *in->used);
  base_free(in->used);
  base_free(in->branch);
  base_free(in->fitted);
  base_free(in->mean);
  base_free(in->deviation);
  base_free(in->exact);
  base_free(in->have);
  base_free(in->scratch);
  onnx_scaler_clear(&in->scaler);
  onnx_fold_clear(&in->fold);
  base_free(in);
}

static ckks_status import_graph(network_model *model, onnx_import_report *report,
                                const onnx_graph *graph, const double *rows, size_t n_rows,
                                const onnx_import_options *options) {
  importing *in = base_alloc(sizeof *in);
  if (in == NULL)
    return base_fail_memory(sizeof *in);
  *in = (importing){
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
  ckks_status status = import_graph(model, report, &graph, rows, n_rows, options);
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
  onnx_fold fold;
  *shape = (onnx_import_input_shape){0};
  BASE_TRY(onnx_rewrite_read(&graph, bytes, n_bytes, name));
  ckks_status status = onnx_fold_init(&fold, &graph, output);
  if (status == CKKS_OK) {
    shape->n_features = fold.run.value[fold.input].n;
    onnx_image_input(shape->image, &fold);
    shape->pixels = shape->image[0] > 0 && onnx_image_is_pixels(&fold);
    onnx_fold_clear(&fold);
  }
  onnx_graph_clear(&graph);
  return status == CKKS_OK ? CKKS_OK : base_fail_in(status, "%s", name);
}
