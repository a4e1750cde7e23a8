/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/fixture.h"

#include <math.h>

static ckks_status read_write(uint8_t **again, size_t *n_again, const uint8_t *bytes,
                              size_t n_bytes, const ckks_params *params) {
  ckks_ciphertext *ciphertext = NULL;
  ckks_status status = ckks_ciphertext_read(&ciphertext, bytes, n_bytes, params);
  if (status == CKKS_OK)
    status = ckks_ciphertext_write(again, n_again, ciphertext, params);
  else
    assert_null(ciphertext);
  ckks_ciphertext_free(ciphertext);
  return status;
}

static uint8_t *random_message(size_t *n_bytes, const ckks_params *params, int level, int n_parts,
                               bool seeded) {
  uint64_t state = 11;
  uint8_t *bytes = NULL;
  ckks_ciphertext *ciphertext = random_ciphertext(params, level, n_parts, seeded, &state);
  assert_int_equal(ckks_ciphertext_write(&bytes, n_bytes, ciphertext, params), CKKS_OK);
  ckks_ciphertext_free(ciphertext);
  return bytes;
}

/* ------------------------------------------------------------ round trips */

static void check_round_trip(const ckks_params *params, int level, int n_parts, bool seeded) {
  uint64_t state = (uint64_t)(100 * level + 10 * n_parts + seeded);
  uint8_t *bytes;
  size_t n_bytes;
  ckks_ciphertext *back = NULL,
                  *ciphertext = random_ciphertext(params, level, n_parts, seeded, &state);
  ciphertext->scale *= 1.0 + 1e-3 * (double)(next_random(&state) % 1000);
  assert_int_equal(ckks_ciphertext_write(&bytes, &n_bytes, ciphertext, params), CKKS_OK);
  size_t limbs = 0;
  for (int limb = 0; limb < ckks_params_limbs(params, level); limb++)
    limbs += params->ring.n * (size_t)params->ring.modulus[limb].bits / 8;
  assert_int_equal(n_bytes,
                   120 + 12 + (seeded ? 32 + limbs : (size_t)n_parts * limbs)); /* no byte more */
  assert_int_equal(ckks_ciphertext_read(&back, bytes, n_bytes, params), CKKS_OK);
  assert_int_equal(back->n_parts, n_parts);
  assert_int_equal(ckks_ciphertext_level(back), level);
  assert_true(ckks_ciphertext_scale(back) == ciphertext->scale);
  assert_int_equal(back->seeded, seeded);
  assert_memory_equal(back->params_hash, params->hash, sizeof params->hash);
  if (seeded)
    assert_memory_equal(back->seed, ciphertext->seed, sizeof back->seed);
  for (int part = 0; part < n_parts; part++)
    assert_poly_equal(&back->part[part], &ciphertext->part[part], ckks_params_limbs(params, level),
                      params);
  assert_true(canonical_or_refused(read_write, bytes, n_bytes, params));
  ckks_bytes_free(bytes);
  ckks_ciphertext_free(ciphertext);
  ckks_ciphertext_free(back);
}

static void check_round_trips(const ckks_params *params) {
  for (int level = 0; level <= ckks_params_max_level(params); level++) {
    check_round_trip(params, level, 2, true);
    check_round_trip(params, level, 2, false);
    check_round_trip(params, level, 3, false);
  }
}

static void test_round_trips(void **state) {
  (void)state;
  for_each_table(&literal_f64, RING_F64, check_round_trips);
  for_each_table(&literal_u64, RING_U64, check_round_trips);
  for_each_table(&literal_pairs, RING_F64, check_round_trips);
}

/* Words that are loose, not reduced, are the same residues: they must give the same bytes. */
static void test_loose_words_are_reduced(void **unused) {
  (void)unused;
  ckks_params *params = params_of(&literal_f64);
  uint64_t state = 5;
  uint8_t *bytes[2];
  size_t n_bytes[2];
  ckks_ciphertext *ciphertext = random_ciphertext(params, 1, 2, false, &state);
  assert_int_equal(ckks_ciphertext_write(&bytes[0], &n_bytes[0], ciphertext, params), CKKS_OK);
  for (int limb = 0; limb <= 1; limb++) {
    double p = params->ring.modulus[limb].f;
    ring_word *words = ring_poly_limb(&ciphertext->part[1], limb);
    for (size_t i = 0; i < params->ring.n; i++)
      if (fabs(words[i].f) > 0.3 * p)
        words[i].f += words[i].f < 0 ? p : -p; /* still at most 0.7 p */
  }
  assert_int_equal(ckks_ciphertext_write(&bytes[1], &n_bytes[1], ciphertext, params), CKKS_OK);
  assert_int_equal(n_bytes[0], n_bytes[1]);
  assert_memory_equal(bytes[0], bytes[1], n_bytes[0]);
  ckks_bytes_free(bytes[0]);
  ckks_bytes_free(bytes[1]);
  ckks_ciphertext_free(ciphertext);
  ckks_params_free(params);
}

