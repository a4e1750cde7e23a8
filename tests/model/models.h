/* SPDX-License-Identifier: Apache-2.0 */
/* Models and comparisons that the tests of this room share. */
#ifndef TESTS_MODEL_MODELS_H
#define TESTS_MODEL_MODELS_H
#include "model/model.h"
#include "random.h"

#include <string.h>

static inline double test_uniform(uint64_t *state) {
  return (double)(test_random(state) >> 11) * 0x1p-52 - 1.0;
}

/* 3 -> 4 -> 2, every field with a value of its own. */
static inline ckks_status test_model_build(model_model *model, uint64_t seed) {
  static const size_t widths[] = {3, 4, 2};
  BASE_TRY(model_init(model, widths, 2));
  for (size_t l = 0; l < 2; l++) {
    model_layer *layer = &model->layer[l];
    for (size_t i = 0; i < layer->n_out * layer->n_in; i++)
      layer->weight[i] = test_uniform(&seed);
    for (size_t i = 0; i < layer->n_out; i++)
      layer->bias[i] = test_uniform(&seed);
    layer->activation[0].max_abs = 1.0 + test_uniform(&seed);
  }
  model->layer[0].activation[0].polynomial = model_polynomial_sigmoid3;
  model->layer[1].activation[0].polynomial = (model_polynomial){2, {0.25, -1.0, 0.5}};
  for (size_t i = 0; i < 3; i++) {
    model->mean[i] = 10.0 * test_uniform(&seed);
    model->deviation[i] = 2.0 + test_uniform(&seed);
  }
  model->max_abs_input = 3.5;
  ckks_status status = model_set_text(&model->name, "example");
  if (status == CKKS_OK)
    status = model_set_text(&model->feature[1], "Dicke \"µm\" \\ 2");
  if (status == CKKS_OK)
    status = model_set_text(&model->label[1], "malignant");
  if (status != CKKS_OK)
    model_clear(model);
  return status;
}

static inline bool test_same_numbers(const double *a, const double *b, size_t n) {
  return memcmp(a, b, n * sizeof(double)) == 0;
}

static inline bool test_same_layer(const model_layer *a, const model_layer *b) {
  return a->n_in == b->n_in && a->n_out == b->n_out &&
         test_same_numbers(a->weight, b->weight, a->n_in * a->n_out) &&
         test_same_numbers(a->bias, b->bias, a->n_out) &&
         a->activation[0].max_abs == b->activation[0].max_abs &&
         a->activation[0].polynomial.degree == b->activation[0].polynomial.degree &&
         test_same_numbers(a->activation[0].polynomial.coefficient,
                           b->activation[0].polynomial.coefficient,
                           (size_t)a->activation[0].polynomial.degree + 1);
}

/* Bit for bit. */
static inline bool test_same_model(const model_model *a, const model_model *b) {
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
