/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every command with allocation k failing, k = 1, 2, ...: exit code 1, no leak (under ASan),
 * no output. The commands run in this process, one after the other, on their own files.
 */
#define _POSIX_C_SOURCE 200809L
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/status.h"
#include "cli/cli.h"

#define MAX_WORDS 16

typedef struct step {
  int (*run)(int argc, char **argv);
  const char *words[MAX_WORDS];
  const char *output; /* a file that is there afterwards, and only then */
} step;

static const step steps[] = {
    {cli_train,
     {"train", "data.csv", "--label", "ill", "--epochs", "2", "--hidden", "2", "-o", "m.model",
      "--validation", "v.csv"},
     "m.model"},
    {cli_export, {"export", "m.model", "-o", "m.json"}, "m.json"},
    {cli_import, {"import", "m.json", "-o", "n.model"}, "n.model"},
    {cli_evaluate,
     {"evaluate", "m.model", "data.csv", "--label", "ill", "--outputs", "o.csv"},
     "o.csv"},
    {cli_compile,
     {"compile", "m.model", "--error", "0.01", "--packing", "latency", "-o", "m"},
     "m.server"},
    {cli_keygen, {"keygen", "m.client", "-o", "k"}, "k.key"},
    {cli_encrypt,
     {"encrypt", "m.client", "--key", "k.key", "data.csv", "-o", "m.sample"},
     "m.sample"},
    {cli_infer,
     {"infer", "m.server", "--keys", "k.keys", "m.sample", "-o", "m.result"},
     "m.result"},
    {cli_decrypt, {"decrypt", "m.client", "--key", "k.key", "m.result", "--csv"}, NULL},
    {cli_inspect, {"inspect", "m.server"}, NULL},
};

static int run(const step *s) {
  char words[MAX_WORDS][32], *argv[MAX_WORDS + 1];
  int argc = 0;
  for (; argc < MAX_WORDS && s->words[argc] != NULL; argc++) {
    snprintf(words[argc], sizeof words[argc], "%s", s->words[argc]);
    argv[argc] = words[argc];
  }
  argv[argc] = NULL;
  return s->run(argc, argv);
}

static char folder[] = "/tmp/cli_memory_XXXXXX";
static int kept[2];

/* What the commands print is not what cmocka prints. */
static void hush(bool quiet) {
  fflush(stdout);
  int null = open("/dev/null", O_WRONLY);
  dup2(quiet ? null : kept[0], STDOUT_FILENO);
  dup2(quiet ? null : kept[1], STDERR_FILENO);
  close(null);
}

static int set_up(void **state) {
  (void)state;
  if (mkdtemp(folder) == NULL || chdir(folder) != 0)
    return -1;
  FILE *data = fopen("data.csv", "w");
  if (data == NULL)
    return -1;
  fputs("age,bmi,ill\n", data);
  for (int i = 0; i < 12; i++)
    fprintf(data, "%d,%d,%s\n", 20 + 7 * i % 50, 18 + 5 * i % 17, i % 3 == 0 ? "yes" : "no");
  kept[0] = dup(STDOUT_FILENO);
  kept[1] = dup(STDERR_FILENO);
  return fclose(data);
}

static int tear_down(void **state) {
  (void)state;
  static const char *const files[] = {"data.csv", "m.model",  "v.csv",    "m.json", "n.model",
                                      "o.csv",    "m.server", "m.client", "k.key",  "k.keys",
                                      "m.sample", "m.rows",   "m.result"};
  for (size_t i = 0; i < sizeof files / sizeof files[0]; i++)
    unlink(files[i]);
  return chdir("/") != 0 || rmdir(folder) != 0 ? -1 : 0;
}

static void each_allocation_may_fail(void **state) {
  (void)state;
  for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
    int code = CLI_FAILURE;
    long k = 0, n_failures = 0;
    while (code != CLI_OK && k < 100000) {
      k += 1 + k / 16; /* all at first, then fewer: keys and engines take thousands */
      hush(true);
      base_alloc_fail_at(k);
      code = run(&steps[i]);
      base_alloc_fail_at(0);
      hush(false);
      if (code != CLI_OK) {
        n_failures++;
        assert_int_equal(code, CLI_FAILURE);
        if (steps[i].output != NULL && access(steps[i].output, F_OK) == 0)
          fail_msg("%s left %s behind, allocation %ld", steps[i].words[0], steps[i].output, k);
      }
    }
    if (code != CLI_OK)
      fail_msg("%s never works: %s", steps[i].words[0], base_last_error());
    if (n_failures <= 3)
      fail_msg("%s failed only %ld times", steps[i].words[0], n_failures);
    assert_true(steps[i].output == NULL || access(steps[i].output, F_OK) == 0);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(each_allocation_may_fail)};
  return cmocka_run_group_tests(tests, set_up, tear_down);
}
