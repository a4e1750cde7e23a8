/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Writes the golden files into the folder named by its argument. They were made once,
 * with format version 1, and are kept: run it again only for a new version. The bad
 * ones are good ones with one fault each and a correct digest, so that what refuses
 * them is the check they are named after.
 */
#include "base/alloc.h"
#include "ckks/objects.h"
#include "golden/content.h"
#include "golden/save.h"

#include "base/digest.h"
#include <stdlib.h>
#include <string.h>

#define HEADER 88
#define DIGEST 32

static ckks_params *params;

/* ------------------------------------------------------------------- good */

static void fill(ring_word *out, int tag, int limb) {
  _Alignas(64) uint64_t values[GOLDEN_N];
  for (int i = 0; i < GOLDEN_N; i++)
    values[i] = golden_value(tag, limb, i, golden_prime(limb));
  params->ring.kernel->from_uint64(out, values, GOLDEN_N, &params->ring.modulus[limb]);
}

static void make_ciphertext(uint8_t **bytes, size_t *n_bytes, int tag, int level, int n_parts,
                            bool seeded) {
  ckks_ciphertext *ciphertext;
  check(ckks_ciphertext_build_at(&ciphertext, params, level, n_parts));
  ciphertext->n_parts = n_parts;
  ciphertext->level = level;
  ciphertext->scale = golden_scale;
  ciphertext->seeded = seeded;
  memcpy(ciphertext->params_hash, params->hash, sizeof params->hash);
  golden_seed(ciphertext->seed, tag);
  for (int part = 0; part < (seeded ? 1 : n_parts); part++)
    for (int limb = 0; limb <= level; limb++)
      fill(ring_poly_limb(&ciphertext->part[part], limb), tag + part, limb);
  check(ckks_ciphertext_write(bytes, n_bytes, ciphertext, params));
  ckks_ciphertext_free(ciphertext);
}

static void make_public_key(uint8_t **bytes, size_t *n_bytes) {
  ckks_public_key key;
  memset(&key, 0, sizeof key);
  check(ring_poly_init(&key.b, params->ring.n_moduli, &params->ring));
  memcpy(key.params_hash, params->hash, sizeof params->hash);
  golden_seed(key.seed, GOLDEN_PUBLIC_KEY);
  for (int limb = 0; limb < params->ring.n_moduli; limb++)
    fill(ring_poly_limb(&key.b, limb), GOLDEN_PUBLIC_KEY, limb);
  check(ckks_public_key_write(bytes, n_bytes, &key, params));
  ring_poly_clear(&key.b);
}

/** Keys for these specs, filled by the tag of the first and 8 more for each that follows. */
static void make_keys(uint8_t **bytes, size_t *n_bytes, const ckks_key_spec *specs, int n_keys,
                      int first_tag) {
  ckks_evaluation_keys *keys;
  check(ckks_evaluation_keys_build(&keys, (size_t)n_keys, params));
  ring_word *b = base_alloc_array(GOLDEN_N, sizeof *b);
  for (int k = 0; k < n_keys; k++) {
    ckks_switch_key *key = &keys->key[k];
    int tag = first_tag + 8 * k;
    check(ckks_switch_key_init(key, &specs[k], params));
    golden_seed(key->seed, tag);
    for (int digit = 0; digit < key->n_digits; digit++)
      for (int i = 0; i < key->n_limbs; i++) {
        fill(b, tag + digit, ckks_params_limb(params, key->level, i));
        ckks_switch_key_put(key, digit, i, b, b, params); /* only b is written */
      }
  }
  check(ckks_evaluation_keys_write(bytes, n_bytes, keys, params));
  base_free(b);
  ckks_evaluation_keys_free(keys);
}

/* -------------------------------------------------------------------- bad */

