/* SPDX-License-Identifier: Apache-2.0 */
#include "onnx/branch.h"

#include <math.h>
#include <string.h>

#include "base/alloc.h"
#include "base/wipe.h"

#define MAX_SAMPLES 16384
#define GRID_SHARE 0.05  /* weight of the range itself beside what was seen in it */
#define WITHOUT_DATA 1.0 /* range taken without calibration: polynomials are exact anywhere */
#define LEAST_RADIUS 0.5 /* of a channel that was seen so often, of the widest */
#define OFTEN 16384      /* fewer values say little of its tails: it gets the widest range */
#define PI 3.14159265358979323846

static void set_channels(onnx_branch *b, const onnx_tensor *root) {
  bool image = root->rank >= 3 && root->dim[0] == 1 && root->dim[1] > 0;
  b->width = root->n;
  b->n_channels = image ? root->dim[1] : root->n;
  b->per_channel = root->n / b->n_channels;
}

ckks_status onnx_branch_init(onnx_branch *b, const onnx_fold *fold, int layer, int index,
                             size_t n_rows) {
  *b = (onnx_branch){.layer = layer, .index = index};
  set_channels(b, &fold->run.value[fold->layer[layer].root[index]]);
  if (n_rows == 0)
    return CKKS_OK;
  b->low = base_alloc_array(b->n_channels, sizeof *b->low);
  b->high = base_alloc_array(b->n_channels, sizeof *b->high);
  b->sample = base_alloc_array(MAX_SAMPLES, sizeof *b->sample);
  b->channel = base_alloc_array(MAX_SAMPLES, sizeof *b->channel);
  if (b->low == NULL || b->high == NULL || b->sample == NULL || b->channel == NULL)
    return base_fail_memory(MAX_SAMPLES * sizeof *b->sample);
  for (size_t c = 0; c < b->n_channels; c++) {
    b->low[c] = (double)INFINITY;
    b->high[c] = -(double)INFINITY;
  }
  /* Odd, so coprime to widths that are powers of two, or some units would never be seen. */
  b->skip = (1 + b->width * n_rows / MAX_SAMPLES) | 1;
  return CKKS_OK;
}

void onnx_branch_clear(onnx_branch *b) {
  if (b->sample != NULL)
    base_wipe(b->sample, MAX_SAMPLES * sizeof *b->sample);
  base_free(b->low);
  base_free(b->high);
  base_free(b->sample);
  base_free(b->channel);
  base_free(b->radius);
  onnx_fit_free(b->fitter);
  *b = (onnx_branch){0};
}

ckks_status onnx_branch_see(onnx_branch *b, const double *values) {
  for (size_t i = 0; i < b->width; i++) {
    size_t c = i / b->per_channel;
    if (!isfinite(values[i]))
      return base_fail(CKKS_ERROR_RANGE, "an activation sees %g", values[i]);
    b->low[c] = fmin(b->low[c], values[i]);
    b->high[c] = fmax(b->high[c], values[i]);
    if (b->count++ % b->skip == 0 && b->n < MAX_SAMPLES) {
      b->channel[b->n] = (uint32_t)c;
      b->sample[b->n++] = values[i];
    }
  }
  return CKKS_OK;
}

/* -------------------------------------------------------------------- ranges */

static void seen_range(double *low, double *high, const onnx_branch *b) {
  *low = (double)INFINITY;
  *high = -(double)INFINITY;
  for (size_t c = 0; b->low != NULL && c < b->n_channels; c++) {
    *low = fmin(*low, b->low[c]);
    *high = fmax(*high, b->high[c]);
  }
}

static double room(double low, double high, double margin) {
  return fmax(margin * (high - low), 1e-3 * fmax(1.0, fabs(high)));
}

/* Looked at over the range: f(x / 2) = f(x) / 2. */
static ckks_status find_homogeneous(onnx_branch *b, onnx_fold *fold, double most) {
  enum { N = 65 };
  double x[2 * N], y[2 * N];
  for (int i = 0; i < N; i++) {
    x[i] = most * (2.0 * i / (N - 1) - 1.0);
    x[N + i] = 0.5 * x[i];
  }
  BASE_TRY(onnx_fold_function(y, x, 2 * N, fold, b->layer, b->index));
  b->homogeneous = true;
  for (int i = 0; i < N; i++)
    b->homogeneous = b->homogeneous && fabs(y[N + i] - 0.5 * y[i]) <= 1e-12 * fabs(y[i]);
  return CKKS_OK;
}

/*
 * Each channel as far as it was seen, where that was often, and no less than a part of what the
 * widest one was. What a polynomial sees beyond its range it answers with numbers as large as they
 * come.
 */
