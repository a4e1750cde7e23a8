/* SPDX-License-Identifier: Apache-2.0 */
/* One layer: its weights, and which activation each unit has. */
#include "base/alloc.h"
#include "network/network.h"

const network_activation *network_layer_activation(const network_layer *layer, size_t unit) {
  return &layer->activation[layer->activation_of == NULL ? 0 : layer->activation_of[unit]];
}

/* The identity is the activation that changes nothing; zeros come from the allocator. */
ckks_status network_layer_set_activations(network_layer *layer, size_t n) {
  BASE_ASSERT(n >= 1 && n <= NETWORK_MAX_ACTIVATIONS);
  base_free(layer->activation_of);
  layer->activation_of = n > 1 ? base_alloc_array(layer->n_out, sizeof(uint8_t)) : NULL;
  if (n > 1 && layer->activation_of == NULL)
    return base_fail_memory(layer->n_out);
  layer->n_activations = n;
  for (size_t a = 0; a < n; a++)
    layer->activation[a] = (network_activation){.polynomial = encoding_polynomial_identity};
  return CKKS_OK;
}

ckks_status network_layer_set_weights(network_layer *layer, const double *dense) {
  network_sparse weight;
  BASE_TRY(network_sparse_build(&weight, dense, layer->n_out, layer->n_in));
  network_sparse_clear(&layer->weight);
  layer->weight = weight;
  return CKKS_OK;
}
