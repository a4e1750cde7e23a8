/* SPDX-License-Identifier: Apache-2.0 */
#include "plan/random.h"

#include <math.h>

/* SplitMix64 (Steele, Lea, Flood, OOPSLA 2014): any stream will do that can be repeated. */
static uint64_t next(uint64_t *state) {
  uint64_t z = *state += 0x9e3779b97f4a7c15u;
  z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
  z = (z ^ z >> 27) * 0x94d049bb133111ebu;
  return z ^ z >> 31;
}

/* Neither seeds nor parts that follow on each other begin near each other. */
void plan_random_init(plan_random *random, uint64_t seed, uint64_t part) {
  uint64_t state = next(&seed) + part;
  *random = (plan_random){.state = next(&state)};
}

/* In (-1, 1), exact, and never zero. */
static double uniform(uint64_t *state) {
  return ((double)(int64_t)(next(state) >> 12) + 0.5) * 0x1p-51 - 1.0;
}

/* The polar method (Marsaglia and Bray, SIAM Review 1964): a point of the unit disc makes two,
 * with one logarithm and neither sine nor cosine. */
double plan_random_normal(plan_random *random) {
  double x, y, square;
  if (random->kept) {
    random->kept = false;
    return random->spare;
  }
  do {
    x = uniform(&random->state);
    y = uniform(&random->state);
    square = x * x + y * y;
  } while (square >= 1.0);
  double factor = sqrt(-2.0 * log(square) / square);
  random->kept = true;
  random->spare = y * factor;
  return x * factor;
}
