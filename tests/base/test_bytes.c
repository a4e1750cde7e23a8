/* SPDX-License-Identifier: Apache-2.0 */
#include "base/bytes.h"

#include "base/alloc.h"
#include "random.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* ------------------------------------------------------------------ reader */

static void integers_are_little_endian(void **state) {
  (void)state;
  const uint8_t bytes[] = {0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0x08, 0x09, 0x0a, 0x0b, 0x0c,
                           0x0d, 0x0e, 0x0f, 0,    0,    0,    0,    0,    0,    0xf8, 0xbf};
  base_reader reader;
  base_reader_init(&reader, bytes, sizeof bytes);
  assert_int_equal(base_reader_u8(&reader), 0x01);
  assert_int_equal(base_reader_u16(&reader), 0x0302);
  assert_int_equal(base_reader_u32(&reader), 0x07060504);
  assert_int_equal(base_reader_left(&reader), 16);
  assert_true(base_reader_u64(&reader) == 0x0f0e0d0c0b0a0908U);
  assert_true(base_reader_f64(&reader) == -1.5);
  assert_int_equal(base_reader_left(&reader), 0);
  assert_false(reader.failed);
  assert_int_equal(base_reader_u8(&reader), 0);
  assert_true(reader.failed);
}

/* Whatever is asked for beyond the end: zeros, failed, and no byte more is handed out. */
static void reading_past_the_end_fails_for_good(void **state) {
  (void)state;
  uint8_t bytes[7];
  memset(bytes, 0xff, sizeof bytes);
  base_reader reader;
  base_reader_init(&reader, bytes, sizeof bytes);
  assert_true(base_reader_u64(&reader) == 0);
  assert_true(reader.failed);
  assert_int_equal(base_reader_u8(&reader), 0);
  assert_int_equal(base_reader_u16(&reader), 0);
  assert_int_equal(base_reader_u32(&reader), 0);
  assert_true(base_reader_f64(&reader) == 0.0);
  assert_null(base_reader_view(&reader, 1));
  uint8_t out[3] = {1, 2, 3};
  base_reader_copy(&reader, out, sizeof out);
  assert_true(out[0] == 0 && out[1] == 0 && out[2] == 0);
  base_reader_init(&reader, bytes, sizeof bytes);
  assert_null(base_reader_view(&reader, SIZE_MAX));
  assert_true(reader.failed);
  base_reader_init(&reader, NULL, 0);
  assert_int_equal(base_reader_left(&reader), 0);
  base_reader_copy(&reader, NULL, 0);
  assert_false(reader.failed);
}

static void views_point_into_the_bytes(void **state) {
  (void)state;
  const uint8_t bytes[10] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9};
  base_reader reader;
  base_reader_init(&reader, bytes, sizeof bytes);
  assert_ptr_equal(base_reader_view(&reader, 4), bytes);
  assert_ptr_equal(base_reader_view(&reader, 6), bytes + 4);
  assert_ptr_equal(base_reader_view(&reader, 0), bytes + 10);
  assert_false(reader.failed);
}

/* A text of n bytes with its length in front, read with a limit. */
static ckks_status read_text(char **out, const char *text, size_t n, size_t max_bytes) {
  uint8_t bytes[300] = {(uint8_t)n, (uint8_t)(n >> 8)};
  memcpy(bytes + 2, text, n);
  base_reader reader;
  base_reader_init(&reader, bytes, n + 2);
  ckks_status status = base_reader_text(&reader, out, max_bytes, "model.name");
  assert_int_equal(reader.failed, status == CKKS_ERROR_FORMAT);
  return status;
}

static void well_formed_text_is_copied(void **state) {
  (void)state;
  static const char *const good[] = {"",
                                     "a",
                                     "plain ASCII ~",
                                     "\xc2\xa0",
                                     "\xdf\xbf",
                                     "\xe0\xa0\x80",
                                     "\xed\x9f\xbf",
                                     "\xee\x80\x80",
                                     "\xef\xbf\xbf",
                                     "\xf0\x90\x80\x80",
                                     "\xf4\x8f\xbf\xbf",
                                     "mixed \xc3\xa9\xe2\x82\xac\xf0\x9f\x94\x91!"};
  for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
    char *text = NULL;
    assert_int_equal(read_text(&text, good[i], strlen(good[i]), strlen(good[i])), CKKS_OK);
    assert_string_equal(text, good[i]);
    assert_true(base_is_text(good[i], strlen(good[i])));
    base_free(text);
  }
}

