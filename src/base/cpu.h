/* SPDX-License-Identifier: Apache-2.0 */
/* The one file that asks which CPU this is. */
#ifndef BASE_CPU_H
#define BASE_CPU_H
#include <stdbool.h>
typedef struct base_cpu {
  bool avx2_fma;        /**< AVX2 and FMA, with the OS saving the registers */
  bool avx512f_dq_ifma; /**< AVX-512 F, DQ, VL and IFMA, likewise */
  char name[64];        /**< brand string, "unknown" when there is none */
} base_cpu;
const base_cpu *base_cpu_get(void);
#endif
