/* SPDX-License-Identifier: Apache-2.0 */
#include "ring/ring.h"

/* The lowest n_bits in reverse order: halves change places (Warren, Hacker's Delight, 7-1). */
static size_t reverse(size_t i, int n_bits) {
  uint32_t x = (uint32_t)i;
  x = (x & 0x55555555) << 1 | (x >> 1 & 0x55555555);
  x = (x & 0x33333333) << 2 | (x >> 2 & 0x33333333);
  x = (x & 0x0f0f0f0f) << 4 | (x >> 4 & 0x0f0f0f0f);
  x = (x & 0x00ff00ff) << 8 | (x >> 8 & 0x00ff00ff);
  x = x << 16 | x >> 16;
  return x >> (32 - n_bits);
}

/*
 * Position ring_ntt_position(i) holds a(psi^(2*brv(i)+1)), and a(X^g) takes at
 * psi^e the value that a takes at psi^(g*e): so the automorphism only moves
 * values, from the place of exponent g*e mod 2N to the place of e.
 */
void ring_automorphism_index(uint32_t *index, uint32_t galois, int log2_n) {
  size_t n = (size_t)1 << log2_n, mask = 2 * n - 1;
  BASE_ASSERT(galois % 2 == 1 && galois < 2 * n);
  for (size_t k = 0; k < n; k++) {
    size_t from = ((2 * k + 1) * galois & mask) >> 1;
    size_t to_position = ring_ntt_position(reverse(k, log2_n));
    index[to_position] = (uint32_t)ring_ntt_position(reverse(from, log2_n));
  }
}

/* 5 has order N/2 modulo 2N, so a step to the right is N/2 - 1 steps to the left. */
uint32_t ring_automorphism_rotation(int steps, int log2_n) {
  uint32_t order = (uint32_t)1 << (log2_n - 1), mask = ((uint32_t)2 << log2_n) - 1;
  uint32_t left = (uint32_t)steps & (order - 1); /* mod a power of two, negative steps included */
  uint32_t galois = 1, power = 5;
  for (; left > 0; left >>= 1) {
    if (left & 1)
      galois = galois * power & mask;
    power = power * power & mask;
  }
  return galois;
}
