/* SPDX-License-Identifier: Apache-2.0 */
/**
 * The first half of every key switch: a polynomial cut into digits, the digits
 * over one prime at a time, and their inner product with a key
 * (hybrid key switching, eprint 2019/688 section 3 and 2021/204 section 2.3).
 *
 * A single switch, and sums of switches, walk over the target primes in the outer
 * loop: the digits over one prime stay in the cache until they are used up. Where
 * several results leave separately, the digits over all primes are kept instead.
 */
#ifndef EVAL_DIGITS_H
#define EVAL_DIGITS_H
#include "eval/basis.h"

typedef struct eval_digits {
  const ring_poly *input; /**< NTT form, loose: must stay as it is limb by limb until used */
  int level, n_special, n_digits;
  int n_limbs;           /**< of the input */
  ring_poly coefficient; /**< as many, ready for conversion */
  bool keeps;            /**< the digits over every prime are there */
  ring_poly extended;    /**< of all primes, where they are kept */
} eval_digits;

/** The digits over one prime. */
typedef struct eval_digits_limb {
  const ring_word *digit[CKKS_MAX_Q];
} eval_digits_limb;

/**
 * Decomposes; takes as many limbs as the input has from the arena and, with `keeps`, n_digits
 * times those over the special moduli: then everything is extended here and now.
 */
void eval_digits_begin(eval_digits *digits, const ring_poly *input, int level, int n_special,
                       bool keeps, ckks_evaluator *ev);
/**
 * Brings every digit to limb i of the level over n_special, in n_digits limbs taken from the arena
 * unless they are kept. Limb i of the input is one of them. `key`: whose limb i is read next, and
 * comes in beside the transforms; NULL: nobody's.
 */
void eval_digits_extend(eval_digits_limb *limb, const eval_digits *digits,
                        const ckks_switch_key *key, int i, ckks_evaluator *ev);
/** Inner product of the extended digits with limb i of the key, NTT form, loose. */
void eval_digits_mac(ring_word *out0, ring_word *out1, const eval_digits *digits,
                     const eval_digits_limb *limb, const ckks_switch_key *key, int i,
                     bool accumulate, ckks_evaluator *ev);
/**
 * Spreads the reading of limb i of the key over the next `transforms` forward transforms, and
 * those of extending the digits there.
 */
void eval_digits_look_ahead(const eval_digits *digits, const ckks_switch_key *key, int i,
                            int transforms, ckks_evaluator *ev);
/** Which limb of the level over special moduli has this ring limb. */
static inline int eval_digits_position(const ckks_evaluator *ev, int level, int limb) {
  int n_limbs = ev->params->n_limbs;
  return limb < n_limbs ? limb : ckks_params_limbs(ev->params, level) + limb - n_limbs;
}
#endif
