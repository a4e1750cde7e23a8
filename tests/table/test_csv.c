/* SPDX-License-Identifier: Apache-2.0 */
#include "table/csv.h"

#include "base/alloc.h"
#include "random.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void numbers_are_told_from_everything_else(void **state) {
  (void)state;
  static const struct {
    const char *field;
    table_csv_kind kind;
    double value;
  } cases[] = {
      {"0", TABLE_CSV_NUMBER, 0.0},
      {"-0.25", TABLE_CSV_NUMBER, -0.25},
      {"+7.", TABLE_CSV_NUMBER, 7.0},
      {".5", TABLE_CSV_NUMBER, 0.5},
      {"1e3", TABLE_CSV_NUMBER, 1000.0},
      {"25E-2", TABLE_CSV_NUMBER, 0.25},
      {"1e+2", TABLE_CSV_NUMBER, 100.0},
      {"1e-400", TABLE_CSV_NUMBER, 0.0},
      {"1.7976931348623157e308", TABLE_CSV_NUMBER, 1.7976931348623157e308},
      {"1.8e308", TABLE_CSV_INFINITE, 0},
      {"Inf", TABLE_CSV_INFINITE, 0},
      {"+infinity", TABLE_CSV_INFINITE, 0},
      {"", TABLE_CSV_MISSING, 0},
      {"na", TABLE_CSV_MISSING, 0},
      {"NaN", TABLE_CSV_MISSING, 0},
      {"NULL", TABLE_CSV_MISSING, 0},
      {"?", TABLE_CSV_MISSING, 0},
      {"n/a", TABLE_CSV_MISSING, 0},
      {"None", TABLE_CSV_MISSING, 0},
      {"#N/A", TABLE_CSV_MISSING, 0},
      {"none of these", TABLE_CSV_TEXT, 0},
      {"-", TABLE_CSV_TEXT, 0},
      {"+-1", TABLE_CSV_TEXT, 0},
      {".", TABLE_CSV_TEXT, 0},
      {"e5", TABLE_CSV_TEXT, 0},
      {"1e", TABLE_CSV_TEXT, 0},
      {"1e+", TABLE_CSV_TEXT, 0},
      {"1.2.3", TABLE_CSV_TEXT, 0},
      {"0x10", TABLE_CSV_TEXT, 0},
      {"0x1p3", TABLE_CSV_TEXT, 0},
      {"nan(1)", TABLE_CSV_TEXT, 0},
      {" 1", TABLE_CSV_TEXT, 0},
      {"1 ", TABLE_CSV_TEXT, 0},
      {"1d5", TABLE_CSV_TEXT, 0},
  };
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    double value = 99.0;
    table_csv_kind kind = table_csv_number(&value, cases[i].field);
    if (kind != cases[i].kind)
      fail_msg("\"%s\" is taken for kind %d", cases[i].field, (int)kind);
    assert_true(kind == TABLE_CSV_NUMBER ? value == cases[i].value : isnan(value));
    assert_int_equal(table_csv_is_number(cases[i].field), kind == TABLE_CSV_NUMBER);
  }
}

static void every_double_is_read_exactly(void **state) {
  (void)state;
  uint64_t seed = 1;
  for (int i = 0; i < 20000; i++) {
    uint64_t bits = test_random(&seed);
    double x, y;
    char text[40];
    memcpy(&x, &bits, 8);
    if (!isfinite(x))
      continue;
    snprintf(text, sizeof text, "%.17g", x);
    assert_int_equal(table_csv_number(&y, text), TABLE_CSV_NUMBER);
    assert_memory_equal(&x, &y, 8);
  }
}

/* Random fields, written with and without need of quotes, come back as they were. */
static void what_is_quoted_comes_back(void **state) {
  (void)state;
  static const char alphabet[] = "ab,\"\n\r x";
  uint64_t seed = 2;
  for (int round = 0; round < 2000; round++) {
    char field[6][12], text[200];
    size_t n_fields = 1 + (size_t)(test_random(&seed) % 6), n = 0;
    for (size_t f = 0; f < n_fields; f++) {
      size_t length = (size_t)(test_random(&seed) % 11);
      text[n++] = '"';
      for (size_t i = 0; i < length; i++) {
        char c = alphabet[test_random(&seed) % (sizeof alphabet - 1)];
        field[f][i] = c;
        if (c == '"')
          text[n++] = '"';
        text[n++] = c;
      }
      field[f][length] = '\0';
      text[n++] = '"';
      text[n++] = f + 1 < n_fields ? ',' : '\n';
    }
    table_csv csv;
    bool end;
    assert_int_equal(table_csv_init(&csv, text, n, "t"), CKKS_OK);
    assert_int_equal(table_csv_next(&csv, &end), CKKS_OK);
    assert_false(end);
    assert_int_equal(csv.n_fields, n_fields);
    for (size_t f = 0; f < n_fields; f++)
      assert_string_equal(csv.field[f], field[f]);
    assert_int_equal(table_csv_next(&csv, &end), CKKS_OK);
    assert_true(end);
    assert_int_equal(table_csv_next(&csv, &end), CKKS_OK); /* and it stays the end */
    assert_true(end);
    table_csv_clear(&csv);
  }
}

static void records_know_their_line(void **state) {
  (void)state;
  static const char text[] = "\r\na,\"b\r\nc\rd\ne\"\r\n\n \t\nf,\n,g";
  static const size_t lines[] = {2, 8, 9};
  table_csv csv;
  bool end;
  assert_int_equal(table_csv_init(&csv, text, strlen(text), "t"), CKKS_OK);
  for (size_t i = 0; i < 3; i++) {
    assert_int_equal(table_csv_next(&csv, &end), CKKS_OK);
    assert_false(end);
    assert_int_equal(csv.line, lines[i]);
    assert_int_equal(csv.n_fields, 2);
    if (i == 0)
      assert_string_equal(csv.field[1], "b\r\nc\rd\ne");
  }
  assert_string_equal(csv.field[0], "");
  assert_string_equal(csv.field[1], "g");
  assert_int_equal(table_csv_next(&csv, &end), CKKS_OK);
  assert_true(end);
  table_csv_clear(&csv);
}

static void failing_allocations_leak_nothing(void **state) {
  (void)state;
  for (long k = 1; k <= 2; k++) {
    table_csv csv;
    base_alloc_fail_at(k);
    assert_int_equal(table_csv_init(&csv, "a", 1, "t"), CKKS_ERROR_MEMORY);
    assert_null(csv.text);
  }
  base_alloc_fail_at(0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(numbers_are_told_from_everything_else),
      cmocka_unit_test(every_double_is_read_exactly),
      cmocka_unit_test(what_is_quoted_comes_back),
      cmocka_unit_test(records_know_their_line),
      cmocka_unit_test(failing_allocations_leak_nothing),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
