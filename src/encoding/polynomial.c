/* SPDX-License-Identifier: Apache-2.0 */
#include "encoding/polynomial.h"

#include <math.h>
#include <string.h>

const encoding_polynomial encoding_polynomial_sigmoid3 = {.degree = 3,
                                                          .coefficient = {0.5, 0.197, 0.0, -0.004}};
static const encoding_polynomial square = {.degree = 2, .coefficient = {0.0, 0.0, 1.0}};
const encoding_polynomial encoding_polynomial_identity = {.degree = 1, .coefficient = {0.0, 1.0}};
static const struct {
  const char *name;
  const encoding_polynomial *polynomial;
} named[] = {{"sigmoid3", &encoding_polynomial_sigmoid3},
             {"square", &square},
             {"identity", &encoding_polynomial_identity}};
enum { N_NAMED = sizeof named / sizeof named[0] };

bool encoding_polynomial_named(encoding_polynomial *out, const char *name) {
  for (size_t i = 0; i < N_NAMED; i++)
    if (strcmp(name, named[i].name) == 0) {
      *out = *named[i].polynomial;
      return true;
    }
  return false;
}

/* Exact: a coefficient that is off by one bit makes it another polynomial. */
const char *encoding_polynomial_name(const encoding_polynomial *polynomial) {
  for (size_t i = 0; i < N_NAMED; i++) {
    const encoding_polynomial *p = named[i].polynomial;
    bool same = p->degree == polynomial->degree && p->chebyshev == polynomial->chebyshev;
    for (int k = 0; same && k <= p->degree; k++)
      same = p->coefficient[k] == polynomial->coefficient[k];
    if (same)
      return named[i].name;
  }
  return NULL;
}

/* Clenshaw's recurrence (Math. Comp. 1955): b_k = c_k + 2 x b_(k+1) - b_(k+2). */
static double chebyshev_value(const double *c, int degree, double x) {
  double above = 0.0, higher = 0.0;
  for (int k = degree; k >= 1; k--) {
    double next = c[k] + 2.0 * x * above - higher;
    higher = above;
    above = next;
  }
  return c[0] + x * above - higher;
}

/* Horner's rule: one rounding per product and sum, the same on every machine. */
double encoding_polynomial_value(const encoding_polynomial *polynomial, double x) {
  if (polynomial->chebyshev)
    return chebyshev_value(polynomial->coefficient, polynomial->degree, x);
  double value = polynomial->coefficient[polynomial->degree];
  for (int k = polynomial->degree - 1; k >= 0; k--)
    value = value * x + polynomial->coefficient[k];
  return value;
}

/* T_k' = k U_(k-1), and U_k = 2 x U_(k-1) - U_(k-2). */
static double chebyshev_slope(const double *c, int degree, double x) {
  double before = 0.0, u = 1.0, sum = 0.0;
  for (int k = 1; k <= degree; k++) {
    sum += k * c[k] * u;
    double next = 2.0 * x * u - before;
    before = u;
    u = next;
  }
  return sum;
}

double encoding_polynomial_slope(const encoding_polynomial *polynomial, double x) {
  if (polynomial->chebyshev)
    return chebyshev_slope(polynomial->coefficient, polynomial->degree, x);
  double slope = 0.0;
  for (int k = polynomial->degree; k >= 1; k--)
    slope = slope * x + k * polynomial->coefficient[k];
  return slope;
}

/* c_k = 2/n sum_j p(cos t_j) cos k t_j, t_j = pi (j + 1/2) / n, n = degree + 1, half that for k =
 * 0. */
void encoding_polynomial_rescale(encoding_polynomial *q, const encoding_polynomial *p, double range,
                                 double divisor) {
  const double pi = 3.14159265358979323846;
  int n = p->degree + 1;
  double value[ENCODING_MAX_DEGREE + 1];
  for (int j = 0; j < n; j++)
    value[j] = encoding_polynomial_value(p, range * cos(pi * (j + 0.5) / n)) / divisor;
  *q = (encoding_polynomial){.degree = p->degree, .chebyshev = true};
  for (int k = 0; k < n; k++) {
    double sum = 0.0;
    for (int j = 0; j < n; j++) /* the angle is reduced exactly: its cosine is that of few points */
      sum += value[j] * cos(pi * (double)(k * (2 * j + 1) % (4 * n)) / (2.0 * n));
    q->coefficient[k] = sum * (k == 0 ? 1.0 : 2.0) / n;
  }
}

/* By the triangle inequality refined on a grid. */
double encoding_polynomial_max(const encoding_polynomial *polynomial, double max_abs) {
  double worst = 0.0;
  int n = polynomial->degree < 32 ? 200 : 7 * polynomial->degree; /* extremes stand closer then */
  for (int i = -n; i <= n; i++)
    worst = fmax(worst, fabs(encoding_polynomial_value(polynomial, max_abs * i / n)));
  return worst;
}

double encoding_polynomial_unit(const encoding_polynomial *polynomial) {
  return polynomial->degree == 1 ? fabs(polynomial->coefficient[1]) : 1.0;
}
