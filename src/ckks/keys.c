/* SPDX-License-Identifier: Apache-2.0 */
/* What evaluators and senders hold: public keys, switching keys, sets of them. */
#include "base/alloc.h"
#include "ckks/objects.h"
#include "ring/sample.h"
#include <string.h>

/*
 * This room makes the objects and knows their layout; filling them takes the secret
 * (secret/keygen.c) or bytes from a wire. Both expand seeds by the two functions here,
 * so that there is one definition of which domain belongs to which limb.
 */

/* ------------------------------------------------------------ public key */

void ckks_seed_expand(ring_poly *out, int n_limbs, const uint8_t seed[RAND_SEED_BYTES],
                      const ckks_params *params) {
  const ring_ring *ring = &params->ring;
  for (int limb = 0; limb < n_limbs; limb++)
    ring_sample_uniform(ring_poly_limb(out, limb), seed, (uint64_t)limb, ring->n,
                        &ring->modulus[limb], ring->kernel);
}

ckks_status ckks_public_key_build(ckks_public_key **out, const ckks_params *params) {
  return ckks_public_key_build_at(out, params->literal.n_q, params);
}

ckks_status ckks_public_key_build_at(ckks_public_key **out, int n_limbs,
                                     const ckks_params *params) {
  ckks_status status;
  ckks_public_key *key = base_alloc(sizeof *key);
  if (key == NULL)
    return base_fail_memory(sizeof *key);
  BASE_GOTO(status, ring_poly_init(&key->b, n_limbs, &params->ring), fail);
  BASE_GOTO(status, ring_poly_init(&key->a, n_limbs, &params->ring), fail);
  memcpy(key->params_hash, params->hash, CKKS_HASH_BYTES);
  *out = key;
  return CKKS_OK;
fail:
  ckks_public_key_free(key);
  return status;
}

void ckks_public_key_free(ckks_public_key *key) {
  if (key == NULL)
    return;
  ring_poly_clear(&key->b);
  ring_poly_clear(&key->a);
  base_free(key);
}

/* --------------------------------------------------------- switching keys */

/* As between limbs of a polynomial: whole powers of two would alias in the cache. */
#define LIMB_PAD_WORDS 88

/* Everything but memory. */
static ckks_status set_shape(ckks_switch_key *key, const ckks_key_spec *spec,
                             const ckks_params *params) {
  ckks_key_spec checked = *spec;
  BASE_TRY(ckks_key_spec_check(&checked, params));
  memset(key, 0, sizeof *key);
  key->galois = checked.galois;
  key->level = checked.level;
  key->n_special = checked.n_special;
  key->n_digits = ckks_key_spec_digits(&checked);
  key->limb_words = 2 * (size_t)key->n_digits * params->ring.n + LIMB_PAD_WORDS;
  return CKKS_OK;
}

/* All limbs of a key whose shape is set. */
static size_t data_words(const ckks_switch_key *key) {
  return (size_t)(key->level + 1 + key->n_special) * key->limb_words;
}

/* The evaluator's table of the automorphism, kept with the key that needs it. */
static ckks_status make_index(ckks_switch_key *key, const ckks_params *params) {
  size_t n = params->ring.n;
  if (key->galois == 0)
    return CKKS_OK;
  key->index = base_alloc_array(n, sizeof *key->index);
  if (key->index == NULL)
    return base_fail_memory(n * sizeof *key->index);
  ring_automorphism_index(key->index, key->galois, params->literal.log2_n);
  return CKKS_OK;
}

ckks_status ckks_switch_key_init(ckks_switch_key *key, const ckks_key_spec *spec,
                                 const ckks_params *params) {
  BASE_TRY(set_shape(key, spec, params));
  key->data = base_alloc_array(data_words(key), sizeof *key->data);
  if (key->data == NULL)
    return base_fail_memory(data_words(key) * sizeof *key->data);
  ckks_status status = make_index(key, params);
  if (status != CKKS_OK)
    ckks_switch_key_clear(key);
  return status;
}

/* Public material: freed, not wiped. */
void ckks_switch_key_clear(ckks_switch_key *key) {
  base_free(key->data);
  base_free(key->index);
  memset(key, 0, sizeof *key);
}

/* First word of the first group of four positions that belongs to the digit. */
static size_t digit_offset(const ckks_switch_key *key, int digit, int limb) {
  BASE_ASSERT(digit >= 0 && digit < key->n_digits);
  BASE_ASSERT(limb >= 0 && limb < key->level + 1 + key->n_special);
  return (size_t)limb * key->limb_words + (size_t)digit * 8;
}

/*
 * Groups of four positions, digit after digit, b before a: the order in which mac_key
 * reads, so that an inner product streams through the key once, forwards.
 */
