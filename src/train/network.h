/* SPDX-License-Identifier: Apache-2.0 */
/* A network while it learns: parameters, their gradient and Adam's moments, each one flat array. */
#ifndef TRAIN_NETWORK_H
#define TRAIN_NETWORK_H
#include "network/network.h"
#include "rand/rand.h"
#include "train/truth.h"

typedef struct train_network {
  size_t n_layers, width[NETWORK_MAX_LAYERS + 1];
  size_t weight_at[NETWORK_MAX_LAYERS], bias_at[NETWORK_MAX_LAYERS]; /**< in the flat arrays */
  size_t n_parameters;
  encoding_polynomial activation, slope; /**< slope = derivative of activation */
  bool linear_end;                       /**< the last layer has no activation */
  double *parameter, *gradient, *first_moment, *second_moment;
  double *pre[NETWORK_MAX_LAYERS];   /**< W x + b of the row last seen */
  double *post[NETWORK_MAX_LAYERS];  /**< activation(pre) */
  double *delta[NETWORK_MAX_LAYERS]; /**< derivative of the loss by pre */
  double beta1_power, beta2_power;   /**< 0.9^t, 0.999^t after t steps */
  double *memory;
  size_t n_memory;
} train_network;

/** Zero parameters; widths as for network_init, and at most NETWORK_MAX_WEIGHTS in a layer. */
ckks_status train_network_init(train_network *network, const size_t *widths, size_t n_layers,
                               const encoding_polynomial *activation, bool linear_end);
/** Wipes it. */
void train_network_clear(train_network *network);
/** U(-1/sqrt(fan_in), 1/sqrt(fan_in)) for weights and biases, layer by layer. */
void train_network_randomize(train_network *network, rand_stream *stream);
/** Outputs of one row of scaled features, valid until the next row. */
const double *train_network_outputs(train_network *network, const double *scaled);
/** Loss of one row, which is `row` to the truth; adds its gradient to `gradient`, unless it is NaN:
 * not finite. */
double train_network_learn(train_network *network, const double *scaled, const train_truth *truth,
                           size_t row);
/**
 * One step of Adam (Kingma, Ba, ICLR 2015, algorithm 1; beta 0.9 and 0.999, epsilon 1e-8) along
 * gradient / n_rows + weight_decay * parameter; then sets the gradient to zero.
 */
void train_network_step(train_network *network, size_t n_rows, double learning_rate,
                        double weight_decay);
/** Copies weights, biases and activations into a model of the same widths; a linear end becomes
 * what the truth says of it. CKKS_ERROR_MEMORY. */
ckks_status train_network_store(network_model *model, const train_network *network,
                                const train_truth *truth);
#endif
