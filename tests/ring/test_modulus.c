/* SPDX-License-Identifier: Apache-2.0 */
/* Single residues against GMP's integers. */
#include "ring/modulus.h"

#include "random.h"

#include <gmp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

/* Smallest and largest primes, and NTT-friendly ones of both kinds of word. */
static const uint64_t primes[] = {3,
                                  5,
                                  257,
                                  12289,
                                  786433,
                                  1073479681,            /* 30 bits */
                                  562949953421231,       /* just below 2^49 */
                                  562949953443841,       /* just above 2^49 */
                                  1152921504606830593,   /* just below 2^60 */
                                  2305843009213693951U}; /* 2^61 - 1 */
#define N_PRIMES (sizeof primes / sizeof *primes)

static void set_u64(mpz_t out, uint64_t value) {
  mpz_import(out, 1, -1, sizeof value, 0, 0, &value);
}

static uint64_t get_u64(const mpz_t value) {
  uint64_t out = 0;
  size_t count;
  mpz_export(&out, &count, -1, sizeof out, 0, 0, value);
  return out;
}

static void constants_are_their_formulas(void **state) {
  (void)state;
  mpz_t expected;
  mpz_init(expected);
  for (size_t i = 0; i < N_PRIMES; i++) {
    uint64_t p = primes[i];
    ring_modulus m;
    ring_modulus_init(&m, p);
    assert_true(m.p == p);
    assert_true(p >> m.bits == 0 && p >> (m.bits - 1) == 1);
    assert_true(m.f == (double)p);
    assert_true(m.inverse == 1.0 / (double)p);
    mpz_set_ui(expected, 1);
    mpz_mul_2exp(expected, expected, 128);
    mpz_t divisor;
    mpz_init(divisor);
    set_u64(divisor, p);
    mpz_fdiv_q(expected, expected, divisor);
    uint64_t words[2] = {0, 0};
    mpz_export(words, NULL, -1, 8, 0, 0, expected);
    assert_true(m.ratio_lo == words[0]);
    assert_true(m.ratio_hi == words[1]);
    mpz_clear(divisor);
  }
  mpz_clear(expected);
}

/* A residue, often one of the extremes. */
static uint64_t pick(uint64_t *random, uint64_t p) {
  uint64_t r = test_random(random);
  switch (r % 8) {
  case 0:
    return 0;
  case 1:
    return p - 1;
  case 2:
    return 1;
  case 3:
    return p / 2 + r / 8 % 2;
  default:
    return test_random(random) % p;
  }
}

static void products_and_powers_agree(void **state) {
  (void)state;
  uint64_t random = 1;
  mpz_t a, b, p, r;
  mpz_inits(a, b, p, r, NULL);
  for (size_t i = 0; i < N_PRIMES; i++) {
    ring_modulus m;
    ring_modulus_init(&m, primes[i]);
    set_u64(p, primes[i]);
    for (int round = 0; round < 2000; round++) {
      uint64_t x = pick(&random, m.p), y = pick(&random, m.p), e = test_random(&random);
      e >>= test_random(&random) % 64;
      set_u64(a, x);
      set_u64(b, y);
      mpz_mul(r, a, b);
      mpz_fdiv_r(r, r, p);
      assert_true(ring_modulus_mul(x, y, &m) == get_u64(r));
      set_u64(b, e);
      mpz_powm(r, a, b, p);
      assert_true(ring_modulus_pow(x, e, &m) == get_u64(r));
      if (x != 0) {
        mpz_invert(r, a, p);
        assert_true(ring_modulus_inverse(x, &m) == get_u64(r));
      }
    }
  }
  mpz_clears(a, b, p, r, NULL);
}

static void assert_reduces(__int128 value, const ring_modulus *m) {
  bool negative = value < 0;
  unsigned __int128 magnitude = negative ? -(unsigned __int128)value : (unsigned __int128)value;
  uint64_t words[2] = {(uint64_t)magnitude, (uint64_t)(magnitude >> 64)};
  mpz_t a, p;
  mpz_inits(a, p, NULL);
  mpz_import(a, 2, -1, 8, 0, 0, words);
  if (negative)
    mpz_neg(a, a);
  set_u64(p, m->p);
  mpz_fdiv_r(a, a, p);
  assert_true(ring_modulus_reduce(value, m) == get_u64(a));
  mpz_clears(a, p, NULL);
}

static void any_128_bits_are_reduced(void **state) {
  (void)state;
  const __int128 largest = (__int128)(~(unsigned __int128)0 >> 1);
  uint64_t random = 2;
  for (size_t i = 0; i < N_PRIMES; i++) {
    ring_modulus m;
    ring_modulus_init(&m, primes[i]);
    for (int d = -3; d <= 3; d++) {
      assert_reduces(d, &m);
      assert_reduces((__int128)m.p * d + d, &m);
      assert_reduces(largest - (d + 3), &m);
      assert_reduces(-largest + (d + 2), &m); /* down to -2^127 itself */
      /* Around the largest multiples of p: where a quotient one too small shows. */
      assert_reduces(largest / (__int128)m.p * (__int128)m.p + (d < 0 ? d : 0), &m);
      assert_reduces(-(largest / (__int128)m.p) * (__int128)m.p + (d > 0 ? d : 0), &m);
    }
    assert_reduces(-largest - 1, &m);
    for (int round = 0; round < 2000; round++) {
      unsigned __int128 bits = (unsigned __int128)test_random(&random) << 64 | test_random(&random);
      assert_reduces((__int128)bits >> test_random(&random) % 127, &m);
    }
  }
}

static void centring_is_exact(void **state) {
  (void)state;
  uint64_t random = 3;
  for (size_t i = 0; i < N_PRIMES; i++) {
    ring_modulus m;
    ring_modulus_init(&m, primes[i]);
    int64_t half = (int64_t)(m.p / 2);
    assert_true(ring_modulus_centre(0, &m) == 0);
    assert_true(ring_modulus_centre((uint64_t)half, &m) == half);
    assert_true(ring_modulus_centre((uint64_t)half + 1, &m) == -half);
    assert_true(ring_modulus_centre(m.p - 1, &m) == -1);
    for (int round = 0; round < 1000; round++) {
      uint64_t a = pick(&random, m.p);
      int64_t c = ring_modulus_centre(a, &m);
      assert_true(c >= -half && c <= half);
      assert_true(ring_modulus_reduce(c, &m) == a);
    }
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(constants_are_their_formulas),
      cmocka_unit_test(products_and_powers_agree),
      cmocka_unit_test(any_128_bits_are_reduced),
      cmocka_unit_test(centring_is_exact),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
