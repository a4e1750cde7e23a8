/* SPDX-License-Identifier: Apache-2.0 */
#include "compile/bend.h"

#include <math.h>
#include <string.h>

/* Points on either side of zero at which polynomials are looked at. */
#define GRID 24

static double larger(double x, double y) {
  return x > y ? x : y;
}

/*
 * T_k is made of smaller ones, and what rounds T_j is amplified by the slope of T_(k/j): in the
 * mean over the range by about k/j, and there are few j. Beyond the range T_k grows as a power
 * does.
 */
static compile_bend chebyshev_bend(compile_bend most, const encoding_polynomial *p,
                                   double max_abs) {
  double growth = max_abs > 1.0 ? max_abs + sqrt(max_abs * max_abs - 1.0) : 1.0;
  for (int k = 1; k <= p->degree; k++)
    most.amplitude += fabs(p->coefficient[k]) * k * pow(growth, k);
  return most;
}

/* Products inside act like a few roundings, amplified by the coefficients. */
static compile_bend polynomial_bend(const encoding_polynomial *p, double max_abs) {
  const double *coefficient = p->coefficient;
  size_t n = (size_t)p->degree + 1;
  compile_bend most = {.amplitude = 1.0};
  for (int i = 0; i <= 2 * GRID; i++) {
    double at = max_abs * (double)(i - GRID) / GRID;
    most.slope = larger(most.slope, fabs(encoding_polynomial_slope(p, at)));
    most.value = larger(most.value, fabs(encoding_polynomial_value(p, at)));
  }
  if (p->chebyshev)
    return chebyshev_bend(most, p, max_abs);
  for (size_t k = 1; k < n; k++)
    most.amplitude += fabs(coefficient[k]) * pow(larger(1.0, max_abs), (double)k);
  /* What rounds a factor of the largest power of two is multiplied by that power. */
  int giant = 1;
  for (size_t k = 2; k < n; k++)
    if (coefficient[k] != 0.0 && k >= 2 * (size_t)giant)
      giant *= 2;
  most.amplitude += pow(larger(1.0, max_abs), giant);
  return most;
}

static compile_bend vector_bend(const plan_plan *plan, const plan_op *op, double max_abs) {
  encoding_polynomial p = {.degree = plan_degree(plan, op), .chebyshev = plan_is_chebyshev(op)};
  memcpy(p.coefficient, plan->vector[op->index].value,
         ((size_t)p.degree + 1) * sizeof *p.coefficient);
  return polynomial_bend(&p, max_abs);
}

/* The worst of the slots' polynomials; neighbours are mostly alike, and looked at once. */
static compile_bend slots_bend(const plan_plan *plan, const plan_op *op, double max_abs) {
  const plan_vector *vector = &plan->vector[op->index];
  compile_bend worst = {0.0, 0.0, 0.0};
  for (size_t j = 0; j < vector->period; j++) {
    encoding_polynomial p = {.degree = plan_degree(plan, op), .chebyshev = plan_is_chebyshev(op)};
    bool again = j > 0;
    for (int t = 0; t < op->n_terms; t++) {
      p.coefficient[op->term[t]] = vector[t].value[j % vector[t].period];
      again = again && p.coefficient[op->term[t]] == vector[t].value[(j - 1) % vector[t].period];
    }
    if (again)
      continue;
    compile_bend own = polynomial_bend(&p, max_abs);
    worst.value = larger(worst.value, own.value);
    worst.slope = larger(worst.slope, own.slope);
    worst.amplitude = larger(worst.amplitude, own.amplitude);
  }
  return worst;
}

compile_bend compile_bend_op(const plan_plan *plan, const plan_op *op, double max_abs) {
  return plan_is_slots(op) ? slots_bend(plan, op, max_abs) : vector_bend(plan, op, max_abs);
}

/* Nearer to zero by so much each, to where outputs are too small to matter. */
#define STEP 0.9
#define SMALLEST 0.05

static double gain_at(const encoding_polynomial *p, double at) {
  return fabs(encoding_polynomial_slope(p, at)) /
         larger(1.0, fabs(encoding_polynomial_value(p, at)));
}

/* A straight line only says what outputs are counted in. Of a range that is wide beside 1 the worst
 * is a small part: where |p| is about 1. */
double compile_bend_gain(const encoding_polynomial *last, double max_abs, bool extreme) {
  const encoding_polynomial *p = last->degree == 1 ? &encoding_polynomial_identity : last;
  double worst = larger(gain_at(p, max_abs), gain_at(p, -max_abs));
  for (int i = 0; i < GRID && !extreme; i++)
    worst = larger(worst, larger(gain_at(p, max_abs * i / GRID), gain_at(p, -max_abs * i / GRID)));
  for (double at = max_abs; at > SMALLEST && !extreme; at *= STEP)
    worst = larger(worst, larger(gain_at(p, at), gain_at(p, -at)));
  return worst;
}
