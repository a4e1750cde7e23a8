/* SPDX-License-Identifier: Apache-2.0 */
/* Objects with random content, and ways to damage their bytes: what the tests of this room share.
 */
#ifndef WIRE_FIXTURE_H
#define WIRE_FIXTURE_H
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/alloc.h"
#include "base/digest.h"
#include "base/file.h"
#include "base/frame.h"
#include "force.h"
#include "golden/content.h"
#include "ring/sample.h"
#include "wire/wire.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

#define PAYLOAD BASE_FRAME_HEADER_BYTES
#define DIGEST BASE_DIGEST_BYTES

/* Limbs of many sizes, none a whole number of bytes but one; every prime below 2^49. */
static const ckks_params_literal literal_f64 = {
    .log2_n = 10,
    .n_q = 4,
    .n_p = 2,
    .q_bits = {45, 36, 36, 36},
    .p_bits = {45, 30},
    .q = {35184372060161, 68719464449, 68719446017, 68719423489},
    .p = {35184371986433, 536881153},
    .log2_scale = 36,
    .security = CKKS_SECURITY_NONE,
};

/* One prime too large for doubles makes it a ring of 64-bit words. */
static const ckks_params_literal literal_u64 = {
    .log2_n = 10,
    .n_q = 3,
    .n_p = 1,
    .q_bits = {60, 50, 50},
    .p_bits = {60},
    .q = {1152921504606830593, 1125899906826241, 1125899906820097},
    .p = {1152921504606791681},
    .log2_scale = 50,
    .security = CKKS_SECURITY_NONE,
};

/* The same sizes chosen by the library: pairs of primes, in doubles. */
static const ckks_params_literal literal_pairs = {
    .log2_n = 10,
    .n_q = 3,
    .n_p = 1,
    .q_bits = {60, 50, 45},
    .p_bits = {60},
    .log2_scale = 45,
    .security = CKKS_SECURITY_NONE,
};

static inline ckks_params *params_of(const ckks_params_literal *literal) {
  ckks_params *params = NULL;
  if (ckks_params_build(&params, literal) != CKKS_OK)
    fail_msg("%s", ckks_last_error());
  return params;
}

/* splitmix64: random numbers that are the same in every run. */
static inline uint64_t next_random(uint64_t *state) {
  uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);
  z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
  z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
  return z ^ z >> 31;
}

static inline void random_seed(uint8_t seed[RAND_SEED_BYTES], uint64_t *state) {
  for (int i = 0; i < RAND_SEED_BYTES; i++)
    seed[i] = (uint8_t)next_random(state);
}

static inline void random_limb(ring_word *out, int limb, const ckks_params *params,
                               uint64_t *state) {
  uint8_t seed[RAND_SEED_BYTES];
  random_seed(seed, state);
  ring_sample_uniform(out, seed, 0, params->ring.n, &params->ring.modulus[limb],
                      params->ring.kernel);
}

/* ---------------------------------------------------------------- objects */

static inline ckks_ciphertext *random_ciphertext(const ckks_params *params, int level, int n_parts,
                                                 bool seeded, uint64_t *state) {
  ckks_ciphertext *ciphertext = NULL;
  assert_int_equal(ckks_ciphertext_build_at(&ciphertext, params, level, n_parts), CKKS_OK);
  ciphertext->n_parts = n_parts;
  ciphertext->level = level;
  ciphertext->scale = ckks_params_scale(params, level);
  ciphertext->seeded = seeded;
  memcpy(ciphertext->params_hash, params->hash, sizeof params->hash);
  random_seed(ciphertext->seed, state);
  for (int part = 0; part < n_parts; part++)
    for (int limb = 0; limb <= level; limb++)
      random_limb(ring_poly_limb(&ciphertext->part[part], limb), limb, params, state);
  if (seeded)
    ckks_seed_expand(&ciphertext->part[1], ckks_params_limbs(params, level), ciphertext->seed,
                     params);
  return ciphertext;
}

static inline ckks_evaluation_keys *random_keys(const ckks_params *params,
                                                const ckks_key_spec *specs, size_t n_specs,
                                                uint64_t *state) {
  ckks_evaluation_keys *keys = NULL;
  size_t n = params->ring.n;
  assert_int_equal(ckks_evaluation_keys_build(&keys, n_specs, params), CKKS_OK);
  ring_word *b = base_alloc_array(2 * n, sizeof *b), *a = b + n;
  for (size_t k = 0; k < n_specs; k++) {
    ckks_switch_key *key = &keys->key[k];
    assert_int_equal(ckks_switch_key_init(key, &specs[k], params), CKKS_OK);
    random_seed(key->seed, state);
    for (int digit = 0; digit < key->n_digits; digit++)
      for (int i = 0; i < key->n_limbs; i++) {
        int limb = ckks_params_limb(params, key->level, i);
        random_limb(b, limb, params, state);
        ring_sample_uniform(a, key->seed, (uint64_t)(digit * 64 + limb), n,
                            &params->ring.modulus[limb], params->ring.kernel);
        ckks_switch_key_put(key, digit, i, b, a, params);
      }
  }
  base_free(b);
  return keys;
}

