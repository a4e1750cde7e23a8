/* SPDX-License-Identifier: Apache-2.0 */
/* How good a model's predictions are, for people and for programs. */
#ifndef CLI_METRICS_H
#define CLI_METRICS_H
#include "cli/print.h"
#include "train/train.h"

/** Outputs of the model for n_rows raw rows, row-major, in *outputs (base_free). */
ckks_status cli_metrics_outputs(double **outputs, const double *rows, size_t n_rows,
                                const network_model *model);
void cli_metrics_print(FILE *out, const train_metrics *metrics, char *const *label);
json_t *cli_metrics_json(const train_metrics *metrics);
/**
 * Metrics of outputs as the client has them (probabilities, where the model ends in them).
 * CKKS_ERROR_ARGUMENT where the outputs are no classes.
 */
ckks_status cli_metrics_compute(train_metrics *metrics, const double *outputs, const int *label,
                                size_t n_rows, size_t n_outputs, const encoding_meaning *meaning);
#endif
