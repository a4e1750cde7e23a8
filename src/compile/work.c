/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The same walk as the room `eval`, counting instead of computing. Each function names the one
 * that it follows; words are counted in limbs here, and become words at the end.
 */
#include "compile/work.h"

#include <math.h>
#include <string.h>

#include "ring/sparse.h"

/* Giants whose sums eval_diagonals holds at a time: for each lot it makes all babies anew. */
#define GIANTS_AT_A_TIME 8
/* How many rows of a matrix exec/prepare.c has summed together (EVAL_ARITH_MAX_ROWS). */
#define ROWS_AT_A_TIME 16
#define MOST_TERMS (CKKS_MAX_P + 1)
/* Bases of the polynomial's powers (eval_polynomial). */
#define MOST_BASE 32

typedef struct counting {
  compile_work *counts;
  const plan_plan *plan;
  const ckks_params_literal *literal;
  const ckks_key_spec *keys;
  size_t n_keys;
  /* Words of work on whole ciphertexts: near in a program of one, far where there are many. */
  uint64_t *whole_words;
  const plan_op *row; /* the last row of a matrix, and how many there are */
  int n_rows;
  bool compact; /* the operation's diagonals are kept as integers */
  const ckks_bootstrapper *bootstrap;
} counting;

static uint64_t prime(const counting *c, int limb) {
  int n_q = c->literal->n_q;
  return limb < n_q ? c->literal->q[limb] : c->literal->p[limb - n_q];
}

/* Special primes of the key for `galois`; both rooms take its n_special for all of an operation. */
static int key_special(const counting *c, uint32_t galois) {
  for (size_t i = 0; i < c->n_keys; i++)
    if (c->keys[i].galois == galois)
      return c->keys[i].n_special;
  return c->literal->n_p; /* no such key: the program cannot run, and what is said of it is moot */
}

static int rotation_special(const counting *c, const plan_op *op, int words) {
  for (int t = 0; t < words * op->n_terms; t++)
    if (op->term[t] != 0)
      return key_special(c, ring_automorphism_rotation(op->term[t], c->literal->log2_n));
  return 0;
}

/* ------------------------------------------------------ bases (eval/basis.c) */

/* eval_basis_raise to one limb; one prime alone enters as it is unless it is much larger. */
static void count_raise(counting *c, const int *from, int n_from, bool quotient, int to) {
  c->counts->ntt++;
  if (n_from == 1)
    c->counts->convert_words += prime(c, from[0]) / 3 >= prime(c, to);
  else
    c->counts->convert_words += (uint64_t)(n_from + (quotient ? 1 : 0));
}

/* eval_basis_lower. */
static void count_lower(counting *c, int n_terms) {
  c->counts->ntt += (uint64_t)n_terms;
  if (n_terms > 1)
    c->counts->point_words += (uint64_t)n_terms;
}

/* A division of n_parts polynomials at level l by k special primes and, perhaps, q_l. */
static void count_divide(counting *c, int n_parts, int l, int k, bool rescale) {
  int from[MOST_TERMS], n = 0;
  if (rescale)
    from[n++] = l;
  for (int j = 0; j < k; j++)
    from[n++] = c->literal->n_q + j;
  for (int part = 0; part < n_parts; part++) {
    count_lower(c, n);
    if (n > 1)
      c->counts->point_words += (uint64_t)n; /* eval_basis_quotient */
    for (int to = 0; to <= l - (rescale ? 1 : 0); to++) {
      count_raise(c, from, n, n > 1, to);
      c->counts->point_words++;
    }
  }
}

/* ---------------------------------------------------- digits (eval/digits.c) */

static int digits_of(int l, int k) {
  return (l + k) / k;
}

/* eval_digits_begin. */
static void count_begin(counting *c, int l, int k) {
  for (int first = 0; first <= l; first += k)
    count_lower(c, l + 1 - first < k ? l + 1 - first : k);
}

/* eval_digits_extend to every limb. */
static void count_extend(counting *c, int l, int k) {
  for (int i = 0; i <= l + k; i++)
    for (int d = 0; d < digits_of(l, k); d++) {
      int from[CKKS_MAX_P], n = 0;
      if (i <= l && i / k == d)
        continue;
      for (int j = d * k; j <= l && j < (d + 1) * k; j++)
        from[n++] = j;
      count_raise(c, from, n, false, i <= l ? i : c->literal->n_q + i - l - 1);
    }
}

