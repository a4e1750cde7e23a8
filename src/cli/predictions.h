/* SPDX-License-Identifier: Apache-2.0 */
/* Predictions of many rows, as a table, as CSV and as JSON. */
#ifndef CLI_PREDICTIONS_H
#define CLI_PREDICTIONS_H
#include "base/bytes.h"
#include "blindsight.h"
#include "cli/print.h"

typedef struct cli_predictions {
  const blindsight_predictions *predictions;
  const blindsight_names *names; /**< values and labels have no predicted one: outputs are shown */
  bool with_outputs;             /**< show them, not the predicted label alone */
  size_t first;                  /**< number of the first row */
} cli_predictions;

/** Whether a row has no answer: it was refused, or what came back is not to be believed. */
bool cli_predictions_lack(const blindsight_predictions *predictions);
void cli_predictions_table(FILE *out, const cli_predictions *shown);
/** "row,predicted" (where one label is) and, with outputs, one column a label; numbers read back to
 * the same bits. Behind them "state", if any row is not simply inside what the model answers for.
 */
void cli_predictions_csv(base_buffer *out, const cli_predictions *shown);
/** [{"row": 0, "predicted": "B", "outputs": [...]}, ...], and "state" where it is not "inside";
 * NULL when out of memory. */
json_t *cli_predictions_json(const cli_predictions *shown);

/** On standard output, as outputs in clear lie in no file that nobody asked for: as JSON, as
 * CSV, or as a table. */
ckks_status cli_predictions_print(const cli_predictions *shown, bool json, bool csv);
#endif
