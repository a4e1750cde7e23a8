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

/* So few never go as a batch, whatever it costs. */
#define FEW_ROWS 64

/* A batch has a ciphertext for each feature, or bit: of many, it is for many rows. */
static bool batches_pay(const plan_interface *interface, size_t n_rows) {
  const plan_cost *row = &interface->cost[PLAN_LATENCY], *batch = &interface->cost[PLAN_THROUGHPUT];
  size_t each = plan_pack_rows(interface, PLAN_THROUGHPUT);
  double rows = (double)n_rows, batches = (double)((n_rows + each - 1) / each);
  return batches * (double)batch->input_bytes <= rows * (double)row->input_bytes &&
         batches * batch->predicted_ms <= rows * row->predicted_ms;
}

plan_packing plan_pack_choose(const plan_interface *interface, size_t n_rows) {
  if (!interface->layout[PLAN_LATENCY].available)
    return PLAN_THROUGHPUT;
  bool batch = interface->layout[PLAN_THROUGHPUT].available && n_rows > FEW_ROWS;
  return batch && batches_pay(interface, n_rows) ? PLAN_THROUGHPUT : PLAN_LATENCY;
}
