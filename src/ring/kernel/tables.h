/* SPDX-License-Identifier: Apache-2.0 */
/* The tables that the files of this folder fill; only ring/kernel.c and they name them. */
#ifndef RING_KERNEL_TABLES_H
#define RING_KERNEL_TABLES_H
#include "ring/kernel/kernel.h"

extern const ring_kernel ring_kernel_scalar_u64;
extern const ring_kernel ring_kernel_scalar_f64;
extern const ring_kernel ring_kernel_avx2;       /* x86-64 builds only */
extern const ring_kernel ring_kernel_avx512;     /* x86-64 builds only */
extern const ring_kernel ring_kernel_avx512_u64; /* x86-64 builds only */

/* Its transforms, of u64_avx512.c: as in kernel.h. */
ring_ntt *ring_kernel_u64_avx512_build(const ring_modulus *modulus, int log2_n, uint64_t psi);
void ring_kernel_u64_avx512_free(ring_ntt *ntt);
void ring_kernel_u64_avx512_forward(ring_word *out, const ring_word *in, const ring_ntt *ntt);
void ring_kernel_u64_avx512_forward_fetching(ring_word *out, const ring_word *in,
                                             const ring_ntt *ntt, const void *next, size_t n_bytes);
void ring_kernel_u64_avx512_inverse(ring_word *out, const ring_word *in, const ring_ntt *ntt);
#endif
