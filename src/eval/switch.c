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

int eval_switch_batch(int n_special) {
  return EVAL_SWITCH_BATCH_LIMBS / (2 * (n_special + 2));
}

/* Each target has two divisions, one per part, of up to n_special + 1 limbs and a quotient. */
#define SWITCH_MAX_BATCH (EVAL_SWITCH_BATCH_LIMBS / 6)

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

/* Puts a finished limb where it belongs. */
static void switch_store(ring_word *out, const ring_word *in, const ckks_switch_key *key,
                         ckks_evaluator *ev) {
  const ring_ring *ring = &ev->params->ring;
  BASE_ASSERT(key->index != NULL);
  ring->kernel->permute(out, in, key->index, ring->n);
  ev->counters.permute_words += ring->n;
}

/* The remainders of all targets: the limbs of the divisor, lowered. */
static void switch_remainders(eval_division (*division)[2], const eval_switch_target *targets,
                              int n_targets, eval_digits *digits, const eval_basis *basis,
                              const ring_poly *add0, const ring_poly *add1, ckks_evaluator *ev) {
  for (int j = 0; j < basis->n_terms; j++) {
    int i = eval_digits_position(ev, digits->level, basis->limb[j]);
    eval_digits_extend(digits, i, ev);
    for (int t = 0; t < n_targets; t++)
      switch_inner(ring_poly_limb(&division[t][0].remainder, j),
                   ring_poly_limb(&division[t][1].remainder, j), digits, targets[t].key, add0, add1,
                   i, ev);
  }
  for (int t = 0; t < n_targets; t++)
    for (int part = 0; part < 2; part++) {
      const ring_word *residues[EVAL_BASIS_MAX_TERMS];
      for (int j = 0; j < basis->n_terms; j++)
        residues[j] = ring_poly_limb(&division[t][part].remainder, j);
      eval_division_begin(&division[t][part], residues, ev);
    }
}

/* Limb i of every result. */
static void switch_limb(const eval_switch_target *targets, int n_targets, const ring_poly *scratch,
                        eval_division (*division)[2], eval_digits *digits, const ring_poly *add0,
                        const ring_poly *add1, int i, ckks_evaluator *ev) {
  ring_word *sum[2] = {ring_poly_limb(scratch, 0), ring_poly_limb(scratch, 1)};
  eval_digits_extend(digits, i, ev);
  for (int t = 0; t < n_targets; t++) {
    const ckks_switch_key *key = targets[t].key;
    switch_inner(sum[0], sum[1], digits, key, add0, add1, i, ev);
    for (int part = 0; part < 2; part++) {
      ring_word *out = ring_poly_limb(&targets[t].out->part[part], i);
      ring_word *quotient = key->index == NULL ? out : sum[part];
      eval_division_limb(quotient, sum[part], &division[t][part], i, ev);
      if (key->index != NULL)
        switch_store(out, quotient, key, ev);
    }
  }
}

void eval_switch_run(const eval_switch_target *targets, int n_targets, const ring_poly *add0,
                     const ring_poly *add1, const ring_poly *input, int level, bool rescale,
                     ckks_evaluator *ev) {
  int n_special = targets[0].key->n_special;
  size_t mark = base_arena_mark(&ev->arena);
  BASE_ASSERT(n_targets >= 1 && n_targets <= eval_switch_batch(n_special));
  const eval_basis *basis =
      rescale ? eval_basis_rescale(ev, n_special, level) : eval_basis_special(ev, n_special);
  eval_division division[SWITCH_MAX_BATCH][2];
  for (int t = 0; t < n_targets; t++)
    for (int part = 0; part < 2; part++)
      eval_division_take(&division[t][part], basis, ev);
  ring_poly scratch = ring_poly_take(&ev->arena, 2, &ev->params->ring);
  eval_digits digits;
  eval_digits_begin(&digits, input, level, n_special, ev);
  switch_remainders(division, targets, n_targets, &digits, basis, add0, add1, ev);
  for (int i = 0; i <= level - (rescale ? 1 : 0); i++)
    switch_limb(targets, n_targets, &scratch, division, &digits, add0, add1, i, ev);
  ev->counters.switches += (uint64_t)n_targets;
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
  eval_switch_target target = {.out = out};
  BASE_TRY(eval_key_find(&target.key, 0, level, ev));
  eval_switch_run(&target, 1, &a->part[0], &a->part[1], &a->part[2], level, rescale, ev);
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
  eval_switch_target target = {.out = out};
  BASE_TRY(eval_key_find(&target.key, galois, level, ev));
  eval_switch_run(&target, 1, &a->part[0], NULL, &a->part[1], level, false, ev);
  out->n_parts = 2;
  out->level = level;
  out->scale = a->scale;
  out->seeded = false;
  return CKKS_OK;
}
