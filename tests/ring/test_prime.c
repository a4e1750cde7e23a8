/* SPDX-License-Identifier: Apache-2.0 */
#include "ring/prime.h"

#include "random.h"
#include "ring/modulus.h"

#include <gmp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void small_numbers_against_a_sieve(void **state) {
  (void)state;
  enum { END = 100000 };
  static bool composite[END];
  for (size_t i = 2; i < END; i++) {
    assert_int_equal(ring_prime_is(i), !composite[i]);
    for (size_t j = 2 * i; j < END; j += i)
      composite[j] = true;
  }
  assert_false(ring_prime_is(0));
  assert_false(ring_prime_is(1));
}

static void hard_numbers(void **state) {
  (void)state;
  /* Carmichael numbers, strong pseudoprimes to the first 1, 2, ... 9 prime bases (OEIS A014233),
   * products of two close primes. */
  static const uint64_t composites[] = {561,
                                        41041,
                                        825265,
                                        321197185,
                                        2047,
                                        1373653,
                                        25326001,
                                        3215031751,
                                        2152302898747,
                                        3474749660383,
                                        341550071728321,
                                        3825123056546413051U,
                                        4294967291U * (uint64_t)4294967279U,
                                        UINT64_MAX,
                                        UINT64_MAX - 2};
  static const uint64_t primes[] = {
      2, 37, 41, 2305843009213693951U, 18446744073709551557U, 18446744073709551533U, 4294967291U};
  for (size_t i = 0; i < sizeof composites / sizeof *composites; i++)
    assert_false(ring_prime_is(composites[i]));
  for (size_t i = 0; i < sizeof primes / sizeof *primes; i++)
    assert_true(ring_prime_is(primes[i]));
}

static void random_numbers_against_gmp(void **state) {
  (void)state;
  uint64_t random = 1;
  int n_primes = 0;
  mpz_t n;
  mpz_init(n);
  for (int round = 0; round < 4000; round++) {
    uint64_t value = (test_random(&random) >> test_random(&random) % 50) | 1;
    mpz_import(n, 1, -1, sizeof value, 0, 0, &value);
    bool expected = mpz_probab_prime_p(n, 20) != 0;
    assert_int_equal(ring_prime_is(value), expected);
    n_primes += expected;
  }
  assert_in_range(n_primes, 150, 600);
  mpz_clear(n);
}

static void below_is_the_largest(void **state) {
  (void)state;
  const uint64_t one = 1;
  /* From an independent computation. */
  assert_true(ring_prime_below((one << 49) - 1, 13) == 562949952847873U);
  assert_true(ring_prime_below((one << 49) - 1, 17) == 562949950537729U);
  assert_true(ring_prime_below((one << 61) - 1, 17) == 2305843009211596801U);
  assert_true(ring_prime_below((one << 30) - 1, 10) == 1073707009U);
  assert_true(ring_prime_below((one << 18) - 1, 10) == 249857U);
  assert_true(ring_prime_below((one << 60) - 1, 13) == 1152921504606830593U);
  /* The limit itself counts, one less does not. */
  assert_true(ring_prime_below(249857, 10) == 249857U);
  assert_true(ring_prime_below(249856, 10) < 249857U);
  /* 12289 is the only prime = 1 mod 4096 near: none in (limit/2, limit] is none at all. */
  assert_true(ring_prime_below(12289, 11) == 12289);
  assert_true(ring_prime_below(12288, 11) == 0);
  assert_true(ring_prime_below(2048, 10) == 0);
  assert_true(ring_prime_below(0, 10) == 0);
}

static void below_walks_through_all(void **state) {
  (void)state;
  /* Every prime = 1 mod 2048 in (2^17, 2^18], once each, downwards. */
  int n_found = 0, n_there = 0;
  for (uint64_t p = 1; p < 1 << 18; p += 2048)
    n_there += p > 1 << 17 && ring_prime_is(p);
  for (uint64_t p = 1 << 18; (p = ring_prime_below(p - 1, 10)) > 1 << 17; n_found++) {
    assert_true(p % 2048 == 1);
    assert_true(ring_prime_is(p));
  }
  assert_int_equal(n_found, n_there);
  assert_in_range(n_found, 5, 20);
}

