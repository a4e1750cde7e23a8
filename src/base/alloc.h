/* SPDX-License-Identifier: Apache-2.0 */
/* All heap memory of the libraries: zeroed, 64-byte aligned, from posix_memalign (where tests make
 * it fail: tests/heap.h). */
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
#endif
