/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which table computes. RING_KERNEL_X86 is 1 in builds of which avx2.c, avx512.c and u64_avx512.c
 * are part; kernel/scalar.c asks too, no other file.
 */
#include "base/cpu.h"
#include "ring/kernel/tables.h"

#include <stdlib.h>
#include <string.h>

/* Slowest first within each kind: the choice walks backwards. */
static const ring_kernel *const tables[] = {
    &ring_kernel_scalar_u64, &ring_kernel_scalar_f64,
#if RING_KERNEL_X86
    &ring_kernel_avx2,       &ring_kernel_avx512,     &ring_kernel_avx512_u64,
#endif
};
#define N_TABLES ((int)(sizeof tables / sizeof tables[0]))

const ring_kernel *ring_kernel_at(int index) {
  return index >= 0 && index < N_TABLES ? tables[index] : NULL;
}

bool ring_kernel_usable(const ring_kernel *kernel) {
  if (strcmp(kernel->name, "avx2") == 0)
    return base_cpu_get()->avx2_fma;
  if (strncmp(kernel->name, "avx512", 6) == 0)
    return base_cpu_get()->avx512f_dq_ifma;
  return true;
}

/* CKKS_KERNEL=scalar, or avx512, means a table of each kind: a name matches up to its '-'. */
static bool is_named(const ring_kernel *kernel, const char *name) {
  size_t length = strlen(name);
  return strncmp(kernel->name, name, length) == 0 &&
         (kernel->name[length] == '\0' || kernel->name[length] == '-');
}

/* The last usable table of this kind, of those called `name` where one is given. */
static const ring_kernel *fastest(ring_word_kind kind, const char *name) {
  for (int i = N_TABLES - 1; i >= 0; i--) {
    if (tables[i]->kind == kind && (name == NULL || is_named(tables[i], name)) &&
        ring_kernel_usable(tables[i]))
      return tables[i];
  }
  return NULL;
}

const ring_kernel *ring_kernel_get(ring_word_kind kind) {
  const char *name = getenv("CKKS_KERNEL");
  /* A name that this CPU cannot honour, or that has no table of this kind, is no reason to fail. */
  const ring_kernel *named = name != NULL && *name != '\0' ? fastest(kind, name) : NULL;
  return named != NULL ? named : fastest(kind, NULL);
}
