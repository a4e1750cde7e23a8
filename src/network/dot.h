/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NETWORK_DOT_H
#define NETWORK_DOT_H
#include <stddef.h>

/** Sum of a[i] b[i], always added up in the same order (four partial sums). */
double network_dot(const double *a, const double *b, size_t n);
#endif
