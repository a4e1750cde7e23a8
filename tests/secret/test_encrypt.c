/* SPDX-License-Identifier: Apache-2.0 */
#include "secret/fixture.h"

#include <float.h>

typedef struct setting {
  ckks_params *params;
  ckks_secret_key *key;
  ckks_plaintext *message, *result;
  ckks_ciphertext *ciphertext;
} setting;

static setting open_setting(ckks_params_literal literal) {
  setting s = {.params = build_params(literal)};
  s.key = key_of(7, s.params);
  s.message = new_plaintext(s.params);
  s.result = new_plaintext(s.params);
  s.ciphertext = new_ciphertext(s.params);
  return s;
}

static void close_setting(setting *s) {
  ckks_ciphertext_free(s->ciphertext);
  ckks_plaintext_free(s->result);
  ckks_plaintext_free(s->message);
  ckks_secret_key_free(s->key);
  ckks_params_free(s->params);
}

/* result - message, limb by limb, as integers: the error polynomial itself. */
static void error_of(int64_t *error, int limb, setting *s) {
  const ring_ring *ring = &s->params->ring;
  ring_word *words = ring_poly_limb(&s->result->poly, limb);
  ring->kernel->sub(words, words, ring_poly_limb(&s->message->poly, limb), ring->n,
                    &ring->modulus[limb]);
  limb_integers(error, words, limb, s->params);
}

/* At every level and in both kinds of words: one small polynomial, the same on all limbs. */
static void the_error_is_the_sampled_one(void **unused) {
  (void)unused;
  ckks_params_literal literals[] = {literal_f64(), literal_u64()};
  uint64_t random = 1;
  for (int i = 0; i < 2; i++) {
    setting s = open_setting(literals[i]);
    for (int level = 0; level < literals[i].n_q; level++) {
      ckks_complex slots[512];
      int64_t first[1024], error[1024];
      double squares = 0;
      random_slots(slots, 512, 10, &random);
      assert_int_equal(ckks_encode_complex(s.message, slots, 512, level, 0, s.params), CKKS_OK);
      assert_int_equal(ckks_encrypt(s.ciphertext, s.message, s.key, s.params), CKKS_OK);
      assert_int_equal(ckks_ciphertext_level(s.ciphertext), level);
      assert_true(ckks_ciphertext_scale(s.ciphertext) == ckks_params_scale(s.params, level));
      assert_int_equal(ckks_decrypt(s.result, s.ciphertext, s.key, s.params), CKKS_OK);
      assert_int_equal(ckks_plaintext_level(s.result), level);
      for (int limb = 0; limb <= level; limb++) {
        error_of(error, limb, &s);
        if (limb == 0)
          memcpy(first, error, sizeof first);
        assert_memory_equal(first, error, sizeof first);
      }
      for (int k = 0; k < 1024; k++) {
        assert_in_range(first[k] + RING_ERROR_MAX, 0, 2 * RING_ERROR_MAX);
        squares += (double)(first[k] * first[k]);
      }
      /* The variance of 1024 samples is itself known to 2^-4.5: five deviations are 22 %. */
      assert_true(fabs(squares / 1024 / 10.5 - 1) < 0.22);
    }
    close_setting(&s);
  }
}

static void slots_are_as_noisy_as_written(void **unused) {
  (void)unused;
  ckks_params_literal literal = literal_f64();
  literal.log2_n = 12;
  setting s = open_setting(literal);
  double values[2048];
  assert_int_equal(ckks_encode_constant(s.message, 0, 4, 0, s.params), CKKS_OK);
  for (int round = 0; round < 4; round++) {
    assert_int_equal(ckks_encrypt(s.ciphertext, s.message, s.key, s.params), CKKS_OK);
    assert_int_equal(ckks_decrypt(s.result, s.ciphertext, s.key, s.params), CKKS_OK);
    assert_int_equal(ckks_decode_real(values, 2048, s.result, s.params), CKKS_OK);
    double written = ckks_noise_fresh(s.params) / ckks_plaintext_scale(s.result);
    assert_deviation(deviation(values, 2048), written);
    for (int j = 0; j < 2048; j++)
      assert_true(fabs(values[j]) < CKKS_NOISE_TAIL * written);
  }
  close_setting(&s);
}

static void the_seed_stands_for_c1(void **unused) {
  (void)unused;
  setting s = open_setting(literal_f64());
  ckks_ciphertext *again = new_ciphertext(s.params);
  int64_t a[1024], b[1024];
  assert_int_equal(ckks_encode_constant(s.message, 1, 3, 0, s.params), CKKS_OK);
  assert_int_equal(ckks_encrypt(s.ciphertext, s.message, s.key, s.params), CKKS_OK);
  assert_true(s.ciphertext->seeded);
  ckks_seed_expand(&again->part[1], 4, s.ciphertext->seed, s.params);
  for (int limb = 0; limb < 4; limb++) {
    limb_integers(a, ring_poly_limb(&s.ciphertext->part[1], limb), limb, s.params);
    limb_integers(b, ring_poly_limb(&again->part[1], limb), limb, s.params);
    assert_memory_equal(a, b, sizeof a);
  }
  /* Every encryption has its own seed and error. */
  assert_int_equal(ckks_encrypt(again, s.message, s.key, s.params), CKKS_OK);
  assert_memory_not_equal(again->seed, s.ciphertext->seed, RAND_SEED_BYTES);
  ckks_ciphertext_free(again);
  close_setting(&s);
}

