/* SPDX-License-Identifier: Apache-2.0 */
/* What people and programs read: messages, fields, cells, JSON. */
#ifndef CLI_PRINT_H
#define CLI_PRINT_H
#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/status.h"

/** Name of the running program, in front of its messages and in its help: "blindsight", until a
 * main() says otherwise. It is kept. */
void cli_print_as(const char *program);
const char *cli_print_program(void);
/** "<program>: <message>" on standard error. */
void cli_print_error(const char *format, ...) __attribute__((format(printf, 1, 2)));
/** "<program>: warning: <message>" on standard error. */
void cli_print_warning(const char *format, ...) __attribute__((format(printf, 1, 2)));
/** Exit code of a command: CLI_OK, or CLI_FAILURE after the last error was printed. */
int cli_print_status(ckks_status status);
/** The last error, which starts with "<from>: ", then starts with "<to>: ". Returns `status`. */
ckks_status cli_print_rename(ckks_status status, const char *from, const char *to);
/** Before the end: CLI_FAILURE when standard output could not take all that was printed. */
int cli_print_close(int code);

/** Where a command's report goes: standard output, unless its result goes there ("-"). */
FILE *cli_print_stream(const char *output);
/** Text of somebody else's, for eyes: what turns the direction of writing (base_is_turn) becomes
 * '?'. All that is printed here goes this way, JSON apart. */
void cli_print_text(FILE *out, const char *text);
/** "name      text", names in one column. */
void cli_print_field(FILE *out, const char *name, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/** Text padded to `width` characters (not bytes), on its left when width is negative. */
void cli_print_cell(FILE *out, const char *text, int width);
/** Characters of a UTF-8 text. */
int cli_print_width(const char *text);
/** "1.25 MB": at most 15 characters. */
const char *cli_print_bytes(char text[16], size_t n_bytes);
/** Some bytes of a hash, in hex. */
const char *cli_print_hash(char text[20], const uint8_t *hash);

/** Prints a value (NULL = no memory for it) on standard output and drops it. */
ckks_status cli_print_json(json_t *value);
/** A number, or null where JSON has none (NaN, infinity). */
json_t *cli_print_number(double value);
json_t *cli_print_texts(const char *const *texts, size_t n);
json_t *cli_print_numbers(const double *values, size_t n);
#endif
