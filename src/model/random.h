/* SPDX-License-Identifier: Apache-2.0 */
/* Normal numbers that can be repeated: for simulations, never for secrets. */
#ifndef MODEL_RANDOM_H
#define MODEL_RANDOM_H
#include <stdbool.h>
#include <stdint.h>

typedef struct model_random {
  uint64_t state; /**< the seed */
  bool kept;      /**< numbers come in pairs: `spare` is the other of the last */
  double spare;
} model_random;

/** Of mean 0 and deviation 1. */
double model_random_normal(model_random *random);
#endif