/* Another key's eyes see noise as large as the modulus. */
static void only_the_key_decrypts(void **unused) {
  (void)unused;
  setting s = open_setting(literal_f64());
  ckks_secret_key *stranger = key_of(8, s.params);
  double values[512];
  assert_int_equal(ckks_encode_constant(s.message, 1, 0, 0, s.params), CKKS_OK);
  assert_int_equal(ckks_encrypt(s.ciphertext, s.message, s.key, s.params), CKKS_OK);
  assert_int_equal(ckks_decrypt(s.result, s.ciphertext, stranger, s.params), CKKS_OK);
  assert_int_equal(ckks_decode_real(values, 512, s.result, s.params), CKKS_OK);
  /* Coefficients uniform modulo q: slots of deviation q sqrt(N/24). */
  double q = (double)s.params->literal.q[0];
  assert_deviation(deviation(values, 512) * ckks_plaintext_scale(s.result), q * sqrt(1024 / 24.0));
  ckks_secret_key_free(stranger);
  close_setting(&s);
}

/* (m - c1 s - c2 s^2, c1, c2) is m exactly. */
static void three_parts_are_decrypted(void **unused) {
  (void)unused;
  setting s = open_setting(literal_u64());
  const ring_ring *ring = &s.params->ring;
  ckks_ciphertext *triple;
  uint8_t seed[RAND_SEED_BYTES] = {9};
  int64_t error[1024];
  assert_int_equal(ckks_ciphertext_build_at(&triple, s.params, 3, 3), CKKS_OK);
  assert_int_equal(ckks_encode_constant(s.message, 3.25, 2, 0, s.params), CKKS_OK);
  triple->n_parts = 3;
  triple->level = 2;
  for (int limb = 0; limb <= 2; limb++) {
    const ring_modulus *modulus = &ring->modulus[limb];
    ring_word *c0 = ring_poly_limb(&triple->part[0], limb);
    ring_word *work = ring_poly_limb(&s.result->poly, limb);
    ring_word *secret = ring_poly_limb(&s.key->s, limb);
    memcpy(c0, ring_poly_limb(&s.message->poly, limb), ring->n * sizeof *c0);
    for (int part = 1; part <= 2; part++) {
      ring_word *c = ring_poly_limb(&triple->part[part], limb);
      ring_sample_uniform(c, seed, (uint64_t)(10 * part + limb), ring->n, modulus, ring->kernel);
      ring->kernel->mul(work, c, secret, ring->n, modulus);
      if (part == 2)
        ring->kernel->mul(work, work, secret, ring->n, modulus);
      ring->kernel->sub(c0, c0, work, ring->n, modulus);
    }
  }
  assert_int_equal(ckks_decrypt(s.result, triple, s.key, s.params), CKKS_OK);
  for (int limb = 0; limb <= 2; limb++) {
    error_of(error, limb, &s);
    for (int k = 0; k < 1024; k++)
      assert_int_equal(error[k], 0);
  }
  ckks_ciphertext_free(triple);
  close_setting(&s);
}

static void refusals(void **unused) {
  (void)unused;
  setting s = open_setting(literal_f64()), other = open_setting(literal_u64());
  ckks_ciphertext *low;
  ckks_plaintext *low_plain;
  assert_int_equal(ckks_ciphertext_build_at(&low, s.params, 1, 2), CKKS_OK);
  assert_int_equal(ckks_plaintext_build_at(&low_plain, s.params, 1), CKKS_OK);
  assert_fails(ckks_encrypt(low, s.message, s.key, s.params), CKKS_ERROR_LEVEL,
               "room up to level 1, 4 is needed");
  assert_fails(ckks_decrypt(low_plain, s.ciphertext, s.key, s.params), CKKS_ERROR_LEVEL,
               "room up to level 1, 4 is needed");
  assert_fails(ckks_encrypt(other.ciphertext, s.message, s.key, s.params), CKKS_ERROR_MISMATCH,
               "ciphertext");
  assert_fails(ckks_encrypt(s.ciphertext, other.message, s.key, s.params), CKKS_ERROR_MISMATCH,
               "plaintext");
  assert_fails(ckks_encrypt(s.ciphertext, s.message, other.key, s.params), CKKS_ERROR_MISMATCH,
               "secret key");
  assert_fails(ckks_decrypt(s.result, s.ciphertext, other.key, s.params), CKKS_ERROR_MISMATCH,
               "secret key");
  assert_fails(ckks_decrypt(other.result, s.ciphertext, s.key, s.params), CKKS_ERROR_MISMATCH,
               "plaintext");
  assert_fails(ckks_decrypt(s.result, other.ciphertext, s.key, s.params), CKKS_ERROR_MISMATCH,
               "ciphertext");
  assert_false(s.ciphertext->seeded); /* untouched by all that */
  ckks_plaintext_free(low_plain);
  ckks_ciphertext_free(low);
  close_setting(&s);
  close_setting(&other);
}

