/* SPDX-License-Identifier: Apache-2.0 */
#include "eval/bootstrap_fixture.h"

static size_t reversed(size_t i, int n_bits) {
  size_t r = 0;
  for (int bit = 0; bit < n_bits; bit++)
    r |= (i >> bit & 1) << (n_bits - 1 - bit);
  return r;
}

/* What SlotsToCoeffs should make of the values: the slots of the polynomial they are coefficients
 * of, in reversed order, once more over all slots. */
static void expected_slots(ckks_complex *out, const double *values, int log2_slots,
                           const scheme *s) {
  size_t n = (size_t)1 << log2_slots;
  for (size_t i = 0; i < n; i++)
    out[i] = (ckks_complex){values[reversed(i, log2_slots)], 0};
  ckks_encoder_forward(out, n, s->params->encoder);
  for (size_t i = n; i < s->slots; i++)
    out[i] = out[i - n];
}

static void use_fourier_keys(scheme *s, const eval_fourier *a, const eval_fourier *b) {
  ckks_key_spec specs[256];
  size_t n = eval_fourier_keys(a, specs, 256, s->params);
  n += eval_fourier_keys(b, specs + n, 256 - n, s->params);
  assert_true(n <= 256);
  scheme_use_keys(s, specs, n);
}

/* One way against the encoder, and back again. */
static void check_shape(scheme *s, int log2_slots, int n_stages) {
  static ckks_complex expected[MAX_SLOTS];
  static double values[MAX_SLOTS];
  uint64_t state = 9;
  size_t n = (size_t)1 << log2_slots;
  eval_fourier forward, inverse;
  eval_fourier_shape shape = {
      .log2_slots = log2_slots, .n_stages = n_stages, .level = 2 * n_stages, .factor = 1};
  for (int i = 0; i < n_stages; i++)
    shape.scale[i] = s->params->ring.modulus[shape.level - i].f;
  CHECK(eval_fourier_build(&forward, &shape, s->params));
  shape.inverse = true;
  shape.level = n_stages;
  shape.factor = 0.5;
  for (int i = 0; i < n_stages; i++)
    shape.scale[i] = s->params->ring.modulus[shape.level - i].f;
  CHECK(eval_fourier_build(&inverse, &shape, s->params));
  use_fourier_keys(s, &forward, &inverse);
  random_reals(values, n, &state);
  ckks_ciphertext *a = encrypt_repeat(s, values, n, 2 * n_stages, 0x1p37);
  CHECK(eval_fourier_apply(a, a, &forward, true, s->ev));
  assert_int_equal(a->level, n_stages);
  expected_slots(expected, values, log2_slots, s);
  assert_slots(s, a, expected, 2e-4, "slots to coefficients");
  CHECK(eval_fourier_apply(a, a, &inverse, true, s->ev));
  assert_int_equal(a->level, 0);
  for (size_t i = 0; i < s->slots; i++)
    expected[i] = (ckks_complex){0.5 * values[i % n], 0};
  assert_slots(s, a, expected, 1e-5, "and back, halved");
  ckks_ciphertext_free(a);
  eval_fourier_clear(&forward);
  eval_fourier_clear(&inverse);
}

static void stages_make_the_transform(void **unused) {
  (void)unused;
  static const int shapes[][2] = {{9, 2}, {9, 3}, {9, 5}, {4, 1}, {4, 2}, {3, 3}, {6, 4}};
  ckks_bootstrap_literal literal = small_bootstrap(10, 9);
  scheme s;
  bootstrap_scheme_init(&s, &literal);
  for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++)
    check_shape(&s, shapes[i][0], shapes[i][1]);
  scheme_clear(&s);
}

/* k layers that include the largest have 2^k diagonals, others 2^(k+1) - 1. */
static void diagonals_are_few(void **unused) {
  (void)unused;
  ckks_bootstrap_literal literal = small_bootstrap(10, 9);
  scheme s;
  eval_fourier fourier;
  bootstrap_scheme_init(&s, &literal);
  eval_fourier_shape shape = {.log2_slots = 9, .n_stages = 2, .level = 2, .factor = 1};
  shape.scale[0] = shape.scale[1] = 0x1p37;
  CHECK(eval_fourier_build(&fourier, &shape, s.params));
  assert_int_equal(fourier.stage[0].n_terms, 31); /* h = 1 to 8 */
  assert_int_equal(fourier.stage[1].n_terms, 32); /* h = 16 to 256 */
  assert_true(eval_fourier_bytes(&fourier) >=
              (31 * (3 + 4) + 32 * (2 + 4)) * s.params->ring.n * sizeof(ring_word));
  eval_fourier_clear(&fourier);
  shape.n_stages = 1;
  CHECK_FAILS(eval_fourier_build(&fourier, &shape, s.params), CKKS_ERROR_ARGUMENT, "diagonals");
  scheme_clear(&s);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(stages_make_the_transform),
      cmocka_unit_test(diagonals_are_few),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
