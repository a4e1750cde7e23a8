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
#include "eval/polynomial.h"

/* Linear terms of a node: below the base, and a giant for each bit of the degree. */
#define POLYNOMIAL_MAX_BASE 32

/* All b_i that are ever computed: those below the largest base, and b_32, b_64, ... b_1024. */
#define POLYNOMIAL_N_POWERS (POLYNOMIAL_MAX_BASE + 6)

/* The tree is walked to know the powers, to see whether all factors can be encoded, to encode
 * vectors, to compute. */
typedef enum polynomial_pass {
  POLYNOMIAL_MARK,
  POLYNOMIAL_TRY,
  POLYNOMIAL_ENCODE,
  POLYNOMIAL_RUN
} polynomial_pass;

typedef struct polynomial_state {
  polynomial_pass pass;
  const ckks_params *params;
  ckks_evaluator *ev; /* POLYNOMIAL_RUN */
  ckks_basis basis;
  /* Coefficients, or where they are vectors the largest |.| of each; split on the way down. */
  double work[EVAL_POLYNOMIAL_MAX_DEGREE + 1];
  const eval_polynomial_slots *slots; /* POLYNOMIAL_RUN with vectors */
  const eval_polynomial_rows *rows;   /* POLYNOMIAL_ENCODE */
  bool vectors;
  size_t n_plaintexts; /* of slots, used so far */
  int top;             /* level of b_1 */
  int base;            /* a power of two: below it b_i are computed one by one */
  bool needed[POLYNOMIAL_N_POWERS];
  const ckks_ciphertext *power[POLYNOMIAL_N_POWERS]; /* b_i at polynomial_place(i), or NULL */
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

/* Where b_i stands among them. */
static int polynomial_place(int i) {
  BASE_ASSERT(i < POLYNOMIAL_MAX_BASE || (i & (i - 1)) == 0);
  return i < POLYNOMIAL_MAX_BASE ? i : POLYNOMIAL_MAX_BASE + polynomial_log2(i) - 5;
}

static void polynomial_need(polynomial_state *state, int i) {
  if (i < 1 || state->needed[polynomial_place(i)])
    return;
  state->needed[polynomial_place(i)] = true;
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
  const ckks_ciphertext *first = state->power[polynomial_place(a)],
                        *second = state->power[polynomial_place(b)];
  int level = first->level < second->level ? first->level : second->level;
  ckks_ciphertext *out, *product;
  BASE_TRY(eval_spare_take(&out, level - 1, 2, ev));
  int n_spares_used = ev->n_spares_used;
  BASE_TRY(eval_spare_take(&product, level, 3, ev));
  ckks_ciphertext first_view = polynomial_view(first, level);
  ckks_ciphertext second_view = polynomial_view(second, level);
  eval_tensor(product, &first_view, &second_view, ev);
  if (state->basis == CKKS_CHEBYSHEV)
    BASE_TRY(polynomial_chebyshev_step(product,
                                       a == b ? NULL : state->power[polynomial_place(a - b)], ev));
  BASE_TRY(eval_relinearize(out, product, true, ev));
  ev->n_spares_used = n_spares_used;
  state->power[polynomial_place(i)] = out;
  return CKKS_OK;
}

/* ------------------------------------------------------------------ nodes */

/*
 * p = q * b_giant + r in place, for degree < 2*giant: r below coefficients[giant], q from
 * there on. Returns the degree of q, -1 when q is zero. Of vectors the sizes are added: what
 * may be other than zero anywhere counts.
 */
static int polynomial_split(polynomial_state *state, double *coefficients, int degree, int giant) {
  size_t first = (size_t)(coefficients - state->work);
  while (degree >= giant && coefficients[degree] == 0)
    degree--;
  if (state->basis == CKKS_CHEBYSHEV)
    for (int i = giant + 1; i <= degree; i++) { /* T_(G+j) = 2 T_G T_j - T_(G-j) */
      coefficients[2 * giant - i] -= state->vectors ? -coefficients[i] : coefficients[i];
      coefficients[i] *= 2;
      if (state->pass == POLYNOMIAL_ENCODE)
        eval_polynomial_rows_split(state->rows, first + (size_t)i, first + (size_t)(2 * giant - i));
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
  *scale = product_scale / state->power[polynomial_place(i)]->scale;
  if (*scale >= POLYNOMIAL_MIN_SCALE)
    return CKKS_OK;
  return base_fail(CKKS_ERROR_RANGE,
                   "polynomial: the scales 2^%.1f of term %d and 2^%.1f of the sum leave 2^%.1f "
                   "for the factor: choose primes nearer to the scale",
                   log2(state->power[polynomial_place(i)]->scale), i, log2(product_scale),
                   log2(*scale));
}

/*
 * *sum += q * b_giant at `level`; *sum is taken when it is NULL. Where nothing is computed only
 * what is in q is visited.
 */
static ckks_status polynomial_product(polynomial_state *state, ckks_ciphertext **sum, double *q,
                                      int degree, int giant, int level, double product_scale) {
  ckks_evaluator *ev = state->ev;
  bool first = *sum == NULL;
  double scale = 1;
  ckks_ciphertext *child;
  if (state->pass != POLYNOMIAL_MARK)
    BASE_TRY(polynomial_leftover(&scale, state, giant, product_scale));
  if (state->pass != POLYNOMIAL_RUN)
    return polynomial_node(state, NULL, q, degree, level, scale);
  if (first)
    BASE_TRY(eval_spare_take(sum, level, 3, ev));
  int n_spares_used = ev->n_spares_used;
  BASE_TRY(eval_spare_take(&child, level, 2, ev));
  BASE_TRY(polynomial_node(state, child, q, degree, level, scale));
  ckks_ciphertext view = polynomial_view(state->power[polynomial_place(giant)], level);
  if (first)
    eval_tensor(*sum, child, &view, ev);
  else
    eval_arith_tensor_add(*sum, child, &view, ev);
  (*sum)->scale = product_scale;
  ev->n_spares_used = n_spares_used;
  return CKKS_OK;
}

static const ckks_plaintext *polynomial_next(polynomial_state *state) {
  BASE_ASSERT(state->n_plaintexts < state->slots->n_plaintexts);
  return state->slots->plaintext[state->n_plaintexts++];
}

/* polynomial_combine where the c_i are vectors, encoded for this very place. */
static ckks_status polynomial_combine_vectors(polynomial_state *state, ckks_ciphertext **out,
                                              const int *listed, size_t n, int level,
                                              double product_scale) {
  BASE_TRY(eval_spare_take(out, level, 2, state->ev));
  for (size_t t = 0; t < n; t++) {
    ckks_ciphertext view = polynomial_view(state->power[polynomial_place(listed[t])], level);
    const ckks_plaintext *factor = polynomial_next(state);
    if (t == 0)
      eval_mul_plain(*out, &view, factor, state->ev);
    else
      eval_mul_plain_add(*out, &view, factor, state->ev);
  }
  (*out)->scale = product_scale;
  return CKKS_OK;
}

/* The terms c_i * b_i for the n listed i, at `level` and product_scale, in a spare. */
static ckks_status polynomial_combine(polynomial_state *state, ckks_ciphertext **out,
                                      const double *coefficients, const int *listed, size_t n,
                                      int level, double product_scale) {
  eval_arith_term terms[EVAL_ARITH_MAX_TERMS];
  double scale;
  if (state->vectors)
    return polynomial_combine_vectors(state, out, listed, n, level, product_scale);
  for (size_t t = 0; t < n; t++) {
    BASE_TRY(polynomial_leftover(&scale, state, listed[t], product_scale));
    terms[t] =
        (eval_arith_term){state->power[polynomial_place(listed[t])], coefficients[listed[t]]};
  }
  BASE_TRY(eval_spare_take(out, level, 2, state->ev));
  return eval_arith_combine(*out, terms, n, level, product_scale, state->ev);
}

/* A polynomial of degree 0 (which of vectors may be one of zeros alone). */
static ckks_status polynomial_constant(polynomial_state *state, ckks_ciphertext *out, double value,
                                       int level, double scale) {
  eval_arith_zero(out, level, scale, state->ev);
  if (!state->vectors)
    return eval_add_scalar(out, out, value, state->ev);
  if (value != 0)
    eval_add_plain(out, out, polynomial_next(state), state->ev);
  return CKKS_OK;
}

/*
 * out = (sum + linear terms + constant) / q_(level+1); sum may be NULL, n_linear 0. When both are,
 * the constant alone is left.
 */
static ckks_status polynomial_finish(polynomial_state *state, ckks_ciphertext *out,
                                     ckks_ciphertext *sum, const double *coefficients,
                                     const int *linear, size_t n_linear, int level, double scale) {
  ckks_evaluator *ev = state->ev;
  double product_scale = scale * ckks_params_modulus(ev->params, level + 1);
  ckks_ciphertext *combined = NULL;
  if (sum == NULL && n_linear == 0)
    return polynomial_constant(state, out, coefficients[0], level, scale);
  if (n_linear > 0)
    BASE_TRY(polynomial_combine(state, &combined, coefficients, linear, n_linear, level + 1,
                                product_scale));
  if (sum == NULL)
    sum = combined;
  else if (combined != NULL)
    eval_add(sum, sum, combined, ev);
  if (coefficients[0] != 0 && !state->vectors)
    BASE_TRY(eval_add_scalar(sum, sum, coefficients[0], ev));
  if (sum->n_parts == 3)
    BASE_TRY(eval_relinearize(out, sum, true, ev));
  else
    eval_rescale(out, sum, ev);
  out->scale = scale;
  if (coefficients[0] != 0 && state->vectors)
    eval_add_plain(out, out, polynomial_next(state), ev);
  return CKKS_OK;
}

/* The plaintexts that polynomial_finish will ask for, in its order. */
static ckks_status polynomial_encode_node(polynomial_state *state, const double *coefficients,
                                          const int *linear, size_t n_linear, int level,
                                          double scale) {
  size_t first = (size_t)(coefficients - state->work);
  double product_scale = scale * ckks_params_modulus(state->params, level + 1), leftover;
  for (size_t t = 0; t < n_linear; t++) {
    BASE_TRY(polynomial_leftover(&leftover, state, linear[t], product_scale));
    BASE_TRY(
        eval_polynomial_rows_encode(state->rows, first + (size_t)linear[t], level + 1, leftover));
  }
  if (coefficients[0] == 0)
    return CKKS_OK;
  return eval_polynomial_rows_encode(state->rows, first, level, scale);
}

static ckks_status polynomial_try_factor(const polynomial_state *state, double value, int level,
                                         double scale) {
  double limit = state->vectors ? ckks_encode_limit(level, scale, state->params)
                                : ckks_encode_limit_scalar(level, scale, state->params);
  return fabs(value) < limit
             ? CKKS_OK
             : base_fail(CKKS_ERROR_RANGE,
                         "polynomial: a coefficient of %g; up to %g fits at its place", value,
                         limit);
}

/* As polynomial_finish encodes them. */
static ckks_status polynomial_try_node(const polynomial_state *state, const double *coefficients,
                                       const int *linear, size_t n_linear, int level,
                                       double scale) {
  double product_scale = scale * ckks_params_modulus(state->params, level + 1), leftover = 1;
  for (size_t t = 0; t < n_linear; t++) {
    BASE_TRY(polynomial_leftover(&leftover, state, linear[t], product_scale));
    BASE_TRY(polynomial_try_factor(state, coefficients[linear[t]], level + 1, leftover));
  }
  if (state->vectors)
    return polynomial_try_factor(state, coefficients[0], level, scale);
  return polynomial_try_factor(state, coefficients[0], level + 1, product_scale);
}

/*
 * The node due at `level`; overwrites the coefficients. The way down is the same whether it is
 * marked which b_i will be needed, encoded or computed; out is for the last alone.
 */
static ckks_status polynomial_node(polynomial_state *state, ckks_ciphertext *out,
                                   double *coefficients, int degree, int level, double scale) {
  int budget = state->top - level;
  /* b_i must have come to level + 1, so i <= 2^(budget-1): there is less choice near the top */
  int base = budget > 1 && 1 << (budget - 1) < state->base ? 1 << (budget - 1) : state->base;
  if (base < 2 || budget == 1)
    base = 2;
  double product_scale = scale * ckks_params_modulus(state->params, level + 1);
  int linear[EVAL_ARITH_MAX_TERMS]; /* indices of the terms with a constant factor */
  size_t n_linear = 0;
  ckks_ciphertext *sum = NULL;
  for (int giant = 1 << polynomial_log2(degree + 1) >> 1; giant >= base; giant /= 2) {
    int q_degree = polynomial_split(state, coefficients, degree, giant);
    degree = giant - 1;
    if (q_degree < 0)
      continue;
    if (state->pass == POLYNOMIAL_MARK)
      polynomial_need(state, giant);
    if (q_degree == 0)
      linear[n_linear++] = giant;
    else
      BASE_TRY(polynomial_product(state, &sum, coefficients + giant, q_degree, giant, level + 1,
                                  product_scale));
  }
  for (int i = 1; i <= degree; i++)
    if (coefficients[i] != 0)
      linear[n_linear++] = i;
  if (state->pass == POLYNOMIAL_RUN)
    return polynomial_finish(state, out, sum, coefficients, linear, n_linear, level, scale);
  if (state->pass == POLYNOMIAL_TRY)
    return polynomial_try_node(state, coefficients, linear, n_linear, level, scale);
  if (state->pass == POLYNOMIAL_ENCODE)
    return polynomial_encode_node(state, coefficients, linear, n_linear, level, scale);
  for (size_t t = 0; t < n_linear; t++)
    polynomial_need(state, linear[t]);
  return CKKS_OK;
}

/* One walk over the coefficients, which it overwrites. */
static ckks_status polynomial_walk(polynomial_state *state, polynomial_pass pass,
                                   ckks_ciphertext *out, const double *coefficients, int degree,
                                   int level, double scale) {
  state->pass = pass;
  memcpy(state->work, coefficients, (size_t)(degree + 1) * sizeof *coefficients);
  return polynomial_node(state, out, state->work, degree, level, scale);
}

/* Marks, computes the b_i in ascending order, evaluates. */
static ckks_status polynomial_run(polynomial_state *state, ckks_ciphertext *out,
                                  const ckks_ciphertext *a, const double *coefficients, int degree,
                                  int level, double scale) {
  ckks_ciphertext view = polynomial_view(a, level + eval_polynomial_depth(degree));
  int n_spares_used = state->ev->n_spares_used;
  state->params = state->ev->params;
  state->top = view.level;
  state->base = polynomial_choose_base(degree);
  BASE_TRY(polynomial_walk(state, POLYNOMIAL_MARK, NULL, coefficients, degree, level, 1));
  state->power[polynomial_place(1)] = &view;
  ckks_status status = CKKS_OK;
  for (int i = 2; i <= degree && status == CKKS_OK; i += i < POLYNOMIAL_MAX_BASE ? 1 : i)
    if (state->needed[polynomial_place(i)])
      status = polynomial_raise(state, i);
  if (status == CKKS_OK)
    status = polynomial_walk(state, POLYNOMIAL_RUN, out, coefficients, degree, level, scale);
  state->ev->n_spares_used = n_spares_used;
  return status;
}

ckks_status eval_polynomial(ckks_ciphertext *out, const ckks_ciphertext *a,
                            const double *coefficients, int degree, ckks_basis basis, double scale,
                            ckks_evaluator *ev) {
  BASE_ASSERT(degree >= 0 && degree <= EVAL_POLYNOMIAL_MAX_DEGREE && a->n_parts == 2);
  int level = a->level - eval_polynomial_depth(degree);
  BASE_ASSERT(level >= 0);
  if (scale == 0)
    scale = ev->params->scale[level];
  polynomial_state state = {.ev = ev, .basis = basis};
  if (degree == 0)
    return polynomial_constant(&state, out, coefficients[0], level, scale);
  return polynomial_run(&state, out, a, coefficients, degree, level, scale);
}

ckks_status eval_polynomial_slots_run(ckks_ciphertext *out, const ckks_ciphertext *a,
                                      const eval_polynomial_slots *slots, ckks_evaluator *ev) {
  BASE_ASSERT(a->n_parts == 2 && a->level >= slots->level);
  BASE_ASSERT(ckks_scale_equal(a->scale, slots->in_scale));
  polynomial_state state = {.ev = ev, .basis = slots->basis, .slots = slots, .vectors = true};
  if (slots->degree == 0)
    return polynomial_constant(&state, out, slots->largest[0], slots->level, slots->scale);
  return polynomial_run(&state, out, a, slots->largest, slots->degree,
                        slots->level - eval_polynomial_depth(slots->degree), slots->scale);
}

/* The b_i as headers alone: what is encoded depends on their levels and scales. */
static void polynomial_shape(polynomial_state *state, ckks_ciphertext *power, int degree,
                             double in_scale) {
  ckks_ciphertext *one = &power[polynomial_place(1)];
  one->level = state->top;
  one->scale = in_scale;
  state->power[polynomial_place(1)] = one;
  for (int i = 2; i <= degree; i += i < POLYNOMIAL_MAX_BASE ? 1 : i) {
    if (!state->needed[polynomial_place(i)])
      continue;
    int a = polynomial_larger(i);
    const ckks_ciphertext *first = state->power[polynomial_place(a)],
                          *second = state->power[polynomial_place(i - a)];
    int level = first->level < second->level ? first->level : second->level;
    ckks_ciphertext *out = &power[polynomial_place(i)];
    out->level = level - 1;
    out->scale = first->scale * second->scale / ckks_params_modulus(state->params, level);
    state->power[polynomial_place(i)] = out;
  }
}

ckks_status eval_polynomial_try(const double *coefficients, int degree, ckks_basis basis,
                                bool vectors, int top, double in_scale, double scale,
                                const ckks_params *params) {
  ckks_ciphertext power[POLYNOMIAL_N_POWERS] = {0};
  int level = top - eval_polynomial_depth(degree);
  polynomial_state state = {.params = params,
                            .basis = basis,
                            .top = top,
                            .base = polynomial_choose_base(degree),
                            .vectors = vectors};
  BASE_ASSERT(level >= 0 && degree <= EVAL_POLYNOMIAL_MAX_DEGREE);
  if (degree == 0)
    return polynomial_try_factor(&state, coefficients[0], level, scale);
  BASE_TRY(polynomial_walk(&state, POLYNOMIAL_MARK, NULL, coefficients, degree, level, 1));
  polynomial_shape(&state, power, degree, in_scale);
  return polynomial_walk(&state, POLYNOMIAL_TRY, NULL, coefficients, degree, level, scale);
}

ckks_status eval_polynomial_encode(const eval_polynomial_rows *rows) {
  const eval_polynomial_slots *slots = rows->slots;
  ckks_ciphertext power[POLYNOMIAL_N_POWERS] = {0};
  int degree = slots->degree, level = slots->level - eval_polynomial_depth(degree);
  polynomial_state state = {.params = rows->params,
                            .basis = slots->basis,
                            .top = slots->level,
                            .base = polynomial_choose_base(degree),
                            .rows = rows,
                            .vectors = true};
  BASE_ASSERT(level >= 0);
  if (degree == 0)
    return slots->largest[0] == 0 ? CKKS_OK
                                  : eval_polynomial_rows_encode(rows, 0, level, slots->scale);
  BASE_TRY(polynomial_walk(&state, POLYNOMIAL_MARK, NULL, slots->largest, degree, level, 1));
  polynomial_shape(&state, power, degree, slots->in_scale);
  return polynomial_walk(&state, POLYNOMIAL_ENCODE, NULL, slots->largest, degree, level,
                         slots->scale);
}
