/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/options.h"

#include <ctype.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/output.h"
#include "cli/print.h"

#define GO_ON (-1)
#define MAX_NAMES 64
#define HELP_COLUMN 28

/* --- help */

/* "blindsight train", but a program that is one command alone goes by its own name. */
static void print_name(FILE *out, const cli_command *command) {
  if (strcmp(cli_print_program(), "blindsight-infer") != 0)
    fprintf(out, "%s %s", cli_print_program(), command->name);
  else
    fprintf(out, "%s", cli_print_program());
}

/* The line shows what is needed; the list below it what there is. */
static void print_usage(FILE *out, const cli_command *command) {
  fprintf(out, "usage: ");
  print_name(out, command);
  if (command->operands[0] != '\0')
    fprintf(out, " %s", command->operands);
  for (size_t i = 0; i < command->n_options; i++)
    if (command->option[i].required)
      fprintf(out, " --%s %s", command->option[i].name, command->option[i].argument);
  fprintf(out, " [options]\n");
}

/* One format for all, which tests and completions can read: "  -o, --output FILE  text". */
static void print_option(FILE *out, char letter, const char *name, const char *argument,
                         const char *text) {
  char left[128];
  int length =
      snprintf(left, sizeof left, "  %c%c%c --%s%s%s", letter ? '-' : ' ', letter ? letter : ' ',
               letter ? ',' : ' ', name, argument ? " " : "", argument ? argument : "");
  if (length > HELP_COLUMN - 2)
    fprintf(out, "%s\n%*s%s\n", left, HELP_COLUMN, "", text);
  else
    fprintf(out, "%-*s%s\n", HELP_COLUMN, left, text);
}

/* On standard output, since it was asked for. */
static void print_help(const cli_command *command) {
  print_usage(stdout, command);
  printf("\n%s\n\noptions:\n", command->text);
  for (size_t i = 0; i < command->n_options; i++) {
    const cli_option *option = &command->option[i];
    print_option(stdout, option->letter, option->name,
                 option->kind == CLI_FLAG ? NULL : option->argument, option->text);
  }
  print_option(stdout, 'h', "help", NULL, "this text");
}

int cli_options_fail(const cli_command *command, const char *format, ...) {
  char text[512];
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(text, sizeof text, format, arguments);
  va_end(arguments);
  cli_print_error("%s: %s", command->name, text);
  fprintf(stderr, "Try '");
  print_name(stderr, command);
  fprintf(stderr, " --help'.\n");
  return CLI_USAGE;
}

/* --- names */

static size_t least_of(size_t a, size_t b) {
  return a < b ? a : b;
}

/* Letters to add, drop, change or swap with their neighbour to make a of b. */
static size_t distance(const char *a, const char *b) {
  enum { LONGEST = 32 };
  size_t row[3][LONGEST + 1], n_a = strlen(a), n_b = strlen(b);
  if (n_a > LONGEST || n_b > LONGEST)
    return LONGEST;
  for (size_t j = 0; j <= n_b; j++)
    row[0][j] = j;
  for (size_t i = 1; i <= n_a; i++) {
    size_t *now = row[i % 3], *above = row[(i + 2) % 3], *twice = row[(i + 1) % 3];
    now[0] = i;
    for (size_t j = 1; j <= n_b; j++) {
      now[j] =
          least_of(above[j - 1] + (a[i - 1] != b[j - 1]), least_of(above[j] + 1, now[j - 1] + 1));
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
        now[j] = least_of(now[j], twice[j - 2] + 1);
    }
  }
  return row[n_a % 3][n_b];
}

const char *cli_options_nearest(const char *name, const char *const *names, size_t n) {
  const char *nearest = NULL;
  size_t least = 3; /* more than two errors are no typing error */
  for (size_t i = 0; i < n; i++) {
    size_t d = distance(name, names[i]);
    if (d < least && d < strlen(names[i])) {
      least = d;
      nearest = names[i];
    }
  }
  return nearest;
}

/* Whole names only: an abbreviation would change its meaning with the next option added. */
static const cli_option *find_option(const cli_command *command, const char *name, size_t length) {
  for (size_t i = 0; i < command->n_options; i++) {
    const char *candidate = command->option[i].name;
    if (strlen(candidate) == length && memcmp(candidate, name, length) == 0)
      return &command->option[i];
  }
  return NULL;
}