void ckks_switch_key_put(ckks_switch_key *key, int digit, int limb, const ring_word *b,
                         const ring_word *a, const ckks_params *params) {
  ring_word *group = key->data + digit_offset(key, digit, limb);
  for (size_t i = 0; i < params->ring.n; i += 4, group += 8 * key->n_digits) {
    memcpy(group, b + i, 4 * sizeof *group);
    memcpy(group + 4, a + i, 4 * sizeof *group);
  }
}

void ckks_switch_key_get(ring_word *b, ring_word *a, const ckks_switch_key *key, int digit,
                         int limb, const ckks_params *params) {
  const ring_word *group = key->data + digit_offset(key, digit, limb);
  for (size_t i = 0; i < params->ring.n; i += 4, group += 8 * key->n_digits) {
    if (b != NULL)
      memcpy(b + i, group, 4 * sizeof *group);
    if (a != NULL)
      memcpy(a + i, group + 4, 4 * sizeof *group);
  }
}

void ckks_switch_key_expand(ring_word *a, const ckks_switch_key *key, int digit, int limb,
                            const ckks_params *params) {
  const ring_ring *ring = &params->ring;
  int ring_limb = ckks_params_limb(params, key->level, limb);
  /* 64 domains a digit: rings have at most 56 + 8 limbs. */
  ring_sample_uniform(a, key->seed, (uint64_t)digit * 64 + (uint64_t)ring_limb, ring->n,
                      &ring->modulus[ring_limb], ring->kernel);
}

/* ------------------------------------------------------------ sets of keys */

ckks_status ckks_evaluation_keys_build(ckks_evaluation_keys **out, size_t n_keys,
                                       const ckks_params *params) {
  ckks_evaluation_keys *keys = base_alloc(sizeof *keys);
  if (keys == NULL)
    return base_fail_memory(sizeof *keys);
  keys->key = base_alloc_array(n_keys, sizeof *keys->key);
  if (keys->key == NULL) {
    base_free(keys);
    return base_fail_memory(n_keys * sizeof *keys->key);
  }
  keys->n_keys = n_keys;
  memcpy(keys->params_hash, params->hash, CKKS_HASH_BYTES);
  *out = keys;
  return CKKS_OK;
}

/* Cuts one block into the data of keys whose shapes are set. */
static ckks_status make_block(ckks_evaluation_keys *keys) {
  size_t n_words = 0;
  for (size_t i = 0; i < keys->n_keys; i++)
    n_words += data_words(&keys->key[i]);
  keys->block = base_alloc_array(n_words, sizeof *keys->block);
  if (keys->block == NULL)
    return base_fail_memory(n_words * sizeof *keys->block);
  ring_word *next = keys->block;
  for (size_t i = 0; i < keys->n_keys; i++) {
    keys->key[i].data = next;
    next += data_words(&keys->key[i]);
  }
  return CKKS_OK;
}

ckks_status ckks_evaluation_keys_build_at(ckks_evaluation_keys **out, const ckks_key_spec *specs,
                                          size_t n_keys, const ckks_params *params) {
  ckks_status status;
  ckks_evaluation_keys *keys = NULL;
  BASE_TRY(ckks_evaluation_keys_build(&keys, n_keys, params));
  for (size_t i = 0; i < n_keys; i++)
    BASE_GOTO(status, set_shape(&keys->key[i], &specs[i], params), fail);
  BASE_GOTO(status, make_block(keys), fail);
  for (size_t i = 0; i < n_keys; i++)
    BASE_GOTO(status, make_index(&keys->key[i], params), fail);
  *out = keys;
  return CKKS_OK;
fail:
  ckks_evaluation_keys_free(keys);
  return status;
}

void ckks_evaluation_keys_free(ckks_evaluation_keys *keys) {
  if (keys == NULL)
    return;
  for (size_t i = 0; i < keys->n_keys; i++) {
    if (keys->block != NULL)
      keys->key[i].data = NULL; /* a part of the block */
    ckks_switch_key_clear(&keys->key[i]);
  }
  ckks_public_key_free(keys->zero);
  base_free(keys->block);
  base_free(keys->key);
  base_free(keys);
}

/* Sorted by Galois element, each once (ckks_key_spec_merge): a binary search finds the only one. */
const ckks_switch_key *ckks_evaluation_keys_find(const ckks_evaluation_keys *keys, uint32_t galois,
                                                 int level) {
  size_t low = 0, high = keys->n_keys;
  while (low < high) {
    size_t middle = low + (high - low) / 2;
    if (keys->key[middle].galois < galois)
      low = middle + 1;
    else
      high = middle;
  }
  if (low == keys->n_keys || keys->key[low].galois != galois || keys->key[low].level < level)
    return NULL;
  return &keys->key[low];
}
