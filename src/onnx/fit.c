/* SPDX-License-Identifier: Apache-2.0 */
#include "onnx/fit.h"

#include <math.h>
#include <string.h>

#include "base/alloc.h"

#define EXACT 1e-9 /* relative: double rounding and the single precision of coefficients' sums */
#define EXACT_DEGREE 7  /* up to which it is asked whether a function is a polynomial */
#define POWERS_DEGREE 3 /* up to which powers are as good, and cheaper */
#define LAWSON_ROUNDS 40
#define SINGULAR 1e-13

struct onnx_fit_fitter {
  size_t n;
  int most;                           /* degree */
  double *memory;                     /* all that follows */
  double *t, *value, *weight, *sharp; /* n each; sharp: weights of a round */
  double *factor, *right;             /* (most+1)^2, lower; most+1: factor right = moments */
  double centre, radius, largest, total, squares;
};

/* T_0..T_degree at t (Chebyshev's recurrence). */
static void chebyshev(double *basis, int degree, double t) {
  basis[0] = 1.0;
  basis[1] = t;
  for (int k = 2; k <= degree; k++)
    basis[k] = 2.0 * t * basis[k - 1] - basis[k - 2];
}

/* Normal equations of the highest degree under some weights, lower half. */
static void normal_equations(double *a, double *b, int degree, const onnx_fit_fitter *f,
                             const double *weight) {
  double basis[ENCODING_MAX_DEGREE + 1];
  size_t n = (size_t)degree + 1;
  memset(a, 0, n * n * sizeof *a);
  memset(b, 0, n * sizeof *b);
  for (size_t i = 0; i < f->n; i++) {
    chebyshev(basis, degree, f->t[i]);
    for (size_t j = 0; j < n; j++) {
      double scaled = weight[i] * basis[j];
      b[j] += scaled * f->value[i];
      for (size_t k = 0; k <= j; k++)
        a[j * n + k] += scaled * basis[k];
    }
  }
}

/* Cholesky in place, and b := L^-1 b; returns the degree up to which the points determine c. */
static int factorise(double *a, double *b, int degree) {
  size_t n = (size_t)degree + 1;
  double first = a[0];
  for (size_t i = 0; i < n; i++) {
    for (size_t j = 0; j <= i; j++) {
      double sum = a[i * n + j];
      for (size_t k = 0; k < j; k++)
        sum -= a[i * n + k] * a[j * n + k];
      if (i == j && !(sum > SINGULAR * first))
        return (int)i - 1;
      a[i * n + j] = i == j ? sqrt(sum) : sum / a[j * n + j];
    }
    for (size_t k = 0; k < i; k++)
      b[i] -= a[i * n + k] * b[k];
    b[i] /= a[i * n + i];
  }
  return degree;
}

/* The leading block's solution; `row` is the length of a row of a. */
static void back_substitute(double *c, const double *a, const double *b, int degree, size_t row) {
  for (size_t i = (size_t)degree + 1; i-- > 0;) {
    c[i] = b[i];
    for (size_t k = i + 1; k <= (size_t)degree; k++)
      c[i] -= a[k * row + i] * c[k];
    c[i] /= a[i * row + i];
  }
}

/* ------------------------------------------------------------------ building */

static ckks_status measure_samples(onnx_fit_fitter *f, const onnx_fit_samples *s) {
  double least = (double)INFINITY, most = -(double)INFINITY;
  for (size_t i = 0; i < s->n; i++) {
    if (!isfinite(s->value[i]) || !isfinite(s->point[i]))
      return base_fail(CKKS_ERROR_RANGE, "the activation is not finite at %g", s->point[i]);
    least = fmin(least, s->point[i]);
    most = fmax(most, s->point[i]);
    f->largest = fmax(f->largest, fabs(s->value[i]));
    f->total += s->weight[i];
    f->squares += s->weight[i] * s->value[i] * s->value[i];
  }
  f->centre = 0.5 * (least + most);
  f->radius = 0.5 * (most - least);
  if (!(f->radius > 0.0) || !(f->total > 0.0))
    return base_fail(CKKS_ERROR_RANGE, "the activation only sees the value %g", f->centre);
  if (f->largest == 0.0)
    f->largest = 1.0;
  return CKKS_OK;
}

