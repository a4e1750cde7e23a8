/* SPDX-License-Identifier: Apache-2.0 */
#include "model/simulate.h"

#include <math.h>

#include "model/cost.h"

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
static double normal(uint64_t *state) {
  double radius = sqrt(-2.0 * log(uniform(state)));
  return radius * cos(6.283185307179586 * uniform(state));
}

double model_simulate_deviation(const model_interface *interface, model_packing packing) {
  double tail = packing == MODEL_LATENCY ? MODEL_COST_MEAN_TAIL : MODEL_COST_TAIL;
  return interface->cost[packing].predicted_error / tail;
}

void model_simulate_add(double *outputs, size_t n_rows, const model_interface *interface,
                        model_packing packing, uint64_t seed) {
  double deviation = model_simulate_deviation(interface, packing);
  for (size_t i = 0; i < n_rows * interface->n_outputs; i++)
    outputs[i] += deviation * fmax(1.0, fabs(outputs[i])) * normal(&seed);
}