/* A payload within a larger record: the reader stops right behind it. */
static void test_payloads_stand_in_a_row(void **unused) {
  (void)unused;
  ckks_params *params = params_of(&literal_f64);
  uint64_t state = 6;
  base_buffer buffer;
  base_buffer_init(&buffer, 1 << 20);
  ckks_ciphertext *in[3], *out = NULL;
  for (int i = 0; i < 3; i++) {
    in[i] = random_ciphertext(params, i, 2, i != 1, &state);
    size_t before = buffer.n_bytes;
    wire_ciphertext_put(&buffer, in[i], params);
    assert_int_equal(buffer.n_bytes - before, wire_ciphertext_bytes(in[i], params));
  }
  base_reader reader;
  base_reader_init(&reader, buffer.bytes, buffer.n_bytes);
  for (int i = 0; i < 3; i++) {
    assert_int_equal(wire_ciphertext_get(&out, &reader, params), CKKS_OK);
    assert_int_equal(ckks_ciphertext_capacity(out), i); /* no room that the bytes do not justify */
    assert_poly_equal(&out->part[0], &in[i]->part[0], i + 1, params);
    ckks_ciphertext_free(out);
    ckks_ciphertext_free(in[i]);
  }
  assert_int_equal(base_reader_left(&reader), 0);
  assert_int_equal(wire_ciphertext_get(&out, &reader, params), CKKS_ERROR_FORMAT);
  assert_null(out);
  base_buffer_clear(&buffer);
  ckks_params_free(params);
}

/* ---------------------------------------------------------------- refusals */

static void test_every_truncation_is_refused(void **state) {
  (void)state;
  size_t n_bytes;
  ckks_params *params = params_of(&golden_literal);
  uint8_t *bytes = golden_file("ciphertext_small.bin", &n_bytes);
  check_truncation(read_write, bytes, n_bytes, 1, params);
  base_free(bytes);
  ckks_params_free(params);
}

static void test_header_bits(void **state) {
  (void)state;
  size_t n_bytes;
  ckks_params *params = params_of(&literal_f64);
  uint8_t *bytes = random_message(&n_bytes, params, 1, 2, true);
  check_header_bits(read_write, bytes, n_bytes, PAYLOAD + 12, params);
  ckks_bytes_free(bytes);
  ckks_params_free(params);
}

static void test_mutations(void **state) {
  (void)state;
  size_t n_bytes;
  ckks_params *params = params_of(&golden_literal);
  for (int n_parts = 2; n_parts <= 3; n_parts++) {
    uint8_t *bytes = random_message(&n_bytes, params, 1, n_parts, n_parts == 2);
    int n_accepted = check_mutations(read_write, bytes, n_bytes, 1000, params);
    /* q_0 is half of 2^30, q_1 nearly 2^20: both outcomes are common. */
    assert_in_range(n_accepted, 100, 900);
    ckks_bytes_free(bytes);
  }
  ckks_params_free(params);
}

/* The smallest value that is too large, and pad bits where limbs end within a byte. */
static void test_values_are_bounded(void **state) {
  (void)state;
  size_t n_bytes;
  ckks_params *params = params_of(&literal_u64);
  uint8_t *bytes = random_message(&n_bytes, params, 0, 2, true), *value = bytes + PAYLOAD + 12 + 32;
  uint64_t p = literal_u64.q[0];
  for (int i = 0; i < 7; i++)
    value[i] = (uint8_t)((p - 1) >> 8 * i);
  value[7] = (uint8_t)((value[7] & 0xf0) | ((p - 1) >> 56));
  repair_frame(bytes, n_bytes);
  assert_true(canonical_or_refused(read_write, bytes, n_bytes, params));
  value[0] = (uint8_t)p; /* p - 1 ends in a zero bit: p itself is one more in this byte */
  repair_frame(bytes, n_bytes);
  assert_false(canonical_or_refused(read_write, bytes, n_bytes, params));
  assert_non_null(strstr(ckks_last_error(), "part 0: limb 0"));
  ckks_bytes_free(bytes);
  ckks_params_free(params);
}

