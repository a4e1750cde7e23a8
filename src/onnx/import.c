/* SPDX-License-Identifier: Apache-2.0 */
#include "onnx/import.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/wipe.h"
#include "onnx/fit.h"
#include "onnx/image.h"

_Static_assert(ONNX_MAX_BRANCHES <= NETWORK_MAX_ACTIVATIONS, "each branch has an activation");

#define MAX_ROWS 2048     /* of calibration data, evenly taken, that go through the graph */
#define MAX_SAMPLES 16384 /* of an activation's input that are kept */
#define GRID_SHARE 0.05   /* weight of the range itself beside what was seen in it */
#define WITHOUT_DATA 1.0  /* range taken without calibration: polynomials are exact anywhere */
#define FAR 64.0          /* where such a polynomial is held against its activation */
#define MONOTONE_RANGE 30.0

/* What is seen of one activation's input. */
typedef struct seen {
  double low, high;
  size_t n, skip; /* samples kept; every skip-th value is */
  uint64_t count;
  double *sample;
} seen;

typedef struct importing {
  const onnx_import_options *options;
  onnx_import_report *report;
  network_model *model;
  onnx_fold fold;
  seen branch[ONNX_MAX_LAYERS][ONNX_MAX_BRANCHES];
  onnx_fit fit[ONNX_MAX_LAYERS][ONNX_MAX_BRANCHES]; /* radius 0 = no activation */
  size_t n_rows, n_outputs;
  const double *rows;
  double *exact; /* outputs of the graph, row by row */
  double *scratch;
  bool pair; /* one output stands for two classes */
} importing;

void onnx_import_options_default(onnx_import_options *options) {
  *options = (onnx_import_options){
      .mean = 0.0, .deviation = 1.0, .error = 0.01, .max_degree = 15, .margin = 0.25};
}

/* ------------------------------------------------------------- calibration */

static size_t n_features(const importing *in) {
  return in->fold.run.value[in->fold.input].n;
}

/* Row number i of those that are used. */
static const double *row_at(const importing *in, size_t i, size_t n_used) {
  return in->rows + i * in->n_rows / n_used * n_features(in);
}

static size_t n_used_rows(const importing *in) {
  return in->n_rows < MAX_ROWS ? in->n_rows : MAX_ROWS;
}

static ckks_status note_values(seen *s, const double *value, size_t n) {
  for (size_t i = 0; i < n; i++) {
    if (!isfinite(value[i]))
      return base_fail(CKKS_ERROR_RANGE, "an activation sees %g", value[i]);
    s->low = fmin(s->low, value[i]);
    s->high = fmax(s->high, value[i]);
    if (s->count++ % s->skip == 0 && s->n < MAX_SAMPLES)
      s->sample[s->n++] = value[i];
  }
  return CKKS_OK;
}

static ckks_status see_row(importing *in, const double *row) {
  double *scaled = in->scratch;
  for (size_t i = 0; i < n_features(in); i++)
    scaled[i] = isnan(row[i]) ? 0.0 : (row[i] - in->options->mean) / in->options->deviation;
  BASE_TRY(onnx_fold_run(&in->fold, scaled));
  for (int l = 0; l < in->fold.n_layers; l++) {
    const double *value = in->scratch;
    onnx_fold_values(in->scratch, &in->fold, l);
    for (int b = 0; b < in->fold.layer[l].n_roots; b++) {
      size_t width = onnx_fold_width(&in->fold, l, b);
      if (in->branch[l][b].sample != NULL)
        BASE_TRY(note_values(&in->branch[l][b], value, width));
      value += width;
    }
  }
  return CKKS_OK;
}

/* What is seen of a branch that has an activation, among n rows. */
static ckks_status init_branch(importing *in, int l, int b, size_t n) {
  seen *s = &in->branch[l][b];
  if (onnx_fold_activation(&in->fold, l, b) == NULL)
    return CKKS_OK;
  *s = (seen){.low = (double)INFINITY, .high = -(double)INFINITY};
  s->skip = 1 + onnx_fold_width(&in->fold, l, b) * n / MAX_SAMPLES;
  /* Coprime to widths that are powers of two, or some units would never be seen. */
  s->skip |= 1;
  s->sample = base_alloc_array(MAX_SAMPLES, sizeof *s->sample);
  return s->sample != NULL ? CKKS_OK : base_fail_memory(MAX_SAMPLES * sizeof *s->sample);
}

