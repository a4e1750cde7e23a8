/* SPDX-License-Identifier: Apache-2.0 */
/* Polynomials in monomials: activations of networks, and the one that a client applies itself. */
#ifndef ENCODING_POLYNOMIAL_H
#define ENCODING_POLYNOMIAL_H
#include <stdbool.h>

#define ENCODING_MAX_DEGREE 31

/** p(x) = sum coefficient[k] x^k, k <= degree; degree 1 with (0, 1) is no activation. */
typedef struct encoding_polynomial {
  int degree; /**< 1..ENCODING_MAX_DEGREE */
  double coefficient[ENCODING_MAX_DEGREE + 1];
} encoding_polynomial;

/** s(x) = 0.5 + 0.197 x - 0.004 x^3 (eprint 2018/462), and x. */
extern const encoding_polynomial encoding_polynomial_sigmoid3, encoding_polynomial_identity;
/** "sigmoid3", "square" (x^2) or "identity" (x); false for any other name. */
bool encoding_polynomial_named(encoding_polynomial *out, const char *name);
/** The name of such a polynomial, or NULL. */
const char *encoding_polynomial_name(const encoding_polynomial *polynomial);
double encoding_polynomial_value(const encoding_polynomial *polynomial, double x);
/** Largest |p| on [-max_abs, max_abs], looked at on a grid. */
double encoding_polynomial_max(const encoding_polynomial *polynomial, double max_abs);
#endif
