/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One description of the rows for all three forms, so that a table, CSV and JSON cannot tell
 * different things. Rows are counted as --rows counts them: from 0,
 * or on from the last row of the sample before.
 */
#include "cli/predictions.h"

#include <math.h>
#include <string.h>

#include "base/file.h"
#include "cli/csv.h"
#include "cli/line.h"
#include "cli/print.h"

#define NUMBER_WIDTH 13
#define MAX_TEXT_BYTES ((size_t)1 << 30)

static double output_of(const cli_predictions *p, size_t row, size_t i) {
  return p->predictions->output[row * p->predictions->n_outputs + i];
}

/* None beside NaN. */
static const char *predicted(const cli_predictions *p, size_t row) {
  size_t found = p->predictions->largest[row];
  return found != BLINDSIGHT_NO_LABEL ? p->names->label[found] : "";
}

static blindsight_state state_of(const blindsight_predictions *p, size_t row) {
  return p->state != NULL ? p->state[row] : BLINDSIGHT_INSIDE;
}

bool cli_predictions_lack(const blindsight_predictions *p) {
  bool lack = false;
  for (size_t row = 0; row < p->n_rows; row++)
    lack = lack || state_of(p, row) > BLINDSIGHT_OUTSIDE;
  return lack;
}

/* Whether there is anything to be said of states. */
static bool has_states(const blindsight_predictions *p) {
  bool any = false;
  for (size_t row = 0; row < p->n_rows; row++)
    any = any || state_of(p, row) != BLINDSIGHT_INSIDE;
  return any;
}

static bool is_classes(const cli_predictions *p) {
  return p->names->kind == BLINDSIGHT_CLASSES;
}

/* How many of a row are shown. */
static size_t n_shown(const cli_predictions *p) {
  return p->with_outputs || !is_classes(p) ? p->predictions->n_outputs : 0;
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
  const char *const *label = p->names->label;
  char number[32];
  for (size_t i = 0; i < p->predictions->n_outputs; i++)
    width = wider(width, cli_print_width(label[i]));
  fprintf(out, "%7s  ", "row");
  if (is_classes(p))
    cli_print_cell(out, "predicted", width);
  for (size_t i = 0; i < n_shown(p); i++) {
    fputc(' ', out);
    cli_print_cell(out, label[i], -NUMBER_WIDTH);
  }
  for (size_t row = 0; row < p->predictions->n_rows; row++) {
    fprintf(out, "\n%7zu  ", p->first + row);
    if (is_classes(p))
      cli_print_cell(out, predicted(p, row), width);
    for (size_t i = 0; i < n_shown(p); i++) {
      double value = output_of(p, row, i);
      snprintf(number, sizeof number, fabs(value) < 1e6 ? "%.6f" : "%.7g", value);
      fputc(' ', out);
      cli_print_cell(out, number, -wider(NUMBER_WIDTH, cli_print_width(label[i])));
    }
    if (state_of(p->predictions, row) != BLINDSIGHT_INSIDE)
      fprintf(out, "  %s", blindsight_state_name(state_of(p->predictions, row)));
  }
  fputc('\n', out);
}

/* For programs: every digit, and labels quoted where they need it. */
void cli_predictions_csv(base_buffer *out, const cli_predictions *p) {
  bool states = has_states(p->predictions);
  base_buffer_printf(out, is_classes(p) ? "row,predicted" : "row");
  for (size_t i = 0; i < n_shown(p); i++) {
    base_buffer_u8(out, ',');
    cli_csv_label(out, p->names->label[i]);
  }
  if (states)
    base_buffer_printf(out, ",state");
  for (size_t row = 0; row < p->predictions->n_rows; row++) {
    base_buffer_printf(out, is_classes(p) ? "\n%zu," : "\n%zu", p->first + row);
    if (is_classes(p))
      cli_csv_label(out, predicted(p, row));
    for (size_t i = 0; i < n_shown(p); i++) {
      base_buffer_u8(out, ',');
      cli_csv_number(out, output_of(p, row, i));
    }
    if (states)
      base_buffer_printf(out, ",%s", blindsight_state_name(state_of(p->predictions, row)));
  }
  base_buffer_u8(out, '\n');
}

static json_t *predicted_json(const cli_predictions *p, size_t row) {
  const char *label = predicted(p, row);
  return label[0] != '\0' ? json_string(label) : json_null();
}

json_t *cli_predictions_json(const cli_predictions *p) {
  json_t *rows = json_array();
  for (size_t row = 0; row < p->predictions->n_rows; row++) {
    json_int_t number = (json_int_t)p->first + (json_int_t)row;
    json_t *object = json_pack("{s:I}", "row", number);
    if (is_classes(p))
      json_object_set_new(object, "predicted", predicted_json(p, row));
    if (n_shown(p) > 0) {
      json_t *outputs = json_array();
      for (size_t i = 0; i < n_shown(p); i++)
        json_array_append_new(outputs, cli_print_number(output_of(p, row, i)));
      json_object_set_new(object, "outputs", outputs);
    }
    if (state_of(p->predictions, row) != BLINDSIGHT_INSIDE)
      json_object_set_new(object, "state",
                          json_string(blindsight_state_name(state_of(p->predictions, row))));
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
  cli_line_waited();
  base_buffer_init(&text, MAX_TEXT_BYTES);
  cli_predictions_csv(&text, p);
  ckks_status status = base_buffer_status(&text);
  if (status == CKKS_OK)
    status = base_file_write("-", text.bytes, text.n_bytes, 0600);
  base_buffer_clear(&text);
  return status;
}
