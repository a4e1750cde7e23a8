/* SPDX-License-Identifier: Apache-2.0 */
#include "base/frame.h"

#include "base/alloc.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#define VERSION_AT 8
#define KIND_AT 10
#define RESERVED_AT 12
#define LENGTH_AT 80

static uint8_t params_hash[32], plan_id[32];

/* A frame around the payload "payload" in `bytes`; its length. */
static size_t write_frame(uint8_t bytes[200], base_frame_kind kind) {
  base_buffer buffer;
  base_buffer_init(&buffer, 200);
  for (int i = 0; i < 32; i++) {
    params_hash[i] = (uint8_t)(i + 1);
    plan_id[i] = (uint8_t)(200 - i);
  }
  base_frame_begin(&buffer, kind, params_hash, plan_id);
  base_buffer_append(&buffer, "payload", 7);
  assert_int_equal(base_frame_end(&buffer), CKKS_OK);
  size_t n_bytes = buffer.n_bytes;
  memcpy(bytes, buffer.bytes, n_bytes);
  base_buffer_clear(&buffer);
  return n_bytes;
}

/* Makes the digest right again after the bytes before it were changed. */
static void sign(uint8_t *bytes, size_t n_bytes) {
  base_digest(bytes + n_bytes - 32, bytes, n_bytes - 32);
}

static void assert_refused(const uint8_t *bytes, size_t n_bytes, unsigned expected,
                           const char *reason) {
  base_frame frame;
  /* On the heap, so that a sanitizer sees the first byte read beyond the end. */
  uint8_t *copy = base_alloc(n_bytes);
  if (n_bytes > 0)
    memcpy(copy, bytes, n_bytes);
  assert_int_equal(base_frame_read(&frame, copy, n_bytes, expected, "a.key"), CKKS_ERROR_FORMAT);
  assert_memory_equal(base_last_error(), "a.key: ", 7);
  if (strstr(base_last_error(), reason) == NULL)
    fail_msg("\"%s\" where \"%s\" was expected", base_last_error(), reason);
  assert_null(frame.payload);
  assert_int_equal(frame.n_payload, 0);
  base_free(copy);
}

static void layout_is_the_documented_one(void **state) {
  (void)state;
  uint8_t bytes[200];
  size_t n_bytes = write_frame(bytes, BASE_FRAME_SAMPLE);
  assert_int_equal(n_bytes, BASE_FRAME_OVERHEAD_BYTES + 7);
  const uint8_t start[16] = {'B', 'L', 'I', 'N', 'D', 'S', 'G', 'T', 1, 0, 9, 0, 0, 0, 0, 0};
  assert_memory_equal(bytes, start, 16);
  assert_memory_equal(bytes + 16, params_hash, 32);
  assert_memory_equal(bytes + 48, plan_id, 32);
  const uint8_t length[8] = {7};
  assert_memory_equal(bytes + LENGTH_AT, length, 8);
  assert_memory_equal(bytes + BASE_FRAME_HEADER_BYTES, "payload", 7);
  uint8_t digest[32];
  base_digest(digest, bytes, n_bytes - 32);
  assert_memory_equal(bytes + n_bytes - 32, digest, 32);
}

static void what_is_written_is_read(void **state) {
  (void)state;
  uint8_t bytes[200];
  for (unsigned kind = BASE_FRAME_PARAMS; kind <= BASE_FRAME_RESULT; kind++) {
    size_t n_bytes = write_frame(bytes, (base_frame_kind)kind);
    for (unsigned expected = 0; expected <= kind; expected += kind) {
      base_frame frame;
      assert_int_equal(base_frame_read(&frame, bytes, n_bytes, expected, "x"), CKKS_OK);
      assert_int_equal(frame.kind, kind);
      assert_memory_equal(frame.params_hash, params_hash, 32);
      assert_memory_equal(frame.plan_id, plan_id, 32);
      assert_ptr_equal(frame.payload, bytes + BASE_FRAME_HEADER_BYTES);
      assert_int_equal(frame.n_payload, 7);
    }
  }
}

static void no_hashes_and_no_payload_are_fine(void **state) {
  (void)state;
  base_buffer buffer;
  base_buffer_init(&buffer, BASE_FRAME_OVERHEAD_BYTES);
  base_frame_begin(&buffer, BASE_FRAME_MODEL, NULL, NULL);
  assert_int_equal(base_frame_end(&buffer), CKKS_OK);
  base_frame frame;
  assert_int_equal(
      base_frame_read(&frame, buffer.bytes, buffer.n_bytes, BASE_FRAME_MODEL, "message"), CKKS_OK);
  const uint8_t zeros[32] = {0};
  assert_memory_equal(frame.params_hash, zeros, 32);
  assert_memory_equal(frame.plan_id, zeros, 32);
  assert_int_equal(frame.n_payload, 0);
  base_buffer_clear(&buffer);
}

