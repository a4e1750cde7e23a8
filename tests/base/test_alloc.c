/* SPDX-License-Identifier: Apache-2.0 */
#include "base/alloc.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void memory_is_zeroed_and_aligned(void **state) {
  (void)state;
  for (size_t size = 0; size < 5000; size = size * 3 / 2 + 1) {
    unsigned char *first = base_alloc(size);
    assert_non_null(first);
    assert_int_equal((uintptr_t)first % 64, 0);
    memset(first, 0xa5, size);
    base_free(first);
    unsigned char *again = base_alloc(size); /* likely the same place, dirty */
    assert_non_null(again);
    for (size_t i = 0; i < size; i++)
      assert_int_equal(again[i], 0);
    base_free(again);
  }
  base_free(NULL);
}

/* Above 2 MB blocks are laid out for large pages, and are otherwise like all. */
static void large_blocks_are_zeroed_too(void **state) {
  (void)state;
  const size_t huge = (size_t)2 << 20;
  for (size_t size = huge - 1; size <= huge + 1; size++) {
    unsigned char *bytes = base_alloc(size);
    assert_non_null(bytes);
    assert_int_equal((uintptr_t)bytes % (size >= huge ? huge : 64), 0);
    assert_int_equal(bytes[0] | bytes[size / 2] | bytes[size - 1], 0);
    assert_memory_equal(bytes, bytes + 1, size - 1);
    bytes[size - 1] = 1;
    base_free(bytes);
  }
}

static void products_that_overflow_are_refused(void **state) {
  (void)state;
  assert_null(base_alloc_unset(SIZE_MAX / 2, 3));
  assert_null(base_alloc_unset((size_t)1 << 37, 8));
  unsigned char *unset = base_alloc_unset(3, (size_t)1 << 20);
  assert_non_null(unset);
  assert_int_equal((uintptr_t)unset % ((size_t)2 << 20), 0);
  memset(unset, 1, (size_t)3 << 20);
  base_free(unset);
  assert_null(base_alloc_array(SIZE_MAX / 2, 3));
  assert_null(base_alloc_array(3, SIZE_MAX / 2));
  assert_null(base_alloc_array(SIZE_MAX / 8 + 1, 8));
  assert_null(base_alloc(SIZE_MAX));
  assert_null(base_alloc(SIZE_MAX / 2));
  assert_null(base_alloc((size_t)1 << 40));
  void *empty = base_alloc_array(0, 8), *nothing = base_alloc_array(8, 0);
  assert_non_null(empty);
  assert_non_null(nothing);
  base_free(empty);
  base_free(nothing);
  uint64_t *array = base_alloc_array(100, sizeof *array);
  assert_non_null(array);
  for (int i = 0; i < 100; i++)
    assert_true(array[i] == 0);
  base_free(array);
}

static void strings_are_copied(void **state) {
  (void)state;
  char text[] = "a model";
  char *copy = base_strdup(text);
  text[0] = 'x';
  assert_string_equal(copy, "a model");
  base_free(copy);
  copy = base_strdup("");
  assert_string_equal(copy, "");
  base_free(copy);
}

static void the_chosen_allocation_fails_once(void **state) {
  (void)state;
  for (long k = 1; k <= 5; k++) {
    base_alloc_fail_at(k);
    for (long i = 1; i <= 10; i++) {
      void *pointer = base_alloc(8);
      assert_int_equal(pointer == NULL, i == k);
      base_free(pointer);
    }
  }
  base_alloc_fail_at(2);
  void *first = base_alloc_array(2, 8);
  assert_non_null(first);
  assert_null(base_strdup("second"));
  base_free(first);
  base_alloc_fail_at(1);
  base_alloc_fail_at(0);
  first = base_alloc(1);
  assert_non_null(first);
  base_free(first);
}

static void allocations_are_counted(void **state) {
  (void)state;
  long before = base_alloc_count();
  base_free(base_alloc(1));
  base_free(base_alloc_array(2, 2));
  base_free(base_strdup("three"));
  base_alloc_fail_at(1);
  assert_null(base_alloc(4)); /* an attempt counts */
  assert_int_equal(base_alloc_count() - before, 4);
}

enum { N_THREADS = 4, N_ROUNDS = 2000 };

static void *allocate_much(void *argument) {
  long *n_failed = argument;
  for (int i = 0; i < N_ROUNDS; i++) {
    void *pointer = base_alloc(16);
    *n_failed += pointer == NULL;
    base_free(pointer);
  }
  return NULL;
}

/* Exactly one of all threads' allocations fails, and none is missed in the count. */
static void threads_share_the_count(void **state) {
  (void)state;
  long before = base_alloc_count(), n_failed[N_THREADS] = {0}, sum = 0;
  pthread_t threads[N_THREADS];
  base_alloc_fail_at(N_ROUNDS);
  for (int i = 0; i < N_THREADS; i++)
    assert_int_equal(pthread_create(&threads[i], NULL, allocate_much, &n_failed[i]), 0);
  for (int i = 0; i < N_THREADS; i++) {
    pthread_join(threads[i], NULL);
    sum += n_failed[i];
  }
  assert_int_equal(sum, 1);
  assert_int_equal(base_alloc_count() - before, N_THREADS * N_ROUNDS);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(memory_is_zeroed_and_aligned),
      cmocka_unit_test(large_blocks_are_zeroed_too),
      cmocka_unit_test(products_that_overflow_are_refused),
      cmocka_unit_test(strings_are_copied),
      cmocka_unit_test(the_chosen_allocation_fails_once),
      cmocka_unit_test(allocations_are_counted),
      cmocka_unit_test(threads_share_the_count),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