static const cli_option *find_letter(const cli_command *command, char letter) {
  for (size_t i = 0; i < command->n_options; i++)
    if (command->option[i].letter == letter)
      return &command->option[i];
  return NULL;
}

static int fail_unknown(const cli_command *command, const char *name, size_t length) {
  const char *names[MAX_NAMES];
  char given[64];
  size_t n = 0;
  snprintf(given, sizeof given, "%.*s", (int)least_of(length, sizeof given - 1), name);
  for (; n < command->n_options && n < MAX_NAMES; n++)
    names[n] = command->option[n].name;
  const char *nearest = cli_options_nearest(given, names, n);
  if (nearest != NULL)
    return cli_options_fail(command, "unknown option --%s (did you mean --%s?)", given, nearest);
  return cli_options_fail(command, "unknown option --%s", given);
}

/* --- values */

/* The names of the help are the names that are taken: they cannot disagree. */
static int set_choice(const cli_command *command, const cli_option *option, const char *text) {
  size_t length = strlen(text);
  int index = 0;
  for (const char *at = option->argument; at != NULL; index++) {
    const char *end = strchr(at, '|');
    size_t n = end != NULL ? (size_t)(end - at) : strlen(at);
    if (n == length && memcmp(at, text, n) == 0) {
      *(int *)option->value = index;
      return GO_ON;
    }
    at = end != NULL ? end + 1 : NULL;
  }
  return cli_options_fail(command, "--%s %s: must be one of %s", option->name, text,
                          option->argument);
}

static int set_number(const cli_command *command, const cli_option *option, const char *text) {
  char *end;
  double value = strtod(text, &end);
  bool whole = option->kind == CLI_INTEGER;
  bool good = end != text && *end == '\0' && value >= option->low && value <= option->high &&
              !isspace((unsigned char)text[0]);
  /* Digits only, so that 1e3, 0x10 and -0 are not taken for whole numbers. */
  if (!good || (whole && text[strspn(text, "0123456789")] != '\0'))
    return cli_options_fail(command, "--%s %s: must be a %s %.15g to %.15g", option->name, text,
                            whole ? "whole number" : "number", option->low, option->high);
  if (whole)
    *(uint64_t *)option->value = (uint64_t)value;
  else
    *(double *)option->value = value;
  return GO_ON;
}

/* Names of columns and models are none. */
static void note_file(const cli_option *option, const char *text) {
  static const char *const files[] = {"FILE", "DATA", "CSV"};
  for (size_t i = 0; i < sizeof files / sizeof files[0]; i++)
    if (strcmp(option->argument, files[i]) == 0)
      cli_output_note(text);
}

/* Values are checked where they are read, so that commands see none out of range. */
static int set_value(const cli_command *command, const cli_option *option, const char *text) {
  switch (option->kind) {
  case CLI_FLAG:
    *(bool *)option->value = true;
    return GO_ON;
  case CLI_TEXT:
    *(const char **)option->value = text;
    note_file(option, text);
    return text[0] != '\0' ? GO_ON : cli_options_fail(command, "--%s: is empty", option->name);
  case CLI_MAYBE:
    *(const char **)option->value = text;
    return GO_ON;
  case CLI_TEXTS: {
    cli_texts *texts = option->value;
    if (texts->n == CLI_MAX_TEXTS)
      return cli_options_fail(command, "--%s: given more than %d times", option->name,
                              CLI_MAX_TEXTS);
    texts->text[texts->n++] = text;
    note_file(option, text);
    return GO_ON;
  }
  case CLI_INTEGER:
  case CLI_NUMBER:
    return set_number(command, option, text);
  case CLI_CHOICE:
    return set_choice(command, option, text);
  }
  return GO_ON;
}

/* --- the command line */

typedef struct parsing {
  const cli_command *command;
  int argc, at;
  char **argv;
  bool given[MAX_NAMES];
} parsing;