/** A copy of good[0..n) with the payload cut or grown by `grow`, `width` bytes at `at` replaced. */
static void save_bad(const char *name, const uint8_t *good, size_t n, int grow, size_t at,
                     uint64_t value, int width) {
  size_t n_bad = (size_t)((ptrdiff_t)n + grow), n_payload = n_bad - HEADER - DIGEST;
  uint8_t *bad = calloc(n_bad + 16, 1);
  if (bad == NULL)
    exit(1);
  memcpy(bad, good, (grow < 0 ? n_bad : n) - DIGEST);
  for (int i = 0; i < 8; i++)
    bad[HEADER - 8 + i] = (uint8_t)(n_payload >> 8 * i);
  for (int i = 0; i < width; i++)
    bad[at + (size_t)i] = (uint8_t)(value >> 8 * i);
  base_digest(bad + n_bad - DIGEST, bad, n_bad - DIGEST);
  save(name, bad, n_bad);
  free(bad);
}

static void bad_frames(const uint8_t *good, size_t n) {
  save_bad("bad_frame_magic.bin", good, n, 0, 0, 'b', 1);
  save_bad("bad_frame_version.bin", good, n, 0, 8, 2, 2);
  save_bad("bad_frame_kind.bin", good, n, 0, 10, 5, 2);
  save_bad("bad_frame_reserved.bin", good, n, 0, 12, 1, 4);
  save_bad("bad_frame_hash.bin", good, n, 0, 16, UINT64_MAX, 8);
  save_bad("bad_frame_plan.bin", good, n, 0, 48, 1, 1);
  save("bad_frame_empty.bin", good, 0);
  save("bad_frame_cut.bin", good, n - 1);
  save("bad_frame_short.bin", good, HEADER + DIGEST - 1);
  uint8_t *damaged = malloc(n + 1);
  if (damaged == NULL)
    exit(1);
  memcpy(damaged, good, n);
  damaged[n] = 0;
  save("bad_frame_trailing.bin", damaged, n + 1);
  damaged[HEADER] ^= 1;
  save("bad_frame_damaged.bin", damaged, n);
  free(damaged);
}

static void bad_ciphertexts(const uint8_t *good, size_t n) {
  save_bad("bad_ciphertext_parts.bin", good, n, 0, HEADER, 4, 1);
  save_bad("bad_ciphertext_level.bin", good, n, 0, HEADER + 1, 2, 1);
  save_bad("bad_ciphertext_seeded.bin", good, n, 0, HEADER, 3, 1);
  save_bad("bad_ciphertext_reserved.bin", good, n, 0, HEADER + 3, 1, 1);
  save_bad("bad_ciphertext_scale_nan.bin", good, n, 0, HEADER + 4, UINT64_C(0x7ff8) << 48, 8);
  save_bad("bad_ciphertext_scale_zero.bin", good, n, 0, HEADER + 4, 0, 8);
  save_bad("bad_ciphertext_scale_huge.bin", good, n, 0, HEADER + 4, UINT64_C(0x7fe) << 52, 8);
  save_bad("bad_ciphertext_cut.bin", good, n, -1, 0, 'B', 1);
  save_bad("bad_ciphertext_trailing.bin", good, n, 1, 0, 'B', 1);
  /* Value 0 takes the low 30 bits behind the seed: all ones is above q_0. */
  save_bad("bad_ciphertext_value.bin", good, n, 0, HEADER + 12 + 32, UINT32_MAX, 4);
}

static void bad_params(const uint8_t *good, size_t n) {
  save_bad("bad_params_log2_n.bin", good, n, 0, HEADER, 18, 1);
  save_bad("bad_params_n_q.bin", good, n, 0, HEADER + 1, 57, 1);
  save_bad("bad_params_security.bin", good, n, 0, HEADER + 4, 127, 4);
  save_bad("bad_params_weak.bin", good, n, 0, HEADER + 4, 128, 4);
  save_bad("bad_params_scale.bin", good, n, 0, HEADER + 8, UINT64_C(0x7ff) << 52, 8);
  save_bad("bad_params_composite.bin", good, n, 0, HEADER + 16, 536881153 + 2048, 8);
  save_bad("bad_params_even.bin", good, n, 0, HEADER + 16, 536881152, 8);
  save_bad("bad_params_twice.bin", good, n, 0, HEADER + 24, 536881153, 8);
  save_bad("bad_params_zero.bin", good, n, 0, HEADER + 16, 0, 8);
  save_bad("bad_params_trailing.bin", good, n, 8, 0, 'B', 1);
}

