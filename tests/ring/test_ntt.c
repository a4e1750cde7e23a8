/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The transforms of every kernel table against their definition: evaluation at odd
 * powers of psi, and the product in Z_p[X]/(X^N + 1). And the exact products of the f64
 * tables on values chosen against them.
 */
#include "base/alloc.h"
#include "random.h"
#include "ring/kernel/kernel.h"
#include "ring/prime.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

typedef struct ring {
  const ring_kernel *kernel;
  int log2_n;
  size_t n;
  ring_modulus m;
  uint64_t psi;
  ring_ntt *ntt;
} ring;

static ring *ring_open(const ring_kernel *kernel, int log2_n, int bits) {
  ring *r = base_alloc(sizeof *r);
  uint64_t p = ring_prime_below(UINT64_C(1) << bits, log2_n);
  assert_true(p > 0);
  *r = (ring){.kernel = kernel, .log2_n = log2_n, .n = (size_t)1 << log2_n};
  ring_modulus_init(&r->m, p);
  r->psi = ring_prime_root(p, log2_n);
  r->ntt = kernel->ntt_build(&r->m, log2_n, r->psi);
  assert_non_null(r->ntt);
  return r;
}

static void ring_close(ring *r) {
  r->kernel->ntt_free(r->ntt);
  base_free(r);
}

static uint64_t *residues_random(const ring *r, uint64_t seed) {
  uint64_t *a = base_alloc_array(r->n, sizeof *a), state = seed;
  for (size_t i = 0; i < r->n; i++)
    a[i] = test_random(&state) % r->m.p;
  return a;
}

static ring_word *words_of(const ring *r, const uint64_t *a) {
  ring_word *out = base_alloc_array(r->n, sizeof *out);
  r->kernel->from_uint64(out, a, r->n, &r->m);
  return out;
}

static uint64_t *residues_of(const ring *r, const ring_word *a) {
  uint64_t *out = base_alloc_array(r->n, sizeof *out);
  r->kernel->to_uint64(out, a, r->n, &r->m);
  return out;
}

/* Calls `check` with every table this CPU runs, on primes that suit its words. */
static void for_tables(void (*check)(const ring_kernel *kernel, int bits)) {
  static const int f64_bits[] = {20, 31, 45, 49}, u64_bits[] = {20, 49, 50, 61};
  for (int i = 0; ring_kernel_at(i) != NULL; i++) {
    const ring_kernel *kernel = ring_kernel_at(i);
    if (!ring_kernel_usable(kernel)) {
      print_message("SKIP %s: this CPU lacks it\n", kernel->name);
      continue;
    }
    for (int b = 0; b < 4; b++)
      check(kernel, kernel->kind == RING_F64 ? f64_bits[b] : u64_bits[b]);
  }
}

/* ---- the definition ---- */

static size_t bits_reversed(size_t i, int bits) {
  size_t reversed = 0;
  for (; bits > 0; bits--, i >>= 1)
    reversed = reversed << 1 | (i & 1);
  return reversed;
}

/* a(psi^(2 brv(i) + 1)) by Horner's rule. */
static uint64_t evaluate(const ring *r, const uint64_t *a, size_t i) {
  uint64_t x = ring_modulus_pow(r->psi, 2 * bits_reversed(i, r->log2_n) + 1, &r->m), value = 0;
  for (size_t j = r->n; j-- > 0;)
    value = (ring_modulus_mul(value, x, &r->m) + a[j]) % r->m.p;
  return value;
}

static void check_evaluation(const ring_kernel *kernel, int bits, int log2_n, size_t step) {
  ring *r = ring_open(kernel, log2_n, bits);
  uint64_t *a = residues_random(r, (uint64_t)bits);
  ring_word *x = words_of(r, a);
  kernel->ntt_forward(x, x, r->ntt);
  uint64_t *got = residues_of(r, x);
  for (size_t i = 0; i < r->n; i += step)
    assert_int_equal(got[ring_ntt_position(i)], evaluate(r, a, i));
  base_free(a);
  base_free(x);
  base_free(got);
  ring_close(r);
}

