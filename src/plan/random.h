/* SPDX-License-Identifier: Apache-2.0 */
/* Normal numbers that can be repeated: for simulations, never for secrets. */
#ifndef PLAN_RANDOM_H
#define PLAN_RANDOM_H
#include <stdbool.h>
#include <stdint.h>

typedef struct plan_random {
  uint64_t state; /**< any number: plan_random_init spreads them */
  bool kept;      /**< numbers come in pairs: `spare` is the other of the last */
  double spare;
} plan_random;

/** The numbers of one part of a simulation: the same whoever draws those of the other parts. */
void plan_random_init(plan_random *random, uint64_t seed, uint64_t part);
/** Of mean 0 and deviation 1. */
double plan_random_normal(plan_random *random);
#endif
