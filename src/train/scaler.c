/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>

#include "base/alloc.h"
#include "train/fitting.h"

/*
 * Mean and population deviation of one feature over the training rows that have
 * it. A feature that is constant there (or missing throughout) keeps deviation
 * 1: it becomes 0 for these rows, and only an outlier where it ever changes.
 */
static ckks_status fit_feature(train_fitting *f, size_t feature) {
  const table_data *data = f->data;
  double sum = 0.0, squares = 0.0, least = (double)INFINITY, most = -(double)INFINITY;
  size_t n = 0;
  for (size_t i = 0; i < f->history->n_train; i++) {
    double x = data->value[f->history->train[i] * data->n_features + feature];
    if (isnan(x))
      continue;
    n++;
    sum += x;
    least = x < least ? x : least;
    most = x > most ? x : most;
  }
  double mean = n == 0 ? 0.0 : least == most ? least : sum / (double)n;
  for (size_t i = 0; i < f->history->n_train; i++) {
    double x = data->value[f->history->train[i] * data->n_features + feature];
    squares += isnan(x) ? 0.0 : (x - mean) * (x - mean);
  }
  double deviation = n == 0 ? 0.0 : sqrt(squares / (double)n);
  if (!isfinite(mean) || !isfinite(deviation))
    return base_fail(CKKS_ERROR_RANGE, "feature \"%.80s\": values up to %g are too large to scale",
                     data->feature[feature], fabs(least) > fabs(most) ? least : most);
  if (deviation == 0.0)
    f->history->constant[f->history->n_constant++] = feature;
  f->model->mean[feature] = mean;
  f->model->deviation[feature] = deviation == 0.0 ? 1.0 : deviation;
  return CKKS_OK;
}

/*
 * Fits on the training rows alone, so that nothing of the validation rows leaks
 * into the model, then scales all rows once: epochs never divide again.
 */
ckks_status train_scaler_fit(train_fitting *f) {
  const table_data *data = f->data;
  f->history->constant = base_alloc_array(data->n_features, sizeof(size_t));
  f->scaled = base_alloc_array(data->n_rows, f->n_inputs * sizeof(double));
  if (f->history->constant == NULL || f->scaled == NULL)
    return base_fail_memory(data->n_rows * f->n_inputs * sizeof(double));
  for (size_t i = 0; i < data->n_features; i++) {
    const encoding_input *input = &data->input;
    if (input->feature == NULL || input->feature[i].kind != ENCODING_CATEGORIES)
      BASE_TRY(fit_feature(f, i));
    f->history->n_imputed += data->missing == NULL ? 0 : data->missing[i];
  }
  for (size_t r = 0; r < data->n_rows; r++)
    network_forward_scale(f->scaled + r * f->n_inputs, data->value + r * data->n_features,
                          f->model);
  return CKKS_OK;
}