static ckks_status fill(onnx_fit_fitter *f, const onnx_fit_samples *s, int max_degree) {
  size_t n = s->n, m = (size_t)max_degree + 1;
  BASE_TRY(measure_samples(f, s));
  f->memory = base_alloc_array(4 * n + m * m + m, sizeof *f->memory);
  if (f->memory == NULL)
    return base_fail_memory((4 * n + m * m + m) * sizeof *f->memory);
  f->n = n;
  f->t = f->memory;
  f->value = f->t + n;
  f->weight = f->value + n;
  f->sharp = f->weight + n;
  f->factor = f->sharp + n;
  f->right = f->factor + m * m;
  for (size_t i = 0; i < n; i++)
    f->t[i] = (s->point[i] - f->centre) / f->radius;
  memcpy(f->value, s->value, n * sizeof *f->value);
  memcpy(f->weight, s->weight, n * sizeof *f->weight);
  normal_equations(f->factor, f->right, max_degree, f, f->weight);
  f->most = factorise(f->factor, f->right, max_degree);
  if (f->most < 1)
    return base_fail(CKKS_ERROR_RANGE, "too few values to fit a polynomial to");
  /* Rows stay as long as they were laid out. */
  for (size_t i = 1; f->most < max_degree && i <= (size_t)f->most; i++)
    memmove(f->factor + i * ((size_t)f->most + 1), f->factor + i * m, (i + 1) * sizeof(double));
  return CKKS_OK;
}

ckks_status onnx_fit_build(onnx_fit_fitter **out, const onnx_fit_samples *samples, int max_degree) {
  BASE_ASSERT(max_degree >= 1 && max_degree <= ENCODING_MAX_DEGREE);
  onnx_fit_fitter *f = base_alloc(sizeof *f);
  *out = NULL;
  if (f == NULL)
    return base_fail_memory(sizeof *f);
  ckks_status status = fill(f, samples, max_degree);
  if (status == CKKS_OK)
    *out = f;
  else
    onnx_fit_free(f);
  return status;
}

void onnx_fit_free(onnx_fit_fitter *fitter) {
  if (fitter == NULL)
    return;
  base_free(fitter->memory);
  base_free(fitter);
}

/* ------------------------------------------------------------------- fitting */

int onnx_fit_most(const onnx_fit_fitter *fitter) {
  return fitter->most;
}

/* The weighted error that a degree leaves by least squares, without computing more: in an
 * orthonormal basis each coefficient takes its square off the whole. */
static double rms_left(const onnx_fit_fitter *f, int degree) {
  double left = f->squares;
  for (int k = 0; k <= degree; k++)
    left -= f->right[k] * f->right[k];
  return sqrt(fmax(left, 0.0) / f->total) / f->largest;
}

static void polynomial_of(encoding_polynomial *p, const double *c, int degree) {
  *p = (encoding_polynomial){.degree = degree, .chebyshev = true};
  memcpy(p->coefficient, c, ((size_t)degree + 1) * sizeof *c);
}

static double error_at(const encoding_polynomial *p, const onnx_fit_fitter *f, size_t i) {
  return fabs(encoding_polynomial_value(p, f->t[i]) - f->value[i]);
}

/* Errors of p, by the weights that were given. */
static void measure(onnx_fit *fit, const onnx_fit_fitter *f) {
  double most = 0.0, sum = 0.0;
  for (size_t i = 0; i < f->n; i++) {
    double error = error_at(&fit->polynomial, f, i);
    most = fmax(most, error);
    sum += f->weight[i] * error * error;
  }
  fit->max_error = most / f->largest;
  fit->rms_error = sqrt(sum / f->total) / f->largest;
  fit->exact = fit->max_error <= EXACT;
}