/* eval_digits_mac with one key over every limb. */
static void count_mac(counting *c, int l, int k) {
  c->counts->mac_words += (uint64_t)(2 * digits_of(l, k) * (l + 1 + k));
  c->counts->switches++;
}

/* ---------------------------------------------- switches (eval/switch.c, hoist.c) */

/* Tensors at level l, added up, and eval_relinearize with rescaling. */
static void count_products(counting *c, int l, int tensors) {
  int k = key_special(c, 0);
  *c->whole_words += (uint64_t)(3 * tensors * (l + 1));
  count_begin(c, l, k);
  count_extend(c, l, k);
  c->counts->point_words += (uint64_t)(2 * (l + 1)); /* what is added, times P */
  count_mac(c, l, k);
  count_divide(c, 2, l, k, true);
}

/* eval_automorphism, adding another register on the way. */
static void count_rotate_add(counting *c, int l, int k) {
  count_begin(c, l, k);
  count_extend(c, l, k);
  count_mac(c, l, k);
  count_divide(c, 2, l, k, false);
  c->counts->permute_words += (uint64_t)(2 * (l + 1));
}

/* eval_rotate_sum. */
static void count_rotate_sum(counting *c, const plan_op *op) {
  int l = op->level, k = rotation_special(c, op, 1);
  if (k == 0)
    return;
  bool single = op->n_terms == 1 && op->term[0] != 0;
  if (single || (op->index >= 0 && op->index != op->a)) {
    count_rotate_add(c, l, k);
    return;
  }
  count_begin(c, l, k);
  count_extend(c, l, k);
  c->counts->point_words += (uint64_t)(l + 1); /* c0 times P */
  for (int i = 0; i < op->n_terms; i++) {
    if (op->term[i] == 0)
      continue;
    count_mac(c, l, k);
    c->counts->point_words += (uint64_t)(l + 1);
    c->counts->permute_words += (uint64_t)(2 * (l + 1 + k));
  }
  count_divide(c, 2, l, k, false);
}

/* --------------------------------------------------- diagonals (eval/linear.c) */

/* Distinct babies (second = 0) or giants (second = 1) that are not 0. */
static int count_steps(const plan_op *op, int second) {
  int n = 0;
  for (int i = 0; i < op->n_terms; i++) {
    bool seen = op->term[2 * i + second] == 0;
    for (int j = 0; j < i && !seen; j++)
      seen = op->term[2 * j + second] == op->term[2 * i + second];
    n += !seen;
  }
  return n;
}

/* linear_giant: the second part comes down by P and is switched. */
static void count_giant(counting *c, int l, int k) {
  count_divide(c, 1, l, k, false);
  count_begin(c, l, k);
  count_extend(c, l, k);
  count_mac(c, l, k);
  c->counts->point_words += (uint64_t)(l + 1 + k);
  c->counts->permute_words += (uint64_t)(2 * (l + 1 + k));
}

/* Diagonals made of integers each time: written, transformed in place as far as they differ, and
 * repeated. What is not rotated is a multiple of P, and needs none of the special limbs. */
static void count_compact(counting *c, const plan_op *op, int words, int l, int k) {
  size_t n = (size_t)1 << c->literal->log2_n, gap = plan_compact_gap(c->plan, op, n);
  for (int t = 0; t < op->n_terms; t++) {
    uint64_t n_limbs = (uint64_t)l + 1 + (uint64_t)(op->term[words * t] != 0 ? k : 0);
    c->counts->short_butterflies += n_limbs * ring_sparse_butterflies(c->literal->log2_n, gap);
    c->counts->point_words += n_limbs;
  }
}

/* Different columns but 0 that a row of windows has; -1: no window is there. */
static int count_columns(const plan_op *op, int row, const plan_window_steps *steps, int log2_n) {
  int32_t slots = (int32_t)1 << (log2_n - 1), column[PLAN_MAX_KEYS];
  int32_t at = row < 0 ? slots + row * steps->down : row * steps->up;
  int n = -1;
  for (int t = 0; t < op->n_terms; t++) {
    if (op->term[3 * t + 1] != at)
      continue;
    bool seen = op->term[3 * t] == 0;
    n = n < 0 ? 0 : n;
    for (int s = 0; s < n && !seen; s++)
      seen = column[s] == op->term[3 * t];
    if (!seen && n < PLAN_MAX_KEYS)
      column[n++] = op->term[3 * t];
  }
  return n;
}

