/* SPDX-License-Identifier: Apache-2.0 */
/* A program that has commands: its help, its version, which command is meant. */
#ifndef CLI_COMMANDS_H
#define CLI_COMMANDS_H
#include <stddef.h>

typedef struct cli_commands_entry {
  const char *name, *text; /**< one line of help */
  int (*run)(int argc, char **argv);
} cli_commands_entry;

typedef struct cli_commands {
  const char *text; /**< what the program is for, in the help */
  const char *more; /**< lines behind the list; "" = none */
  const cli_commands_entry *entry;
  size_t n;
} cli_commands;

/** The exit code of the command that argv[1] names, which sees itself as argv[0]; of "help",
 * "help COMMAND", "--help" and "--version"; CLI_USAGE after a message where it names none. */
int cli_commands_run(const cli_commands *commands, int argc, char **argv);
#endif