/* Points that are missed count more in the next round; the best round is kept. */
static ckks_status sharpen(encoding_polynomial *p, int degree, onnx_fit_fitter *f) {
  size_t n = (size_t)degree + 1;
  double c[ENCODING_MAX_DEGREE + 1], best = (double)INFINITY;
  double *a = base_alloc_array(n * n + n, sizeof *a);
  if (a == NULL)
    return base_fail_memory((n * n + n) * sizeof *a);
  double *b = a + n * n;
  memcpy(f->sharp, f->weight, f->n * sizeof *f->sharp);
  for (int round = 0; round < LAWSON_ROUNDS && best > 0.0; round++) {
    encoding_polynomial trial;
    double most = 0.0, sum = 0.0;
    normal_equations(a, b, degree, f, f->sharp);
    if (factorise(a, b, degree) < degree)
      break;
    back_substitute(c, a, b, degree, n);
    polynomial_of(&trial, c, degree);
    for (size_t i = 0; i < f->n; i++)
      most = fmax(most, error_at(&trial, f, i));
    if (most < best) {
      best = most;
      *p = trial;
    }
    for (size_t i = 0; i < f->n; i++)
      sum += f->sharp[i] *= error_at(&trial, f, i) / fmax(most, 1e-300) + 1e-6;
    for (size_t i = 0; i < f->n; i++)
      f->sharp[i] *= f->total / sum;
  }
  base_free(a);
  return CKKS_OK;
}

/* From Chebyshev's basis to powers: T_k = 2 t T_(k-1) - T_(k-2). Degrees are low. */
static void to_powers(encoding_polynomial *p) {
  double before[EXACT_DEGREE + 2] = {1.0}, now[EXACT_DEGREE + 2] = {0.0, 1.0};
  encoding_polynomial out = {.degree = p->degree, .coefficient = {p->coefficient[0]}};
  for (int k = 1; k <= p->degree; k++) {
    double next[EXACT_DEGREE + 2] = {0.0};
    for (int i = 0; i <= k; i++) {
      out.coefficient[i] += p->coefficient[k] * now[i];
      next[i + 1] += 2.0 * now[i];
      next[i] -= before[i];
    }
    memcpy(before, now, sizeof before);
    memcpy(now, next, sizeof now);
  }
  *p = out;
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
  if (p->degree == 1)
    p->chebyshev = false;
}

ckks_status onnx_fit_degree(onnx_fit *fit, onnx_fit_fitter *f, int degree, bool minimax) {
  double c[ENCODING_MAX_DEGREE + 1];
  degree = degree > f->most ? f->most : degree;
  *fit = (onnx_fit){.centre = f->centre, .radius = f->radius};
  back_substitute(c, f->factor, f->right, degree, (size_t)f->most + 1);
  polynomial_of(&fit->polynomial, c, degree);
  if (minimax)
    BASE_TRY(sharpen(&fit->polynomial, degree, f));
  measure(fit, f);
  if (degree <= POWERS_DEGREE || (degree <= EXACT_DEGREE && fit->exact))
    to_powers(&fit->polynomial);
  drop_dust(&fit->polynomial);
  return CKKS_OK;
}

/* Kept as it is, even where a line would be good enough. */
ckks_status onnx_fit_exact(onnx_fit *fit, onnx_fit_fitter *f) {
  for (int degree = 1; degree <= f->most && degree <= EXACT_DEGREE; degree++) {
    BASE_TRY(onnx_fit_degree(fit, f, degree, false));
    if (fit->exact)
      return CKKS_OK;
  }
  return CKKS_OK;
}

/* Every degree up to 15; beyond, where each would take long, those that end a depth. */
static int next_degree(int degree, bool minimax) {
  return degree < 15 || !minimax ? degree + 1 : 2 * degree + 1;
}

ckks_status onnx_fit_search(onnx_fit *fit, onnx_fit_fitter *f, int min_degree, int max_degree,
                            double error, bool minimax) {
  int most = max_degree < f->most ? max_degree : f->most;
  if (!minimax) {
    int degree = min_degree < most ? min_degree : most;
    while (degree < most && rms_left(f, degree) > error)
      degree++;
    return onnx_fit_degree(fit, f, degree, false);
  }
  double best = (double)INFINITY;
  for (int degree = min_degree; degree <= most && best > error;
       degree = next_degree(degree, minimax)) {
    onnx_fit trial;
    BASE_TRY(onnx_fit_degree(&trial, f, degree, true));
    if (trial.max_error < best)
      *fit = trial;
    best = fmin(best, trial.max_error);
  }
  return CKKS_OK;
}
