/* SPDX-License-Identifier: Apache-2.0 */
/* Whole key switches. */
#ifndef EVAL_SWITCH_H
#define EVAL_SWITCH_H
#include "eval/digits.h"

/**
 * out = sigma((add0, add1) + switch(input of the digits)), divided by q_level too when `rescale`;
 * sigma is the key's, if it has an index. add1 may be NULL. Parts 0 and 1 of out are written limb
 * by limb in ascending order, each after the last look at the same limb of add0,
 * add1 and the input: unless the digits are kept for further switches, these may be out's.
 */
void eval_switch_run(ckks_ciphertext *out, const ckks_switch_key *key, const ring_poly *add0,
                     const ring_poly *add1, eval_digits *digits, bool rescale, ckks_evaluator *ev);
/** Limb-sized scratch of one switch with its digits, kept or not. */
size_t eval_switch_scratch_limbs(const ckks_params *params, bool keeps);
#endif
