/* SPDX-License-Identifier: Apache-2.0 */
/* What parameters say that they hold, held against what decrypts. */
#include "fixture.h"

#include "ring/prime.h"

static ckks_params *build(ckks_params_literal literal) {
  ckks_params *params;
  CHECK(ckks_params_build(&params, &literal));
  return params;
}

static ckks_params_literal range_literal(void) {
  return (ckks_params_literal){.log2_n = 10,
                               .n_q = 4,
                               .n_p = 1,
                               .q_bits = {38, 30, 30, 30},
                               .p_bits = {40},
                               .log2_scale = 30};
}

/* The values that come back from a vector of one size at one level. */
typedef struct range_run {
  ckks_params *params;
  ckks_secret_key *secret;
  ckks_evaluator *ev;
  ckks_plaintext *plain;
  ckks_ciphertext *cipher;
} range_run;

static void range_init(range_run *run, ckks_params_literal literal) {
  static const uint8_t seed[RAND_SEED_BYTES] = {9};
  run->params = build(literal);
  CHECK(test_secret_key(&run->secret, seed, run->params));
  CHECK(ckks_evaluator_build(&run->ev, run->params, NULL));
  CHECK(ckks_plaintext_build(&run->plain, run->params));
  CHECK(ckks_ciphertext_build(&run->cipher, run->params));
}

static void range_clear(range_run *run) {
  ckks_ciphertext_free(run->cipher);
  ckks_plaintext_free(run->plain);
  ckks_evaluator_free(run->ev);
  ckks_secret_key_free(run->secret);
  ckks_params_free(run->params);
}

/* Slot 0 of 2 * value in all slots, by way of a sum. */
static double doubled(range_run *run, double value, int level) {
  double found;
  CHECK(ckks_encode_constant(run->plain, value, level, 0, run->params));
  CHECK(ckks_encrypt(run->cipher, run->plain, run->secret, run->params));
  CHECK(ckks_add(run->cipher, run->cipher, run->cipher, run->ev));
  CHECK(ckks_decrypt(run->plain, run->cipher, run->secret, run->params));
  CHECK(ckks_decode_real(&found, 1, run->plain, run->params));
  return found;
}

static void test_limits_are_where_they_are_said_to_be(void **unused) {
  (void)unused;
  range_run run;
  range_init(&run, range_literal());
  assert_true(ckks_params_max_value(run.params, 0) < 130);
  for (int level = 0; level < 2; level++) {
    double most = ckks_params_max_value(run.params, level), values[4] = {1, 2, 3, 1.0001 * most};
    ckks_complex complex[2] = {{0, 0}, {0.8 * most, 0.8 * most}};
    assert_true(fabs(doubled(&run, 0.4999 * most, level) / most - 0.9998) < 1e-6);
    assert_true(fabs(doubled(&run, -0.4999 * most, level) / most + 0.9998) < 1e-6);
    /* Beyond the limit values wrap, which nothing can see ... */
    assert_true(doubled(&run, 0.5001 * most, level) < 0);
    /* ... but what is encoded can be held against it, in every form. */
    CHECK_FAILS(ckks_encode_real(run.plain, values, 4, level, 0, run.params), CKKS_ERROR_RANGE,
                "value 3 (");
    if (level == 0)
      assert_non_null(strstr(ckks_last_error(), "use a higher level or a smaller scale"));
    CHECK_FAILS(ckks_encode_complex(run.plain, complex, 2, level, 0, run.params), CKKS_ERROR_RANGE,
                "value 1 (");
    CHECK_FAILS(ckks_encode_repeat(run.plain, values, 4, level, 0, run.params), CKKS_ERROR_RANGE,
                "value 3 (");
    CHECK_FAILS(ckks_encode_constant(run.plain, values[3], level, 0, run.params), CKKS_ERROR_RANGE,
                "value 0 (");
    CHECK(ckks_encode_constant(run.plain, 1, level, 0, run.params));
    CHECK(ckks_encrypt(run.cipher, run.plain, run.secret, run.params));
    CHECK_FAILS(ckks_add_constant(run.cipher, run.cipher, -values[3], run.ev), CKKS_ERROR_RANGE,
                "does not fit");
    CHECK_FAILS(ckks_add_real(run.cipher, run.cipher, values, 4, run.ev), CKKS_ERROR_RANGE,
                "value 3 (");
    values[3] = 0.999 * most;
    CHECK(ckks_encode_real(run.plain, values, 4, level, 0, run.params));
  }
  range_clear(&run);
}

