/* SPDX-License-Identifier: Apache-2.0 */
/* What `train` says of a model: of its table, of the training, and how it does on rows kept back.
 */
#ifndef CLI_TRAIN_REPORT_H
#define CLI_TRAIN_REPORT_H
#include "cli/metrics.h"

/** All of it borrowed, and there. */
typedef struct cli_train_done {
  const blindsight_train_options *options;
  const blindsight_training *done;
  const blindsight_model *model;
  const blindsight_metrics *metrics; /**< on done->validation */
  const char *output;                /**< where the model went; "-": the report is for stderr */
} cli_train_done;

void cli_train_report_print(const cli_train_done *trained);
/** With losses of all epochs, so that a curve can be drawn. CKKS_ERROR_MEMORY, _IO. */
ckks_status cli_train_report_json(const cli_train_done *trained);
#endif
