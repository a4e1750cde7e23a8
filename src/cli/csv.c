/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/csv.h"

#include <math.h>
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

void cli_csv_number(base_buffer *out, double value) {
  if (!isnan(value))
    base_buffer_decimal(out, value);
}