static ckks_status see_rows(importing *in) {
  size_t n = n_used_rows(in);
  for (int l = 0; l < in->fold.n_layers; l++)
    for (int b = 0; b < in->fold.layer[l].n_roots; b++)
      BASE_TRY(init_branch(in, l, b, n));
  in->exact = base_alloc_array(n * in->n_outputs, sizeof *in->exact);
  if (in->exact == NULL)
    return base_fail_memory(n * in->n_outputs * sizeof *in->exact);
  for (size_t i = 0; i < n; i++) {
    ckks_status status = see_row(in, row_at(in, i, n));
    if (status != CKKS_OK)
      return base_fail_in(status, "calibration row %zu", i * in->n_rows / n);
    memcpy(in->exact + i * in->n_outputs, in->fold.run.value[in->fold.output].value,
           in->n_outputs * sizeof *in->exact);
  }
  return CKKS_OK;
}

/* -------------------------------------------------------------- activations */

/* A grid over the range, and behind it what was seen. */
static ckks_status fit_samples(importing *in, int l, int b, double low, double high) {
  const seen *s = &in->branch[l][b];
  size_t n = ONNX_FIT_GRID + s->n;
  double *point = base_alloc_array(n, sizeof *point), *value = base_alloc_array(n, sizeof *value);
  double *weight = base_alloc_array(n, sizeof *weight);
  ckks_status status = point != NULL && value != NULL && weight != NULL
                           ? CKKS_OK
                           : base_fail_memory(n * sizeof *point);
  for (size_t i = 0; i < n && status == CKKS_OK; i++) {
    bool grid = i < ONNX_FIT_GRID;
    point[i] =
        grid ? low + (high - low) * (double)i / (ONNX_FIT_GRID - 1) : s->sample[i - ONNX_FIT_GRID];
    weight[i] = s->n == 0 ? 1.0
                : grid    ? GRID_SHARE / ONNX_FIT_GRID
                          : (1.0 - GRID_SHARE) / (double)s->n;
  }
  if (status == CKKS_OK)
    status = onnx_fold_function(value, point, n, &in->fold, l, b);
  const onnx_fit_samples samples = {n, point, value, weight};
  if (status == CKKS_OK)
    status = onnx_fit_polynomial(&in->fit[l][b], &samples, 1, in->options->max_degree,
                                 in->options->error, in->options->minimax);
  base_free(point);
  base_free(value);
  base_free(weight);
  return status;
}

/* Without data only what is a polynomial everywhere can be taken. */
static ckks_status check_everywhere(importing *in, int l, int b) {
  const onnx_fit *fit = &in->fit[l][b];
  double x[2] = {-FAR, FAR}, y[2];
  bool same = fit->exact;
  BASE_TRY(onnx_fold_function(y, x, 2, &in->fold, l, b));
  for (int i = 0; i < 2 && same; i++) {
    double p = encoding_polynomial_value(&fit->polynomial, (x[i] - fit->centre) / fit->radius);
    same = fabs(p - y[i]) <= 1e-6 * fmax(1.0, fabs(y[i]));
  }
  if (same)
    return CKKS_OK;
  return onnx_run_refuse(onnx_fold_activation(&in->fold, l, b),
                         "it is not a polynomial; give calibration data, so that one can be "
                         "fitted to it on the range it sees, or train with a polynomial");
}

static bool is_constant(const onnx_fit *fit) {
  return fit->polynomial.coefficient[fit->polynomial.degree] == 0.0;
}

