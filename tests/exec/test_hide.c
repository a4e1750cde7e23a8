/* SPDX-License-Identifier: Apache-2.0 */
/* What leaves the evaluator: fresh, right, and with the noise that was meant, from both sides. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/alloc.h"
#include "ckks/noise.h"
#include "exec/exec.h"
#include "ring/sample.h"
#include "secret/secret.h"
#include "wire/wire.h"

#define OK(call) assert_int_equal((call), CKKS_OK)

typedef struct world {
  ckks_params *params;
  ckks_secret_key *secret;
  ckks_public_key *whole, *zero;
  ckks_plaintext *plaintext;
  ckks_ciphertext *result;
  double values[8];
} world;

static world w;

static int setup(void **state) {
  (void)state;
  base_buffer buffer;
  base_reader reader;
  OK(ckks_params_build_depth(&w.params, 2, 35));
  OK(ckks_secret_key_generate(&w.secret, w.params));
  OK(ckks_public_key_generate(&w.whole, w.secret, w.params));
  base_buffer_init(&buffer, wire_zero_key_bytes(w.params));
  wire_zero_key_put(&buffer, w.whole, w.params);
  OK(base_buffer_status(&buffer));
  assert_int_equal(buffer.n_bytes, wire_zero_key_bytes(w.params));
  base_reader_init(&reader, buffer.bytes, buffer.n_bytes);
  OK(wire_zero_key_get(&w.zero, &reader, w.params));
  assert_int_equal(base_reader_left(&reader), 0);
  /* Cut by a byte, or with a residue that is none. */
  ckks_public_key *bad;
  base_reader_init(&reader, buffer.bytes, buffer.n_bytes - 1);
  assert_int_equal(wire_zero_key_get(&bad, &reader, w.params), CKKS_ERROR_FORMAT);
  assert_null(bad);
  memset(buffer.bytes + RAND_SEED_BYTES, 0xff, 64);
  base_reader_init(&reader, buffer.bytes, buffer.n_bytes);
  assert_int_equal(wire_zero_key_get(&bad, &reader, w.params), CKKS_ERROR_FORMAT);
  base_buffer_clear(&buffer);
  for (int i = 0; i < 8; i++)
    w.values[i] = 0.25 * i - 1.0;
  OK(ckks_plaintext_build(&w.plaintext, w.params));
  OK(ckks_ciphertext_build(&w.result, w.params));
  OK(ckks_encode_real(w.plaintext, w.values, 8, 0, 0.0, w.params));
  OK(ckks_encrypt(w.result, w.plaintext, w.secret, w.params));
  return 0;
}

static int teardown(void **state) {
  (void)state;
  ckks_ciphertext_free(w.result);
  ckks_plaintext_free(w.plaintext);
  ckks_public_key_free(w.zero);
  ckks_public_key_free(w.whole);
  ckks_secret_key_free(w.secret);
  ckks_params_free(w.params);
  return 0;
}

static int first_bits(void) {
  return w.params->ring.modulus[0].bits;
}

/* Deviation of the coefficients by which hiding moved the decryption. */
static double moved(const plan_layout *layout) {
  size_t n = w.params->ring.n;
  ckks_plaintext *before, *after;
  ckks_ciphertext *hidden;
  double *a = base_alloc_array(n, sizeof *a), *b = base_alloc_array(n, sizeof *b), sum = 0.0;
  OK(ckks_plaintext_build(&before, w.params));
  OK(ckks_plaintext_build(&after, w.params));
  OK(exec_hide(&hidden, w.result, w.zero, layout, w.params));
  OK(ckks_decrypt(before, w.result, w.secret, w.params));
  OK(ckks_decrypt(after, hidden, w.secret, w.params));
  OK(ckks_decode_real(a, n / 2, before, w.params));
  OK(ckks_decode_real(b, n / 2, after, w.params));
  for (size_t i = 0; i < n / 2; i++)
    sum += (a[i] - b[i]) * (a[i] - b[i]);
  ckks_ciphertext_free(hidden);
  ckks_plaintext_free(before);
  ckks_plaintext_free(after);
  base_free(a);
  base_free(b);
  return sqrt(sum / ((double)n / 2)) * ckks_ciphertext_scale(w.result);
}

static void test_noise(void **state) {
  (void)state;
  double n = (double)w.params->ring.n;
  for (int cut = 0; cut <= 20; cut += 4) {
    const plan_layout layout = {.output_bits = first_bits() - cut};
    double bound = (double)plan_flood(&layout, &w.params->literal);
    double fresh = ckks_noise_zero_public(w.params);
    /* Slot noise is sqrt(N/2) times the coefficients', real parts of N of them. */
    double flood = bound / sqrt(3.0) * sqrt(n / 2);
    double wanted = sqrt(fresh * fresh + flood * flood), found = moved(&layout);
    assert_true(found < 1.15 * wanted);
    assert_true(found > 0.85 * wanted);
    if (cut >= 8)
      assert_true(flood > fresh); /* and flooding is what counts */
  }
}

/* A tenth of the variance of the rounding that follows. */
static void test_bound(void **state) {
  (void)state;
  double n = (double)w.params->ring.n;
  const plan_layout whole = {.output_bits = first_bits()}, cut = {.output_bits = 20};
  assert_int_equal(plan_flood(&whole, &w.params->literal), 0);
  double bound = (double)plan_flood(&cut, &w.params->literal);
  double step = (double)w.params->literal.q[0] / 0x1p20;
  double part = (bound * bound / 3.0) / (step * step * (1.0 + 2.0 / 3.0 * n) / 12.0);
  assert_true(part > 0.09 && part <= 0.1);
}

/* Neither part has anything of what it was, and no two are alike. */
static void test_fresh(void **state) {
  (void)state;
  const plan_layout layout = {.output_bits = 20};
  ckks_ciphertext *hidden[2];
  size_t n = w.params->ring.n, same = 0;
  for (int i = 0; i < 2; i++)
    OK(exec_hide(&hidden[i], w.result, w.zero, &layout, w.params));
  for (int part = 0; part < 2; part++) {
    const ring_word *a = ring_poly_limb(&hidden[0]->part[part], 0);
    const ring_word *b = ring_poly_limb(&hidden[1]->part[part], 0);
    const ring_word *c = ring_poly_limb(&w.result->part[part], 0);
    for (size_t i = 0; i < n; i++)
      same += a[i].f == b[i].f || a[i].f == c[i].f || b[i].f == c[i].f;
  }
  assert_true(same < 4);
  assert_false(hidden[0]->seeded);
  for (int i = 0; i < 2; i++)
    ckks_ciphertext_free(hidden[i]);
  assert_int_equal(exec_hide(&hidden[0], w.result, NULL, &layout, w.params), CKKS_ERROR_KEY);
  assert_null(hidden[0]);
}

static void test_memory(void **state) {
  (void)state;
  const plan_layout layout = {.output_bits = 20};
  ckks_ciphertext *hidden = NULL;
  ckks_status status = CKKS_ERROR_MEMORY;
  for (long k = 1; status == CKKS_ERROR_MEMORY; k++) {
    base_alloc_fail_at(k);
    status = exec_hide(&hidden, w.result, w.zero, &layout, w.params);
    base_alloc_fail_at(0);
    assert_true((status == CKKS_OK) == (hidden != NULL));
  }
  OK(status);
  ckks_ciphertext_free(hidden);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_noise), cmocka_unit_test(test_bound),
                                     cmocka_unit_test(test_fresh), cmocka_unit_test(test_memory)};
  return cmocka_run_group_tests(tests, setup, teardown);
}
