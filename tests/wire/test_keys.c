/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/fixture.h"

/* Every shape at once: one digit and many, one special prime and two, cut and whole. */
static const ckks_key_spec specs_f64[] = {
    {0, 3, 2}, {3, 0, 1}, {5, 2, 1}, {25, 1, 2}, {2047, 3, 1}};
static const ckks_key_spec specs_u64[] = {{0, 2, 1}, {2047, 0, 1}};
#define N_SPECS_F64 (sizeof specs_f64 / sizeof *specs_f64)
#define N_SPECS_U64 (sizeof specs_u64 / sizeof *specs_u64)

static ckks_status read_write(uint8_t **again, size_t *n_again, const uint8_t *bytes,
                              size_t n_bytes, const ckks_params *params) {
  ckks_evaluation_keys *keys = NULL;
  ckks_status status = ckks_evaluation_keys_read(&keys, bytes, n_bytes, params);
  if (status == CKKS_OK)
    status = ckks_evaluation_keys_write(again, n_again, keys, params);
  else
    assert_null(keys);
  ckks_evaluation_keys_free(keys);
  return status;
}

static uint8_t *random_message(size_t *n_bytes, const ckks_key_spec *specs, size_t n_specs,
                               const ckks_params *params) {
  uint64_t state = 31;
  uint8_t *bytes = NULL;
  ckks_evaluation_keys *keys = random_keys(params, specs, n_specs, &state);
  assert_int_equal(ckks_evaluation_keys_write(&bytes, n_bytes, keys, params), CKKS_OK);
  ckks_evaluation_keys_free(keys);
  return bytes;
}

/* ------------------------------------------------------------ round trips */

static void assert_key_equal(const ckks_switch_key *a, const ckks_switch_key *b,
                             const ckks_params *params) {
  size_t n = params->ring.n;
  ring_word *words = base_alloc_array(4 * n, sizeof *words);
  assert_int_equal(a->galois, b->galois);
  assert_int_equal(a->level, b->level);
  assert_int_equal(a->n_special, b->n_special);
  assert_int_equal(a->n_digits, b->n_digits);
  assert_memory_equal(a->seed, b->seed, sizeof a->seed);
  assert_int_equal(a->index == NULL, b->index == NULL);
  if (a->index != NULL)
    assert_memory_equal(a->index, b->index, n * sizeof *a->index);
  for (int digit = 0; digit < a->n_digits; digit++)
    for (int i = 0; i < a->n_limbs; i++) {
      int limb = ckks_params_limb(params, a->level, i);
      ckks_switch_key_get(words, words + n, a, digit, i, params);
      ckks_switch_key_get(words + 2 * n, words + 3 * n, b, digit, i, params);
      assert_limb_equal(words, words + 2 * n, limb, params);
      assert_limb_equal(words + n, words + 3 * n, limb, params);
    }
  base_free(words);
}

static void check_round_trip(const ckks_key_spec *specs, size_t n_specs,
                             const ckks_params *params) {
  uint64_t state = 32;
  uint8_t *bytes;
  size_t n_bytes, n_expected = 120 + 4;
  ckks_evaluation_keys *back = NULL, *keys = random_keys(params, specs, n_specs, &state);
  for (size_t k = 0; k < n_specs; k++)
    n_expected += ckks_key_spec_bytes(&specs[k], params);
  assert_int_equal(ckks_evaluation_keys_write(&bytes, &n_bytes, keys, params), CKKS_OK);
  assert_int_equal(n_bytes, n_expected);
  assert_int_equal(wire_evaluation_keys_bytes(keys, params), n_bytes - 120);
  assert_int_equal(ckks_evaluation_keys_read(&back, bytes, n_bytes, params), CKKS_OK);
  assert_int_equal(back->n_keys, n_specs);
  assert_memory_equal(back->params_hash, params->hash, sizeof params->hash);
  for (size_t k = 0; k < n_specs; k++) {
    assert_key_equal(&back->key[k], &keys->key[k], params);
    assert_ptr_equal(ckks_evaluation_keys_find(back, specs[k].galois, 0), &back->key[k]);
  }
  assert_true(canonical_or_refused(read_write, bytes, n_bytes, params));
  ckks_bytes_free(bytes);
  ckks_evaluation_keys_free(keys);
  ckks_evaluation_keys_free(back);
}

