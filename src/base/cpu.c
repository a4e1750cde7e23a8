/* SPDX-License-Identifier: Apache-2.0 */
#include "base/cpu.h"

#include <pthread.h>
#include <string.h>

static base_cpu cpu;
static pthread_once_t asked = PTHREAD_ONCE_INIT;

#if defined(__x86_64__)
#include <cpuid.h>

/* Leaves 0x80000002..4 of CPUID hold the brand string, 16 bytes each. */
static void read_name(char name[64]) {
  unsigned words[12] = {0};
  if ((unsigned)__get_cpuid_max(0x80000000U, NULL) < 0x80000004U)
    return;
  for (unsigned leaf = 0; leaf < 3; leaf++) {
    unsigned *w = words + 4 * leaf;
    __get_cpuid(0x80000002U + leaf, &w[0], &w[1], &w[2], &w[3]);
  }
  char text[sizeof words + 1] = {0};
  memcpy(text, words, sizeof words);
  const char *start = text + strspn(text, " ");
  size_t length = strlen(start);
  while (length > 0 && start[length - 1] == ' ')
    length--;
  if (length > 0) {
    memcpy(name, start, length);
    name[length] = '\0';
  }
}

static void ask(void) {
  strcpy(cpu.name, "unknown");
  read_name(cpu.name);
  /* These builtins ask the operating system too whether it saves the registers. */
  __builtin_cpu_init();
  cpu.avx2_fma = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
  cpu.avx512f_dq_ifma = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
                        __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512ifma");
}
#else
static void ask(void) {
  strcpy(cpu.name, "unknown");
}
#endif

const base_cpu *base_cpu_get(void) {
  pthread_once(&asked, ask);
  return &cpu;
}
