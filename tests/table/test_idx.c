/* SPDX-License-Identifier: Apache-2.0 */
/* idx files: those of MNIST, and those that are not what they say. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "table/idx.h"

static ckks_status parse(table_idx *idx, const char *bytes, size_t n) {
  static uint8_t copy[64];
  memcpy(copy, bytes, n);
  return table_idx_parse(idx, copy, n, "file");
}

static void test_reads(void **state) {
  (void)state;
  table_idx idx;
  static const char images[] = "\0\0\10\3\0\0\0\2\0\0\0\1\0\0\0\3abcdef";
  assert_int_equal(parse(&idx, images, sizeof images - 1), CKKS_OK);
  assert_int_equal(idx.rank, 3);
  assert_int_equal(idx.n, 2);
  assert_int_equal(idx.row, 3);
  assert_memory_equal(idx.value, "abcdef", 6);
  static const char labels[] = "\0\0\10\1\0\0\0\4\1\2\3\4";
  assert_int_equal(parse(&idx, labels, sizeof labels - 1), CKKS_OK);
  assert_int_equal(idx.n, 4);
  assert_int_equal(idx.row, 1);
}

static void test_refuses(void **state) {
  (void)state;
  static const struct {
    const char *bytes;
    size_t n;
    const char *text;
  } cases[] = {
      {"", 0, "not an idx file"},
      {"\0\0\11\1\0\0\0\1a", 9, "not an idx file"},
      {"\0\0\10\5\0\0\0\1a", 9, "not an idx file"},
      {"\0\0\10\2\0\0\0\1", 8, "too short for its sizes"},
      {"\0\0\10\1\0\0\0\0", 8, "size 0 in dimension 0"},
      {"\0\0\10\1\0\0\0\2a", 9, "1 bytes where its sizes say 2"},
      {"\0\0\10\1\0\0\0\1ab", 10, "2 bytes where its sizes say 1"},
      {"\0\0\10\3\377\377\377\377\377\377\377\377\377\377\377\377", 16, "size 4294967295"}};
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    table_idx idx;
    assert_int_equal(parse(&idx, cases[i].bytes, cases[i].n), CKKS_ERROR_FORMAT);
    if (strstr(base_last_error(), cases[i].text) == NULL)
      fail_msg("\"%s\" does not say \"%s\"", base_last_error(), cases[i].text);
  }
  table_idx idx;
  assert_int_equal(table_idx_read(&idx, "/nowhere/at/all"), CKKS_ERROR_IO);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_reads), cmocka_unit_test(test_refuses)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
