/* SPDX-License-Identifier: Apache-2.0 */
#include "ckks/fixture.h"
#include "ckks/params_bytes.h"

static size_t write_literal(uint8_t *out, size_t capacity, const ckks_params_literal *literal) {
  base_buffer buffer;
  base_buffer_init(&buffer, capacity);
  ckks_params_bytes_write(&buffer, literal);
  assert_int_equal(base_buffer_status(&buffer), CKKS_OK);
  size_t n_bytes = buffer.n_bytes;
  memcpy(out, buffer.bytes, n_bytes);
  base_buffer_clear(&buffer);
  return n_bytes;
}

static ckks_status read_literal(ckks_params_literal *literal, const uint8_t *bytes, size_t n) {
  base_reader reader;
  base_reader_init(&reader, bytes, n);
  return ckks_params_bytes_read(literal, &reader);
}

/* The documented bytes, one by one. */
static void bytes_are_as_documented(void **unused) {
  (void)unused;
  ckks_params_literal literal = {.log2_n = 13,
                                 .n_q = 2,
                                 .n_p = 1,
                                 .q = {0x1122334455667, 0x40001},
                                 .p = {0xfedcba9876543},
                                 .log2_scale = 40,
                                 .security = CKKS_SECURITY_192};
  static const uint8_t expected[] = {13,   2,    1,    0,    192,  0,    0,    0,    /* security */
                                     0,    0,    0,    0,    0,    0,    0x44, 0x40, /* 40.0 */
                                     0x67, 0x56, 0x45, 0x34, 0x23, 0x12, 0x01, 0,    /* q[0] */
                                     0x01, 0x00, 0x04, 0,    0,    0,    0,    0,    /* q[1] */
                                     0x43, 0x65, 0x87, 0xa9, 0xcb, 0xed, 0x0f, 0};   /* p[0] */
  uint8_t bytes[CKKS_PARAMS_BYTES_MAX];
  assert_int_equal(write_literal(bytes, sizeof bytes, &literal), sizeof expected);
  assert_memory_equal(bytes, expected, sizeof expected);
}

static void reading_gives_back_the_literal(void **unused) {
  (void)unused;
  ckks_params_literal literals[] = {literal_f64(), literal_u64()};
  for (int i = 0; i < 2; i++) {
    ckks_params *params = build_params(literals[i]);
    const ckks_params_literal *l = ckks_params_get_literal(params);
    ckks_params_literal read;
    uint8_t bytes[CKKS_PARAMS_BYTES_MAX];
    size_t n_bytes = write_literal(bytes, sizeof bytes, l);
    assert_int_equal(n_bytes, 16 + 8 * (l->n_q + l->n_p));
    assert_int_equal(read_literal(&read, bytes, n_bytes), CKKS_OK);
    assert_int_equal(read.log2_n, l->log2_n);
    assert_int_equal(read.n_q, l->n_q);
    assert_int_equal(read.n_p, l->n_p);
    assert_true(read.log2_scale == l->log2_scale);
    assert_int_equal(read.security, l->security);
    assert_memory_equal(read.q, l->q, sizeof read.q);
    assert_memory_equal(read.p, l->p, sizeof read.p);
    assert_memory_equal(read.q_bits, l->q_bits, sizeof read.q_bits);
    assert_memory_equal(read.p_bits, l->p_bits, sizeof read.p_bits);
    /* The same object comes out of it. */
    ckks_params *again = build_params(read);
    assert_memory_equal(ckks_params_hash(again), ckks_params_hash(params), CKKS_HASH_BYTES);
    ckks_params_free(again);
    ckks_params_free(params);
  }
}

/* The largest literal there can be fits the ceiling exactly. */
static void the_ceiling_is_exact(void **unused) {
  (void)unused;
  ckks_params_literal literal = {
      .log2_n = 17, .n_q = CKKS_MAX_Q, .n_p = CKKS_MAX_P, .log2_scale = 50};
  uint8_t bytes[CKKS_PARAMS_BYTES_MAX];
  assert_int_equal(write_literal(bytes, sizeof bytes, &literal), CKKS_PARAMS_BYTES_MAX);
}

