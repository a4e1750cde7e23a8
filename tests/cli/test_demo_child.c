/* SPDX-License-Identifier: Apache-2.0 */
/* Processes: what they print, how they end, what of them is left. */
#define _POSIX_C_SOURCE 200809L
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/file.h"
#include "cli/cli.h"
#include "cli/demo/demo_child.h"

static char folder[] = "/tmp/test_demo_child.XXXXXX", messages[64];

static int set_up(void **state) {
  (void)state;
  if (mkdtemp(folder) == NULL)
    return -1;
  snprintf(messages, sizeof messages, "%s/messages", folder);
  return 0;
}

static int tear_down(void **state) {
  (void)state;
  unlink(messages);
  return rmdir(folder);
}

static ckks_status run_shell(cli_demo_child *child, const char *script) {
  const char *const argv[] = {"/bin/sh", "-c", script, NULL};
  return cli_demo_child_run(child, argv, messages, false);
}

static void output_is_kept(void **state) {
  (void)state;
  cli_demo_child child;
  assert_int_equal(run_shell(&child, "printf 'one\\ntwo'; printf 'three' >&2"), CKKS_OK);
  assert_int_equal(child.n_output, 7);
  assert_string_equal((const char *)child.output, "one\ntwo");
  assert_true(child.ms > 0.0);
  base_free(child.output);
  assert_int_equal(run_shell(&child, ":"), CKKS_OK);
  assert_int_equal(child.n_output, 0);
  assert_string_equal((const char *)child.output, "");
  base_free(child.output);
}

/* More than a pipe holds. */
static void long_output_is_kept(void **state) {
  (void)state;
  cli_demo_child child;
  assert_int_equal(run_shell(&child, "seq 1 100000"), CKKS_OK);
  assert_int_equal(child.n_output, 588895);
  assert_string_equal((const char *)child.output + child.n_output - 7, "100000\n");
  base_free(child.output);
}

static void messages_are_appended(void **state) {
  (void)state;
  cli_demo_child child;
  uint8_t *text;
  size_t n;
  unlink(messages);
  assert_int_equal(run_shell(&child, "echo first >&2"), CKKS_OK);
  base_free(child.output);
  assert_int_equal(run_shell(&child, "echo second >&2"), CKKS_OK);
  base_free(child.output);
  assert_int_equal(base_file_read(&text, &n, messages, 1000), CKKS_OK);
  assert_string_equal((const char *)text, "first\nsecond\n");
  base_free(text);
}

static void failures_are_named(void **state) {
  (void)state;
  static const char *const cases[][2] = {
      {"exit 3", "sh ended with code 3"},
      {"echo a >&2; echo 'the reason' >&2; exit 1", "sh ended with code 1: the reason"},
      {"kill -9 $$", "sh was ended by signal 9"},
      {"printf 'no newline' >&2; exit 2", "sh ended with code 2: no newline"}};
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    cli_demo_child child;
    assert_int_equal(run_shell(&child, cases[i][0]), CKKS_ERROR_IO);
    assert_string_equal(base_last_error(), cases[i][1]);
    assert_null(child.output);
  }
}

/* What an earlier command said is not taken for the reason. */
static void reasons_are_of_the_same_child(void **state) {
  (void)state;
  cli_demo_child child;
  assert_int_equal(run_shell(&child, "echo earlier >&2"), CKKS_OK);
  base_free(child.output);
  assert_int_equal(run_shell(&child, "exit 5"), CKKS_ERROR_IO);
  assert_string_equal(base_last_error(), "sh ended with code 5");
}

static void programs_that_are_not_there(void **state) {
  (void)state;
  cli_demo_child child;
  const char *const argv[] = {"/nowhere/program", "word", NULL};
  assert_int_equal(cli_demo_child_run(&child, argv, messages, false), CKKS_ERROR_IO);
  assert_string_equal(base_last_error(), "/nowhere/program: cannot be started");
  const char *const shell[] = {"/bin/sh", NULL};
  assert_int_equal(cli_demo_child_run(&child, shell, "/nowhere/messages", false), CKKS_ERROR_IO);
  assert_non_null(strstr(base_last_error(), "/nowhere/messages: cannot write"));
}

/* The resident set is the child's: it grows with what the child holds. */
static void memory_is_measured(void **state) {
  (void)state;
  cli_demo_child small, large;
  assert_int_equal(run_shell(&small, ":"), CKKS_OK);
  assert_int_equal(run_shell(&large, "x=$(head -c 40000000 /dev/zero | tr '\\0' a); : $x"),
                   CKKS_OK);
  assert_in_range(small.peak_rss_bytes, 100000, 2000000000);
  assert_true(large.peak_rss_bytes > small.peak_rss_bytes + 30000000);
  base_free(small.output);
  base_free(large.output);
}

static int count_descriptors(void) {
  int n = 0;
  DIR *open_files = opendir("/proc/self/fd");
  assert_non_null(open_files);
  while (readdir(open_files) != NULL)
    n++;
  closedir(open_files);
  return n;
}

static void nothing_stays_open(void **state) {
  (void)state;
  cli_demo_child child;
  int before = count_descriptors();
  assert_int_equal(run_shell(&child, "echo x"), CKKS_OK);
  base_free(child.output);
  assert_int_equal(run_shell(&child, "exit 1"), CKKS_ERROR_IO);
  assert_int_equal(count_descriptors(), before);
  /* Nor does the child hold what is not its own: standard streams and ls's own folder. */
  assert_int_equal(run_shell(&child, "ls /proc/self/fd | wc -l"), CKKS_OK);
  long in_child = strtol((const char *)child.output, NULL, 10);
  assert_true(in_child >= 3 && in_child <= before);
  base_free(child.output);
}

static void every_allocation_may_fail(void **state) {
  (void)state;
  cli_demo_child child;
  for (long k = 1;; k++) {
    base_alloc_fail_at(k);
    ckks_status status = run_shell(&child, "seq 1 3000");
    base_alloc_fail_at(0);
    if (status == CKKS_OK) {
      assert_true(k > 2);
      base_free(child.output);
      return;
    }
    /* The child may have been stopped for it, and that is said instead. */
    assert_true(status == CKKS_ERROR_MEMORY || status == CKKS_ERROR_IO);
    assert_null(child.output);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(output_is_kept),
      cmocka_unit_test(long_output_is_kept),
      cmocka_unit_test(messages_are_appended),
      cmocka_unit_test(failures_are_named),
      cmocka_unit_test(reasons_are_of_the_same_child),
      cmocka_unit_test(programs_that_are_not_there),
      cmocka_unit_test(memory_is_measured),
      cmocka_unit_test(nothing_stays_open),
      cmocka_unit_test(every_allocation_may_fail),
  };
  return cmocka_run_group_tests(tests, set_up, tear_down);
}