static void check_f64(const ckks_params *params) {
  check_round_trip(specs_f64, N_SPECS_F64, params);
  check_round_trip(specs_f64, 1, params);
  check_round_trip(specs_f64, 0, params);
}

static void check_u64(const ckks_params *params) {
  check_round_trip(specs_u64, N_SPECS_U64, params);
}

static void test_round_trips(void **state) {
  (void)state;
  for_each_table(&literal_f64, RING_F64, check_f64);
  for_each_table(&literal_u64, RING_U64, check_u64);
  for_each_table(&literal_pairs, RING_F64, check_u64);
}

/* However many workers expand a set, and whoever fails, the outcome is one. */
static void test_threads_change_nothing(void **state) {
  (void)state;
  size_t n_bytes;
  ckks_params *params = params_of(&literal_f64);
  uint8_t *bytes = random_message(&n_bytes, specs_f64, N_SPECS_F64, params);
  ckks_evaluation_keys *one = NULL, *many = NULL;
  assert_int_equal(ckks_evaluation_keys_read(&one, bytes, n_bytes, params), CKKS_OK);
  for (int n_workers = 1; n_workers <= 4; n_workers++) {
    base_threads *threads;
    base_reader reader;
    assert_int_equal(base_threads_build(&threads, n_workers), CKKS_OK);
    base_reader_init(&reader, bytes + PAYLOAD, n_bytes - PAYLOAD - DIGEST);
    assert_int_equal(wire_evaluation_keys_get(&many, &reader, params, threads), CKKS_OK);
    assert_int_equal(base_reader_left(&reader), 0);
    for (size_t k = 0; k < N_SPECS_F64; k++)
      assert_key_equal(&many->key[k], &one->key[k], params);
    ckks_evaluation_keys_free(many);
    /* Two values too large: the message names the first, on every number of workers. */
    uint8_t *bad = base_alloc(n_bytes);
    memcpy(bad, bytes, n_bytes);
    memset(bad + PAYLOAD + 4 + 40, 0xff, 16);
    memset(bad + n_bytes - DIGEST - 16, 0xff, 16);
    base_reader_init(&reader, bad + PAYLOAD, n_bytes - PAYLOAD - DIGEST);
    assert_int_equal(wire_evaluation_keys_get(&many, &reader, params, threads), CKKS_ERROR_FORMAT);
    assert_null(many);
    assert_non_null(strstr(ckks_last_error(), "evaluation key 0: digit 0, limb 0"));
    base_free(bad);
    base_threads_free(threads);
  }
  ckks_evaluation_keys_free(one);
  ckks_bytes_free(bytes);
  ckks_params_free(params);
}

/* ---------------------------------------------------------------- refusals */

static void test_truncations_are_refused(void **state) {
  (void)state;
  size_t n_bytes;
  ckks_params *params = params_of(&golden_literal);
  uint8_t *bytes = golden_file("keys.bin", &n_bytes);
  check_truncation(read_write, bytes, n_bytes, 13, params);
  base_free(bytes);
  ckks_params_free(params);
}

static void test_header_bits_and_mutations(void **state) {
  (void)state;
  size_t n_bytes;
  ckks_params *params = params_of(&golden_literal);
  uint8_t *bytes = golden_file("keys.bin", &n_bytes);
  check_header_bits(read_write, bytes, n_bytes, PAYLOAD + 4 + 8, params);
  assert_in_range(check_mutations(read_write, bytes, n_bytes, 1000, params), 100, 980);
  base_free(bytes);
  ckks_params_free(params);
}

