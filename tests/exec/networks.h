/* SPDX-License-Identifier: Apache-2.0 */
/* Networks of many kinds for the table of ranges: tables, ReLU, tanh, convolutions, residuals. */
#ifndef TESTS_EXEC_NETWORKS_H
#define TESTS_EXEC_NETWORKS_H
#include "compile/convnets.h"

#include <math.h>

enum { NETWORKS_MOST_FEATURES = 64, NETWORKS_MOST_ROWS = 64 };

typedef enum networks_kind { NETWORKS_DENSE, NETWORKS_CONV, NETWORKS_RESIDUAL } networks_kind;

/** A function is fitted on the range that calibration shows; without one `polynomial` is it. */
typedef struct networks_net {
  const char *name;
  networks_kind kind;
  size_t width[5]; /**< features first, then units, ended by 0; CONV: channels of each layer */
  double (*function)(double);
  int degree;
  encoding_polynomial polynomial;
} networks_net;

static inline double networks_relu(double x) {
  return x > 0.0 ? x : 0.0;
}
static inline double networks_sigmoid(double x) {
  return 1.0 / (1.0 + exp(-x));
}
static inline double networks_gelu(double x) {
  return 0.5 * x * (1.0 + erf(x / sqrt(2.0)));
}
static inline double networks_silu(double x) {
  return x * networks_sigmoid(x);
}

#define POWERS(n, ...)                                                                             \
  {                                                                                                \
    .degree = n, .coefficient = { __VA_ARGS__ }                                                    \
  }
static const networks_net networks_all[] = {
    {"table 30-2, none", NETWORKS_DENSE, {30, 2}, NULL, 0, POWERS(1, 0.0, 1.0)},
    {"table 9-1, none", NETWORKS_DENSE, {9, 1}, NULL, 0, POWERS(1, 0.0, 1.0)},
    {"table 30-16-2, sigmoid3",
     NETWORKS_DENSE,
     {30, 16, 2},
     NULL,
     0,
     POWERS(3, 0.5, 0.197, 0.0, -0.004)},
    {"table 12-8-3, square", NETWORKS_DENSE, {12, 8, 3}, NULL, 0, POWERS(2, 0.0, 0.0, 0.5)},
    {"table 10-12-6-2, cubic",
     NETWORKS_DENSE,
     {10, 12, 6, 2},
     NULL,
     0,
     POWERS(3, 0.1, 0.4, 0.05, 0.02)},
    {"table 10-8-2, quintic",
     NETWORKS_DENSE,
     {10, 8, 2},
     NULL,
     0,
     POWERS(5, 0.0, 0.8, 0.0, -0.05, 0.0, 0.002)},
    {"dense 10-8-2, ReLU 4", NETWORKS_DENSE, {10, 8, 2}, networks_relu, 4, {0}},
    {"dense 16-12-2, ReLU 8", NETWORKS_DENSE, {16, 12, 2}, networks_relu, 8, {0}},
    {"dense 8-8-8-2, ReLU 8", NETWORKS_DENSE, {8, 8, 8, 2}, networks_relu, 8, {0}},
    {"dense 6-8-3, ReLU 14", NETWORKS_DENSE, {6, 8, 3}, networks_relu, 14, {0}},
    {"dense 10-8-2, tanh 5", NETWORKS_DENSE, {10, 8, 2}, tanh, 5, {0}},
    {"dense 12-6-2, tanh 9", NETWORKS_DENSE, {12, 6, 2}, tanh, 9, {0}},
    {"dense 6-8-8-2, tanh 7", NETWORKS_DENSE, {6, 8, 8, 2}, tanh, 7, {0}},
    {"dense 10-8-2, sigmoid 7", NETWORKS_DENSE, {10, 8, 2}, networks_sigmoid, 7, {0}},
    {"dense 10-8-2, GELU 8", NETWORKS_DENSE, {10, 8, 2}, networks_gelu, 8, {0}},
    {"dense 10-8-2, SiLU 6", NETWORKS_DENSE, {10, 8, 2}, networks_silu, 6, {0}},
    {"conv 1x8x8, square", NETWORKS_CONV, {2}, NULL, 0, POWERS(2, 0.0, 0.5, 0.25)},
    {"conv 1x8x8 twice, square", NETWORKS_CONV, {2, 2}, NULL, 0, POWERS(2, 0.0, 0.5, 0.25)},
    {"conv 1x8x8, ReLU 4", NETWORKS_CONV, {2}, networks_relu, 4, {0}},
    {"conv 1x8x8, tanh 5", NETWORKS_CONV, {2}, tanh, 5, {0}},
    {"residual 8, square", NETWORKS_RESIDUAL, {8, 1}, NULL, 0, POWERS(2, 0.0, 0.0, 0.5)},
    {"residual 8, ReLU 4", NETWORKS_RESIDUAL, {8, 1}, networks_relu, 4, {0}},
    {"residual 6, tanh 5", NETWORKS_RESIDUAL, {6, 1}, tanh, 5, {0}},
    {"residual 6 twice, ReLU 4", NETWORKS_RESIDUAL, {6, 2}, networks_relu, 4, {0}}};
#undef POWERS
enum { NETWORKS_N = sizeof networks_all / sizeof networks_all[0] };

