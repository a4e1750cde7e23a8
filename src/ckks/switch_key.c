/* SPDX-License-Identifier: Apache-2.0 */
/* Switching keys: their shape, and the order of their words. */
#include "base/alloc.h"
#include "ckks/objects.h"
#include "ring/sample.h"
#include <string.h>

/* As between limbs of a polynomial: whole powers of two would alias in the cache. */
#define LIMB_PAD_WORDS 88

ckks_status ckks_switch_key_shape(ckks_switch_key *key, const ckks_key_spec *spec,
                                  const ckks_params *params) {
  ckks_key_spec checked = *spec;
  BASE_TRY(ckks_key_spec_check(&checked, params));
  memset(key, 0, sizeof *key);
  key->galois = checked.galois;
  key->level = checked.level;
  key->n_special = checked.n_special;
  key->n_digits = ckks_key_spec_digits(&checked);
  key->n_limbs = ckks_params_limbs_over(params, key->level, key->n_special);
  key->limb_words = 2 * (size_t)key->n_digits * params->ring.n + LIMB_PAD_WORDS;
  return CKKS_OK;
}

size_t ckks_switch_key_words(const ckks_switch_key *key) {
  return (size_t)key->n_limbs * key->limb_words;
}

void ckks_switch_key_clear_pads(ckks_switch_key *key) {
  for (int i = 1; i <= key->n_limbs; i++)
    memset(key->data + (size_t)i * key->limb_words - LIMB_PAD_WORDS, 0,
           LIMB_PAD_WORDS * sizeof *key->data);
}

ckks_status ckks_switch_key_index(ckks_switch_key *key, const ckks_params *params) {
  size_t n = params->ring.n;
  if (key->galois % 2 == 0) /* relinearisation and the sparse keys move nothing */
    return CKKS_OK;
  key->index = base_alloc_array(n, sizeof *key->index);
  if (key->index == NULL)
    return base_fail_memory(n * sizeof *key->index);
  ring_automorphism_index(key->index, key->galois, params->literal.log2_n);
  return CKKS_OK;
}

ckks_status ckks_switch_key_init(ckks_switch_key *key, const ckks_key_spec *spec,
                                 const ckks_params *params) {
  BASE_TRY(ckks_switch_key_shape(key, spec, params));
  key->data = base_alloc_array(ckks_switch_key_words(key), sizeof *key->data);
  if (key->data == NULL)
    return base_fail_memory(ckks_switch_key_words(key) * sizeof *key->data);
  ckks_status status = ckks_switch_key_index(key, params);
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
  BASE_ASSERT(limb >= 0 && limb < key->n_limbs);
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
