/* SPDX-License-Identifier: Apache-2.0 */
/* The permutation of NTT values against a(X^g), written out on coefficients. */
#include "base/alloc.h"
#include "random.h"
#include "ring/prime.h"
#include "ring/ring.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

/* a(X^g) mod X^N+1: X^i goes to X^(gi), with a sign for every time X^N is passed. */
static void define_automorphism(int64_t *out, const int64_t *in, uint32_t galois, size_t n) {
  for (size_t i = 0; i < n; i++) {
    size_t exponent = i * galois % (2 * n);
    out[exponent % n] = exponent < n ? in[i] : -in[i];
  }
}

static void assert_permutes(const ring_ring *ring, uint32_t galois, uint64_t *random) {
  size_t n = ring->n;
  int64_t *a = base_alloc(n * sizeof *a), *b = base_alloc(n * sizeof *b);
  uint32_t *index = base_alloc(n * sizeof *index);
  ring_poly poly;
  assert_int_equal(ring_poly_init(&poly, 3, ring), CKKS_OK);
  ring_word *x = ring_poly_limb(&poly, 0), *y = ring_poly_limb(&poly, 1);
  ring_word *permuted = ring_poly_limb(&poly, 2);
  for (size_t i = 0; i < n; i++)
    a[i] = (int64_t)test_random(random) >> 3;
  define_automorphism(b, a, galois, n);
  ring_automorphism_index(index, galois, ring->log2_n);

  const ring_kernel *kernel = ring->kernel;
  const ring_modulus *m = &ring->modulus[0];
  kernel->from_int64(x, a, n, m);
  kernel->ntt_forward(x, x, ring->ntt[0]);
  kernel->permute(permuted, x, index, n);
  kernel->centre(permuted, permuted, n, m);
  kernel->from_int64(y, b, n, m);
  kernel->ntt_forward(y, y, ring->ntt[0]);
  kernel->centre(y, y, n, m);
  assert_memory_equal(permuted, y, n * sizeof *y);
  ring_poly_clear(&poly);
  base_free(index);
  base_free(b);
  base_free(a);
}

static void permuting_values_is_the_automorphism(void **state) {
  (void)state;
  uint64_t random = 1;
  for (int log2_n = 10; log2_n <= 13; log2_n++) {
    for (int bits = 30; bits <= 60; bits += 15) { /* both kinds of word */
      uint64_t p = ring_prime_below(((uint64_t)1 << bits) - 1, log2_n);
      ring_ring ring;
      assert_int_equal(ring_ring_init(&ring, log2_n, &p, 1), CKKS_OK);
      uint32_t two_n = (uint32_t)2 << log2_n;
      const uint32_t galois[] = {1,
                                 3,
                                 5,
                                 two_n - 1,
                                 two_n / 2 + 1,
                                 two_n / 2 - 1,
                                 (uint32_t)test_random(&random) % two_n | 1};
      for (size_t i = 0; i < sizeof galois / sizeof *galois; i++)
        assert_permutes(&ring, galois[i], &random);
      ring_ring_clear(&ring);
    }
  }
}

static void indices_are_permutations_and_compose(void **state) {
  (void)state;
  enum { LOG2_N = 11, N = 1 << LOG2_N };
  static uint32_t by_a[N], by_b[N], by_both[N];
  static uint8_t seen[N];
  uint64_t random = 2;
  for (int round = 0; round < 20; round++) {
    uint32_t a = (uint32_t)test_random(&random) % (2 * N) | 1;
    uint32_t b = (uint32_t)test_random(&random) % (2 * N) | 1;
    ring_automorphism_index(by_a, a, LOG2_N);
    ring_automorphism_index(by_b, b, LOG2_N);
    ring_automorphism_index(by_both, a * b % (2 * N), LOG2_N);
    memset(seen, 0, sizeof seen);
    for (size_t i = 0; i < N; i++) {
      assert_in_range(by_a[i], 0, N - 1);
      seen[by_a[i]]++;
      /* First X -> X^a, then X -> X^b: out[i] = mid[by_b[i]], mid[j] = in[by_a[j]]. */
      assert_int_equal(by_a[by_b[i]], by_both[i]);
    }
    for (size_t i = 0; i < N; i++)
      assert_int_equal(seen[i], 1);
  }
  ring_automorphism_index(by_a, 1, LOG2_N);
  for (size_t i = 0; i < N; i++)
    assert_int_equal(by_a[i], i);
}

static void rotations_are_powers_of_five(void **state) {
  (void)state;
  for (int log2_n = 10; log2_n <= 17; log2_n++) {
    uint32_t two_n = (uint32_t)2 << log2_n, galois = 1;
    int n_slots = 1 << (log2_n - 1);
    for (int steps = 0; steps < 300; steps++) {
      assert_int_equal(ring_automorphism_rotation(steps, log2_n), galois);
      assert_int_equal(ring_automorphism_rotation(steps - n_slots, log2_n), galois);
      assert_int_equal(ring_automorphism_rotation(steps + n_slots, log2_n), galois);
      uint32_t back = ring_automorphism_rotation(-steps, log2_n);
      assert_int_equal((uint64_t)back * galois % two_n, 1);
      galois = (uint32_t)((uint64_t)galois * 5 % two_n);
    }
    assert_int_equal(ring_automorphism_rotation(INT32_MIN, log2_n), 1);
    assert_int_equal(ring_automorphism_rotation(INT32_MAX, log2_n),
                     ring_automorphism_rotation(-1, log2_n));
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(permuting_values_is_the_automorphism),
      cmocka_unit_test(indices_are_permutations_and_compose),
      cmocka_unit_test(rotations_are_powers_of_five),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
