/* SPDX-License-Identifier: Apache-2.0 */
/* RFC 4180, with the freedoms that real files take. */
#include "table/csv.h"

#include "base/alloc.h"
#include "base/bytes.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* Copies of Excel in the west of Europe are in Windows' code page, which Latin-1 is nearly. */
static ckks_status check_encoding(table_csv *csv) {
  size_t line = 1;
  for (size_t i = csv->at; i < csv->n_bytes; i++) {
    unsigned char c = (unsigned char)csv->text[i];
    line += c == '\n' || (c == '\r' && csv->text[i + 1] != '\n');
    if (c < 0x80)
      continue;
    size_t n = c < 0xe0 ? 2 : c < 0xf0 ? 3 : 4;
    if (n > csv->n_bytes - i || !base_is_text(csv->text + i, n)) {
      const char *name = csv->name;
      table_csv_clear(csv);
      return base_fail(CKKS_ERROR_FORMAT,
                       "%s: line %zu: byte 0x%02x is no UTF-8; if it is Latin-1, convert it: "
                       "iconv -f windows-1252 -t utf-8 FILE > NEW",
                       name, line, c);
    }
    i += n - 1;
  }
  return CKKS_OK;
}

/* How often c stands outside quotes in a record; *text moves behind it. */
static size_t count_in_record(const char **text, char c) {
  bool quoted = false;
  size_t n = 0;
  const char *at = *text;
  for (; *at != '\0' && (quoted || (*at != '\n' && *at != '\r')); at++) {
    quoted ^= *at == '"';
    n += !quoted && *at == c;
  }
  *text = at + strspn(at, "\r\n");
  return n;
}

/* What the header and the first row have equally often says more than what one of them has. */
static char find_separator(const char *text) {
  static const char candidates[] = ",;\t|";
  size_t best = 0, most = 0;
  char found = ',';
  text += strspn(text, "\r\n");
  for (const char *c = candidates; *c != '\0'; c++) {
    const char *at = text;
    size_t header = count_in_record(&at, *c), row = *at != '\0' ? count_in_record(&at, *c) : header;
    size_t agreed = header == row ? header : 0;
    if (agreed > best || (best == 0 && agreed == 0 && header > most)) {
      best = agreed;
      most = header;
      found = *c;
    }
  }
  return found;
}

/* Works on a copy, so that fields can be cut out in place and the caller's bytes stay as they are.
 */
ckks_status table_csv_init(table_csv *csv, const char *text, size_t n_bytes, const char *name) {
  *csv = (table_csv){.name = name, .n_bytes = n_bytes, .next_line = 1};
  if (n_bytes > 0 && memchr(text, '\0', n_bytes) != NULL)
    return base_fail(CKKS_ERROR_FORMAT, "%s: holds zero bytes: not a CSV text in UTF-8", name);
  csv->text = base_alloc(n_bytes + 1);
  csv->field = base_alloc_array(TABLE_CSV_MAX_FIELDS, sizeof(char *));
  if (csv->text == NULL || csv->field == NULL) {
    table_csv_clear(csv);
    return base_fail_memory(n_bytes + 1);
  }
  if (n_bytes > 0)
    memcpy(csv->text, text, n_bytes);
  if (n_bytes >= 3 && memcmp(csv->text, "\xef\xbb\xbf", 3) == 0)
    csv->at = 3;
  csv->separator = find_separator(csv->text + csv->at);
  return check_encoding(csv);
}

void table_csv_clear(table_csv *csv) {
  base_free(csv->text);
  base_free(csv->field);
  *csv = (table_csv){0};
}

/* Steps over one end of line, whichever of the three it is; false when there is none. */
static bool skip_line_end(table_csv *csv) {
  char c = csv->text[csv->at];
  if (c != '\n' && c != '\r')
    return false;
  csv->at += c == '\r' && csv->text[csv->at + 1] == '\n' ? 2 : 1;
  csv->next_line++;
  return true;
}

/* Blanks around fields; where tabs separate fields they are no blanks. */
static bool is_blank(const table_csv *csv, char c) {
  return c == ' ' || (c == '\t' && csv->separator != '\t');
}

/* The field being read has no index yet: it is the one behind those already counted. */
static ckks_status fail_field(const table_csv *csv, const char *what) {
  return base_fail(CKKS_ERROR_FORMAT, "%s: line %zu, column %zu: %s", csv->name, csv->line,
                   csv->n_fields + 1, what);
}

/* Takes the quotes out in place: what is written never overtakes what is read. */
static ckks_status cut_quoted(table_csv *csv, char **field, size_t *end) {
  size_t out = ++csv->at;
  *field = csv->text + out;
  for (;; csv->at++) {
    char c = csv->text[csv->at];
    if (c == '\0')
      return fail_field(csv, "the quote is never closed");
    if (c == '"' && csv->text[csv->at + 1] != '"')
      break;
    if (c == '"')
      csv->at++;
    if (c == '\n' || (c == '\r' && csv->text[csv->at + 1] != '\n'))
      csv->next_line++;
    csv->text[out++] = c;
  }
  csv->at++;
  *end = out;
  while (is_blank(csv, csv->text[csv->at]))
    csv->at++;
  return CKKS_OK;
}

