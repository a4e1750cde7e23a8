/* SPDX-License-Identifier: Apache-2.0 */
/* Linear combinations of ciphertexts at different levels and scales. */
#ifndef EVAL_ARITH_H
#define EVAL_ARITH_H
#include "eval/eval.h"

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
