/* SPDX-License-Identifier: Apache-2.0 */
/* Symmetric, seeded encryption: c1 is 32 bytes, c0 = -c1 s + e + m. */
#include "base/alloc.h"
#include "base/wipe.h"
#include "ckks/encode.h"
#include "ring/sample.h"
#include "secret/secret.h"
#include <string.h>

/* The integers e of a fresh encryption, one for all limbs. */
static ckks_status sample_error(int64_t *error, size_t n) {
  rand_stream stream;
  BASE_TRY(rand_stream_init_entropy(&stream));
  ring_sample_error(error, n, &stream);
  rand_stream_clear(&stream);
  return CKKS_OK;
}

/*
 * Nothing can fail from here on. c1 is expanded from the public seed; whoever receives
 * the seed instead of c1 expands the same words (ckks_seed_expand).
 */
static void fill_limbs(ckks_ciphertext *out, const ckks_plaintext *plaintext, const int64_t *error,
                       const ckks_secret_key *key, const ckks_params *params) {
  const ring_ring *ring = &params->ring;
  const ring_kernel *kernel = ring->kernel;
  int n_limbs = ckks_params_limbs(params, plaintext->level);
  ckks_seed_expand(&out->part[1], n_limbs, out->seed, params);
  for (int limb = 0; limb < n_limbs; limb++) {
    const ring_modulus *modulus = &ring->modulus[limb];
    ring_word *c0 = ring_poly_limb(&out->part[0], limb), *c1 = ring_poly_limb(&out->part[1], limb);
    /* -(e + c1 s) + m: e is as likely as -e, and so no scratch limb is needed. */
    ckks_encode_int64(c0, error, limb, params);
    kernel->mul_add(c0, c1, ring_poly_limb(&key->s, limb), ring->n, modulus);
    kernel->negate(c0, c0, ring->n, modulus);
    kernel->add(c0, c0, ring_poly_limb(&plaintext->poly, limb), ring->n, modulus);
  }
}

ckks_status secret_encrypt(ckks_ciphertext *out, const ckks_plaintext *plaintext,
                           const ckks_secret_key *key, const ckks_params *params) {
  size_t n = params->ring.n;
  uint8_t seed[RAND_SEED_BYTES];
  BASE_ASSERT(plaintext->level <= ckks_ciphertext_capacity(out));
  BASE_TRY(rand_entropy(seed, sizeof seed));
  int64_t *error = base_alloc_array(n, sizeof *error);
  if (error == NULL)
    return base_fail_memory(n * sizeof *error);
  ckks_status status = sample_error(error, n);
  if (status == CKKS_OK) {
    memcpy(out->seed, seed, sizeof seed);
    out->seeded = true;
    out->n_parts = 2;
    out->level = plaintext->level;
    out->scale = plaintext->scale;
    fill_limbs(out, plaintext, error, key, params);
  }
  base_wipe(error, n * sizeof *error);
  base_free(error);
  return status;
}

/* The public tier: checks everything, and leaves the output alone when anything is wrong. */
ckks_status ckks_encrypt(ckks_ciphertext *out, const ckks_plaintext *plaintext,
                         const ckks_secret_key *key, const ckks_params *params) {
  BASE_NOT_NULL(out);
  BASE_NOT_NULL(plaintext);
  BASE_NOT_NULL(key);
  BASE_NOT_NULL(params);
  BASE_TRY(ckks_params_check_rounding());
  BASE_TRY(ckks_params_check(params, out->params_hash, "ciphertext"));
  BASE_TRY(ckks_params_check(params, plaintext->params_hash, "plaintext"));
  BASE_TRY(ckks_params_check(params, key->params_hash, "secret key"));
  BASE_TRY(ckks_params_check_level(params, plaintext->level, ckks_ciphertext_capacity(out),
                                   "ciphertext"));
  return secret_encrypt(out, plaintext, key, params);
}
