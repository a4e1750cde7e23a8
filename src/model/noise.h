/* SPDX-License-Identifier: Apache-2.0 */
/* What each operation of a program adds to the error of its result: read by cost and simulate. */
#ifndef MODEL_NOISE_H
#define MODEL_NOISE_H
#include "model/cost.h"

/** Deviations, in units of values (ckks/noise.h, divided by the scales of the operation). */
typedef struct model_noise {
  double slot;    /**< of each slot, independent; of POLYNOMIAL for each product or sum in it */
  double weight;  /**< of each number of its vectors, rounded: the same in all replicas and runs */
  double rotated; /**< DIAGONALS: of each slot of each rotation, before it meets its weights */
} model_noise;

model_noise model_noise_op(const model_op *op, const model_plan *plan, const model_chain *chain);
/** Of a slot of a fresh input. */
double model_noise_input(const model_chain *chain);
/**
 * What happens to a slot of a result: a fresh encryption of zero is added and flooding noise, and
 * it is rounded to fewer bits than q_0 as a division by the difference rounds.
 */
double model_noise_output(const model_layout *layout, const model_chain *chain);
/** Largest power of two below i, i > 1: X^i is made of X^that and the rest (eval/polynomial.c). */
int model_noise_power(int i);
#endif
