/* SPDX-License-Identifier: Apache-2.0 */
#include "ring/ring.h"

#include "base/alloc.h"
#include "ring/prime.h"

#include <inttypes.h>

/* The kernels work on whole blocks of this many words at least; above 2^20 nothing was proven. */
#define MIN_LOG2_N 10
#define MAX_LOG2_N 20

/*
 * Limbs a power of two apart fall into the same sets of the cache: an inner
 * product over 8 digits then runs three times slower. 88 words are 11 lines.
 */
#define STRIDE_OFFSET 88

static ckks_status check_primes(int log2_n, const uint64_t *primes, int n_primes) {
  if (log2_n < MIN_LOG2_N || log2_n > MAX_LOG2_N)
    return base_fail(CKKS_ERROR_ARGUMENT, "ring: log2_n is %d, must be from %d to %d", log2_n,
                     MIN_LOG2_N, MAX_LOG2_N);
  if (n_primes < 1)
    return base_fail(CKKS_ERROR_ARGUMENT, "ring: %d primes, at least 1 is needed", n_primes);
  uint64_t two_n = (uint64_t)2 << log2_n;
  for (int i = 0; i < n_primes; i++) {
    uint64_t p = primes[i];
    if (p >> RING_MAX_BITS != 0)
      return base_fail(CKKS_ERROR_ARGUMENT, "ring: prime %d is %" PRIu64 ", must be below 2^%d", i,
                       p, RING_MAX_BITS);
    if (p % two_n != 1 || !ring_prime_is(p))
      return base_fail(CKKS_ERROR_ARGUMENT,
                       "ring: prime %d is %" PRIu64 ", which is not a prime = 1 mod %" PRIu64, i, p,
                       two_n);
    for (int j = 0; j < i; j++)
      if (primes[j] == p)
        return base_fail(CKKS_ERROR_ARGUMENT, "ring: primes %d and %d are both %" PRIu64, j, i, p);
  }
  return CKKS_OK;
}

/* One kind of word for the whole ring: a limb may then be converted from any prime to any other. */
static ring_word_kind choose_kind(const uint64_t *primes, int n_primes) {
  for (int i = 0; i < n_primes; i++)
    if (primes[i] >> RING_F64_BITS != 0)
      return RING_U64;
  return RING_F64;
}

static bool build_twiddles(ring_ring *ring, const uint64_t *primes) {
  for (int i = 0; i < ring->n_moduli; i++) {
    ring_modulus_init(&ring->modulus[i], primes[i]);
    ring->psi[i] = ring_prime_root(primes[i], ring->log2_n);
    ring->ntt[i] = ring->kernel->ntt_build(&ring->modulus[i], ring->log2_n, ring->psi[i]);
    if (ring->ntt[i] == NULL)
      return false;
  }
  return true;
}

ckks_status ring_ring_init(ring_ring *ring, int log2_n, const uint64_t *primes, int n_primes) {
  *ring = (ring_ring){0};
  BASE_TRY(check_primes(log2_n, primes, n_primes));
  size_t count = (size_t)n_primes;
  ring->log2_n = log2_n;
  ring->n = (size_t)1 << log2_n;
  ring->n_moduli = n_primes;
  ring->kind = choose_kind(primes, n_primes);
  ring->kernel = ring_kernel_get(ring->kind);
  ring->stride = ring->n + STRIDE_OFFSET;
  ring->modulus = base_alloc_array(count, sizeof *ring->modulus);
  ring->psi = base_alloc_array(count, sizeof *ring->psi);
  ring->ntt = base_alloc_array(count, sizeof(ring_ntt *));
  if (ring->modulus == NULL || ring->psi == NULL || ring->ntt == NULL ||
      !build_twiddles(ring, primes)) {
    ring_ring_clear(ring);
    return base_fail(CKKS_ERROR_MEMORY, "ring: out of memory for the twiddles of %d primes",
                     n_primes);
  }
  return CKKS_OK;
}

void ring_ring_clear(ring_ring *ring) {
  if (ring->ntt != NULL)
    for (int i = 0; i < ring->n_moduli; i++)
      if (ring->ntt[i] != NULL)
        ring->kernel->ntt_free(ring->ntt[i]);
  base_free(ring->ntt);
  base_free(ring->psi);
  base_free(ring->modulus);
  *ring = (ring_ring){0};
}