/* Headers of hostile sets, nothing behind them: refused before memory is taken for them. */
static void test_counts_are_bounded_by_bytes(void **state) {
  (void)state;
  ckks_params *params = params_of(&literal_f64);
  static const uint32_t counts[] = {1, 2, 1000, INT32_MAX, UINT32_MAX};
  for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
    base_buffer buffer;
    base_reader reader;
    ckks_evaluation_keys *keys = NULL;
    base_buffer_init(&buffer, 4096);
    base_buffer_u32(&buffer, counts[i]);
    base_buffer_extend(&buffer, 39);
    base_reader_init(&reader, buffer.bytes, buffer.n_bytes);
    long before = base_alloc_count();
    assert_int_equal(wire_evaluation_keys_get(&keys, &reader, params, NULL), CKKS_ERROR_FORMAT);
    assert_int_equal(base_alloc_count(), before);
    assert_null(keys);
    base_buffer_extend(&buffer, 1); /* now one header of zeros fits: level 0, no special primes */
    base_reader_init(&reader, buffer.bytes, buffer.n_bytes);
    assert_int_equal(wire_evaluation_keys_get(&keys, &reader, params, NULL), CKKS_ERROR_FORMAT);
    base_buffer_clear(&buffer);
  }
  ckks_params_free(params);
}

/* All keys claimed to reach the top level: only the bytes that are there may be paid for. */
static void test_levels_are_bounded_by_bytes(void **state) {
  (void)state;
  size_t n_bytes;
  ckks_params *params = params_of(&literal_f64);
  uint8_t *bytes = random_message(&n_bytes, &specs_f64[1], 1, params);
  bytes[PAYLOAD + 4 + 4] = 3;
  repair_frame(bytes, n_bytes);
  assert_false(canonical_or_refused(read_write, bytes, n_bytes, params));
  assert_non_null(strstr(ckks_last_error(), "bytes left where it needs"));
  ckks_bytes_free(bytes);
  ckks_params_free(params);
}

static void test_other_parameters_are_a_mismatch(void **unused) {
  (void)unused;
  size_t n_bytes;
  uint64_t state = 33;
  ckks_params *params = params_of(&literal_f64), *other = params_of(&golden_literal);
  uint8_t *bytes = random_message(&n_bytes, specs_f64, 2, params), *none = NULL;
  ckks_evaluation_keys *keys = NULL;
  assert_int_equal(ckks_evaluation_keys_read(&keys, bytes, n_bytes, other), CKKS_ERROR_MISMATCH);
  assert_null(keys);
  ckks_bytes_free(bytes);
  keys = random_keys(params, specs_f64, 1, &state);
  assert_int_equal(ckks_evaluation_keys_write(&none, &n_bytes, keys, other), CKKS_ERROR_MISMATCH);
  assert_null(none);
  ckks_evaluation_keys_free(keys);
  ckks_params_free(params);
  ckks_params_free(other);
}

static void test_failing_allocations(void **state) {
  (void)state;
  size_t n_bytes;
  ckks_params *params = params_of(&literal_f64);
  uint8_t *bytes = random_message(&n_bytes, specs_f64, 3, params);
  check_allocations(read_write, bytes, n_bytes, params);
  ckks_bytes_free(bytes);
  ckks_params_free(params);
}

/* ------------------------------------------------------------------ golden */

