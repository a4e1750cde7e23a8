/* SPDX-License-Identifier: Apache-2.0 */
#include "ring/modulus.h"

typedef unsigned __int128 uint128;

void ring_modulus_init(ring_modulus *modulus, uint64_t p) {
  BASE_ASSERT(p > 2 && p % 2 == 1 && p >> RING_MAX_BITS == 0);
  /* p is odd and above 1, so it does not divide 2^128, and the floor may be taken of 2^128 - 1. */
  uint128 ratio = ~(uint128)0 / p;
  int bits = 0;
  while (p >> bits != 0)
    bits++;
  *modulus = (ring_modulus){
      .p = p,
      .bits = bits,
      .f = (double)p,
      .inverse = 1.0 / (double)p,
      .ratio_hi = (uint64_t)(ratio >> 64),
      .ratio_lo = (uint64_t)ratio,
  };
}

/*
 * a mod p by one multiplication with floor(2^128/p) (Barrett, CRYPTO '86). The
 * quotient floor(a * ratio / 2^128) is floor(a/p) or one less, because ratio is
 * less than one below 2^128/p and a less than 2^128.
 */
static uint64_t barrett(uint128 a, const ring_modulus *modulus) {
  uint64_t a_hi = (uint64_t)(a >> 64), a_lo = (uint64_t)a;
  uint64_t r_hi = modulus->ratio_hi, r_lo = modulus->ratio_lo;
  uint128 low = (uint128)a_lo * r_hi + (uint64_t)((uint128)a_lo * r_lo >> 64);
  uint128 high = (uint128)a_hi * r_lo + (uint64_t)low;
  uint64_t quotient = a_hi * r_hi + (uint64_t)(low >> 64) + (uint64_t)(high >> 64);
  uint64_t rest = a_lo - quotient * modulus->p; /* below 2p: the low words suffice */
  return rest >= modulus->p ? rest - modulus->p : rest;
}

uint64_t ring_modulus_mul(uint64_t a, uint64_t b, const ring_modulus *modulus) {
  return barrett((uint128)a * b, modulus);
}

uint64_t ring_modulus_pow(uint64_t a, uint64_t exponent, const ring_modulus *modulus) {
  uint64_t power = 1;
  for (; exponent > 0; exponent >>= 1) {
    if (exponent & 1)
      power = ring_modulus_mul(power, a, modulus);
    a = ring_modulus_mul(a, a, modulus);
  }
  return power;
}

/* Fermat: a^(p-1) = 1. */
uint64_t ring_modulus_inverse(uint64_t a, const ring_modulus *modulus) {
  BASE_ASSERT(a != 0 && a < modulus->p);
  return ring_modulus_pow(a, modulus->p - 2, modulus);
}

uint64_t ring_modulus_reduce(__int128 a, const ring_modulus *modulus) {
  uint64_t rest = barrett(a < 0 ? -(uint128)a : (uint128)a, modulus);
  return a < 0 && rest != 0 ? modulus->p - rest : rest;
}

int64_t ring_modulus_centre(uint64_t a, const ring_modulus *modulus) {
  return a > modulus->p / 2 ? (int64_t)a - (int64_t)modulus->p : (int64_t)a;
}
