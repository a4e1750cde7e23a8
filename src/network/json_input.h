/* SPDX-License-Identifier: Apache-2.0 */
/* The field "encoding" of a model in JSON (docs/model-json.md). */
#ifndef NETWORK_JSON_INPUT_H
#define NETWORK_JSON_INPUT_H
#include <jansson.h>

#include "encoding/encoding.h"

/** `value` NULL leaves it empty: all features are scaled. Errors name the path. */
ckks_status network_json_read_input(encoding_input *input, const json_t *value, size_t n_features);
void network_json_write_input(base_buffer *out, const encoding_input *input);
#endif