/* Interpolation in the zeros of T_(degree + 1), in Chebyshev's basis of x / range. */
static inline encoding_polynomial networks_fit(double (*f)(double), int degree, double range) {
  encoding_polynomial p = {.degree = degree, .chebyshev = true};
  int n = degree + 1;
  const double pi = acos(-1.0);
  for (int k = 0; k < n; k++) {
    for (int i = 0; i < n; i++)
      p.coefficient[k] += f(range * cos(pi * (i + 0.5) / n)) * cos(pi * k * (i + 0.5) / n);
    p.coefficient[k] *= (k == 0 ? 1.0 : 2.0) / n;
  }
  if (fabs(p.coefficient[degree]) < 1e-9)
    p.coefficient[degree] = 1e-6; /* an odd function's even end */
  return p;
}

/* Of units with activation `a` of the layer: weights and biases times `factor`. */
static inline void networks_scale(network_layer *layer, size_t a, double factor) {
  for (size_t o = 0; o < layer->n_out; o++) {
    if (layer->activation_of != NULL && layer->activation_of[o] != a)
      continue;
    layer->bias[o] *= factor;
    for (size_t k = layer->weight.start[o]; k < layer->weight.start[o + 1]; k++)
      layer->weight.value[k] *= factor;
  }
}

/* Activation 0 of all layers but the last, one after the other: each sees those before it. */
static inline ckks_status networks_activate(network_model *model, const networks_net *net,
                                            uint64_t *state) {
  static double rows[NETWORKS_MOST_ROWS * NETWORKS_MOST_FEATURES];
  test_rows(rows, NETWORKS_MOST_ROWS, model, state);
  for (size_t l = 0; l + 1 < model->n_layers; l++) {
    network_layer *layer = &model->layer[l];
    if (net->function == NULL) {
      layer->activation[0].polynomial = net->polynomial;
      continue;
    }
    layer->activation[0].polynomial = encoding_polynomial_identity;
    BASE_TRY(network_calibrate(model, rows, NETWORKS_MOST_ROWS));
    double range = 1.1 * layer->activation[0].max_abs;
    layer->activation[0].polynomial = networks_fit(net->function, net->degree, range);
    networks_scale(layer, 0, 1.0 / range);
  }
  return network_calibrate(model, rows, NETWORKS_MOST_ROWS);
}

static inline ckks_status networks_draw(network_model *model, uint64_t *state) {
  for (size_t l = 0; l < model->n_layers; l++) {
    network_layer *layer = &model->layer[l];
    BASE_TRY(test_draw_weights(layer, 1.5 / sqrt((double)layer->n_in), state));
    for (size_t i = 0; i < layer->n_out; i++)
      layer->bias[i] = 0.5 * test_uniform(state);
  }
  for (size_t i = 0; i < model->n_features; i++) {
    model->mean[i] = test_uniform(state);
    model->deviation[i] = 1.5 + test_uniform(state);
  }
  return CKKS_OK;
}

static inline ckks_status networks_dense(network_model *model, const networks_net *net,
                                         uint64_t *state) {
  size_t n = 0;
  while (net->width[n + 1] != 0)
    n++;
  BASE_TRY(network_init(model, net->width, n));
  return networks_draw(model, state);
}

static inline ckks_status networks_conv(network_model *model, const networks_net *net,
                                        uint64_t *state) {
  const test_convolution layers[] = {{1, net->width[0], 3, 2, 1}, {1, net->width[1], 3, 1, 1}};
  return test_convnet(model, (const size_t[]){1, 8, 8}, layers, net->width[1] > 0 ? 2 : 1, 3,
                      state);
}

/* Blocks x + V f(W x): layers of 2n units, of which n carry x, then n sums of both. */
static inline ckks_status networks_residual(network_model *model, const networks_net *net,
                                            uint64_t *state) {
  size_t n = net->width[0], widths[6] = {n}, n_layers = 0;
  double *dense = base_alloc_array(2 * n * n, sizeof *dense);
  if (dense == NULL)
    return base_fail_memory(2 * n * n * sizeof *dense);
  for (size_t block = 0; block < net->width[1]; block++) {
    widths[++n_layers] = 2 * n;
    widths[++n_layers] = n;
  }
  widths[++n_layers] = 2;
  ckks_status status = network_init(model, widths, n_layers);
  if (status == CKKS_OK)
    status = networks_draw(model, state);
  for (size_t l = 0; l + 1 < n_layers && status == CKKS_OK; l++) {
    network_layer *layer = &model->layer[l];
    bool opens = l % 2 == 0;
    for (size_t i = 0; i < 2 * n * n; i++)
      dense[i] = test_uniform(state) / sqrt((double)n);
    for (size_t i = 0; i < n * n; i++) { /* opens: 2n x n, the lower half carries */
      if (opens)
        dense[n * n + i] = i / n == i % n;
      else
        dense[i / n * 2 * n + n + i % n] = i / n == i % n;
    }
    status = network_layer_set_weights(layer, dense);
    if (status == CKKS_OK && opens)
      status = network_layer_set_activations(layer, 2);
    for (size_t o = 0; opens && status == CKKS_OK && o < 2 * n; o++) {
      layer->activation_of[o] = o >= n;
      layer->bias[o] = o >= n ? 0.0 : layer->bias[o];
    }
  }
  base_free(dense);
  return status;
}

/** The network, calibrated; network_clear afterwards. */
static inline ckks_status networks_build(network_model *model, const networks_net *net,
                                         uint64_t *state) {
  static ckks_status (*const build[])(network_model *, const networks_net *,
                                      uint64_t *) = {[NETWORKS_DENSE] = networks_dense,
                                                     [NETWORKS_CONV] = networks_conv,
                                                     [NETWORKS_RESIDUAL] = networks_residual};
  BASE_TRY(build[net->kind](model, net, state));
  return networks_activate(model, net, state);
}
#endif
