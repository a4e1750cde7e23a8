/* SPDX-License-Identifier: Apache-2.0 */
/* Plain operands: real and complex, of every slot and of one value, encoded now or beforehand. */
#include "fixture.h"

#define BOUND 1e-4

static ckks_complex x[MAX_SLOTS], y[MAX_SLOTS], expected[MAX_SLOTS];

static ckks_complex complex_add(ckks_complex a, ckks_complex b, double sign) {
  return (ckks_complex){a.re + sign * b.re, a.im + sign * b.im};
}

static void expect_sum(const scheme *s, double sign, bool first_only) {
  for (size_t i = 0; i < s->slots; i++)
    expected[i] = complex_add(x[i], first_only ? y[0] : y[i], sign);
}

static void expect_product(const scheme *s, bool first_only) {
  for (size_t i = 0; i < s->slots; i++)
    expected[i] = complex_mul(x[i], first_only ? y[0] : y[i]);
}

static void plain_vectors(scheme *s) {
  uint64_t state = 5;
  double real[MAX_SLOTS];
  ckks_ciphertext *out = new_ciphertext(s);
  random_slots(x, s->slots, &state);
  random_slots(y, s->slots, &state);
  ckks_ciphertext *a = encrypt_complex(s, x, s->top, 0);
  CHECK(ckks_add_complex(out, a, y, s->slots, s->ev));
  expect_sum(s, 1, false);
  assert_slots(s, out, expected, BOUND, "a + complex");
  CHECK(ckks_sub_complex(out, a, y, s->slots, s->ev));
  expect_sum(s, -1, false);
  assert_slots(s, out, expected, BOUND, "a - complex");
  CHECK(ckks_mul_complex(out, a, y, s->slots, s->ev));
  expect_product(s, false);
  assert_slots(s, out, expected, BOUND, "a * complex");
  assert_int_equal(out->level, s->top - 1);
  CHECK(ckks_add_complex_constant(out, a, y[0], s->ev));
  expect_sum(s, 1, true);
  assert_slots(s, out, expected, BOUND, "a + constant");
  CHECK(ckks_mul_complex_constant(out, a, y[0], s->ev));
  expect_product(s, true);
  assert_slots(s, out, expected, BOUND, "a * constant");
  /* In place, of a few slots: the others stay. */
  random_reals(real, 3, &state);
  CHECK(ckks_sub_real(a, a, real, 3, s->ev));
  for (size_t i = 0; i < s->slots; i++)
    expected[i] = (ckks_complex){x[i].re - (i < 3 ? real[i] : 0), x[i].im};
  assert_slots(s, a, expected, BOUND, "a - real");
  assert_int_equal(a->level, s->top);
  ckks_ciphertext_free(a);
  ckks_ciphertext_free(out);
}

static void test_vectors(void **unused) {
  (void)unused;
  for_all_schemes(plain_vectors);
}

/* One plaintext, for ciphertexts at its level and above. */
static void plain_prepared(scheme *s) {
  uint64_t state = 6;
  ckks_plaintext *prepared;
  ckks_ciphertext *out = new_ciphertext(s);
  CHECK(ckks_plaintext_build(&prepared, s->params));
  random_slots(x, s->slots, &state);
  random_slots(y, s->slots, &state);
  CHECK(ckks_encode_complex(prepared, y, s->slots, 2, 0, s->params));
  for (int level = 2; level <= s->top; level++) {
    ckks_ciphertext *a = encrypt_complex(s, x, level, 0);
    CHECK(ckks_add_plain(out, a, prepared, s->ev));
    expect_sum(s, 1, false);
    assert_slots(s, out, expected, BOUND, "a + plain");
    assert_int_equal(out->level, 2);
    CHECK(ckks_sub_plain(out, a, prepared, s->ev));
    expect_sum(s, -1, false);
    assert_slots(s, out, expected, BOUND, "a - plain");
    CHECK(ckks_mul_plain(out, a, prepared, s->ev));
    expect_product(s, false);
    assert_slots(s, out, expected, BOUND, "a * plain");
    assert_int_equal(out->level, 1);
    assert_true(out->scale == ckks_params_scale(s->params, 1));
    CHECK(ckks_mul_plain(a, a, prepared, s->ev)); /* in place */
    assert_slots(s, a, expected, BOUND, "a *= plain");
    ckks_ciphertext_free(a);
  }
  ckks_plaintext_free(prepared);
  ckks_ciphertext_free(out);
}

