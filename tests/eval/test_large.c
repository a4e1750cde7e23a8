/* SPDX-License-Identifier: Apache-2.0 */
/* The largest ring, N = 2^17, with real security: everything that has N in it, once. */
#include "eval/fixture.h"

enum { N_SLOTS = 1 << 16 };

static ckks_complex expected[N_SLOTS], found[N_SLOTS];
static double values[N_SLOTS];

static void assert_near(const scheme *s, const ckks_ciphertext *a, const char *what) {
  ckks_plaintext *plaintext = NULL;
  CHECK(ckks_plaintext_build(&plaintext, s->params));
  CHECK(ckks_decrypt(plaintext, a, s->secret, s->params));
  CHECK(ckks_decode_complex(found, N_SLOTS, plaintext, s->params));
  ckks_plaintext_free(plaintext);
  for (size_t i = 0; i < N_SLOTS; i++)
    if (!(fabs(found[i].re - expected[i].re) < 1e-4 && fabs(found[i].im - expected[i].im) < 1e-4))
      fail_msg("%s: slot %zu is %g + %g i", what, i, found[i].re, found[i].im);
}

static void everything_works_at_the_largest_n(void **unused) {
  (void)unused;
  static const uint8_t seed[RAND_SEED_BYTES] = {7};
  const ckks_params_literal literal = {.log2_n = 17,
                                       .n_q = 4,
                                       .n_p = 2,
                                       .q_bits = {48, 38, 38, 38},
                                       .p_bits = {48, 48},
                                       .log2_scale = 38,
                                       .security = CKKS_SECURITY_128};
  scheme s = {.name = "2^17"};
  uint64_t state = 12;
  CHECK(ckks_params_build(&s.params, &literal));
  CHECK(test_secret_key(&s.secret, seed, s.params));
  s.slots = ckks_params_slots(s.params);
  s.top = ckks_params_max_level(s.params);
  assert_int_equal(s.slots, N_SLOTS);
  ckks_key_spec specs[] = {{.galois = 0, .level = -1},
                           {.galois = ckks_galois_rotation(s.params, -3), .level = 2},
                           {.galois = ckks_galois_conjugation(s.params), .level = 1}};
  CHECK(ckks_evaluation_keys_generate(&s.keys, specs, 3, s.secret, s.params));
  CHECK(ckks_evaluator_build(&s.ev, s.params, s.keys));
  random_reals(values, N_SLOTS, &state);
  ckks_ciphertext *a = encrypt_real(&s, values, N_SLOTS, s.top);
  CHECK(ckks_square(a, a, s.ev));
  for (size_t i = 0; i < N_SLOTS; i++)
    expected[i] = (ckks_complex){values[i] * values[i], 0};
  assert_near(&s, a, "square");
  CHECK(ckks_rotate(a, a, -3, s.ev));
  for (size_t i = 0; i < N_SLOTS; i++)
    expected[(i + 3) % N_SLOTS].re = values[i] * values[i];
  assert_near(&s, a, "rotation by -3");
  CHECK(ckks_mul_real(a, a, values, N_SLOTS, s.ev));
  for (size_t i = 0; i < N_SLOTS; i++)
    expected[i].re *= values[i];
  CHECK(ckks_conjugate(a, a, s.ev));
  assert_near(&s, a, "times a vector, conjugated");
  uint8_t *bytes = NULL;
  size_t n_bytes;
  ckks_ciphertext *again = NULL;
  CHECK(ckks_ciphertext_write(&bytes, &n_bytes, a, s.params));
  CHECK(ckks_ciphertext_read(&again, bytes, n_bytes, s.params));
  assert_near(&s, again, "written and read");
  ckks_bytes_free(bytes);
  ckks_ciphertext_free(again);
  ckks_ciphertext_free(a);
  scheme_clear(&s);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(everything_works_at_the_largest_n),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
