/* SPDX-License-Identifier: Apache-2.0 */
/* Which table ring_kernel_get gives, and what CKKS_KERNEL changes. */
#define _POSIX_C_SOURCE 200809L
#include "base/cpu.h"
#include "ring/kernel/kernel.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* NULL where this binary has no such table. */
static const ring_kernel *table(const char *name) {
  for (int i = 0; ring_kernel_at(i) != NULL; i++) {
    if (strcmp(ring_kernel_at(i)->name, name) == 0)
      return ring_kernel_at(i);
  }
  return NULL;
}

static const ring_kernel *get_with(const char *value, ring_word_kind kind) {
  assert_int_equal(setenv("CKKS_KERNEL", value, 1), 0);
  const ring_kernel *kernel = ring_kernel_get(kind);
  unsetenv("CKKS_KERNEL");
  return kernel;
}

/* The fastest table of f64 words by what the CPU says, without the choice's own code. */
static const char *fastest_name(void) {
  if (table("avx512") != NULL && base_cpu_get()->avx512f_dq_ifma)
    return "avx512";
  return table("avx2") != NULL && base_cpu_get()->avx2_fma ? "avx2" : "scalar-f64";
}

static const char *fastest_u64_name(void) {
  return strcmp(fastest_name(), "avx512") == 0 ? "avx512-u64" : "scalar-u64";
}

static void every_table_is_complete(void **state) {
  (void)state;
  int n = 0;
  for (; ring_kernel_at(n) != NULL; n++) {
    /* After the name and the kind come function pointers only. */
    void (*const *entry)(void) = (void (*const *)(void))(const void *)&ring_kernel_at(n)->ntt_build;
    size_t n_entries = (sizeof(ring_kernel) - offsetof(ring_kernel, ntt_build)) / sizeof *entry;
    for (size_t i = 0; i < n_entries; i++)
      assert_true(entry[i] != NULL);
    for (int other = 0; other < n; other++)
      assert_string_not_equal(ring_kernel_at(n)->name, ring_kernel_at(other)->name);
  }
  assert_true(n >= 2);
  assert_null(ring_kernel_at(-1));
  assert_null(ring_kernel_at(n + 1));
}

static void scalar_tables_are_always_there(void **state) {
  (void)state;
  assert_non_null(table("scalar-u64"));
  assert_non_null(table("scalar-f64"));
  assert_true(ring_kernel_usable(table("scalar-u64")));
  assert_true(ring_kernel_usable(table("scalar-f64")));
}

static void fastest_is_the_default(void **state) {
  (void)state;
  unsetenv("CKKS_KERNEL");
  assert_string_equal(ring_kernel_get(RING_F64)->name, fastest_name());
  assert_string_equal(ring_kernel_get(RING_U64)->name, fastest_u64_name());
}

static void environment_names_a_table(void **state) {
  (void)state;
  assert_ptr_equal(get_with("scalar", RING_F64), table("scalar-f64"));
  assert_ptr_equal(get_with("scalar", RING_U64), table("scalar-u64"));
  if (table("avx2") != NULL && ring_kernel_usable(table("avx2")))
    assert_ptr_equal(get_with("avx2", RING_F64), table("avx2"));
  if (table("avx512") != NULL && ring_kernel_usable(table("avx512")))
    assert_ptr_equal(get_with("avx512", RING_F64), table("avx512"));
  if (table("avx512-u64") != NULL && ring_kernel_usable(table("avx512-u64")))
    assert_ptr_equal(get_with("avx512", RING_U64), table("avx512-u64"));
}

/* Names that mean nothing here, for this kind or at all, leave the default. */
static void other_names_change_nothing(void **state) {
  (void)state;
  static const char *const names[] = {"",     "avx",     "scal", "avx20",
                                      "AVX2", "scalar-", "neon", "avx2-"};
  for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
    assert_string_equal(get_with(names[i], RING_F64)->name, fastest_name());
  assert_string_equal(get_with("avx2", RING_U64)->name, fastest_u64_name());
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(every_table_is_complete),
      cmocka_unit_test(scalar_tables_are_always_there),
      cmocka_unit_test(fastest_is_the_default),
      cmocka_unit_test(environment_names_a_table),
      cmocka_unit_test(other_names_change_nothing),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
