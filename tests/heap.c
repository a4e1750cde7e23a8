/* SPDX-License-Identifier: Apache-2.0 */
#define _DEFAULT_SOURCE
#include "heap.h"

#include <errno.h>
#include <malloc.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

void __real_free(void *pointer);
void __wrap_free(void *pointer);
int __real_posix_memalign(void **out, size_t alignment, size_t n_bytes);
int __wrap_posix_memalign(void **out, size_t alignment, size_t n_bytes);
int __real_fsync(int fd);
int __wrap_fsync(int fd);

static test_heap *watched;
static atomic_long n_fsyncs;
/* Of base_alloc, the only one that calls posix_memalign. */
static atomic_long n_allocations, until_failure;

void test_heap_begin(test_heap *heap) {
  memset(heap, 0, sizeof *heap);
  watched = heap;
}

void test_heap_end(void) {
  watched = NULL;
}

static int is_zero(const unsigned char *bytes, size_t n_bytes) {
  for (size_t i = 0; i < n_bytes; i++)
    if (bytes[i] != 0)
      return 0;
  return 1;
}

void __wrap_free(void *pointer) {
  if (watched && pointer) {
    size_t n_bytes = malloc_usable_size(pointer);
    watched->n_freed++;
    if (!is_zero(pointer, n_bytes)) {
      if (watched->n_unwiped < TEST_HEAP_MAX)
        watched->unwiped_bytes[watched->n_unwiped] = n_bytes;
      watched->n_unwiped++;
    }
  }
  __real_free(pointer);
}

void base_alloc_fail_at(long k) {
  atomic_store(&until_failure, k);
}

long base_alloc_count(void) {
  return atomic_load(&n_allocations);
}

/* Counts this allocation; true when it is the one that was chosen to fail. */
static int is_to_fail(void) {
  atomic_fetch_add(&n_allocations, 1);
  if (atomic_load(&until_failure) <= 0)
    return 0;
  /* Two threads may both come here at 1: only one of them takes it to 0. */
  return atomic_fetch_sub(&until_failure, 1) == 1;
}

/* What lies between the size that was asked for and the next block is not the caller's to wipe. */
int __wrap_posix_memalign(void **out, size_t alignment, size_t n_bytes) {
  if (is_to_fail())
    return ENOMEM;
  int failed = __real_posix_memalign(out, alignment, n_bytes);
  if (!failed) {
    size_t whole = malloc_usable_size(*out);
    memset((char *)*out + n_bytes, 0, whole - n_bytes);
  }
  return failed;
}

int __wrap_fsync(int fd) {
  n_fsyncs++;
  return __real_fsync(fd);
}

long test_fsync_count(void) {
  return n_fsyncs;
}
