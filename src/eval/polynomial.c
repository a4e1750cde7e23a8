/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Polynomials of a ciphertext in the least depth, ceil(log2(degree+1)), with
 * O(sqrt(degree)) products (Paterson and Stockmeyer, SIAM J. Comput. 1973; in the
 * Chebyshev basis Chen, Chillotti, Song, eprint 2018/1043; target scales pushed
 * down as in Bossuat et al., eprint 2020/1203, section 3).
 *
 * Let b_i be X^i or T_i. A node writes
 *     p = sum over G of q_G * b_G  +  sum over i < base of c_i * b_i,
 * G a power of two, deg q_G < G, and is due at `level` with exactly `scale`. One level
 * above, at the scale times that level's prime, all its terms meet: products of
 * the nodes q_G, which are due there at what b_G's scale leaves over, and the b_i
 * times constants encoded at what theirs leave over. So no addition meets two scales,
 * and one relinearisation and one division serve the whole node.
 */
#include <math.h>
#include <string.h>

#include "eval/arith.h"

#define POLYNOMIAL_MAX_DEGREE 1023
/* Linear terms of a node: below the base, and a giant for each bit of the degree. */
#define POLYNOMIAL_MAX_BASE 32

typedef struct polynomial_state {
  ckks_evaluator *ev;
  ckks_basis basis;
  int top;  /* level of b_1 */
  int base; /* a power of two: below it b_i are computed one by one */
  bool needed[POLYNOMIAL_MAX_DEGREE + 1];
  const ckks_ciphertext *power[POLYNOMIAL_MAX_DEGREE + 1]; /* b_i, or NULL */
} polynomial_state;

/* Smallest e with 2^e >= n. */
static int polynomial_log2(int n) {
  int e = 0;
  while (1 << e < n)
    e++;
  return e;
}

int eval_polynomial_depth(int degree) {
  return polynomial_log2(degree + 1);
}

/*
 * The base with the fewest key switches: about `base` of them for the b_i below it, and about
 * (degree+1)/base nodes, half of which relinearise and all of which divide.
 */
static int polynomial_choose_base(int degree) {
  int base = 2;
  while (base < POLYNOMIAL_MAX_BASE && 2 * base * base <= degree + 1)
    base *= 2;
  return base;
}

/* How b_i comes about: b_a and b_b with a the largest power of two below i, b = i - a. */
static int polynomial_larger(int i) {
  return 1 << (polynomial_log2(i) - 1);
}

static void polynomial_need(polynomial_state *state, int i) {
  if (i < 1 || state->needed[i])
    return;
  state->needed[i] = true;
  if (i == 1)
    return;
  int a = polynomial_larger(i), b = i - a;
  polynomial_need(state, a);
  polynomial_need(state, b);
  if (state->basis == CKKS_CHEBYSHEV)
    polynomial_need(state, a - b);
}

/* ----------------------------------------------------------------- powers */

/* The same ciphertext seen at a lower level. */
static ckks_ciphertext polynomial_view(const ckks_ciphertext *a, int level) {
  ckks_ciphertext view = *a;
  BASE_ASSERT(level <= a->level);
  view.level = level;
  return view;
}

/* T_(a+b) = 2 T_a T_b - T_(a-b): what follows the product, in three parts. */
static ckks_status polynomial_chebyshev_step(ckks_ciphertext *product,
                                             const ckks_ciphertext *difference,
                                             ckks_evaluator *ev) {
  eval_add(product, product, product, ev);
  if (difference == NULL) /* T_0 = 1 */
    return eval_add_scalar(product, product, -1, ev);
  int n_spares_used = ev->n_spares_used;
  ckks_ciphertext *scaled;
  eval_arith_term term = {difference, -1};
  BASE_TRY(eval_spare_take(&scaled, product->level, 2, ev));
  BASE_TRY(eval_arith_combine(scaled, &term, 1, product->level, product->scale, ev));
  eval_add(product, product, scaled, ev);
  ev->n_spares_used = n_spares_used;
  return CKKS_OK;
}

/* b_i, in a spare that stays taken. */
static ckks_status polynomial_raise(polynomial_state *state, int i) {
  ckks_evaluator *ev = state->ev;
  int a = polynomial_larger(i), b = i - a;
  const ckks_ciphertext *first = state->power[a], *second = state->power[b];
  int level = first->level < second->level ? first->level : second->level;
  ckks_ciphertext *out, *product;
  BASE_TRY(eval_spare_take(&out, level - 1, 2, ev));
  int n_spares_used = ev->n_spares_used;
  BASE_TRY(eval_spare_take(&product, level, 3, ev));
  ckks_ciphertext first_view = polynomial_view(first, level);
  ckks_ciphertext second_view = polynomial_view(second, level);
  eval_tensor(product, &first_view, &second_view, ev);
  if (state->basis == CKKS_CHEBYSHEV)
    BASE_TRY(polynomial_chebyshev_step(product, a == b ? NULL : state->power[a - b], ev));
  BASE_TRY(eval_relinearize(out, product, true, ev));
  ev->n_spares_used = n_spares_used;
  state->power[i] = out;
  return CKKS_OK;
}

