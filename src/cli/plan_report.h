/* SPDX-License-Identifier: Apache-2.0 */
/* What a client may know of a compiled model, as a table and as JSON. */
#ifndef CLI_PLAN_REPORT_H
#define CLI_PLAN_REPORT_H
#include "blindsight.h"
#include "cli/print.h"

void cli_plan_report_print(FILE *out, const blindsight_client *client);
/** NULL when out of memory. */
json_t *cli_plan_report_json(const blindsight_client *client);
/** "security" and "moduli" of parameters alone. */
void cli_plan_report_params(FILE *out, const ckks_params_literal *params, double log2_qp,
                            double log2_qp_limit);
json_t *cli_plan_report_params_json(const ckks_params_literal *params, double log2_qp,
                                    double log2_qp_limit);
#endif
