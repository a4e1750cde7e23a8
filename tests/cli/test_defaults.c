/* SPDX-License-Identifier: Apache-2.0 */
/* What --help says is taken when nothing is said is what is taken: the parser is replaced
 * (cmake/tests.cmake), and sees each command's table with the defaults still in it. */
#define _POSIX_C_SOURCE 200809L
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "cli/cli.h"
#include "cli/options.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int __wrap_cli_options_parse(const char **operand, const cli_command *command, int argc,
                             char **argv);
int __real_cli_options_parse(const char **operand, const cli_command *command, int argc,
                             char **argv);

static bool looking;

static int n_commands, n_said, n_wrong;

static void wrong(const cli_command *command, const cli_option *option, const char *said,
                  const char *is) {
  print_error("%s --%s: the help says \"%s\", the default is %s\n", command->name, option->name,
              said, is);
  n_wrong++;
}

/* What stands in brackets at the end of a line of help; "" = nothing. */
static void bracketed(char said[64], const char *text) {
  size_t n = strlen(text);
  const char *open = strrchr(text, '(');
  said[0] = '\0';
  if (open != NULL && text[n - 1] == ')' && n - (size_t)(open - text) - 2 < 64)
    snprintf(said, 64, "%.*s", (int)(n - (size_t)(open - text) - 2), open + 1);
}

/* A number that is taken though nothing was said must be told, unless it is 0. */
static void check_number(const cli_command *command, const cli_option *option, double value) {
  char said[64], is[32], *end;
  bracketed(said, option->text);
  snprintf(is, sizeof is, "%.15g", value);
  double number = strtod(said, &end);
  if (end == said || strchr(";,", *end) == NULL) { /* strchr finds the end of a text, too */
    if (value != 0 && isfinite(value) && !option->required)
      wrong(command, option, said, is);
    return;
  }
  n_said++;
  /* "(1; images: 255)": 0 stands for what depends. */
  if (number != value && (value != 0 || *end == '\0'))
    wrong(command, option, said, is);
}

/* The name of a choice, where the help says one of the names. */
static void check_choice(const cli_command *command, const cli_option *option, int value) {
  char said[64], names[128], *rest = NULL;
  int i = 0, at = -1;
  const char *is = "none";
  bracketed(said, option->text);
  snprintf(names, sizeof names, "%s", option->argument);
  for (char *name = strtok_r(names, "|", &rest); name != NULL; name = strtok_r(NULL, "|", &rest)) {
    if (strcmp(name, said) == 0)
      at = i;
    if (i++ == value)
      is = name;
  }
  if (at < 0)
    return;
  n_said++;
  if (at != value)
    wrong(command, option, said, is);
}

int __wrap_cli_options_parse(const char **operand, const cli_command *command, int argc,
                             char **argv) {
  if (!looking)
    return __real_cli_options_parse(operand, command, argc, argv);
  n_commands++;
  for (size_t i = 0; i < command->n_options; i++) {
    const cli_option *option = &command->option[i];
    if (option->kind == CLI_INTEGER)
      check_number(command, option, (double)*(const uint64_t *)option->value);
    else if (option->kind == CLI_NUMBER)
      check_number(command, option, *(const double *)option->value);
    else if (option->kind == CLI_CHOICE)
      check_choice(command, option, *(const int *)option->value);
  }
  return CLI_USAGE;
}

static void the_help_tells_the_defaults(void **state) {
  static int (*const commands[])(int, char **) = {
      cli_train,  cli_import,  cli_export, cli_evaluate,  cli_simulate, cli_compile,
      cli_keygen, cli_encrypt, cli_infer,  cli_decrypt,   cli_predict,  cli_inspect,
      cli_serve,  cli_token,   cli_audit,  cli_calibrate, cli_demo};
  (void)state;
  looking = true;
  char name[] = "x", help[] = "--help";
  for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++) {
    char *argv[] = {name, help, NULL};
    n_commands = 0;
    (void)commands[i](2, argv);
    assert_true(n_commands > 0);
  }
  assert_int_equal(n_wrong, 0);
  assert_true(n_said >= 30);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(the_help_tells_the_defaults)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
