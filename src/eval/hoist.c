/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Several rotations of one ciphertext: the decomposition is shared (hoisting,
 * eprint 2018/244 section 5), and for a sum of rotations the division by P too
 * (double hoisting, eprint 2020/1203 section 4).
 */
#include "eval/switch.h"

#include <string.h>

/* ------------------------------------------------------- many automorphisms */

/* The first i, from `from` on, whose key has n_special primes; n when there is none. */
static size_t hoist_next(const ckks_switch_key **key, size_t from, const ckks_ciphertext *a,
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
static void hoist_kind(ckks_ciphertext *const *out, const ckks_ciphertext *a,
                       const uint32_t *galois, size_t n, int n_special, ckks_evaluator *ev) {
  const ckks_switch_key *key, *next;
  size_t i = hoist_next(&key, 0, a, galois, n, n_special, ev);
  if (i == n)
    return;
  size_t mark = base_arena_mark(&ev->arena);
  eval_digits digits;
  eval_digits_begin(&digits, &a->part[1], a->level, n_special, true, ev);
  while (i < n) {
    size_t following = hoist_next(&next, i + 1, a, galois, n, n_special, ev);
    digits.next_key = next;
    eval_switch_run(out[i], key, &a->part[0], NULL, &digits, false, ev);
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
    hoist_kind(out, a, galois, n, k, ev);
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

/* --------------------------------------------------------- sums of rotations */

/* What one pass of a sum works on: the keys of one n_special. */
typedef struct hoist_sum {
  eval_digits digits;
  const ckks_ciphertext *a;
  const int *steps;
  size_t n;
  ring_word *base; /* P*c0 over the current limb: cheaper to add before than after permuting */
  ring_word *product[2]; /* one rotation's inner product */
} hoist_sum;

/* Limb i of the sum over P*Q of all rotations whose key has this n_special. */
static void hoist_sum_limb(ring_word *const total[2], hoist_sum *sum, int i, ckks_evaluator *ev) {
  const ring_ring *ring = &ev->params->ring;
  int level = sum->digits.level, n_special = sum->digits.n_special;
  bool chain = i <= level;
  const ring_modulus *m = &ring->modulus[ckks_params_limb(ev->params, level, i)];
  eval_digits_extend(&sum->digits, i, ev);
  if (chain)
    ring->kernel->mul_scalar(sum->base, ring_poly_limb(&sum->a->part[0], i),
                             eval_basis_special_product(ev, n_special, i), ring->n, m);
  for (int part = 0; part < 2; part++)
    memset(total[part], 0, ring->n * sizeof(ring_word));
  for (size_t r = 0; r < sum->n; r++) {
    const ckks_switch_key *key =
        ckks_evaluation_keys_find(ev->keys, ckks_galois_rotation(ev->params, sum->steps[r]), level);
    if (key == NULL || key->n_special != n_special)
      continue; /* NULL: a rotation by nothing, the keys were looked for before */
    eval_digits_mac(sum->product[0], sum->product[1], &sum->digits, key, i, false, ev);
    if (chain)
      ring->kernel->add(sum->product[0], sum->product[0], sum->base, ring->n, m);
    for (int part = 0; part < 2; part++)
      ring->kernel->permute_add(total[part], sum->product[part], key->index, ring->n, m);
    ev->counters.permute_words += 2 * ring->n;
  }
}

/* out += the rotations whose key has n_special primes. out is not a. */
static void hoist_sum_add(ckks_ciphertext *out, const ckks_ciphertext *a, const int *steps,
                          size_t n, int n_special, ckks_evaluator *ev) {
  const ring_ring *ring = &ev->params->ring;
  size_t mark = base_arena_mark(&ev->arena);
  hoist_sum sum = {.a = a, .steps = steps, .n = n};
  const eval_basis *basis = eval_basis_special(ev, n_special);
  eval_division division[2];
  for (int part = 0; part < 2; part++)
    eval_division_take(&division[part], basis, ev);
  ring_poly scratch = ring_poly_take(&ev->arena, 5, ring);
  sum.base = ring_poly_limb(&scratch, 0);
  for (int part = 0; part < 2; part++)
    sum.product[part] = ring_poly_limb(&scratch, 1 + part);
  eval_digits_begin(&sum.digits, &a->part[1], a->level, n_special, false, ev);
  const ring_word *residues[2][EVAL_BASIS_MAX_TERMS];
  for (int j = 0; j < n_special; j++) {
    ring_word *total[2];
    for (int part = 0; part < 2; part++)
      residues[part][j] = total[part] = ring_poly_limb(&division[part].remainder, j);
    hoist_sum_limb(total, &sum, a->level + 1 + j, ev);
  }
  for (int part = 0; part < 2; part++)
    eval_division_begin(&division[part], residues[part], ev);
  ring_word *total[2] = {ring_poly_limb(&scratch, 3), ring_poly_limb(&scratch, 4)};
  for (int i = 0; i <= a->level; i++) {
    hoist_sum_limb(total, &sum, i, ev);
    for (int part = 0; part < 2; part++) {
      ring_word *limb = ring_poly_limb(&out->part[part], i);
      eval_division_limb(total[part], total[part], &division[part], i, ev);
      ring->kernel->add(limb, limb, total[part], ring->n, &ring->modulus[i]);
    }
  }
  base_arena_reset(&ev->arena, mark);
}

/* Checks that every key is there; how many n_special occur, and how many rotations by nothing. */
static ckks_status hoist_sum_check(int *n_kinds, int *n_trivial, const ckks_ciphertext *a,
                                   const int *steps, size_t n, ckks_evaluator *ev) {
  uint32_t kinds = 0;
  *n_kinds = *n_trivial = 0;
  for (size_t i = 0; i < n; i++) {
    uint32_t galois = ckks_galois_rotation(ev->params, steps[i]);
    const ckks_switch_key *key;
    if (galois == 1) {
      ++*n_trivial;
      continue;
    }
    BASE_TRY(eval_key_find(&key, galois, a->level, ev));
    kinds |= (uint32_t)1 << key->n_special;
  }
  for (; kinds != 0; kinds &= kinds - 1)
    ++*n_kinds;
  return CKKS_OK;
}

/* Whether a rotation in the list has a key of n_special primes. */
static bool hoist_sum_wants(const ckks_ciphertext *a, const int *steps, size_t n, int n_special,
                            const ckks_evaluator *ev) {
  for (size_t i = 0; i < n; i++) {
    const ckks_switch_key *key =
        ckks_evaluation_keys_find(ev->keys, ckks_galois_rotation(ev->params, steps[i]), a->level);
    if (key != NULL && key->n_special == n_special)
      return true;
  }
  return false;
}

ckks_status eval_rotate_sum(ckks_ciphertext *out, const ckks_ciphertext *a, const int *steps,
                            size_t n, ckks_evaluator *ev) {
  int n_kinds, n_trivial, n_spares_used = ev->n_spares_used;
  BASE_ASSERT(a->n_parts == 2);
  BASE_TRY(hoist_sum_check(&n_kinds, &n_trivial, a, steps, n, ev));
  if (out == a && (n_kinds > 1 || n_trivial > 0)) { /* a is read after out has changed */
    ckks_ciphertext *copy;
    BASE_TRY(eval_spare_take(&copy, a->level, 2, ev));
    eval_copy(copy, a, ev);
    a = copy;
  }
  ckks_status status = CKKS_OK;
  if (n_trivial > 0)
    status = eval_mul_scalar(out, a, 1 + n_trivial, 1, ev);
  else
    eval_copy(out, a, ev);
  for (int k = 1; k <= ev->params->literal.n_p && status == CKKS_OK; k++)
    if (hoist_sum_wants(a, steps, n, k, ev))
      hoist_sum_add(out, a, steps, n, k, ev);
  ev->n_spares_used = n_spares_used;
  return status;
}
