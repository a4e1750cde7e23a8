/* SPDX-License-Identifier: Apache-2.0 */
#include "secret/fixture.h"
#include <stdlib.h>

static void both_forms_are_one_key(void **unused) {
  (void)unused;
  ckks_params_literal literals[] = {literal_f64(), literal_u64()};
  for (int i = 0; i < 2; i++) {
    ckks_params *params = build_params(literals[i]);
    ckks_secret_key *key = key_of(1, params);
    int64_t coefficients[1024];
    for (int limb = 0; limb < params->ring.n_moduli; limb++) {
      limb_integers(coefficients, ring_poly_limb(&key->s, limb), limb, params);
      for (int k = 0; k < 1024; k++)
        assert_int_equal(coefficients[k], key->ternary[k]);
    }
    assert_memory_equal(key->params_hash, ckks_params_hash(params), CKKS_HASH_BYTES);
    ckks_secret_key_free(key);
    ckks_params_free(params);
  }
}

/* A third each of -1, 0, 1: within five deviations sqrt(N * 2/9) of N/3. */
static void coefficients_are_uniform(void **unused) {
  (void)unused;
  ckks_params_literal literal = literal_f64();
  literal.log2_n = 14;
  ckks_params *params = build_params(literal);
  ckks_secret_key *key;
  assert_int_equal(ckks_secret_key_generate(&key, params), CKKS_OK);
  int count[3] = {0}, repeats = 0;
  for (int i = 0; i < 16384; i++) {
    assert_in_range(key->ternary[i] + 1, 0, 2);
    count[key->ternary[i] + 1]++;
    repeats += i > 0 && key->ternary[i] == key->ternary[i - 1];
  }
  for (int i = 0; i < 3; i++)
    assert_true(abs(count[i] - 16384 / 3) < 5 * 61);
  assert_true(abs(repeats - 16384 / 3) < 5 * 61);
  ckks_secret_key_free(key);
  ckks_params_free(params);
}

static void seeds_make_keys(void **unused) {
  (void)unused;
  ckks_params *params = build_params(literal_f64());
  ckks_secret_key *a = key_of(1, params), *b = key_of(1, params), *c = key_of(2, params);
  assert_memory_equal(a->ternary, b->ternary, 1024);
  assert_memory_not_equal(a->ternary, c->ternary, 1024);
  ckks_secret_key_free(b);
  ckks_secret_key_free(c);
  /* Two generated keys never meet. */
  assert_int_equal(ckks_secret_key_generate(&b, params), CKKS_OK);
  assert_int_equal(ckks_secret_key_generate(&c, params), CKKS_OK);
  assert_memory_not_equal(b->ternary, c->ternary, 1024);
  ckks_secret_key_free(a);
  ckks_secret_key_free(b);
  ckks_secret_key_free(c);
  ckks_secret_key_free(NULL);
  ckks_params_free(params);
}

/* Every value of a byte, in the first, some middle and the last place. */
static void only_ternary_is_accepted(void **unused) {
  (void)unused;
  ckks_params *params = build_params(literal_f64());
  int8_t ternary[1024] = {0};
  int places[] = {0, 517, 1023};
  for (int i = 0; i < 3; i++) {
    for (int value = -128; value < 128; value++) {
      ckks_secret_key *key = NULL;
      ternary[places[i]] = (int8_t)value;
      if (value >= -1 && value <= 1) {
        assert_int_equal(secret_key_from_ternary(&key, ternary, params), CKKS_OK);
        assert_memory_equal(key->ternary, ternary, 1024);
        ckks_secret_key_free(key);
      } else {
        assert_fails(secret_key_from_ternary(&key, ternary, params), CKKS_ERROR_FORMAT,
                     "not -1, 0 or 1");
        assert_null(key);
      }
    }
    ternary[places[i]] = 0;
  }
  ckks_params_free(params);
}

static ckks_status generate(void *context) {
  ckks_secret_key *key = NULL;
  ckks_status status = ckks_secret_key_generate(&key, context);
  assert_true((status == CKKS_OK) == (key != NULL));
  ckks_secret_key_free(key);
  return status;
}

static ckks_status from_ternary(void *context) {
  int8_t ternary[1024] = {1, -1};
  ckks_secret_key *key = NULL;
  ckks_status status = secret_key_from_ternary(&key, ternary, context);
  ckks_secret_key_free(key);
  return status;
}

static void allocations_may_fail(void **unused) {
  (void)unused;
  ckks_params *params = build_params(literal_f64());
  fail_each_allocation(generate, params);
  fail_each_allocation(from_ternary, params);
  ckks_params_free(params);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(both_forms_are_one_key), cmocka_unit_test(coefficients_are_uniform),
      cmocka_unit_test(seeds_make_keys),        cmocka_unit_test(only_ternary_is_accepted),
      cmocka_unit_test(allocations_may_fail),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
