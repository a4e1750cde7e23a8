/* SPDX-License-Identifier: Apache-2.0 */
/* The parser of command lines: what it takes, what it refuses, and that defaults stay. */
#define _POSIX_C_SOURCE 200809L
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/options.h"

typedef struct values {
  bool flag;
  const char *text;
  cli_texts texts;
  uint64_t integer;
  double number;
  int choice;
  const char *operand[CLI_MAX_OPERANDS];
} values;

/* Parses the words up to NULL; messages go nowhere. */
static int parse(values *v, ...) {
  *v = (values){.text = "default", .integer = 7, .number = 0.5, .choice = 1};
  const cli_option options[] = {
      {"flag", 'f', CLI_FLAG, &v->flag, NULL, "a flag", 0, 0, false},
      {"text", 't', CLI_TEXT, &v->text, "TEXT", "a text", 0, 0, false},
      {"many", 0, CLI_TEXTS, &v->texts, "TEXT", "texts", 0, 0, false},
      {"integer", 0, CLI_INTEGER, &v->integer, "N", "a whole number", 1, 0x1p53, false},
      {"number", 0, CLI_NUMBER, &v->number, "X", "a number", -1, 10, false},
      {"choice", 0, CLI_CHOICE, &v->choice, "one|two|three", "a choice", 0, 0, false},
      {"must", 0, CLI_TEXT, &(const char *){NULL}, "M", "a needed one", 0, 0, true}};
  const cli_command command = {"test", "A B", "Tests.", options, 7};
  char words[16][64], *argv[17];
  int argc = 0;
  va_list arguments;
  va_start(arguments, v);
  for (const char *word = "test"; word != NULL; word = va_arg(arguments, const char *)) {
    snprintf(words[argc], sizeof words[argc], "%s", word);
    argv[argc] = words[argc];
    argc++;
  }
  va_end(arguments);
  argv[argc] = NULL;
  int code = cli_options_parse(v->operand, &command, argc, argv);
  /* The words go out of scope: only whether texts are the default may be asked, and this. */
  static char text[64];
  snprintf(text, sizeof text, "%s", v->text);
  v->text = text;
  return code;
}

static void defaults_stay(void **state) {
  (void)state;
  values v;
  assert_int_equal(parse(&v, "a", "b", "--must", "x", NULL), -1);
  assert_false(v.flag);
  assert_string_equal(v.text, "default");
  assert_int_equal(v.texts.n, 0);
  assert_int_equal(v.integer, 7);
  assert_true(v.number == 0.5);
  assert_int_equal(v.choice, 1);
}

static void every_form_is_taken(void **state) {
  (void)state;
  values v;
  assert_int_equal(parse(&v, "--flag", "a", "--text=x=y", "b", "--must", "m", NULL), -1);
  assert_true(v.flag);
  assert_string_equal(v.text, "x=y");
  assert_int_equal(parse(&v, "-f", "-tz", "a", "--must=m", "--", "--b", NULL), -1);
  assert_true(v.flag);
  assert_string_equal(v.text, "z");
  assert_int_equal(parse(&v, "-t", "--odd", "--must", "--", "-", "b", NULL), -1);
  assert_string_equal(v.text, "--odd");
  assert_int_equal(parse(&v, "a", "b", "--many", "1", "--many=2", "--must", "m", NULL), -1);
  assert_int_equal(v.texts.n, 2);
}

static void numbers_keep_their_limits(void **state) {
  (void)state;
  values v;
  static const char *const good[] = {"1", "9007199254740992", "007"};
  static const uint64_t value[] = {1, 9007199254740992, 7};
  for (size_t i = 0; i < 3; i++) {
    assert_int_equal(parse(&v, "a", "b", "--must", "m", "--integer", good[i], NULL), -1);
    assert_int_equal(v.integer, value[i]);
  }
  static const char *const bad[] = {
      "0", "9007199254740994", "-1", "1.5", "1e3", "0x10", "1 ", " 1", "+1", "nan", "inf", "one"};
  for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
    assert_int_equal(parse(&v, "a", "b", "--must", "m", "--integer", bad[i], NULL), CLI_USAGE);
  assert_int_equal(parse(&v, "a", "b", "--must", "m", "--number", "-1", NULL), -1);
  assert_true(v.number == -1.0);
  assert_int_equal(parse(&v, "a", "b", "--must", "m", "--number", "1e-3", NULL), -1);
  assert_true(v.number == 1e-3);
  static const char *const beyond[] = {"-1.001", "10.001", "nan", "inf", "1,5", "", "1x", " 1"};
  for (size_t i = 0; i < sizeof beyond / sizeof beyond[0]; i++)
    assert_int_equal(parse(&v, "a", "b", "--must", "m", "--number", beyond[i], NULL), CLI_USAGE);
}

