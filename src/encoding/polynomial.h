/* SPDX-License-Identifier: Apache-2.0 */
/* Polynomials: activations of networks, and the one that a client applies itself. */
#ifndef ENCODING_POLYNOMIAL_H
#define ENCODING_POLYNOMIAL_H
#include <stdbool.h>

#define ENCODING_MAX_DEGREE 255
/* Highest degree in powers: beyond they are ill-conditioned. */
#define ENCODING_MAX_POWERS 31

/**
 * p(x) = sum coefficient[k] b_k(x), k <= degree, with b_k = x^k or Chebyshev's T_k, which
 * belongs to x between -1 and 1 and keeps coefficients as small as the values there. Degree 1
 * with (0, 1) is no activation in either.
 */
typedef struct encoding_polynomial {
  int degree; /**< 1..ENCODING_MAX_DEGREE, or ENCODING_MAX_POWERS in powers */
  double coefficient[ENCODING_MAX_DEGREE + 1];
  bool chebyshev;
} encoding_polynomial;

/** s(x) = 0.5 + 0.197 x - 0.004 x^3 (eprint 2018/462), and x. */
extern const encoding_polynomial encoding_polynomial_sigmoid3, encoding_polynomial_identity;
/** "sigmoid3", "square" (x^2) or "identity" (x); false for any other name. */
bool encoding_polynomial_named(encoding_polynomial *out, const char *name);
/** The name of such a polynomial, or NULL. */
const char *encoding_polynomial_name(const encoding_polynomial *polynomial);
double encoding_polynomial_value(const encoding_polynomial *polynomial, double x);
/** p'(x). */
double encoding_polynomial_slope(const encoding_polynomial *polynomial, double x);
/**
 * q(x) = p(range x) / divisor in Chebyshev's basis, from p's values at Chebyshev's points: as exact
 * as they are, for the interpolation of a polynomial is that polynomial.
 */
void encoding_polynomial_rescale(encoding_polynomial *q, const encoding_polynomial *p, double range,
                                 double divisor);
/** What errors behind it are counted in: the slope of a straight line, 1 for any other. */
double encoding_polynomial_unit(const encoding_polynomial *polynomial);
/** Largest |p| on [-max_abs, max_abs], looked at on a grid. */
double encoding_polynomial_max(const encoding_polynomial *polynomial, double max_abs);
#endif