static void ill_formed_text_is_refused(void **state) {
  (void)state;
  static const char *const bad[] = {"\x1f",             /* C0 */
                                    "\n",               /* C0 */
                                    "\x7f",             /* DEL */
                                    "\xc2\x80",         /* C1 */
                                    "\xc2\x9f",         /* C1 */
                                    "\x80",             /* continuation alone */
                                    "\xc0\xaf",         /* overlong */
                                    "\xc1\xbf",         /* overlong */
                                    "\xe0\x80\xaf",     /* overlong */
                                    "\xe0\x9f\xbf",     /* overlong */
                                    "\xf0\x8f\xbf\xbf", /* overlong */
                                    "\xed\xa0\x80",     /* surrogate */
                                    "\xed\xbf\xbf",     /* surrogate */
                                    "\xf4\x90\x80\x80", /* above U+10FFFF */
                                    "\xf5\x80\x80\x80",
                                    "\xff",
                                    "a\xc3",
                                    "a\xe2\x82",
                                    "a\xf0\x9f\x94",
                                    "\xc3(",
                                    "\xe2\x28\xa1"};
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
    char *text = (char *)"untouched";
    assert_int_equal(read_text(&text, bad[i], strlen(bad[i]), 100), CKKS_ERROR_FORMAT);
    assert_null(text);
    assert_false(base_is_text(bad[i], strlen(bad[i])));
    assert_non_null(strstr(base_last_error(), "model.name"));
  }
  char *text = NULL;
  assert_int_equal(read_text(&text, "a\0b", 3, 100), CKKS_ERROR_FORMAT);
}

static void text_has_a_limit(void **state) {
  (void)state;
  char *text = NULL;
  assert_int_equal(read_text(&text, "12345", 5, 4), CKKS_ERROR_FORMAT);
  assert_non_null(strstr(base_last_error(), "5 bytes, at most 4"));
  assert_null(text);
  for (size_t n = 0; n < 7; n++) { /* every truncation of length and text */
    const uint8_t bytes[7] = {5, 0, 'h', 'e', 'l', 'l', 'o'};
    base_reader reader;
    base_reader_init(&reader, bytes, n);
    assert_int_equal(base_reader_text(&reader, &text, 10, "field"), CKKS_ERROR_FORMAT);
    assert_true(reader.failed);
    assert_null(text);
  }
  base_alloc_fail_at(1);
  assert_int_equal(read_text(&text, "12345", 5, 5), CKKS_ERROR_MEMORY);
  assert_null(text);
}

/* The two-byte and three-byte forms of every code point, against their definition. */
static void every_short_form_is_judged_by_its_code_point(void **state) {
  (void)state;
  for (uint32_t code = 0; code < 0x10000; code++) {
    char bytes[3] = {(char)(0xe0 | code >> 12), (char)(0x80 | (code >> 6 & 63)),
                     (char)(0x80 | (code & 63))};
    char *text = NULL;
    bool good = code >= 0x800 && (code < 0xd800 || code > 0xdfff);
    assert_int_equal(read_text(&text, bytes, 3, 3), good ? CKKS_OK : CKKS_ERROR_FORMAT);
    base_free(text);
    if (code >= 0x800)
      continue;
    bytes[0] = (char)(0xc0 | code >> 6);
    bytes[1] = (char)(0x80 | (code & 63));
    assert_int_equal(read_text(&text, bytes, 2, 2), code >= 0xa0 ? CKKS_OK : CKKS_ERROR_FORMAT);
    base_free(text);
  }
}

/* ------------------------------------------------------------------ buffer */

static void what_is_written_is_read(void **state) {
  (void)state;
  uint64_t random = 1;
  base_buffer buffer;
  base_buffer_init(&buffer, 1 << 20);
  for (int i = 0; i < 3000; i++) {
    base_buffer_u8(&buffer, (uint8_t)i);
    base_buffer_u16(&buffer, (uint16_t)(i * 31));
    base_buffer_u32(&buffer, (uint32_t)i * 1000003U);
    base_buffer_u64(&buffer, test_random(&random));
    base_buffer_f64(&buffer, ldexp(i, -i));
    base_buffer_text(&buffer, i % 2 != 0 ? "odd" : "");
  }
  assert_int_equal(base_buffer_status(&buffer), CKKS_OK);
  base_reader reader;
  base_reader_init(&reader, buffer.bytes, buffer.n_bytes);
  random = 1;
  for (int i = 0; i < 3000; i++) {
    assert_int_equal(base_reader_u8(&reader), (uint8_t)i);
    assert_int_equal(base_reader_u16(&reader), (uint16_t)(i * 31));
    assert_int_equal(base_reader_u32(&reader), (uint32_t)i * 1000003U);
    assert_true(base_reader_u64(&reader) == test_random(&random));
    assert_true(base_reader_f64(&reader) == ldexp(i, -i));
    char *text = NULL;
    assert_int_equal(base_reader_text(&reader, &text, 3, "text"), CKKS_OK);
    assert_string_equal(text, i % 2 != 0 ? "odd" : "");
    base_free(text);
  }
  assert_int_equal(base_reader_left(&reader), 0);
  assert_false(reader.failed);
  base_buffer_clear(&buffer);
  assert_int_equal(buffer.n_bytes, 0);
}

