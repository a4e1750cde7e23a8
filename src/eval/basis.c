/* SPDX-License-Identifier: Apache-2.0 */
/* Bases of residues: their constants, and moving integers from one to another. */
#include "eval/basis.h"

#include "base/alloc.h"

/* ------------------------------------------------------------- constants */

/* Product of the basis' primes, all but term `skip` (-1: all of them), mod m. */
static uint64_t basis_product(const eval_basis *basis, int skip, const ring_ring *ring,
                              const ring_modulus *m) {
  uint64_t product = 1;
  for (int j = 0; j < basis->n_terms; j++)
    if (j != skip)
      product = ring_modulus_mul(product, ring->modulus[basis->limb[j]].p % m->p, m);
  return product;
}

static bool basis_holds(const eval_basis *basis, int limb) {
  for (int j = 0; j < basis->n_terms; j++)
    if (basis->limb[j] == limb)
      return true;
  return false;
}

/* Fills in everything from the list of limbs. */
static void basis_fill(eval_basis *basis, const ring_ring *ring) {
  int n_terms = basis->n_terms;
  for (int j = 0; j < n_terms; j++) {
    const ring_modulus *m = &ring->modulus[basis->limb[j]];
    basis->inverse[j] = ring_modulus_inverse(basis_product(basis, j, ring, m), m);
  }
  for (int i = 0; i < ring->n_moduli; i++) {
    const ring_modulus *m = &ring->modulus[i];
    uint64_t *weight = basis->weight + (size_t)i * (size_t)(n_terms + 1);
    if (basis_holds(basis, i))
      continue; /* nobody converts a basis into its own primes */
    for (int j = 0; j < n_terms; j++)
      weight[j] = basis_product(basis, j, ring, m);
    uint64_t d = basis_product(basis, -1, ring, m);
    weight[n_terms] = m->p - d;
    basis->reciprocal[i] = ring_modulus_inverse(d, m);
  }
}

/* Walks through all bases in the order of their memory, listing the limbs of each. */
static size_t tables_list(eval_tables *tables, const ckks_params *params) {
  int n_q = params->literal.n_q, n_p = params->literal.n_p;
  size_t at = 0, n_words = 0;
  eval_basis *memory = tables->memory;
  tables->digit = memory;
  for (int k = 1; k <= n_p; k++)
    for (int l = 0; l < n_q; l++) {
      eval_basis *basis = &memory[at++];
      for (int i = l / k * k; i <= l; i++)
        basis->limb[basis->n_terms++] = i;
    }
  tables->special = memory + at;
  for (int k = 1; k <= n_p; k++) {
    eval_basis *basis = &memory[at++];
    for (int i = 0; i < k; i++)
      basis->limb[basis->n_terms++] = n_q + i;
  }
  tables->rescale = memory + at;
  for (int k = 0; k <= n_p; k++)
    for (int l = 0; l < n_q; l++) {
      eval_basis *basis = &memory[at++];
      basis->limb[basis->n_terms++] = l;
      for (int i = 0; i < k; i++)
        basis->limb[basis->n_terms++] = n_q + i;
    }
  n_words = (size_t)n_p * (size_t)params->ring.n_moduli;
  for (size_t b = 0; b < at; b++)
    n_words += (size_t)(memory[b].n_terms + 2) * (size_t)params->ring.n_moduli;
  return n_words;
}

ckks_status eval_tables_build(eval_tables **out, const ckks_params *params) {
  size_t n_q = (size_t)params->literal.n_q, n_p = (size_t)params->literal.n_p;
  size_t n_bases = 2 * n_q * n_p + n_q + n_p, n_moduli = n_q + n_p;
  size_t n_words = 0;
  eval_tables *tables = base_alloc(sizeof *tables);
  if (tables == NULL)
    return base_fail_memory(sizeof *tables);
  tables->memory = base_alloc_array(n_bases, sizeof *tables->memory);
  if (tables->memory == NULL)
    goto no_memory;
  n_words = tables_list(tables, params);
  tables->words = base_alloc_array(n_words, sizeof *tables->words);
  if (tables->words == NULL)
    goto no_memory;
  uint64_t *words = tables->words;
  for (size_t b = 0; b < n_bases; b++) {
    eval_basis *basis = &tables->memory[b];
    basis->weight = words;
    basis->reciprocal = words + (size_t)(basis->n_terms + 1) * n_moduli;
    words = basis->reciprocal + n_moduli;
    basis_fill(basis, &params->ring);
  }
  tables->special_product = words;
  for (size_t k = 1; k <= n_p; k++)
    for (size_t i = 0; i < n_moduli; i++)
      *words++ = ckks_params_special_product(params, (int)k, (int)i);
  *out = tables;
  return CKKS_OK;
no_memory:
  eval_tables_free(tables);
  return base_fail_memory(n_bases * sizeof(eval_basis) + n_words * sizeof(uint64_t));
}

void eval_tables_free(eval_tables *tables) {
  if (tables == NULL)
    return;
  base_free(tables->words);
  base_free(tables->memory);
  base_free(tables);
}

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

/* ------------------------------------------------------------- conversion */

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

/* --------------------------------------------------------------- division */

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