/* eval_diagonals at level l. */
static void count_diagonals(counting *c, const plan_op *op, int l) {
  int k = rotation_special(c, op, 2), babies = count_steps(op, 0), giants = count_steps(op, 1);
  c->counts->point_words += (uint64_t)(2 * op->n_terms * (l + 1 + k));
  if (c->compact)
    count_compact(c, op, 2, l, k);
  if (k == 0)
    return;
  int lots = giants > GIANTS_AT_A_TIME ? (giants + GIANTS_AT_A_TIME - 1) / GIANTS_AT_A_TIME : 1;
  count_begin(c, l, k);
  for (int lot = 0; lot < lots; lot++) {
    c->counts->point_words += (uint64_t)(2 * (l + 1)); /* a times P */
    if (babies > 0)
      count_extend(c, l, k);
    for (int b = 0; b < babies; b++) {
      count_mac(c, l, k);
      c->counts->point_words += (uint64_t)(l + 1);
      c->counts->permute_words += (uint64_t)(2 * (l + 1 + k));
    }
  }
  for (int g = 0; g < giants; g++)
    count_giant(c, l, k);
  count_divide(c, 2, l, k, false);
}

/* ---------------------------------------------- polynomials (eval/polynomial.c) */

typedef struct powers {
  int top, base;
  bool chebyshev;
  bool needed[ENCODING_MAX_DEGREE + 1];
} powers;

/* Smallest e with 2^e >= n. */
static int log2_above(int n) {
  int e = 0;
  while (1 << e < n)
    e++;
  return e;
}

/* polynomial_need. */
static void need(powers *p, int i) {
  if (i < 1 || p->needed[i])
    return;
  p->needed[i] = true;
  if (i == 1)
    return;
  int a = 1 << (log2_above(i) - 1);
  need(p, a);
  need(p, i - a);
  if (p->chebyshev)
    need(p, 2 * a - i);
}

/* polynomial_split: T_(G+j) = 2 T_G T_j - T_(G-j); what may be other than zero counts. */
static void split(const powers *p, double *coefficient, int degree, int giant) {
  for (int i = giant + 1; p->chebyshev && i <= degree; i++)
    coefficient[2 * giant - i] += fabs(coefficient[i]);
}

/* polynomial_node: its products, and the nodes below it. */
static void count_node(counting *c, powers *p, double *coefficient, int degree, int level) {
  int budget = p->top - level, products = 0, terms = 0;
  int base = budget > 1 && 1 << (budget - 1) < p->base ? 1 << (budget - 1) : p->base;
  if (base < 2 || budget == 1)
    base = 2;
  for (int giant = 1 << log2_above(degree + 1) >> 1; giant >= base; giant /= 2) {
    while (degree >= giant && coefficient[degree] == 0.0)
      degree--;
    split(p, coefficient, degree, giant);
    int quotient = degree - giant;
    degree = giant - 1;
    if (quotient < 0)
      continue;
    need(p, giant);
    products += quotient > 0;
    terms += quotient == 0;
    if (quotient > 0)
      count_node(c, p, coefficient + giant, quotient, level + 1);
  }
  for (int i = 1; i <= degree; i++)
    if (coefficient[i] != 0.0) {
      need(p, i);
      terms++;
    }
  c->counts->point_words += (uint64_t)(2 * terms * (level + 2)); /* eval_arith_combine */
  if (products > 0)
    count_products(c, level + 1, products);
  else if (terms > 0)
    count_divide(c, 2, level + 1, 0, true);
}

/* eval_polynomial and eval_polynomial_slots: which coefficients are not 0 is read of them. */
static void count_tree(counting *c, powers *p, double *coefficient, int degree, int level) {
  p->base = 2;
  while (p->base < MOST_BASE && 2 * p->base * p->base <= degree + 1)
    p->base *= 2;
  count_node(c, p, coefficient, degree, level);
  for (int i = 2; i <= degree; i++)
    if (p->needed[i])
      count_products(c, p->top - log2_above(i) + 1, 1);
}

/* How large each coefficient gets: which of them are 0 everywhere is what matters here. */
static void largest_coefficients(double *largest, const plan_plan *plan, const plan_op *op) {
  bool slots = plan_is_slots(op);
  const plan_vector *vector = &plan->vector[op->index];
  memset(largest, 0, (ENCODING_MAX_DEGREE + 1) * sizeof *largest);
  for (size_t k = 0; !slots && k < vector->period; k++)
    largest[k] = fabs(vector->value[k]);
  for (int t = 0; slots && t < op->n_terms; t++)
    for (size_t j = 0; j < vector[t].period && largest[op->term[t]] == 0.0; j++)
      largest[op->term[t]] = fabs(vector[t].value[j]);
}

