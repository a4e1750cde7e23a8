/* SPDX-License-Identifier: Apache-2.0 */
/* A plan stage by stage: as a table, as JSON and as a part of its page. */
#ifndef CLI_PLAN_STAGES_H
#define CLI_PLAN_STAGES_H
#include <jansson.h>
#include <stdio.h>

#include "base/bytes.h"
#include "blindsight.h"

/** One table for each packing. */
void cli_plan_stages_print(FILE *out, const blindsight_server *server);
/** Adds "stages" to each packing of what cli_plan_report_json made. */
void cli_plan_stages_json(json_t *packings, const blindsight_server *server);
/** A table, and bars of time and error, for each packing. */
void cli_plan_stages_page(base_buffer *out, const blindsight_server *server);
#endif
