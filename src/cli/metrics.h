/* SPDX-License-Identifier: Apache-2.0 */
/* How good a model's predictions are, for people and for programs. */
#ifndef CLI_METRICS_H
#define CLI_METRICS_H
#include "blindsight.h"
#include "cli/print.h"

/** Of classes or of values, as the rows have them. */
ckks_status cli_metrics_compute(blindsight_metrics **out, const double *output,
                                const blindsight_rows *rows, const blindsight_names *names);
/** Of those rows that have an answer; *out is NULL when none has. */
ckks_status cli_metrics_answered(blindsight_metrics **out, size_t *n_answered,
                                 const blindsight_predictions *predictions,
                                 const blindsight_rows *rows, const blindsight_names *names);
bool cli_metrics_has_truth(const blindsight_rows *rows); /**< labels, or true values */
void cli_metrics_print(FILE *out, const blindsight_metrics *metrics, const char *const *label);
json_t *cli_metrics_json(const blindsight_metrics *metrics);
#endif
