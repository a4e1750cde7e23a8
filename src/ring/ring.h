/* SPDX-License-Identifier: Apache-2.0 */
/* The ring Z_Q[X]/(X^N+1) in residue number form: moduli, twiddles, polynomials. */
#ifndef RING_RING_H
#define RING_RING_H
#include "base/arena.h"
#include "ring/kernel/kernel.h"

/**
 * A ring: N and a list of primes with their twiddles. Limbs of polynomials are
 * named by the index of their prime here. All primes share one kind of word:
 * f64 when every prime is below 2^49, else u64.
 */
typedef struct ring_ring {
  int log2_n;
  size_t n;
  int n_moduli;
  ring_word_kind kind;
  const ring_kernel *kernel;
  ring_modulus *modulus; /**< n_moduli of them */
  uint64_t *psi;         /**< roots of unity, n_moduli of them */
  ring_ntt **ntt;
  size_t stride; /**< words from limb to limb: n + 88, so that limbs do not alias in the cache */
} ring_ring;

/** Distinct primes = 1 mod 2N below 2^61. */
ckks_status ring_ring_init(ring_ring *ring, int log2_n, const uint64_t *primes, int n_primes);
void ring_ring_clear(ring_ring *ring);

/** Limbs at data, data + stride, ...; what prime each belongs to is the holder's knowledge. */
typedef struct ring_poly {
  ring_word *data;
  size_t stride;
  int n_limbs;
} ring_poly;

static inline ring_word *ring_poly_limb(const ring_poly *poly, int limb) {
  return poly->data + (size_t)limb * poly->stride;
}
ckks_status ring_poly_init(ring_poly *poly, int n_limbs, const ring_ring *ring);
void ring_poly_clear(ring_poly *poly); /**< wipes and frees */
size_t ring_poly_bytes(int n_limbs, const ring_ring *ring);
/** From an arena; not to be cleared. */
ring_poly ring_poly_take(base_arena *arena, int n_limbs, const ring_ring *ring);

/**
 * Permutation that applies X -> X^galois to the NTT form: out[i] = in[index[i]].
 * galois odd, < 2N; index has n entries.
 */
void ring_automorphism_index(uint32_t *index, uint32_t galois, int log2_n);
/** 5^steps mod 2N, any sign: the rotation of slots to the left by `steps`. */
uint32_t ring_automorphism_rotation(int steps, int log2_n);
#endif
