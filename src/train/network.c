/* SPDX-License-Identifier: Apache-2.0 */
/* Forward, backward and one step of Adam, row by row and in a fixed order of sums. */
#include "train/network.h"

#include "base/alloc.h"
#include "base/bytes.h"
#include "base/wipe.h"

#include <math.h>
#include <string.h>

#define BETA1 0.9
#define BETA2 0.999
#define EPSILON 1e-8

/* The derivative of the activation, once: backward passes then evaluate it as they do the other. */
static void init_slope(encoding_polynomial *slope, const encoding_polynomial *activation) {
  *slope = (encoding_polynomial){.degree = activation->degree - 1};
  for (int k = 1; k <= activation->degree; k++)
    slope->coefficient[k - 1] = k * activation->coefficient[k];
}

/* Cuts the one piece of memory into the arrays. */
static void lay_out(train_network *network) {
  double *at = network->memory;
  size_t n = network->n_parameters;
  network->parameter = at;
  network->gradient = at + n;
  network->first_moment = at + 2 * n;
  network->second_moment = at + 3 * n;
  at += 4 * n;
  for (size_t l = 0; l < network->n_layers; l++) {
    size_t width = network->width[l + 1];
    network->pre[l] = at;
    network->post[l] = at + width;
    network->delta[l] = at + 2 * width;
    at += 3 * width;
  }
}

/* One allocation: training itself never asks for memory. */
ckks_status train_network_init(train_network *network, const size_t *widths, size_t n_layers,
                               const encoding_polynomial *activation, bool linear_end) {
  *network = (train_network){.n_layers = n_layers,
                             .activation = *activation,
                             .linear_end = linear_end,
                             .beta1_power = 1.0,
                             .beta2_power = 1.0};
  init_slope(&network->slope, activation);
  memcpy(network->width, widths, (n_layers + 1) * sizeof *widths);
  size_t n_values = 0;
  for (size_t l = 0; l < n_layers; l++) {
    if (widths[l + 1] > NETWORK_MAX_WEIGHTS / widths[l])
      return base_fail(CKKS_ERROR_ARGUMENT,
                       "layers[%zu].weight: %zu rows of %zu numbers where %zu numbers are allowed",
                       l, widths[l + 1], widths[l], NETWORK_MAX_WEIGHTS);
    network->weight_at[l] = network->n_parameters;
    network->bias_at[l] = network->weight_at[l] + widths[l] * widths[l + 1];
    network->n_parameters = network->bias_at[l] + widths[l + 1];
    n_values += widths[l + 1];
  }
  network->n_memory = 4 * network->n_parameters + 3 * n_values;
  network->memory = base_alloc_array(network->n_memory, sizeof(double));
  if (network->memory == NULL)
    return base_fail_memory(network->n_memory * sizeof(double));
  lay_out(network);
  return CKKS_OK;
}

void train_network_clear(train_network *network) {
  if (network->memory != NULL)
    base_wipe(network->memory, network->n_memory * sizeof(double));
  base_free(network->memory);
  *network = (train_network){0};
}

/* 53 random bits as a number in [-1, 1). */
static double next_uniform(rand_stream *stream) {
  uint8_t bytes[8];
  rand_stream_read(stream, bytes, sizeof bytes);
  return (double)(base_load_u64(bytes) >> 11) * 0x1p-52 - 1.0;
}

void train_network_randomize(train_network *network, rand_stream *stream) {
  for (size_t l = 0; l < network->n_layers; l++) {
    double bound = 1.0 / sqrt((double)network->width[l]);
    size_t n = network->width[l + 1] * (network->width[l] + 1);
    for (size_t i = 0; i < n; i++) /* the biases lie behind the weights */
      network->parameter[network->weight_at[l] + i] = bound * next_uniform(stream);
  }
}

static bool is_linear(const train_network *network, size_t l) {
  return network->linear_end && l + 1 == network->n_layers;
}

