/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <string.h>

#include "base/alloc.h"
#include "base/wipe.h"
#include "train/boost.h"
#include "trees/bins.h"

static size_t n_coded(const train_boost_feature *feature) {
  return feature->n_codes - 1;
}

/* Categories keep their numbers; what is none of them has the last code, as a missing value. */
static uint8_t code_of(const train_boost_feature *feature, double x) {
  size_t missing = n_coded(feature);
  if (isnan(x))
    return (uint8_t)missing;
  if (feature->category)
    return (uint8_t)(x >= 0.0 && x < (double)missing ? (size_t)x : missing);
  size_t low = 0, high = feature->n_edges;
  while (low < high) {
    size_t middle = (low + high) / 2;
    if (x > feature->edge[middle])
      low = middle + 1;
    else
      high = middle;
  }
  return (uint8_t)low;
}

static ckks_status fit_edges(train_boost_feature *feature, const train_fitting *f, size_t i,
                             size_t n_bins, double *value) {
  size_t n = 0, n_features = f->data->n_features;
  for (size_t k = 0; k < f->history->n_train; k++) {
    double x = f->data->value[f->history->train[k] * n_features + i];
    if (!isnan(x))
      value[n++] = x;
  }
  feature->missing = n < f->history->n_train;
  feature->edge = base_alloc_array(n_bins, sizeof *feature->edge);
  if (feature->edge == NULL)
    return base_fail_memory(n_bins * sizeof *feature->edge);
  feature->n_edges = trees_bins_edges(feature->edge, value, n, n_bins);
  feature->n_codes = feature->n_edges + 2;
  return CKKS_OK;
}

static ckks_status fit_feature(train_boost_bins *bins, const train_fitting *f, size_t i,
                               size_t n_bins, double *value) {
  train_boost_feature *feature = &bins->feature[i];
  const encoding_input *input = &f->data->input;
  feature->category = input->feature != NULL && input->feature[i].kind == ENCODING_CATEGORIES;
  if (feature->category)
    feature->n_codes = input->feature[i].n_values + 1;
  else
    BASE_TRY(fit_edges(feature, f, i, n_bins, value));
  if (feature->n_codes > bins->stride)
    bins->stride = feature->n_codes;
  if (feature->n_edges + 1 > f->history->n_bins)
    f->history->n_bins = feature->n_edges + 1;
  for (size_t row = 0; row < bins->n_rows; row++)
    bins->code[row * bins->n_features + i] =
        code_of(feature, f->data->value[row * bins->n_features + i]);
  return CKKS_OK;
}

ckks_status train_boost_bins_init(train_boost_bins *bins, const train_fitting *f, size_t n_bins) {
  size_t n_train = f->history->n_train;
  *bins = (train_boost_bins){.n_rows = f->data->n_rows, .n_features = f->data->n_features};
  bins->code = base_alloc_array(bins->n_rows, bins->n_features);
  bins->feature = base_alloc_array(bins->n_features, sizeof *bins->feature);
  double *value = base_alloc_array(n_train, sizeof *value);
  ckks_status status = bins->code != NULL && bins->feature != NULL && value != NULL
                           ? CKKS_OK
                           : base_fail_memory(bins->n_rows * bins->n_features);
  for (size_t i = 0; i < bins->n_features && status == CKKS_OK; i++)
    status = fit_feature(bins, f, i, n_bins, value);
  if (value != NULL)
    base_wipe(value, n_train * sizeof *value);
  base_free(value);
  if (status != CKKS_OK)
    train_boost_bins_clear(bins);
  return status;
}

void train_boost_bins_clear(train_boost_bins *bins) {
  for (size_t i = 0; bins->feature != NULL && i < bins->n_features; i++)
    base_free(bins->feature[i].edge);
  if (bins->code != NULL)
    base_wipe(bins->code, bins->n_rows * bins->n_features);
  base_free(bins->code);
  base_free(bins->feature);
  *bins = (train_boost_bins){0};
}