static ckks_status fit_branch(importing *in, int l, int b) {
  const onnx_fit *fit = &in->fit[l][b];
  const seen *s = &in->branch[l][b];
  double low = -WITHOUT_DATA, high = WITHOUT_DATA;
  if (in->n_rows > 0) {
    double room = fmax(in->options->margin * (s->high - s->low), 1e-3 * fmax(1.0, fabs(s->high)));
    low = s->low - room;
    high = s->high + room;
  }
  onnx_import_activation *a = &in->report->activation[in->report->n_activations++];
  onnx_graph_node_name(a->node, onnx_fold_activation(&in->fold, l, b));
  ckks_status status = fit_samples(in, l, b, low, high);
  if (status != CKKS_OK)
    return base_fail_in(status, "%s", a->node);
  if (in->n_rows == 0)
    BASE_TRY(check_everywhere(in, l, b));
  if (is_constant(fit) && in->fold.layer[l].n_roots == 1)
    return base_fail(CKKS_ERROR_RANGE, "%s: it is constant on what it sees, and so is the output",
                     a->node);
  a->degree = is_constant(fit) ? 0 : fit->polynomial.degree;
  a->exact = fit->exact;
  a->low = low;
  a->high = high;
  a->max_error = fit->max_error;
  a->rms_error = fit->rms_error;
  return CKKS_OK;
}

/* Among several outputs the largest stays the largest: the client needs no such function. */
static ckks_status drop_last(bool *dropped, importing *in, int layer) {
  enum { N = 601 };
  double x[N], y[N];
  *dropped = false;
  for (int i = 0; i < N; i++)
    x[i] = MONOTONE_RANGE * (2.0 * i / (N - 1) - 1.0);
  BASE_TRY(onnx_fold_function(y, x, N, &in->fold, layer, 0));
  bool rises = y[N - 1] > y[0];
  for (int i = 1; i < N; i++)
    rises = rises && y[i] >= y[i - 1];
  const onnx_node *node = onnx_fold_activation(&in->fold, layer, 0);
  in->pair = in->n_outputs == 1 && onnx_wire_text_is(node->op, "Sigmoid");
  *dropped = rises && (in->n_outputs > 1 || in->pair);
  if (*dropped)
    onnx_graph_node_name(in->report->dropped, node);
  return CKKS_OK;
}

static ckks_status fit_layer(importing *in, int l) {
  bool dropped = false;
  for (int b = 0; b < in->fold.layer[l].n_roots; b++) {
    if (onnx_fold_activation(&in->fold, l, b) == NULL) {
      in->report->n_carried += l + 1 < in->fold.n_layers ? onnx_fold_width(&in->fold, l, b) : 0;
      continue;
    }
    if (l + 1 == in->fold.n_layers)
      BASE_TRY(drop_last(&dropped, in, l));
    if (!dropped)
      BASE_TRY(fit_branch(in, l, b));
  }
  return CKKS_OK;
}

/* -------------------------------------------------------------------- model */

static ckks_status name_features(importing *in) {
  size_t image[3];
  char name[80];
  onnx_image_input(image, &in->fold);
  for (size_t i = 0; i < in->model->n_features; i++) {
    in->model->mean[i] = in->options->mean;
    in->model->deviation[i] = in->options->deviation;
    if (image[0] == 0)
      continue;
    encoding_image_name(name, image, i);
    BASE_TRY(encoding_names_set(&in->model->feature[i], name));
  }
  return CKKS_OK;
}

/* One score as two: softmax of (-z/2, z/2) is the sigmoid of z. */
static ckks_status make_pair(network_sparse *weight, double *bias) {
  size_t n = weight->start[1];
  network_sparse pair;
  BASE_TRY(network_sparse_init(&pair, 2, weight->n_columns, 2 * n));
  for (size_t k = 0; k < n; k++) {
    pair.column[k] = pair.column[n + k] = weight->column[k];
    pair.value[k] = -0.5 * weight->value[k];
    pair.value[n + k] = 0.5 * weight->value[k];
  }
  pair.start[1] = n;
  pair.start[2] = 2 * n;
  network_sparse_clear(weight);
  *weight = pair;
  bias[1] = 0.5 * bias[0];
  bias[0] *= -0.5;
  return CKKS_OK;
}

