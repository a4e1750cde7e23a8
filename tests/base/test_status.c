/* SPDX-License-Identifier: Apache-2.0 */
#include "base/status.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void fail_records_and_returns(void **state) {
  (void)state;
  assert_int_equal(base_fail(CKKS_ERROR_LEVEL, "level %d of %s", 3, "chain"), CKKS_ERROR_LEVEL);
  assert_string_equal(base_last_error(), "level 3 of chain");
  assert_int_equal(base_fail(CKKS_ERROR_KEY, "%s", ""), CKKS_ERROR_KEY);
  assert_string_equal(base_last_error(), "");
}

static void context_goes_in_front(void **state) {
  (void)state;
  base_fail(CKKS_ERROR_FORMAT, "too short");
  assert_int_equal(base_fail_in(CKKS_ERROR_FORMAT, "file %d", 7), CKKS_ERROR_FORMAT);
  assert_string_equal(base_last_error(), "file 7: too short");
  base_fail_in(CKKS_ERROR_FORMAT, "outer");
  assert_string_equal(base_last_error(), "outer: file 7: too short");
}

static void a_message_may_quote_the_last(void **state) {
  (void)state;
  base_fail(CKKS_ERROR_IO, "inner");
  base_fail(CKKS_ERROR_IO, "<%s>", base_last_error());
  assert_string_equal(base_last_error(), "<inner>");
}

static void control_characters_are_replaced(void **state) {
  (void)state;
  base_fail(CKKS_ERROR_IO, "a\n\x1b[31mb\x7f\tc");
  assert_string_equal(base_last_error(), "a??[31mb??c");
  base_fail(CKKS_ERROR_IO, "C1 \xc2\x9b"
                           "2J, NEL \xc2\x85 and \xc3\xa9\xc2\xa0.");
  assert_string_equal(base_last_error(), "C1 ??2J, NEL ?? and \xc3\xa9\xc2\xa0.");
  /* What turns the direction of writing, the first and the last of each kind, and neighbours. */
  base_fail(CKKS_ERROR_IO, "%s",
            "a\xe2\x80\xae"
            "b\xe2\x81\xa6\xd8\x9c"
            "c\xe2\x80\x8e.");
  assert_string_equal(base_last_error(), "a???b?????c???.");
  base_fail(CKKS_ERROR_IO, "%s", "\xe2\x80\xad\xe2\x81\xaa\xe2\x80\x90\xd8\x9d");
  assert_string_equal(base_last_error(), "???\xe2\x81\xaa\xe2\x80\x90\xd8\x9d");
}

static void long_messages_are_cut(void **state) {
  (void)state;
  char text[2000];
  memset(text, 'x', sizeof text - 1);
  text[sizeof text - 1] = '\0';
  base_fail(CKKS_ERROR_IO, "%s", text);
  assert_int_equal(strlen(base_last_error()), 511);
  base_fail_in(CKKS_ERROR_IO, "%s", text);
  assert_int_equal(strlen(base_last_error()), 511);
  base_fail(CKKS_ERROR_IO, "%.*s", 511, text);
  assert_int_equal(strlen(base_last_error()), 511);
  base_fail_in(CKKS_ERROR_IO, "front");
  assert_int_equal(strlen(base_last_error()), 511);
  assert_memory_equal(base_last_error(), "front: xxx", 10);
}

/* Wherever the cut falls in a character, what is left is whole characters. */
static void a_cut_leaves_whole_characters(void **state) {
  (void)state;
  static const char *const characters[] = {"\xc3\xa9", "\xe2\x82\xac", "\xf0\x9f\x94\x91"};
  for (size_t c = 0; c < 3; c++) {
    size_t size = strlen(characters[c]);
    for (size_t offset = 0; offset < size; offset++) {
      char text[1200] = "";
      memset(text, '.', offset);
      while (strlen(text) + size < sizeof text)
        strcat(text, characters[c]);
      base_fail(CKKS_ERROR_IO, "%s", text);
      size_t length = strlen(base_last_error());
      assert_in_range(length, 511 - size + 1, 511);
      assert_int_equal((length - offset) % size, 0);
      assert_memory_equal(base_last_error(), text, length);
    }
  }
}

static void *fail_elsewhere(void *argument) {
  *(bool *)argument = base_last_error()[0] == '\0';
  base_fail(CKKS_ERROR_IO, "elsewhere");
  return NULL;
}

static void each_thread_has_its_own(void **state) {
  (void)state;
  base_fail(CKKS_ERROR_IO, "here");
  bool was_empty = false;
  pthread_t thread;
  assert_int_equal(pthread_create(&thread, NULL, fail_elsewhere, &was_empty), 0);
  pthread_join(thread, NULL);
  assert_true(was_empty);
  assert_string_equal(base_last_error(), "here");
}

static ckks_status tries(ckks_status first, int *reached) {
  BASE_TRY(first);
  *reached = 1;
  return CKKS_OK;
}

static ckks_status jumps(ckks_status first, int *cleaned) {
  ckks_status status;
  BASE_GOTO(status, first, out);
  BASE_GOTO(status, CKKS_ERROR_RANGE, out);
out:
  *cleaned = 1;
  return status;
}

static void macros_leave_on_error(void **state) {
  (void)state;
  int reached = 0, cleaned = 0;
  assert_int_equal(tries(CKKS_ERROR_KEY, &reached), CKKS_ERROR_KEY);
  assert_false(reached);
  assert_int_equal(tries(CKKS_OK, &reached), CKKS_OK);
  assert_true(reached);
  assert_int_equal(jumps(CKKS_ERROR_KEY, &cleaned), CKKS_ERROR_KEY);
  assert_true(cleaned);
  assert_int_equal(jumps(CKKS_OK, &cleaned), CKKS_ERROR_RANGE);
}

static void memory_failure_names_the_bytes(void **state) {
  (void)state;
  assert_int_equal(base_fail_memory(12345), CKKS_ERROR_MEMORY);
  assert_non_null(strstr(base_last_error(), "12345"));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(fail_records_and_returns),
      cmocka_unit_test(context_goes_in_front),
      cmocka_unit_test(a_message_may_quote_the_last),
      cmocka_unit_test(control_characters_are_replaced),
      cmocka_unit_test(long_messages_are_cut),
      cmocka_unit_test(a_cut_leaves_whole_characters),
      cmocka_unit_test(each_thread_has_its_own),
      cmocka_unit_test(macros_leave_on_error),
      cmocka_unit_test(memory_failure_names_the_bytes),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
