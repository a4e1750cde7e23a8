/* SPDX-License-Identifier: Apache-2.0 */
/* Models and comparisons that the tests of this room share. */
#ifndef TESTS_NETWORK_MODELS_H
#define TESTS_NETWORK_MODELS_H
#include "base/alloc.h"
#include "network/dot.h"
#include "network/network.h"
#include "random.h"

#include <string.h>

static inline double test_uniform(uint64_t *state) {
  return (double)(test_random(state) >> 11) * 0x1p-52 - 1.0;
}

/* Row `row` times x: what network_dot makes of it with its zeros. */
static inline double test_dot(const network_sparse *matrix, size_t row, const double *x) {
  double *dense = base_alloc_array(matrix->n_columns, sizeof *dense);
  network_sparse_row(dense, matrix, row);
  double sum = network_dot(dense, x, matrix->n_columns);
  base_free(dense);
  return sum;
}

/* All of them in [-factor, factor). */
static inline ckks_status test_draw_weights(network_layer *layer, double factor, uint64_t *state) {
  size_t n = layer->n_out * layer->n_in;
  double *dense = base_alloc_array(n, sizeof *dense);
  if (dense == NULL)
    return base_fail_memory(n * sizeof *dense);
  for (size_t i = 0; i < n; i++)
    dense[i] = factor * test_uniform(state);
  ckks_status status = network_layer_set_weights(layer, dense);
  base_free(dense);
  return status;
}

/* 3 -> 4 -> 2, every field with a value of its own. */
static inline ckks_status test_model_build(network_model *model, uint64_t seed) {
  static const size_t widths[] = {3, 4, 2};
  BASE_TRY(network_init(model, widths, 2));
  for (size_t l = 0; l < 2; l++) {
    network_layer *layer = &model->layer[l];
    ckks_status status = test_draw_weights(layer, 1.0, &seed);
    if (status != CKKS_OK) {
      network_clear(model);
      return status;
    }
    for (size_t i = 0; i < layer->n_out; i++)
      layer->bias[i] = test_uniform(&seed);
    layer->activation[0].max_abs = 1.0 + test_uniform(&seed);
  }
  model->layer[0].activation[0].polynomial = encoding_polynomial_sigmoid3;
  model->layer[1].activation[0].polynomial =
      (encoding_polynomial){.degree = 2, .coefficient = {0.25, -1.0, 0.5}};
  for (size_t i = 0; i < 3; i++) {
    model->mean[i] = 10.0 * test_uniform(&seed);
    model->deviation[i] = 2.0 + test_uniform(&seed);
  }
  memcpy(model->layer[0].image, (const size_t[]){2, 1, 2}, 3 * sizeof(size_t));
  model->max_abs_input = 3.5;
  ckks_status status = encoding_names_set(&model->name, "example");
  if (status == CKKS_OK)
    status = encoding_names_set(&model->feature[1], "Dicke \"µm\" \\ 2");
  if (status == CKKS_OK)
    status = encoding_names_set(&model->label[1], "malignant");
  if (status != CKKS_OK)
    network_clear(model);
  return status;
}

/* The same with three activations in its first layer: a cubic, the identity, degree 7. */
static inline ckks_status test_model_build_mixed(network_model *model, uint64_t seed) {
  BASE_TRY(test_model_build(model, seed));
  network_layer *layer = &model->layer[0];
  ckks_status status = network_layer_set_activations(layer, 3);
  if (status != CKKS_OK) {
    network_clear(model);
    return status;
  }
  layer->activation[0] = (network_activation){encoding_polynomial_sigmoid3, 2.5};
  layer->activation[1].max_abs = 40.0;
  layer->activation[2] = (network_activation){
      {.degree = 7, .coefficient = {0.1, 0.9, 0.0, -0.3, 0.0, 0.1, 0.0, -0.02}}, 1.25};
  memcpy(layer->activation_of, (uint8_t[]){0, 2, 1, 0}, 4);
  return CKKS_OK;
}

static inline bool test_same_numbers(const double *a, const double *b, size_t n) {
  return memcmp(a, b, n * sizeof(double)) == 0;
}

static inline bool test_same_activations(const network_layer *a, const network_layer *b) {
  bool same = a->n_activations == b->n_activations;
  for (size_t i = 0; same && i < a->n_activations; i++) {
    const encoding_polynomial *p = &a->activation[i].polynomial, *q = &b->activation[i].polynomial;
    same = a->activation[i].max_abs == b->activation[i].max_abs && p->degree == q->degree &&
           test_same_numbers(p->coefficient, q->coefficient, (size_t)p->degree + 1);
  }
  for (size_t o = 0; same && o < a->n_out; o++)
    same = network_layer_activation(a, o) - a->activation ==
           network_layer_activation(b, o) - b->activation;
  return same;
}

static inline bool test_same_weights(const network_sparse *a, const network_sparse *b) {
  size_t n = a->start[a->n_rows];
  return a->n_rows == b->n_rows && a->n_columns == b->n_columns &&
         memcmp(a->start, b->start, (a->n_rows + 1) * sizeof *a->start) == 0 &&
         memcmp(a->column, b->column, n * sizeof *a->column) == 0 &&
         test_same_numbers(a->value, b->value, n);
}

static inline bool test_same_layer(const network_layer *a, const network_layer *b) {
  return a->n_in == b->n_in && a->n_out == b->n_out &&
         memcmp(a->image, b->image, sizeof a->image) == 0 &&
         test_same_weights(&a->weight, &b->weight) &&
         test_same_numbers(a->bias, b->bias, a->n_out) && test_same_activations(a, b);
}

/* Bit for bit. */
static inline bool test_same_model(const network_model *a, const network_model *b) {
  bool same = strcmp(a->name, b->name) == 0 && a->n_features == b->n_features &&
              a->n_classes == b->n_classes && a->n_layers == b->n_layers &&
              a->max_abs_input == b->max_abs_input;
  for (size_t i = 0; same && i < a->n_features; i++)
    same = strcmp(a->feature[i], b->feature[i]) == 0;
  for (size_t i = 0; same && i < a->n_classes; i++)
    same = strcmp(a->label[i], b->label[i]) == 0;
  for (size_t l = 0; same && l < a->n_layers; l++)
    same = test_same_layer(&a->layer[l], &b->layer[l]);
  return same && test_same_numbers(a->mean, b->mean, a->n_features) &&
         test_same_numbers(a->deviation, b->deviation, a->n_features);
}
#endif
