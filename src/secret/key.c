/* SPDX-License-Identifier: Apache-2.0 */
/* The secret key: N uniform ternary coefficients, and their transform. */
#include "base/alloc.h"
#include "base/digest.h"
#include "base/wipe.h"
#include "ckks/encode.h"
#include "ring/sample.h"
#include "secret/secret.h"
#include <string.h>

/* Nonzero when any coefficient is not -1, 0 or 1. Looks at all of them, whatever it finds. */
static unsigned find_bad(const int8_t *ternary, size_t n) {
  unsigned bad = 0;
  for (size_t i = 0; i < n; i++) {
    unsigned value = (unsigned)(ternary[i] + 1) & 0xff; /* 0, 1, 2 when good */
    bad |= (2 - value) >> 8;                            /* borrows when above 2 */
  }
  return bad;
}

/* Room for everything; nothing secret in it yet. */
static ckks_status key_alloc(ckks_secret_key **out, const ckks_params *params) {
  ckks_secret_key *key = base_alloc(sizeof *key);
  if (key == NULL)
    return base_fail_memory(sizeof *key);
  key->ternary = base_alloc(params->ring.n);
  ckks_status status = key->ternary == NULL
                           ? base_fail_memory(params->ring.n)
                           : ring_poly_init(&key->s, params->ring.n_moduli, &params->ring);
  if (status != CKKS_OK) {
    base_free(key->ternary);
    base_free(key);
    return status;
  }
  key->n = params->ring.n;
  memcpy(key->params_hash, params->hash, CKKS_HASH_BYTES);
  *out = key;
  return CKKS_OK;
}

/* The digest of name | parameters' hash | coefficients takes the same time for every key. */
static ckks_status name_owner(ckks_secret_key *key) {
  static const char name[16] = "blindsight owner";
  size_t n_bytes = sizeof name + CKKS_HASH_BYTES + key->n;
  uint8_t digest[BASE_DIGEST_BYTES], *bytes = base_alloc(n_bytes);
  if (bytes == NULL)
    return base_fail_memory(n_bytes);
  memcpy(bytes, name, sizeof name);
  memcpy(bytes + sizeof name, key->params_hash, CKKS_HASH_BYTES);
  memcpy(bytes + sizeof name + CKKS_HASH_BYTES, key->ternary, key->n);
  base_digest(digest, bytes, n_bytes);
  memcpy(key->owner, digest, CKKS_OWNER_BYTES);
  base_wipe(bytes, n_bytes);
  base_free(bytes);
  return CKKS_OK;
}

/*
 * From integers that are known to be ternary. The transform over the special primes is
 * kept too: key generation needs s modulo all of them.
 */
static ckks_status key_from_integers(ckks_secret_key **out, const int64_t *s,
                                     const ckks_params *params) {
  ckks_secret_key *key = NULL;
  BASE_TRY(key_alloc(&key, params));
  for (size_t i = 0; i < params->ring.n; i++)
    key->ternary[i] = (int8_t)s[i];
  for (int limb = 0; limb < params->ring.n_moduli; limb++)
    ckks_encode_int64(ring_poly_limb(&key->s, limb), s, limb, params);
  ckks_status status = name_owner(key);
  if (status != CKKS_OK) {
    ckks_secret_key_free(key);
    return status;
  }
  *out = key;
  return CKKS_OK;
}

/* The verdict alone is branched on: that a key file is bad is no secret. */
ckks_status secret_key_from_ternary(ckks_secret_key **out, const int8_t *ternary,
                                    const ckks_params *params) {
  size_t n = params->ring.n;
  BASE_TRY(ckks_params_check_rounding());
  if (find_bad(ternary, n) != 0)
    return base_fail(CKKS_ERROR_FORMAT, "secret key: a coefficient is not -1, 0 or 1");
  int64_t *s = base_alloc_array(n, sizeof *s);
  if (s == NULL)
    return base_fail_memory(n * sizeof *s);
  for (size_t i = 0; i < n; i++)
    s[i] = ternary[i];
  ckks_status status = key_from_integers(out, s, params);
  base_wipe(s, n * sizeof *s);
  base_free(s);
  return status;
}

ckks_status secret_key_from_stream(ckks_secret_key **out, rand_stream *stream,
                                   const ckks_params *params) {
  size_t n = params->ring.n;
  BASE_TRY(ckks_params_check_rounding());
  int64_t *s = base_alloc_array(n, sizeof *s);
  if (s == NULL)
    return base_fail_memory(n * sizeof *s);
  ring_sample_ternary(s, n, stream);
  ckks_status status = key_from_integers(out, s, params);
  base_wipe(s, n * sizeof *s);
  base_free(s);
  return status;
}

ckks_status ckks_secret_key_generate(ckks_secret_key **out, const ckks_params *params) {
  BASE_NOT_NULL(out);
  *out = NULL;
  BASE_NOT_NULL(params);
  rand_stream stream;
  BASE_TRY(rand_stream_init_entropy(&stream));
  ckks_status status = secret_key_from_stream(out, &stream, params);
  rand_stream_clear(&stream);
  return status;
}

void ckks_secret_key_free(ckks_secret_key *key) {
  if (key == NULL)
    return;
  base_wipe(key->ternary, key->n);
  base_free(key->ternary);
  ring_poly_clear(&key->s); /* wipes */
  base_free(key);
}
