/* SPDX-License-Identifier: Apache-2.0 */
#include "model/random.h"

#include <math.h>

/* SplitMix64 (Steele, Lea, Flood, OOPSLA 2014): any stream will do that can be repeated. */
static uint64_t next(uint64_t *state) {
  uint64_t z = *state += 0x9e3779b97f4a7c15u;
  z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
  z = (z ^ z >> 27) * 0x94d049bb133111ebu;
  return z ^ z >> 31;
}

/* In (0, 1): its logarithm exists. */
static double uniform(uint64_t *state) {
  return ((double)(next(state) >> 11) + 0.5) * 0x1p-53;
}

/* Box and Muller, 1958. */
double model_random_normal(model_random *random) {
  if (random->kept) {
    random->kept = false;
    return random->spare;
  }
  double radius = sqrt(-2.0 * log(uniform(&random->state)));
  double angle = 6.283185307179586 * uniform(&random->state);
  random->kept = true;
  random->spare = radius * sin(angle);
  return radius * cos(angle);
}
