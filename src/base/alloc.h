/* SPDX-License-Identifier: Apache-2.0 */
/* All heap memory of the libraries: zeroed, 64-byte aligned, failure injectable. */
#ifndef BASE_ALLOC_H
#define BASE_ALLOC_H
#include <stddef.h>

/** n zeroed bytes at a multiple of 64; NULL when there are none (n = 0 gives a valid pointer). */
void *base_alloc(size_t n_bytes);
/** As base_alloc(count * size), NULL when the product overflows. */
void *base_alloc_array(size_t count, size_t size);
/** NULL allowed. */
void base_free(void *pointer);
/** Copy of a string, NULL when out of memory. */
char *base_strdup(const char *text);

/** Tests: the k-th allocation from now (k = 1, 2, ...) of this process fails once; 0 = never. */
void base_alloc_fail_at(long k);
/** Tests: allocations made so far. */
long base_alloc_count(void);
#endif
