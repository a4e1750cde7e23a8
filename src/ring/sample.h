/* SPDX-License-Identifier: Apache-2.0 */
/* Random polynomials. Timing depends only on n and on rejected public bytes. */
#ifndef RING_SAMPLE_H
#define RING_SAMPLE_H
#include "rand/rand.h"
#include "ring/ring.h"

/**
 * Uniform in NTT form, *by definition in file order* (position i of the words is
 * the i-th accepted value): 64-bit little-endian words of the stream are cut
 * to their low `bits` bits (bits = size of p) and kept when below p.
 * -> centred. The seed is public.
 */
void ring_sample_uniform(ring_word *out, const uint8_t seed[RAND_SEED_BYTES], uint64_t domain,
                         size_t n, const ring_modulus *modulus, const ring_kernel *kernel);
/** Uniform ternary integers -1, 0, 1 from the low bits: constant-time (bias below 2^-62). */
void ring_sample_ternary(int64_t *out, size_t n, rand_stream *stream);
/**
 * Exactly `weight` (0..n) of the n <= 2^20 integers are -1 or 1, the others 0, all such vectors
 * alike (bias below 2^-40 a draw). Constant-time: weight * n steps, whatever comes out.
 */
void ring_sample_sparse(int64_t *out, size_t n, int weight, rand_stream *stream);
/**
 * Centred binomial, 21 + 21 bits of one 64-bit word each: variance 10.5,
 * sigma = 3.24, |x| <= 21. Constant-time.
 */
void ring_sample_error(int64_t *out, size_t n, rand_stream *stream);
#define RING_ERROR_SIGMA 3.2403703492039301 /* sqrt(21/2) */
#define RING_ERROR_MAX 21
#endif
