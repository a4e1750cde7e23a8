/* SPDX-License-Identifier: Apache-2.0 */
#include "ring/prime.h"

#include "ring/modulus.h"

static uint64_t mul(uint64_t a, uint64_t b, uint64_t n) {
  return (uint64_t)((unsigned __int128)a * b % n);
}

static uint64_t power(uint64_t a, uint64_t exponent, uint64_t n) {
  uint64_t result = 1;
  for (; exponent > 0; exponent >>= 1) {
    if (exponent & 1)
      result = mul(result, a, n);
    a = mul(a, a, n);
  }
  return result;
}

/* Whether odd n = odd * 2^twos + 1 passes one round of Miller-Rabin. */
static bool passes(uint64_t base, uint64_t n, uint64_t odd, int twos) {
  uint64_t x = power(base, odd, n);
  if (x == 1 || x == n - 1)
    return true;
  for (int i = 1; i < twos; i++) {
    x = mul(x, x, n);
    if (x == n - 1)
      return true;
  }
  return false;
}

/* The first twelve primes as bases decide every n below 3.18e23 (Sorenson, Webster 2015). */
bool ring_prime_is(uint64_t n) {
  static const uint8_t bases[12] = {2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37};
  if (n < 2)
    return false;
  for (int i = 0; i < 12; i++)
    if (n % bases[i] == 0)
      return n == bases[i];
  uint64_t odd = n - 1;
  int twos = 0;
  for (; odd % 2 == 0; odd /= 2)
    twos++;
  for (int i = 0; i < 12; i++)
    if (!passes(bases[i], n, odd, twos))
      return false;
  return true;
}

uint64_t ring_prime_below(uint64_t limit, int log2_n) {
  uint64_t step = (uint64_t)1 << (log2_n + 1);
  if (limit <= step)
    return 0;
  for (uint64_t p = (limit - 1) / step * step + 1; p > limit / 2 && p > step; p -= step)
    if (ring_prime_is(p))
      return p;
  return 0;
}

static bool is_used(uint64_t p, const uint64_t *used, int n) {
  for (int i = 0; i < n; i++)
    if (used[i] == p)
      return true;
  return false;
}

/* Walks outwards from the target over p = 1 mod 2N, always to the nearer side. */
uint64_t ring_prime_near(double target, int log2_n, const uint64_t *used, int n) {
  uint64_t step = (uint64_t)1 << (log2_n + 1), end = (uint64_t)1 << RING_MAX_BITS;
  if (!(target >= 1 && target < (double)end))
    return 0;
  uint64_t whole = (uint64_t)target;
  double fraction = target - (double)whole;
  uint64_t below = (whole - 1) / step * step + 1, above = below + step;
  while (below > step || above < end) {
    /* Distances stay small, hence exact in a double. */
    double down = (double)(whole - below) + fraction, up = (double)(above - whole) - fraction;
    bool go_down = above >= end || (below > step && down <= up);
    uint64_t p = go_down ? below : above;
    if (ring_prime_is(p) && !is_used(p, used, n))
      return p;
    if (go_down)
      below -= step;
    else
      above += step;
  }
  return 0;
}

uint64_t ring_prime_root(uint64_t p, int log2_n) {
  ring_modulus modulus;
  ring_modulus_init(&modulus, p);
  uint64_t n = (uint64_t)1 << log2_n;
  BASE_ASSERT((p - 1) % (2 * n) == 0);
  /* psi^N is 1 or -1 by construction; -1 exactly when g is not a square, so half of all g do. */
  for (uint64_t g = 2;; g++) {
    uint64_t psi = ring_modulus_pow(g, (p - 1) / (2 * n), &modulus);
    if (ring_modulus_pow(psi, n, &modulus) == p - 1)
      return psi;
  }
}
