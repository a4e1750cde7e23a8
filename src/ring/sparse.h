/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Polynomials in X^gap. p(X^gap) at psi^e is p at (psi^gap)^e: a transform of N / gap coefficients
 * has all values there are, each of which stands gap times in the NTT form, side by side in the
 * order of brv. So the last log2(gap) layers of a whole transform would only copy.
 */
#ifndef RING_SPARSE_H
#define RING_SPARSE_H
#include "ring/ring.h"

/** Twiddles for one gap. All zero: none. */
typedef struct ring_sparse {
  const ring_ring *ring;
  size_t gap;
  int log2_n;     /**< of the transform: of N / gap, or of the smallest that kernels have */
  ring_ntt **ntt; /**< one for each limb; NULL where the transform is the ring's own */
} ring_sparse;

/** gap is a power of two, N / gap 16 at least; the ring must outlive it. CKKS_ERROR_MEMORY. */
ckks_status ring_sparse_init(ring_sparse *sparse, size_t gap, const ring_ring *ring);
void ring_sparse_clear(ring_sparse *sparse);
/**
 * In place: the first N / gap words are coefficients as ntt_forward takes them, of 1, X^gap,
 * X^(2 gap), ...; the 2^log2_n different values come out, loose. Timing independent of the values.
 */
void ring_sparse_forward(ring_word *out, int limb, const ring_sparse *sparse);
/** Words first to first + n - 1 of the NTT form, both multiples of 64, from those values. */
void ring_sparse_repeat(ring_word *out, const ring_word *values, size_t first, size_t n,
                        const ring_sparse *sparse);
/** Butterflies of it: N / 2 log2 N are a whole transform's. */
uint64_t ring_sparse_butterflies(int log2_n, size_t gap);
#endif