static void test_prepared(void **unused) {
  (void)unused;
  for_all_schemes(plain_prepared);
}

static void test_what_does_not_fit(void **unused) {
  (void)unused;
  scheme s;
  ckks_plaintext *prepared;
  const double one[] = {1};
  scheme_init(&s, &all_literals[0]);
  CHECK(ckks_plaintext_build(&prepared, s.params));
  ckks_ciphertext *a = encrypt_real(&s, one, 1, 1), *out = new_ciphertext(&s);
  CHECK(ckks_encode_real(prepared, one, 1, 3, 0x1p41, s.params));
  CHECK_FAILS(ckks_add_plain(out, a, prepared, s.ev), CKKS_ERROR_LEVEL,
              "ckks_add_plain: plaintext: encoded at level 3, the ciphertext stands at 1");
  CHECK(ckks_encode_real(prepared, one, 1, 1, 0x1p41, s.params));
  CHECK_FAILS(ckks_sub_plain(out, a, prepared, s.ev), CKKS_ERROR_ARGUMENT,
              "ckks_sub_plain: plaintext: its scale 2^41.00 is not level 1's canonical");
  CHECK_FAILS(ckks_mul_plain(out, a, prepared, s.ev), CKKS_ERROR_ARGUMENT, "encode it at scale 0");
  CHECK(ckks_encode_real(prepared, one, 1, 0, 0, s.params));
  CHECK_FAILS(ckks_mul_plain(out, a, prepared, s.ev), CKKS_ERROR_LEVEL, "takes 1 level");
  /* A plaintext of a higher level whose scale is just right does. */
  CHECK(ckks_encode_real(prepared, one, 1, 3, ckks_ciphertext_scale(a), s.params));
  CHECK(ckks_add_plain(out, a, prepared, s.ev));
  expected[0] = (ckks_complex){2, 0};
  for (size_t i = 1; i < s.slots; i++)
    expected[i] = (ckks_complex){0, 0};
  assert_slots(&s, out, expected, BOUND, "a + higher plain");
  ckks_plaintext_free(prepared);
  ckks_ciphertext_free(a);
  ckks_ciphertext_free(out);
  scheme_clear(&s);
}

/* What was asked for is what is listed, by rising Galois element. */
static void test_keys_are_listed(void **unused) {
  (void)unused;
  scheme s;
  scheme_init(&s, &all_literals[1]);
  ckks_key_spec specs[] = {
      {.galois = ckks_galois_rotation(s.params, 3), .level = 2, .n_special = 1},
      {.galois = 0, .level = -1}};
  ckks_key_spec found[3] = {{.galois = 1}, {.galois = 1}, {.galois = 1}};
  scheme_use_keys(&s, specs, 2);
  assert_int_equal(ckks_evaluation_keys_list(s.keys, NULL, 0), 2);
  assert_int_equal(ckks_evaluation_keys_list(s.keys, found, 1), 2);
  assert_int_equal(found[1].galois, 1);
  assert_int_equal(ckks_evaluation_keys_list(s.keys, found, 3), 2);
  assert_int_equal(found[0].galois, 0);
  assert_int_equal(found[0].level, s.top);
  assert_int_equal(found[0].n_special, 2);
  assert_int_equal(found[1].galois, specs[0].galois);
  assert_int_equal(found[1].level, 2);
  assert_int_equal(found[1].n_special, 1);
  assert_int_equal(found[2].galois, 1);
  scheme_clear(&s);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_vectors),
      cmocka_unit_test(test_prepared),
      cmocka_unit_test(test_what_does_not_fit),
      cmocka_unit_test(test_keys_are_listed),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
