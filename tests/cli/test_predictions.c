/* SPDX-License-Identifier: Apache-2.0 */
/* Predictions and numbers as people and programs read them. */
#define _POSIX_C_SOURCE 200809L
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/csv.h"
#include "cli/predictions.h"
#include "cli/print.h"
#include "table/data.h"

static const char *const labels[] = {"no", "grün, \"ja\""};
static const blindsight_names classes = {
    .n_labels = 2, .label = labels, .kind = BLINDSIGHT_CLASSES};
static const blindsight_names amounts = {.n_labels = 2, .label = labels, .kind = BLINDSIGHT_VALUES};
static double outputs[] = {0.25, -1.5, 0.1, 0.1 + 0.2, 1e-300, 2.0};
static size_t largest[] = {0, 1, 1}, none[] = {BLINDSIGHT_NO_LABEL};
static blindsight_state inside[3],
    mixed[] = {BLINDSIGHT_CLIPPED, BLINDSIGHT_INSIDE, BLINDSIGHT_REFUSED};
static const blindsight_predictions predictions = {3, 2, outputs, largest, inside, NULL};
static const cli_predictions with = {&predictions, &classes, true, 0};
static const cli_predictions without = {&predictions, &classes, false, 0};
static const cli_predictions numbers = {&predictions, &amounts, false, 0};

static void expect_text(base_buffer *buffer, const char *expected) {
  base_buffer_u8(buffer, 0);
  assert_int_equal(base_buffer_status(buffer), CKKS_OK);
  assert_string_equal((const char *)buffer->bytes, expected);
  base_buffer_clear(buffer);
}

static void csv_quotes_what_needs_it(void **state) {
  (void)state;
  static const char *const cases[][2] = {{"a b", "a b"},   {"a,b", "\"a,b\""},  {"\"", "\"\"\"\""},
                                         {" a", "\" a\""}, {"a ", "\"a \""},    {"", "\"\""},
                                         {"ü", "ü"},       {"a\nb", "\"a\nb\""}};
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    base_buffer buffer;
    base_buffer_init(&buffer, 64);
    cli_csv_text(&buffer, cases[i][0]);
    expect_text(&buffer, cases[i][1]);
  }
  base_buffer buffer;
  base_buffer_init(&buffer, 64);
  cli_csv_number(&buffer, (double)NAN);
  cli_csv_number(&buffer, 0.1);
  expect_text(&buffer, "0.1");
}

/* Labels come from files of others, and the table may be opened in a spreadsheet. */
static void csv_labels_are_no_formulas(void **state) {
  (void)state;
  static const char *const cases[][2] = {{"=1+1", "'=1+1"},
                                         {"@SUM(A1)", "'@SUM(A1)"},
                                         {"+49 170", "'+49 170"},
                                         {"-cmd|' /C calc'!A0", "'-cmd|' /C calc'!A0"},
                                         {"=a,\"b\"", "\"'=a,\"\"b\"\"\""},
                                         {"\t=1", "'\t=1"},
                                         {"-1", "-1"},
                                         {"+1.5", "+1.5"},
                                         {"-", "'-"},
                                         {"a=b", "a=b"},
                                         {"", "\"\""},
                                         {"yes\xe2\x80\xaeon", "yes\\u202Eon"},
                                         {"\xe2\x81\xa6x\xe2\x81\xa9", "\\u2066x\\u2069"},
                                         {"\xd8\x9c", "\\u061C"},
                                         {"\xe2\x80\x94", "\xe2\x80\x94"}};
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    base_buffer buffer;
    base_buffer_init(&buffer, 64);
    cli_csv_label(&buffer, cases[i][0]);
    expect_text(&buffer, cases[i][1]);
  }
}

