/* SPDX-License-Identifier: Apache-2.0 */
#include "onnx/fit.h"

#include <math.h>
#include <string.h>

#include "base/alloc.h"

#define EXACT 1e-9 /* relative: double rounding and the single precision of coefficients' sums */
#define EXACT_DEGREE 7 /* up to which it is asked whether a function is a polynomial */
#define LAWSON_ROUNDS 40

typedef struct fitting {
  const onnx_fit_samples *samples;
  double *t, *weight;
  double (*matrix)[ENCODING_MAX_DEGREE + 1]; /* of the normal equations: half a megabyte */
  double centre, radius, largest, total;
} fitting;

/* T_0..T_degree at t (Chebyshev's recurrence). */
static void chebyshev(double *basis, int degree, double t) {
  basis[0] = 1.0;
  basis[1] = t;
  for (int k = 2; k <= degree; k++)
    basis[k] = 2.0 * t * basis[k - 1] - basis[k - 2];
}

static double chebyshev_value(const double *c, int degree, double t) {
  double basis[ENCODING_MAX_DEGREE + 1], sum = 0.0;
  chebyshev(basis, degree, t);
  for (int k = 0; k <= degree; k++)
    sum += c[k] * basis[k];
  return sum;
}

/* Cholesky in place, then two triangular solves; false when the points do not determine c. */
static bool solve(double a[ENCODING_MAX_DEGREE + 1][ENCODING_MAX_DEGREE + 1], double *c, int n) {
  double first = a[0][0];
  for (int i = 0; i < n; i++)
    for (int j = 0; j <= i; j++) {
      double sum = a[i][j];
      for (int k = 0; k < j; k++)
        sum -= a[i][k] * a[j][k];
      if (i == j && !(sum > 1e-14 * first))
        return false;
      a[i][j] = i == j ? sqrt(sum) : sum / a[j][j];
    }
  for (int i = 0; i < n; i++) {
    for (int k = 0; k < i; k++)
      c[i] -= a[i][k] * c[k];
    c[i] /= a[i][i];
  }
  for (int i = n; i-- > 0;) {
    for (int k = i + 1; k < n; k++)
      c[i] -= a[k][i] * c[k];
    c[i] /= a[i][i];
  }
  return true;
}

static bool least_squares(double *c, int degree, const fitting *f) {
  double(*a)[ENCODING_MAX_DEGREE + 1] = f->matrix, basis[ENCODING_MAX_DEGREE + 1];
  memset(a, 0, ((size_t)degree + 1) * sizeof *a);
  memset(c, 0, ((size_t)degree + 1) * sizeof *c);
  for (size_t i = 0; i < f->samples->n; i++) {
    chebyshev(basis, degree, f->t[i]);
    for (int j = 0; j <= degree; j++) {
      double scaled = f->weight[i] * basis[j];
      c[j] += scaled * f->samples->value[i];
      for (int k = 0; k <= j; k++)
        a[j][k] += scaled * basis[k];
    }
  }
  return solve(a, c, degree + 1);
}

/* Errors of c, by the weights that were given. */
static void measure(onnx_fit *fit, const double *c, int degree, const fitting *f) {
  double most = 0.0, sum = 0.0;
  for (size_t i = 0; i < f->samples->n; i++) {
    double error = fabs(chebyshev_value(c, degree, f->t[i]) - f->samples->value[i]);
    most = fmax(most, error);
    sum += f->samples->weight[i] * error * error;
  }
  fit->max_error = most / f->largest;
  fit->rms_error = sqrt(sum / f->total) / f->largest;
  fit->exact = fit->max_error <= EXACT;
}

/* Points that are missed count more in the next round; the best round is kept. */
static void sharpen(double *c, int degree, fitting *f) {
  double trial[ENCODING_MAX_DEGREE + 1], best = (double)INFINITY;
  for (int round = 0; round < LAWSON_ROUNDS; round++) {
    double most = 0.0, sum = 0.0;
    if (!least_squares(trial, degree, f))
      return;
    for (size_t i = 0; i < f->samples->n; i++)
      most = fmax(most, fabs(chebyshev_value(trial, degree, f->t[i]) - f->samples->value[i]));
    if (most < best) {
      best = most;
      memcpy(c, trial, ((size_t)degree + 1) * sizeof *c);
    }
    if (!(most > 0.0))
      return;
    for (size_t i = 0; i < f->samples->n; i++) {
      double error = fabs(chebyshev_value(trial, degree, f->t[i]) - f->samples->value[i]);
      sum += f->weight[i] *= error / most + 1e-6;
    }
    for (size_t i = 0; i < f->samples->n; i++)
      f->weight[i] *= f->total / sum;
  }
}

