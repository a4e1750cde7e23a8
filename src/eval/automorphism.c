/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Automorphisms: one, with something added to it, or many of one ciphertext, which share the
 * decomposition (hoisting, eprint 2018/244 section 5).
 */
#include "eval/switch.h"

ckks_status eval_automorphism(ckks_ciphertext *out, const ckks_ciphertext *a, uint32_t galois,
                              ckks_evaluator *ev) {
  if (galois == 1) {
    eval_copy(out, a, ev);
    return CKKS_OK;
  }
  return eval_automorphism_add(out, a, galois, NULL, ev);
}

ckks_status eval_automorphism_add(ckks_ciphertext *out, const ckks_ciphertext *a, uint32_t galois,
                                  const ckks_ciphertext *addend, ckks_evaluator *ev) {
  BASE_ASSERT(a->n_parts == 2 && galois != 1);
  BASE_ASSERT(addend == NULL || (addend->n_parts == 2 && addend->level == a->level &&
                                 ckks_scale_equal(addend->scale, a->scale)));
  int level = a->level;
  const ckks_switch_key *key;
  BASE_TRY(eval_key_find(&key, galois, level, ev));
  size_t mark = base_arena_mark(&ev->arena);
  eval_digits digits;
  eval_digits_begin(&digits, &a->part[1], level, key->n_special, false, ev);
  const eval_switch what = {
      .digits = &digits, .key = key, .add = {&a->part[0], NULL}, .addend = addend};
  eval_switch_run(out, &what, ev);
  base_arena_reset(&ev->arena, mark);
  out->n_parts = 2;
  out->level = level;
  out->scale = a->scale;
  out->seeded = false;
  return CKKS_OK;
}

/* The first i, from `from` on, whose key has n_special primes; n when there is none. */
static size_t automorphism_next(const ckks_switch_key **key, size_t from, const ckks_ciphertext *a,
                                const uint32_t *galois, size_t n, int n_special,
                                const ckks_evaluator *ev) {
  for (size_t i = from; i < n; i++) {
    *key = ckks_evaluation_keys_find(ev->keys, galois[i], a->level);
    if (galois[i] != 1 && (*key)->n_special == n_special)
      return i;
  }
  *key = NULL;
  return n;
}

/* All automorphisms whose key has n_special primes, from one decomposition. */
static void automorphism_kind(ckks_ciphertext *const *out, const ckks_ciphertext *a,
                              const uint32_t *galois, size_t n, int n_special, ckks_evaluator *ev) {
  const ckks_switch_key *key, *next;
  size_t i = automorphism_next(&key, 0, a, galois, n, n_special, ev);
  if (i == n)
    return;
  size_t mark = base_arena_mark(&ev->arena);
  eval_digits digits;
  eval_digits_begin(&digits, &a->part[1], a->level, n_special, true, ev);
  while (i < n) {
    size_t following = automorphism_next(&next, i + 1, a, galois, n, n_special, ev);
    const eval_switch what = {
        .digits = &digits, .key = key, .add = {&a->part[0], NULL}, .next_key = next};
    eval_switch_run(out[i], &what, ev);
    key = next;
    i = following;
  }
  base_arena_reset(&ev->arena, mark);
}

ckks_status eval_automorphism_many(ckks_ciphertext *const *out, const ckks_ciphertext *a,
                                   const uint32_t *galois, size_t n, ckks_evaluator *ev) {
  BASE_ASSERT(a->n_parts == 2);
  bool needs_key = false;
  for (size_t i = 0; i < n; i++) {
    const ckks_switch_key *key;
    BASE_ASSERT(out[i] != a);
    if (galois[i] == 1)
      continue;
    BASE_TRY(eval_key_find(&key, galois[i], a->level, ev));
    needs_key = true;
  }
  /* Keys of different n_special want different digits. */
  for (int k = 1; needs_key && k <= ev->params->literal.n_p; k++)
    automorphism_kind(out, a, galois, n, k, ev);
  for (size_t i = 0; i < n; i++) {
    if (galois[i] == 1)
      eval_copy(out[i], a, ev);
    out[i]->n_parts = 2;
    out[i]->level = a->level;
    out[i]->scale = a->scale;
    out[i]->seeded = false;
  }
  return CKKS_OK;
}
