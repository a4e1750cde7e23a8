/* SPDX-License-Identifier: Apache-2.0 */
#include "ring/pack.h"

#include "base/alloc.h"
#include "random.h"
#include "ring/prime.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

enum { N_MAX = 4096, GUARD_BYTES = 16 };
static _Alignas(64) uint64_t values[N_MAX];
static _Alignas(64) ring_word in[N_MAX], out[N_MAX + 1];
static uint8_t packed[N_MAX * 8 + GUARD_BYTES], expected[N_MAX * 8 + GUARD_BYTES];

/* Bit by bit, from the definition. */
static void define_packing(const uint64_t *from, size_t n, int bits) {
  memset(expected, 0, sizeof expected);
  for (size_t i = 0; i < n; i++)
    for (int bit = 0; bit < bits; bit++) {
      size_t at = i * (size_t)bits + (size_t)bit;
      expected[at / 8] |= (uint8_t)((from[i] >> bit & 1) << at % 8);
    }
}

static void fill(uint64_t p, uint64_t *random) {
  for (size_t i = 0; i < N_MAX; i++) {
    uint64_t r = test_random(random);
    values[i] = r % 16 == 0 ? p - 1 : r % 16 == 1 ? 0 : test_random(random) % p;
  }
}

static void write_values(size_t n, const ring_modulus *m, const ring_kernel *kernel) {
  kernel->from_uint64(in, values, N_MAX, m);
  if (kernel->kind == RING_F64) /* any loose representative must do */
    for (size_t i = 0; i < N_MAX; i++) {
      double other = in[i].f + (in[i].f > 0 ? -m->f : m->f);
      if (i % 2 == 0 && other <= 0.75 * m->f && other >= -0.75 * m->f)
        in[i].f = other;
    }
  memset(packed, 0, sizeof packed);
  memset(packed + ring_pack_bytes(n, m->bits), 0xee, GUARD_BYTES);
  ring_pack_write(packed, in, n, m, kernel);
}

/* Reads from memory that ends with the last byte, so that a sanitizer sees any further one. */
static ckks_status read_values(size_t n, const ring_modulus *m, const ring_kernel *kernel) {
  size_t n_bytes = ring_pack_bytes(n, m->bits);
  uint8_t *exact = base_alloc(n_bytes);
  memcpy(exact, packed, n_bytes);
  memset(out, 0x55, sizeof out);
  ckks_status status = ring_pack_read(out, exact, n, m, kernel);
  base_free(exact);
  assert_true(out[n].u == 0x5555555555555555U);
  return status;
}

static void assert_round_trip(size_t n, const ring_modulus *m, const ring_kernel *kernel) {
  size_t n_bytes = ring_pack_bytes(n, m->bits);
  write_values(n, m, kernel);
  define_packing(values, n, m->bits);
  assert_memory_equal(packed, expected, n_bytes);
  for (int i = 0; i < GUARD_BYTES; i++)
    assert_int_equal(packed[n_bytes + (size_t)i], 0xee);
  assert_int_equal(read_values(n, m, kernel), CKKS_OK);
  kernel->from_uint64(in, values, N_MAX, m); /* centred */
  assert_memory_equal(out, in, n * sizeof *in);
}

typedef void (*body)(size_t n, const ring_modulus *m, const ring_kernel *kernel);

/* `check` for the largest and smallest primes of every size, on every usable table. */
static void for_all_sizes(body check, size_t n) {
  uint64_t random = 1;
  for (int bits = 18; bits <= RING_MAX_BITS; bits++) {
    uint64_t one = 1;
    const uint64_t primes[2] = {ring_prime_below((one << bits) - 1, 10),
                                ring_prime_near((double)(one << (bits - 1)) * 1.1, 10, NULL, 0)};
    for (int i = 0; i < 2; i++) {
      ring_modulus m;
      ring_modulus_init(&m, primes[i]);
      assert_int_equal(m.bits, bits);
      fill(m.p, &random);
      for (int k = 0; ring_kernel_at(k) != NULL; k++) {
        const ring_kernel *kernel = ring_kernel_at(k);
        if (ring_kernel_usable(kernel) && (kernel->kind == RING_U64 || bits <= RING_F64_BITS))
          check(n, &m, kernel);
      }
    }
  }
}