static void check_all_positions(const ring_kernel *kernel, int bits) {
  check_evaluation(kernel, bits, 10, 1);
}

static void check_some_positions(const ring_kernel *kernel, int bits) {
  for (int log2_n = 11; log2_n <= 15; log2_n++)
    check_evaluation(kernel, bits, log2_n, ((size_t)1 << log2_n) / 8 - 1);
}

static void forward_is_evaluation(void **state) {
  (void)state;
  for_tables(check_all_positions);
}

static void forward_is_evaluation_in_larger_rings(void **state) {
  (void)state;
  for_tables(check_some_positions);
}

static void positions_are_a_permutation(void **state) {
  (void)state;
  bool seen[256] = {false};
  for (size_t i = 0; i < 256; i++) {
    size_t at = ring_ntt_position(i);
    assert_true(at < 256 && at / 64 == i / 64 && !seen[at]);
    seen[at] = true;
  }
  assert_int_equal(ring_ntt_position(0), 0);
  assert_int_equal(ring_ntt_position(1), 4);
  assert_int_equal(ring_ntt_position(16), 1);
  assert_int_equal(ring_ntt_position(63 + 64), 63 + 64);
}

static void check_inverse(const ring_kernel *kernel, int bits) {
  for (int log2_n = 10; log2_n <= 15; log2_n++) {
    ring *r = ring_open(kernel, log2_n, bits);
    uint64_t *a = residues_random(r, (uint64_t)log2_n);
    ring_word *x = words_of(r, a), *y = words_of(r, a);
    kernel->ntt_forward(y, x, r->ntt);
    assert_memory_not_equal(y, x, r->n * sizeof *x);
    kernel->ntt_inverse(y, y, r->ntt);
    assert_memory_equal(y, x, r->n * sizeof *x);
    base_free(a);
    base_free(x);
    base_free(y);
    ring_close(r);
  }
}

static void inverse_undoes_forward(void **state) {
  (void)state;
  for_tables(check_inverse);
}

/* X^N = -1: what passes the end comes back negated. */
static void check_product(const ring_kernel *kernel, int bits) {
  ring *r = ring_open(kernel, 10, bits);
  uint64_t *a = residues_random(r, 1), *b = residues_random(r, 2);
  uint64_t *expected = base_alloc_array(r->n, sizeof *expected);
  for (size_t i = 0; i < r->n; i++) {
    for (size_t j = 0; j < r->n; j++) {
      uint64_t product = ring_modulus_mul(a[i], b[j], &r->m);
      uint64_t *sum = &expected[(i + j) % r->n];
      *sum = (*sum + (i + j < r->n ? product : r->m.p - product)) % r->m.p;
    }
  }
  ring_word *x = words_of(r, a), *y = words_of(r, b);
  kernel->ntt_forward(x, x, r->ntt);
  kernel->ntt_forward(y, y, r->ntt);
  kernel->mul(x, x, y, r->n, &r->m);
  kernel->ntt_inverse(x, x, r->ntt);
  uint64_t *got = residues_of(r, x);
  assert_memory_equal(got, expected, r->n * sizeof *got);
  base_free(a);
  base_free(b);
  base_free(expected);
  base_free(x);
  base_free(y);
  base_free(got);
  ring_close(r);
}

static void pointwise_product_is_negacyclic_convolution(void **state) {
  (void)state;
  for_tables(check_product);
}

