/* SPDX-License-Identifier: Apache-2.0 */
/* Whole key switches: one polynomial, one key or several. */
#ifndef EVAL_SWITCH_H
#define EVAL_SWITCH_H
#include "eval/digits.h"

/** Where one result of a switch goes. */
typedef struct eval_switch_target {
  ckks_ciphertext *out;       /**< parts 0 and 1 are written, limb by limb in ascending order */
  const ckks_switch_key *key; /**< all of one n_special; its index, if any, permutes the result */
} eval_switch_target;

/** Limbs of scratch that a batch of targets may take up. */
#define EVAL_SWITCH_BATCH_LIMBS 96
/** Targets that eval_switch_run takes at once when n_special primes are divided by. */
int eval_switch_batch(int n_special);

/**
 * out_t = sigma_t((add0, add1) + switch_t(input)) for each of n_targets <= eval_switch_batch
 * targets, divided by q_level too when `rescale`. add1 may be NULL; add0, add1 and
 * input may be parts of an out: limb i of a result is written after limb i of each
 * has been read for the last time -- when there is one target.
 */
void eval_switch_run(const eval_switch_target *targets, int n_targets, const ring_poly *add0,
                     const ring_poly *add1, const ring_poly *input, int level, bool rescale,
                     ckks_evaluator *ev);
/** Room for the limb-sized scratch of all functions that switch keys. */
size_t eval_switch_scratch_limbs(const ckks_params *params);
#endif
