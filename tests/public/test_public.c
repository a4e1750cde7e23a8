/* SPDX-License-Identifier: Apache-2.0 */
#include "heap.h"
#include "public/fresh.h"
#include "public/public.h"
#include "secret/fixture.h"

typedef struct setting {
  ckks_params *params;
  ckks_secret_key *secret;
  ckks_public_key *key;
  ckks_plaintext *message, *result;
  ckks_ciphertext *ciphertext;
} setting;

static setting open_setting(ckks_params_literal literal) {
  setting s = {.params = build_params(literal)};
  s.secret = key_of(11, s.params);
  assert_int_equal(ckks_public_key_generate(&s.key, s.secret, s.params), CKKS_OK);
  s.message = new_plaintext(s.params);
  s.result = new_plaintext(s.params);
  s.ciphertext = new_ciphertext(s.params);
  return s;
}

static void close_setting(setting *s) {
  ckks_ciphertext_free(s->ciphertext);
  ckks_plaintext_free(s->result);
  ckks_plaintext_free(s->message);
  ckks_public_key_free(s->key);
  ckks_secret_key_free(s->secret);
  ckks_params_free(s->params);
}

/* Deviation of the slots of result - message, whose exact difference is taken limb by limb. */
static double measured_noise(setting *s) {
  size_t n_slots = ckks_params_slots(s->params);
  const ring_ring *ring = &s->params->ring;
  double *values = base_alloc(n_slots * sizeof *values);
  assert_int_equal(ckks_decrypt(s->result, s->ciphertext, s->secret, s->params), CKKS_OK);
  assert_int_equal(ckks_plaintext_level(s->result), ckks_plaintext_level(s->message));
  assert_true(ckks_plaintext_scale(s->result) == ckks_plaintext_scale(s->message));
  for (int limb = 0; limb < ckks_params_limbs(s->params, s->result->level); limb++) {
    ring_word *words = ring_poly_limb(&s->result->poly, limb);
    ring->kernel->sub(words, words, ring_poly_limb(&s->message->poly, limb), ring->n,
                      &ring->modulus[limb]);
  }
  assert_int_equal(ckks_decode_real(values, n_slots, s->result, s->params), CKKS_OK);
  double noise = deviation(values, n_slots) * ckks_plaintext_scale(s->result);
  for (size_t j = 0; j < n_slots; j++)
    assert_true(fabs(values[j]) * ckks_plaintext_scale(s->result) <
                CKKS_NOISE_TAIL * ckks_noise_zero_public(s->params) * 2);
  base_free(values);
  return noise;
}

static void encryption_is_as_noisy_as_written(void **unused) {
  (void)unused;
  ckks_params_literal literals[] = {literal_f64(), literal_u64(), literal_pairs(), literal_f64()};
  literals[3].n_p = 0; /* nothing to divide by */
  uint64_t random = 1;
  for (int i = 0; i < 4; i++) {
    setting s = open_setting(literals[i]);
    for (int level = 0; level < literals[i].n_q; level++) {
      ckks_complex slots[512];
      random_slots(slots, 512, 10, &random);
      assert_int_equal(ckks_encode_complex(s.message, slots, 512, level, 0, s.params), CKKS_OK);
      assert_int_equal(ckks_encrypt_public(s.ciphertext, s.message, s.key, s.params), CKKS_OK);
      assert_false(s.ciphertext->seeded);
      assert_int_equal(ckks_ciphertext_level(s.ciphertext), level);
      assert_deviation(measured_noise(&s), ckks_noise_fresh_public(s.params));
    }
    /* Some ten times less than without a division. */
    double ratio = ckks_noise_zero_public(s.params) / ckks_noise_fresh_public(s.params);
    assert_true(literals[i].n_p == 0 ? ratio == 1 : ratio > 10);
    close_setting(&s);
  }
}

/* Each zero adds its own noise, and every word changes. */
static void zeros_rerandomise(void **unused) {
  (void)unused;
  setting s = open_setting(literal_f64());
  ckks_ciphertext *before = new_ciphertext(s.params);
  assert_int_equal(ckks_encode_constant(s.message, 2.5, 2, 0, s.params), CKKS_OK);
  assert_int_equal(ckks_encrypt(s.ciphertext, s.message, s.secret, s.params), CKKS_OK);
  assert_true(s.ciphertext->seeded);
  double expected = pow(ckks_noise_fresh(s.params), 2);
  for (int round = 1; round <= 3; round++) {
    assert_int_equal(ckks_ciphertext_copy(before, s.ciphertext), CKKS_OK);
    assert_int_equal(public_add_zero(s.ciphertext, s.key, s.params), CKKS_OK);
    assert_false(s.ciphertext->seeded);
    int64_t a[1024], b[1024];
    for (int part = 0; part < 2; part++) {
      for (int limb = 0; limb <= 2; limb++) {
        int equal = 0;
        limb_integers(a, ring_poly_limb(&before->part[part], limb), limb, s.params);
        limb_integers(b, ring_poly_limb(&s.ciphertext->part[part], limb), limb, s.params);
        for (int k = 0; k < 1024; k++)
          equal += a[k] == b[k];
        assert_true(equal < 3);
      }
    }
    expected += pow(ckks_noise_zero_public(s.params), 2);
    assert_deviation(measured_noise(&s), sqrt(expected));
  }
  ckks_ciphertext_free(before);
  close_setting(&s);
}

