/* SPDX-License-Identifier: Apache-2.0 */
/* Decryption: m + e = c0 + c1 s (+ c2 s^2), for the key's owner alone. */
#include "base/alloc.h"
#include "base/wipe.h"
#include "secret/secret.h"
#include <float.h>
#include <math.h>

static ckks_status check_operands(const ckks_ciphertext *ciphertext, const ckks_secret_key *key,
                                  const ckks_params *params) {
  BASE_TRY(ckks_params_check_rounding());
  BASE_TRY(ckks_params_check(params, ciphertext->params_hash, "ciphertext"));
  return ckks_params_check(params, key->params_hash, "secret key");
}

/* Horner: (c2 s + c1) s + c0, in place in the plaintext. */
static void decrypt_limb(ring_word *out, const ckks_ciphertext *ciphertext, int limb,
                         const ckks_secret_key *key, const ckks_params *params) {
  const ring_ring *ring = &params->ring;
  const ring_modulus *modulus = &ring->modulus[limb];
  const ring_word *s = ring_poly_limb(&key->s, limb);
  const ring_word *highest = ring_poly_limb(&ciphertext->part[ciphertext->n_parts - 1], limb);
  for (int part = ciphertext->n_parts - 2; part >= 0; part--, highest = out) {
    ring->kernel->mul(out, highest, s, ring->n, modulus);
    ring->kernel->add(out, out, ring_poly_limb(&ciphertext->part[part], limb), ring->n, modulus);
  }
}

ckks_status ckks_decrypt(ckks_plaintext *out, const ckks_ciphertext *ciphertext,
                         const ckks_secret_key *key, const ckks_params *params) {
  BASE_NOT_NULL(out);
  BASE_NOT_NULL(ciphertext);
  BASE_NOT_NULL(key);
  BASE_NOT_NULL(params);
  BASE_TRY(check_operands(ciphertext, key, params));
  BASE_TRY(ckks_params_check(params, out->params_hash, "plaintext"));
  BASE_TRY(ckks_params_check_level(params, ciphertext->level, out->max_level, "plaintext"));
  for (int limb = 0; limb < ckks_params_limbs(params, ciphertext->level); limb++)
    decrypt_limb(ring_poly_limb(&out->poly, limb), ciphertext, limb, key, params);
  out->level = ciphertext->level;
  out->scale = ciphertext->scale;
  return CKKS_OK;
}

/* ------------------------------------------------------- for publication */

/*
 * Flooding (eprint 2020/1533, section 6; 2022/816): a value that leaves its owner
 * must not carry the ciphertext's own error, which with the ciphertext gives
 * linear equations in the key. Gaussian noise 2^30 times as large hides it up to a
 * statistical distance of about 2^-30 a slot.
 */
#define FLOOD_LOG2 30
#define FLOOD_SHARE 0.25 /* of `error`: four deviations stay within it */

/*
 * The sum of two doubles shows, in its last bits, where the smaller one stood on its
 * finer grid (Mironov, CCS 2012). So the sum is rounded to a grid 2^-16 of the
 * noise: far coarser than either's last bits, far finer than the noise.
 */
#define GRID_LOG2 16

/* Uniform in (0, 1], 53 bits. */
static double uniform(rand_stream *stream) {
  uint64_t word;
  rand_stream_read(stream, &word, sizeof word);
  return (double)((word >> 11) + 1) * 0x1p-53;
}

/* Box and Muller 1958; reaches sqrt(106 ln 2) = 8.6 deviations. */
static double gaussian(rand_stream *stream) {
  double radius = sqrt(-2 * log(uniform(stream)));
  return radius * cos(2 * 3.14159265358979323846 * uniform(stream));
}

static ckks_status check_flood(double noise, double error) {
  if (!(noise > 0 && isfinite(noise)))
    return base_fail(CKKS_ERROR_ARGUMENT, "noise = %g: must be finite and positive", noise);
  double least = ldexp(noise, FLOOD_LOG2) / FLOOD_SHARE;
  /* What is added reaches 8.6 deviations, and must stay a number. */
  if (!(error >= least && error <= DBL_MAX / 16))
    return base_fail(
        CKKS_ERROR_RANGE,
        "error = %g: must be finite, and at least %g to hide a noise of %g, 2^%d times", error,
        least, noise, FLOOD_LOG2);
  return CKKS_OK;
}

static void flood(double *values, size_t n, double error, rand_stream *stream) {
  double deviation = error * FLOOD_SHARE;
  double grid = ldexp(1, ilogb(deviation) - GRID_LOG2);
  for (size_t i = 0; i < n; i++)
    values[i] = rint((values[i] + deviation * gaussian(stream)) / grid) * grid;
}

/* Decrypts and decodes into values that nobody has seen yet. */
static ckks_status decrypt_values(double *values, size_t n, const ckks_ciphertext *ciphertext,
                                  const ckks_secret_key *key, const ckks_params *params) {
  ckks_plaintext *plaintext;
  BASE_TRY(ckks_plaintext_build_at(&plaintext, params, ciphertext->level));
  ckks_status status = ckks_decrypt(plaintext, ciphertext, key, params);
  if (status == CKKS_OK)
    status = ckks_decode_real(values, n, plaintext, params);
  ckks_plaintext_free(plaintext); /* wipes */
  return status;
}

ckks_status ckks_decrypt_for_publication(double *values, size_t n,
                                         const ckks_ciphertext *ciphertext, double noise,
                                         double error, const ckks_secret_key *key,
                                         const ckks_params *params) {
  if (n > 0)
    BASE_NOT_NULL(values);
  BASE_NOT_NULL(ciphertext);
  BASE_NOT_NULL(key);
  BASE_NOT_NULL(params);
  rand_stream stream;
  BASE_TRY(check_operands(ciphertext, key, params));
  BASE_TRY(check_flood(noise, error));
  BASE_TRY(rand_stream_init_entropy(&stream));
  ckks_status status = decrypt_values(values, n, ciphertext, key, params);
  if (status == CKKS_OK)
    flood(values, n, error, &stream);
  rand_stream_clear(&stream);
  return status;
}
