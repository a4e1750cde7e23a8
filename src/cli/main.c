/* SPDX-License-Identifier: Apache-2.0 */
/* blindsight <command>: finds the command and leaves the rest to it. */
#include <stdio.h>
#include <string.h>

#include "ckks.h"
#include "cli/cli.h"
#include "cli/options.h"
#include "cli/output.h"
#include "cli/print.h"

typedef int (*entry)(int argc, char **argv);

static const struct {
  const char *name, *text;
  entry run;
} commands[] = {
    {"train", "train a model on a CSV table", cli_train},
    {"import", "make a model of a network in ONNX, of trees, or of weights in JSON", cli_import},
    {"export", "print a model as JSON", cli_export},
    {"evaluate", "run a model in clear", cli_evaluate},
    {"simulate", "run a model in clear with the errors of ciphertexts", cli_simulate},
    {"compile", "choose parameters; write the server and client files", cli_compile},
    {"keygen", "make a client's keys", cli_keygen},
    {"encrypt", "encrypt rows of a table, or images", cli_encrypt},
    {"infer", "evaluate a model on encrypted rows", cli_infer},
    {"decrypt", "print the predictions", cli_decrypt},
    {"predict", "predict rows by a service elsewhere", cli_predict},
    {"inspect", "say what a file is", cli_inspect},
    {"serve", "serve models to clients over HTTP", cli_serve},
    {"token", "say who may use a service", cli_token},
    {"audit", "check a service's log", cli_audit},
    {"calibrate", "time this machine for the planner", cli_calibrate},
    {"demo", "show all of it, on one machine", cli_demo},
};
enum { N_COMMANDS = sizeof commands / sizeof commands[0] };

/* In the order of their use. */
static void print_help(FILE *out) {
  fprintf(out, "usage: blindsight COMMAND [ARGUMENTS]\n\n"
               "Private inference: the client encrypts its rows, the server evaluates its model\n"
               "on them without seeing them, the client decrypts the predictions.\n\ncommands:\n");
  for (size_t i = 0; i < N_COMMANDS; i++)
    fprintf(out, "  %-10s %s\n", commands[i].name, commands[i].text);
  fprintf(out, "  %-10s %s\n", "help", "print this, or the help of a command");
  fprintf(out, "\n'blindsight help COMMAND' tells more. --version prints the version.\n");
}

/* As git does: the nearest name, if one is near. */
static int fail_unknown(const char *name) {
  const char *names[N_COMMANDS];
  for (size_t i = 0; i < N_COMMANDS; i++)
    names[i] = commands[i].name;
  const char *nearest = cli_options_nearest(name, names, N_COMMANDS);
  if (nearest != NULL)
    cli_print_error("'%s' is no command (did you mean '%s'?)", name, nearest);
  else
    cli_print_error("'%s' is no command; 'blindsight help' lists them", name);
  return CLI_USAGE;
}

/* The command sees itself as argv[0]. */
static int run_command(int argc, char **argv) {
  for (size_t i = 0; i < N_COMMANDS; i++)
    if (strcmp(argv[0], commands[i].name) == 0)
      return commands[i].run(argc, argv);
  return fail_unknown(argv[0]);
}

/* "help train" is "train --help". */
static int help(int argc, char **argv) {
  if (argc < 2) {
    print_help(stdout);
    return CLI_OK;
  }
  char option[] = "--help";
  char *rewritten[] = {argv[1], option, NULL};
  return run_command(2, rewritten);
}

/* Without a command the help is an error message. */
static int run(int argc, char **argv) {
  if (argc < 2) {
    print_help(stderr);
    return CLI_USAGE;
  }
  if (strcmp(argv[1], "--version") == 0) {
    printf("blindsight %s\n", ckks_version());
    return CLI_OK;
  }
  if (strcmp(argv[1], "help") == 0 || strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)
    return help(argc - 1, argv + 1);
  return run_command(argc - 1, argv + 1);
}

int main(int argc, char **argv) {
  cli_output_guard();
  return cli_print_close(run(argc, argv));
}
