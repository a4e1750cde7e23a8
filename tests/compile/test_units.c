/* SPDX-License-Identifier: Apache-2.0 */
/* The file of unit costs: written, read back, refused when it is not right. No clock is asked. */
#define _DEFAULT_SOURCE /* mkdtemp, setenv */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/alloc.h"
#include "base/cpu.h"
#include "base/file.h"
#include "compile/compile.h"
#include "compile/units.h"
#include "ring/kernel/kernel.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char folder[] = "/tmp/test_units_XXXXXX";
static char path[64];

static const compile_units example = {0.2, 0.3, 0.75, 0.125, 0.25, 0.5, 1.5, 2.0, 0.625};

static int set_up(void **unused) {
  (void)unused;
  if (mkdtemp(folder) == NULL)
    return 1;
  snprintf(path, sizeof path, "%s/units.json", folder);
  return 0;
}

static int tear_down(void **unused) {
  (void)unused;
  remove(path);
  return rmdir(folder);
}

static void assert_same(const compile_units *a, const compile_units *b) {
  compile_units x = *a, y = *b;
  for (int i = 0; i < COMPILE_N_UNITS; i++)
    assert_true(*compile_units_field(&x, &compile_units_table[i]) ==
                *compile_units_field(&y, &compile_units_table[i]));
}

/* Every field of the struct has its name in the table. */
static void test_table(void **unused) {
  (void)unused;
  assert_int_equal(sizeof(compile_units), COMPILE_N_UNITS * sizeof(double));
  for (int i = 0; i < COMPILE_N_UNITS; i++)
    assert_int_equal(compile_units_table[i].offset, (size_t)i * sizeof(double));
}

static void test_round_trip(void **unused) {
  (void)unused;
  compile_units read = {0};
  assert_int_equal(compile_units_write(path, &example), CKKS_OK);
  assert_int_equal(compile_units_read(&read, path), CKKS_OK);
  assert_same(&read, &example);
  assert_int_equal(compile_units_write(path, &compile_options_units), CKKS_OK);
  assert_int_equal(compile_units_read(&read, path), CKKS_OK);
  assert_same(&read, &compile_options_units);
}

/* Writes a file for this machine whose butterfly is `value`, and reads it. */
static ckks_status read_text(compile_units *units, const char *cpu, const char *value) {
  char text[1024];
  int n = snprintf(text, sizeof text,
                   "{\"cpu\": \"%s\", \"kernel\": \"%s\", \"ntt_butterfly_ns\": %s,"
                   " \"mac_word_ns\": 1, \"mac_far_word_ns\": 1, \"convert_word_ns\": 1,"
                   " \"permute_word_ns\": 1, \"point_word_ns\": 1, \"sum_word_ns\": 1,"
                   " \"sum_far_word_ns\": 1, \"point_far_word_ns\": 1}",
                   cpu, ring_kernel_get(RING_F64)->name, value);
  assert_int_equal(base_file_write(path, text, (size_t)n, 0600), CKKS_OK);
  return compile_units_read(units, path);
}

static void test_refusals(void **unused) {
  (void)unused;
  const char *here = base_cpu_get()->name;
  static const char *const bad[] = {"0", "-1", "1e5", "1e-9", "null", "\"1\"", "[1]", "true"};
  compile_units units = example;
  assert_int_equal(read_text(&units, here, "0.5"), CKKS_OK);
  assert_true(units.ntt_butterfly_ns == 0.5 && units.sum_word_ns == 1.0);
  units = example;
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
    assert_int_equal(read_text(&units, here, bad[i]), CKKS_ERROR_FORMAT);
    assert_non_null(strstr(base_last_error(), "ntt_butterfly_ns"));
    assert_non_null(strstr(base_last_error(), path));
    assert_same(&units, &example);
  }
  assert_int_equal(read_text(&units, "some other machine", "0.5"), CKKS_ERROR_MISMATCH);
  assert_non_null(strstr(base_last_error(), "some other machine"));
  assert_int_equal(read_text(&units, here, "0.5, \"cpu\": \"twice\""), CKKS_ERROR_FORMAT);
  assert_int_equal(read_text(&units, here, "0.5 0.5"), CKKS_ERROR_FORMAT);
  assert_int_equal(base_file_write(path, "{}", 2, 0600), CKKS_OK);
  assert_int_equal(compile_units_read(&units, path), CKKS_ERROR_FORMAT);
  remove(path);
  assert_int_equal(compile_units_read(&units, path), CKKS_ERROR_IO);
  assert_same(&units, &example);
}

/* XDG_CACHE_HOME, else HOME; relative paths are ignored, as the XDG specification has it. */
static void test_cache_path(void **unused) {
  (void)unused;
  char *cache;
  setenv("HOME", "/home/somebody", 1);
  setenv("XDG_CACHE_HOME", "/var/cache/own", 1);
  assert_int_equal(compile_units_cache_path(&cache), CKKS_OK);
  assert_string_equal(cache, "/var/cache/own/blindsight/units.json");
  base_free(cache);
  setenv("XDG_CACHE_HOME", "relative", 1);
  assert_int_equal(compile_units_cache_path(&cache), CKKS_OK);
  assert_string_equal(cache, "/home/somebody/.cache/blindsight/units.json");
  base_free(cache);
  unsetenv("XDG_CACHE_HOME");
  unsetenv("HOME");
  assert_int_equal(compile_units_cache_path(&cache), CKKS_OK);
  assert_null(cache);
}

/* Folders that are missing are made. */
static void test_folders(void **unused) {
  (void)unused;
  char deep[128], inner[96];
  compile_units read;
  snprintf(inner, sizeof inner, "%s/cache/blindsight", folder);
  snprintf(deep, sizeof deep, "%s/units.json", inner);
  assert_int_equal(compile_units_write(deep, &example), CKKS_OK);
  assert_int_equal(compile_units_read(&read, deep), CKKS_OK);
  remove(deep);
  rmdir(inner);
  snprintf(inner, sizeof inner, "%s/cache", folder);
  rmdir(inner);
}

/* Real measurements: whatever the machine, they are positive and no butterfly takes a microsecond.
 */
static void test_measure(void **unused) {
  (void)unused;
  compile_units units;
  ckks_status status = compile_units_measure(&units);
  if (status == CKKS_ERROR_RANGE) /* too busy a machine, and it says so */
    return;
  assert_int_equal(status, CKKS_OK);
  for (int i = 0; i < COMPILE_N_UNITS; i++)
    assert_true(*compile_units_field(&units, &compile_units_table[i]) > 0.0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_table),    cmocka_unit_test(test_round_trip),
      cmocka_unit_test(test_refusals), cmocka_unit_test(test_cache_path),
      cmocka_unit_test(test_folders),  cmocka_unit_test(test_measure),
  };
  return cmocka_run_group_tests(tests, set_up, tear_down);
}
