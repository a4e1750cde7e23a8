/* SPDX-License-Identifier: Apache-2.0 */
/* Records of a CSV text (RFC 4180): quoting, LF, CRLF and CR, byte-order mark; fields between
 * commas, semicolons, tabs or bars. */
#ifndef TABLE_CSV_H
#define TABLE_CSV_H
#include "base/status.h"

/** Columns of a record; more is an error. */
#define TABLE_CSV_MAX_FIELDS 32768

typedef struct table_csv {
  const char *name; /**< of the file, for messages */
  char *text;       /**< own copy; fields are cut out of it in place */
  char separator;   /**< one of , ; tab | */
  char decimal;     /**< mark of the numbers met so far, '.' or ','; 0 = only whole ones */
  size_t n_bytes, at;
  size_t line; /**< on which the record last read began, from 1 */
  size_t next_line;
  size_t n_fields; /**< of the record last read */
  char **field;    /**< TABLE_CSV_MAX_FIELDS pointers into text */
} table_csv;

/**
 * Copies the text, and finds what separates fields: what the first two records have equally often,
 * and most of. CKKS_ERROR_FORMAT for a NUL byte in it (UTF-16, or no text at all) and for what is
 * no UTF-8.
 */
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
  TABLE_CSV_MISSING,  /**< empty, NA, N/A, NaN, null, None, ? and the like (any case) */
  TABLE_CSV_INFINITE, /**< inf, infinity, or beyond the range of a double */
  TABLE_CSV_TEXT
} table_csv_kind;
/** What a field is; its value when it is a decimal number, NaN when it is missing. */
table_csv_kind table_csv_number(double *value, const char *field);
/**
 * The same for a field of this text: where fields are not separated by commas, 1,5 is a number, and
 * the field becomes 1.5. CKKS_ERROR_FORMAT where some numbers have commas and others points.
 */
ckks_status table_csv_value(table_csv_kind *kind, double *value, table_csv *csv, char *field);
/** "true" and "false" (any case) as 1 and 0; false for anything else. */
bool table_csv_boolean(double *value, const char *field);
bool table_csv_is_number(const char *field); /**< a finite decimal number */
#endif
