/* SPDX-License-Identifier: Apache-2.0 */
/* The clear reading of a program, on any number of slots, exact or with the noise of ciphertexts.
 */
#ifndef PLAN_READING_H
#define PLAN_READING_H
#include "plan/plan.h"
#include "plan/random.h"

/** Deviations, in units of values (ckks/noise.h, divided by the scales of the operation). */
typedef struct plan_noise {
  double slot;    /**< of each slot, independent; of POLYNOMIAL for each product or sum in it; of
                       BOOTSTRAP the same in all copies of a slot, which `share` leaves alone */
  double weight;  /**< of each number of its vectors, rounded: the same in all replicas and runs */
  double rotated; /**< DIAGONALS: of each slot of each rotation, before it meets its weights */
} plan_noise;

/** The noise of a run; that of weights is in the vectors already. */
typedef struct plan_reading_noise {
  const plan_noise *op; /**< of each operation */
  double share;         /**< of independent noise, what is left in the mean over replicas */
  plan_random *random;
  /** Of each slot, the first operation whose result there was more than `reach` times its max_abs,
   * if that is still -1. May be NULL. */
  int *left;
  double reach;
} plan_reading_noise;

/**
 * input[i] and output[i] are vectors of `slots` slots, a power of two; `vector` stands for the
 * plan's vectors. noise NULL: none.
 */
ckks_status plan_reading_run(double *const *output, const double *const *input,
                             const plan_program *program, const plan_vector *vector, size_t slots,
                             const plan_reading_noise *noise);
#endif
