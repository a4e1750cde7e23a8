/* SPDX-License-Identifier: Apache-2.0 */
#include "ring/ring.h"

#include "base/alloc.h"
#include "ring/prime.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#define TWO(bits) ((uint64_t)1 << (bits))

/* The n largest primes below 2^bits. */
static void choose_primes(uint64_t *primes, int n, int bits, int log2_n) {
  uint64_t limit = TWO(bits);
  for (int i = 0; i < n; i++)
    limit = primes[i] = ring_prime_below(limit - 1, log2_n);
}

static void a_ring_has_what_it_says(void **state) {
  (void)state;
  for (int log2_n = 10; log2_n <= 14; log2_n++) {
    uint64_t primes[3];
    choose_primes(primes, 3, 45, log2_n);
    ring_ring ring;
    assert_int_equal(ring_ring_init(&ring, log2_n, primes, 3), CKKS_OK);
    assert_int_equal(ring.log2_n, log2_n);
    assert_int_equal(ring.n, TWO(log2_n));
    assert_int_equal(ring.n_moduli, 3);
    assert_int_equal(ring.stride, ring.n + 88);
    assert_int_equal(ring.stride * sizeof(ring_word) % 64, 0);
    for (int i = 0; i < 3; i++) {
      assert_true(ring.modulus[i].p == primes[i]);
      assert_true(ring.psi[i] == ring_prime_root(primes[i], log2_n));
      assert_non_null(ring.ntt[i]);
    }
    ring_ring_clear(&ring);
    assert_null(ring.ntt);
    ring_ring_clear(&ring); /* twice does no harm */
  }
}

static void one_large_prime_makes_integers(void **state) {
  (void)state;
  uint64_t primes[2] = {ring_prime_below(TWO(49) - 1, 11), ring_prime_below(TWO(40), 11)};
  ring_ring ring;
  assert_int_equal(ring_ring_init(&ring, 11, primes, 2), CKKS_OK);
  assert_int_equal(ring.kind, RING_F64);
  assert_int_equal(ring.kernel->kind, RING_F64);
  ring_ring_clear(&ring);
  for (primes[1] = TWO(49) + 1; !ring_prime_is(primes[1]);)
    primes[1] += 4096;
  assert_int_equal(ring_ring_init(&ring, 11, primes, 2), CKKS_OK);
  assert_int_equal(ring.kind, RING_U64);
  assert_int_equal(ring.kernel->kind, RING_U64);
  ring_ring_clear(&ring);
}

/* X is psi^(2 brv(i)+1) at place i, and the way back is exact. */
static void transforms_use_the_fixed_root(void **state) {
  (void)state;
  enum { LOG2_N = 11, N = 1 << LOG2_N };
  uint64_t primes[2] = {ring_prime_below(TWO(49) - 1, LOG2_N), 0};
  for (int bits = 49; bits <= 61; bits += 12) {
    primes[0] = ring_prime_below(TWO(bits) - 1, LOG2_N);
    ring_ring ring;
    ring_poly poly;
    assert_int_equal(ring_ring_init(&ring, LOG2_N, primes, 1), CKKS_OK);
    assert_int_equal(ring_poly_init(&poly, 1, &ring), CKKS_OK);
    static _Alignas(64) int64_t x[N];
    static _Alignas(64) uint64_t values[N];
    x[1] = 1;
    ring_word *limb = ring_poly_limb(&poly, 0);
    const ring_modulus *m = &ring.modulus[0];
    ring.kernel->from_int64(limb, x, N, m);
    ring.kernel->ntt_forward(limb, limb, ring.ntt[0]);
    ring.kernel->to_uint64(values, limb, N, m);
    for (size_t i = 0; i < N; i++) {
      size_t reversed = 0;
      for (int bit = 0; bit < LOG2_N; bit++)
        reversed |= (i >> bit & 1) << (LOG2_N - 1 - bit);
      assert_true(values[ring_ntt_position(i)] ==
                  ring_modulus_pow(ring.psi[0], 2 * reversed + 1, m));
    }
    ring.kernel->ntt_inverse(limb, limb, ring.ntt[0]);
    ring.kernel->to_uint64(values, limb, N, m);
    for (size_t i = 0; i < N; i++)
      assert_true(values[i] == (i == 1));
    ring_poly_clear(&poly);
    ring_ring_clear(&ring);
  }
}

static void assert_refused(int log2_n, const uint64_t *primes, int n, const char *reason) {
  ring_ring ring;
  memset(&ring, 0xff, sizeof ring);
  assert_int_equal(ring_ring_init(&ring, log2_n, primes, n), CKKS_ERROR_ARGUMENT);
  if (strstr(base_last_error(), reason) == NULL)
    fail_msg("\"%s\" where \"%s\" was expected", base_last_error(), reason);
  assert_null(ring.modulus);
  assert_null(ring.ntt);
  ring_ring_clear(&ring);
}