static inline ckks_public_key *random_public_key(const ckks_params *params, uint64_t *state) {
  ckks_public_key *key = NULL;
  assert_int_equal(ckks_public_key_build(&key, params), CKKS_OK);
  random_seed(key->seed, state);
  for (int limb = 0; limb < params->ring.n_moduli; limb++)
    random_limb(ring_poly_limb(&key->b, limb), limb, params, state);
  ckks_seed_expand(&key->a, params->ring.n_moduli, key->seed, params);
  return key;
}

/* --------------------------------------------------------------- contents */

/* Residues in [0, p): what two words must agree in, whatever table made them. */
static inline void assert_limb_equal(const ring_word *a, const ring_word *b, int limb,
                                     const ckks_params *params) {
  _Alignas(64) uint64_t of_a[GOLDEN_N], of_b[GOLDEN_N];
  assert_int_equal(params->ring.n, GOLDEN_N);
  params->ring.kernel->to_uint64(of_a, a, GOLDEN_N, &params->ring.modulus[limb]);
  params->ring.kernel->to_uint64(of_b, b, GOLDEN_N, &params->ring.modulus[limb]);
  assert_memory_equal(of_a, of_b, sizeof of_a);
}

static inline void assert_poly_equal(const ring_poly *a, const ring_poly *b, int n_limbs,
                                     const ckks_params *params) {
  for (int limb = 0; limb < n_limbs; limb++)
    assert_limb_equal(ring_poly_limb(a, limb), ring_poly_limb(b, limb), limb, params);
}

/* A limb of the golden parameters against content.h. */
static inline void assert_golden_limb(const ring_word *words, int tag, int limb,
                                      const ckks_params *params) {
  _Alignas(64) uint64_t values[GOLDEN_N];
  params->ring.kernel->to_uint64(values, words, GOLDEN_N, &params->ring.modulus[limb]);
  for (int i = 0; i < GOLDEN_N; i++)
    assert_int_equal(values[i], golden_value(tag, limb, i, golden_prime(limb)));
}

/*
 * The same for a limb that a seed stands for, by the definition in
 * docs/wire-format.md: ChaCha20 words cut to the size of p, kept when below p.
 */
static inline void assert_golden_seeded(const ring_word *words, int tag, uint64_t domain, int limb,
                                        const ckks_params *params) {
  static uint8_t stream[8 * 4 * GOLDEN_N];
  _Alignas(64) uint64_t values[GOLDEN_N];
  uint64_t p = golden_prime(limb), mask = 1;
  uint8_t seed[32], nonce[12] = {0};
  golden_seed(seed, tag);
  for (int i = 0; i < 8; i++)
    nonce[i] = (uint8_t)(domain >> 8 * i);
  while (mask < p)
    mask = 2 * mask + 1;
  crypto_stream_chacha20_ietf(stream, sizeof stream, nonce, seed);
  params->ring.kernel->to_uint64(values, words, GOLDEN_N, &params->ring.modulus[limb]);
  size_t n = 0;
  for (size_t at = 0; n < GOLDEN_N; at += 8) {
    uint64_t word = 0;
    assert_true(at + 8 <= sizeof stream);
    for (int i = 0; i < 8; i++)
      word |= (uint64_t)stream[at + (size_t)i] << 8 * i;
    if ((word & mask) < p)
      assert_int_equal(values[n++], word & mask);
  }
}

/* ------------------------------------------------------------------ bytes */

/* Makes a damaged frame's length and digest right again, so that what is behind them is tested. */
static inline void repair_frame(uint8_t *bytes, size_t n_bytes) {
  for (int i = 0; i < 8; i++)
    bytes[PAYLOAD - 8 + i] = (uint8_t)((n_bytes - PAYLOAD - DIGEST) >> 8 * i);
  base_digest(bytes + n_bytes - DIGEST, bytes, n_bytes - DIGEST);
}

/* A file of tests/golden, as long as its memory, for sanitizers. */
static inline uint8_t *golden_file(const char *name, size_t *n_bytes) {
  char path[512];
  uint8_t *bytes = NULL;
  snprintf(path, sizeof path, "%s/%s", GOLDEN_DIR, name);
  if (base_file_read(&bytes, n_bytes, path, 1 << 20) != CKKS_OK)
    fail_msg("%s", ckks_last_error());
  return bytes;
}

/*
 * How a message of one kind is read and written again. Whatever is accepted must come back
 * byte for byte; whatever is not leaves no object behind.
 */
typedef ckks_status (*rewrite)(uint8_t **again, size_t *n_again, const uint8_t *bytes,
                               size_t n_bytes, const ckks_params *params);

/* True when accepted. */
static inline bool canonical_or_refused(rewrite read_write, const uint8_t *bytes, size_t n_bytes,
                                        const ckks_params *params) {
  uint8_t *again = NULL;
  size_t n_again = 0;
  ckks_status status = read_write(&again, &n_again, bytes, n_bytes, params);
  if (status != CKKS_OK) {
    assert_true(status == CKKS_ERROR_FORMAT || status == CKKS_ERROR_MISMATCH ||
                status == CKKS_ERROR_SECURITY);
    assert_string_not_equal(ckks_last_error(), "");
    return false;
  }
  assert_int_equal(n_again, n_bytes);
  assert_memory_equal(again, bytes, n_bytes);
  ckks_bytes_free(again);
  return true;
}

