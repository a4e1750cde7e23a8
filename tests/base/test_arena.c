/* SPDX-License-Identifier: Apache-2.0 */
#include "base/arena.h"
#include "heap.h"

#include "base/alloc.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static void pieces_are_aligned_and_apart(void **state) {
  (void)state;
  base_arena arena;
  assert_int_equal(base_arena_init(&arena, 64 * 100), CKKS_OK);
  unsigned char *last = NULL;
  for (size_t size = 1; size <= 20; size++) {
    unsigned char *piece = base_arena_take(&arena, size * 7);
    assert_int_equal((uintptr_t)piece % 64, 0);
    memset(piece, (int)size, size * 7);
    if (last != NULL) {
      assert_true(piece >= last + (size - 1) * 7);
      assert_int_equal(last[(size - 1) * 7 - 1], size - 1);
    }
    last = piece;
  }
  base_arena_clear(&arena);
}

static void sizes_add_up(void **state) {
  (void)state;
  assert_int_equal(base_arena_size(0), 0);
  assert_int_equal(base_arena_size(1), 64);
  assert_int_equal(base_arena_size(64), 64);
  assert_int_equal(base_arena_size(65), 128);
  base_arena arena;
  /* Full to the last byte, where a sanitizer would see one byte more. */
  size_t capacity = base_arena_size(10) + base_arena_size(64) + base_arena_size(100);
  assert_int_equal(base_arena_init(&arena, capacity), CKKS_OK);
  memset(base_arena_take(&arena, 10), 1, 64);
  memset(base_arena_take(&arena, 64), 2, 64);
  memset(base_arena_take(&arena, 100), 3, 128);
  assert_int_equal(arena.used_bytes, capacity);
  assert_int_equal(arena.capacity_bytes, capacity);
  base_arena_clear(&arena);
}

static void marks_work_as_a_stack(void **state) {
  (void)state;
  base_arena arena;
  assert_int_equal(base_arena_init(&arena, 1000), CKKS_OK);
  void *bottom = base_arena_take(&arena, 100);
  size_t mark = base_arena_mark(&arena);
  void *upper = base_arena_take(&arena, 500);
  assert_ptr_not_equal(bottom, upper);
  base_arena_reset(&arena, mark);
  assert_ptr_equal(base_arena_take(&arena, 1), upper);
  base_arena_reset(&arena, 0);
  assert_ptr_equal(base_arena_take(&arena, 1), bottom);
  assert_int_equal(arena.used_bytes, 64);
  assert_int_equal(arena.peak_bytes, 128 + 512);
  base_arena_clear(&arena);
  assert_null(arena.memory);
  assert_int_equal(arena.capacity_bytes, 0);
  base_arena_clear(&arena); /* twice does no harm */
}

static void without_memory_it_says_so(void **state) {
  (void)state;
  base_arena arena;
  base_alloc_fail_at(1);
  assert_int_equal(base_arena_init(&arena, 4321), CKKS_ERROR_MEMORY);
  assert_non_null(strstr(base_last_error(), "4321"));
  assert_null(arena.memory);
  base_arena_clear(&arena);
  assert_int_equal(base_arena_init(&arena, SIZE_MAX), CKKS_ERROR_MEMORY);
  assert_int_equal(base_arena_init(&arena, SIZE_MAX / 2), CKKS_ERROR_MEMORY);
  assert_int_equal(base_arena_init(&arena, 0), CKKS_OK);
  base_arena_clear(&arena);
}

static void clearing_wipes_what_was_used(void **state) {
  (void)state;
  base_arena arena;
  test_heap heap;
  assert_int_equal(base_arena_init(&arena, 4096), CKKS_OK);
  memset(base_arena_take(&arena, 3000), 7, 3000);
  test_heap_begin(&heap);
  base_arena_clear(&arena);
  test_heap_end();
  assert_int_equal(heap.n_freed, 1);
  assert_int_equal(heap.n_unwiped, 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(clearing_wipes_what_was_used),
      cmocka_unit_test(pieces_are_aligned_and_apart),
      cmocka_unit_test(sizes_add_up),
      cmocka_unit_test(marks_work_as_a_stack),
      cmocka_unit_test(without_memory_it_says_so),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