static void bad_rings_are_refused(void **state) {
  (void)state;
  uint64_t primes[3];
  choose_primes(primes, 3, 40, 12);
  assert_refused(9, primes, 3, "log2_n is 9");
  assert_refused(21, primes, 3, "log2_n is 21");
  assert_refused(-1, primes, 3, "log2_n is -1");
  assert_refused(12, primes, 0, "0 primes");
  assert_refused(12, primes, -1, "-1 primes");
  uint64_t bad[3] = {primes[0], primes[1], primes[0]};
  assert_refused(12, bad, 3, "primes 0 and 2 are both");
  bad[2] = primes[2] + 2; /* not 1 mod 2N */
  assert_refused(12, bad, 3, "prime 2 is");
  bad[2] = 5 * 8192 + 1; /* a prime; its square is still 1 mod 2N */
  bad[2] *= bad[2];
  assert_refused(12, bad, 3, "not a prime");
  static const uint64_t degenerate[] = {0, 1, 2, UINT64_MAX};
  for (int i = 0; i < 4; i++) {
    bad[2] = degenerate[i];
    assert_refused(12, bad, 3, "prime 2 is");
  }
  for (bad[2] = TWO(61) + 1; !ring_prime_is(bad[2]);)
    bad[2] += 8192;
  assert_refused(12, bad, 3, "must be below 2^61");
}

static void failing_allocations_are_reported(void **state) {
  (void)state;
  uint64_t primes[2];
  choose_primes(primes, 2, 40, 10);
  for (int round = 0; round < 2; round++) { /* both kinds of word */
    ckks_status status = CKKS_ERROR_MEMORY;
    for (long k = 1; status != CKKS_OK; k++) {
      ring_ring ring;
      base_alloc_fail_at(k);
      status = ring_ring_init(&ring, 10, primes, 2);
      base_alloc_fail_at(0);
      assert_true(status == CKKS_OK || status == CKKS_ERROR_MEMORY);
      assert_true(k > 3 || status == CKKS_ERROR_MEMORY);
      assert_true(k < 100);
      assert_int_equal(ring.ntt != NULL, status == CKKS_OK);
      if (status == CKKS_OK) {
        ring_poly poly;
        base_alloc_fail_at(1);
        assert_int_equal(ring_poly_init(&poly, 2, &ring), CKKS_ERROR_MEMORY);
        assert_null(poly.data);
        ring_poly_clear(&poly);
      }
      ring_ring_clear(&ring);
    }
    choose_primes(primes, 1, 60, 10);
  }
}

static void polynomials_are_limbs_apart(void **state) {
  (void)state;
  uint64_t prime = ring_prime_below(TWO(40), 10);
  ring_ring ring;
  assert_int_equal(ring_ring_init(&ring, 10, &prime, 1), CKKS_OK);
  assert_int_equal(ring_poly_bytes(3, &ring), 3 * (1024 + 88) * 8);
  ring_poly poly;
  assert_int_equal(ring_poly_init(&poly, 3, &ring), CKKS_OK);
  assert_int_equal(poly.n_limbs, 3);
  for (int limb = 0; limb < 3; limb++) {
    ring_word *words = ring_poly_limb(&poly, limb);
    assert_int_equal((uintptr_t)words % 64, 0);
    assert_ptr_equal(words, poly.data + (size_t)limb * ring.stride);
    for (size_t i = 0; i < ring.stride; i++) {
      assert_true(words[i].u == 0);
      words[i].u = 1; /* a sanitizer sees what is not ours */
    }
  }
  ring_poly_clear(&poly);
  assert_null(poly.data);

  base_arena arena;
  size_t capacity = 2 * base_arena_size(ring_poly_bytes(2, &ring));
  assert_int_equal(base_arena_init(&arena, capacity), CKKS_OK);
  ring_poly first = ring_poly_take(&arena, 2, &ring), second = ring_poly_take(&arena, 2, &ring);
  assert_ptr_equal(second.data, first.data + 2 * ring.stride);
  assert_int_equal(second.stride, ring.stride);
  assert_int_equal(second.n_limbs, 2);
  assert_int_equal(arena.used_bytes, capacity);
  base_arena_clear(&arena);
  ring_ring_clear(&ring);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_ring_has_what_it_says),
      cmocka_unit_test(one_large_prime_makes_integers),
      cmocka_unit_test(transforms_use_the_fixed_root),
      cmocka_unit_test(bad_rings_are_refused),
      cmocka_unit_test(failing_allocations_are_reported),
      cmocka_unit_test(polynomials_are_limbs_apart),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