/* (v b + e0, v a + e1): the mask differs from one encryption to the next. */
static void encryptions_differ(void **unused) {
  (void)unused;
  setting s = open_setting(literal_f64());
  ckks_ciphertext *other = new_ciphertext(s.params);
  int64_t a[1024], b[1024];
  assert_int_equal(ckks_encode_constant(s.message, 1, 0, 0, s.params), CKKS_OK);
  assert_int_equal(ckks_encrypt_public(s.ciphertext, s.message, s.key, s.params), CKKS_OK);
  assert_int_equal(ckks_encrypt_public(other, s.message, s.key, s.params), CKKS_OK);
  for (int part = 0; part < 2; part++) {
    limb_integers(a, ring_poly_limb(&s.ciphertext->part[part], 0), 0, s.params);
    limb_integers(b, ring_poly_limb(&other->part[part], 0), 0, s.params);
    assert_memory_not_equal(a, b, sizeof a);
  }
  ckks_ciphertext_free(other);
  close_setting(&s);
}

static void refusals_leave_the_output_alone(void **unused) {
  (void)unused;
  setting s = open_setting(literal_f64()), other = open_setting(literal_u64());
  ckks_ciphertext *low;
  assert_int_equal(ckks_ciphertext_build_at(&low, s.params, 1, 2), CKKS_OK);
  assert_fails(ckks_encrypt_public(low, s.message, s.key, s.params), CKKS_ERROR_LEVEL,
               "room up to level 1, 4 is needed");
  assert_fails(ckks_encrypt_public(other.ciphertext, s.message, s.key, s.params),
               CKKS_ERROR_MISMATCH, "ciphertext");
  assert_fails(ckks_encrypt_public(s.ciphertext, other.message, s.key, s.params),
               CKKS_ERROR_MISMATCH, "plaintext");
  assert_fails(ckks_encrypt_public(s.ciphertext, s.message, other.key, s.params),
               CKKS_ERROR_MISMATCH, "public key");
  assert_fails(public_add_zero(s.ciphertext, other.key, s.params), CKKS_ERROR_MISMATCH,
               "public key");
  assert_fails(public_add_zero(other.ciphertext, s.key, s.params), CKKS_ERROR_MISMATCH,
               "ciphertext");
  int64_t words[1024];
  for (int part = 0; part < 2; part++) {
    limb_integers(words, ring_poly_limb(&s.ciphertext->part[part], 0), 0, s.params);
    for (int k = 0; k < 1024; k++)
      assert_int_equal(words[k], 0);
  }
  ckks_ciphertext_free(low);
  close_setting(&s);
  close_setting(&other);
}

static ckks_status encrypt_and_add(void *context) {
  setting *s = context;
  /* On failure the bare message must not stand in the output. */
  ckks_status status = ckks_encrypt_public(s->ciphertext, s->message, s->key, s->params);
  if (status != CKKS_OK) {
    int64_t words[1024];
    limb_integers(words, ring_poly_limb(&s->ciphertext->part[0], 0), 0, s->params);
    for (int k = 0; k < 1024; k++)
      assert_int_equal(words[k], 0);
    return status;
  }
  status = public_add_zero(s->ciphertext, s->key, s->params);
  for (int part = 0; part < 2; part++)
    memset(s->ciphertext->part[part].data, 0, 1024 * sizeof(ring_word));
  return status;
}

static void allocations_may_fail(void **unused) {
  (void)unused;
  setting s = open_setting(literal_f64());
  assert_int_equal(ckks_encode_constant(s.message, 1, 4, 0, s.params), CKKS_OK);
  fail_each_allocation(encrypt_and_add, &s);
  close_setting(&s);
}

/* All of v is ternary and all of both errors are errors: each half of them, too. */
static void all_that_hides_is_random(void **unused) {
  (void)unused;
  public_fresh noise;
  ckks_params *params = build_params(literal_f64());
  size_t n = params->ring.n;
  assert_int_equal(public_fresh_init(&noise, 1, params), CKKS_OK);
  for (size_t half = 0; half < 6; half++) {
    const int64_t *x = noise.v + half * (n / 2);
    double squares = 0;
    for (size_t i = 0; i < n / 2; i++)
      squares += (double)(x[i] * x[i]);
    double variance = squares / (double)(n / 2), written = half < 2 ? 2.0 / 3.0 : 10.5;
    assert_true(variance > 0.7 * written && variance < 1.3 * written);
  }
  test_heap heap;
  test_heap_begin(&heap);
  public_fresh_clear(&noise, n);
  test_heap_end();
  assert_true(heap.n_freed >= 2);
  assert_int_equal(heap.n_unwiped, 0);
  ckks_params_free(params);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(all_that_hides_is_random),
      cmocka_unit_test(encryption_is_as_noisy_as_written),
      cmocka_unit_test(zeros_rerandomise),
      cmocka_unit_test(encryptions_differ),
      cmocka_unit_test(refusals_leave_the_output_alone),
      cmocka_unit_test(allocations_may_fail),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
