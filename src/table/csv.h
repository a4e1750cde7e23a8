/* SPDX-License-Identifier: Apache-2.0 */
/* Records of a CSV text (RFC 4180): quoting, LF, CRLF and CR, byte-order mark. */
#ifndef TABLE_CSV_H
#define TABLE_CSV_H
#include "base/status.h"

/** Columns of a record; more is an error. */
#define TABLE_CSV_MAX_FIELDS 32768

typedef struct table_csv {
  const char *name; /**< of the file, for messages */
  char *text;       /**< own copy; fields are cut out of it in place */
  size_t n_bytes, at;
  size_t line; /**< on which the record last read began, from 1 */
  size_t next_line;
  size_t n_fields; /**< of the record last read */
  char **field;    /**< TABLE_CSV_MAX_FIELDS pointers into text */
} table_csv;

/** Copies the text. A NUL byte in it is CKKS_ERROR_FORMAT (UTF-16, or no text at all). */
ckks_status table_csv_init(table_csv *csv, const char *text, size_t n_bytes, const char *name);
void table_csv_clear(table_csv *csv);
/**
 * The next record that is not a blank line: sets line, n_fields and field; *end
 * is set instead when there is none. Blanks around unquoted fields are cut off.
 * Fields stay valid until table_csv_clear.
 */
ckks_status table_csv_next(table_csv *csv, bool *end);

typedef enum table_csv_kind {
  TABLE_CSV_NUMBER,
  TABLE_CSV_MISSING,  /**< empty, NA, NaN, null, ? (any case) */
  TABLE_CSV_INFINITE, /**< inf, infinity, or beyond the range of a double */
  TABLE_CSV_TEXT
} table_csv_kind;
/** What a field is; its value when it is a decimal number, NaN when it is missing. */
table_csv_kind table_csv_number(double *value, const char *field);
bool table_csv_is_number(const char *field); /**< a finite decimal number */
#endif
