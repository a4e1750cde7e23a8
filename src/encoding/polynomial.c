/* SPDX-License-Identifier: Apache-2.0 */
#include "encoding/polynomial.h"

#include <math.h>
#include <string.h>

const encoding_polynomial encoding_polynomial_sigmoid3 = {3, {0.5, 0.197, 0.0, -0.004}};
static const encoding_polynomial square = {2, {0.0, 0.0, 1.0}};
const encoding_polynomial encoding_polynomial_identity = {1, {0.0, 1.0}};
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
    bool same = p->degree == polynomial->degree;
    for (int k = 0; same && k <= p->degree; k++)
      same = p->coefficient[k] == polynomial->coefficient[k];
    if (same)
      return named[i].name;
  }
  return NULL;
}

/* Horner's rule: one rounding per product and sum, the same on every machine. */
double encoding_polynomial_value(const encoding_polynomial *polynomial, double x) {
  double value = polynomial->coefficient[polynomial->degree];
  for (int k = polynomial->degree - 1; k >= 0; k--)
    value = value * x + polynomial->coefficient[k];
  return value;
}

/* By the triangle inequality refined on a grid. */
double encoding_polynomial_max(const encoding_polynomial *polynomial, double max_abs) {
  double worst = 0.0;
  for (int i = -200; i <= 200; i++)
    worst = fmax(worst, fabs(encoding_polynomial_value(polynomial, max_abs * i / 200.0)));
  return worst;
}
