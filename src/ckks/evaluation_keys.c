/* SPDX-License-Identifier: Apache-2.0 */
/* Sets of switching keys. */
#include "base/alloc.h"
#include "ckks/objects.h"
#include <string.h>

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

/* Words of data of all keys, whose shapes are set. */
static size_t block_words(const ckks_evaluation_keys *keys) {
  size_t n_words = 0;
  for (size_t i = 0; i < keys->n_keys; i++)
    n_words += ckks_switch_key_words(&keys->key[i]);
  return n_words;
}

static ckks_status make_block(ckks_evaluation_keys *keys) {
  size_t n_words = block_words(keys);
  keys->block = base_alloc_unset(n_words, sizeof *keys->block); /* words are put, pads cleared */
  return keys->block != NULL ? CKKS_OK : base_fail_memory(n_words * sizeof *keys->block);
}

static ckks_status borrow_block(ckks_evaluation_keys *keys, ring_word *block, size_t n_words) {
  if (n_words != block_words(keys))
    return base_fail(CKKS_ERROR_FORMAT, "%zu words of keys where %zu are needed", n_words,
                     block_words(keys));
  keys->block = block;
  keys->borrowed = true;
  return CKKS_OK;
}

/* In a block of their own, or in one that is lent. */
static ckks_status build_in(ckks_evaluation_keys **out, const ckks_key_spec *specs, size_t n_keys,
                            ring_word *block, size_t n_words, const ckks_params *params) {
  ckks_status status;
  ckks_evaluation_keys *keys = NULL;
  BASE_TRY(ckks_evaluation_keys_build(&keys, n_keys, params));
  for (size_t i = 0; i < n_keys; i++)
    BASE_GOTO(status, ckks_switch_key_shape(&keys->key[i], &specs[i], params), fail);
  BASE_GOTO(status, block != NULL ? borrow_block(keys, block, n_words) : make_block(keys), fail);
  ring_word *next = keys->block;
  for (size_t i = 0; i < n_keys; i++) {
    keys->key[i].data = next;
    next += ckks_switch_key_words(&keys->key[i]);
    if (block == NULL)
      ckks_switch_key_clear_pads(&keys->key[i]);
    BASE_GOTO(status, ckks_switch_key_index(&keys->key[i], params), fail);
  }
  *out = keys;
  return CKKS_OK;
fail:
  ckks_evaluation_keys_free(keys);
  return status;
}

ckks_status ckks_evaluation_keys_build_at(ckks_evaluation_keys **out, const ckks_key_spec *specs,
                                          size_t n_keys, const ckks_params *params) {
  return build_in(out, specs, n_keys, NULL, 0, params);
}

ckks_status ckks_evaluation_keys_view(ckks_evaluation_keys **out, const ckks_key_spec *specs,
                                      size_t n_keys, ring_word *block, size_t n_words,
                                      const ckks_params *params) {
  return build_in(out, specs, n_keys, block, n_words, params);
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
  if (!keys->borrowed)
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

size_t ckks_evaluation_keys_list(const ckks_evaluation_keys *keys, ckks_key_spec *specs,
                                 size_t capacity) {
  if (keys == NULL)
    return 0;
  for (size_t i = 0; specs != NULL && i < keys->n_keys && i < capacity; i++) {
    const ckks_switch_key *key = &keys->key[i];
    specs[i] =
        (ckks_key_spec){.galois = key->galois, .level = key->level, .n_special = key->n_special};
  }
  return keys->n_keys;
}
