/* SPDX-License-Identifier: Apache-2.0 */
/* A plan stage by stage: as a table, as JSON and as a part of its page. */
#ifndef CLI_PLAN_STAGES_H
#define CLI_PLAN_STAGES_H
#include <jansson.h>
#include <stdio.h>

#include "plan/plan.h"

/** One table for each packing. */
void cli_plan_stages_print(FILE *out, const plan_plan *plan);
/** Adds "stages" to each packing of what cli_plan_report_json made. */
void cli_plan_stages_json(json_t *packings, const plan_plan *plan);
/** A table, and bars of time and error, for each packing. */
void cli_plan_stages_page(base_buffer *out, const plan_plan *plan);
#endif