static void limbs_survive_at_every_size(void **state) {
  (void)state;
  for_all_sizes(assert_round_trip, 1024);
  for_all_sizes(assert_round_trip, 2048);
}

static void odd_lengths_survive(void **state) {
  (void)state;
  static const size_t lengths[] = {1, 7, 1023, 1029};
  for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++)
    for_all_sizes(assert_round_trip, lengths[i]);
}

static void sizes_are_rounded_up(void **state) {
  (void)state;
  assert_int_equal(ring_pack_bytes(0, 61), 0);
  assert_int_equal(ring_pack_bytes(1, 18), 3);
  assert_int_equal(ring_pack_bytes(8, 19), 19);
  assert_int_equal(ring_pack_bytes(9, 7), 8);
  assert_int_equal(ring_pack_bytes(8192, 45), 46080);
  assert_int_equal(ring_pack_bytes((size_t)1 << 17, 61), 999424);
}

static void put_value(size_t i, uint64_t value, int bits) {
  for (int bit = 0; bit < bits; bit++) {
    size_t at = i * (size_t)bits + (size_t)bit;
    packed[at / 8] = (uint8_t)(packed[at / 8] & ~(1U << at % 8));
    packed[at / 8] |= (uint8_t)((value >> bit & 1) << at % 8);
  }
}

/* p, p+1 and all ones, anywhere: refused, named, and the output zeroed. */
static void assert_refuses_large(size_t n, const ring_modulus *m, const ring_kernel *kernel) {
  const size_t places[] = {0, 1, 63, 64, n / 2, n - 1};
  const uint64_t bad[] = {m->p, m->p + 1, ((uint64_t)1 << m->bits) - 1};
  write_values(n, m, kernel);
  for (size_t i = 0; i < 6; i++) {
    put_value(places[i], bad[i % 3], m->bits);
    assert_int_equal(read_values(n, m, kernel), CKKS_ERROR_FORMAT);
    char name[40] = "coefficient ";
    for (size_t digit = 1000; digit > 0; digit /= 10)
      if (places[i] >= digit || digit == 1)
        name[strlen(name)] = (char)('0' + places[i] / digit % 10);
    strcat(name, " is");
    assert_non_null(strstr(base_last_error(), name));
    for (size_t at = 0; at < n; at++)
      assert_true(out[at].u == 0);
    put_value(places[i], m->p - 1, m->bits);
  }
  assert_int_equal(read_values(n, m, kernel), CKKS_OK);
}

static void values_not_below_the_prime_are_refused(void **state) {
  (void)state;
  for_all_sizes(assert_refuses_large, 1024);
  for_all_sizes(assert_refuses_large, 2048);
}

static void assert_refuses_pad(size_t n, const ring_modulus *m, const ring_kernel *kernel) {
  write_values(n, m, kernel);
  size_t n_bytes = ring_pack_bytes(n, m->bits);
  for (size_t bit = n * (size_t)m->bits; bit < 8 * n_bytes; bit++) {
    packed[bit / 8] ^= (uint8_t)(1U << bit % 8);
    assert_int_equal(read_values(n, m, kernel), CKKS_ERROR_FORMAT);
    assert_non_null(strstr(base_last_error(), "unused bits"));
    for (size_t at = 0; at < n; at++)
      assert_true(out[at].u == 0);
    packed[bit / 8] ^= (uint8_t)(1U << bit % 8);
  }
  assert_int_equal(read_values(n, m, kernel), CKKS_OK);
}

static void unused_bits_must_be_zero(void **state) {
  (void)state;
  for_all_sizes(assert_refuses_pad, 3);
  for_all_sizes(assert_refuses_pad, 1025);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(limbs_survive_at_every_size),
      cmocka_unit_test(odd_lengths_survive),
      cmocka_unit_test(sizes_are_rounded_up),
      cmocka_unit_test(values_not_below_the_prime_are_refused),
      cmocka_unit_test(unused_bits_must_be_zero),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
