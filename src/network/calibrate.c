/* SPDX-License-Identifier: Apache-2.0 */
/* The ranges of a network on rows that it will meet: what a plan has to hold. */
#include <math.h>
#include <string.h>

#include "base/alloc.h"
#include "network/network.h"

static bool all_finite(const network_ranges *seen, const network_model *model, size_t *layer) {
  for (*layer = 0; *layer < model->n_layers; ++*layer)
    for (size_t a = 0; a < model->layer[*layer].n_activations; a++)
      if (!isfinite(seen->activation[*layer][a]))
        return false;
  return true;
}

/* Which row it was, when something is no longer finite, is found by going through them alone. */
static ckks_status fail_infinite(network_ranges *seen, const double *rows, size_t n_rows,
                                 const network_model *model) {
  size_t layer = 0, row = 0;
  for (bool finite = true; finite && row < n_rows; row++) {
    memset(seen, 0, sizeof *seen);
    BASE_TRY(network_forward_ranges(seen, NULL, rows + row * model->n_features, 1, model));
    finite = all_finite(seen, model, &layer);
  }
  return base_fail(CKKS_ERROR_RANGE,
                   "calibration row %zu: layers[%zu] leaves the range of a double", row - 1, layer);
}

/* Of each feature by itself: a box that rows can be held against. A missing value is the mean. */
static void note_features(network_model *model, const double *rows, size_t n_rows) {
  size_t n = model->n_features;
  for (size_t i = 0; i < n; i++) {
    if (model->input.feature != NULL && model->input.feature[i].kind != ENCODING_SCALE)
      continue; /* bits are bits, whatever the value */
    model->low[i] = INFINITY;
    model->high[i] = -INFINITY;
    for (size_t row = 0; row < n_rows; row++) {
      double x = rows[row * n + i];
      double scaled = isnan(x) ? 0.0 : (x - model->mean[i]) / model->deviation[i];
      model->low[i] = fmin(model->low[i], scaled);
      model->high[i] = fmax(model->high[i], scaled);
    }
  }
}

/* Nothing is stored before every row has passed: a failure leaves the model as it was. */
static ckks_status calibrate(network_ranges *seen, network_model *model, const double *rows,
                             size_t n_rows) {
  size_t layer;
  BASE_TRY(network_forward_ranges(seen, NULL, rows, n_rows, model));
  if (!all_finite(seen, model, &layer))
    return fail_infinite(seen, rows, n_rows, model);
  BASE_TRY(network_ranges_init(model));
  note_features(model, rows, n_rows);
  model->max_abs_input = seen->input;
  for (size_t l = 0; l < model->n_layers; l++)
    for (size_t a = 0; a < model->layer[l].n_activations; a++)
      model->layer[l].activation[a].max_abs = seen->activation[l][a];
  return CKKS_OK;
}

ckks_status network_calibrate(network_model *model, const double *rows, size_t n_rows) {
  if (n_rows == 0)
    return base_fail(CKKS_ERROR_ARGUMENT, "calibration needs at least 1 row");
  network_ranges *seen = base_alloc(sizeof *seen); /* too large for a stack */
  if (seen == NULL)
    return base_fail_memory(sizeof *seen);
  ckks_status status = calibrate(seen, model, rows, n_rows);
  base_free(seen);
  return status;
}

bool network_calibrate_is_done(const network_model *model) {
  bool calibrated = model->max_abs_input > 0.0;
  for (size_t l = 0; l < model->n_layers; l++)
    for (size_t a = 0; a < model->layer[l].n_activations; a++)
      calibrated = calibrated && model->layer[l].activation[a].max_abs > 0.0;
  return calibrated;
}