static void test_scales_are_bounded_from_both_sides(void **unused) {
  (void)unused;
  ckks_params *params = params_of(&literal_f64);
  uint64_t state = 8;
  uint8_t *bytes;
  size_t n_bytes;
  ckks_ciphertext *ciphertext = random_ciphertext(params, 0, 2, true, &state);
  double top = exp2(params->log2_q[0] + 32);
  const double good[] = {ldexp(1, -32), 1, top * 0.999},
               bad[] = {0, -1, ldexp(0.99, -32), top * 1.001, HUGE_VAL, nan("")};
  for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
    ciphertext->scale = good[i];
    assert_int_equal(ckks_ciphertext_write(&bytes, &n_bytes, ciphertext, params), CKKS_OK);
    assert_true(canonical_or_refused(read_write, bytes, n_bytes, params));
    ckks_bytes_free(bytes);
  }
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
    uint8_t *good_bytes = random_message(&n_bytes, params, 0, 2, true);
    memcpy(good_bytes + PAYLOAD + 4, &bad[i], 8); /* the test runs on little-endian machines */
    repair_frame(good_bytes, n_bytes);
    assert_false(canonical_or_refused(read_write, good_bytes, n_bytes, params));
    assert_non_null(strstr(ckks_last_error(), "scale"));
    ckks_bytes_free(good_bytes);
    ciphertext->scale = bad[i]; /* and nothing is written that could not be read */
    assert_int_equal(ckks_ciphertext_write(&bytes, &n_bytes, ciphertext, params),
                     CKKS_ERROR_FORMAT);
    assert_null(bytes);
    assert_int_equal(n_bytes, 0);
  }
  ckks_ciphertext_free(ciphertext);
  ckks_params_free(params);
}

static void test_other_parameters_are_a_mismatch(void **unused) {
  (void)unused;
  size_t n_bytes;
  uint8_t *bytes, *none = NULL;
  uint64_t state = 9;
  ckks_params *params = params_of(&literal_f64), *other = params_of(&golden_literal);
  bytes = random_message(&n_bytes, params, 0, 2, true);
  ckks_ciphertext *ciphertext = NULL;
  assert_int_equal(ckks_ciphertext_read(&ciphertext, bytes, n_bytes, other), CKKS_ERROR_MISMATCH);
  assert_null(ciphertext);
  ckks_bytes_free(bytes);
  ciphertext = random_ciphertext(params, 0, 2, true, &state);
  assert_int_equal(ckks_ciphertext_write(&none, &n_bytes, ciphertext, other), CKKS_ERROR_MISMATCH);
  assert_null(none);
  ckks_ciphertext_free(ciphertext);
  ckks_params_free(params);
  ckks_params_free(other);
}

static void test_failing_allocations(void **state) {
  (void)state;
  size_t n_bytes;
  ckks_params *params = params_of(&literal_f64);
  for (int n_parts = 2; n_parts <= 3; n_parts++) {
    uint8_t *bytes = random_message(&n_bytes, params, 2, n_parts, n_parts == 2);
    check_allocations(read_write, bytes, n_bytes, params);
    ckks_bytes_free(bytes);
  }
  ckks_params_free(params);
}

/* ------------------------------------------------------------------ golden */

static void check_golden(const ckks_params *params) {
  static const struct {
    const char *name;
    int tag, level, n_parts;
  } files[] = {{"ciphertext_seeded.bin", GOLDEN_SEEDED, 1, 2},
               {"ciphertext_parts.bin", GOLDEN_PARTS, 1, 3},
               {"ciphertext_small.bin", GOLDEN_SMALL, 0, 2}};
  for (size_t f = 0; f < sizeof files / sizeof *files; f++) {
    size_t n_bytes;
    ckks_ciphertext *c = NULL;
    uint8_t *bytes = golden_file(files[f].name, &n_bytes);
    assert_int_equal(ckks_ciphertext_read(&c, bytes, n_bytes, params), CKKS_OK);
    assert_int_equal(c->level, files[f].level);
    assert_int_equal(c->n_parts, files[f].n_parts);
    assert_int_equal(c->seeded, files[f].n_parts == 2);
    assert_true(c->scale == golden_scale);
    for (int limb = 0; limb <= c->level; limb++) {
      for (int part = 0; part < (c->seeded ? 1 : c->n_parts); part++)
        assert_golden_limb(ring_poly_limb(&c->part[part], limb), files[f].tag + part, limb, params);
      if (c->seeded)
        assert_golden_seeded(ring_poly_limb(&c->part[1], limb), files[f].tag, (uint64_t)limb, limb,
                             params);
    }
    assert_true(canonical_or_refused(read_write, bytes, n_bytes, params));
    ckks_ciphertext_free(c);
    base_free(bytes);
  }
}

static void test_golden(void **state) {
  (void)state;
  for_each_table(&golden_literal, RING_F64, check_golden);
}

