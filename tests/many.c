/* SPDX-License-Identifier: Apache-2.0 */
/* The main() of all test files of a room: it runs the one whose name the program was started by
 * (links lie beside it), or that of its first argument. Each still has a process to itself. */
#include <stdio.h>
#include <string.h>

typedef int test_main(int argc, char **argv);
void test_many_add(const char *name, test_main *run);

#define N_MAX 64

static struct {
  const char *name;
  test_main *run;
} tests[N_MAX];
static size_t n_tests;

void test_many_add(const char *name, test_main *run) {
  if (n_tests < N_MAX) {
    tests[n_tests].name = name;
    tests[n_tests].run = run;
  }
  n_tests++;
}

static test_main *find(const char *name) {
  for (size_t i = 0; i < n_tests; i++)
    if (strcmp(tests[i].name, name) == 0)
      return tests[i].run;
  return NULL;
}

int main(int argc, char **argv) {
  if (n_tests > N_MAX) {
    fprintf(stderr, "tests/many.c: %zu files, room for %d\n", n_tests, N_MAX);
    return 2;
  }
  const char *cut = argc > 0 ? strrchr(argv[0], '/') : NULL;
  test_main *run = argc > 0 ? find(cut ? cut + 1 : argv[0]) : NULL;
  if (run)
    return run(argc, argv);
  if (argc > 1 && (run = find(argv[1])))
    return run(argc - 1, argv + 1);
  fprintf(stderr, "this program is:");
  for (size_t i = 0; i < n_tests; i++)
    fprintf(stderr, " %s", tests[i].name);
  fprintf(stderr, "\n");
  return 2;
}