static ckks_status set_radii(onnx_branch *b, double margin) {
  double most = 0.0, least = b->count / b->n_channels >= OFTEN ? LEAST_RADIUS : 1.0;
  b->radius = base_alloc_array(b->n_channels, sizeof *b->radius);
  if (b->radius == NULL)
    return base_fail_memory(b->n_channels * sizeof *b->radius);
  for (size_t c = 0; c < b->n_channels; c++) {
    b->radius[c] = fmax(fabs(b->low[c]), fabs(b->high[c])) + room(b->low[c], b->high[c], margin);
    most = fmax(most, b->radius[c]);
  }
  for (size_t c = 0; c < b->n_channels; c++)
    b->radius[c] = fmax(b->radius[c], least * most);
  return CKKS_OK;
}

/* ------------------------------------------------------------------- samples */

/* Chebyshev's points of the range, as a measure that keeps his polynomials apart, and what was
 * seen. */
static void set_points(double *point, double *weight, const onnx_branch *b, double low,
                       double high) {
  for (size_t i = 0; i < ONNX_FIT_GRID; i++) {
    double t = -cos(PI * (double)i / (ONNX_FIT_GRID - 1));
    point[i] = 0.5 * (low + high) + 0.5 * (high - low) * t;
    weight[i] = (b->n == 0 ? 1.0 : GRID_SHARE) / ONNX_FIT_GRID;
  }
  point[0] = low;
  point[ONNX_FIT_GRID - 1] = high;
  for (size_t i = 0; i < b->n; i++) {
    point[ONNX_FIT_GRID + i] =
        b->radius != NULL ? b->sample[i] / b->radius[b->channel[i]] : b->sample[i];
    weight[ONNX_FIT_GRID + i] = (1.0 - GRID_SHARE) / (double)b->n;
  }
}

static ckks_status build_fitter(onnx_branch *b, onnx_fold *fold, double low, double high,
                                int max_degree) {
  size_t n = ONNX_FIT_GRID + b->n;
  double *point = base_alloc_array(3 * n, sizeof *point);
  if (point == NULL)
    return base_fail_memory(3 * n * sizeof *point);
  double *value = point + n, *weight = value + n;
  set_points(point, weight, b, low, high);
  ckks_status status = onnx_fold_function(value, point, n, fold, b->layer, b->index);
  const onnx_fit_samples samples = {n, point, value, weight};
  if (status == CKKS_OK)
    status = onnx_fit_build(&b->fitter, &samples, max_degree);
  base_wipe(point, 3 * n * sizeof *point);
  base_free(point);
  return status;
}

ckks_status onnx_branch_prepare(onnx_branch *b, onnx_fold *fold, double margin, int max_degree,
                                bool last) {
  double low = -WITHOUT_DATA, high = WITHOUT_DATA;
  if (b->count > 0) {
    seen_range(&low, &high, b);
    BASE_TRY(find_homogeneous(b, fold, fmax(fabs(low), fabs(high))));
    double more = room(low, high, margin);
    low -= more;
    high += more;
  }
  BASE_TRY(build_fitter(b, fold, low, high, max_degree));
  BASE_TRY(onnx_fit_exact(&b->fit, b->fitter));
  if (b->fit.exact || !b->homogeneous || last)
    return CKKS_OK;
  /* Once more, on -1 to 1, which is each channel's own range. */
  onnx_fit_free(b->fitter);
  b->fitter = NULL;
  BASE_TRY(set_radii(b, margin));
  BASE_TRY(build_fitter(b, fold, -1.0, 1.0, max_degree));
  return onnx_fit_exact(&b->fit, b->fitter);
}

/* -------------------------------------------------------------------- units */

void onnx_branch_unit(double *centre, double *radius, double *gain, const onnx_branch *b,
                      size_t unit) {
  *centre = b->fit.centre;
  *radius = b->fit.radius;
  *gain = 1.0;
  if (b->radius == NULL)
    return;
  *gain = b->radius[unit / b->per_channel];
  *radius *= *gain;
  *centre *= *gain;
}

bool onnx_branch_differs(const onnx_branch *b) {
  bool differs = false;
  for (size_t c = 1; b->radius != NULL && c < b->n_channels; c++)
    differs = differs || b->radius[c] != b->radius[0];
  return differs;
}

void onnx_branch_range(double *low, double *high, const onnx_branch *b) {
  double most = 0.0;
  *low = b->fit.centre - b->fit.radius;
  *high = b->fit.centre + b->fit.radius;
  for (size_t c = 0; b->radius != NULL && c < b->n_channels; c++)
    most = fmax(most, b->radius[c]);
  if (b->radius != NULL) {
    *low = -most;
    *high = most;
  }
}
