/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Key switching: relinearisation and single automorphisms.
 *
 * With digits x_d of the input and key (b_d, a_d) the inner product
 * (sum x_d b_d, sum x_d a_d) is P times the wanted pair plus noise; what is to be
 * added comes in times P, and one division by P, or P * q_level, rounds all.
 * The limbs of the divisor are computed first; from then on each limb of the
 * result is finished while it is in the cache.
 */
#include "eval/switch.h"

#include <string.h>

/* Coefficients L+1, digits, two sums, two divisions of k+1 limbs and a quotient, one remainder. */
size_t eval_switch_scratch_limbs(const ckks_params *params, bool keeps) {
  int n_q = params->literal.n_q, n_p = params->literal.n_p, most = 0;
  for (int k = 1; k <= n_p; k++) {
    int n_digits = (n_q + k - 1) / k;
    if (n_digits > RING_MAX_TERMS) /* keys with more digits exist for lower levels only */
      n_digits = RING_MAX_TERMS;
    int kept = n_digits * (keeps ? n_q + k : 1);
    most = kept > most ? kept : most;
  }
  int limbs = n_q + most + 2 + 2 * (n_p + 2) + 1;
  return (size_t)limbs;
}

/* out0, out1 = P * add + inner product, at limb i. */
static void switch_inner(ring_word *out0, ring_word *out1, const eval_digits *digits,
                         const ckks_switch_key *key, const ring_poly *add0, const ring_poly *add1,
                         int i, ckks_evaluator *ev) {
  const ring_ring *ring = &ev->params->ring;
  if (i > digits->level) { /* P is zero here */
    eval_digits_mac(out0, out1, digits, key, i, false, ev);
    return;
  }
  uint64_t p = eval_basis_special_product(ev, digits->n_special, i);
  ring->kernel->mul_scalar(out0, ring_poly_limb(add0, i), p, ring->n, &ring->modulus[i]);
  if (add1 != NULL)
    ring->kernel->mul_scalar(out1, ring_poly_limb(add1, i), p, ring->n, &ring->modulus[i]);
  else
    memset(out1, 0, ring->n * sizeof *out1);
  eval_digits_mac(out0, out1, digits, key, i, true, ev);
}

/* Extends to limb i, the key coming in beside the transforms; kept digits have none left. */
static void switch_extend(eval_digits *digits, const ckks_switch_key *key, int i,
                          ckks_evaluator *ev) {
  if (!digits->keeps)
    eval_digits_look_ahead(digits, key, i, digits->n_digits - (i <= digits->level), ev);
  eval_digits_extend(digits, i, ev);
  ev->ahead.n_bytes = 0;
}

/* The limbs of the divisor, lowered: what is to be taken off before dividing. */
static void switch_remainders(eval_division division[2], const ckks_switch_key *key,
                              const ring_poly *add0, const ring_poly *add1, eval_digits *digits,
                              const eval_basis *basis, ckks_evaluator *ev) {
  const ring_word *residues[2][EVAL_BASIS_MAX_TERMS];
  for (int j = 0; j < basis->n_terms; j++) {
    int i = eval_digits_position(ev, digits->level, basis->limb[j]);
    ring_word *sum[2];
    for (int part = 0; part < 2; part++)
      residues[part][j] = sum[part] = ring_poly_limb(&division[part].remainder, j);
    switch_extend(digits, key, i, ev);
    switch_inner(sum[0], sum[1], digits, key, add0, add1, i, ev);
  }
  for (int part = 0; part < 2; part++)
    eval_division_begin(&division[part], residues[part], ev);
}

/*
 * Kept digits leave the two transforms of the division to read the next limb beside: of this
 * key, or the first special one of the key whose turn is next.
 */
static void switch_look_ahead(const eval_digits *digits, const ckks_switch_key *key, int i,
                              int last, ckks_evaluator *ev) {
  if (!digits->keeps)
    return;
  if (i < last)
    eval_digits_look_ahead(digits, key, i + 1, 2, ev);
  else if (digits->next_key != NULL)
    eval_digits_look_ahead(digits, digits->next_key, digits->level + 1, 2, ev);
}

/* sum / divisor, permuted, to where it belongs. */
static void switch_finish(ring_word *out, ring_word *sum, const eval_division *division,
                          const ckks_switch_key *key, int i, ckks_evaluator *ev) {
  const ring_ring *ring = &ev->params->ring;
  if (key->index == NULL) {
    eval_division_limb(out, sum, division, i, ev);
    return;
  }
  eval_division_limb(sum, sum, division, i, ev);
  ring->kernel->permute(out, sum, key->index, ring->n);
  ev->counters.permute_words += ring->n;
}

