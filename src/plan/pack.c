/* SPDX-License-Identifier: Apache-2.0 */
/* Rows into slots, as the layouts say: the client's side. */
#include <math.h>

#include "plan/plan.h"

void plan_pack_row(double *slots, size_t n_slots, const double *scaled,
                   const plan_interface *interface) {
  const plan_layout *layout = &interface->layout[PLAN_LATENCY];
  size_t n_inputs = plan_n_inputs(interface);
  for (size_t j = 0; j < n_slots; j++) {
    size_t feature = j / layout->stride % layout->padded;
    if (interface->n_gather > 0)
      feature = feature < interface->n_gather ? interface->gather[feature] : PLAN_NO_FEATURE;
    slots[j] = feature < n_inputs ? scaled[feature] : 0.0;
  }
}

void plan_pack_column(double *slots, size_t n_slots, const double *scaled, size_t n_rows,
                      size_t feature, const plan_interface *interface) {
  size_t period = plan_pack_period(interface, n_rows), n_inputs = plan_n_inputs(interface);
  double padding = plan_box_padding(interface, feature);
  for (size_t j = 0; j < n_slots; j++) {
    size_t row = j % period;
    slots[j] = row < n_rows ? scaled[row * n_inputs + feature] : padding;
  }
}

void plan_pack_scale(double *scaled, const double *features, const plan_interface *interface) {
  if (interface->input.feature != NULL)
    encoding_input_apply(scaled, features, interface->mean, interface->deviation,
                         &interface->input);
  for (size_t i = 0; interface->input.feature == NULL && i < interface->n_features; i++) {
    double x = features[i];
    scaled[i] = isnan(x) ? 0.0 : (x - interface->mean[i]) / interface->deviation[i];
  }
}

/* From here on a batch is cheaper than a ciphertext for each row. */
#define FEW_ROWS 64

plan_packing plan_pack_choose(const plan_interface *interface, size_t n_rows) {
  if (!interface->layout[PLAN_LATENCY].available)
    return PLAN_THROUGHPUT;
  return n_rows > FEW_ROWS && interface->layout[PLAN_THROUGHPUT].available ? PLAN_THROUGHPUT
                                                                           : PLAN_LATENCY;
}