/* Error of a rotation at every level, with the keys of these primes, whatever they are. */
static double worst_rotation(const ckks_params_literal *literal, const double *scale) {
  range_run run;
  ckks_evaluation_keys *keys;
  double worst = 0;
  double values[512], found[512];
  range_init(&run, *literal);
  ckks_key_spec spec = {.galois = ckks_galois_rotation(run.params, 1), .level = -1};
  CHECK(ckks_evaluation_keys_generate(&keys, &spec, 1, run.secret, run.params));
  ckks_evaluator_free(run.ev);
  CHECK(ckks_evaluator_build(&run.ev, run.params, keys));
  for (int i = 0; i < 512; i++)
    values[i] = (i % 7) / 7.0;
  for (int level = 0; level < literal->n_q; level++) {
    CHECK(ckks_encode_real(run.plain, values, 512, level, scale[level], run.params));
    CHECK(ckks_encrypt(run.cipher, run.plain, run.secret, run.params));
    CHECK(ckks_rotate(run.cipher, run.cipher, 1, run.ev));
    CHECK(ckks_decrypt(run.plain, run.cipher, run.secret, run.params));
    CHECK(ckks_decode_real(found, 512, run.plain, run.params));
    for (int i = 0; i < 512; i++)
      worst = fmax(worst, fabs(found[i] - values[(i + 1) % 512]));
  }
  ckks_evaluation_keys_free(keys);
  range_clear(&run);
  return worst;
}

/* The same primes without canonical scales are never refused: what would have come of them? */
static void test_special_primes_are_refused_where_rotations_fail(void **unused) {
  (void)unused;
  ckks_params *params = build(range_literal());
  ckks_params_literal unscaled = params->literal;
  double scale[4];
  for (int level = 0; level < 4; level++)
    scale[level] = ckks_params_scale(params, level);
  ckks_params_free(params);
  unscaled.log2_scale = 0;
  int n_refused = 0, n_accepted = 0;
  for (int bits = 18; bits <= 40; bits += 2) {
    ckks_params_literal literal = range_literal();
    literal.p_bits[0] = bits;
    params = NULL;
    ckks_status status = ckks_params_build(&params, &literal);
    ckks_params_free(params);
    unscaled.p[0] = ring_prime_near(exp2(bits) * 0.99, 10, unscaled.q, unscaled.n_q);
    double error = worst_rotation(&unscaled, scale);
    if (status == CKKS_OK) {
      n_accepted++;
      assert_true(error < 0x1p-4);
    } else {
      n_refused++;
      assert_int_equal(status, CKKS_ERROR_ARGUMENT);
      assert_non_null(strstr(ckks_last_error(), "too small for the digits they switch"));
      /* The bound is that of all slots for good: of these few the worst is a fifth of it. */
      assert_true(error > 0x1p-4 / 8);
    }
    if (bits == 18)
      assert_true(error > 1); /* garbage */
  }
  assert_true(n_refused >= 3 && n_accepted >= 3);
}

/* A key may use fewer special primes than there are: then those few must do. */
static void test_keys_of_few_special_primes(void **unused) {
  (void)unused;
  ckks_params_literal literal = range_literal();
  literal.n_p = 2;
  literal.p_bits[0] = 20;
  literal.p_bits[1] = 40;
  ckks_params *params = build(literal);
  ckks_key_spec spec = {.galois = 0, .level = -1, .n_special = 1};
  CHECK_FAILS(ckks_key_spec_check(&spec, params), CKKS_ERROR_ARGUMENT,
              "key spec: p_bits: the first 1 special prime is 2^20.0 in all");
  spec.n_special = 2;
  CHECK(ckks_key_spec_check(&spec, params));
  ckks_params_free(params);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_limits_are_where_they_are_said_to_be),
      cmocka_unit_test(test_special_primes_are_refused_where_rotations_fail),
      cmocka_unit_test(test_keys_of_few_special_primes),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