/** One key, cut to level 0: a header of 40 bytes and a digit of 30 + 30 bits. */
static void bad_keys(const uint8_t *good, size_t n) {
  size_t first = HEADER + 4;
  save_bad("bad_keys_count.bin", good, n, 0, HEADER, UINT32_MAX, 4);
  save_bad("bad_keys_missing.bin", good, n, 0, HEADER, 2, 4);
  save_bad("bad_keys_fewer.bin", good, n, 0, HEADER, 0, 4);
  save_bad("bad_keys_even.bin", good, n, 0, first, 6, 4);
  save_bad("bad_keys_one.bin", good, n, 0, first, 1, 4);
  save_bad("bad_keys_large.bin", good, n, 0, first, 2049, 4);
  save_bad("bad_keys_level.bin", good, n, 0, first + 4, 2, 1);
  save_bad("bad_keys_special.bin", good, n, 0, first + 5, 2, 1);
  save_bad("bad_keys_special_zero.bin", good, n, 0, first + 5, 0, 1);
  save_bad("bad_keys_reserved.bin", good, n, 0, first + 6, 1, 2);
  save_bad("bad_keys_value.bin", good, n, 0, first + 40, UINT32_MAX, 4);
  save_bad("bad_keys_cut.bin", good, n, -1, 0, 'B', 1);
}

int main(int argc, char **argv) {
  uint8_t *bytes;
  size_t n;
  folder = argc > 1 ? argv[1] : GOLDEN_DIR;
  check(ckks_params_build(&params, &golden_literal));
  check(ckks_params_write(&bytes, &n, params));
  save("params.bin", bytes, n);
  bad_params(bytes, n);
  ckks_bytes_free(bytes);
  make_ciphertext(&bytes, &n, GOLDEN_SEEDED, 1, 2, true);
  save("ciphertext_seeded.bin", bytes, n);
  ckks_bytes_free(bytes);
  make_ciphertext(&bytes, &n, GOLDEN_PARTS, 1, 3, false);
  save("ciphertext_parts.bin", bytes, n);
  ckks_bytes_free(bytes);
  make_ciphertext(&bytes, &n, GOLDEN_SMALL, 0, 2, true);
  save("ciphertext_small.bin", bytes, n);
  bad_frames(bytes, n);
  bad_ciphertexts(bytes, n);
  ckks_bytes_free(bytes);
  make_public_key(&bytes, &n);
  save("public_key.bin", bytes, n);
  save_bad("bad_public_key_cut.bin", bytes, n, -1, 0, 'B', 1);
  save_bad("bad_public_key_trailing.bin", bytes, n, 1, 0, 'B', 1);
  save_bad("bad_public_key_value.bin", bytes, n, 0, HEADER + 32, UINT32_MAX, 4);
  ckks_bytes_free(bytes);
  make_keys(&bytes, &n, golden_specs, GOLDEN_N_SPECS, GOLDEN_KEYS);
  save("keys.bin", bytes, n);
  /* Key 1 named as key 0 is: behind that one's header and 2 digits of 30 + 20 + 30 bits. */
  save_bad("bad_keys_unsorted.bin", bytes, n, 0, HEADER + 4 + 40 + 2 * (GOLDEN_N * 80 / 8), 0, 4);
  ckks_bytes_free(bytes);
  make_keys(&bytes, &n, golden_specs + 1, 1, GOLDEN_KEYS + 8);
  bad_keys(bytes, n);
  ckks_bytes_free(bytes);
  make_keys(&bytes, &n, golden_sparse_specs, 2, GOLDEN_SPARSE_KEYS);
  save("keys_sparse.bin", bytes, n);
  /* Under the sparse secret at a higher level than 0: what must not be. */
  save_bad("bad_keys_sparse_level.bin", bytes, n, 0, HEADER + 4 + 4, 1, 1);
  ckks_bytes_free(bytes);
  ckks_params_free(params);
  return 0;
}
