/* SPDX-License-Identifier: Apache-2.0 */
/* What polynomials do to values, and to errors that are small beside them. */
#ifndef COMPILE_BEND_H
#define COMPILE_BEND_H
#include "plan/plan.h"

/** The most in a range: |p|, |p'|, and how much the roundings inside p are amplified. */
typedef struct compile_bend {
  double value, slope, amplitude;
} compile_bend;

/** Of an operation that is a polynomial, on values of up to max_abs; the worst slot's. */
compile_bend compile_bend_op(const plan_plan *plan, const plan_op *op, double max_abs);
/**
 * How p passes an error on, relative to max(1, |p|): the worst on the range, or, if `extreme`, at
 * its two ends.
 */
double compile_bend_gain(const encoding_polynomial *p, double max_abs, bool extreme);
#endif
