/* SPDX-License-Identifier: Apache-2.0 */
/* An element of the field "layers" of a model in JSON (docs/model-json.md). */
#ifndef NETWORK_JSON_LAYER_H
#define NETWORK_JSON_LAYER_H
#include <jansson.h>

#include "network/network.h"

/** The layer has its shape: as many rows of weights as `value` has. Errors name the path. */
ckks_status network_json_layer(network_layer *layer, json_t *value, size_t index);
#endif