/* ------------------------------------------------------------------ nodes */

/*
 * p = q * b_giant + r in place, for degree < 2*giant: r below coefficients[giant], q from
 * there on. Returns the degree of q, -1 when q is zero.
 */
static int polynomial_split(double *coefficients, int degree, int giant, ckks_basis basis) {
  while (degree >= giant && coefficients[degree] == 0)
    degree--;
  if (basis == CKKS_CHEBYSHEV)
    for (int i = giant + 1; i <= degree; i++) { /* T_(G+j) = 2 T_G T_j - T_(G-j) */
      coefficients[2 * giant - i] -= coefficients[i];
      coefficients[i] *= 2;
    }
  return degree - giant;
}

static ckks_status polynomial_node(polynomial_state *state, ckks_ciphertext *out,
                                   double *coefficients, int degree, int level, double scale);

/* Fewer bits than this in the encoded factor of a term would be a hollow result. */
#define POLYNOMIAL_MIN_SCALE 0x1p8

/* What the scale of b_i leaves over for its factor. */
static ckks_status polynomial_leftover(double *scale, const polynomial_state *state, int i,
                                       double product_scale) {
  *scale = product_scale / state->power[i]->scale;
  if (*scale >= POLYNOMIAL_MIN_SCALE)
    return CKKS_OK;
  return base_fail(CKKS_ERROR_RANGE,
                   "polynomial: the scales 2^%.1f of term %d and 2^%.1f of the sum leave 2^%.1f "
                   "for the factor: choose primes nearer to the scale",
                   log2(state->power[i]->scale), i, log2(product_scale), log2(*scale));
}

/* *sum += q * b_giant at `level`; *sum is taken when it is NULL. */
static ckks_status polynomial_product(polynomial_state *state, ckks_ciphertext **sum, double *q,
                                      int degree, int giant, int level, double product_scale) {
  ckks_evaluator *ev = state->ev;
  bool first = *sum == NULL;
  double scale;
  ckks_ciphertext *child;
  BASE_TRY(polynomial_leftover(&scale, state, giant, product_scale));
  if (first)
    BASE_TRY(eval_spare_take(sum, level, 3, ev));
  int n_spares_used = ev->n_spares_used;
  BASE_TRY(eval_spare_take(&child, level, 2, ev));
  BASE_TRY(polynomial_node(state, child, q, degree, level, scale));
  ckks_ciphertext view = polynomial_view(state->power[giant], level);
  if (first)
    eval_tensor(*sum, child, &view, ev);
  else
    eval_arith_tensor_add(*sum, child, &view, ev);
  (*sum)->scale = product_scale;
  ev->n_spares_used = n_spares_used;
  return CKKS_OK;
}

/* The terms c_i * b_i for the n listed i, at `level` and product_scale, in a spare. */
static ckks_status polynomial_combine(polynomial_state *state, ckks_ciphertext **out,
                                      const double *coefficients, const int *listed, size_t n,
                                      int level, double product_scale) {
  eval_arith_term terms[EVAL_ARITH_MAX_TERMS];
  double scale;
  for (size_t t = 0; t < n; t++) {
    BASE_TRY(polynomial_leftover(&scale, state, listed[t], product_scale));
    terms[t] = (eval_arith_term){state->power[listed[t]], coefficients[listed[t]]};
  }
  BASE_TRY(eval_spare_take(out, level, 2, state->ev));
  return eval_arith_combine(*out, terms, n, level, product_scale, state->ev);
}

/*
 * out = (sum + linear terms + constant) / q_(level+1); sum may be NULL, n_linear 0. When both are,
 * the constant alone is left.
 */