/* A quote inside an unquoted field is an ordinary character, as in most readers. */
static void cut_plain(table_csv *csv, char **field, size_t *end) {
  size_t first = csv->at;
  const char ends[] = {csv->separator, '\r', '\n', '\0'};
  csv->at += strcspn(csv->text + csv->at, ends);
  *end = csv->at;
  while (*end > first && is_blank(csv, csv->text[*end - 1]))
    --*end;
  *field = csv->text + first;
}

/*
 * One field; *more is set when a separator follows. The NUL is put behind the field
 * only after the character there has been looked at.
 */
static ckks_status read_field(table_csv *csv, bool *more) {
  char *field = NULL;
  size_t end = 0;
  if (csv->n_fields == TABLE_CSV_MAX_FIELDS)
    return fail_field(csv, "too many columns (at most 32768)");
  while (is_blank(csv, csv->text[csv->at]))
    csv->at++;
  if (csv->text[csv->at] == '"')
    BASE_TRY(cut_quoted(csv, &field, &end));
  else
    cut_plain(csv, &field, &end);
  char after = csv->text[csv->at];
  *more = after == csv->separator;
  if (*more)
    csv->at++;
  else if (after != '\0' && !skip_line_end(csv))
    return fail_field(csv, "text behind the closing quote");
  csv->text[end] = '\0';
  csv->field[csv->n_fields++] = field;
  return CKKS_OK;
}

/* Blank lines, common at the end of files, are no records. */
ckks_status table_csv_next(table_csv *csv, bool *end) {
  do {
    size_t start = csv->at;
    while (is_blank(csv, csv->text[csv->at]))
      csv->at++;
    if (csv->text[csv->at] != '\0' && csv->text[csv->at] != '\n' && csv->text[csv->at] != '\r') {
      csv->at = start;
      break;
    }
  } while (skip_line_end(csv));
  csv->n_fields = 0;
  csv->line = csv->next_line;
  *end = csv->text[csv->at] == '\0';
  for (bool more = !*end; more;)
    BASE_TRY(read_field(csv, &more));
  return CKKS_OK;
}

/* ---------------------------------------------------------------- numbers */

static bool is_one_of(const char *field, const char *const *words) {
  for (; *words != NULL; words++)
    if (strcasecmp(field, *words) == 0)
      return true;
  return false;
}

/* [sign] digits [. digits] [e [sign] digits], at least one digit in the mantissa. */
static bool is_decimal(const char *s) {
  s += *s == '+' || *s == '-';
  size_t before = strspn(s, "0123456789");
  s += before;
  size_t behind = *s == '.' ? strspn(s + 1, "0123456789") : 0;
  if (before + behind == 0)
    return false;
  s += *s == '.' ? behind + 1 : 0;
  if (*s == 'e' || *s == 'E') {
    s++;
    s += *s == '+' || *s == '-';
    size_t exponent = strspn(s, "0123456789");
    if (exponent == 0)
      return false;
    s += exponent;
  }
  return *s == '\0';
}

table_csv_kind table_csv_number(double *value, const char *field) {
  static const char *const missing[] = {
      "",    "na",   "n/a",      "nan",    "-nan",    "null",    "none",     "?", "#n/a",
      "#na", "<na>", "#n/a n/a", "1.#ind", "-1.#ind", "1.#qnan", "-1.#qnan", NULL};
  static const char *const infinite[] = {"inf", "infinity", NULL};
  *value = (double)NAN;
  if (is_one_of(field, missing))
    return TABLE_CSV_MISSING;
  if (is_one_of(field + (*field == '+' || *field == '-'), infinite))
    return TABLE_CSV_INFINITE;
  if (!is_decimal(field)) /* strtod alone would also take 0x1p3 and nan(...) */
    return TABLE_CSV_TEXT;
  char *end;
  double number = strtod(field, &end);
  if (*end != '\0') /* a locale with another decimal mark: refused, never misread */
    return TABLE_CSV_TEXT;
  if (!isfinite(number))
    return TABLE_CSV_INFINITE;
  *value = number;
  return TABLE_CSV_NUMBER;
}

bool table_csv_is_number(const char *field) {
  double unused;
  return table_csv_number(&unused, field) == TABLE_CSV_NUMBER;
}

bool table_csv_boolean(double *value, const char *field) {
  bool yes = strcasecmp(field, "true") == 0;
  if (!yes && strcasecmp(field, "false") != 0)
    return false;
  *value = yes;
  return true;
}

ckks_status table_csv_value(table_csv_kind *kind, double *value, table_csv *csv, char *field) {
  *kind = table_csv_number(value, field);
  char mark = strchr(field, '.') != NULL ? '.' : 0;
  if (*kind == TABLE_CSV_TEXT && csv->separator != ',') {
    char *comma = strchr(field, ',');
    if (comma == NULL || mark != 0)
      return CKKS_OK;
    *comma = '.';
    *kind = table_csv_number(value, field);
    if (*kind != TABLE_CSV_NUMBER)
      *comma = ',';
    mark = ',';
  }
  if (*kind != TABLE_CSV_NUMBER || mark == 0)
    return CKKS_OK;
  if (csv->decimal != 0 && csv->decimal != mark)
    return base_fail(CKKS_ERROR_FORMAT,
                     "%s: line %zu: \"%.40s\" has a decimal %s where numbers before have %ss",
                     csv->name, csv->line, field, mark == '.' ? "point" : "comma",
                     mark == '.' ? "comma" : "point");
  csv->decimal = mark;
  return CKKS_OK;
}
