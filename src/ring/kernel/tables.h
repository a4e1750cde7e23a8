/* SPDX-License-Identifier: Apache-2.0 */
/* The tables that the files of this folder fill; only select.c and they name them. */
#ifndef RING_KERNEL_TABLES_H
#define RING_KERNEL_TABLES_H
#include "ring/kernel/kernel.h"

extern const ring_kernel ring_kernel_scalar_u64;
extern const ring_kernel ring_kernel_scalar_f64;
extern const ring_kernel ring_kernel_avx2;   /* x86-64 builds only */
extern const ring_kernel ring_kernel_avx512; /* x86-64 builds only */
#endif
