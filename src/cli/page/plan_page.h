/* SPDX-License-Identifier: Apache-2.0 */
/* A plan as one HTML page that needs nothing beside itself. */
#ifndef CLI_PLAN_PAGE_H
#define CLI_PLAN_PAGE_H
#include "plan/plan.h"

ckks_status cli_plan_page_write(const char *path, const plan_plan *plan);
#endif
