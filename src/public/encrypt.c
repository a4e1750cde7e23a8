/* SPDX-License-Identifier: Apache-2.0 */
/* Public-key encryption: m and (v b + e0, v a + e1) / P, v ternary. */
#include "public/fresh.h"
#include <string.h>

/* (m, 0): no encryption yet, and never seen as such. */
static void set_trivial(ckks_ciphertext *out, const ckks_plaintext *plaintext,
                        const ckks_params *params) {
  size_t n = params->ring.n;
  for (int limb = 0; limb < ckks_params_limbs(params, plaintext->level); limb++) {
    memcpy(ring_poly_limb(&out->part[0], limb), ring_poly_limb(&plaintext->poly, limb),
           n * sizeof(ring_word));
    memset(ring_poly_limb(&out->part[1], limb), 0, n * sizeof(ring_word));
  }
  out->n_parts = 2;
  out->level = plaintext->level;
  out->scale = plaintext->scale;
}

ckks_status ckks_encrypt_public(ckks_ciphertext *out, const ckks_plaintext *plaintext,
                                const ckks_public_key *key, const ckks_params *params) {
  BASE_NOT_NULL(out);
  BASE_NOT_NULL(plaintext);
  BASE_NOT_NULL(key);
  BASE_NOT_NULL(params);
  public_fresh noise;
  BASE_TRY(public_fresh_check(out, key, params));
  BASE_TRY(ckks_params_check(params, plaintext->params_hash, "plaintext"));
  BASE_TRY(ckks_params_check_level(params, plaintext->level, ckks_ciphertext_capacity(out),
                                   "ciphertext"));
  /* All that can fail comes before the message is put into the output. */
  bool divides = params->literal.n_p > 0;
  BASE_TRY(public_fresh_init(&noise, divides ? public_fresh_divided_limbs(params) : 1, params));
  set_trivial(out, plaintext, params);
  if (divides)
    public_fresh_add_divided(out, &noise, key, params);
  else
    public_fresh_add(out, &noise, key, params);
  public_fresh_clear(&noise, params->ring.n);
  return CKKS_OK;
}
