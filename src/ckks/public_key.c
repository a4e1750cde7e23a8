/* SPDX-License-Identifier: Apache-2.0 */
/* Public key objects. */
#include "base/alloc.h"
#include "ckks/objects.h"
#include <string.h>

ckks_status ckks_public_key_build(ckks_public_key **out, const ckks_params *params) {
  return ckks_public_key_build_at(out, params->ring.n_moduli, params);
}

ckks_status ckks_public_key_build_at(ckks_public_key **out, int n_limbs,
                                     const ckks_params *params) {
  ckks_status status;
  ckks_public_key *key = base_alloc(sizeof *key);
  if (key == NULL)
    return base_fail_memory(sizeof *key);
  BASE_GOTO(status, ring_poly_init(&key->b, n_limbs, &params->ring), fail);
  BASE_GOTO(status, ring_poly_init(&key->a, n_limbs, &params->ring), fail);
  memcpy(key->params_hash, params->hash, CKKS_HASH_BYTES);
  *out = key;
  return CKKS_OK;
fail:
  ckks_public_key_free(key);
  return status;
}

void ckks_public_key_free(ckks_public_key *key) {
  if (key == NULL)
    return;
  ring_poly_clear(&key->b);
  ring_poly_clear(&key->a);
  base_free(key);
}
