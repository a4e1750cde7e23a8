/* SPDX-License-Identifier: Apache-2.0 */
/* One parser for all commands: a table says what there is, and the help is that table. */
#ifndef CLI_OPTIONS_H
#define CLI_OPTIONS_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CLI_MAX_TEXTS 256
#define CLI_MAX_OPERANDS 2
#define CLI_MAX_THREADS 256

/** What an option that may be given several times collects. */
typedef struct cli_texts {
  const char *text[CLI_MAX_TEXTS];
  size_t n;
} cli_texts;

typedef enum cli_option_kind {
  CLI_FLAG,    /**< bool: no value */
  CLI_TEXT,    /**< const char * */
  CLI_MAYBE,   /**< const char *: "" where no value follows, which begins with no dash */
  CLI_TEXTS,   /**< cli_texts */
  CLI_INTEGER, /**< uint64_t, low to high */
  CLI_NUMBER,  /**< double, low to high */
  CLI_CHOICE   /**< int: which of the names in `argument`, which '|' separates */
} cli_option_kind;

typedef struct cli_option {
  const char *name; /**< without its dashes */
  char letter;      /**< 0 = none */
  cli_option_kind kind;
  void *value;          /**< where it goes; holds the default before */
  const char *argument; /**< what the help calls the value */
  const char *text;     /**< one line of help */
  double low, high;     /**< for numbers, at most 2^53 */
  bool required;
} cli_option;

typedef struct cli_command {
  const char *name;
  const char *operands; /**< what the help calls them, blanks between: all are needed */
  const char *text;     /**< what the command does, for the help */
  const cli_option *option;
  size_t n_options;
} cli_command;

/**
 * Reads argv[1...] into the options' values and the operands (in argv's order, options
 * anywhere, "--" ends them). Returns -1 to go on; else the exit code: 0 after --help,
 * CLI_USAGE after a message that names the option and its limits.
 */
int cli_options_parse(const char **operand, const cli_command *command, int argc, char **argv);
/** A message about usage, after which the command returns CLI_USAGE. */
int cli_options_fail(const cli_command *command, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/** The name that is at most two typing errors away, NULL when none is. */
const char *cli_options_nearest(const char *name, const char *const *names, size_t n);
/**
 * Positions in a list such as "0,5-9": calls take(context, i) for each; -1 when the text is
 * no such list, names a number above `last`, or a range that runs backwards.
 */
int cli_options_ranges(const char *text, uint64_t last, void (*take)(void *context, uint64_t i),
                       void *context);
#endif
