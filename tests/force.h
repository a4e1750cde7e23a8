/* SPDX-License-Identifier: Apache-2.0 */
/* Which table of kernels the parameters that are made next compute with. */
#ifndef TESTS_FORCE_H
#define TESTS_FORCE_H
#include "ring/kernel/kernel.h"

/** Makes ring_kernel_get(kernel->kind) return it, by CKKS_KERNEL. Not thread-safe. */
void ring_kernel_force(const ring_kernel *kernel);
#endif
