/* SPDX-License-Identifier: Apache-2.0 */
/**
 * x -> sin(2 pi x) near integers: what a modular reduction is made of (Cheon, Han, Kim, Kim, Song,
 * eprint 2018/153; cosine and double angles: Han, Ki, eprint 2019/688).
 *
 * cos(2 pi (x - 1/4) / 2^r) is a polynomial p of degree 2 K - 2, interpolated at the integers
 * below K; then y -> 2 y^2 - 1 r times gives cos(2 pi (x - 1/4)) = sin(2 pi x). Between the
 * integers nothing is asked of p: arguments are integers I plus messages far below one. How far p
 * is off there is p's derivative against the cosine's, smallest around I = 0 and growing with
 * |I| as I does become rarer (docs/math.md has the figures).
 */
#ifndef EVAL_SINE_H
#define EVAL_SINE_H
#include "eval/eval.h"

#define EVAL_SINE_K 16                              /**< integers |I| < K */
#define EVAL_SINE_DEGREE (2 * EVAL_SINE_K - 2)      /**< one node for each */
#define EVAL_SINE_DOUBLINGS 3                       /**< r */
#define EVAL_SINE_SHIFT 2                           /**< turns that the last doubling forgets */
#define EVAL_SINE_LEVELS CKKS_BOOTSTRAP_SINE_LEVELS /**< 5 + r */

typedef struct eval_sine {
  double coefficient[EVAL_SINE_DEGREE + 1]; /**< T_k on [-1, 1] of x / K */
} eval_sine;

/** Solves for the coefficients; the residue at the nodes is below 2^-45. */
void eval_sine_build(eval_sine *out);
/**
 * sin(2 pi x) from `a`, whose slots hold x / K, at exactly `scale`, EVAL_SINE_LEVELS below a's
 * level. a's scale is near the size of the primes of these levels. Needs the relinearisation key.
 */
ckks_status eval_sine_apply(ckks_ciphertext *out, const ckks_ciphertext *a, const eval_sine *sine,
                            double scale, ckks_evaluator *ev);
#endif
