/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One description of the rows for all three forms, so that a table, CSV and JSON cannot tell
 * different things. Rows are counted from 0, as --rows counts them.
 */
#include "cli/predictions.h"

#include <math.h>
#include <string.h>

#include "base/file.h"
#include "network/network.h"

#define NUMBER_WIDTH 13
#define MAX_TEXT_BYTES ((size_t)1 << 30)

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

static const double *row_of(const cli_predictions *p, size_t row) {
  return p->outputs + row * p->n_outputs;
}

/* As in training: the largest output, the first of equals. */
static const char *predicted(const cli_predictions *p, size_t row) {
  return p->label[encoding_outputs_argmax(row_of(p, row), p->n_outputs)];
}

static int wider(int a, int b) {
  return a > b ? a : b;
}

/*
 * Widths are known from the labels, so rows are printed as they come: a batch may have tens of
 * thousands. Six digits are what an error of 1e-5 leaves to be read.
 */
void cli_predictions_table(FILE *out, const cli_predictions *p) {
  int width = (int)strlen("predicted");
  char number[32];
  for (size_t i = 0; i < p->n_outputs; i++)
    width = wider(width, cli_print_width(p->label[i]));
  fprintf(out, "%7s  ", "row");
  cli_print_cell(out, "predicted", width);
  for (size_t i = 0; p->with_outputs && i < p->n_outputs; i++) {
    fputc(' ', out);
    cli_print_cell(out, p->label[i], -NUMBER_WIDTH);
  }
  for (size_t row = 0; row < p->n_rows; row++) {
    fprintf(out, "\n%7zu  ", row);
    cli_print_cell(out, predicted(p, row), width);
    for (size_t i = 0; p->with_outputs && i < p->n_outputs; i++) {
      snprintf(number, sizeof number, "%.6f", row_of(p, row)[i]);
      fputc(' ', out);
      cli_print_cell(out, number, -wider(NUMBER_WIDTH, cli_print_width(p->label[i])));
    }
  }
  fputc('\n', out);
}

/* For programs: every digit, and labels quoted where they need it. */
void cli_predictions_csv(base_buffer *out, const cli_predictions *p) {
  base_buffer_printf(out, "row,predicted");
  for (size_t i = 0; p->with_outputs && i < p->n_outputs; i++) {
    base_buffer_u8(out, ',');
    cli_csv_text(out, p->label[i]);
  }
  for (size_t row = 0; row < p->n_rows; row++) {
    base_buffer_printf(out, "\n%zu,", row);
    cli_csv_text(out, predicted(p, row));
    for (size_t i = 0; p->with_outputs && i < p->n_outputs; i++) {
      base_buffer_u8(out, ',');
      cli_csv_number(out, row_of(p, row)[i]);
    }
  }
  base_buffer_u8(out, '\n');
}

json_t *cli_predictions_json(const cli_predictions *p) {
  json_t *rows = json_array();
  for (size_t row = 0; row < p->n_rows; row++) {
    json_t *object =
        json_pack("{s:I, s:s}", "row", (json_int_t)row, "predicted", predicted(p, row));
    if (p->with_outputs) {
      json_t *outputs = json_array();
      for (size_t i = 0; i < p->n_outputs; i++)
        json_array_append_new(outputs, cli_print_number(row_of(p, row)[i]));
      json_object_set_new(object, "outputs", outputs);
    }
    json_array_append_new(rows, object);
  }
  return rows;
}

ckks_status cli_predictions_print(const cli_predictions *p, bool json, bool csv) {
  if (json)
    return cli_print_json(cli_predictions_json(p));
  if (!csv) {
    cli_predictions_table(stdout, p);
    return CKKS_OK;
  }
  base_buffer text;
  base_buffer_init(&text, MAX_TEXT_BYTES);
  cli_predictions_csv(&text, p);
  ckks_status status = base_buffer_status(&text);
  if (status == CKKS_OK)
    status = base_file_write("-", text.bytes, text.n_bytes, 0600);
  base_buffer_clear(&text);
  return status;
}