/* The polynomial is one of t = (x - centre)/radius, whose powers stay small. */
static void scale_rows(network_layer *layer, size_t first, size_t n, const onnx_fit *fit) {
  const network_sparse *weight = &layer->weight;
  for (size_t k = weight->start[first]; k < weight->start[first + n]; k++)
    weight->value[k] /= fit->radius;
  for (size_t i = first; i < first + n; i++)
    layer->bias[i] = (layer->bias[i] - fit->centre) / fit->radius;
}

/* A branch of one value, beside others that have more to say: its units hand on their bias. */
static void set_constant(network_layer *layer, size_t first, size_t n, double value) {
  const network_sparse *weight = &layer->weight;
  for (size_t k = weight->start[first]; k < weight->start[first + n]; k++)
    weight->value[k] = 0.0;
  for (size_t i = first; i < first + n; i++)
    layer->bias[i] = value;
}

/* Each branch has a polynomial of its own; what is carried keeps the identity. */
static ckks_status set_layer(importing *in, int l) {
  network_layer *layer = &in->model->layer[l];
  int n_roots = in->fold.layer[l].n_roots;
  network_sparse_clear(&layer->weight);
  BASE_TRY(onnx_fold_matrix(&layer->weight, layer->bias, &in->fold, l));
  if (in->pair && l + 1 == in->fold.n_layers)
    BASE_TRY(make_pair(&layer->weight, layer->bias));
  else
    onnx_image_layer(layer->image, &in->fold, l);
  BASE_TRY(network_layer_set_activations(layer, (size_t)n_roots));
  size_t first = 0;
  for (int b = 0; b < n_roots; b++) {
    const onnx_fit *fit = &in->fit[l][b];
    size_t width = n_roots > 1 ? onnx_fold_width(&in->fold, l, b) : layer->n_out;
    if (n_roots > 1)
      memset(layer->activation_of + first, b, width);
    if (fit->radius > 0.0 && is_constant(fit)) {
      set_constant(layer, first, width, fit->polynomial.coefficient[0]);
    } else if (fit->radius > 0.0) {
      scale_rows(layer, first, width, fit);
      layer->activation[b].polynomial = fit->polynomial;
    }
    first += width;
  }
  network_sparse_drop_zeros(&layer->weight);
  return CKKS_OK;
}

static ckks_status set_model(importing *in) {
  size_t widths[ONNX_MAX_LAYERS + 1];
  int n = in->fold.n_layers;
  widths[0] = n_features(in);
  for (int l = 0; l < n; l++)
    widths[l + 1] = in->fold.layer[l].n_out;
  if (in->pair)
    widths[n] = 2;
  BASE_TRY(network_init(in->model, widths, (size_t)n));
  BASE_TRY(name_features(in));
  for (int l = 0; l < n; l++)
    BASE_TRY(set_layer(in, l));
  return network_check(in->model);
}

/* The model's outputs on the rows that went through the graph. */
static ckks_status run_model(double *outputs, const importing *in, size_t n) {
  size_t width = n_features(in);
  if (n == in->n_rows)
    return network_forward_rows(outputs, in->rows, n, in->model);
  double *used = base_alloc_array(n * width, sizeof *used);
  if (used == NULL)
    return base_fail_memory(n * width * sizeof *used);
  for (size_t i = 0; i < n; i++)
    memcpy(used + i * width, row_at(in, i, n), width * sizeof *used);
  ckks_status status = network_forward_rows(outputs, used, n, in->model);
  base_wipe(used, n * width * sizeof *used);
  base_free(used);
  return status;
}

