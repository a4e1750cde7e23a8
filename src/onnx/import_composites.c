/* SPDX-License-Identifier: Apache-2.0 */
/*
 * f(t) = m t + d |t| by d t (s(t) + c), c = m / d, where s is a composite sign: a layer for each of
 * its parts, beside which t is carried, and one of squares, for
 * t (s + c) = ((s + c + t)^2 - (s + c - t)^2) / 4.
 */
#include "onnx/importing.h"

#include <math.h>
#include <string.h>

#include "base/alloc.h"

/* f(t) for t >= 0 and below: what the composite has to do with it. */
static ckks_status shape_of(double *lead, double *centre, double *largest, onnx_importing *in,
                            const onnx_branch *b) {
  double x[2] = {-1.0, 1.0}, y[2];
  BASE_TRY(onnx_fold_function(y, x, 2, &in->fold, b->layer, b->index));
  *lead = 0.5 * (y[0] + y[1]);
  *centre = 0.5 * (y[1] - y[0]) / *lead;
  *largest = fmax(fabs(y[0]), fabs(y[1]));
  return CKKS_OK;
}

bool onnx_import_composites_may(const onnx_branch *b) {
  return b->radius != NULL && !b->fit.exact;
}

/* How far a composed branch is off, of its largest value: at most, and on what it saw. */
static ckks_status measure(onnx_importing *in, onnx_branch *b) {
  double lead, centre, largest, squares = 0.0;
  BASE_TRY(shape_of(&lead, &centre, &largest, in, b));
  for (size_t i = 0; i < b->n; i++) {
    double t = b->sample[i] / b->radius[b->channel[i]];
    double by = lead * (t * onnx_composite_value(in->composite, t) - fabs(t)) / largest;
    squares += by * by;
  }
  b->fit.max_error = fabs(lead) * in->composite->error / largest;
  b->fit.rms_error = sqrt(squares / fmax((double)b->n, 1.0));
  return CKKS_OK;
}

ckks_status onnx_import_composites_find(onnx_importing *in, double error) {
  double asked = (double)INFINITY;
  for (size_t i = 0; i < in->n_fitted; i++) {
    double lead, centre, largest;
    if (!in->fitted[i]->composed)
      continue;
    BASE_TRY(shape_of(&lead, &centre, &largest, in, in->fitted[i]));
    asked = fmin(asked, error * largest / fabs(lead));
  }
  if (isinf(asked))
    return CKKS_OK;
  if (in->composite == NULL && (in->composite = base_alloc(sizeof *in->composite)) == NULL)
    return base_fail_memory(sizeof *in->composite);
  onnx_composite_find(in->composite, asked);
  for (size_t i = 0; i < in->n_fitted; i++)
    if (in->fitted[i]->composed)
      BASE_TRY(measure(in, in->fitted[i]));
  return CKKS_OK;
}

/* ------------------------------------------------------------------- layers */

/* A layer whose activations are to become composites. */
typedef struct widening {
  const network_layer *layer;
  const bool *composed; /* of each of its activations */
  size_t n, n_more;     /* units, and those that have a t beside them */
  uint32_t *beside;     /* of each unit: where its t stands, or 0 */
  const onnx_composite *composite;
} widening;

static bool is_composed(const widening *w, size_t unit) {
  return w->composed[w->layer->activation_of != NULL ? w->layer->activation_of[unit] : 0];
}

static ckks_status begin(network_layer *out, const widening *w, size_t n_in, size_t n_values) {
  size_t n = w->n + w->n_more;
  *out = (network_layer){.n_in = n_in, .n_out = n};
  out->bias = base_alloc_array(n, sizeof(double));
  if (out->bias == NULL)
    return base_fail_memory(n * sizeof(double));
  if (w->n_more == w->n && w->layer->image[0] > 0) {
    memcpy(out->image, w->layer->image, sizeof out->image);
    out->image[0] *= 2;
  }
  return network_sparse_init(&out->weight, n, n_in, n_values);
}

static void put(network_layer *out, size_t row, size_t column, double value) {
  size_t at = out->weight.start[row + 1]++;
  out->weight.column[at] = (uint32_t)column;
  out->weight.value[at] = value;
}

static void begin_row(network_layer *out, size_t row) {
  out->weight.start[row + 1] = out->weight.start[row];
}

/* The composite's polynomial, what is carried, and whatever else the layer has. */
enum { COMPOSED, CARRIED, OTHERS };