static ckks_status polynomial_finish(polynomial_state *state, ckks_ciphertext *out,
                                     ckks_ciphertext *sum, const double *coefficients,
                                     const int *linear, size_t n_linear, int level, double scale) {
  ckks_evaluator *ev = state->ev;
  double product_scale = scale * ev->params->ring.modulus[level + 1].f;
  ckks_ciphertext *combined = NULL;
  if (sum == NULL && n_linear == 0) {
    eval_arith_zero(out, level, scale, ev);
    return eval_add_scalar(out, out, coefficients[0], ev);
  }
  if (n_linear > 0)
    BASE_TRY(polynomial_combine(state, &combined, coefficients, linear, n_linear, level + 1,
                                product_scale));
  if (sum == NULL)
    sum = combined;
  else if (combined != NULL)
    eval_add(sum, sum, combined, ev);
  if (coefficients[0] != 0)
    BASE_TRY(eval_add_scalar(sum, sum, coefficients[0], ev));
  if (sum->n_parts == 3)
    BASE_TRY(eval_relinearize(out, sum, true, ev));
  else
    eval_rescale(out, sum, ev);
  out->scale = scale;
  return CKKS_OK;
}

/*
 * The node due at `level`; overwrites the coefficients. With out NULL nothing is computed but
 * which b_i will be needed: the way down is the same.
 */
static ckks_status polynomial_node(polynomial_state *state, ckks_ciphertext *out,
                                   double *coefficients, int degree, int level, double scale) {
  int budget = state->top - level, n_spares_used = state->ev->n_spares_used;
  /* b_i must have come to level + 1, so i <= 2^(budget-1): there is less choice near the top */
  int base = budget > 1 && 1 << (budget - 1) < state->base ? 1 << (budget - 1) : state->base;
  if (base < 2 || budget == 1)
    base = 2;
  double product_scale = scale * state->ev->params->ring.modulus[level + 1].f;
  int linear[EVAL_ARITH_MAX_TERMS]; /* indices of the terms with a constant factor */
  size_t n_linear = 0;
  ckks_ciphertext *sum = NULL;
  for (int giant = 1 << polynomial_log2(degree + 1) >> 1; giant >= base; giant /= 2) {
    int q_degree = polynomial_split(coefficients, degree, giant, state->basis);
    degree = giant - 1;
    if (q_degree < 0)
      continue;
    if (out == NULL)
      polynomial_need(state, giant);
    if (q_degree == 0)
      linear[n_linear++] = giant;
    else if (out == NULL)
      BASE_TRY(polynomial_node(state, NULL, coefficients + giant, q_degree, level + 1, 1));
    else
      BASE_TRY(polynomial_product(state, &sum, coefficients + giant, q_degree, giant, level + 1,
                                  product_scale));
  }
  for (int i = 1; i <= degree; i++)
    if (coefficients[i] != 0)
      linear[n_linear++] = i;
  if (out == NULL) {
    for (size_t t = 0; t < n_linear; t++)
      polynomial_need(state, linear[t]);
    return CKKS_OK;
  }
  BASE_TRY(polynomial_finish(state, out, sum, coefficients, linear, n_linear, level, scale));
  state->ev->n_spares_used = n_spares_used;
  return CKKS_OK;
}

/* Marks, computes the b_i in ascending order, evaluates. */
static ckks_status polynomial_run(polynomial_state *state, ckks_ciphertext *out,
                                  const ckks_ciphertext *a, const double *coefficients, int degree,
                                  int level, double scale) {
  double work[POLYNOMIAL_MAX_DEGREE + 1];
  size_t n_bytes = (size_t)(degree + 1) * sizeof *work;
  memcpy(work, coefficients, n_bytes);
  BASE_TRY(polynomial_node(state, NULL, work, degree, level, 1));
  state->power[1] = a;
  for (int i = 2; i <= degree; i++)
    if (state->needed[i])
      BASE_TRY(polynomial_raise(state, i));
  memcpy(work, coefficients, n_bytes);
  return polynomial_node(state, out, work, degree, level, scale);
}

ckks_status eval_polynomial(ckks_ciphertext *out, const ckks_ciphertext *a,
                            const double *coefficients, int degree, ckks_basis basis, double scale,
                            ckks_evaluator *ev) {
  BASE_ASSERT(degree >= 0 && degree <= POLYNOMIAL_MAX_DEGREE && a->n_parts == 2);
  int level = a->level - eval_polynomial_depth(degree), n_spares_used = ev->n_spares_used;
  BASE_ASSERT(level >= 0);
  if (scale == 0)
    scale = ev->params->scale[level];
  if (degree == 0) {
    eval_arith_zero(out, level, scale, ev);
    return eval_add_scalar(out, out, coefficients[0], ev);
  }
  polynomial_state state = {.ev = ev, .basis = basis, .top = a->level};
  state.base = polynomial_choose_base(degree);
  ckks_status status = polynomial_run(&state, out, a, coefficients, degree, level, scale);
  ev->n_spares_used = n_spares_used;
  return status;
}