static void test_bad_golden(void **state) {
  (void)state;
  static const bad_file files[] = {
      {"bad_frame_magic.bin", CKKS_ERROR_FORMAT, "not one of our files"},
      {"bad_frame_version.bin", CKKS_ERROR_FORMAT, "newer version"},
      {"bad_frame_kind.bin", CKKS_ERROR_FORMAT, "evaluation key file where a ciphertext file"},
      {"bad_frame_reserved.bin", CKKS_ERROR_FORMAT, "reserved"},
      {"bad_frame_hash.bin", CKKS_ERROR_MISMATCH, ""},
      {"bad_frame_plan.bin", CKKS_ERROR_FORMAT, "plan identity"},
      {"bad_frame_empty.bin", CKKS_ERROR_FORMAT, "empty"},
      {"bad_frame_cut.bin", CKKS_ERROR_FORMAT, "truncated"},
      {"bad_frame_short.bin", CKKS_ERROR_FORMAT, "too short"},
      {"bad_frame_trailing.bin", CKKS_ERROR_FORMAT, "trailing"},
      {"bad_frame_damaged.bin", CKKS_ERROR_FORMAT, "digest"},
      {"bad_ciphertext_parts.bin", CKKS_ERROR_FORMAT, "4 parts"},
      {"bad_ciphertext_level.bin", CKKS_ERROR_FORMAT, "level 2"},
      {"bad_ciphertext_seeded.bin", CKKS_ERROR_FORMAT, "seed flag 1 with 3 parts"},
      {"bad_ciphertext_reserved.bin", CKKS_ERROR_FORMAT, "reserved byte"},
      {"bad_ciphertext_scale_nan.bin", CKKS_ERROR_FORMAT, "scale"},
      {"bad_ciphertext_scale_zero.bin", CKKS_ERROR_FORMAT, "scale 0"},
      {"bad_ciphertext_scale_huge.bin", CKKS_ERROR_FORMAT, "scale"},
      {"bad_ciphertext_cut.bin", CKKS_ERROR_FORMAT, "bytes left"},
      {"bad_ciphertext_trailing.bin", CKKS_ERROR_FORMAT, "1 bytes too many"},
      {"bad_ciphertext_value.bin", CKKS_ERROR_FORMAT, "part 0: limb 0"},
  };
  ckks_params *params = params_of(&golden_literal);
  check_bad_files(read_write, files, sizeof files / sizeof *files, params);
  ckks_params_free(params);
}

/* One more than can be, in each field of the header, with all the bytes that it would need. */
static void test_headers_have_limits(void **unused) {
  (void)unused;
  uint64_t state = 5;
  ckks_params *params = params_of(&literal_f64);
  int top = ckks_params_max_level(params);
  ckks_ciphertext *ciphertext = random_ciphertext(params, top, 3, false, &state);
  uint8_t *bytes = NULL;
  size_t n_bytes = 0;
  assert_int_equal(ckks_ciphertext_write(&bytes, &n_bytes, ciphertext, params), CKKS_OK);
  static const struct {
    size_t at;
    uint8_t value;
    const char *words;
  } bad[] = {{0, 4, "4 parts"},     {0, 1, "1 parts"},     {1, 4, "above the top level"},
             {2, 1, "seed flag 1"}, {2, 2, "seed flag 2"}, {3, 1, "reserved byte"}};
  assert_int_equal(top, 3);
  size_t n_long = 2 * n_bytes;
  for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
    uint8_t *damaged = base_alloc(n_long);
    ckks_ciphertext *read = NULL;
    memcpy(damaged, bytes, n_bytes);
    damaged[PAYLOAD + bad[i].at] = bad[i].value;
    repair_frame(damaged, n_long);
    assert_int_equal(ckks_ciphertext_read(&read, damaged, n_long, params), CKKS_ERROR_FORMAT);
    assert_non_null(strstr(ckks_last_error(), bad[i].words));
    assert_null(read);
    base_free(damaged);
  }
  ckks_bytes_free(bytes);
  ckks_ciphertext_free(ciphertext);
  ckks_params_free(params);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_headers_have_limits),
      cmocka_unit_test(test_round_trips),
      cmocka_unit_test(test_loose_words_are_reduced),
      cmocka_unit_test(test_payloads_stand_in_a_row),
      cmocka_unit_test(test_every_truncation_is_refused),
      cmocka_unit_test(test_header_bits),
      cmocka_unit_test(test_mutations),
      cmocka_unit_test(test_values_are_bounded),
      cmocka_unit_test(test_scales_are_bounded_from_both_sides),
      cmocka_unit_test(test_other_parameters_are_a_mismatch),
      cmocka_unit_test(test_failing_allocations),
      cmocka_unit_test(test_golden),
      cmocka_unit_test(test_bad_golden),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
