/* SPDX-License-Identifier: Apache-2.0 */
/* All heap memory of the libraries: zeroed but for one kind, 64-byte aligned, from posix_memalign
 * (where tests make it fail: tests/heap.h). */
#ifndef BASE_ALLOC_H
#define BASE_ALLOC_H
#include <stddef.h>

/** n zeroed bytes at a multiple of 64; NULL when there are none (n = 0 gives a valid pointer). */
void *base_alloc(size_t n_bytes);
/** As base_alloc(count * size), NULL when the product overflows. */
void *base_alloc_array(size_t count, size_t size);
/**
 * As base_alloc_array, but with anything in it, so that the pages of large blocks are first touched
 * where they are filled: by all threads that share that work. All of it must be written before
 * any of it is read, kept or sent.
 */
void *base_alloc_unset(size_t count, size_t size);
/** NULL allowed. */
void base_free(void *pointer);
/** Copy of a string, NULL when out of memory. */
char *base_strdup(const char *text);
#endif
