/* SPDX-License-Identifier: Apache-2.0 */
/* Lists of names: made, judged, given back when memory runs out half way. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "encoding/encoding.h"
#include "heap.h"

static void test_made(void **state) {
  (void)state;
  char **names = NULL;
  assert_int_equal(encoding_names_init(&names, "x", 12), CKKS_OK);
  assert_string_equal(names[0], "x0");
  assert_string_equal(names[11], "x11");
  assert_int_equal(encoding_names_check_list(names, 12, "features"), CKKS_OK);
  assert_int_equal(encoding_names_check_list(NULL, 0, "features"), CKKS_OK);
  encoding_names_free(names, 12);
  encoding_names_free(NULL, 3);
}

static void assert_refused(const char *const *names, size_t n, const char *words) {
  assert_int_equal(encoding_names_check_list((char *const *)names, n, "labels"), CKKS_ERROR_FORMAT);
  if (strstr(base_last_error(), words) == NULL)
    fail_msg("\"%s\" does not say \"%s\"", base_last_error(), words);
}

/* Of a name that is none the place is said, of two that are one the name. */
static void test_refused(void **state) {
  (void)state;
  char long_name[ENCODING_MAX_NAME_BYTES + 2];
  memset(long_name, 'n', sizeof long_name - 1);
  long_name[sizeof long_name - 1] = '\0';
  assert_refused((const char *[]){"b", ""}, 2, "labels[1]: empty");
  assert_refused((const char *[]){"b", NULL}, 2, "labels[1]: empty");
  assert_refused((const char *[]){"a\nb", "b"}, 2, "labels[0]: not printable");
  assert_refused((const char *[]){"a", "b", long_name}, 3,
                 "labels[2]: 256 bytes where at most 255");
  assert_refused((const char *[]){"b", "a", "c", "a"}, 4, "labels: \"a\" occurs twice");
  long_name[ENCODING_MAX_NAME_BYTES] = '\0';
  assert_int_equal(
      encoding_names_check_list((char *const *)(const char *[]){long_name, "n"}, 2, "labels"),
      CKKS_OK);
}

static void test_memory(void **state) {
  (void)state;
  ckks_status status;
  char **names = NULL;
  long k = 0;
  do {
    base_alloc_fail_at(++k);
    status = encoding_names_init(&names, "", 3);
    if (status == CKKS_OK)
      status = encoding_names_check_list(names, 3, "labels");
    base_alloc_fail_at(0);
    assert_true(status == CKKS_OK || status == CKKS_ERROR_MEMORY);
    encoding_names_free(names, 3);
  } while (status != CKKS_OK);
  assert_int_equal(k, 1 + 3 + 1 + 1); /* the list, its names, the sorted copy */
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_made), cmocka_unit_test(test_refused),
                                     cmocka_unit_test(test_memory)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
