/* SPDX-License-Identifier: Apache-2.0 */
/* Linear combinations of ciphertexts at different levels and scales. */
#ifndef EVAL_ARITH_H
#define EVAL_ARITH_H
#include "eval/eval.h"

typedef void (*eval_arith_binary)(ring_word *out, const ring_word *a, const ring_word *b, size_t n,
                                  const ring_modulus *m);
/** Sets the fields of a result that is computed limb by limb. */
void eval_arith_finish(ckks_ciphertext *out, int n_parts, int level, double scale);
/** The limbs of one part at that level; out may be a. */
void eval_arith_copy_part(ckks_ciphertext *out, const ckks_ciphertext *a, int part, int level,
                          const ckks_evaluator *ev);
void eval_arith_negate_part(ckks_ciphertext *out, const ckks_ciphertext *a, int part, int level,
                            ckks_evaluator *ev);
/** out = a op b in the limbs of that level. */
void eval_arith_each(ring_poly *out, const ring_poly *a, const ring_poly *b, int level,
                     eval_arith_binary op, ckks_evaluator *ev);

/** Terms of one combination: what one call of kernel->sum_scalar takes. */
#define EVAL_ARITH_MAX_TERMS 64
/** Sums over the same terms that are made together. */
#define EVAL_ARITH_MAX_ROWS 16

/** One term: round(value * target_scale / in->scale) * in. */
typedef struct eval_arith_term {
  const ckks_ciphertext *in; /**< 2 parts, at the level of the sum or above */
  double value;
} eval_arith_term;

/**
 * out = sum of the terms, at `level` and exactly `scale`: each factor is encoded at what is
 * missing between its operand's scale and the sum's. n from 1 to 64; out may be an operand.
 * CKKS_ERROR_RANGE when a factor does not fit.
 */
ckks_status eval_arith_combine(ckks_ciphertext *out, const eval_arith_term *terms, size_t n,
                               int level, double scale, ckks_evaluator *ev);
/** Sums over the same terms, made together. */
typedef struct eval_arith_rows {
  ckks_ciphertext *const *out;
  const eval_arith_term *terms;
  size_t n_rows, n_terms;
  int level;
  bool accumulate;         /**< out is one more term */
  const uint64_t *residue; /**< set by eval_arith_rows_run */
} eval_arith_rows;
/** Row r sums values[r][j] * terms[j] at `scale`; the fields of out are left to the caller. */
ckks_status eval_arith_rows_run(eval_arith_rows *rows, const double *const *values, double scale,
                                ckks_evaluator *ev);
/**
 * eval_sum_scalar for n_rows (1 to 16) rows of n factors over the same operands, which are read
 * once for all of them. No out[r] is an operand. On error the sums are undefined.
 */
ckks_status eval_sum_scalar_rows(ckks_ciphertext *const *out, const ckks_ciphertext *const *in,
                                 const double *const *values, size_t n_rows, size_t n, double scale,
                                 ckks_evaluator *ev);
/** out += tensor(a cut, b cut) at out's level (out in three parts, scale a*b). */
void eval_arith_tensor_add(ckks_ciphertext *out, const ckks_ciphertext *a, const ckks_ciphertext *b,
                           ckks_evaluator *ev);
/** A transparent zero of 2 parts. */
void eval_arith_zero(ckks_ciphertext *out, int level, double scale, ckks_evaluator *ev);
#endif
