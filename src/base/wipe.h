/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BASE_WIPE_H
#define BASE_WIPE_H
#include <stddef.h>
/** Zeroes memory in a way that the compiler may not remove. */
void base_wipe(void *memory, size_t n_bytes);
/** True when equal; takes the same time whatever the bytes. */
int base_equal(const void *a, const void *b, size_t n_bytes);
#endif