/* From Chebyshev's basis to powers: T_k = 2 t T_(k-1) - T_(k-2). */
static void to_powers(encoding_polynomial *p, const double *c, int degree) {
  double before[ENCODING_MAX_DEGREE + 1] = {1.0}, now[ENCODING_MAX_DEGREE + 1] = {0.0, 1.0};
  *p = (encoding_polynomial){.degree = degree};
  p->coefficient[0] = c[0];
  for (int k = 1; k <= degree; k++) {
    double next[ENCODING_MAX_DEGREE + 1] = {0.0};
    for (int i = 0; i <= k; i++)
      p->coefficient[i] += c[k] * now[i];
    for (int i = 0; i <= k; i++) {
      if (i < ENCODING_MAX_DEGREE)
        next[i + 1] += 2.0 * now[i];
      next[i] -= before[i];
    }
    memcpy(before, now, sizeof before);
    memcpy(now, next, sizeof now);
  }
}

/* Rounding leaves dust where an exact polynomial has nothing: it would cost levels. */
static void drop_dust(encoding_polynomial *p) {
  double most = 0.0;
  for (int k = 0; k <= p->degree; k++)
    most = fmax(most, fabs(p->coefficient[k]));
  for (int k = 0; k <= p->degree; k++)
    if (fabs(p->coefficient[k]) < 1e-11 * most)
      p->coefficient[k] = 0.0;
  while (p->degree > 1 && p->coefficient[p->degree] == 0.0)
    p->degree--;
}

static ckks_status prepare(fitting *f) {
  const onnx_fit_samples *s = f->samples;
  double least = (double)INFINITY, most = -(double)INFINITY;
  for (size_t i = 0; i < s->n; i++) {
    if (!isfinite(s->value[i]) || !isfinite(s->point[i]))
      return base_fail(CKKS_ERROR_RANGE, "the activation is not finite at %g", s->point[i]);
    least = fmin(least, s->point[i]);
    most = fmax(most, s->point[i]);
    f->largest = fmax(f->largest, fabs(s->value[i]));
    f->total += s->weight[i];
  }
  f->centre = 0.5 * (least + most);
  f->radius = 0.5 * (most - least);
  if (!(f->radius > 0.0) || !(f->total > 0.0))
    return base_fail(CKKS_ERROR_RANGE, "the activation only sees the value %g", f->centre);
  if (f->largest == 0.0)
    f->largest = 1.0;
  f->t = base_alloc_array(s->n, sizeof *f->t);
  f->weight = base_alloc_array(s->n, sizeof *f->weight);
  f->matrix = base_alloc_array(ENCODING_MAX_DEGREE + 1, sizeof *f->matrix);
  if (f->t == NULL || f->weight == NULL || f->matrix == NULL)
    return base_fail_memory(s->n * sizeof *f->t);
  for (size_t i = 0; i < s->n; i++)
    f->t[i] = (s->point[i] - f->centre) / f->radius;
  return CKKS_OK;
}

/* Fits one degree; false when the points do not determine it. */
static bool fit_degree(onnx_fit *fit, fitting *f, int degree, bool minimax) {
  double c[ENCODING_MAX_DEGREE + 1];
  *fit = (onnx_fit){.centre = f->centre, .radius = f->radius};
  memcpy(f->weight, f->samples->weight, f->samples->n * sizeof *f->weight);
  if (!least_squares(c, degree, f))
    return false;
  if (minimax)
    sharpen(c, degree, f);
  measure(fit, c, degree, f);
  to_powers(&fit->polynomial, c, degree);
  drop_dust(&fit->polynomial);
  return true;
}

/* What is a polynomial is kept as it is, even where a line would be good enough. */
static bool find_exact(onnx_fit *fit, fitting *f, int least, int most) {
  for (int degree = least; degree <= most && degree <= EXACT_DEGREE; degree++)
    if (fit_degree(fit, f, degree, false) && fit->exact)
      return true;
  return false;
}

static ckks_status try_degrees(onnx_fit *fit, fitting *f, int least, int most, double error,
                               bool minimax) {
  double best = (double)INFINITY;
  if (find_exact(fit, f, least, most))
    return CKKS_OK;
  for (int degree = least; degree <= most; degree++) {
    onnx_fit trial;
    if (!fit_degree(&trial, f, degree, minimax))
      break;
    double judged = minimax ? trial.max_error : trial.rms_error;
    if (judged < best) {
      best = judged;
      *fit = trial;
    }
    if (judged <= error)
      break;
  }
  return best < (double)INFINITY
             ? CKKS_OK
             : base_fail(CKKS_ERROR_RANGE, "too few values to fit a polynomial to");
}

ckks_status onnx_fit_polynomial(onnx_fit *fit, const onnx_fit_samples *samples, int min_degree,
                                int max_degree, double error, bool minimax) {
  fitting f = {.samples = samples};
  *fit = (onnx_fit){0};
  BASE_ASSERT(min_degree >= 1 && max_degree >= min_degree && max_degree <= ENCODING_MAX_DEGREE);
  ckks_status status = prepare(&f);
  if (status == CKKS_OK)
    status = try_degrees(fit, &f, min_degree, max_degree, error, minimax);
  base_free(f.t);
  base_free(f.weight);
  base_free(f.matrix);
  return status;
}
