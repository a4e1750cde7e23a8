/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/commands.h"

#include <stdio.h>
#include <string.h>

#include "ckks.h"
#include "cli/cli.h"
#include "cli/options.h"
#include "cli/print.h"

#define MAX_COMMANDS 32

/* In the order of their use. */
static void print_help(FILE *out, const cli_commands *c) {
  fprintf(out, "usage: %s COMMAND [ARGUMENTS]\n\n%s\n\ncommands:\n", cli_print_program(), c->text);
  for (size_t i = 0; i < c->n; i++)
    fprintf(out, "  %-10s %s\n", c->entry[i].name, c->entry[i].text);
  fprintf(out, "  %-10s %s\n", "help", "print this, or the help of a command");
  fprintf(out, "\n'%s help COMMAND' tells more. --version prints the version.\n%s",
          cli_print_program(), c->more);
}

/* As git does: the nearest name, if one is near. */
static int fail_unknown(const cli_commands *c, const char *name) {
  const char *names[MAX_COMMANDS];
  size_t n = c->n < MAX_COMMANDS ? c->n : MAX_COMMANDS;
  for (size_t i = 0; i < n; i++)
    names[i] = c->entry[i].name;
  const char *nearest = cli_options_nearest(name, names, n);
  if (nearest != NULL)
    cli_print_error("'%s' is no command (did you mean '%s'?)", name, nearest);
  else
    cli_print_error("'%s' is no command; '%s help' lists them", name, cli_print_program());
  return CLI_USAGE;
}

static int run_command(const cli_commands *c, int argc, char **argv) {
  for (size_t i = 0; i < c->n; i++)
    if (strcmp(argv[0], c->entry[i].name) == 0)
      return c->entry[i].run(argc, argv);
  return fail_unknown(c, argv[0]);
}

/* "help train" is "train --help". */
static int help(const cli_commands *c, int argc, char **argv) {
  if (argc < 2) {
    print_help(stdout, c);
    return CLI_OK;
  }
  char option[] = "--help";
  char *rewritten[] = {argv[1], option, NULL};
  return run_command(c, 2, rewritten);
}

/* Without a command the help is an error message. */
int cli_commands_run(const cli_commands *commands, int argc, char **argv) {
  if (argc < 2) {
    print_help(stderr, commands);
    return CLI_USAGE;
  }
  if (strcmp(argv[1], "--version") == 0) {
    printf("%s %s\n", cli_print_program(), ckks_version());
    return CLI_OK;
  }
  if (strcmp(argv[1], "help") == 0 || strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)
    return help(commands, argc - 1, argv + 1);
  return run_command(commands, argc - 1, argv + 1);
}