static void csv_is_exact(void **state) {
  (void)state;
  base_buffer buffer;
  base_buffer_init(&buffer, 512);
  cli_predictions_csv(&buffer, &with);
  expect_text(&buffer, "row,predicted,no,\"grün, \"\"ja\"\"\"\n"
                       "0,no,0.25,-1.5\n"
                       "1,\"grün, \"\"ja\"\"\",0.1,0.30000000000000004\n"
                       "2,\"grün, \"\"ja\"\"\",1e-300,2\n");
  base_buffer_init(&buffer, 512);
  cli_predictions_csv(&buffer, &without);
  expect_text(&buffer, "row,predicted\n0,no\n1,\"grün, \"\"ja\"\"\"\n2,\"grün, \"\"ja\"\"\"\n");
}

/* Values and labels of which several may apply have no predicted one: their outputs are shown. */
static void values_have_no_predicted_column(void **state) {
  (void)state;
  base_buffer buffer;
  base_buffer_init(&buffer, 512);
  cli_predictions_csv(&buffer, &numbers);
  expect_text(&buffer, "row,no,\"grün, \"\"ja\"\"\"\n"
                       "0,0.25,-1.5\n1,0.1,0.30000000000000004\n2,1e-300,2\n");
  json_t *rows = cli_predictions_json(&numbers);
  assert_null(json_object_get(json_array_get(rows, 0), "predicted"));
  assert_int_equal(json_array_size(json_object_get(json_array_get(rows, 0), "outputs")), 2);
  json_decref(rows);
  double bad[] = {NAN, 1e300};
  const blindsight_predictions unknown = {1, 2, bad, none, inside, NULL};
  const cli_predictions nothing = {&unknown, &classes, true, 0};
  rows = cli_predictions_json(&nothing);
  assert_true(json_is_null(json_object_get(json_array_get(rows, 0), "predicted")));
  json_decref(rows);
  char *text = NULL;
  size_t length = 0;
  FILE *out = open_memstream(&text, &length);
  assert_non_null(out);
  cli_predictions_table(out, &nothing);
  fclose(out);
  assert_non_null(strstr(text, " 1e+300\n")); /* not its 301 digits */
  free(text);
}

/* What we write our own reader takes, to the bit. */
static void csv_reads_back(void **state) {
  (void)state;
  base_buffer buffer;
  table_data data;
  const table_options options = {
      .label = "predicted", .drop = (const char *[]){"row"}, .n_drop = 1};
  base_buffer_init(&buffer, 512);
  cli_predictions_csv(&buffer, &with);
  assert_int_equal(
      table_data_parse(&data, (const char *)buffer.bytes, buffer.n_bytes, "x", &options), CKKS_OK);
  assert_int_equal(data.n_rows, 3);
  assert_string_equal(data.feature[1], labels[1]);
  assert_memory_equal(data.value, outputs, sizeof outputs);
  table_data_clear(&data);
  base_buffer_clear(&buffer);
}

static void table(void **state) {
  (void)state;
  char *text = NULL;
  size_t length = 0;
  FILE *out = open_memstream(&text, &length);
  assert_non_null(out);
  cli_predictions_table(out, &with);
  fclose(out);
  assert_string_equal(text, "    row  predicted             no    grün, \"ja\"\n"
                            "      0  no              0.250000     -1.500000\n"
                            "      1  grün, \"ja\"      0.100000      0.300000\n"
                            "      2  grün, \"ja\"      0.000000      2.000000\n");
  free(text);
}

/* A client file's labels do not turn the line around on a terminal, nor do messages. */
static void table_turns_nothing(void **state) {
  (void)state;
  static const char *const turning[] = {"yes\xe2\x80\xaeon", "\xd8\x9c"};
  const blindsight_names names = {.n_labels = 2, .label = turning, .kind = BLINDSIGHT_CLASSES};
  const cli_predictions shown = {&predictions, &names, false, 0};
  char *text = NULL;
  size_t length = 0;
  FILE *out = open_memstream(&text, &length);
  assert_non_null(out);
  cli_predictions_table(out, &shown);
  cli_print_field(out, "label", "%s%*s", turning[0], 2000, turning[1]);
  fclose(out);
  assert_non_null(strstr(text, "yes?on"));
  assert_null(strstr(text, "\xe2\x80\xae"));
  assert_null(strstr(text, turning[1]));
  assert_string_equal(text + length - 2, "?\n");
  free(text);
}