static void check_golden_file(const char *name, const ckks_key_spec *specs, int first_tag,
                              const ckks_params *params) {
  size_t n_bytes;
  ckks_evaluation_keys *keys = NULL;
  ring_word *b = base_alloc_array(2 * GOLDEN_N, sizeof *b), *a = b + GOLDEN_N;
  uint8_t *bytes = golden_file(name, &n_bytes);
  assert_int_equal(ckks_evaluation_keys_read(&keys, bytes, n_bytes, params), CKKS_OK);
  assert_int_equal(keys->n_keys, GOLDEN_N_SPECS);
  for (int k = 0; k < GOLDEN_N_SPECS; k++) {
    const ckks_switch_key *key = &keys->key[k];
    int tag = first_tag + 8 * k;
    assert_int_equal(key->galois, specs[k].galois);
    assert_int_equal(key->level, specs[k].level);
    assert_int_equal(key->n_special, specs[k].n_special);
    assert_int_equal(key->n_digits, key->galois == CKKS_KEY_FROM_SPARSE ? 1 : specs[k].level + 1);
    for (int digit = 0; digit < key->n_digits; digit++)
      for (int i = 0; i < key->level + 2; i++) {
        int limb = ckks_params_limb(params, key->level, i);
        ckks_switch_key_get(b, a, key, digit, i, params);
        assert_golden_limb(b, tag + digit, limb, params);
        assert_golden_seeded(a, tag, (uint64_t)(digit * 64 + limb), limb, params);
      }
  }
  assert_true(canonical_or_refused(read_write, bytes, n_bytes, params));
  ckks_evaluation_keys_free(keys);
  base_free(bytes);
  base_free(b);
}

static void check_golden(const ckks_params *params) {
  check_golden_file("keys.bin", golden_specs, GOLDEN_KEYS, params);
  check_golden_file("keys_sparse.bin", golden_sparse_specs, GOLDEN_SPARSE_KEYS, params);
}

static void test_golden(void **state) {
  (void)state;
  for_each_table(&golden_literal, RING_F64, check_golden);
}

static void test_bad_golden(void **state) {
  (void)state;
  static const bad_file files[] = {
      {"bad_frame_empty.bin", CKKS_ERROR_FORMAT, "empty"},
      {"params.bin", CKKS_ERROR_FORMAT, "parameter file where an evaluation key file"},
      {"bad_keys_count.bin", CKKS_ERROR_FORMAT, "4294967295 keys cannot be in"},
      {"bad_keys_missing.bin", CKKS_ERROR_FORMAT, "key 1: header is cut short"},
      {"bad_keys_fewer.bin", CKKS_ERROR_FORMAT, "bytes too many"},
      {"bad_keys_even.bin", CKKS_ERROR_FORMAT, "evaluation key 0"},
      {"bad_keys_one.bin", CKKS_ERROR_FORMAT, "evaluation key 0"},
      {"bad_keys_unsorted.bin", CKKS_ERROR_FORMAT, "key 1: Galois element 0 does not rise"},
      {"bad_keys_large.bin", CKKS_ERROR_FORMAT, "evaluation key 0"},
      {"bad_keys_level.bin", CKKS_ERROR_FORMAT, "evaluation key 0"},
      {"bad_keys_special.bin", CKKS_ERROR_FORMAT, "evaluation key 0"},
      {"bad_keys_special_zero.bin", CKKS_ERROR_FORMAT, "key 0: no special primes"},
      {"bad_keys_reserved.bin", CKKS_ERROR_FORMAT, "key 0: reserved field"},
      {"bad_keys_value.bin", CKKS_ERROR_FORMAT, "key 0: digit 0, limb 0"},
      {"bad_keys_sparse_level.bin", CKKS_ERROR_FORMAT, "key 0: key spec: the key to the sparse"},
      {"bad_keys_cut.bin", CKKS_ERROR_FORMAT, "key 0: 7679 bytes left where it needs 7680"},
  };
  ckks_params *params = params_of(&golden_literal);
  check_bad_files(read_write, files, sizeof files / sizeof *files, params);
  ckks_params_free(params);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_round_trips),
      cmocka_unit_test(test_threads_change_nothing),
      cmocka_unit_test(test_truncations_are_refused),
      cmocka_unit_test(test_header_bits_and_mutations),
      cmocka_unit_test(test_counts_are_bounded_by_bytes),
      cmocka_unit_test(test_levels_are_bounded_by_bytes),
      cmocka_unit_test(test_other_parameters_are_a_mismatch),
      cmocka_unit_test(test_failing_allocations),
      cmocka_unit_test(test_golden),
      cmocka_unit_test(test_bad_golden),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
