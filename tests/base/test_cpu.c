/* SPDX-License-Identifier: Apache-2.0 */
#include "base/cpu.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static void it_has_a_printable_name(void **state) {
  (void)state;
  const base_cpu *cpu = base_cpu_get();
  size_t length = strlen(cpu->name);
  assert_in_range(length, 1, sizeof cpu->name - 1);
  for (size_t i = 0; i < length; i++)
    assert_in_range(cpu->name[i], 0x20, 0x7e);
  assert_int_not_equal(cpu->name[0], ' ');
  assert_int_not_equal(cpu->name[length - 1], ' ');
  assert_ptr_equal(base_cpu_get(), cpu);
}

/* Whether the kernel lists a flag for this processor; -1 where it keeps no such list. */
static int is_listed(const char *flag) {
  FILE *file = fopen("/proc/cpuinfo", "r");
  int found = -1;
  static char line[16384];
  while (file != NULL && fgets(line, sizeof line, file) != NULL) {
    if (strncmp(line, "flags", 5) != 0)
      continue;
    char wanted[32];
    snprintf(wanted, sizeof wanted, " %s ", flag);
    line[strcspn(line, "\n")] = ' ';
    found = strstr(line, wanted) != NULL;
    break;
  }
  if (file != NULL)
    fclose(file);
  return found;
}

static void it_agrees_with_the_operating_system(void **state) {
  (void)state;
  const base_cpu *cpu = base_cpu_get();
  if (is_listed("fpu") != 1)
    skip();
  assert_int_equal(cpu->avx2_fma, is_listed("avx2") == 1 && is_listed("fma") == 1);
  assert_int_equal(cpu->avx512f_dq_ifma, is_listed("avx512f") == 1 && is_listed("avx512dq") == 1 &&
                                             is_listed("avx512vl") == 1 &&
                                             is_listed("avx512ifma") == 1);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(it_has_a_printable_name),
      cmocka_unit_test(it_agrees_with_the_operating_system),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