/* `attached` is the value behind '=' or behind a letter, NULL when there is none. */
static int take_option(parsing *p, const cli_option *option, const char *attached) {
  p->given[option - p->command->option] = true;
  if (option->kind == CLI_FLAG && attached != NULL)
    return cli_options_fail(p->command, "--%s takes no value", option->name);
  if (option->kind == CLI_MAYBE && attached == NULL)
    attached = p->at + 1 < p->argc && p->argv[p->at + 1][0] != '-' ? p->argv[++p->at] : "";
  if (option->kind != CLI_FLAG && attached == NULL) {
    if (p->at + 1 >= p->argc)
      return cli_options_fail(p->command, "--%s needs a value (%s)", option->name,
                              option->argument);
    attached = p->argv[++p->at];
  }
  return set_value(p->command, option, attached);
}

/* One word that begins with a dash, and the next one where it needs a value. */
static int take_word(parsing *p, const char *word) {
  if (strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0) {
    print_help(p->command);
    return CLI_OK;
  }
  if (word[1] == '-') {
    size_t length = strcspn(word + 2, "=");
    const cli_option *option = find_option(p->command, word + 2, length);
    if (option == NULL)
      return fail_unknown(p->command, word + 2, length);
    return take_option(p, option, word[2 + length] == '=' ? word + 3 + length : NULL);
  }
  const cli_option *option = find_letter(p->command, word[1]);
  if (option == NULL)
    return cli_options_fail(p->command, "unknown option -%c", word[1]);
  return take_option(p, option, word[2] != '\0' ? word + 2 : NULL);
}

/* The first operand that was not given, by its name in the table. */
static int check_operands(const cli_command *command, size_t n) {
  const char *name = command->operands;
  for (size_t i = 0; *name != '\0'; i++) {
    size_t length = strcspn(name, " ");
    if (i == n)
      return cli_options_fail(command, "%.*s is missing", (int)length, name);
    name += length + (name[length] == ' ');
  }
  return GO_ON;
}

static size_t count_operands(const cli_command *command) {
  size_t n = command->operands[0] != '\0';
  for (const char *at = command->operands; *at != '\0'; at++)
    n += *at == ' ';
  return n;
}

/* Operands and options in any order, as people type them; "-" is an operand. */
int cli_options_parse(const char **operand, const cli_command *command, int argc, char **argv) {
  parsing p = {.command = command, .argc = argc, .argv = argv};
  size_t n = 0;
  bool ended = false;
  cli_output_note(NULL);
  for (p.at = 1; p.at < argc; p.at++) {
    const char *word = argv[p.at];
    int code = GO_ON;
    if (!ended && strcmp(word, "--") == 0)
      ended = true;
    else if (!ended && word[0] == '-' && word[1] != '\0')
      code = take_word(&p, word);
    else if (n == count_operands(command))
      code = cli_options_fail(command, "'%s' is one argument too many", word);
    else
      cli_output_note(operand[n++] = word);
    if (code != GO_ON)
      return code;
  }
  int code = check_operands(command, n);
  for (size_t i = 0; i < command->n_options && code == GO_ON; i++)
    if (command->option[i].required && !p.given[i])
      code = cli_options_fail(command, "--%s %s is needed", command->option[i].name,
                              command->option[i].argument);
  return code;
}

/* Digits up to a comma, a dash or the end. */
static int read_position(const char **at, uint64_t last, uint64_t *value) {
  if (!isdigit((unsigned char)**at))
    return -1;
  for (*value = 0; isdigit((unsigned char)**at); (*at)++) {
    *value = 10 * *value + (uint64_t)(**at - '0');
    if (*value > last)
      return -1;
  }
  return 0;
}

int cli_options_ranges(const char *text, uint64_t last, void (*take)(void *context, uint64_t i),
                       void *context) {
  for (const char *at = text;; at++) {
    uint64_t first, end;
    if (read_position(&at, last, &first) != 0)
      return -1;
    end = first;
    if (*at == '-') {
      at++;
      if (read_position(&at, last, &end) != 0 || end < first)
        return -1;
    }
    for (uint64_t i = first; i <= end; i++)
      take(context, i);
    if (*at == '\0')
      return 0;
    if (*at != ',')
      return -1;
  }
}
