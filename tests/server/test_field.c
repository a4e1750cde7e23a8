/* SPDX-License-Identifier: Apache-2.0 */
/* Values of header fields: lists with quotes in them, types with parameters, numbers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "server/http/field.h"

static void test_lists(void **state) {
  (void)state;
  assert_true(server_field_lists("gzip", "gzip"));
  assert_true(server_field_lists(" deflate ,\tGZIP;q=0.5", "gzip"));
  assert_true(server_field_lists("a;x=\"1,2\", gzip", "gzip"));
  assert_false(server_field_lists("a;x=\"1, gzip, 2\"", "gzip"));
  assert_false(server_field_lists("a;x=\"\\\", gzip\", b", "gzip"));
  assert_true(server_field_lists("a;x=\"\\\"\", gzip", "gzip"));
  assert_false(server_field_lists("gzipped, notgzip", "gzip"));
  assert_false(server_field_lists("", "gzip"));
  assert_false(server_field_lists(NULL, "gzip"));
}

static void test_types(void **state) {
  (void)state;
  assert_true(server_field_is_type("Application/JSON", "application/json"));
  assert_true(server_field_is_type("application/json ; charset=utf-8", "application/json"));
  assert_false(server_field_is_type("application/jsonl", "application/json"));
  assert_false(server_field_is_type("application/jso", "application/json"));
  assert_false(server_field_is_type(NULL, "application/json"));
}

static void test_numbers(void **state) {
  unsigned long long value = 77;
  (void)state;
  assert_true(server_field_number(&value, "0"));
  assert_int_equal(value, 0);
  assert_true(server_field_number(&value, "999999999999999999"));
  assert_int_equal(value, 999999999999999999ULL);
  static const char *const bad[] = {"",
                                    "-1",
                                    "+1",
                                    " 1",
                                    "1 ",
                                    "0x1",
                                    "1e3",
                                    "1,1",
                                    "1000000000000000000",
                                    "99999999999999999999999999"};
  for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
    assert_false(server_field_number(&value, bad[i]));
}

static void test_tokens(void **state) {
  (void)state;
  assert_true(server_field_is_token("X-a_1~", 6));
  assert_false(server_field_is_token("", 0));
  assert_false(server_field_is_token("a b", 3));
  assert_false(server_field_is_token("a:", 2));
  assert_false(server_field_is_token("a\0", 2));
  assert_false(server_field_is_token("\xe4", 1));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_lists),
      cmocka_unit_test(test_types),
      cmocka_unit_test(test_numbers),
      cmocka_unit_test(test_tokens),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