/* eval_polynomial, and eval_polynomial_slots, whose factors are plaintexts instead of numbers. */
static void count_polynomial(counting *c, const plan_op *op) {
  double coefficient[ENCODING_MAX_DEGREE + 1];
  int degree = plan_degree(c->plan, op);
  powers p = {.top = plan_top(c->plan, op), .chebyshev = plan_is_chebyshev(op)};
  largest_coefficients(coefficient, c->plan, op);
  count_tree(c, &p, coefficient, degree, op->level);
}

/* ----------------------------------------------------- bootstraps (eval/bootstrap.c) */

/* eval_fourier_apply. */
static void count_fourier(counting *c, const eval_fourier *fourier, bool rescale) {
  int32_t term[2 * 64];
  for (int i = 0; i < fourier->n_stages; i++) {
    const eval_fourier_stage *stage = &fourier->stage[i];
    plan_op op = {.kind = PLAN_OP_DIAGONALS, .n_terms = (int)stage->n_terms, .term = term};
    BASE_ASSERT(2 * stage->n_terms <= sizeof term / sizeof *term);
    for (size_t t = 0; t < stage->n_terms; t++) {
      term[2 * t] = stage->terms[t].baby;
      term[2 * t + 1] = stage->terms[t].giant;
    }
    count_diagonals(c, &op, stage->level);
    if (rescale || i < fourier->n_stages - 1)
      count_divide(c, 2, stage->level, 0, true);
  }
}

/* eval_raise: to the sparse secret modulo q_0 p_0, then both parts over every limb, and back. */
static void count_raised(counting *c, int top) {
  const int base = 0;
  count_begin(c, 0, 1);
  count_extend(c, 0, 1);
  count_mac(c, 0, 1);
  count_divide(c, 2, 0, 1, false);
  count_lower(c, 2);
  for (int i = 0; i <= top + 1; i++)
    count_raise(c, &base, 1, false, i <= top ? i : c->literal->n_q);
  c->counts->mac_words += (uint64_t)(2 * (top + 2));
  c->counts->switches++;
  for (int i = 0; i <= top; i++)
    count_raise(c, &base, 1, false, i);
  count_divide(c, 2, top, 1, false);
}

/* eval_sine_apply: a polynomial, then doublings. */
static void count_sine(counting *c, const eval_sine *sine, int top) {
  double coefficient[EVAL_SINE_DEGREE + 1];
  int level = top - (EVAL_SINE_LEVELS - EVAL_SINE_DOUBLINGS);
  powers p = {.top = top, .chebyshev = true};
  memcpy(coefficient, sine->coefficient, sizeof coefficient);
  count_tree(c, &p, coefficient, EVAL_SINE_DEGREE, level);
  for (int i = 0; i < EVAL_SINE_DOUBLINGS; i++)
    count_products(c, level - i, 1);
}

static void count_bootstrap(counting *c) {
  const ckks_bootstrapper *b = c->bootstrap;
  int k = c->literal->n_p;
  BASE_ASSERT(b != NULL);
  count_fourier(c, &b->stc, true);
  count_raised(c, b->top);
  for (int bit = b->literal.log2_slots; bit < c->literal->log2_n - 1; bit++)
    count_rotate_add(c, b->top, k);
  count_fourier(c, &b->cts, false);
  count_rotate_add(c, b->level_sine + 1, k); /* the conjugate */
  count_divide(c, 2, b->level_sine + 1, 0, true);
  count_sine(c, &b->sine, b->level_sine);
}

/* ------------------------------------------------------------ programs (exec/exec.c) */

/* Rows whose sums read the same operands are made together, from blocks that are near by then. */
static void count_dense(counting *c, const plan_op *op, int l) {
  const plan_op *row = c->row;
  bool further = row != NULL && c->n_rows < ROWS_AT_A_TIME && row->n_terms == op->n_terms &&
                 row->level == op->level &&
                 memcmp(row->term, op->term, (size_t)op->n_terms * sizeof *op->term) == 0;
  uint64_t *words = further ? &c->counts->row_words : &c->counts->sum_words;
  *words += (uint64_t)(2 * op->n_terms * (l + 1));
  c->n_rows = further ? c->n_rows + 1 : 1;
  c->row = op;
  count_divide(c, 2, l, 0, true);
}