static void special_doubles_keep_their_bits(void **state) {
  (void)state;
  const double values[] = {0.0,    -0.0,  (double)INFINITY, (double)-INFINITY, (double)NAN,
                           5e-324, -1e308};
  base_buffer buffer;
  base_buffer_init(&buffer, 100);
  for (size_t i = 0; i < 7; i++)
    base_buffer_f64(&buffer, values[i]);
  base_reader reader;
  base_reader_init(&reader, buffer.bytes, buffer.n_bytes);
  for (size_t i = 0; i < 7; i++) {
    double value = base_reader_f64(&reader);
    assert_memory_equal(&value, &values[i], sizeof value);
  }
  base_buffer_clear(&buffer);
}

/* Full to the last byte, then refused for good, at ceilings around the growth steps. */
static void the_ceiling_holds(void **state) {
  (void)state;
  static const size_t ceilings[] = {0, 1, 7, 255, 256, 257, 511, 512, 513, 1000, 5000};
  for (size_t c = 0; c < sizeof ceilings / sizeof *ceilings; c++) {
    base_buffer buffer;
    base_buffer_init(&buffer, ceilings[c]);
    for (size_t i = 0; i < ceilings[c]; i++)
      base_buffer_u8(&buffer, (uint8_t)i);
    assert_int_equal(base_buffer_status(&buffer), CKKS_OK);
    assert_true(buffer.capacity_bytes <= ceilings[c]);
    base_buffer_u8(&buffer, 1);
    assert_true(buffer.failed);
    assert_int_equal(buffer.n_bytes, ceilings[c]);
    assert_int_equal(base_buffer_status(&buffer), CKKS_ERROR_MEMORY);
    char number[32];
    snprintf(number, sizeof number, "%zu", ceilings[c]);
    assert_non_null(strstr(base_last_error(), number));
    assert_null(base_buffer_extend(&buffer, 0));
    base_buffer_append(&buffer, "", 0);
    base_buffer_printf(&buffer, "%d", 1);
    assert_int_equal(buffer.n_bytes, ceilings[c]);
    for (size_t i = 0; i < ceilings[c]; i++)
      assert_int_equal(buffer.bytes[i], (uint8_t)i);
    base_buffer_clear(&buffer);
  }
}

/* What is reserved is written without another allocation; more than that grows as ever. */
static void reserved_memory_is_used(void **state) {
  (void)state;
  base_buffer buffer;
  base_buffer_init(&buffer, 5000);
  base_buffer_reserve(&buffer, 3000);
  long before = base_alloc_count();
  const uint8_t *bytes = buffer.bytes;
  for (uint32_t i = 0; i < 750; i++)
    base_buffer_u32(&buffer, i);
  assert_true(buffer.bytes == bytes);
  assert_int_equal(base_alloc_count(), before);
  base_buffer_u32(&buffer, 7);
  assert_int_equal(buffer.n_bytes, 3004);
  assert_int_equal(base_load_u64(buffer.bytes + 2992), (uint64_t)749 << 32 | 748);
  base_buffer_clear(&buffer);
  base_buffer_init(&buffer, 5000);
  base_alloc_fail_at(1);
  base_buffer_reserve(&buffer, 5000);
  base_buffer_u8(&buffer, 1);
  assert_int_equal(base_buffer_status(&buffer), CKKS_ERROR_MEMORY);
  base_buffer_clear(&buffer);
}

static void extensions_are_zero_and_bounded(void **state) {
  (void)state;
  base_buffer buffer;
  base_buffer_init(&buffer, SIZE_MAX);
  base_buffer_u8(&buffer, 9);
  uint8_t *place = base_buffer_extend(&buffer, 1000);
  assert_ptr_equal(place, buffer.bytes + 1);
  for (int i = 0; i < 1000; i++)
    assert_int_equal(place[i], 0);
  assert_int_equal(buffer.bytes[0], 9);
  assert_null(base_buffer_extend(&buffer, SIZE_MAX));
  assert_true(buffer.failed);
  base_buffer_clear(&buffer);
  assert_false(buffer.failed);
  base_buffer_init(&buffer, SIZE_MAX);
  assert_null(base_buffer_extend(&buffer, SIZE_MAX / 2)); /* within the ceiling, not in memory */
  assert_int_equal(base_buffer_status(&buffer), CKKS_ERROR_MEMORY);
  base_buffer_clear(&buffer);
}

