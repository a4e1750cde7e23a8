/* SPDX-License-Identifier: Apache-2.0 */
#include "onnx/importing.h"

#include <math.h>
#include <string.h>

#include "base/alloc.h"
#include "onnx/image.h"

/* ------------------------------------------------------------- normalisation */

/* One number for all, one for each channel of an image, or one for each feature. */
static ckks_status spread(double *out, const onnx_importing *in, const double *given,
                          size_t n_given, double otherwise, const char *option) {
  size_t n = onnx_importing_features(in), image[3];
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
static void scaler_to_rows(onnx_importing *in) {
  for (size_t i = 0; in->scaler.found && i < in->scaler.n; i++) {
    in->scaler.centre[i] = in->mean[i] + in->deviation[i] * in->scaler.centre[i];
    in->scaler.deviation[i] *= in->deviation[i];
  }
}

ckks_status onnx_import_rows_scaler(onnx_importing *in) {
  const onnx_import_options *options = in->options;
  size_t n = onnx_importing_features(in);
  in->mean = base_alloc_array(n, sizeof *in->mean);
  in->deviation = base_alloc_array(n, sizeof *in->deviation);
  if (in->mean == NULL || in->deviation == NULL)
    return base_fail_memory(n * sizeof *in->mean);
  BASE_TRY(spread(in->mean, in, options->mean, options->n_mean, 0.0, "--mean"));
  BASE_TRY(spread(in->deviation, in, options->deviation, options->n_deviation, 1.0, "--deviation"));
  for (size_t i = 0; i < n; i++)
    if (!(in->deviation[i] > 0.0))
      return base_fail(CKKS_ERROR_ARGUMENT, "--deviation %g: must be above 0", in->deviation[i]);
  if (!options->image || (options->n_mean == 0 && options->n_deviation == 0))
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
static ckks_status scale_row(double *out, const onnx_importing *in, const double *row) {
  for (size_t i = 0; i < onnx_importing_features(in); i++) {
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

static ckks_status see_row(onnx_importing *in, const double *row) {
  BASE_TRY(scale_row(in->scratch, in, row));
  BASE_TRY(onnx_fold_run(&in->fold, in->scratch));
  for (int l = 0; l < in->fold.n_layers; l++) {
    const double *value = in->scratch;
    onnx_fold_values(in->scratch, &in->fold, l);
    for (int b = 0; b < in->fold.layer[l].n_roots; b++) {
      if (onnx_importing_branch(in, l, b)->sample != NULL)
        BASE_TRY(onnx_branch_see(onnx_importing_branch(in, l, b), value));
      value += onnx_fold_width(&in->fold, l, b);
    }
  }
  return CKKS_OK;
}

static ckks_status take_rows(onnx_importing *in) {
  size_t n = onnx_importing_n_used(in), width = onnx_importing_features(in);
  if (n == in->n_rows)
    return CKKS_OK;
  in->used = base_alloc_array(n * width, sizeof *in->used);
  if (in->used == NULL)
    return base_fail_memory(n * width * sizeof *in->used);
  for (size_t i = 0; i < n; i++)
    memcpy(in->used + i * width, in->rows + i * in->n_rows / n * width, width * sizeof *in->used);
  return CKKS_OK;
}

ckks_status onnx_import_rows_see(onnx_importing *in) {
  size_t n = onnx_importing_n_used(in), width = onnx_importing_features(in);
  BASE_TRY(take_rows(in));
  in->exact = base_alloc_array(n * in->n_outputs, sizeof *in->exact);
  if (in->exact == NULL)
    return base_fail_memory(n * in->n_outputs * sizeof *in->exact);
  for (size_t i = 0; i < n; i++) {
    ckks_status status = see_row(in, onnx_importing_used(in) + i * width);
    if (status != CKKS_OK)
      return base_fail_in(status, "calibration row %zu", i * in->n_rows / n);
    memcpy(in->exact + i * in->n_outputs, in->fold.run.value[in->fold.output].value,
           in->n_outputs * sizeof *in->exact);
  }
  return CKKS_OK;
}
