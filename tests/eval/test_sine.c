/* SPDX-License-Identifier: Apache-2.0 */
#include "eval/bootstrap_fixture.h"

#define TAU (2 * 3.14159265358979323846)

/* The polynomial and the doublings in clear. */
static double sine_clear(const eval_sine *sine, double x) {
  double t = x / EVAL_SINE_K, b1 = 0, b2 = 0;
  for (int k = EVAL_SINE_DEGREE; k > 0; k--) {
    double b = 2 * t * b1 - b2 + sine->coefficient[k];
    b2 = b1;
    b1 = b;
  }
  double y = t * b1 - b2 + sine->coefficient[0];
  for (int i = 0; i < EVAL_SINE_DOUBLINGS; i++)
    y = 2 * y * y - 1;
  return y;
}

/* The figures of docs/math.md: how far from the sine around I, relative to a message of 2^-11. */
static void the_polynomial_is_good_where_it_is_used(void **unused) {
  (void)unused;
  static const struct {
    int integer;
    double error_log2;
  } limits[] = {{0, -34}, {4, -34}, {8, -33}, {10, -31}, {12, -25}, {14, -19}, {15, -13}};
  eval_sine sine;
  eval_sine_build(&sine);
  for (size_t i = 0; i < sizeof limits / sizeof *limits; i++)
    for (int sign = -1; sign <= 1; sign += 2)
      for (double message = -1; message <= 1; message += 0.25) {
        double x = sign * limits[i].integer + message * 0x1p-11;
        double error = fabs(sine_clear(&sine, x) - sin(TAU * x)) * 0x1p11 / TAU;
        if (!(error <= exp2(limits[i].error_log2)))
          fail_msg("at %d: off by 2^%.1f", sign * limits[i].integer, log2(error));
      }
  for (int k = 0; k <= EVAL_SINE_DEGREE; k++)
    assert_true(fabs(sine.coefficient[k]) < 1);
}

static void sine_of_ciphertexts(void **unused) {
  (void)unused;
  ckks_bootstrap_literal literal = small_bootstrap(10, 9);
  scheme s;
  bootstrap_scheme_init(&s, &literal);
  ckks_key_spec spec = {.galois = 0, .level = 12};
  scheme_use_keys(&s, &spec, 1);
  static double values[MAX_SLOTS];
  static ckks_complex expected[MAX_SLOTS];
  uint64_t state = 5;
  eval_sine sine;
  eval_sine_build(&sine);
  for (size_t i = 0; i < s.slots; i++) {
    double x = rint(6 * random_unit(&state)) + random_unit(&state) * 0x1p-8;
    values[i] = x / EVAL_SINE_K;
    expected[i] = (ckks_complex){sin(TAU * x), 0};
  }
  ckks_ciphertext *a = encrypt_repeat(&s, values, s.slots, 12, s.params->ring.modulus[12].f);
  CHECK(eval_sine_apply(a, a, &sine, 0x1.8p45, s.ev));
  assert_int_equal(a->level, 12 - EVAL_SINE_LEVELS);
  assert_true(a->scale == 0x1.8p45);
  assert_slots(&s, a, expected, 1e-8, "sine");
  ckks_ciphertext_free(a);
  scheme_clear(&s);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_polynomial_is_good_where_it_is_used),
      cmocka_unit_test(sine_of_ciphertexts),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