void eval_switch_run(ckks_ciphertext *out, const ckks_switch_key *key, const ring_poly *add0,
                     const ring_poly *add1, eval_digits *digits, bool rescale, ckks_evaluator *ev) {
  int level = digits->level, n_special = key->n_special;
  size_t mark = base_arena_mark(&ev->arena);
  const eval_basis *basis =
      rescale ? eval_basis_rescale(ev, n_special, level) : eval_basis_special(ev, n_special);
  eval_division division[2];
  for (int part = 0; part < 2; part++)
    eval_division_take(&division[part], basis, ev);
  ring_poly scratch = ring_poly_take(&ev->arena, 2, &ev->params->ring);
  ring_word *sum[2] = {ring_poly_limb(&scratch, 0), ring_poly_limb(&scratch, 1)};
  switch_remainders(division, key, add0, add1, digits, basis, ev);
  int last = level - (rescale ? 1 : 0);
  for (int i = 0; i <= last; i++) {
    switch_extend(digits, key, i, ev);
    switch_inner(sum[0], sum[1], digits, key, add0, add1, i, ev);
    switch_look_ahead(digits, key, i, last, ev);
    for (int part = 0; part < 2; part++)
      switch_finish(ring_poly_limb(&out->part[part], i), sum[part], &division[part], key, i, ev);
  }
  base_arena_reset(&ev->arena, mark);
}

/* -------------------------------------------------------- relinearisation */

void eval_tensor(ckks_ciphertext *out, const ckks_ciphertext *a, const ckks_ciphertext *b,
                 ckks_evaluator *ev) {
  const ring_ring *ring = &ev->params->ring;
  BASE_ASSERT(a->level == b->level && a->n_parts == 2 && b->n_parts == 2);
  BASE_ASSERT(out != a && out != b);
  for (int i = 0; i <= a->level; i++)
    ring->kernel->tensor(ring_poly_limb(&out->part[0], i), ring_poly_limb(&out->part[1], i),
                         ring_poly_limb(&out->part[2], i), ring_poly_limb(&a->part[0], i),
                         ring_poly_limb(&a->part[1], i), ring_poly_limb(&b->part[0], i),
                         ring_poly_limb(&b->part[1], i), ring->n, &ring->modulus[i]);
  out->n_parts = 3;
  out->level = a->level;
  out->scale = a->scale * b->scale;
  out->seeded = false;
}

ckks_status eval_relinearize(ckks_ciphertext *out, const ckks_ciphertext *a, bool rescale,
                             ckks_evaluator *ev) {
  BASE_ASSERT(a->n_parts == 3 && a->level >= (rescale ? 1 : 0));
  int level = a->level;
  double scale = a->scale;
  const ckks_switch_key *key;
  BASE_TRY(eval_key_find(&key, 0, level, ev));
  size_t mark = base_arena_mark(&ev->arena);
  eval_digits digits;
  eval_digits_begin(&digits, &a->part[2], level, key->n_special, false, ev);
  eval_switch_run(out, key, &a->part[0], &a->part[1], &digits, rescale, ev);
  base_arena_reset(&ev->arena, mark);
  out->n_parts = 2;
  out->level = rescale ? level - 1 : level;
  out->scale = rescale ? scale / ev->params->ring.modulus[level].f : scale;
  out->seeded = false;
  return CKKS_OK;
}

ckks_status eval_mul(ckks_ciphertext *out, const ckks_ciphertext *a, const ckks_ciphertext *b,
                     ckks_evaluator *ev) {
  size_t mark = base_arena_mark(&ev->arena);
  ckks_ciphertext product = {0};
  for (int part = 0; part < 3; part++)
    product.part[part] = ring_poly_take(&ev->arena, a->level + 1, &ev->params->ring);
  eval_tensor(&product, a, b, ev);
  ckks_status status = eval_relinearize(out, &product, true, ev);
  base_arena_reset(&ev->arena, mark);
  return status;
}

/* ------------------------------------------------------------ automorphism */

ckks_status eval_automorphism(ckks_ciphertext *out, const ckks_ciphertext *a, uint32_t galois,
                              ckks_evaluator *ev) {
  BASE_ASSERT(a->n_parts == 2);
  if (galois == 1) {
    eval_copy(out, a, ev);
    return CKKS_OK;
  }
  int level = a->level;
  const ckks_switch_key *key;
  BASE_TRY(eval_key_find(&key, galois, level, ev));
  size_t mark = base_arena_mark(&ev->arena);
  eval_digits digits;
  eval_digits_begin(&digits, &a->part[1], level, key->n_special, false, ev);
  eval_switch_run(out, key, &a->part[0], NULL, &digits, false, ev);
  base_arena_reset(&ev->arena, mark);
  out->n_parts = 2;
  out->level = level;
  out->scale = a->scale;
  out->seeded = false;
  return CKKS_OK;
}