static void every_truncation_is_refused(void **unused) {
  (void)unused;
  ckks_params *params = build_params(literal_f64());
  uint8_t bytes[CKKS_PARAMS_BYTES_MAX];
  size_t n_bytes = write_literal(bytes, sizeof bytes, ckks_params_get_literal(params));
  for (size_t n = 0; n < n_bytes; n++) {
    ckks_params_literal read = {.log2_n = -7};
    assert_fails(read_literal(&read, bytes, n), CKKS_ERROR_FORMAT, "truncated");
    assert_int_equal(read.log2_n, -7); /* untouched */
  }
  ckks_params_free(params);
}

static void refuse(size_t at, const void *bytes_there, size_t n_there, const char *text) {
  ckks_params *params = build_params(literal_f64());
  uint8_t bytes[CKKS_PARAMS_BYTES_MAX];
  ckks_params_literal read;
  size_t n_bytes = write_literal(bytes, sizeof bytes, ckks_params_get_literal(params));
  assert_int_equal(read_literal(&read, bytes, n_bytes), CKKS_OK);
  memcpy(bytes + at, bytes_there, n_there);
  assert_fails(read_literal(&read, bytes, n_bytes), CKKS_ERROR_FORMAT, text);
  ckks_params_free(params);
}

static void every_field_is_bounded(void **unused) {
  (void)unused;
  uint8_t ff = 255, nine = 9, zero = 0, one = 1;
  double nan = (double)NAN, small = 9.5, large = 58.5;
  uint64_t prime_low = (1 << 17) - 1, prime_high = 1ULL << 60;
  refuse(0, &nine, 1, "log2_n = 9, must be 10 to 17");
  refuse(0, &ff, 1, "log2_n = 255");
  refuse(1, &zero, 1, "n_q = 0, must be 1 to 56");
  refuse(1, &ff, 1, "n_q = 255");
  refuse(2, &nine, 1, "n_p = 9, must be 0 to 8");
  refuse(3, &one, 1, "reserved byte = 1");
  refuse(4, &one, 1, "security = 1,");
  refuse(8, &nan, 8, "log2_scale");
  refuse(8, &small, 8, "log2_scale = 9.5, must be 10 to 58");
  refuse(8, &large, 8, "log2_scale = 58.5");
  refuse(16, &prime_low, 8, "q[0] = 131071, must have 18 to 60 bits");
  refuse(16 + 8 * 4, &prime_high, 8, "q[4] = ");
  refuse(16 + 8 * 6, &prime_high, 8, "p[1] = ");
}

/* Whatever the bytes: refused with a message, or a literal in range that writes the same bytes. */
static void random_bytes_never_surprise(void **unused) {
  (void)unused;
  ckks_params *params = build_params(literal_f64());
  uint8_t good[CKKS_PARAMS_BYTES_MAX], bytes[CKKS_PARAMS_BYTES_MAX], again[CKKS_PARAMS_BYTES_MAX];
  size_t n_bytes = write_literal(good, sizeof good, ckks_params_get_literal(params));
  uint64_t random = 1;
  int accepted = 0;
  for (int round = 0; round < 20000; round++) {
    ckks_params_literal read;
    memcpy(bytes, good, n_bytes);
    for (int flips = (int)(test_random(&random) % 3); flips >= 0; flips--)
      bytes[test_random(&random) % n_bytes] ^= (uint8_t)(1 << test_random(&random) % 8);
    if (read_literal(&read, bytes, n_bytes) != CKKS_OK)
      continue;
    accepted++;
    size_t n_again = write_literal(again, sizeof again, &read);
    assert_true(n_again <= n_bytes); /* a smaller n_q leaves bytes for whoever comes next */
    assert_memory_equal(again, bytes, n_again);
  }
  assert_in_range(accepted, 1000, 19000);
  ckks_params_free(params);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(bytes_are_as_documented), cmocka_unit_test(reading_gives_back_the_literal),
      cmocka_unit_test(the_ceiling_is_exact),    cmocka_unit_test(every_truncation_is_refused),
      cmocka_unit_test(every_field_is_bounded),  cmocka_unit_test(random_bytes_never_surprise),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