static void json(void **state) {
  (void)state;
  json_t *rows = cli_predictions_json(&with);
  assert_int_equal(json_array_size(rows), 3);
  json_t *row = json_array_get(rows, 1);
  assert_int_equal(json_integer_value(json_object_get(row, "row")), 1);
  assert_string_equal(json_string_value(json_object_get(row, "predicted")), labels[1]);
  json_t *values = json_object_get(row, "outputs");
  assert_int_equal(json_array_size(values), 2);
  assert_true(json_real_value(json_array_get(values, 1)) == 0.1 + 0.2);
  json_decref(rows);
  rows = cli_predictions_json(&without);
  assert_null(json_object_get(json_array_get(rows, 0), "outputs"));
  json_decref(rows);
  json_t *null = cli_print_number((double)INFINITY);
  assert_true(json_is_null(null));
  json_decref(null);
}

/* What became of rows is a column of its own, where there is something to be said. */
static void states_are_shown(void **state) {
  (void)state;
  double values[] = {0.5, 0.25, 1, 2, NAN, NAN};
  size_t found[] = {0, 1, BLINDSIGHT_NO_LABEL};
  const blindsight_predictions some = {3, 2, values, found, mixed, NULL};
  const cli_predictions shown = {&some, &classes, false, 0};
  base_buffer buffer;
  base_buffer_init(&buffer, 512);
  cli_predictions_csv(&buffer, &shown);
  expect_text(&buffer, "row,predicted,state\n0,no,clipped\n1,\"grün, \"\"ja\"\"\",inside\n"
                       "2,\"\",refused\n");
  json_t *rows = cli_predictions_json(&shown);
  assert_string_equal(json_string_value(json_object_get(json_array_get(rows, 0), "state")),
                      "clipped");
  assert_null(json_object_get(json_array_get(rows, 1), "state"));
  json_decref(rows);
  char *text = NULL;
  size_t length = 0;
  FILE *out = open_memstream(&text, &length);
  assert_non_null(out);
  cli_predictions_table(out, &shown);
  fclose(out);
  assert_string_equal(text, "    row  predicted \n      0  no          clipped\n"
                            "      1  grün, \"ja\"\n      2              refused\n");
  free(text);
  assert_true(cli_predictions_lack(&some));
  assert_false(cli_predictions_lack(&predictions));
  mixed[2] = BLINDSIGHT_OUTSIDE; /* an answer, if one without a promise */
  assert_false(cli_predictions_lack(&some));
  mixed[2] = BLINDSIGHT_REFUSED;
}

static void sizes(void **state) {
  (void)state;
  static const struct {
    size_t n_bytes;
    const char *text;
  } cases[] = {{0, "0 bytes"},       {999, "999 bytes"},       {1000, "1 kB"},
               {14750, "14.8 kB"},   {999400, "999 kB"},       {999600, "1 MB"},
               {2445796, "2.45 MB"}, {SIZE_MAX, "1.84e+10 GB"}};
  char text[16];
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
    assert_string_equal(cli_print_bytes(text, cases[i].n_bytes), cases[i].text);
  assert_int_equal(cli_print_width("grün"), 4);
  assert_int_equal(cli_print_width("漢字"), 2);
  char hash[20];
  static const uint8_t bytes[8] = {0, 1, 0xab, 0xff, 4, 5, 6, 7};
  assert_string_equal(cli_print_hash(hash, bytes), "0001abff04050607");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(csv_quotes_what_needs_it),
      cmocka_unit_test(csv_labels_are_no_formulas),
      cmocka_unit_test(csv_is_exact),
      cmocka_unit_test(csv_reads_back),
      cmocka_unit_test(values_have_no_predicted_column),
      cmocka_unit_test(table),
      cmocka_unit_test(table_turns_nothing),
      cmocka_unit_test(json),
      cmocka_unit_test(states_are_shown),
      cmocka_unit_test(sizes),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
