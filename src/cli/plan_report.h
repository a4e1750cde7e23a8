/* SPDX-License-Identifier: Apache-2.0 */
/* What a client may know of a compiled model, as a table and as JSON. */
#ifndef CLI_PLAN_REPORT_H
#define CLI_PLAN_REPORT_H
#include "cli/print.h"
#include "plan/plan.h"

void cli_plan_report_print(FILE *out, const plan_interface *interface);
/** NULL when out of memory. */
json_t *cli_plan_report_json(const plan_interface *interface);
/** "security" and "moduli" of parameters alone. */
void cli_plan_report_params(FILE *out, const ckks_params_literal *params);
json_t *cli_plan_report_params_json(const ckks_params_literal *params);
const char *cli_plan_report_packing(plan_packing packing);
#endif