/* ---------------------------------------------------------- publication */

static void publication_floods(void **unused) {
  (void)unused;
  setting s = open_setting(literal_u64());
  double values[512], moved[512], noise = 1e-11, error = 0.5;
  for (int j = 0; j < 512; j++)
    values[j] = j / 100.0;
  assert_int_equal(ckks_encode_real(s.message, values, 512, 0, 0, s.params), CKKS_OK);
  assert_int_equal(ckks_encrypt(s.ciphertext, s.message, s.key, s.params), CKKS_OK);
  assert_int_equal(
      ckks_decrypt_for_publication(moved, 512, s.ciphertext, noise, error, s.key, s.params),
      CKKS_OK);
  double sum = 0, fourth = 0;
  for (int j = 0; j < 512; j++) {
    /* On the grid 2^-16 of the deviation 2^-3: nothing finer is left. */
    assert_true(moved[j] * 0x1p19 == rint(moved[j] * 0x1p19));
    moved[j] -= values[j];
    sum += moved[j];
    fourth += pow(moved[j] / 0.125, 4);
  }
  assert_deviation(deviation(moved, 512), error / 4);
  assert_true(fabs(sum / 512) < 5 * 0.125 / sqrt(512));
  assert_true(fabs(fourth / 512 - 3) < 5 * sqrt(96 / 512.0)); /* a Gaussian's kurtosis */
  /* And differently each time. */
  double again[512];
  assert_int_equal(
      ckks_decrypt_for_publication(again, 512, s.ciphertext, noise, error, s.key, s.params),
      CKKS_OK);
  int equal = 0;
  for (int j = 0; j < 512; j++)
    equal += again[j] - values[j] == moved[j];
  assert_true(equal < 5);
  close_setting(&s);
}

static void publication_refuses_too_little(void **unused) {
  (void)unused;
  setting s = open_setting(literal_u64());
  double value = 42, least = 0x1p-40 * 0x1p32;
  assert_int_equal(ckks_encode_constant(s.message, 1, 0, 0, s.params), CKKS_OK);
  assert_int_equal(ckks_encrypt(s.ciphertext, s.message, s.key, s.params), CKKS_OK);
  assert_fails(ckks_decrypt_for_publication(&value, 1, s.ciphertext, 0x1p-40, 0.999 * least, s.key,
                                            s.params),
               CKKS_ERROR_RANGE, "at least 0.0039");
  const double endless[] = {(double)INFINITY, DBL_MAX};
  for (size_t i = 0; i < 2; i++)
    assert_fails(
        ckks_decrypt_for_publication(&value, 1, s.ciphertext, 0x1p-40, endless[i], s.key, s.params),
        CKKS_ERROR_RANGE, "must be finite");
  assert_fails(
      ckks_decrypt_for_publication(&value, 1, s.ciphertext, 0x1p-40, (double)NAN, s.key, s.params),
      CKKS_ERROR_RANGE, "error");
  double bad[] = {0, -1, (double)NAN, (double)INFINITY};
  for (int i = 0; i < 4; i++)
    assert_fails(ckks_decrypt_for_publication(&value, 1, s.ciphertext, bad[i], 1, s.key, s.params),
                 CKKS_ERROR_ARGUMENT, "noise");
  assert_true(value == 42);
  assert_int_equal(
      ckks_decrypt_for_publication(&value, 1, s.ciphertext, 0x1p-40, least, s.key, s.params),
      CKKS_OK);
  assert_true(fabs(value - 1) < 9 * least / 4);
  assert_fails(ckks_decrypt_for_publication(&value, 513, s.ciphertext, 0x1p-40, 1, s.key, s.params),
               CKKS_ERROR_ARGUMENT, "n = 513");
  close_setting(&s);
}

static ckks_status all_of_it(void *context) {
  setting *s = context;
  double value;
  BASE_TRY(ckks_encrypt(s->ciphertext, s->message, s->key, s->params));
  BASE_TRY(ckks_decrypt(s->result, s->ciphertext, s->key, s->params));
  return ckks_decrypt_for_publication(&value, 1, s->ciphertext, 1e-10, 1, s->key, s->params);
}

static void allocations_may_fail(void **unused) {
  (void)unused;
  setting s = open_setting(literal_f64());
  fail_each_allocation(all_of_it, &s);
  close_setting(&s);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_error_is_the_sampled_one),
      cmocka_unit_test(slots_are_as_noisy_as_written),
      cmocka_unit_test(the_seed_stands_for_c1),
      cmocka_unit_test(only_the_key_decrypts),
      cmocka_unit_test(three_parts_are_decrypted),
      cmocka_unit_test(refusals),
      cmocka_unit_test(publication_floods),
      cmocka_unit_test(publication_refuses_too_little),
      cmocka_unit_test(allocations_may_fail),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
