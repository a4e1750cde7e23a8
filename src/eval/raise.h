/* SPDX-License-Identifier: Apache-2.0 */
/* From the base prime to the whole chain, by way of the sparse secret (eprint 2022/024). */
#ifndef EVAL_RAISE_H
#define EVAL_RAISE_H
#include "eval/eval.h"

/**
 * A ciphertext of the polynomial m modulo q_0 (level 0, two parts, any scale) becomes one, at
 * `level`, of m + q_0 I for a polynomial I of integers, small because the secret of weight 32 made
 * it: c_0 and c_1 switched to that secret, taken as integers, and switched back. A coefficient of
 * I is a sum of 33 numbers uniform in [-1/2, 1/2], rounded: |I| < EVAL_SINE_K except with
 * probability 2^-121. The scale stays. out may be a. CKKS_ERROR_KEY without
 * CKKS_KEY_TO_SPARSE or CKKS_KEY_FROM_SPARSE, CKKS_ERROR_MEMORY.
 */
ckks_status eval_raise(ckks_ciphertext *out, const ckks_ciphertext *a, int level,
                       ckks_evaluator *ev);
#endif
