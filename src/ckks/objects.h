/* SPDX-License-Identifier: Apache-2.0 */
/* Plaintexts, ciphertexts and the public key types: what they hold, and making them. */
#ifndef CKKS_OBJECTS_H
#define CKKS_OBJECTS_H
#include "ckks/params.h"
#include "rand/rand.h"

/** NTT form, loose, limbs of q_0..q_level (room for the top level). */
struct ckks_plaintext {
  ring_poly poly;
  int level;
  int max_level; /**< highest level there is room for */
  int n_special; /**< moduli p_0.. behind those of the level (eval_diagonal_encode); else 0 */
  double scale;
  bool borrowed; /**< the limbs are somebody else's */
  uint8_t params_hash[CKKS_HASH_BYTES];
};

/**
 * (c0, c1[, c2]) with c0 + c1 s + c2 s^2 = scale * m + e; NTT form, loose, room for
 * the top level. `seeded`: c1 is ring_sample_uniform(seed, domain = limb) limb by
 * limb; any operation on the ciphertext clears the flag.
 */
struct ckks_ciphertext {
  ring_poly part[3];
  int n_parts; /**< 2 or 3 */
  int level;
  int max_level; /**< highest level there is room for */
  double scale;
  bool seeded;
  uint8_t seed[RAND_SEED_BYTES];
  uint8_t params_hash[CKKS_HASH_BYTES];
};

/** Room for levels up to max_level and max_parts (2 or 3) parts. */
ckks_status ckks_ciphertext_build_at(ckks_ciphertext **out, const ckks_params *params,
                                     int max_level, int max_parts);
/** Highest level there is room for. */
int ckks_ciphertext_capacity(const ckks_ciphertext *ciphertext);
ckks_status ckks_plaintext_build_at(ckks_plaintext **out, const ckks_params *params, int max_level);
/** Over limbs that stand at `words` already, those of level and n_special, and must outlive it. */
ckks_status ckks_plaintext_view(ckks_plaintext **out, ring_word *words, int level, int n_special,
                                double scale, const ckks_params *params);
/** Relative difference of two scales below 2^-40: the same scale. */
bool ckks_scale_equal(double a, double b);

/**
 * b = -a s + e over q_0..q_L and all special moduli, or the first limbs of that (build_at), NTT
 * form; a = uniform(seed, domain = limb).
 */
struct ckks_public_key {
  ring_poly b, a;
  uint8_t seed[RAND_SEED_BYTES];
  uint8_t params_hash[CKKS_HASH_BYTES];
};

/** Both polynomials zero, seed zero. */
ckks_status ckks_public_key_build(ckks_public_key **out, const ckks_params *params);
/** With the first n_limbs limbs only: for ciphertexts that have no more. */
ckks_status ckks_public_key_build_at(ckks_public_key **out, int n_limbs, const ckks_params *params);
/** Limbs 0..n_limbs-1 of a seeded ciphertext's c1 or a public key's a: domain = limb. */
void ckks_seed_expand(ring_poly *out, int n_limbs, const uint8_t seed[RAND_SEED_BYTES],
                      const ckks_params *params);

/**
 * A hybrid switching key (eprint 2019/688, 2021/204) from s' to t. For
 * relinearisation (galois = 0) s' = s^2 and t = s. For galois g the automorphism is
 * applied *after* the inner product: the key takes s' = s to t = sigma_{g^-1}(s), then
 * sigma_g takes the result back to s.
 *   b_d = -a_d t + e_d + P * g_d * s'   with  t = the target secret,
 * g_d = 1 on the limbs of digit d and 0 on all others, P = p_0..p_{n_special-1}.
 * Digits are runs of n_special levels: digit d = limbs of levels d*n_special ... (cut at level).
 * CKKS_KEY_TO_SPARSE: s' = s and t the sparse secret, modulo q_0 p_0 alone. CKKS_KEY_FROM_SPARSE:
 * s' the sparse secret and t = s, one digit with g_0 = 1 on all limbs, for inputs below q_0.
 * a_d over limb i is ring_sample_uniform(seed, domain = d * 64 + ring limb).
 */
typedef struct ckks_switch_key {
  uint32_t galois;
  int level, n_special, n_digits;
  int n_limbs; /**< of the level over the special moduli */
  uint8_t seed[RAND_SEED_BYTES];
  /**
   * For limb i of n_limbs: 2*n_digits*n words in the order of
   * ring_kernel.mac_key, at data + i*limb_words.
   */
  ring_word *data;
  size_t limb_words;
  uint32_t *index; /**< ring_automorphism_index of galois; NULL where there is none */
} ckks_switch_key;

