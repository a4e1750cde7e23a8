/* SPDX-License-Identifier: Apache-2.0 */
/* A public key cut to level 0: what a server adds to results needs no more. */
#include "wire/wire.h"

size_t wire_zero_key_bytes(const ckks_params *params) {
  return RAND_SEED_BYTES + wire_limbs_bytes(ckks_params_limbs(params, 0), params);
}

void wire_zero_key_put(base_buffer *buffer, const ckks_public_key *key, const ckks_params *params) {
  base_buffer_append(buffer, key->seed, RAND_SEED_BYTES);
  wire_limbs_put(buffer, &key->b, ckks_params_limbs(params, 0), params);
}

ckks_status wire_zero_key_get(ckks_public_key **out, base_reader *reader,
                              const ckks_params *params) {
  ckks_public_key *key = NULL;
  *out = NULL;
  int n_limbs = ckks_params_limbs(params, 0);
  BASE_TRY(ckks_public_key_build_at(&key, n_limbs, params));
  base_reader_copy(reader, key->seed, RAND_SEED_BYTES);
  ckks_status status = wire_limbs_get(&key->b, n_limbs, reader, params);
  if (status != CKKS_OK) {
    ckks_public_key_free(key);
    return base_fail_in(status, "public key");
  }
  ckks_seed_expand(&key->a, n_limbs, key->seed, params);
  *out = key;
  return CKKS_OK;
}
