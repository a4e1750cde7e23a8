/* SPDX-License-Identifier: Apache-2.0 */
/* Whole key switches. */
#ifndef EVAL_SWITCH_H
#define EVAL_SWITCH_H
#include "eval/digits.h"
#include "eval/sums.h"

/** What a switch is made of: sigma(switched input + add) + addend, sigma the key's, if any. */
typedef struct eval_switch {
  const eval_digits *digits; /**< of the input */
  const ckks_switch_key *key;
  const ring_poly *add[2];         /**< NULL: nothing; with `rescale` both are there */
  bool rescale;                    /**< divided by q_level too */
  const ckks_ciphertext *addend;   /**< for automorphisms; NULL: nothing */
  const ckks_switch_key *next_key; /**< where digits are kept: whose turn is next, or NULL */
} eval_switch;

/**
 * Writes parts 0 and 1 of out, each limb after the last look at the same limb of add, addend and
 * the input: unless the digits are kept for further switches, these may be out's.
 */
void eval_switch_run(ckks_ciphertext *out, const eval_switch *what, ckks_evaluator *ev);
/** eval_automorphism with galois not 1, and addend (NULL: nothing) added to its result. */
ckks_status eval_automorphism_add(ckks_ciphertext *out, const ckks_ciphertext *a, uint32_t galois,
                                  const ckks_ciphertext *addend, ckks_evaluator *ev);
/** Limb-sized scratch of one switch, or sum of rotations, with its digits, kept or not. */
size_t eval_switch_scratch_limbs(const ckks_params *params, bool keeps);
#endif