/* eval_windows at level l. */
static void count_windows(counting *c, const plan_op *op, int l) {
  plan_window_steps steps;
  int k = rotation_special(c, op, 3), lots, passes = 0;
  plan_windows(&steps, op, c->literal->log2_n);
  lots = steps.n_giants / GIANTS_AT_A_TIME + 1;
  c->counts->point_words += (uint64_t)(2 * op->n_terms * (l + 1 + k));
  if (c->compact)
    count_compact(c, op, 3, l, k);
  for (int row = -steps.n_down; row <= steps.n_up; row++) {
    int columns = count_columns(op, row, &steps, c->literal->log2_n);
    for (int lot = 0; lot < lots && columns >= 0; lot++) {
      c->counts->point_words += (uint64_t)(2 * (l + 1)); /* a times P */
      if (columns > 0) {
        count_begin(c, l, k);
        count_extend(c, l, k);
      }
      for (int b = 0; b < columns; b++) {
        count_mac(c, l, k);
        c->counts->point_words += (uint64_t)(l + 1);
        c->counts->permute_words += (uint64_t)(2 * (l + 1 + k));
      }
    }
    passes += row != 0;
  }
  for (int step = 0; step < lots * passes; step++)
    count_rotate_add(c, l, k);
  for (int g = 0; g < steps.n_giants; g++)
    count_giant(c, l, k);
  count_divide(c, 2, l, k, false);
}

static void count_op(counting *c, const plan_op *op) {
  int l = op->level + 1; /* where a rescaling op works */
  switch (op->kind) {
  case PLAN_OP_ADD_VECTOR:
    *c->whole_words += (uint64_t)(op->level + 1);
    break;
  case PLAN_OP_ROTATE_SUM:
    count_rotate_sum(c, op);
    break;
  case PLAN_OP_MUL_SUM:
    count_products(c, l, op->n_terms);
    break;
  case PLAN_OP_POLYNOMIAL:
  case PLAN_OP_CHEBYSHEV:
  case PLAN_OP_SLOT_POLYNOMIALS:
  case PLAN_OP_SLOT_CHEBYSHEV:
    count_polynomial(c, op);
    break;
  case PLAN_OP_DIAGONALS:
    count_diagonals(c, op, l);
    count_divide(c, 2, l, 0, true);
    break;
  case PLAN_OP_WINDOWS:
    count_windows(c, op, l);
    count_divide(c, 2, l, 0, true);
    break;
  case PLAN_OP_MUL_VECTOR:
    c->counts->point_words += (uint64_t)(2 * (l + 1));
    count_divide(c, 2, l, 0, true);
    break;
  case PLAN_OP_DENSE:
    count_dense(c, op, l);
    break;
  case PLAN_OP_BOOTSTRAP:
    count_bootstrap(c);
    break;
  }
}

void compile_work_program(compile_work *counts, const plan_plan *plan, const plan_program *program,
                          const ckks_params_literal *literal, const ckks_key_spec *keys,
                          size_t n_keys, size_t weights_bytes, const ckks_bootstrapper *bootstrap) {
  compile_work_ops(counts, plan, program, 0, program->n_ops, literal, keys, n_keys, weights_bytes,
                   bootstrap);
}

void compile_work_ops(compile_work *counts, const plan_plan *plan, const plan_program *program,
                      int first, int end, const ckks_params_literal *literal,
                      const ckks_key_spec *keys, size_t n_keys, size_t weights_bytes,
                      const ckks_bootstrapper *bootstrap) {
  bool compact[PLAN_MAX_OPS], one = program->n_inputs == 1;
  counting c = {.counts = counts,
                .plan = plan,
                .literal = literal,
                .keys = keys,
                .n_keys = n_keys,
                .bootstrap = bootstrap,
                .whole_words = one ? &counts->point_words : &counts->sum_words};
  uint64_t n = (uint64_t)1 << literal->log2_n;
  memset(counts, 0, sizeof *counts);
  plan_compact_choose(compact, program, n, literal->n_p, weights_bytes);
  for (int i = first; i < end; i++) {
    c.compact = compact[i];
    count_op(&c, &program->op[i]);
  }
  for (size_t i = 0; i < n_keys; i++)
    counts->key_words += n * (uint64_t)(2 * digits_of(keys[i].level, keys[i].n_special) *
                                        (keys[i].level + 1 + keys[i].n_special));
  counts->set_words = n * (uint64_t)(3 * program->n_inputs * literal->n_q);
  counts->mac_words *= n;
  counts->convert_words *= n;
  counts->permute_words *= n;
  counts->point_words *= n;
  counts->sum_words *= n;
  counts->row_words *= n;
}
