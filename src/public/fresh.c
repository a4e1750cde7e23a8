/* SPDX-License-Identifier: Apache-2.0 */
/* The randomness of an encryption under a public key, and what becomes of it. */
#include "public/fresh.h"
#include "base/alloc.h"
#include "base/wipe.h"
#include "ckks/encode.h"
#include "ring/sample.h"

void public_fresh_clear(public_fresh *noise, size_t n) {
  if (noise->v != NULL)
    base_wipe(noise->v, 3 * n * sizeof *noise->v);
  base_free(noise->v);
  ring_poly_clear(&noise->work); /* wipes */
}

ckks_status public_fresh_init(public_fresh *noise, const ckks_params *params) {
  size_t n = params->ring.n;
  rand_stream stream;
  *noise = (public_fresh){.v = NULL};
  BASE_TRY(rand_stream_init_entropy(&stream));
  ckks_status status = ring_poly_init(&noise->work, 1, &params->ring);
  if (status == CKKS_OK) {
    noise->v = base_alloc_array(3 * n, sizeof *noise->v);
    if (noise->v == NULL)
      status = base_fail_memory(3 * n * sizeof *noise->v);
  }
  if (status == CKKS_OK) {
    noise->e[0] = noise->v + n;
    noise->e[1] = noise->e[0] + n;
    ring_sample_ternary(noise->v, n, &stream);
    ring_sample_error(noise->e[0], 2 * n, &stream);
  } else {
    public_fresh_clear(noise, n);
  }
  rand_stream_clear(&stream);
  return status;
}

void public_fresh_add(ckks_ciphertext *out, const public_fresh *noise, const ckks_public_key *key,
                      const ckks_params *params) {
  const ring_ring *ring = &params->ring;
  const ring_poly *key_part[2] = {&key->b, &key->a};
  ring_word *work = ring_poly_limb(&noise->work, 0);
  for (int limb = 0; limb < ckks_params_limbs(params, out->level); limb++) {
    const ring_modulus *modulus = &ring->modulus[limb];
    for (int part = 0; part < 2; part++) {
      ring_word *c = ring_poly_limb(&out->part[part], limb);
      ckks_encode_int64(work, noise->e[part], limb, params);
      ring->kernel->add(c, c, work, ring->n, modulus);
    }
    ckks_encode_int64(work, noise->v, limb, params);
    for (int part = 0; part < 2; part++)
      ring->kernel->mul_add(ring_poly_limb(&out->part[part], limb), work,
                            ring_poly_limb(key_part[part], limb), ring->n, modulus);
  }
  out->seeded = false; /* part 1 is no longer what the seed says */
}

ckks_status public_fresh_check(const ckks_ciphertext *out, const ckks_public_key *key,
                               const ckks_params *params) {
  BASE_TRY(ckks_params_check_rounding());
  BASE_TRY(ckks_params_check(params, out->params_hash, "ciphertext"));
  return ckks_params_check(params, key->params_hash, "public key");
}
