/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Residues in [0, p), p < 2^61, and words of either kind as residues: what the portable loops
 * compute with. No branch and no index depends on a value.
 */
#ifndef RING_KERNEL_SCALAR_WORDS_H
#define RING_KERNEL_SCALAR_WORDS_H
#include "ring/kernel/tables.h"

#define INLINE static inline __attribute__((always_inline))

typedef unsigned __int128 wide;

#if defined(__wasm__)
/*
 * WebAssembly multiplies 64 bits to 64: compilers call a function for more, which takes the time of
 * ten of these. Four products of halves; no sum of them passes 2^64.
 */
INLINE wide times(uint64_t a, uint64_t b) {
  uint64_t a0 = (uint32_t)a, a1 = a >> 32, b0 = (uint32_t)b, b1 = b >> 32;
  uint64_t low = a0 * b0, middle = a1 * b0 + (low >> 32), other = a0 * b1 + (uint32_t)middle;
  uint64_t high = a1 * b1 + (middle >> 32) + (other >> 32);
  return (wide)high << 64 | (other << 32 | (uint32_t)low);
}
#else
INLINE wide times(uint64_t a, uint64_t b) {
  return (wide)a * b;
}
#endif

/* ---- residues ---- */

/*
 * value - bound where value >= bound; the difference is within +-2^63. Masks are
 * made of sign bits: compilers turn those of comparisons into branches.
 */
INLINE uint64_t below(uint64_t value, uint64_t bound) {
  uint64_t difference = value - bound;
  return difference + (bound & (uint64_t)((int64_t)difference >> 63));
}

/*
 * Barrett for 64-bit values: q = floor(value*floor(2^64/p) / 2^64) is at most
 * one below floor(value/p), so the remainder is below 2p.
 */
INLINE uint64_t residue_u64(uint64_t value, const ring_modulus *m) {
  uint64_t q = (uint64_t)(times(value, m->ratio_hi) >> 64);
  return below(value - q * m->p, m->p);
}

/* |value| < 2^62; p << (63 - bits) is a multiple of p between 2^62 and 2^63. */
INLINE uint64_t residue_i64(int64_t value, const ring_modulus *m) {
  return residue_u64((uint64_t)value + (m->p << (63 - m->bits)), m);
}

/*
 * Barrett for any 128-bit value with floor(2^128/p) = ratio. The low halves'
 * product is cut to its high word; quotient at most 2 too small (one for the
 * ratio, one for the cuts), hence two corrections. 3p < 2^63.
 */
INLINE uint64_t residue_wide(wide value, const ring_modulus *m) {
  uint64_t lo = (uint64_t)value, hi = (uint64_t)(value >> 64);
  uint64_t carry = (uint64_t)(times(lo, m->ratio_lo) >> 64);
  wide middle = times(lo, m->ratio_hi) + carry;
  wide other = times(hi, m->ratio_lo) + (uint64_t)middle;
  uint64_t q = hi * m->ratio_hi + (uint64_t)(middle >> 64) + (uint64_t)(other >> 64);
  return below(below(lo - q * m->p, m->p), m->p);
}

INLINE uint64_t product(uint64_t a, uint64_t b, const ring_modulus *m) {
  return residue_wide(times(a, b), m);
}

/* [0, p) to [-(p-1)/2, (p-1)/2] */
INLINE int64_t centred(uint64_t a, const ring_modulus *m) {
  return (int64_t)(a - (m->p & (uint64_t)((int64_t)(m->p / 2 - a) >> 63)));
}

/* ---- words ---- */

/* f64: any integer |x| < 2^62. */
INLINE uint64_t load(ring_word_kind kind, ring_word word, const ring_modulus *m) {
  return kind == RING_U64 ? word.u : residue_i64((int64_t)word.f, m);
}

/* f64: centred; an integer zero converts to +0.0. */
INLINE ring_word store(ring_word_kind kind, uint64_t residue, const ring_modulus *m) {
  return kind == RING_U64 ? (ring_word){.u = residue}
                          : (ring_word){.f = (double)centred(residue, m)};
}

/* A centred word of another modulus as an integer; from = NULL: a signed word. */
INLINE int64_t integer(ring_word_kind kind, ring_word word, const ring_modulus *from) {
  if (kind == RING_F64)
    return (int64_t)word.f;
  return from == NULL ? (int64_t)word.u : centred(word.u, from);
}
#endif
