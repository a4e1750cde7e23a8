/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/fixture.h"

static ckks_status read_write(uint8_t **again, size_t *n_again, const uint8_t *bytes,
                              size_t n_bytes, const ckks_params *params) {
  ckks_public_key *key = NULL;
  ckks_status status = ckks_public_key_read(&key, bytes, n_bytes, params);
  if (status == CKKS_OK)
    status = ckks_public_key_write(again, n_again, key, params);
  else
    assert_null(key);
  ckks_public_key_free(key);
  return status;
}

static uint8_t *random_message(size_t *n_bytes, const ckks_params *params) {
  uint64_t state = 21;
  uint8_t *bytes = NULL;
  ckks_public_key *key = random_public_key(params, &state);
  assert_int_equal(ckks_public_key_write(&bytes, n_bytes, key, params), CKKS_OK);
  ckks_public_key_free(key);
  return bytes;
}

static void check_round_trip(const ckks_params *params) {
  uint64_t state = 22;
  uint8_t *bytes;
  size_t n_bytes, n_expected = 120 + 32;
  ckks_public_key *back = NULL, *key = random_public_key(params, &state);
  for (int limb = 0; limb < params->ring.n_moduli; limb++)
    n_expected += params->ring.n * (size_t)params->ring.modulus[limb].bits / 8;
  assert_int_equal(ckks_public_key_write(&bytes, &n_bytes, key, params), CKKS_OK);
  assert_int_equal(n_bytes, n_expected);
  assert_int_equal(ckks_public_key_read(&back, bytes, n_bytes, params), CKKS_OK);
  assert_memory_equal(back->seed, key->seed, sizeof key->seed);
  assert_memory_equal(back->params_hash, params->hash, sizeof params->hash);
  assert_poly_equal(&back->b, &key->b, params->ring.n_moduli, params);
  assert_poly_equal(&back->a, &key->a, params->ring.n_moduli, params);
  assert_true(canonical_or_refused(read_write, bytes, n_bytes, params));
  ckks_bytes_free(bytes);
  ckks_public_key_free(key);
  ckks_public_key_free(back);
}

static void test_round_trips(void **state) {
  (void)state;
  for_each_table(&literal_f64, RING_F64, check_round_trip);
  for_each_table(&literal_u64, RING_U64, check_round_trip);
  for_each_table(&literal_pairs, RING_F64, check_round_trip);
}

static void test_every_truncation_is_refused(void **state) {
  (void)state;
  size_t n_bytes;
  ckks_params *params = params_of(&golden_literal);
  uint8_t *bytes = golden_file("public_key.bin", &n_bytes);
  check_truncation(read_write, bytes, n_bytes, 1, params);
  base_free(bytes);
  ckks_params_free(params);
}

static void test_header_bits_and_mutations(void **state) {
  (void)state;
  size_t n_bytes;
  ckks_params *params = params_of(&golden_literal);
  uint8_t *bytes = random_message(&n_bytes, params);
  check_header_bits(read_write, bytes, n_bytes, PAYLOAD, params);
  assert_in_range(check_mutations(read_write, bytes, n_bytes, 1000, params), 100, 980);
  ckks_bytes_free(bytes);
  ckks_params_free(params);
}

static void test_other_parameters_are_a_mismatch(void **unused) {
  (void)unused;
  size_t n_bytes;
  uint64_t state = 23;
  ckks_params *params = params_of(&literal_f64), *other = params_of(&golden_literal);
  uint8_t *bytes = random_message(&n_bytes, params), *none = NULL;
  ckks_public_key *key = NULL;
  assert_int_equal(ckks_public_key_read(&key, bytes, n_bytes, other), CKKS_ERROR_MISMATCH);
  assert_null(key);
  /* A frame that only claims the other parameters fails on its size. */
  memcpy(bytes + 16, other->hash, sizeof other->hash);
  repair_frame(bytes, n_bytes);
  assert_int_equal(ckks_public_key_read(&key, bytes, n_bytes, other), CKKS_ERROR_FORMAT);
  assert_null(key);
  ckks_bytes_free(bytes);
  key = random_public_key(params, &state);
  assert_int_equal(ckks_public_key_write(&none, &n_bytes, key, other), CKKS_ERROR_MISMATCH);
  assert_null(none);
  ckks_public_key_free(key);
  ckks_params_free(params);
  ckks_params_free(other);
}

static void test_failing_allocations(void **state) {
  (void)state;
  size_t n_bytes;
  ckks_params *params = params_of(&literal_f64);
  uint8_t *bytes = random_message(&n_bytes, params);
  check_allocations(read_write, bytes, n_bytes, params);
  ckks_bytes_free(bytes);
  ckks_params_free(params);
}

static void check_golden(const ckks_params *params) {
  size_t n_bytes;
  ckks_public_key *key = NULL;
  uint8_t *bytes = golden_file("public_key.bin", &n_bytes);
  assert_int_equal(ckks_public_key_read(&key, bytes, n_bytes, params), CKKS_OK);
  for (int limb = 0; limb < params->ring.n_moduli; limb++) {
    assert_golden_limb(ring_poly_limb(&key->b, limb), GOLDEN_PUBLIC_KEY, limb, params);
    assert_golden_seeded(ring_poly_limb(&key->a, limb), GOLDEN_PUBLIC_KEY, (uint64_t)limb, limb,
                         params);
  }
  assert_true(canonical_or_refused(read_write, bytes, n_bytes, params));
  ckks_public_key_free(key);
  base_free(bytes);
}

static void test_golden(void **state) {
  (void)state;
  for_each_table(&golden_literal, RING_F64, check_golden);
}

static void test_bad_golden(void **state) {
  (void)state;
  static const bad_file files[] = {
      {"bad_frame_empty.bin", CKKS_ERROR_FORMAT, "empty"},
      {"ciphertext_small.bin", CKKS_ERROR_FORMAT, "ciphertext file where a public key file"},
      {"bad_public_key_cut.bin", CKKS_ERROR_FORMAT, "bytes of payload where"},
      {"bad_public_key_trailing.bin", CKKS_ERROR_FORMAT, "bytes of payload where"},
      {"bad_public_key_value.bin", CKKS_ERROR_FORMAT, "public key: limb 0"},
      {"bad_public_key_version.bin", CKKS_ERROR_FORMAT,
       "a public key file of format 1, this one reads 2: make one again from the secret key"},
  };
  ckks_params *params = params_of(&golden_literal);
  check_bad_files(read_write, files, sizeof files / sizeof *files, params);
  ckks_params_free(params);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_round_trips),
      cmocka_unit_test(test_every_truncation_is_refused),
      cmocka_unit_test(test_header_bits_and_mutations),
      cmocka_unit_test(test_other_parameters_are_a_mismatch),
      cmocka_unit_test(test_failing_allocations),
      cmocka_unit_test(test_golden),
      cmocka_unit_test(test_bad_golden),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
