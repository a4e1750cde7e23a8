/* SPDX-License-Identifier: Apache-2.0 */
/* Public-key encryption: (v b + e0 + m, v a + e1), v ternary. */
#include "public/public.h"
#include "base/alloc.h"
#include "base/wipe.h"
#include "ckks/encode.h"
#include "ring/sample.h"
#include <string.h>

/* The randomness of one encryption, and a limb for each part of it. All that can fail is here. */
typedef struct fresh {
  int64_t *v, *e[2]; /* N integers each, in one block */
  ring_poly work;    /* v, then a product */
} fresh;

static void fresh_clear(fresh *noise, size_t n) {
  if (noise->v != NULL)
    base_wipe(noise->v, 3 * n * sizeof *noise->v);
  base_free(noise->v);
  ring_poly_clear(&noise->work); /* wipes */
}

/* The stream is unrepeatable: two encryptions never share v, which would cancel between them. */
static ckks_status fresh_init(fresh *noise, const ckks_params *params) {
  size_t n = params->ring.n;
  rand_stream stream;
  *noise = (fresh){.v = NULL};
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
    fresh_clear(noise, n);
  }
  rand_stream_clear(&stream);
  return status;
}

/* out += (v b + e0, v a + e1), limb by limb. */
static void add_fresh(ckks_ciphertext *out, const fresh *noise, const ckks_public_key *key,
                      const ckks_params *params) {
  const ring_ring *ring = &params->ring;
  const ring_poly *key_part[2] = {&key->b, &key->a};
  ring_word *work = ring_poly_limb(&noise->work, 0);
  for (int limb = 0; limb <= out->level; limb++) {
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

static ckks_status check_key(const ckks_ciphertext *out, const ckks_public_key *key,
                             const ckks_params *params) {
  BASE_TRY(ckks_params_check_rounding());
  BASE_TRY(ckks_params_check(params, out->params_hash, "ciphertext"));
  return ckks_params_check(params, key->params_hash, "public key");
}

/* A third part, if there is one, needs nothing: zero is encrypted in the first two. */
ckks_status public_add_zero(ckks_ciphertext *out, const ckks_public_key *key,
                            const ckks_params *params) {
  fresh noise;
  BASE_TRY(check_key(out, key, params));
  BASE_TRY(fresh_init(&noise, params));
  add_fresh(out, &noise, key, params);
  fresh_clear(&noise, params->ring.n);
  return CKKS_OK;
}

/* (m, 0): no encryption yet, and never seen as such. */
static void set_trivial(ckks_ciphertext *out, const ckks_plaintext *plaintext, size_t n) {
  for (int limb = 0; limb <= plaintext->level; limb++) {
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
  fresh noise;
  BASE_TRY(check_key(out, key, params));
  BASE_TRY(ckks_params_check(params, plaintext->params_hash, "plaintext"));
  BASE_TRY(ckks_params_check_level(params, plaintext->level, ckks_ciphertext_capacity(out),
                                   "ciphertext"));
  /* All that can fail comes before the message is put into the output. */
  BASE_TRY(fresh_init(&noise, params));
  set_trivial(out, plaintext, params->ring.n);
  add_fresh(out, &noise, key, params);
  fresh_clear(&noise, params->ring.n);
  return CKKS_OK;
}
