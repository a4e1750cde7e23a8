/* SPDX-License-Identifier: Apache-2.0 */
/* Fields of CSV. */
#ifndef CLI_CSV_H
#define CLI_CSV_H
#include "base/bytes.h"

/** A field with the quotes that RFC 4180 asks for. */
void cli_csv_text(base_buffer *out, const char *text);
/** The same for people who open it in a spreadsheet, of texts that come from others: what would be
 * a formula gets an apostrophe before it, what turns the direction of writing becomes \uXXXX. */
void cli_csv_label(base_buffer *out, const char *text);
/** base_buffer_decimal; nothing for NaN. */
void cli_csv_number(base_buffer *out, double value);
#endif
