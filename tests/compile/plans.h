/* SPDX-License-Identifier: Apache-2.0 */
/* Random networks for the tests of plans, and options that compile them in a small ring. */
#ifndef TESTS_COMPILE_PLANS_H
#define TESTS_COMPILE_PLANS_H
#include "compile/compile.h"
#include "network/models.h"
#include "plan/plan.h"

#include <math.h>
#include <stdlib.h>

static inline size_t test_between(uint64_t *state, size_t low, size_t high) {
  return low + (size_t)(test_random(state) % (high - low + 1));
}

/* Cubic, square, none, or something of degree 4 or 5. */
static inline encoding_polynomial test_activation(uint64_t *state) {
  static const encoding_polynomial choices[] = {
      {.degree = 3, .coefficient = {0.5, 0.197, 0.0, -0.004}},
      {.degree = 3, .coefficient = {0.1, 0.4, 0.05, 0.02}},
      {.degree = 2, .coefficient = {0.0, 0.0, 0.5}},
      {.degree = 2, .coefficient = {0.25, -0.5, -0.25}},
      {.degree = 1, .coefficient = {0.0, 1.0}},
      {.degree = 4, .coefficient = {0.3, 0.5, 0.1, 0.0, -0.01}},
      {.degree = 5, .coefficient = {0.0, 0.8, 0.0, -0.05, 0.0, 0.002}}};
  return choices[test_random(state) % (sizeof choices / sizeof *choices)];
}

/* One to three layers of random widths; values stay of the order of one. */
static inline ckks_status test_network(network_model *model, uint64_t *state) {
  size_t widths[4], n_layers = test_between(state, 1, 3);
  for (size_t i = 0; i <= n_layers; i++)
    widths[i] = test_between(state, i == n_layers ? 2 : 1, 12);
  BASE_TRY(network_init(model, widths, n_layers));
  for (size_t l = 0; l < n_layers; l++) {
    network_layer *layer = &model->layer[l];
    BASE_TRY(test_draw_weights(layer, 1.5 / sqrt((double)layer->n_in), state));
    for (size_t i = 0; i < layer->n_out; i++)
      layer->bias[i] = 0.5 * test_uniform(state);
    layer->activation[0].polynomial = test_activation(state);
  }
  for (size_t i = 0; i < model->n_features; i++) {
    model->mean[i] = test_uniform(state);
    model->deviation[i] = 1.5 + test_uniform(state);
  }
  return CKKS_OK;
}

/* What stands side by side in the layers of test_mixed_network. */
typedef enum test_mix {
  TEST_ANYTHING,
  TEST_CUBICS,
  TEST_SQUARES, /* signs of either kind */
  TEST_CARRIED, /* the identity beside one other */
  TEST_N_MIXES
} test_mix;

static inline encoding_polynomial test_mixed_activation(test_mix mix, size_t a, uint64_t *state) {
  double lead = 0.1 + 0.2 * fabs(test_uniform(state)), sign = a % 2 ? -1.0 : 1.0;
  double low = test_uniform(state), slope = test_uniform(state);
  if (mix == TEST_CUBICS)
    return (encoding_polynomial){.degree = 3,
                                 .coefficient = {low, slope, 0.1 * low, 0.2 * sign * lead}};
  if (mix == TEST_SQUARES)
    return (encoding_polynomial){.degree = 2, .coefficient = {low, slope, sign * lead}};
  if (mix == TEST_CARRIED && a == 0)
    return (encoding_polynomial){.degree = 1, .coefficient = {0.0, 1.0}};
  if (test_random(state) % 4 == 0)
    return (encoding_polynomial){.degree = 7,
                                 .coefficient = {0.1, 0.9, 0.0, -0.06, 0.0, 0.005, 0.0, -0.0002}};
  return test_activation(state);
}

/* As test_network, and every layer of two units or more has two to four activations. */
static inline ckks_status test_mixed_network(network_model *model, test_mix mix, uint64_t *state) {
  BASE_TRY(test_network(model, state));
  for (size_t l = 0; l < model->n_layers; l++) {
    network_layer *layer = &model->layer[l];
    size_t most = layer->n_out < 4 ? layer->n_out : 4;
    size_t n = mix == TEST_CARRIED ? 2 : test_between(state, 2, most < 2 ? 2 : most);
    if (layer->n_out < n)
      continue;
    ckks_status status = network_layer_set_activations(layer, n);
    if (status != CKKS_OK) {
      network_clear(model);
      return status;
    }
    for (size_t a = 0; a < n; a++)
      layer->activation[a].polynomial = test_mixed_activation(mix, a, state);
    for (size_t o = 0; o < layer->n_out; o++)
      layer->activation_of[o] = (uint8_t)(o < n ? n - 1 - o : test_random(state) % n);
  }
  return CKKS_OK;
}

/* Rows whose scaled values lie in [-2, 2]. */
static inline void test_rows(double *rows, size_t n_rows, const network_model *model,
                             uint64_t *state) {
  for (size_t row = 0; row < n_rows; row++)
    for (size_t i = 0; i < model->n_features; i++)
      rows[row * model->n_features + i] =
          model->mean[i] + 2.0 * test_uniform(state) * model->deviation[i];
}

static inline void test_calibrate(network_model *model, uint64_t *state) {
  double rows[64 * 16];
  test_rows(rows, 64, model, state);
  if (network_calibrate(model, rows, 64) != CKKS_OK)
    abort();
}

/* Coefficients as those of |x|: they fall with the square of the degree. */
static inline encoding_polynomial test_chebyshev(int degree, uint64_t *state) {
  encoding_polynomial p = {.degree = degree, .chebyshev = true};
  for (int k = 0; k <= degree; k++)
    p.coefficient[k] = test_uniform(state) / (1.0 + k * k);
  p.coefficient[degree] = 0.5 / (1.0 + degree * degree);
  return p;
}

/*
 * Two layers whose activations are polynomials in Chebyshev's basis, of arguments within -1 and 1;
 * n > 1: each unit has one of n, of which the last is carried.
 */
static inline ckks_status test_chebyshev_network(network_model *model, int degree, size_t n,
                                                 uint64_t *state) {
  BASE_TRY(network_init(model, (const size_t[]){6, 8, 3}, 2));
  network_layer *layer = &model->layer[0];
  BASE_TRY(network_layer_set_activations(layer, n));
  for (size_t a = 0; a < n; a++)
    if (n == 1 || a + 1 < n)
      layer->activation[a].polynomial = test_chebyshev(degree - (int)a, state);
  for (size_t o = 0; n > 1 && o < layer->n_out; o++)
    layer->activation_of[o] = (uint8_t)(o % n);
  for (size_t l = 0; l < 2; l++)
    BASE_TRY(test_draw_weights(&model->layer[l], 0.08, state));
  for (size_t o = 0; o < layer->n_out; o++)
    layer->bias[o] = 0.02 * test_uniform(state);
  test_calibrate(model, state);
  for (size_t a = 0; a < n; a++) /* other rows stay within: beyond 1 high degrees are all noise */
    layer->activation[a].max_abs = fmin(1.0, 1.5 * layer->activation[a].max_abs);
  return CKKS_OK;
}

static inline compile_options test_options(double error, int log2_n) {
  compile_options options;
  compile_options_default(&options);
  options.error = error;
  options.log2_n = log2_n;
  options.security = CKKS_SECURITY_NONE;
  return options;
}
#endif