static ckks_status set_kinds(network_layer *out, const widening *w, const encoding_polynomial *p,
                             bool first) {
  size_t n = OTHERS, place[NETWORK_MAX_ACTIVATIONS];
  for (size_t a = 0; a < w->layer->n_activations; a++)
    place[a] = w->composed[a] ? COMPOSED : first ? n++ : CARRIED;
  if (n > NETWORK_MAX_ACTIVATIONS)
    return base_fail(CKKS_ERROR_ARGUMENT, "%zu activations beside a composite one; %d are allowed",
                     n - OTHERS, NETWORK_MAX_ACTIVATIONS - OTHERS);
  BASE_TRY(network_layer_set_activations(out, n));
  out->activation[COMPOSED].polynomial = *p;
  for (size_t a = 0; a < w->layer->n_activations; a++)
    if (first && !w->composed[a])
      out->activation[place[a]].polynomial = w->layer->activation[a].polynomial;
  for (size_t u = 0; u < w->n; u++)
    out->activation_of[u] =
        (uint8_t)place[w->layer->activation_of != NULL ? w->layer->activation_of[u] : 0];
  memset(out->activation_of + w->n, CARRIED, w->n_more);
  return CKKS_OK;
}

/* Rows as they are, and once more for each t. */
static ckks_status first_part(network_layer *out, const widening *w) {
  const network_sparse *from = &w->layer->weight;
  BASE_TRY(begin(out, w, w->layer->n_in, 2 * from->start[w->n]));
  for (size_t more = 0; more < 2; more++)
    for (size_t u = 0; u < w->n; u++) {
      size_t row = more ? w->beside[u] : u;
      if (more && row == 0)
        continue;
      begin_row(out, row);
      for (size_t k = from->start[u]; k < from->start[u + 1]; k++)
        put(out, row, from->column[k], from->value[k]);
      out->bias[row] = w->layer->bias[u];
    }
  return set_kinds(out, w, &w->composite->part[0], true);
}

static ckks_status next_part(network_layer *out, const widening *w, int i) {
  size_t n = w->n + w->n_more;
  BASE_TRY(begin(out, w, n, n));
  for (size_t row = 0; row < n; row++) {
    begin_row(out, row);
    put(out, row, row, 1.0);
  }
  return set_kinds(out, w, &w->composite->part[i], false);
}

/* s + c + t where s was, s + c - t where t was; both are squared. */
static ckks_status product(network_layer *out, const widening *w, const double *centre) {
  size_t n = w->n + w->n_more;
  encoding_polynomial square;
  (void)encoding_polynomial_named(&square, "square");
  BASE_TRY(begin(out, w, n, 2 * n));
  for (size_t more = 0; more < 2; more++)
    for (size_t u = 0; u < w->n; u++) {
      size_t row = more ? w->beside[u] : u;
      if (more && row == 0)
        continue;
      begin_row(out, row);
      put(out, row, u, 1.0);
      if (!is_composed(w, u))
        continue;
      put(out, row, w->beside[u], more ? -1.0 : 1.0);
      out->bias[row] = centre[w->layer->activation_of != NULL ? w->layer->activation_of[u] : 0];
    }
  BASE_TRY(set_kinds(out, w, &square, false));
  for (size_t u = 0; u < w->n; u++)
    if (w->beside[u] != 0)
      out->activation_of[w->beside[u]] = COMPOSED;
  if (w->n_more == w->n) {
    BASE_TRY(network_layer_set_activations(out, 1));
    out->activation[0].polynomial = square;
  }
  return CKKS_OK;
}

/* What took f(t) takes the two squares: a d / 4 of the one less of the other. */
static ckks_status widen_columns(network_layer *next, const widening *w, const double *lead) {
  network_sparse wide, *from = &next->weight;
  BASE_TRY(network_sparse_init(&wide, next->n_out, w->n + w->n_more, 2 * from->start[next->n_out]));
  for (size_t row = 0; row < next->n_out; row++) {
    size_t at = wide.start[row];
    for (size_t more = 0; more < 2; more++) /* columns ascend */
      for (size_t k = from->start[row]; k < from->start[row + 1]; k++) {
        size_t u = from->column[k];
        double d = lead[w->layer->activation_of != NULL ? w->layer->activation_of[u] : 0];
        if (more && w->beside[u] == 0)
          continue;
        wide.column[at] = more ? w->beside[u] : (uint32_t)u;
        wide.value[at++] = from->value[k] * (!is_composed(w, u) ? 1.0
                                             : more             ? -0.25 * d
                                                                : 0.25 * d);
      }
    wide.start[row + 1] = at;
  }
  network_sparse_clear(from);
  *from = wide;
  next->n_in = w->n + w->n_more;
  return CKKS_OK;
}

