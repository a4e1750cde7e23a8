/* SPDX-License-Identifier: Apache-2.0 */
/* Transforms of polynomials in X^gap against those of the same polynomials with all their zeros. */
#include "ring/sparse.h"

#include "base/alloc.h"
#include "heap.h"
#include "random.h"
#include "ring/prime.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#define TWO(bits) ((uint64_t)1 << (bits))

/* A ring of three primes for one table. */
static void open(ring_ring *ring, const ring_kernel *kernel, int log2_n) {
  uint64_t primes[3], limit = TWO(kernel->kind == RING_F64 ? 45 : 55);
  for (int i = 0; i < 3; i++)
    limit = primes[i] = ring_prime_below(limit - 1, log2_n);
  assert_int_equal(ring_ring_init(ring, log2_n, primes, 3), CKKS_OK);
  for (int i = 0; i < 3; i++) {
    ring->kernel->ntt_free(ring->ntt[i]);
    ring->ntt[i] = kernel->ntt_build(&ring->modulus[i], log2_n, ring->psi[i]);
    assert_non_null(ring->ntt[i]);
  }
  ring->kernel = kernel;
}

static void check_limb(const ring_sparse *sparse, int limb, uint64_t *state) {
  const ring_ring *ring = sparse->ring;
  const ring_modulus *m = &ring->modulus[limb];
  ring_word *expected = base_alloc_array(ring->n, sizeof *expected);
  ring_word *got = base_alloc_array(ring->n + 8, sizeof *got);
  ring_word *values = base_alloc_array(ring->n, sizeof *values);
  uint64_t *a = base_alloc_array(ring->n, sizeof *a), *b = base_alloc_array(ring->n, sizeof *b);
  size_t n = ring->n / sparse->gap;
  memset(values, 0x5a, ring->n * sizeof *values);
  memset(got, 0x5a,
         (ring->n + 8) * sizeof *got); /* what is behind the coefficients counts for nothing */
  for (size_t i = 0; i < n; i++)
    b[i] = a[i * sparse->gap] = test_random(state) % m->p;
  ring->kernel->from_uint64(expected, a, ring->n, m);
  ring->kernel->ntt_forward(expected, expected, ring->ntt[limb]);
  ring->kernel->from_uint64(values, b, n, m);
  ring_sparse_forward(values, limb, sparse);
  for (size_t first = 0; first < ring->n; first += ring->n / 4)
    ring_sparse_repeat(got + first, values, first, ring->n / 4, sparse);
  ring->kernel->to_uint64(a, expected, ring->n, m);
  ring->kernel->to_uint64(b, got, ring->n, m);
  assert_memory_equal(a, b, ring->n * sizeof *a);
  for (size_t i = ring->n; i < ring->n + 8; i++)
    assert_int_equal(got[i].u, 0x5a5a5a5a5a5a5a5a);
  base_free(a);
  base_free(b);
  base_free(values);
  base_free(got);
  base_free(expected);
}

static void check_gaps(const ring_kernel *kernel, int log2_n) {
  uint64_t state = 5;
  ring_ring ring;
  open(&ring, kernel, log2_n);
  for (size_t gap = 1; gap <= ring.n / 16; gap *= 2) {
    ring_sparse sparse;
    assert_int_equal(ring_sparse_init(&sparse, gap, &ring), CKKS_OK);
    assert_int_equal(sparse.gap, gap);
    for (int limb = 0; limb < 3; limb++)
      check_limb(&sparse, limb, &state);
    ring_sparse_clear(&sparse);
    ring_sparse_clear(&sparse); /* twice does no harm */
  }
  ring_ring_clear(&ring);
}

static void equal_to_the_whole_transform(void **unused) {
  (void)unused;
  for (int i = 0; ring_kernel_at(i) != NULL; i++) {
    const ring_kernel *kernel = ring_kernel_at(i);
    if (!ring_kernel_usable(kernel)) {
      print_message("SKIP %s: this CPU lacks it\n", kernel->name);
      continue;
    }
    for (int log2_n = 10; log2_n <= 13; log2_n++)
      check_gaps(kernel, log2_n);
    check_gaps(kernel, 16);
  }
}

/* A gap of 8 leaves an eighth of the work and more; kernels go no lower than 2^10. */
static void butterflies_are_fewer(void **unused) {
  (void)unused;
  assert_int_equal(ring_sparse_butterflies(16, 1), TWO(15) * 16);
  assert_int_equal(ring_sparse_butterflies(16, 8), TWO(12) * 13);
  assert_int_equal(ring_sparse_butterflies(16, 512), TWO(9) * 10);
  assert_int_equal(ring_sparse_butterflies(10, 4), TWO(9) * 10);
}

static void allocations_may_fail(void **unused) {
  (void)unused;
  const ring_kernel *kernel = ring_kernel_get(RING_F64);
  ckks_status status = CKKS_ERROR_MEMORY;
  ring_ring ring;
  open(&ring, kernel, 12);
  for (long k = 1; status == CKKS_ERROR_MEMORY && k < 100; k++) {
    ring_sparse sparse;
    base_alloc_fail_at(k);
    status = ring_sparse_init(&sparse, 4, &ring);
    base_alloc_fail_at(0);
    assert_true(status == CKKS_OK || sparse.ntt == NULL);
    ring_sparse_clear(&sparse);
  }
  assert_int_equal(status, CKKS_OK);
  ring_ring_clear(&ring);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(equal_to_the_whole_transform),
      cmocka_unit_test(butterflies_are_fewer),
      cmocka_unit_test(allocations_may_fail),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
