/* SPDX-License-Identifier: Apache-2.0 */
/* Networks whose polynomials have small or large coefficients beside others, weights of all sizes,
 * biases far from zero. */
#ifndef TESTS_EXEC_WILD_H
#define TESTS_EXEC_WILD_H
#include "compile/plans.h"

static inline double wild_size(double least, double most, uint64_t *state) {
  return (test_random(state) % 2 ? 1.0 : -1.0) *
         exp(log(least) + (log(most) - log(least)) * 0.5 * (1.0 + test_uniform(state)));
}

/* Of degree 1 to 7; the leading coefficient may be next to nothing, or more than all others. */
static inline encoding_polynomial wild_polynomial(uint64_t *state) {
  encoding_polynomial p = {.degree = (int)test_between(state, 1, 7)};
  if (test_random(state) % 3 == 0)
    p.degree = (int)test_between(state, 2, 3);
  for (int k = 0; k < p.degree; k++)
    if (test_random(state) % 3 != 0)
      p.coefficient[k] = wild_size(1e-3, 3.0, state);
  p.coefficient[p.degree] = wild_size(1e-6, 3.0, state);
  return p;
}

static inline ckks_status wild_network(network_model *model, uint64_t *state) {
  BASE_TRY(test_network(model, state));
  for (size_t l = 0; l < model->n_layers; l++) {
    network_layer *layer = &model->layer[l];
    size_t n = layer->n_out > 1 && test_random(state) % 2 ? 2 : 1;
    double factor = fabs(wild_size(1e-3, 30.0, state));
    BASE_TRY(network_layer_set_activations(layer, n));
    for (size_t a = 0; a < n; a++)
      layer->activation[a].polynomial = wild_polynomial(state);
    for (size_t o = 0; o < layer->n_out; o++) {
      if (n > 1)
        layer->activation_of[o] = (uint8_t)(o < n ? o : test_random(state) % n);
      layer->bias[o] = test_random(state) % 4 ? 0.0 : wild_size(1e-3, 100.0, state);
      for (size_t k = layer->weight.start[o]; k < layer->weight.start[o + 1]; k++)
        layer->weight.value[k] *= factor;
    }
  }
  return CKKS_OK;
}
#endif
