/* SPDX-License-Identifier: Apache-2.0 */
/* The keys by name: which rotation each makes, and what to say when one is missing. */
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "eval/eval.h"

static ckks_switch_key *key_by_galois(const ckks_evaluation_keys *keys, uint32_t galois) {
  for (size_t low = 0, high = keys->n_keys; low < high;) {
    size_t middle = low + (high - low) / 2;
    if (keys->key[middle].galois == galois)
      return &keys->key[middle];
    if (keys->key[middle].galois < galois)
      low = middle + 1;
    else
      high = middle;
  }
  return NULL;
}

/* The discrete logarithm to the base 5, by walking. */
ckks_status eval_key_steps(ckks_evaluator *ev) {
  const ckks_evaluation_keys *keys = ev->keys;
  ev->steps = base_alloc_array(keys->n_keys, sizeof *ev->steps);
  if (ev->steps == NULL)
    return base_fail_memory(keys->n_keys * sizeof *ev->steps);
  for (size_t i = 0; i < keys->n_keys; i++)
    ev->steps[i] = -1;
  size_t slots = ev->params->ring.n / 2;
  uint32_t mask = (uint32_t)(2 * ev->params->ring.n - 1), galois = 1;
  for (size_t step = 0; step < slots; step++) {
    const ckks_switch_key *key = key_by_galois(keys, galois);
    if (key != NULL)
      ev->steps[key - keys->key] = (int)step;
    galois = galois * 5 & mask;
  }
  return CKKS_OK;
}

/* The shorter signed name of a rotation: -1 rather than N/2 - 1. */
static int key_signed_step(const ckks_evaluator *ev, int step) {
  int slots = (int)(ev->params->ring.n / 2);
  return step > slots / 2 ? step - slots : step;
}

/* Appends to a text that may be cut. */
static void key_append(char *text, size_t capacity, const char *word) {
  size_t used = strlen(text);
  snprintf(text + used, capacity - used, "%s", word);
}

static const char *key_sparse_name(uint32_t galois) {
  return galois == CKKS_KEY_TO_SPARSE ? "to" : "from";
}

/* "relinearisation, conjugation, rotations 1 2 4 -1", as much as fits. */
static void key_list_keys(char *text, size_t capacity, int level, const ckks_evaluator *ev) {
  char word[32];
  bool first = true;
  text[0] = 0;
  for (size_t i = 0; ev->keys != NULL && i < ev->keys->n_keys; i++) {
    const ckks_switch_key *key = &ev->keys->key[i];
    if (key->galois == 0)
      snprintf(word, sizeof word, "relinearisation");
    else if (ckks_key_spec_is_sparse(key->galois))
      snprintf(word, sizeof word, "%s the sparse secret", key_sparse_name(key->galois));
    else if (ev->steps[i] >= 0)
      snprintf(word, sizeof word, "rotation %d", key_signed_step(ev, ev->steps[i]));
    else
      snprintf(word, sizeof word, "Galois element %u", (unsigned)key->galois);
    key_append(text, capacity, first ? "" : ", ");
    key_append(text, capacity, word);
    if (key->level < level) {
      snprintf(word, sizeof word, " (to level %d)", key->level);
      key_append(text, capacity, word);
    }
    first = false;
  }
  if (first)
    snprintf(text, capacity, "none");
}

ckks_status eval_key_find(const ckks_switch_key **out, uint32_t galois, int level,
                          const ckks_evaluator *ev) {
  *out = ev->keys == NULL ? NULL : ckks_evaluation_keys_find(ev->keys, galois, level);
  if (*out != NULL)
    return CKKS_OK;
  char name[48], list[320];
  snprintf(name, sizeof name, "Galois element %u", (unsigned)galois);
  if (galois == 0)
    snprintf(name, sizeof name, "relinearisation");
  if (ckks_key_spec_is_sparse(galois))
    snprintf(name, sizeof name, "switching %s the sparse secret", key_sparse_name(galois));
  if (galois == ckks_galois_conjugation(ev->params))
    snprintf(name, sizeof name, "conjugation");
  int slots = (int)(ev->params->ring.n / 2);
  uint32_t mask = (uint32_t)(2 * ev->params->ring.n - 1), power = 1;
  for (int step = 0; step < slots && galois % 2 != 0; step++, power = power * 5 & mask)
    if (power == galois)
      snprintf(name, sizeof name, "rotation by %d", key_signed_step(ev, step));
  key_list_keys(list, sizeof list, level, ev);
  return base_fail(CKKS_ERROR_KEY, "no key for %s at level %d; keys: %s", name, level, list);
}
