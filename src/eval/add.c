/* SPDX-License-Identifier: Apache-2.0 */
/* Sums of two ciphertexts, of one and a plaintext, of one and a constant. */
#include "eval/arith.h"

void eval_add(ckks_ciphertext *out, const ckks_ciphertext *a, const ckks_ciphertext *b,
              ckks_evaluator *ev) {
  int level = a->level, n_parts = a->n_parts > b->n_parts ? a->n_parts : b->n_parts;
  BASE_ASSERT(a->level == b->level && ckks_scale_equal(a->scale, b->scale));
  for (int part = 0; part < n_parts; part++) {
    if (part < a->n_parts && part < b->n_parts)
      eval_arith_each(&out->part[part], &a->part[part], &b->part[part], level,
                      ev->params->ring.kernel->add, ev);
    else
      eval_arith_copy_part(out, part < a->n_parts ? a : b, part, level, ev);
  }
  eval_arith_finish(out, n_parts, level, a->scale);
}

void eval_add_plain(ckks_ciphertext *out, const ckks_ciphertext *a, const ckks_plaintext *p,
                    ckks_evaluator *ev) {
  BASE_ASSERT(p->level >= a->level && ckks_scale_equal(a->scale, p->scale));
  eval_arith_each(&out->part[0], &a->part[0], &p->poly, a->level, ev->params->ring.kernel->add, ev);
  for (int part = 1; part < a->n_parts; part++)
    eval_arith_copy_part(out, a, part, a->level, ev);
  eval_arith_finish(out, a->n_parts, a->level, a->scale);
}

/* A constant polynomial takes the same value at every root: one residue fills a limb. */
static void add_fill(ring_word *out, uint64_t residue, int limb, ckks_evaluator *ev) {
  const ring_ring *ring = &ev->params->ring;
  for (size_t i = 0; i < ring->n; i++)
    out[i].u = residue;
  ring->kernel->from_uint64(out, &out->u, ring->n, &ring->modulus[limb]);
}

ckks_status eval_add_scalar(ckks_ciphertext *out, const ckks_ciphertext *a, double value,
                            ckks_evaluator *ev) {
  const ring_ring *ring = &ev->params->ring;
  uint64_t residue[CKKS_MAX_Q];
  BASE_TRY(ckks_encode_scalar(residue, ckks_params_limbs(ev->params, a->level), value, a->scale,
                              ev->params));
  size_t mark = base_arena_mark(&ev->arena);
  ring_word *limb = ring_poly_take(&ev->arena, 1, ring).data;
  for (int i = 0; i < ckks_params_limbs(ev->params, a->level); i++) {
    add_fill(limb, residue[i], i, ev);
    ring->kernel->add(ring_poly_limb(&out->part[0], i), ring_poly_limb(&a->part[0], i), limb,
                      ring->n, &ring->modulus[i]);
  }
  base_arena_reset(&ev->arena, mark);
  for (int part = 1; part < a->n_parts; part++)
    eval_arith_copy_part(out, a, part, a->level, ev);
  eval_arith_finish(out, a->n_parts, a->level, a->scale);
  return CKKS_OK;
}
