/* SPDX-License-Identifier: Apache-2.0 */
/**
 * What a result may tell besides its value. Its two parts are functions of the sample, the keys
 * and the weights; plus a fresh encryption of zero they are uniform to whoever has no secret,
 * and to the client they are the value plus noise. That noise has the trace of the weights: it
 * is drowned, as far as the error asked for allows, by flooding noise here and by the rounding
 * to the layout's bits, which after re-randomisation is independent of all else
 * (docs/security.md, "What results tell").
 */
#include "base/alloc.h"
#include "ckks/encode.h"
#include "exec/exec.h"
#include "public/public.h"
#include "rand/rand.h"

/* Uniform in [-bound, bound], to within 2^-64 * bound, from 64 random bits each. */
static void sample_flood(int64_t *noise, size_t n, uint64_t bound, rand_stream *stream) {
  rand_stream_read(stream, noise, n * sizeof *noise);
  for (size_t i = 0; i < n; i++) {
    uint64_t word = (uint64_t)noise[i];
    noise[i] = (int64_t)((unsigned __int128)word * (2 * bound + 1) >> 64) - (int64_t)bound;
  }
}

static void add_flood(ckks_ciphertext *out, const int64_t *noise, ring_word *work,
                      const ckks_params *params) {
  const ring_ring *ring = &params->ring;
  ring_word *c0 = ring_poly_limb(&out->part[0], 0);
  ckks_encode_int64(work, noise, 0, params);
  ring->kernel->add(c0, c0, work, ring->n, &ring->modulus[0]);
}

static ckks_status flood(ckks_ciphertext *out, uint64_t bound, const ckks_params *params) {
  size_t n = params->ring.n;
  rand_stream stream;
  if (bound == 0)
    return CKKS_OK;
  BASE_TRY(rand_stream_init_entropy(&stream));
  int64_t *noise = base_alloc_array(n, sizeof *noise);
  ring_word *work = base_alloc_array(n, sizeof *work);
  if (noise != NULL && work != NULL) {
    sample_flood(noise, n, bound, &stream);
    add_flood(out, noise, work, params);
  }
  ckks_status status = noise != NULL && work != NULL ? CKKS_OK : base_fail_memory(n * 8);
  base_free(noise);
  base_free(work);
  rand_stream_clear(&stream);
  return status;
}

ckks_status exec_hide(ckks_ciphertext **out, const ckks_ciphertext *result,
                      const ckks_public_key *key, const plan_layout *layout,
                      const ckks_params *params) {
  *out = NULL;
  if (key == NULL)
    return base_fail(CKKS_ERROR_KEY, "there is no public key with the evaluation keys");
  ckks_ciphertext *hidden = NULL;
  BASE_TRY(ckks_ciphertext_build_at(&hidden, params, 0, 2));
  ckks_status status = ckks_ciphertext_copy(hidden, result);
  if (status == CKKS_OK)
    status = public_add_zero(hidden, key, params);
  if (status == CKKS_OK)
    status = flood(hidden, plan_flood(layout, &params->literal), params);
  if (status != CKKS_OK) {
    ckks_ciphertext_free(hidden);
    return status;
  }
  *out = hidden;
  return CKKS_OK;
}