/* pre and post of every layer are kept: the backward pass needs them. */
static void forward(train_network *network, const double *row) {
  const double *in = row;
  for (size_t l = 0; l < network->n_layers; l++) {
    size_t n_in = network->width[l];
    const double *weight = network->parameter + network->weight_at[l];
    const double *bias = network->parameter + network->bias_at[l];
    for (size_t o = 0; o < network->width[l + 1]; o++) {
      network->pre[l][o] = network_dot(weight + o * n_in, in, n_in) + bias[o];
      network->post[l][o] = is_linear(network, l) ? network->pre[l][o]
                                                  : encoding_polynomial_value(&network->activation,
                                                                              network->pre[l][o]);
    }
    in = network->post[l];
  }
}

const double *train_network_outputs(train_network *network, const double *scaled) {
  forward(network, scaled);
  return network->post[network->n_layers - 1];
}

/* Each element is its own sum: vectorising this loop cannot change a bit. */
static void add_scaled(double *restrict out, const double *restrict in, double factor, size_t n) {
  for (size_t i = 0; i < n; i++)
    out[i] += factor * in[i];
}

/*
 * delta[l] holds the derivative by post on entry; becomes that by pre, adds to
 * the gradient of layer l, and hands on the derivative by the layer's input.
 */
static void backward_layer(train_network *network, size_t l, const double *in, double *in_delta) {
  size_t n_in = network->width[l], n_out = network->width[l + 1];
  double *delta = network->delta[l];
  if (in_delta != NULL)
    memset(in_delta, 0, n_in * sizeof(double));
  for (size_t o = 0; o < n_out; o++) {
    size_t at = network->weight_at[l] + o * n_in;
    if (!is_linear(network, l))
      delta[o] *= encoding_polynomial_value(&network->slope, network->pre[l][o]);
    add_scaled(network->gradient + at, in, delta[o], n_in);
    network->gradient[network->bias_at[l] + o] += delta[o];
    if (in_delta != NULL)
      add_scaled(in_delta, network->parameter + at, delta[o], n_in);
  }
}

double train_network_learn(train_network *network, const double *scaled, const train_truth *truth,
                           size_t row) {
  size_t last = network->n_layers - 1;
  forward(network, scaled);
  double loss = train_truth_loss(network->delta[last], network->post[last], truth, row);
  if (isnan(loss))
    return loss;
  for (size_t l = last; l > 0; l--)
    backward_layer(network, l, network->post[l - 1], network->delta[l - 1]);
  backward_layer(network, 0, scaled, NULL);
  return loss;
}

/* The corrections 1 - beta^t by running products: pow is not the same in every C library. */
void train_network_step(train_network *network, size_t n_rows, double learning_rate,
                        double weight_decay) {
  network->beta1_power *= BETA1;
  network->beta2_power *= BETA2;
  double correction1 = 1.0 - network->beta1_power, correction2 = 1.0 - network->beta2_power;
  for (size_t i = 0; i < network->n_parameters; i++) {
    double *m = &network->first_moment[i], *v = &network->second_moment[i];
    double g = network->gradient[i] / (double)n_rows + weight_decay * network->parameter[i];
    *m = BETA1 * *m + (1.0 - BETA1) * g;
    *v = BETA2 * *v + (1.0 - BETA2) * g * g;
    network->parameter[i] -=
        learning_rate * (*m / correction1) / (sqrt(*v / correction2) + EPSILON);
    network->gradient[i] = 0.0;
  }
}

/* A number's place and size: the rest of them is the client's. */
static void place_end(network_layer *layer, const train_truth *truth) {
  double factor, shift;
  layer->activation[0].polynomial = train_truth_end(&factor, &shift, truth);
  for (size_t i = 0; i < layer->weight.start[layer->n_out]; i++)
    layer->weight.value[i] *= factor;
  for (size_t o = 0; o < layer->n_out; o++)
    layer->bias[o] = factor * layer->bias[o] + shift;
}

ckks_status train_network_store(network_model *model, const train_network *network,
                                const train_truth *truth) {
  for (size_t l = 0; l < network->n_layers; l++) {
    network_layer *layer = &model->layer[l];
    BASE_TRY(network_layer_set_weights(layer, network->parameter + network->weight_at[l]));
    memcpy(layer->bias, network->parameter + network->bias_at[l], layer->n_out * sizeof(double));
    layer->activation[0].polynomial = network->activation;
    if (is_linear(network, l))
      place_end(layer, truth);
  }
  return CKKS_OK;
}
