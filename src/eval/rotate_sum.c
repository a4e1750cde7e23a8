/* SPDX-License-Identifier: Apache-2.0 */
/**
 * A sum of rotations of one ciphertext: they share the decomposition and the division by P
 * (double hoisting, eprint 2020/1203 section 4).
 */
#include "eval/switch.h"

/* What one pass of a sum works on: the keys of one n_special. */
typedef struct rotate_sum {
  eval_digits digits;
  ckks_ciphertext *out;
  const ckks_ciphertext *a;
  const int *steps;
  size_t n;
} rotate_sum;

/* The first rotation from r on whose key is of this pass; NULL when there is none. */
static const ckks_switch_key *rotate_sum_key(size_t *r, const rotate_sum *sum,
                                             const ckks_evaluator *ev) {
  for (; *r < sum->n; ++*r) {
    uint32_t galois = ckks_galois_rotation(ev->params, sum->steps[*r]);
    const ckks_switch_key *key = ckks_evaluation_keys_find(ev->keys, galois, sum->digits.level);
    if (key != NULL && key->n_special == sum->digits.n_special)
      return key; /* NULL: a rotation by nothing, the keys were looked for before */
  }
  return NULL;
}

/* Limb i of the sum over P*Q. P*c0 is cheaper to add before than after permuting. */
static void rotate_sum_limb(ring_word *const total[2], int i, const void *context,
                            ckks_evaluator *ev) {
  const rotate_sum *sum = context;
  const ring_ring *ring = &ev->params->ring;
  const eval_digits *digits = &sum->digits;
  bool chain = i < digits->n_limbs;
  const ring_modulus *m = &ring->modulus[ckks_params_limb(ev->params, digits->level, i)];
  ring_poly scratch = ring_poly_take(&ev->arena, 3, ring);
  ring_word *base = ring_poly_limb(&scratch, 0);
  ring_word *product[2] = {ring_poly_limb(&scratch, 1), ring_poly_limb(&scratch, 2)};
  eval_digits_limb limb;
  size_t r = 0;
  const ckks_switch_key *key = rotate_sum_key(&r, sum, ev);
  eval_digits_extend(&limb, digits, key, i, ev);
  if (chain)
    ring->kernel->mul_scalar(base, ring_poly_limb(&sum->a->part[0], i),
                             eval_basis_special_product(ev, digits->n_special, i), ring->n, m);
  for (bool first = true; key != NULL; first = false, r++, key = rotate_sum_key(&r, sum, ev)) {
    eval_digits_mac(product[0], product[1], digits, &limb, key, i, false, ev);
    if (chain)
      ring->kernel->add(product[0], product[0], base, ring->n, m);
    for (int part = 0; part < 2; part++) {
      if (first)
        ring->kernel->permute(total[part], product[part], key->index, ring->n);
      else
        ring->kernel->permute_add(total[part], total[part], product[part], key->index, ring->n, m);
    }
    ev->counters.permute_words += 2 * ring->n;
  }
}

/* The first key's next limb, beside the division's transforms. */
static void rotate_sum_look_ahead(int i, const void *context, ckks_evaluator *ev) {
  const rotate_sum *sum = context;
  size_t r = 0;
  if (i < sum->digits.n_limbs - 1)
    eval_digits_look_ahead(&sum->digits, rotate_sum_key(&r, sum, ev), i + 1, 2, ev);
}

static void rotate_sum_finish(ring_word *total, int part, int i, const eval_division *division,
                              const void *context, ckks_evaluator *ev) {
  const rotate_sum *sum = context;
  ring_word *out = ring_poly_limb(&sum->out->part[part], i);
  eval_division_limb(out, total, division, i, out, ev);
}

/* out += the rotations whose key has n_special primes. */
static void rotate_sum_add(ckks_ciphertext *out, const ckks_ciphertext *a, const int *steps,
                           size_t n, int n_special, ckks_evaluator *ev) {
  size_t mark = base_arena_mark(&ev->arena);
  rotate_sum sum = {.out = out, .a = a, .steps = steps, .n = n};
  const eval_sums sums = {.basis = eval_basis_special(ev, n_special),
                          .level = a->level,
                          .n_quotients = ckks_params_limbs(ev->params, a->level),
                          .sum = rotate_sum_limb,
                          .finish = rotate_sum_finish,
                          .look_ahead = rotate_sum_look_ahead,
                          .context = &sum};
  eval_digits_begin(&sum.digits, &a->part[1], a->level, n_special, false, ev);
  eval_sums_divide(&sums, ev);
  base_arena_reset(&ev->arena, mark);
}

/* Checks that every key is there; how many n_special occur, and how many rotations by nothing. */
static ckks_status rotate_sum_check(int *n_kinds, int *n_trivial, const ckks_ciphertext *a,
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
static bool rotate_sum_wants(const ckks_ciphertext *a, const int *steps, size_t n, int n_special,
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
  BASE_TRY(rotate_sum_check(&n_kinds, &n_trivial, a, steps, n, ev));
  if (n == 1 && n_trivial == 0)
    return eval_automorphism_add(out, a, ckks_galois_rotation(ev->params, steps[0]), a, ev);
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
    if (rotate_sum_wants(a, steps, n, k, ev))
      rotate_sum_add(out, a, steps, n, k, ev);
  ev->n_spares_used = n_spares_used;
  return status;
}
