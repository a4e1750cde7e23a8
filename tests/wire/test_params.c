/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/fixture.h"

/* Parameters need none to be read: the argument is there for the fixture's signature. */
static ckks_status read_write(uint8_t **again, size_t *n_again, const uint8_t *bytes,
                              size_t n_bytes, const ckks_params *unused) {
  (void)unused;
  ckks_params *params = NULL;
  ckks_status status = ckks_params_read(&params, bytes, n_bytes);
  if (status == CKKS_OK)
    status = ckks_params_write(again, n_again, params);
  else
    assert_null(params);
  ckks_params_free(params);
  return status;
}

static void check_round_trip(const ckks_params *params) {
  uint8_t *bytes;
  size_t n_bytes;
  ckks_params *back = NULL;
  assert_int_equal(ckks_params_write(&bytes, &n_bytes, params), CKKS_OK);
  assert_int_equal(n_bytes, 120 + 16 + 8 * (params->literal.n_q + params->literal.n_p));
  assert_int_equal(ckks_params_read(&back, bytes, n_bytes), CKKS_OK);
  assert_memory_equal(ckks_params_hash(back), ckks_params_hash(params), CKKS_HASH_BYTES);
  const ckks_params_literal *a = ckks_params_get_literal(params),
                            *b = ckks_params_get_literal(back);
  assert_int_equal(a->log2_n, b->log2_n);
  assert_int_equal(a->n_q, b->n_q);
  assert_int_equal(a->n_p, b->n_p);
  assert_int_equal(a->security, b->security);
  assert_true(a->log2_scale == b->log2_scale);
  assert_memory_equal(a->q, b->q, (size_t)a->n_q * sizeof a->q[0]);
  assert_memory_equal(a->p, b->p, (size_t)a->n_p * sizeof a->p[0]);
  for (int level = 0; level <= ckks_params_max_level(params); level++)
    assert_true(ckks_params_scale(params, level) == ckks_params_scale(back, level));
  ckks_params_free(back);
  ckks_bytes_free(bytes);
}

static void test_round_trips(void **state) {
  (void)state;
  const ckks_params_literal *literals[] = {&literal_f64, &literal_u64, &literal_pairs,
                                           &golden_literal};
  for (size_t i = 0; i < sizeof literals / sizeof *literals; i++) {
    ckks_params *params = params_of(literals[i]);
    check_round_trip(params);
    ckks_params_free(params);
  }
  ckks_params *chosen = NULL; /* primes chosen by the library, security checked */
  assert_int_equal(ckks_params_build_depth(&chosen, 2, 30), CKKS_OK);
  check_round_trip(chosen);
  ckks_params_free(chosen);
}

static uint8_t *message(size_t *n_bytes) {
  ckks_params *params = params_of(&golden_literal);
  uint8_t *bytes = NULL;
  assert_int_equal(ckks_params_write(&bytes, n_bytes, params), CKKS_OK);
  ckks_params_free(params);
  return bytes;
}

static void test_every_truncation_is_refused(void **state) {
  (void)state;
  size_t n_bytes;
  uint8_t *bytes = message(&n_bytes);
  check_truncation(read_write, bytes, n_bytes, 1, NULL);
  ckks_bytes_free(bytes);
}

/* The frame holds the hash of the parameters, so no byte of the payload can change alone. */
static void test_every_bit_counts(void **state) {
  (void)state;
  size_t n_bytes;
  uint8_t *bytes = message(&n_bytes);
  check_header_bits(read_write, bytes, n_bytes, PAYLOAD, NULL);
  for (size_t bit = 8 * PAYLOAD; bit < 8 * (n_bytes - DIGEST); bit++) {
    bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
    repair_frame(bytes, n_bytes);
    assert_false(canonical_or_refused(read_write, bytes, n_bytes, NULL));
    bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
  }
  repair_frame(bytes, n_bytes);
  assert_true(canonical_or_refused(read_write, bytes, n_bytes, NULL));
  ckks_bytes_free(bytes);
}

static void test_mutations(void **state) {
  (void)state;
  size_t n_bytes;
  uint8_t *bytes = message(&n_bytes);
  assert_in_range(check_mutations(read_write, bytes, n_bytes, 1000, NULL), 0, 10);
  ckks_bytes_free(bytes);
}

static void test_failing_allocations(void **state) {
  (void)state;
  size_t n_bytes;
  uint8_t *bytes = message(&n_bytes);
  check_allocations(read_write, bytes, n_bytes, NULL);
  ckks_bytes_free(bytes);
}

static void test_golden(void **state) {
  (void)state;
  size_t n_bytes;
  ckks_params *params = NULL;
  uint8_t *bytes = golden_file("params.bin", &n_bytes);
  assert_int_equal(ckks_params_read(&params, bytes, n_bytes), CKKS_OK);
  assert_int_equal(params->literal.log2_n, golden_literal.log2_n);
  assert_memory_equal(params->literal.q, golden_literal.q, sizeof golden_literal.q);
  assert_memory_equal(params->literal.p, golden_literal.p, sizeof golden_literal.p);
  assert_int_equal(params->literal.security, CKKS_SECURITY_NONE);
  assert_true(params->literal.log2_scale == 20);
  /* The file from which every hash was once computed: BLAKE2b-256 of its payload. */
  uint8_t digest[BASE_DIGEST_BYTES];
  base_digest(digest, bytes + PAYLOAD, n_bytes - PAYLOAD - DIGEST);
  assert_memory_equal(digest, params->hash, sizeof digest);
  assert_memory_equal(digest, bytes + 16, sizeof digest);
  assert_true(canonical_or_refused(read_write, bytes, n_bytes, NULL));
  ckks_params_free(params);
  base_free(bytes);
}

static void test_bad_golden(void **state) {
  (void)state;
  static const bad_file files[] = {
      {"bad_frame_empty.bin", CKKS_ERROR_FORMAT, "empty"},
      {"keys.bin", CKKS_ERROR_FORMAT, "where a parameter file is needed"},
      {"bad_params_log2_n.bin", CKKS_ERROR_FORMAT, "log2_n"},
      {"bad_params_n_q.bin", CKKS_ERROR_FORMAT, "n_q"},
      {"bad_params_security.bin", CKKS_ERROR_FORMAT, "security"},
      {"bad_params_weak.bin", CKKS_ERROR_SECURITY, ""},
      {"bad_params_scale.bin", CKKS_ERROR_FORMAT, "scale"},
      {"bad_params_composite.bin", CKKS_ERROR_FORMAT, "q[0]"},
      {"bad_params_even.bin", CKKS_ERROR_FORMAT, "q[0]"},
      {"bad_params_twice.bin", CKKS_ERROR_FORMAT, "q[1]"},
      {"bad_params_zero.bin", CKKS_ERROR_FORMAT, "q[0]"},
      {"bad_params_trailing.bin", CKKS_ERROR_FORMAT, "8 bytes too many"},
  };
  check_bad_files(read_write, files, sizeof files / sizeof *files, NULL);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_round_trips),
      cmocka_unit_test(test_every_truncation_is_refused),
      cmocka_unit_test(test_every_bit_counts),
      cmocka_unit_test(test_mutations),
      cmocka_unit_test(test_failing_allocations),
      cmocka_unit_test(test_golden),
      cmocka_unit_test(test_bad_golden),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
