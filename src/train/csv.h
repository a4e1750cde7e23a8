/* SPDX-License-Identifier: Apache-2.0 */
/* Records of a CSV text (RFC 4180): quoting, LF, CRLF and CR, byte-order mark. */
#ifndef TRAIN_CSV_H
#define TRAIN_CSV_H
#include "base/status.h"

/** Columns of a record; more is an error. */
#define TRAIN_CSV_MAX_FIELDS 32768

typedef struct train_csv {
  const char *name; /**< of the file, for messages */
  char *text;       /**< own copy; fields are cut out of it in place */
  size_t n_bytes, at;
  size_t line; /**< on which the record last read began, from 1 */
  size_t next_line;
  size_t n_fields; /**< of the record last read */
  char **field;    /**< TRAIN_CSV_MAX_FIELDS pointers into text */
} train_csv;

/** Copies the text. A NUL byte in it is CKKS_ERROR_FORMAT (UTF-16, or no text at all). */
ckks_status train_csv_init(train_csv *csv, const char *text, size_t n_bytes, const char *name);
void train_csv_clear(train_csv *csv);
/**
 * The next record that is not a blank line: sets line, n_fields and field; *end
 * is set instead when there is none. Blanks around unquoted fields are cut off.
 * Fields stay valid until train_csv_clear.
 */
ckks_status train_csv_next(train_csv *csv, bool *end);

typedef enum train_csv_kind {
  TRAIN_CSV_NUMBER,
  TRAIN_CSV_MISSING,  /**< empty, NA, NaN, null, ? (any case) */
  TRAIN_CSV_INFINITE, /**< inf, infinity, or beyond the range of a double */
  TRAIN_CSV_TEXT
} train_csv_kind;
/** What a field is; its value when it is a decimal number, NaN when it is missing. */
train_csv_kind train_csv_number(double *value, const char *field);
bool train_csv_is_number(const char *field); /**< a finite decimal number */
#endif
