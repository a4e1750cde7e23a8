/* SPDX-License-Identifier: Apache-2.0 */
/* Public key messages: the seed of a, then b over q_0..q_L and the special moduli. */
#include "wire/wire.h"

static size_t payload_bytes(const ckks_params *params) {
  return RAND_SEED_BYTES + wire_limbs_bytes(params->ring.n_moduli, params);
}

ckks_status ckks_public_key_write(uint8_t **out, size_t *n_bytes, const ckks_public_key *key,
                                  const ckks_params *params) {
  base_buffer buffer;
  BASE_NOT_NULL(out);
  BASE_NOT_NULL(n_bytes);
  *out = NULL;
  *n_bytes = 0;
  BASE_NOT_NULL(key);
  BASE_NOT_NULL(params);
  BASE_TRY(ckks_params_check(params, key->params_hash, "public key"));
  wire_frame_begin(&buffer, BASE_FRAME_PUBLIC_KEY, payload_bytes(params), params);
  base_buffer_append(&buffer, key->seed, RAND_SEED_BYTES);
  wire_limbs_put(&buffer, &key->b, params->ring.n_moduli, params);
  return wire_frame_finish(out, n_bytes, &buffer);
}

static ckks_status read_key(ckks_public_key *key, base_reader *payload, const ckks_params *params) {
  int n_limbs = params->ring.n_moduli;
  base_reader_copy(payload, key->seed, RAND_SEED_BYTES);
  ckks_status status = wire_limbs_get(&key->b, n_limbs, payload, params);
  if (status != CKKS_OK)
    return base_fail_in(status, "public key");
  BASE_TRY(wire_frame_close(payload, "public key"));
  ckks_seed_expand(&key->a, n_limbs, key->seed, params);
  return CKKS_OK;
}

ckks_status ckks_public_key_read(ckks_public_key **out, const uint8_t *bytes, size_t n_bytes,
                                 const ckks_params *params) {
  base_reader payload;
  BASE_NOT_NULL(out);
  *out = NULL;
  if (n_bytes > 0)
    BASE_NOT_NULL(bytes);
  BASE_NOT_NULL(params);
  BASE_TRY(ckks_params_check_rounding());
  BASE_TRY(wire_frame_open(&payload, NULL, bytes, n_bytes, BASE_FRAME_PUBLIC_KEY, params));
  if (payload.n_bytes != payload_bytes(params))
    return base_fail(CKKS_ERROR_FORMAT, "public key: %zu bytes of payload where %zu are needed",
                     payload.n_bytes, payload_bytes(params));
  ckks_public_key *key = NULL;
  BASE_TRY(ckks_public_key_build(&key, params));
  ckks_status status = read_key(key, &payload, params);
  if (status != CKKS_OK) {
    ckks_public_key_free(key);
    return status;
  }
  *out = key;
  return CKKS_OK;
}
