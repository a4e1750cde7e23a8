/* SPDX-License-Identifier: Apache-2.0 */
/* The constants of all bases that evaluation ever uses. */
#include "base/alloc.h"
#include "eval/basis.h"

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

/* Adds the limbs first .. end - 1. */
static void basis_take(eval_basis *basis, int first, int end) {
  for (int i = first; i < end; i++)
    basis->limb[basis->n_terms++] = i;
}

/* Walks through all bases in the order of their memory, listing the limbs of each. */
static size_t tables_list(eval_tables *tables, const ckks_params *params) {
  int n_q = params->literal.n_q, n_p = params->literal.n_p, n_limbs = params->n_limbs;
  size_t at = 0, n_words = 0;
  eval_basis *memory = tables->memory;
  tables->digit = memory;
  for (int k = 1; k <= n_p; k++)
    for (int l = 0; l < n_q; l++) {
      eval_basis *basis = &memory[at++];
      basis_take(basis, ckks_params_limbs(params, l / k * k - 1), ckks_params_limbs(params, l));
    }
  tables->special = memory + at;
  for (int k = 1; k <= n_p; k++) {
    eval_basis *basis = &memory[at++];
    basis_take(basis, n_limbs, n_limbs + params->special_limbs[k]);
  }
  tables->rescale = memory + at;
  for (int k = 0; k <= n_p; k++)
    for (int l = 0; l < n_q; l++) {
      eval_basis *basis = &memory[at++];
      basis_take(basis, ckks_params_limbs(params, l - 1), ckks_params_limbs(params, l));
      basis_take(basis, n_limbs, n_limbs + params->special_limbs[k]);
    }
  n_words = (size_t)n_p * (size_t)params->ring.n_moduli;
  for (size_t b = 0; b < at; b++)
    n_words += (size_t)(memory[b].n_terms + 2) * (size_t)params->ring.n_moduli;
  return n_words;
}

ckks_status eval_tables_build(eval_tables **out, const ckks_params *params) {
  size_t n_q = (size_t)params->literal.n_q, n_p = (size_t)params->literal.n_p;
  size_t n_bases = 2 * n_q * n_p + n_q + n_p, n_moduli = (size_t)params->ring.n_moduli;
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
