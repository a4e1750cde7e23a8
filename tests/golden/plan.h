/* SPDX-License-Identifier: Apache-2.0 */
/* What the golden files of a compiled model hold: shared by their writer and their test. */
#ifndef GOLDEN_PLAN_H
#define GOLDEN_PLAN_H
#include "network/network.h"

#include <string.h>

#define GOLDEN_PLAN_ERROR 5e-3
#define GOLDEN_PLAN_ROWS 2

static const double golden_rows[GOLDEN_PLAN_ROWS * 3] = {1.5, -0.25, 12.0, -2.0, 0.75, 9.5};

/* 3 -> 2 with the cubic behind it. */
static inline ckks_status golden_model(network_model *model) {
  static const size_t widths[] = {3, 2};
  static const double weight[] = {0.5, -1.25, 0.75, -0.375, 1.0, 0.25};
  ckks_status status = network_init(model, widths, 1);
  if (status != CKKS_OK)
    return status;
  status = network_layer_set_weights(&model->layer[0], weight);
  if (status != CKKS_OK) {
    network_clear(model);
    return status;
  }
  model->layer[0].bias[0] = 0.125;
  model->layer[0].bias[1] = -0.5;
  model->layer[0].activation[0].polynomial = encoding_polynomial_sigmoid3;
  model->layer[0].activation[0].max_abs = 5.0;
  model->mean[2] = 10.0;
  model->deviation[2] = 2.0;
  model->max_abs_input = 3.0;
  return encoding_names_set(&model->name, "golden");
}

/* The same with a layer of six units in between: a cubic, the identity, a square. */
static inline ckks_status golden_mixed_model(network_model *model) {
  static const size_t widths[] = {3, 6, 2};
  ckks_status status = network_init(model, widths, 2);
  if (status != CKKS_OK)
    return status;
  network_layer *layer = &model->layer[0];
  double first[18], second[12];
  for (int i = 0; i < 18; i++)
    first[i] = (i * 7 % 11 - 5) / 8.0;
  for (int i = 0; i < 12; i++)
    second[i] = (i * 5 % 13 - 6) / 16.0;
  model->max_abs_input = 3.0;
  model->layer[1].activation[0].max_abs = 6.0;
  status = network_layer_set_weights(layer, first);
  if (status == CKKS_OK)
    status = network_layer_set_weights(&model->layer[1], second);
  if (status == CKKS_OK)
    status = network_layer_set_activations(layer, 3);
  if (status == CKKS_OK)
    status = encoding_names_set(&model->name, "mixed");
  if (status != CKKS_OK) {
    network_clear(model);
    return status;
  }
  layer->activation[0] = (network_activation){encoding_polynomial_sigmoid3, 5.0};
  layer->activation[1].max_abs = 4.0;
  layer->activation[2] =
      (network_activation){{.degree = 2, .coefficient = {0.25, 0.5, -0.25}}, 4.5};
  memcpy(layer->activation_of, (uint8_t[]){1, 0, 2, 2, 0, 1}, 6);
  return CKKS_OK;
}
#endif
