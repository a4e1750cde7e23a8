/* SPDX-License-Identifier: Apache-2.0 */
#ifndef COMPILE_PADDED_H
#define COMPILE_PADDED_H
#include <stddef.h>

/** Power of two >= n. */
size_t compile_padded(size_t n);
#endif
