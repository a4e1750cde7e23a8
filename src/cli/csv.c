/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/csv.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

void cli_csv_text(base_buffer *out, const char *text) {
  /* Blanks at the ends would be lost without quotes. */
  size_t length = strlen(text);
  bool plain =
      length > 0 && strpbrk(text, ",\"\r\n") == NULL && text[0] != ' ' && text[length - 1] != ' ';
  if (plain) {
    base_buffer_append(out, text, length);
    return;
  }
  base_buffer_u8(out, '"');
  for (; *text != '\0'; text++) {
    if (*text == '"')
      base_buffer_u8(out, '"');
    base_buffer_u8(out, (uint8_t)*text);
  }
  base_buffer_u8(out, '"');
}

/* Spreadsheets run what begins like a formula. Numbers are not in danger: -1 is a label like any.
 */
static bool is_formula(const char *text) {
  char *end;
  if (text[0] == '\0' || strchr("=+-@\t", text[0]) == NULL)
    return false;
  (void)strtod(text, &end);
  return *end != '\0';
}

void cli_csv_label(base_buffer *out, const char *text) {
  base_buffer safe;
  size_t n_turn;
  unsigned number;
  base_buffer_init(&safe, 3 * strlen(text) + 2); /* two bytes become six */
  if (is_formula(text))
    base_buffer_u8(&safe, '\'');
  for (; *text != '\0'; text += n_turn > 0 ? n_turn : 1) {
    if ((n_turn = base_is_turn(&number, text)) > 0)
      base_buffer_printf(&safe, "\\u%04X", number);
    else
      base_buffer_u8(&safe, (uint8_t)*text);
  }
  base_buffer_u8(&safe, 0);
  if (base_buffer_status(&safe) == CKKS_OK)
    cli_csv_text(out, (const char *)safe.bytes);
  else
    out->failed = true;
  base_buffer_clear(&safe);
}

void cli_csv_number(base_buffer *out, double value) {
  if (!isnan(value))
    base_buffer_decimal(out, value);
}
