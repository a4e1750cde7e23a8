/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/print.h"

#include <math.h>
#include <stdarg.h>
#include <string.h>

#include "base/alloc.h"
#include "base/bytes.h"
#include "cli/cli.h"
#include "cli/line.h"

#define FIELD_COLUMN 14
#define SHORT_TEXT 1024 /* longer ones take memory, and are cut where there is none */

/* --- messages */

static const char *name_of_program = "blindsight";

void cli_print_as(const char *program) {
  name_of_program = program;
}

const char *cli_print_program(void) {
  return name_of_program;
}

void cli_print_text(FILE *out, const char *text) {
  size_t n_turn;
  unsigned number;
  for (; *text != '\0'; text += n_turn > 0 ? n_turn : 1) {
    n_turn = base_is_turn(&number, text);
    fputc(n_turn > 0 ? '?' : *text, out);
  }
}

static void print_safely(FILE *out, const char *format, va_list arguments)
    __attribute__((format(printf, 2, 0)));
static void print_safely(FILE *out, const char *format, va_list arguments) {
  char text[SHORT_TEXT], *longer = NULL;
  va_list again;
  va_copy(again, arguments);
  int n = vsnprintf(text, sizeof text, format, arguments);
  if (n >= SHORT_TEXT)
    longer = base_alloc((size_t)n + 1);
  if (longer != NULL)
    (void)vsnprintf(longer, (size_t)n + 1, format, again);
  va_end(again);
  cli_print_text(out, longer != NULL ? longer : text);
  base_free(longer);
}

static void print_message(const char *kind, const char *format, va_list arguments)
    __attribute__((format(printf, 2, 0)));
static void print_message(const char *kind, const char *format, va_list arguments) {
  fflush(stdout); /* what was said before comes first */
  cli_line_clear();
  fprintf(stderr, "%s: %s", name_of_program, kind);
  print_safely(stderr, format, arguments);
  fputc('\n', stderr);
}

void cli_print_error(const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  print_message("", format, arguments);
  va_end(arguments);
}

void cli_print_warning(const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  print_message("warning: ", format, arguments);
  va_end(arguments);
}

int cli_print_status(ckks_status status) {
  cli_line_waited();
  if (status == CKKS_OK)
    return CLI_OK;
  cli_print_error("%s", base_last_error());
  return CLI_FAILURE;
}

/* The library knows of bytes what they are, not where they come from. */
ckks_status cli_print_rename(ckks_status status, const char *from, const char *to) {
  const char *text = base_last_error();
  size_t n = strlen(from);
  if (strncmp(text, from, n) == 0 && text[n] == ':')
    return base_fail(status, "%s%s", to, text + n);
  return base_fail_in(status, "%s", to);
}

/* printf succeeds into a buffer; whether a full disk took it is known at the end. */
int cli_print_close(int code) {
  cli_line_waited();
  bool failed = fflush(stdout) != 0 || ferror(stdout);
  if (!failed || (code != CLI_OK && code != CLI_PARTLY))
    return code;
  cli_print_error("standard output: cannot write");
  return CLI_FAILURE;
}

/* --- reports */

FILE *cli_print_stream(const char *output) {
  return output != NULL && strcmp(output, "-") == 0 ? stderr : stdout;
}

void cli_print_field(FILE *out, const char *name, const char *format, ...) {
  va_list arguments;
  cli_line_waited();
  cli_print_cell(out, name, FIELD_COLUMN);
  va_start(arguments, format);
  print_safely(out, format, arguments);
  va_end(arguments);
  fputc('\n', out);
}

int cli_print_width(const char *text) {
  int width = 0;
  for (; *text != '\0'; text++)
    width += ((unsigned char)*text & 0xc0) != 0x80;
  return width;
}

/* printf pads by bytes, which shifts the columns behind a name that is not ASCII. */
void cli_print_cell(FILE *out, const char *text, int width) {
  cli_line_waited();
  int padding = (width < 0 ? -width : width) - cli_print_width(text);
  if (width < 0 && padding > 0)
    fprintf(out, "%*s", padding, "");
  cli_print_text(out, text);
  if (width > 0 && padding > 0)
    fprintf(out, "%*s", padding, "");
}

/* Decimal units, three digits; 999.5 and above go to the next unit, so no "1e+03 kB". */
const char *cli_print_bytes(char text[16], size_t n_bytes) {
  static const char *const units[] = {"kB", "MB", "GB"};
  double value = (double)n_bytes / 1e3;
  size_t unit = 0;
  for (; unit < 2 && value >= 999.5; unit++)
    value /= 1e3;
  if (n_bytes < 1000)
    snprintf(text, 16, "%zu bytes", n_bytes);
  else
    snprintf(text, 16, "%.3g %s", value, units[unit]);
  return text;
}

const char *cli_print_hash(char text[20], const uint8_t *hash) {
  for (int i = 0; i < 8; i++)
    snprintf(text + 2 * i, 3, "%02x", (unsigned)hash[i]);
  return text;
}

/* --- JSON */

ckks_status cli_print_json(json_t *value) {
  cli_line_waited();
  if (value == NULL)
    return base_fail(CKKS_ERROR_MEMORY, "no memory left for the JSON output");
  int failed = json_dumpf(value, stdout, JSON_INDENT(2) | JSON_REAL_PRECISION(17));
  json_decref(value);
  putchar('\n');
  return failed ? base_fail(CKKS_ERROR_IO, "standard output: cannot write") : CKKS_OK;
}

/* jansson makes no value of these, and NULL would poison the object it goes into. */
json_t *cli_print_number(double value) {
  return isfinite(value) ? json_real(value) : json_null();
}

json_t *cli_print_texts(const char *const *texts, size_t n) {
  json_t *list = json_array();
  for (size_t i = 0; i < n; i++)
    json_array_append_new(list, json_string(texts[i]));
  return list;
}

json_t *cli_print_numbers(const double *values, size_t n) {
  json_t *list = json_array();
  for (size_t i = 0; i < n; i++)
    json_array_append_new(list, cli_print_number(values[i]));
  return list;
}
