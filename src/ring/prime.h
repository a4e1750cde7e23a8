/* SPDX-License-Identifier: Apache-2.0 */
/* NTT-friendly primes and roots of unity. */
#ifndef RING_PRIME_H
#define RING_PRIME_H
#include <stdbool.h>
#include <stdint.h>
/** Exact for every n < 2^64 (Miller-Rabin with twelve fixed bases). */
bool ring_prime_is(uint64_t n);
/** Largest prime p = 1 mod 2^(log2_n+1), p <= limit, p > limit/2; 0 when there is none. */
uint64_t ring_prime_below(uint64_t limit, int log2_n);
/**
 * The prime = 1 mod 2^(log2_n+1) nearest to `target` that is not among the n in
 * `used`, the smaller of two; 0 when `target` is not in [1, 2^61) or none is left.
 */
uint64_t ring_prime_near(double target, int log2_n, const uint64_t *used, int n);
/**
 * The primitive 2N-th root of unity psi mod p that fixes every transform and
 * every file: psi = g^((p-1)/2N) for the smallest g >= 2 with psi^N = -1.
 */
uint64_t ring_prime_root(uint64_t p, int log2_n);
#endif
