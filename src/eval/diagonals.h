/* SPDX-License-Identifier: Apache-2.0 */
/* What maps by diagonals (diagonals.c) and by windows (windows.c) have in common. */
#ifndef EVAL_DIAGONALS_H
#define EVAL_DIAGONALS_H
#include "eval/digits.h"
#include "eval/eval.h"

/** Giants whose inner sums are held at a time: for each batch babies are remade. */
#define EVAL_DIAGONALS_BATCH 8

/** A pair of polynomials over q_0..q_level and the special primes. */
typedef struct eval_diagonals_pair {
  ring_poly part[2];
} eval_diagonals_pair;

typedef struct eval_diagonals_state {
  const ckks_ciphertext *a;
  const eval_diagonal *terms;
  size_t n_terms;
  int level, n_special;
  int n_chain, n_limbs;      /**< limbs of the level, and those over the special moduli */
  eval_digits digits;        /**< of a; not looked at where all babies are 0 */
  eval_diagonals_pair total; /**< over P*Q: the result times P */
  eval_diagonals_pair sum[EVAL_DIAGONALS_BATCH];
  int giant[EVAL_DIAGONALS_BATCH]; /**< of each sum */
  int n_giants;
  bool with_zero; /**< the batch takes care of giant 0, whose sum is the total itself */
} eval_diagonals_state;

eval_diagonals_pair eval_diagonals_take(int n_limbs, ckks_evaluator *ev);
void eval_diagonals_zero(const eval_diagonals_pair *pair);
/** All terms whose giants are in the batch, added to their sums. */
void eval_diagonals_sums(const eval_diagonals_state *state, ckks_evaluator *ev);
/** total += sigma(sum), sigma the rotation by `giant`; the second part of the sum is switched. */
void eval_diagonals_giant(const eval_diagonals_state *state, const eval_diagonals_pair *sum,
                          int giant, ckks_evaluator *ev);
/** out = in / P over Q. */
void eval_diagonals_divide(const ring_poly *out, const ring_poly *in,
                           const eval_diagonals_state *state, ckks_evaluator *ev);
/** Limb-sized scratch of eval_diagonals. */
size_t eval_diagonals_scratch_limbs(const ckks_params *params);
/** And of eval_windows. */
size_t eval_windows_scratch_limbs(const ckks_params *params);
#endif
