/* SPDX-License-Identifier: Apache-2.0 */
/* Rows into slots, as the layouts say: the client's side. */
#include <math.h>

#include "model/plan.h"

void model_pack_row(double *slots, size_t n_slots, const double *scaled,
                    const model_interface *interface) {
  const model_layout *layout = &interface->layout[MODEL_LATENCY];
  for (size_t j = 0; j < n_slots; j++) {
    size_t feature = j / layout->stride % layout->padded;
    if (interface->n_gather > 0)
      feature = feature < interface->n_gather ? interface->gather[feature] : MODEL_NO_FEATURE;
    slots[j] = feature < interface->n_features ? scaled[feature] : 0.0;
  }
}

void model_pack_column(double *slots, size_t n_slots, const double *scaled, size_t n_rows,
                       size_t feature, const model_interface *interface) {
  for (size_t j = 0; j < n_slots; j++)
    slots[j] = j < n_rows ? scaled[j * interface->n_features + feature] : 0.0;
}

size_t model_scale_row(double *scaled, const double *features, const model_interface *interface) {
  size_t outside = 0;
  for (size_t i = 0; i < interface->n_features; i++) {
    double x = features[i];
    scaled[i] = isnan(x) ? 0.0 : (x - interface->mean[i]) / interface->deviation[i];
    outside += interface->max_abs_input > 0.0 && fabs(scaled[i]) > interface->max_abs_input;
  }
  return outside;
}

/* From here on a batch is cheaper than a ciphertext for each row. */
#define FEW_ROWS 64

model_packing model_pack_choose(const model_interface *interface, size_t n_rows) {
  if (!interface->layout[MODEL_LATENCY].available)
    return MODEL_THROUGHPUT;
  return n_rows > FEW_ROWS && interface->layout[MODEL_THROUGHPUT].available ? MODEL_THROUGHPUT
                                                                            : MODEL_LATENCY;
}
