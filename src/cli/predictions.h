/* SPDX-License-Identifier: Apache-2.0 */
/* Predictions of many rows, as a table, as CSV and as JSON; CSV fields. */
#ifndef CLI_PREDICTIONS_H
#define CLI_PREDICTIONS_H
#include "base/bytes.h"
#include "cli/print.h"
#include "encoding/meaning.h"

typedef struct cli_predictions {
  const double *outputs; /**< n_rows x n_outputs */
  size_t n_rows, n_outputs;
  char *const *label;
  bool with_outputs;  /**< show them, not the predicted label alone */
  encoding_kind kind; /**< values and labels have no predicted one: their outputs are shown */
} cli_predictions;

void cli_predictions_table(FILE *out, const cli_predictions *predictions);
/** "row,predicted" (where one label is) and, with outputs, one column a label; numbers read back to
 * the same bits. */
void cli_predictions_csv(base_buffer *out, const cli_predictions *predictions);
/** [{"row": 0, "predicted": "B", "outputs": [...]}, ...]; NULL when out of memory. */
json_t *cli_predictions_json(const cli_predictions *predictions);

/** On standard output, as outputs in clear lie in no file that nobody asked for: as JSON, as
 * CSV, or as a table. */
ckks_status cli_predictions_print(const cli_predictions *predictions, bool json, bool csv);

/** A field with the quotes that RFC 4180 asks for. */
void cli_csv_text(base_buffer *out, const char *text);
/** base_buffer_decimal; nothing for NaN. */
void cli_csv_number(base_buffer *out, double value);
#endif
