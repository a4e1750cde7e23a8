/* SPDX-License-Identifier: Apache-2.0 */
/* Normal numbers that can be repeated: for simulations, never for secrets. */
#ifndef MODEL_RANDOM_H
#define MODEL_RANDOM_H
#include <stdbool.h>
#include <stdint.h>

typedef struct model_random {
  uint64_t state; /**< any number: model_random_init spreads them */
  bool kept;      /**< numbers come in pairs: `spare` is the other of the last */
  double spare;
} model_random;

/** The numbers of one part of a simulation: the same whoever draws those of the other parts. */
void model_random_init(model_random *random, uint64_t seed, uint64_t part);
/** Of mean 0 and deviation 1. */
double model_random_normal(model_random *random);
#endif