static void near_is_the_nearest(void **state) {
  (void)state;
  uint64_t used[40];
  /* From an independent computation. */
  used[0] = ring_prime_near(0x1p40, 13, NULL, 0);
  assert_true(used[0] == 1099511480321U);
  assert_true(ring_prime_near(0x1p40, 13, used, 1) == 1099511922689U);
  assert_true(ring_prime_near(1e12 + 0.25, 10, NULL, 0) == 999999969281U);
  assert_true(ring_prime_near(0x1p20, 12, NULL, 0) == 1032193);
  /* One after the other they move away, and none between is left out. */
  uint64_t low = used[0], high = used[0];
  for (int n = 0; n < 40; n++) {
    used[n] = ring_prime_near(0x1p40, 13, used, n);
    if (n > 0)
      assert_true((double)used[n] > 0x1p40 ? used[n] > high : used[n] < low);
    low = used[n] < low ? used[n] : low;
    high = used[n] > high ? used[n] : high;
  }
  int n_there = 0;
  for (uint64_t p = low; p <= high; p += 1 << 14)
    n_there += ring_prime_is(p);
  assert_int_equal(n_there, 40);
}

static void near_knows_its_range(void **state) {
  (void)state;
  assert_true(ring_prime_near(0.5, 10, NULL, 0) == 0);
  assert_true(ring_prime_near(-5, 10, NULL, 0) == 0);
  assert_true(ring_prime_near(0x1p61, 10, NULL, 0) == 0);
  assert_true(ring_prime_near((double)(0.0F / 0.0F), 10, NULL, 0) == 0);
  assert_true(ring_prime_near(1, 10, NULL, 0) == 12289); /* only upwards from here */
  uint64_t top = ring_prime_near(0x1.fffffffffffffp60, 17, NULL, 0);
  assert_true(top == 2305843009211596801U); /* and only downwards here: the last below 2^61 */
}

static void roots_are_primitive_and_fixed(void **state) {
  (void)state;
  assert_true(ring_prime_root(562949952847873U, 13) == 121321216482448U);
  assert_true(ring_prime_root(2305843009211596801U, 17) == 1695673114219526494U);
  assert_true(ring_prime_root(1073707009, 10) == 110668061);
  for (int log2_n = 10; log2_n <= 17; log2_n++) {
    for (int bits = 25; bits <= 61; bits += 4) {
      uint64_t p = ring_prime_below(((uint64_t)1 << bits) - 1, log2_n);
      ring_modulus m;
      ring_modulus_init(&m, p);
      uint64_t psi = ring_prime_root(p, log2_n);
      assert_true(psi < p);
      assert_true(ring_modulus_pow(psi, (uint64_t)1 << log2_n, &m) == p - 1);
      /* The definition's smallest g: every smaller one gives a square. */
      uint64_t exponent = (p - 1) >> (log2_n + 1), g = 2;
      while (ring_modulus_pow(g, exponent, &m) != psi) {
        assert_true(ring_modulus_pow(g, (p - 1) / 2, &m) == 1);
        g++;
      }
    }
  }
}

/* Halfway between two primes that are neighbours among 1 mod 2N, the lower one it is. */
static void near_takes_the_lower_of_two(void **state) {
  (void)state;
  const uint64_t step = 2048;
  int n_found = 0;
  for (uint64_t p = (uint64_t)1 << 30 | 1; n_found < 3; p += step)
    if (ring_prime_is(p) && ring_prime_is(p + step)) {
      assert_int_equal(ring_prime_near((double)(p + step / 2), 10, NULL, 0), p);
      n_found++;
    }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(near_takes_the_lower_of_two),
      cmocka_unit_test(small_numbers_against_a_sieve),
      cmocka_unit_test(hard_numbers),
      cmocka_unit_test(random_numbers_against_gmp),
      cmocka_unit_test(below_is_the_largest),
      cmocka_unit_test(below_walks_through_all),
      cmocka_unit_test(near_is_the_nearest),
      cmocka_unit_test(near_knows_its_range),
      cmocka_unit_test(roots_are_primitive_and_fixed),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
