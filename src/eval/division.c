/* SPDX-License-Identifier: Apache-2.0 */
#include "eval/basis.h"

void eval_division_take(eval_division *division, const eval_basis *basis, ckks_evaluator *ev) {
  const ring_ring *ring = &ev->params->ring;
  division->basis = basis;
  division->remainder = ring_poly_take(&ev->arena, basis->n_terms, ring);
  division->quotient = NULL;
  if (basis->n_terms > 1)
    division->quotient = ring_poly_take(&ev->arena, 1, ring).data;
}

void eval_division_begin(eval_division *division, const ring_word *const *residues,
                         ckks_evaluator *ev) {
  for (int j = 0; j < division->basis->n_terms; j++)
    eval_basis_lower(ring_poly_limb(&division->remainder, j), residues[j], division->basis, j, ev);
  if (division->quotient != NULL)
    eval_basis_quotient(division->quotient, &division->remainder, division->basis, ev);
}

void eval_division_limb(ring_word *out, const ring_word *in, const eval_division *division,
                        int limb, const ring_word *plus, ckks_evaluator *ev) {
  const ring_ring *ring = &ev->params->ring;
  size_t mark = base_arena_mark(&ev->arena);
  ring_word *remainder = ring_poly_take(&ev->arena, 1, ring).data;
  eval_basis_raise(remainder, &division->remainder, division->quotient, division->basis, limb, ev);
  ring->kernel->sub_mul_scalar(out, in, remainder, division->basis->reciprocal[limb], plus, ring->n,
                               &ring->modulus[limb]);
  base_arena_reset(&ev->arena, mark);
}