/* A monomial c*X^k with |c| as large as the contract allows, at every place of a butterfly. */
static void check_spikes(const ring_kernel *kernel, int bits) {
  ring *r = ring_open(kernel, 10, bits);
  ring_word *x = base_alloc_array(r->n, sizeof *x), *y = base_alloc_array(r->n, sizeof *y);
  int64_t large = kernel->kind == RING_F64 ? (int64_t)(r->m.p / 2 * 3) : (int64_t)r->m.p - 1;
  for (size_t k = 1; k < r->n; k = 2 * k + 1) {
    memset(x, 0, r->n * sizeof *x);
    if (kernel->kind == RING_F64)
      x[k].f = -(double)large;
    else
      x[k].u = (uint64_t)large;
    int64_t c = kernel->kind == RING_F64 ? -large : large;
    kernel->ntt_forward(y, x, r->ntt);
    uint64_t *got = residues_of(r, y);
    for (size_t i = 0; i < r->n; i += 37) {
      uint64_t root = ring_modulus_pow(r->psi, (2 * bits_reversed(i, 10) + 1) * k, &r->m);
      uint64_t value = ring_modulus_mul(ring_modulus_reduce(c, &r->m), root, &r->m);
      assert_int_equal(got[ring_ntt_position(i)], value);
    }
    base_free(got);
  }
  base_free(x);
  base_free(y);
  ring_close(r);
}

static void monomials_of_largest_size(void **state) {
  (void)state;
  for_tables(check_spikes);
}

static void build_survives_lack_of_memory(void **state) {
  (void)state;
  for (int i = 0; ring_kernel_at(i) != NULL; i++) {
    const ring_kernel *kernel = ring_kernel_at(i);
    if (!ring_kernel_usable(kernel))
      continue;
    ring_modulus m;
    ring_modulus_init(&m, ring_prime_below(UINT64_C(1) << 40, 10));
    uint64_t psi = ring_prime_root(m.p, 10);
    long failures = 0;
    ring_ntt *ntt = NULL;
    while (ntt == NULL) {
      base_alloc_fail_at(++failures);
      ntt = kernel->ntt_build(&m, 10, psi);
    }
    base_alloc_fail_at(0);
    assert_true(failures > 1 && failures < 5);
    kernel->ntt_free(ntt);
    kernel->ntt_free(NULL);
  }
}

/* ---- exact products on values chosen against them ---- */

/*
 * Products modulo p next to p/2, where quotients round either way: x = w^-1 * (p/2 +- d)
 * plus multiples of p, and factors next to powers of two, whose products lose most bits.
 */
static uint64_t product_near_half(uint64_t w, uint64_t d, const ring_modulus *m) {
  uint64_t target = m->p / 2 + 1 + (d & 1 ? d / 2 : 0) - (d & 1 ? 0 : d / 2);
  return ring_modulus_mul(ring_modulus_inverse(w, m), target % m->p, m);
}

static uint64_t adversarial_factor(uint64_t *state, const ring_modulus *m) {
  uint64_t random = test_random(state);
  uint64_t power = UINT64_C(1) << (random % (uint64_t)m->bits);
  switch (random >> 60 & 3) {
  case 0:
    return (power + (random >> 32 & 7)) % (m->p - 1) + 1;
  case 1:
    return m->p / 2 - (random & 1023);
  case 2:
    return m->p - 1 - (power - 1) % (m->p - 1);
  default:
    return random % (m->p - 1) + 1;
  }
}

static __int128 remainder_of(__int128 value, uint64_t p) {
  __int128 r = value % (__int128)p;
  return r < 0 ? r + (__int128)p : r;
}

#define N_PRODUCTS ((size_t)4096)

/* The largest |out|/p; residues are compared with those of 128-bit products. */
static double worst_product(const ring_word *a, const ring_word *b, const ring_word *out,
                            const ring_modulus *m) {
  double worst = 0;
  for (size_t i = 0; i < N_PRODUCTS; i++) {
    __int128 product = (__int128)a[i].f * (__int128)b[i].f;
    assert_true(out[i].f == rint(out[i].f));
    assert_true(remainder_of(product - (__int128)out[i].f, m->p) == 0);
    worst = fmax(worst, fabs(out[i].f) / m->f);
  }
  return worst;
}