/* Cut at length n, as it comes and with its frame made whole: never accepted. */
static inline void check_truncation(rewrite read_write, const uint8_t *bytes, size_t n_bytes,
                                    size_t step, const ckks_params *params) {
  for (size_t n = 0; n < n_bytes; n += step) {
    uint8_t *cut = base_alloc(n);
    memcpy(cut, bytes, n);
    assert_false(canonical_or_refused(read_write, cut, n, params));
    if (n >= PAYLOAD + DIGEST) {
      repair_frame(cut, n);
      assert_false(canonical_or_refused(read_write, cut, n, params));
    }
    base_free(cut);
  }
}

/* Every bit of the first n_header bytes: refused as it comes; in the frame also when repaired. */
static inline void check_header_bits(rewrite read_write, const uint8_t *bytes, size_t n_bytes,
                                     size_t n_header, const ckks_params *params) {
  uint8_t *damaged = base_alloc(n_bytes);
  for (size_t bit = 0; bit < 8 * n_header; bit++) {
    memcpy(damaged, bytes, n_bytes);
    damaged[bit / 8] ^= (uint8_t)(1 << bit % 8);
    assert_false(canonical_or_refused(read_write, damaged, n_bytes, params));
    base_digest(damaged + n_bytes - DIGEST, damaged, n_bytes - DIGEST);
    bool accepted = canonical_or_refused(read_write, damaged, n_bytes, params);
    assert_false(accepted && bit / 8 < PAYLOAD);
  }
  base_free(damaged);
}

/* n mutations of the payload, digests repaired; returns how many were accepted. */
static inline int check_mutations(rewrite read_write, const uint8_t *bytes, size_t n_bytes, int n,
                                  const ckks_params *params) {
  uint64_t state = 7;
  int n_accepted = 0;
  uint8_t *damaged = base_alloc(n_bytes);
  for (int round = 0; round < n; round++) {
    memcpy(damaged, bytes, n_bytes);
    for (uint64_t k = 1 + next_random(&state) % 4; k > 0; k--)
      damaged[PAYLOAD + next_random(&state) % (n_bytes - PAYLOAD - DIGEST)] =
          (uint8_t)next_random(&state);
    repair_frame(damaged, n_bytes);
    n_accepted += canonical_or_refused(read_write, damaged, n_bytes, params);
  }
  base_free(damaged);
  return n_accepted;
}

/* Each allocation fails once: an error of the right kind, nothing left behind, then success. */
static inline void check_allocations(rewrite read_write, const uint8_t *bytes, size_t n_bytes,
                                     const ckks_params *params) {
  ckks_status status = CKKS_ERROR_MEMORY;
  int k;
  for (k = 1; status != CKKS_OK; k++) {
    uint8_t *again = NULL;
    size_t n_again = 0;
    assert_true(k < 2000);
    base_alloc_fail_at(k);
    status = read_write(&again, &n_again, bytes, n_bytes, params);
    base_alloc_fail_at(0);
    if (status != CKKS_OK) {
      assert_int_equal(status, CKKS_ERROR_MEMORY);
      assert_null(again);
    }
    ckks_bytes_free(again);
  }
  assert_true(k > 3); /* the object, the bytes: it did fail before */
}

/* A bad golden file: which status, and which words the message must hold. */
typedef struct bad_file {
  const char *name;
  ckks_status status;
  const char *words;
} bad_file;

static inline void check_bad_files(rewrite read_write, const bad_file *files, size_t n_files,
                                   const ckks_params *params) {
  for (size_t i = 0; i < n_files; i++) {
    size_t n_bytes, n_again;
    uint8_t *again = NULL, *bytes = golden_file(files[i].name, &n_bytes);
    ckks_status status = read_write(&again, &n_again, bytes, n_bytes, params);
    if (status != files[i].status || strstr(ckks_last_error(), files[i].words) == NULL)
      fail_msg("%s: %s, \"%s\"", files[i].name, ckks_status_name(status), ckks_last_error());
    assert_null(again);
    base_free(bytes);
  }
}

/* Calls check(table's parameters) for every usable table of the literal's kind. */
static inline void for_each_table(const ckks_params_literal *literal, ring_word_kind kind,
                                  void (*check)(const ckks_params *params)) {
  const ring_kernel *before = ring_kernel_get(kind), *kernel;
  for (int i = 0; (kernel = ring_kernel_at(i)) != NULL; i++) {
    if (kernel->kind != kind || !ring_kernel_usable(kernel))
      continue;
    ring_kernel_force(kernel);
    ckks_params *params = params_of(literal);
    assert_ptr_equal(params->ring.kernel, kernel);
    check(params);
    ckks_params_free(params);
  }
  ring_kernel_force(before);
}
#endif