static void truncation_at_every_length_is_refused(void **state) {
  (void)state;
  uint8_t bytes[200];
  size_t n_bytes = write_frame(bytes, BASE_FRAME_SECRET_KEY);
  assert_refused(bytes, 0, 0, "empty");
  for (size_t n = 1; n < BASE_FRAME_OVERHEAD_BYTES; n++)
    assert_refused(bytes, n, 0, "too short");
  for (size_t n = BASE_FRAME_OVERHEAD_BYTES; n < n_bytes; n++)
    assert_refused(bytes, n, 0, "truncated");
}

static void every_flipped_bit_is_seen(void **state) {
  (void)state;
  uint8_t bytes[200];
  /* A bit more or less does not make its kind one with another version. */
  size_t n_bytes = write_frame(bytes, BASE_FRAME_SECRET_KEY);
  for (size_t bit = 0; bit < 8 * n_bytes; bit++) {
    bytes[bit / 8] ^= (uint8_t)(1U << bit % 8);
    size_t at = bit / 8;
    bool length = at >= LENGTH_AT && at < BASE_FRAME_HEADER_BYTES;
    /* 1 -> 0 is a version that never was; 7 loses a bit or gains one. */
    const char *reason = at < VERSION_AT                     ? "not one of our files"
                         : bit == 8 * VERSION_AT             ? "version 0 does not exist"
                         : at < KIND_AT                      ? "newer version"
                         : at >= RESERVED_AT && at < 16      ? "reserved"
                         : length && bit < 8 * LENGTH_AT + 3 ? "trailing"
                         : length                            ? "truncated"
                                                             : "digest";
    assert_refused(bytes, n_bytes, 0, reason);
    bytes[bit / 8] ^= (uint8_t)(1U << bit % 8);
  }
}

static void trailing_bytes_are_refused(void **state) {
  (void)state;
  uint8_t bytes[200] = {0};
  size_t n_bytes = write_frame(bytes, BASE_FRAME_PARAMS);
  for (size_t extra = 1; extra < 60; extra++)
    assert_refused(bytes, n_bytes + extra, 0, "trailing bytes");
  assert_refused(bytes, n_bytes + 3, 0, "3 trailing bytes");
}

static void huge_lengths_are_refused(void **state) {
  (void)state;
  static const uint64_t lengths[] = {
      8,         UINT32_MAX,     (uint64_t)UINT32_MAX + 8,
      INT64_MAX, UINT64_MAX - 7, UINT64_MAX - BASE_FRAME_OVERHEAD_BYTES + 8,
      UINT64_MAX};
  uint8_t bytes[200];
  size_t n_bytes = write_frame(bytes, BASE_FRAME_PARAMS);
  for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
    base_store_u64(bytes + LENGTH_AT, lengths[i]);
    sign(bytes, n_bytes);
    assert_refused(bytes, n_bytes, 0, "truncated");
  }
}

static void other_files_are_told_apart(void **state) {
  (void)state;
  uint8_t bytes[200] = {0};
  assert_refused((const uint8_t *)"P", 1, 0, "not one of our files");
  assert_refused((const uint8_t *)"id,diagnosis\n", 13, 0, "not one of our files");
  assert_refused(bytes, sizeof bytes, 0, "not one of our files");
  size_t n_bytes = write_frame(bytes, BASE_FRAME_CLIENT);
  assert_refused(bytes, n_bytes, BASE_FRAME_SECRET_KEY,
                 "this is a client file where a secret key file is needed");
  assert_refused(bytes, n_bytes, BASE_FRAME_EVALUATION_KEYS,
                 "this is a client file where an evaluation key file is needed");
}

