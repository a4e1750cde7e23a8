/* SPDX-License-Identifier: Apache-2.0 */
/* A prime modulus, its constants, and exact arithmetic on single residues. */
#ifndef RING_MODULUS_H
#define RING_MODULUS_H
#include "base/status.h"

/** Primes below 2^49 are computed with doubles, from 2^49 to 2^61 with 64-bit integers. */
#define RING_F64_BITS 49
#define RING_MAX_BITS 61

/**
 * One coefficient of one limb. In a ring of f64 words it is a double that holds
 * an integer; in a ring of u64 words an unsigned integer in [0, p).
 */
typedef union ring_word {
  double f;
  uint64_t u;
} ring_word;

typedef struct ring_modulus {
  uint64_t p;
  int bits;                    /**< 2^(bits-1) < p < 2^bits */
  double f, inverse;           /**< p and 1/p rounded to nearest */
  uint64_t ratio_hi, ratio_lo; /**< floor(2^128 / p), for Barrett reduction */
} ring_modulus;

/** p odd, 2 < p < 2^61. */
void ring_modulus_init(ring_modulus *modulus, uint64_t p);

/* Residues in [0, p) unless said otherwise; none of these is constant-time. */
uint64_t ring_modulus_mul(uint64_t a, uint64_t b, const ring_modulus *modulus);
uint64_t ring_modulus_pow(uint64_t a, uint64_t exponent, const ring_modulus *modulus);
uint64_t ring_modulus_inverse(uint64_t a, const ring_modulus *modulus); /**< a != 0 */
/** Any signed 128-bit integer reduced to [0, p). */
uint64_t ring_modulus_reduce(__int128 a, const ring_modulus *modulus);
/** [0, p) to the centred representative in [-(p-1)/2, (p-1)/2]. */
int64_t ring_modulus_centre(uint64_t a, const ring_modulus *modulus);
#endif