static void compare_outputs(importing *in, const double *outputs, size_t n) {
  size_t classes = in->model->n_classes;
  double largest = 0.0, difference = 0.0;
  bool comparable = in->report->dropped[0] == '\0';
  for (size_t i = 0; i < n; i++, outputs += classes) {
    const double *exact = in->exact + i * in->n_outputs;
    size_t chosen = in->pair ? exact[0] > 0.5 : encoding_outputs_argmax(exact, in->n_outputs);
    in->report->n_changed += encoding_outputs_argmax(outputs, classes) != chosen;
    for (size_t k = 0; comparable && k < classes; k++) {
      largest = fmax(largest, fabs(exact[k]));
      difference = fmax(difference, fabs(exact[k] - outputs[k]));
    }
  }
  in->report->difference = largest > 0.0 ? difference / largest : 0.0;
}

/* What the polynomials changed: outputs of the model against those of the graph. */
static ckks_status compare(importing *in) {
  size_t n = n_used_rows(in), n_outputs = n * in->model->n_classes;
  double *outputs = base_alloc_array(n_outputs, sizeof *outputs);
  if (outputs == NULL)
    return base_fail_memory(n_outputs * sizeof *outputs);
  ckks_status status = run_model(outputs, in, n);
  if (status == CKKS_OK)
    compare_outputs(in, outputs, n);
  base_free(outputs);
  return status;
}

static ckks_status import_fold(importing *in) {
  size_t widest = n_features(in);
  for (int l = 0; l < in->fold.n_layers; l++)
    if (in->fold.layer[l].n_out > widest)
      widest = in->fold.layer[l].n_out;
  in->n_outputs = in->fold.run.value[in->fold.output].n;
  in->report->n_nodes = in->fold.graph->n_nodes;
  in->report->n_rows = n_used_rows(in);
  in->scratch = base_alloc_array(widest, sizeof *in->scratch);
  if (in->scratch == NULL)
    return base_fail_memory(widest * sizeof *in->scratch);
  if (in->n_rows > 0)
    BASE_TRY(see_rows(in));
  for (int l = 0; l < in->fold.n_layers; l++)
    BASE_TRY(fit_layer(in, l));
  BASE_TRY(set_model(in));
  if (in->n_rows == 0)
    return CKKS_OK;
  BASE_TRY(network_calibrate(in->model, in->rows, in->n_rows));
  return compare(in);
}

static void importing_clear(importing *in) {
  for (int l = 0; l < ONNX_MAX_LAYERS; l++)
    for (int b = 0; b < ONNX_MAX_BRANCHES; b++)
      base_free(in->branch[l][b].sample);
  base_free(in->exact);
  base_free(in->scratch);
}

ckks_status onnx_import_model(network_model *model, onnx_import_report *report,
                              const uint8_t *bytes, size_t n_bytes, const char *name,
                              const double *rows, size_t n_rows,
                              const onnx_import_options *options) {
  onnx_graph graph;
  *model = (network_model){0};
  *report = (onnx_import_report){0};
  BASE_TRY(onnx_graph_read(&graph, bytes, n_bytes, name));
  importing *in = base_alloc(sizeof *in); /* too large for a stack */
  ckks_status status =
      in == NULL ? base_fail_memory(sizeof *in) : onnx_fold_init(&in->fold, &graph);
  if (status == CKKS_OK) {
    in->options = options;
    in->report = report;
    in->model = model;
    in->n_rows = n_rows;
    in->rows = rows;
    status = import_fold(in);
    onnx_fold_clear(&in->fold);
    importing_clear(in);
  }
  base_free(in);
  onnx_graph_clear(&graph);
  if (status == CKKS_OK)
    return CKKS_OK;
  network_clear(model);
  return base_fail_in(status, "%s", name);
}

ckks_status onnx_import_input(size_t *features, size_t image[3], const uint8_t *bytes,
                              size_t n_bytes, const char *name) {
  onnx_graph graph;
  onnx_fold fold;
  BASE_TRY(onnx_graph_read(&graph, bytes, n_bytes, name));
  ckks_status status = onnx_fold_init(&fold, &graph);
  if (status == CKKS_OK) {
    *features = fold.run.value[fold.input].n;
    onnx_image_input(image, &fold);
    onnx_fold_clear(&fold);
  }
  onnx_graph_clear(&graph);
  return status == CKKS_OK ? CKKS_OK : base_fail_in(status, "%s", name);
}
