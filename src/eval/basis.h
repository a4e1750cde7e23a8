/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Changing the basis of residues: one idea that ModUp, ModDown and rescaling
 * share (Bajard et al., SAC 2016; Halevi, Polyakov, Shoup, CT-RSA 2019).
 *
 * Let D = d_0 * ... * d_{t-1} be a product of ring primes. An integer given by
 * its residues x_j mod d_j is
 *   x = sum_j y_j * (D/d_j) - v * D,   y_j = x_j * (D/d_j)^-1 mod d_j centred,
 * with v = rint(sum_j y_j / d_j) for the representative in (-D/2, D/2).
 * Leaving v out gives a representative below t*D/2: enough for a digit of a key
 * switch, whose noise bound covers it, but not for a division, which must round.
 */
#ifndef EVAL_BASIS_H
#define EVAL_BASIS_H
#include "eval/eval.h"

/** A digit of as many moduli as there can be special ones, two primes each. */
#define EVAL_BASIS_MAX_TERMS (2 * CKKS_MAX_P)

typedef struct eval_basis {
  int n_terms;
  int limb[EVAL_BASIS_MAX_TERMS];         /**< ring limbs of d_0 ... */
  uint64_t inverse[EVAL_BASIS_MAX_TERMS]; /**< (D/d_j)^-1 mod d_j */
  /** For ring limb i: n_terms words D/d_j mod p_i, then -D mod p_i; at weight + i*(n_terms+1). */
  uint64_t *weight;
  uint64_t *reciprocal; /**< D^-1 mod p_i for each ring limb outside D, else 0 */
} eval_basis;

/** All bases that evaluation ever uses, made once. k counts special primes, l is a level. */
struct eval_tables {
  eval_basis *digit;   /**< [(k-1)*n_q + l]: the digit of k levels that ends, or is cut, at q_l */
  eval_basis *special; /**< [k-1]: P_k */
  eval_basis *rescale; /**< [k*n_q + l]: q_l * P_k, k from 0 */
  /** [(k-1)*n_moduli + i]: P_k mod ring limb i. */
  uint64_t *special_product;
  eval_basis *memory; /**< what the three point into */
  uint64_t *words;    /**< all weights, reciprocals and products */
};

ckks_status eval_tables_build(eval_tables **out, const ckks_params *params);
void eval_tables_free(eval_tables *tables);

const eval_basis *eval_basis_digit(const ckks_evaluator *ev, int n_special, int level);
const eval_basis *eval_basis_special(const ckks_evaluator *ev, int n_special);
const eval_basis *eval_basis_rescale(const ckks_evaluator *ev, int n_special, int level);

/** P_k mod ring limb `limb`. */
uint64_t eval_basis_special_product(const ckks_evaluator *ev, int n_special, int limb);

/** y_j in coefficient form, centred, from residue j in NTT form, loose. out may be in. */
void eval_basis_lower(ring_word *out, const ring_word *in, const eval_basis *basis, int j,
                      ckks_evaluator *ev);
/** v, for a basis of two primes or more. */
void eval_basis_quotient(ring_word *v, const ring_poly *y, const eval_basis *basis,
                         ckks_evaluator *ev);
/** The integer mod ring limb `limb` in NTT form, loose; v may be NULL. */
void eval_basis_raise(ring_word *out, const ring_poly *y, const ring_word *v,
                      const eval_basis *basis, int limb, ckks_evaluator *ev);

/** A division of polynomials by D with rounding, limb by limb. */
typedef struct eval_division {
  const eval_basis *basis;
  ring_poly remainder; /**< y_0 ...; n_terms limbs */
  ring_word *quotient; /**< v; NULL when D is prime */
} eval_division;

/** Takes n_terms limbs, and one more when D is not prime, from the arena. */
void eval_division_take(eval_division *division, const eval_basis *basis, ckks_evaluator *ev);
/** residues: the dividend mod d_0 ..., NTT form, loose; may be the limbs of division->remainder. */
void eval_division_begin(eval_division *division, const ring_word *const *residues,
                         ckks_evaluator *ev);
/**
 * (in - remainder) / D + plus for ring limb `limb`; NTT form; out may be in or plus. plus may be
 * NULL, for nothing.
 */
void eval_division_limb(ring_word *out, const ring_word *in, const eval_division *division,
                        int limb, const ring_word *plus, ckks_evaluator *ev);
#endif
