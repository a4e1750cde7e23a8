/* SPDX-License-Identifier: Apache-2.0 */
/* What a program leaves in the memory that it gives back, and what it asks of the disk. Every
 * program of tests/many.c is linked so that free(), posix_memalign() and fsync() pass by here. */
#ifndef TESTS_HEAP_H
#define TESTS_HEAP_H
#include <stddef.h>

#define TEST_HEAP_MAX 32

/** Blocks given back since test_heap_begin, and those of them that were not all zero. */
typedef struct test_heap {
  size_t n_freed, n_unwiped;
  size_t unwiped_bytes[TEST_HEAP_MAX];
} test_heap;

/** One at a time, one thread. Blocks that were taken before it count when given back. */
void test_heap_begin(test_heap *heap);
void test_heap_end(void);

/** The k-th allocation from now (k = 1, 2, ...) of this process's own code fails once; 0 = never.
 */
void base_alloc_fail_at(long k);
/** Allocations so far, those that failed among them. */
long base_alloc_count(void);

/** How often fsync was called since the program began. */
long test_fsync_count(void);
#endif