/* Rightly signed, so that only the field in question is wrong. */
static void signed_nonsense_is_refused(void **state) {
  (void)state;
  uint8_t bytes[200];
  size_t n_bytes = write_frame(bytes, BASE_FRAME_PARAMS);
  static const unsigned kinds[] = {0, BASE_FRAME_RESULT + 1, 255};
  for (int i = 0; i < 3; i++) {
    bytes[KIND_AT] = (uint8_t)kinds[i];
    sign(bytes, n_bytes);
    assert_refused(bytes, n_bytes, 0, "unknown kind");
  }
  n_bytes = write_frame(bytes, BASE_FRAME_PARAMS);
  bytes[VERSION_AT] = 2;
  sign(bytes, n_bytes);
  assert_refused(bytes, n_bytes, 0, "newer version (format 2, this one reads 1)");
  bytes[VERSION_AT] = 1;
  bytes[RESERVED_AT + 3] = 0x80;
  sign(bytes, n_bytes);
  assert_refused(bytes, n_bytes, 0, "reserved");
}

/* In two steps: a damaged payload passes the first and fails the second, nothing else passes. */
static void the_digest_can_wait(void **state) {
  (void)state;
  uint8_t bytes[1000];
  base_frame frame;
  size_t n_bytes = write_frame(bytes, BASE_FRAME_PARAMS);
  assert_int_equal(base_frame_read_unverified(&frame, bytes, n_bytes, BASE_FRAME_PARAMS, "file"),
                   CKKS_OK);
  assert_int_equal(base_frame_verify(&frame, "file"), CKKS_OK);
  bytes[n_bytes - BASE_DIGEST_BYTES - 1] ^= 1;
  assert_int_equal(base_frame_read_unverified(&frame, bytes, n_bytes, BASE_FRAME_PARAMS, "file"),
                   CKKS_OK);
  assert_int_equal(base_frame_verify(&frame, "file"), CKKS_ERROR_FORMAT);
  assert_non_null(strstr(base_last_error(), "file: damaged"));
  assert_int_equal(base_frame_read_unverified(&frame, bytes, n_bytes, BASE_FRAME_CLIENT, "file"),
                   CKKS_ERROR_FORMAT);
  assert_null(frame.payload);
  assert_int_equal(base_frame_read_unverified(&frame, bytes, n_bytes - 1, 0, "file"),
                   CKKS_ERROR_FORMAT);
}

static void kinds_have_names(void **state) {
  (void)state;
  assert_string_equal(base_frame_kind_name(BASE_FRAME_SECRET_KEY), "secret key file");
  assert_string_equal(base_frame_kind_name(BASE_FRAME_CLIENT), "client file");
  assert_string_equal(base_frame_kind_name(0), "unknown");
  assert_string_equal(base_frame_kind_name(BASE_FRAME_RESULT + 1), "unknown");
  assert_string_equal(base_frame_kind_name(UINT32_MAX), "unknown");
  for (unsigned a = 1; a <= BASE_FRAME_RESULT; a++)
    for (unsigned b = 1; b < a; b++)
      assert_string_not_equal(base_frame_kind_name(a), base_frame_kind_name(b));
}

/* Every ceiling below what is needed, and every failing allocation. */
static void a_frame_that_does_not_fit_is_reported(void **state) {
  (void)state;
  for (size_t ceiling = 0; ceiling < BASE_FRAME_OVERHEAD_BYTES + 7; ceiling++) {
    base_buffer buffer;
    base_buffer_init(&buffer, ceiling);
    base_frame_begin(&buffer, BASE_FRAME_PARAMS, NULL, NULL);
    base_buffer_append(&buffer, "payload", 7);
    assert_int_equal(base_frame_end(&buffer), CKKS_ERROR_MEMORY);
    base_buffer_clear(&buffer);
  }
  base_buffer buffer;
  base_buffer_init(&buffer, 1000);
  base_alloc_fail_at(1);
  base_frame_begin(&buffer, BASE_FRAME_PARAMS, NULL, NULL);
  assert_int_equal(base_frame_end(&buffer), CKKS_ERROR_MEMORY);
  base_buffer_clear(&buffer);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(layout_is_the_documented_one),
      cmocka_unit_test(what_is_written_is_read),
      cmocka_unit_test(no_hashes_and_no_payload_are_fine),
      cmocka_unit_test(truncation_at_every_length_is_refused),
      cmocka_unit_test(every_flipped_bit_is_seen),
      cmocka_unit_test(trailing_bytes_are_refused),
      cmocka_unit_test(huge_lengths_are_refused),
      cmocka_unit_test(other_files_are_told_apart),
      cmocka_unit_test(signed_nonsense_is_refused),
      cmocka_unit_test(the_digest_can_wait),
      cmocka_unit_test(kinds_have_names),
      cmocka_unit_test(a_frame_that_does_not_fit_is_reported),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