/* Layer l becomes layers out[0] ... out[n parts]. */
static ckks_status widen(network_layer *out, onnx_importing *in, size_t l) {
  network_layer *layer = &in->model->layer[l];
  bool composed[NETWORK_MAX_ACTIVATIONS] = {false};
  double lead[NETWORK_MAX_ACTIVATIONS] = {0.0}, centre[NETWORK_MAX_ACTIVATIONS] = {0.0}, largest;
  widening w = {layer, composed, layer->n_out, 0, NULL, in->composite};
  for (size_t a = 0; a < layer->n_activations; a++) {
    onnx_branch *b = onnx_importing_branch(in, (int)l, (int)a);
    if (!(composed[a] = b->composed))
      continue;
    BASE_TRY(shape_of(&lead[a], &centre[a], &largest, in, b));
  }
  w.beside = base_alloc_array(w.n, sizeof *w.beside);
  if (w.beside == NULL)
    return base_fail_memory(w.n * sizeof *w.beside);
  for (size_t u = 0; u < w.n; u++)
    if (is_composed(&w, u))
      w.beside[u] = (uint32_t)(w.n + w.n_more++);
  ckks_status status = w.n + w.n_more <= NETWORK_MAX_WIDTH
                           ? first_part(&out[0], &w)
                           : base_fail(CKKS_ERROR_ARGUMENT,
                                       "%zu units with a composite activation, which takes two for "
                                       "each; a layer has %d at most",
                                       w.n_more, NETWORK_MAX_WIDTH);
  for (int i = 1; i < in->composite->n && status == CKKS_OK; i++)
    status = next_part(&out[i], &w, i);
  if (status == CKKS_OK)
    status = product(&out[in->composite->n], &w, centre);
  if (status == CKKS_OK)
    status = widen_columns(&in->model->layer[l + 1], &w, lead);
  base_free(w.beside);
  return status;
}

static bool layer_is_composed(onnx_importing *in, size_t l) {
  bool any = false;
  for (size_t a = 0; a < in->model->layer[l].n_activations; a++)
    any = any || onnx_importing_branch(in, (int)l, (int)a)->composed;
  return any;
}

/* A layer that is not copied, but is somebody else's from now on. */
static void take_layer(network_layer *to, network_layer *from) {
  *to = *from;
  *from = (network_layer){0};
}

static void clear_layer(network_layer *layer) {
  network_sparse_clear(&layer->weight);
  base_free(layer->bias);
  base_free(layer->activation_of);
  *layer = (network_layer){0};
}

ckks_status onnx_import_composites_expand(onnx_importing *in) {
  network_model *model = in->model;
  size_t n = 0;
  for (size_t l = 0; l < model->n_layers; l++)
    n += layer_is_composed(in, l) ? (size_t)in->composite->n + 1 : 1;
  if (n == model->n_layers)
    return CKKS_OK;
  if (n > NETWORK_MAX_LAYERS)
    return base_fail(CKKS_ERROR_RANGE,
                     "composite activations of %d parts make %zu layers of %zu; at most %d are "
                     "possible: a larger error, or --composite never",
                     in->composite->n, n, model->n_layers, NETWORK_MAX_LAYERS);
  network_layer *layer = base_alloc_array(n, sizeof *layer);
  if (layer == NULL)
    return base_fail_memory(n * sizeof *layer);
  ckks_status status = CKKS_OK;
  size_t at = 0;
  for (size_t l = 0; l < model->n_layers && status == CKKS_OK; l++) {
    if (!layer_is_composed(in, l)) {
      take_layer(&layer[at++], &model->layer[l]);
      continue;
    }
    status = widen(&layer[at], in, l);
    at += (size_t)in->composite->n + 1;
  }
  for (size_t l = 0; l < model->n_layers; l++)
    clear_layer(&model->layer[l]);
  base_free(model->layer);
  model->layer = layer; /* network_clear ends what there is of them */
  model->n_layers = n;
  in->expanded = true;
  return status;
}