static void too_long_a_text_fails(void **state) {
  (void)state;
  static char text[65537 + 1];
  memset(text, 'x', 65536);
  base_buffer buffer;
  base_buffer_init(&buffer, 1 << 20);
  base_buffer_text(&buffer, text);
  assert_true(buffer.failed);
  assert_int_equal(buffer.n_bytes, 0);
  base_buffer_clear(&buffer);
  text[65535] = '\0';
  base_buffer_text(&buffer, text);
  assert_false(buffer.failed);
  assert_int_equal(buffer.n_bytes, 65537);
  base_buffer_clear(&buffer);
}

static void decimals_are_short_and_exact(void **state) {
  (void)state;
  static const struct {
    double value;
    const char *text;
  } known[] = {{0.1, "0.1"},
               {17.99, "17.99"},
               {-0.0, "-0"},
               {1e300, "1e+300"},
               {3.0, "3"},
               {0.1 + 0.2, "0.30000000000000004"},
               {5e-324, "4.94065645841247e-324"}};
  for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
    base_buffer buffer;
    base_buffer_init(&buffer, 64);
    base_buffer_decimal(&buffer, known[i].value);
    base_buffer_u8(&buffer, 0);
    assert_int_equal(base_buffer_status(&buffer), CKKS_OK);
    assert_string_equal((const char *)buffer.bytes, known[i].text);
    base_buffer_clear(&buffer);
  }
  uint64_t seed = 11;
  for (int i = 0; i < 2000; i++) {
    base_buffer buffer;
    uint64_t bits =
        (seed = seed * 6364136223846793005u + 1442695040888963407u) % 0x7ff0000000000000u;
    double value;
    memcpy(&value, &bits, 8);
    base_buffer_init(&buffer, 64);
    base_buffer_decimal(&buffer, value);
    base_buffer_u8(&buffer, 0);
    assert_true(strtod((const char *)buffer.bytes, NULL) == value);
    base_buffer_clear(&buffer);
  }
}

static void printf_writes_any_length(void **state) {
  (void)state;
  for (int width = 1; width < 3000; width = width * 2 + 1) {
    base_buffer buffer;
    base_buffer_init(&buffer, (size_t)width + 1); /* the NUL that printf wants is not counted */
    base_buffer_printf(&buffer, "<%*d", width, 42);
    assert_int_equal(base_buffer_status(&buffer), width >= 2 ? CKKS_OK : CKKS_ERROR_MEMORY);
    if (width >= 2) {
      assert_int_equal(buffer.n_bytes, width + 1);
      assert_int_equal(buffer.bytes[0], '<');
      assert_memory_equal(buffer.bytes + buffer.n_bytes - 2, "42", 2);
    }
    base_buffer_clear(&buffer);
  }
}

/* The k-th allocation fails, for each k: the buffer says so and keeps what it had. */
static void failing_allocations_are_reported(void **state) {
  (void)state;
  bool finished = false;
  for (long k = 1; !finished; k++) {
    base_buffer buffer;
    base_buffer_init(&buffer, 1 << 16);
    base_alloc_fail_at(k);
    for (int i = 0; i < 600; i++)
      base_buffer_u32(&buffer, (uint32_t)i);
    base_buffer_printf(&buffer, "%1000d", 1);
    base_alloc_fail_at(0);
    finished = !buffer.failed;
    assert_int_equal(base_buffer_status(&buffer), finished ? CKKS_OK : CKKS_ERROR_MEMORY);
    for (size_t i = 0; 4 * i + 4 <= buffer.n_bytes && i < 600; i++)
      assert_int_equal(buffer.bytes[4 * i] | buffer.bytes[4 * i + 1] << 8, i);
    base_buffer_clear(&buffer);
    assert_true(k < 20);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(integers_are_little_endian),
      cmocka_unit_test(reading_past_the_end_fails_for_good),
      cmocka_unit_test(views_point_into_the_bytes),
      cmocka_unit_test(well_formed_text_is_copied),
      cmocka_unit_test(ill_formed_text_is_refused),
      cmocka_unit_test(text_has_a_limit),
      cmocka_unit_test(every_short_form_is_judged_by_its_code_point),
      cmocka_unit_test(what_is_written_is_read),
      cmocka_unit_test(special_doubles_keep_their_bits),
      cmocka_unit_test(the_ceiling_holds),
      cmocka_unit_test(reserved_memory_is_used),
      cmocka_unit_test(extensions_are_zero_and_bounded),
      cmocka_unit_test(too_long_a_text_fails),
      cmocka_unit_test(decimals_are_short_and_exact),
      cmocka_unit_test(printf_writes_any_length),
      cmocka_unit_test(failing_allocations_are_reported),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
