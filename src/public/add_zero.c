/* SPDX-License-Identifier: Apache-2.0 */
#include "public/fresh.h"
#include "public/public.h"

/* A third part, if there is one, needs nothing: zero is encrypted in the first two. */
ckks_status public_add_zero(ckks_ciphertext *out, const ckks_public_key *key,
                            const ckks_params *params) {
  public_fresh noise;
  BASE_TRY(public_fresh_check(out, key, params));
  BASE_TRY(public_fresh_init(&noise, 1, params));
  public_fresh_add(out, &noise, key, params);
  public_fresh_clear(&noise, params->ring.n);
  return CKKS_OK;
}
