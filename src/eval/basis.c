/* SPDX-License-Identifier: Apache-2.0 */
/* Bases of residues: moving integers from one to another. */
#include "eval/basis.h"

const eval_basis *eval_basis_digit(const ckks_evaluator *ev, int n_special, int level) {
  BASE_ASSERT(n_special >= 1 && n_special <= ev->params->literal.n_p);
  return &ev->tables->digit[(n_special - 1) * ev->params->literal.n_q + level];
}

const eval_basis *eval_basis_special(const ckks_evaluator *ev, int n_special) {
  BASE_ASSERT(n_special >= 1 && n_special <= ev->params->literal.n_p);
  return &ev->tables->special[n_special - 1];
}

const eval_basis *eval_basis_rescale(const ckks_evaluator *ev, int n_special, int level) {
  BASE_ASSERT(n_special >= 0 && n_special <= ev->params->literal.n_p);
  return &ev->tables->rescale[n_special * ev->params->literal.n_q + level];
}

uint64_t eval_basis_special_product(const ckks_evaluator *ev, int n_special, int limb) {
  return ev->tables->special_product[(n_special - 1) * ev->params->ring.n_moduli + limb];
}

void eval_basis_lower(ring_word *out, const ring_word *in, const eval_basis *basis, int j,
                      ckks_evaluator *ev) {
  const ring_ring *ring = &ev->params->ring;
  int limb = basis->limb[j];
  /* The factor goes in before the transform, which then centres the product for us. */
  if (basis->n_terms > 1) {
    ring->kernel->mul_scalar(out, in, basis->inverse[j], ring->n, &ring->modulus[limb]);
    in = out;
  }
  ring->kernel->ntt_inverse(out, in, ring->ntt[limb]);
  ev->counters.ntt++;
}

void eval_basis_quotient(ring_word *v, const ring_poly *y, const eval_basis *basis,
                         ckks_evaluator *ev) {
  const ring_ring *ring = &ev->params->ring;
  const ring_word *in[EVAL_BASIS_MAX_TERMS];
  const ring_modulus *from[EVAL_BASIS_MAX_TERMS];
  for (int j = 0; j < basis->n_terms; j++) {
    in[j] = ring_poly_limb(y, j);
    from[j] = &ring->modulus[basis->limb[j]];
  }
  ring->kernel->quotient(v, in, from, basis->n_terms, ring->n);
}

/*
 * A centred residue mod d is already good input for the transform mod p when
 * words are signed and d/2 <= 1.5 p; else one pass reduces it.
 */
static const ring_word *basis_reduce(ring_word *out, const ring_word *y, const ring_modulus *from,
                                     const ring_modulus *m, ckks_evaluator *ev) {
  const ring_ring *ring = &ev->params->ring;
  if (ring->kind == RING_F64 && from->p / 3 < m->p)
    return y;
  ring->kernel->reduce(out, y, from, ring->n, m);
  ev->counters.convert_words += ring->n;
  return out;
}

/* With a part of what the evaluator will read next. */
static void basis_forward(ring_word *out, const ring_word *in, int limb, ckks_evaluator *ev) {
  const ring_ring *ring = &ev->params->ring;
  size_t n_bytes = ev->ahead.n_bytes < ev->ahead.share ? ev->ahead.n_bytes : ev->ahead.share;
  if (n_bytes == 0) {
    ring->kernel->ntt_forward(out, in, ring->ntt[limb]);
    return;
  }
  ring->kernel->ntt_forward_fetching(out, in, ring->ntt[limb], ev->ahead.next, n_bytes);
  ev->ahead.next += n_bytes;
  ev->ahead.n_bytes -= n_bytes;
}

void eval_basis_raise(ring_word *out, const ring_poly *y, const ring_word *v,
                      const eval_basis *basis, int limb, ckks_evaluator *ev) {
  const ring_ring *ring = &ev->params->ring;
  const ring_modulus *m = &ring->modulus[limb];
  int n_terms = basis->n_terms;
  const ring_word *source = out;
  if (n_terms == 1) {
    source = basis_reduce(out, ring_poly_limb(y, 0), &ring->modulus[basis->limb[0]], m, ev);
  } else {
    const ring_word *in[EVAL_BASIS_MAX_TERMS + 1];
    const ring_modulus *from[EVAL_BASIS_MAX_TERMS + 1];
    for (int j = 0; j < n_terms; j++) {
      in[j] = ring_poly_limb(y, j);
      from[j] = &ring->modulus[basis->limb[j]];
    }
    if (v != NULL) { /* one more term, v * (-D), whose input is a signed integer */
      in[n_terms] = v;
      from[n_terms] = NULL;
      n_terms++;
    }
    const uint64_t *weight = basis->weight + (size_t)limb * (size_t)(basis->n_terms + 1);
    ring->kernel->convert(out, in, from, weight, n_terms, ring->n, m);
    ev->counters.convert_words += ring->n * (size_t)n_terms;
  }
  basis_forward(out, source, limb, ev);
  ev->counters.ntt++;
}