/** Names a secret key without telling it: a digest of it. Zero where it is not known. */
#define CKKS_OWNER_BYTES 16

struct ckks_evaluation_keys {
  uint8_t owner[CKKS_OWNER_BYTES]; /**< of the secret that they belong to */
  ckks_switch_key *key;            /**< sorted by galois */
  size_t n_keys;
  ring_word *block;      /**< data of all keys when they were built together; else NULL */
  bool borrowed;         /**< the block is somebody else's */
  ckks_public_key *zero; /**< public key cut to level 0, to hide results with; NULL = none */
  uint8_t params_hash[CKKS_HASH_BYTES];
};

ckks_status ckks_evaluation_keys_build(ckks_evaluation_keys **out, size_t n_keys,
                                       const ckks_params *params);
/**
 * Keys for all specs (checked), with their data in one block: faster to take and to read than
 * many (base_alloc's large pages). No key of it may be cleared by itself; seeds are zero. The words
 * are unset: whoever builds puts every digit of every limb.
 */
ckks_status ckks_evaluation_keys_build_at(ckks_evaluation_keys **out, const ckks_key_spec *specs,
                                          size_t n_keys, const ckks_params *params);
/** The same over a block that holds their data already, n_words of them (else CKKS_ERROR_FORMAT),
 * and must outlive them. */
ckks_status ckks_evaluation_keys_view(ckks_evaluation_keys **out, const ckks_key_spec *specs,
                                      size_t n_keys, ring_word *block, size_t n_words,
                                      const ckks_params *params);
/** Allocates data and index for the spec (checked) and sets the fields; seed left zero. */
ckks_status ckks_switch_key_init(ckks_switch_key *key, const ckks_key_spec *spec,
                                 const ckks_params *params);
/** Sets all fields but the pointers, as ckks_switch_key_init does. */
ckks_status ckks_switch_key_shape(ckks_switch_key *key, const ckks_key_spec *spec,
                                  const ckks_params *params);
/** Words of `data` of a key whose shape is set. */
size_t ckks_switch_key_words(const ckks_switch_key *key);
/** Zeros between the limbs, where nothing is ever put. */
void ckks_switch_key_clear_pads(ckks_switch_key *key);
/** Makes `index`, the evaluator's table of the automorphism, kept with the key that needs it. */
ckks_status ckks_switch_key_index(ckks_switch_key *key, const ckks_params *params);
void ckks_switch_key_clear(ckks_switch_key *key);
/** Writes digit d, limb i from two plain limbs (b, a) into the interleaved layout. */
void ckks_switch_key_put(ckks_switch_key *key, int digit, int limb, const ring_word *b,
                         const ring_word *a, const ckks_params *params);
/** The other way; either output may be NULL. */
void ckks_switch_key_get(ring_word *b, ring_word *a, const ckks_switch_key *key, int digit,
                         int limb, const ckks_params *params);
/** a_d over one limb from the key's seed, as a plain limb. */
void ckks_switch_key_expand(ring_word *a, const ckks_switch_key *key, int digit, int limb,
                            const ckks_params *params);
/** NULL when there is none at this level or above. */
const ckks_switch_key *ckks_evaluation_keys_find(const ckks_evaluation_keys *keys, uint32_t galois,
                                                 int level);
/**
 * Checks a spec and fills in its defaults (-1, 0). Galois elements: odd, 1 < g < 2N, or 0, or one
 * of the sparse keys; CKKS_ERROR_SECURITY where the sparse secret would be too weak.
 */
ckks_status ckks_key_spec_check(ckks_key_spec *spec, const ckks_params *params);
/** One of the two keys of the sparse secret, which have no automorphism. */
bool ckks_key_spec_is_sparse(uint32_t galois);
/** Digits of a checked spec: ceil((level+1)/n_special); FROM_SPARSE: 1. */
int ckks_key_spec_digits(const ckks_key_spec *spec);
/**
 * The most that a key may have: RING_MAX_TERMS, or as many as the whole chain has over all special
 * moduli, up to twice that.
 */
int ckks_key_spec_max_digits(const ckks_params *params);
/** Sorts by galois and merges equal elements (highest level, its n_special); returns the count. */
size_t ckks_key_spec_merge(ckks_key_spec *specs, size_t n);
/** Wire bytes of one key: seeded, b limbs bit-packed. */
size_t ckks_key_spec_bytes(const ckks_key_spec *spec, const ckks_params *params);
#endif