static void check_adversarial(const ring_kernel *kernel, int bits) {
  if (kernel->kind != RING_F64)
    return;
  ring_modulus m;
  ring_modulus_init(&m, ring_prime_below(UINT64_C(1) << bits, 10));
  ring_word *a = base_alloc_array(3 * N_PRODUCTS, sizeof *a);
  ring_word *b = a + N_PRODUCTS, *out = b + N_PRODUCTS;
  uint64_t state = 99;
  for (size_t i = 0; i < N_PRODUCTS; i++) {
    uint64_t w = adversarial_factor(&state, &m), x = product_near_half(w, i % 64, &m);
    /* Any representative up to 3/4 p is loose: take the larger where it is one. */
    int64_t far = (int64_t)x > (int64_t)(m.p / 4 * 3) ? (int64_t)x - (int64_t)m.p : (int64_t)x;
    a[i].f = (double)far;
    b[i].f = (double)ring_modulus_centre(w, &m);
  }
  kernel->mul(out, a, b, N_PRODUCTS, &m);
  double worst = worst_product(a, b, out, &m);
  assert_true(worst <= 0.5 + 0.0704);
  assert_true(worst >= 0.4999); /* the values do reach the middle between two multiples */
  for (size_t i = 0; i < 64; i++) {
    uint64_t w = adversarial_factor(&state, &m);
    for (size_t k = 0; k < N_PRODUCTS; k++) {
      a[k].f = (double)ring_modulus_centre(product_near_half(w, k % 256, &m), &m);
      b[k].f = (double)ring_modulus_centre(w, &m);
    }
    kernel->mul_scalar(out, a, w, N_PRODUCTS, &m);
    assert_true(worst_product(a, b, out, &m) <= 0.5 + 1.0 / 32);
  }
  base_free(a);
}

static void products_are_exact_within_their_bounds(void **state) {
  (void)state;
  for_tables(check_adversarial);
}

/* Every value around every multiple of p/2 that fits: centred to the last one, never -0.0. */
static void check_centring(const ring_kernel *kernel, int bits) {
  if (kernel->kind != RING_F64)
    return;
  ring_modulus m;
  ring_modulus_init(&m, ring_prime_below(UINT64_C(1) << bits, 10));
  ring_word *a = base_alloc_array(2048, sizeof *a), *out = a + 1024;
  int64_t p = (int64_t)m.p, reach = (INT64_C(1) << 48) / p;
  uint64_t state = 5;
  for (int round = 0; round < 50; round++) {
    int64_t multiple = (int64_t)(test_random(&state) % (uint64_t)(2 * reach + 1)) - reach;
    for (int64_t i = 0; i < 1024; i++)
      a[i].f = (double)(multiple * (p / 2) + i - 512);
    a[0].f = -0.0;
    a[1].f = -(double)p;
    kernel->reduce(out, a, &m, 1024, &m);
    for (size_t i = 0; i < 1024; i++) {
      int64_t expected = ring_modulus_centre((uint64_t)remainder_of((__int128)a[i].f, m.p), &m);
      assert_true(out[i].f == (double)expected);
      assert_true(out[i].f != 0 || !signbit(out[i].f));
    }
  }
  base_free(a);
}

static void centring_is_strict(void **state) {
  (void)state;
  for_tables(check_centring);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(forward_is_evaluation),
      cmocka_unit_test(forward_is_evaluation_in_larger_rings),
      cmocka_unit_test(positions_are_a_permutation),
      cmocka_unit_test(inverse_undoes_forward),
      cmocka_unit_test(pointwise_product_is_negacyclic_convolution),
      cmocka_unit_test(monomials_of_largest_size),
      cmocka_unit_test(build_survives_lack_of_memory),
      cmocka_unit_test(products_are_exact_within_their_bounds),
      cmocka_unit_test(centring_is_strict),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
