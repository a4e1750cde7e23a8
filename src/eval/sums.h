/* SPDX-License-Identifier: Apache-2.0 */
/* Pairs of sums over Q and the special primes, divided by the latter: how every switch ends. */
#ifndef EVAL_SUMS_H
#define EVAL_SUMS_H
#include "eval/basis.h"

/**
 * Two polynomials over q_0..q_level and special primes, made limb by limb, to be divided
 * by those of `basis` with rounding. The limbs of the divisor are made first; with one thread
 * each of the others is then finished while it is in the cache. `finish` may write what `sum`
 * reads at the same limb, and nothing else that others read.
 */
typedef struct eval_sums {
  const eval_basis *basis;
  int level, n_quotients; /**< so many limbs of the quotients leave */
  /** Limb i of the level over special moduli: both sums, NTT form, loose. */
  void (*sum)(ring_word *const sum[2], int i, const void *context, ckks_evaluator *ev);
  /** Divides limb i of one sum, which may change, and puts it where it belongs. */
  void (*finish)(ring_word *sum, int part, int i, const eval_division *division,
                 const void *context, ckks_evaluator *ev);
  /** Before limb i is finished: two transforms are to come, what should be read beside them? */
  void (*look_ahead)(int i, const void *context, ckks_evaluator *ev);
  const void *context;
} eval_sums;

void eval_sums_divide(const eval_sums *sums, ckks_evaluator *ev);
/** Limbs of scratch, with those of `sum` and `finish` at most `inner`. */
size_t eval_sums_scratch_limbs(const ckks_params *params, size_t inner);
#endif