static void choices_are_whole_names(void **state) {
  (void)state;
  values v;
  static const char *const names[] = {"one", "two", "three"};
  for (int i = 0; i < 3; i++) {
    assert_int_equal(parse(&v, "a", "b", "--must", "m", "--choice", names[i], NULL), -1);
    assert_int_equal(v.choice, i);
  }
  static const char *const bad[] = {"on", "ones", "one|two", "", "One"};
  for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
    assert_int_equal(parse(&v, "a", "b", "--must", "m", "--choice", bad[i], NULL), CLI_USAGE);
}

static void wrong_lines_are_refused(void **state) {
  (void)state;
  values v;
  assert_int_equal(parse(&v, NULL), CLI_USAGE);
  assert_int_equal(parse(&v, "a", "--must", "m", NULL), CLI_USAGE);
  assert_int_equal(parse(&v, "a", "b", "c", "--must", "m", NULL), CLI_USAGE);
  assert_int_equal(parse(&v, "a", "b", NULL), CLI_USAGE);
  assert_int_equal(parse(&v, "a", "b", "--must", NULL), CLI_USAGE);
  assert_int_equal(parse(&v, "a", "b", "--must", "m", "--flag=1", NULL), CLI_USAGE);
  assert_int_equal(parse(&v, "a", "b", "--must", "m", "--fla", NULL), CLI_USAGE);
  assert_int_equal(parse(&v, "a", "b", "--must", "m", "-x", NULL), CLI_USAGE);
  assert_int_equal(parse(&v, "a", "b", "--must", "m", "--text", "", NULL), CLI_USAGE);
  assert_int_equal(parse(&v, "a", "b", "--must", "m", "--=1", NULL), CLI_USAGE);
}

static void help_ends_it(void **state) {
  (void)state;
  values v;
  assert_int_equal(parse(&v, "--help", NULL), CLI_OK);
  assert_int_equal(parse(&v, "a", "-h", "--nonsense", NULL), CLI_OK);
}

static void nearest_is_two_errors_away(void **state) {
  (void)state;
  static const char *const names[] = {"train", "encrypt", "decrypt", "infer"};
  assert_string_equal(cli_options_nearest("trian", names, 4), "train");
  assert_string_equal(cli_options_nearest("encryp", names, 4), "encrypt");
  assert_string_equal(cli_options_nearest("dcrypt", names, 4), "decrypt");
  assert_string_equal(cli_options_nearest("inferr", names, 4), "infer");
  assert_null(cli_options_nearest("walk", names, 4));
  assert_null(cli_options_nearest("", names, 4));
  assert_null(cli_options_nearest("a-name-that-is-longer-than-thirty-two-letters", names, 4));
}

typedef struct taken {
  size_t n;
  uint64_t value[32];
} taken;

static void take(void *context, uint64_t i) {
  taken *t = context;
  assert_true(t->n < 32);
  t->value[t->n++] = i;
}

static void ranges(void **state) {
  (void)state;
  taken t = {0};
  static const uint64_t expected[] = {0, 5, 6, 7, 8, 9, 3, 3};
  assert_int_equal(cli_options_ranges("0,5-9,3,3-3", 9, take, &t), 0);
  assert_int_equal(t.n, 8);
  assert_memory_equal(t.value, expected, sizeof expected);
  static const char *const bad[] = {
      "",     ",", "1,",  ",1",  "10",   "5-10", "5-4", "1-",    "-1",
      "1--2", "a", "1 2", "1;2", "1,2,", "0x1",  "1.5", "1-2-3", "99999999999999999999999999"};
  for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
    t.n = 0;
    assert_int_equal(cli_options_ranges(bad[i], 9, take, &t), -1);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(defaults_stay),
      cmocka_unit_test(every_form_is_taken),
      cmocka_unit_test(numbers_keep_their_limits),
      cmocka_unit_test(choices_are_whole_names),
      cmocka_unit_test(wrong_lines_are_refused),
      cmocka_unit_test(help_ends_it),
      cmocka_unit_test(nearest_is_two_errors_away),
      cmocka_unit_test(ranges),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
