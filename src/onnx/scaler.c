/* SPDX-License-Identifier: Apache-2.0 */
#include "onnx/scaler.h"

#include <math.h>
#include <string.h>

#include "base/alloc.h"

#define NEAR_MEAN 0.5 /* deviations: a scaler to a range has its centre at an end of it */

static bool is_one_of(const onnx_node *node, const char *const *ops) {
  for (; *ops != NULL; ops++)
    if (onnx_wire_text_is(node->op, *ops))
      return true;
  return false;
}

/* The only needed node that reads a value, or NULL. */
static const onnx_node *only_reader(const onnx_fold *fold, int value) {
  const onnx_node *found = NULL;
  for (size_t i = 0; i < fold->graph->n_nodes; i++) {
    const onnx_node *node = &fold->graph->node[i];
    for (int k = 0; fold->needed[i] && k < node->n_in; k++) {
      if (node->in[k] != value)
        continue;
      if (found != NULL)
        return NULL;
      found = node;
    }
  }
  return found;
}

/* As far as each number depends on one feature, and is affine in it. */
static int last_of_chain(bool *normalises, bool *imputes, const onnx_fold *fold) {
  static const char *const ops[] = {
      "Scaler", "Imputer", "Sub", "Add", "Mul", "Div", "Identity", "Cast", "BatchNormalization",
      NULL};
  static const char *const idle[] = {"Imputer", "Identity", "Cast", NULL};
  int at = fold->input;
  size_t n = fold->run.value[at].n;
  const onnx_node *node;
  while ((node = only_reader(fold, at)) != NULL && is_one_of(node, ops)) {
    for (int k = 0; k < node->n_in; k++)
      if (node->in[k] >= 0 && node->in[k] != at && fold->state[node->in[k]].kind >= ONNX_AFFINE)
        return at;
    int out = node->out[0];
    if (out < 0 || fold->run.value[out].n != n || fold->run.value[out].whole ||
        fold->state[out].kind != ONNX_AFFINE)
      return at;
    *normalises = *normalises || !is_one_of(node, idle);
    *imputes = *imputes || onnx_wire_text_is(node->op, "Imputer");
    at = out;
  }
  return at;
}

static ckks_status value_at(double *out, onnx_fold *fold, int value, double x) {
  onnx_tensor *input = &fold->run.value[fold->input];
  for (size_t i = 0; i < input->n; i++)
    input->value[i] = x;
  BASE_TRY(onnx_fold_run_needed(fold));
  memcpy(out, fold->run.value[value].value, input->n * sizeof *out);
  return CKKS_OK;
}

/* y = a x + b is (x + b/a) / (1/a); what an Imputer puts in place of a missing value is its centre.
 */
static ckks_status measure(onnx_scaler *s, onnx_fold *fold, int value) {
  double *missing = base_alloc_array(s->n, sizeof *missing);
  if (missing == NULL)
    return base_fail_memory(s->n * sizeof *missing);
  ckks_status status = value_at(s->deviation, fold, value, 1.0);
  if (status == CKKS_OK && s->imputed)
    status = value_at(missing, fold, value, NAN);
  if (status == CKKS_OK)
    status = value_at(s->centre, fold, value, 0.0);
  for (size_t i = 0; i < s->n && status == CKKS_OK; i++) {
    double b = s->centre[i], a = s->deviation[i] - b;
    s->found = s->found && isfinite(a) && isfinite(b) && a != 0.0;
    s->centre[i] = s->imputed && isfinite(missing[i]) ? (missing[i] - b) / a : -b / a;
    s->deviation[i] = 1.0 / fabs(a);
    s->found = s->found && isfinite(s->centre[i]) && isfinite(s->deviation[i]);
  }
  base_free(missing);
  return status;
}

ckks_status onnx_scaler_find(onnx_scaler *scaler, onnx_fold *fold) {
  bool normalises = false, imputes = false;
  *scaler = (onnx_scaler){.n = fold->run.value[fold->input].n};
  int value = last_of_chain(&normalises, &imputes, fold);
  if (!normalises && !imputes)
    return CKKS_OK;
  scaler->found = true;
  scaler->imputed = imputes;
  scaler->centre = base_alloc_array(scaler->n, sizeof *scaler->centre);
  scaler->deviation = base_alloc_array(scaler->n, sizeof *scaler->deviation);
  if (scaler->centre == NULL || scaler->deviation == NULL)
    return base_fail_memory(scaler->n * sizeof *scaler->centre);
  return measure(scaler, fold, value);
}

/* Centres and deviations of pixels from 0 to 1 are at most 1, those of bytes are tens. */
#define MOST_OF_UNIT 1.5
#define LEAST_OF_BYTES 16.0
#define TYPE_UINT8 2

ckks_status onnx_scaler_take_pixels(onnx_scaler_pixels *pixels, onnx_fold *fold) {
  onnx_scaler scaler;
  const onnx_graph *graph = fold->graph;
  bool declared = false;
  for (size_t i = 0; i < graph->n_inputs; i++)
    declared =
        declared || (graph->input[i].value == fold->input && graph->input[i].type == TYPE_UINT8);
  ckks_status status = onnx_scaler_find(&scaler, fold);
  double most = 0.0;
  for (size_t i = 0; i < scaler.n && scaler.found; i++)
    most = fmax(most, fmax(fabs(scaler.centre[i]), scaler.deviation[i]));
  *pixels = declared || (scaler.found && most >= LEAST_OF_BYTES) ? ONNX_SCALER_BYTES
            : !scaler.found                                      ? ONNX_SCALER_ANY
            : most <= MOST_OF_UNIT                               ? ONNX_SCALER_UNIT
                                                                 : ONNX_SCALER_UNSURE;
  onnx_scaler_clear(&scaler);
  return status;
}

void onnx_scaler_clear(onnx_scaler *scaler) {
  base_free(scaler->centre);
  base_free(scaler->deviation);
  *scaler = (onnx_scaler){0};
}

bool onnx_scaler_is_mean(const onnx_scaler *scaler, const double *rows, size_t n_rows) {
  for (size_t i = 0; i < scaler->n; i++) {
    double sum = 0.0;
    size_t n = 0;
    for (size_t row = 0; row < n_rows; row++)
      if (!isnan(rows[row * scaler->n + i])) {
        sum += rows[row * scaler->n + i];
        n++;
      }
    if (n == 0 || !(fabs(sum / (double)n - scaler->centre[i]) <= NEAR_MEAN * scaler->deviation[i]))
      return false;
  }
  return n_rows > 0;
}
