/* SPDX-License-Identifier: Apache-2.0 */
/* A plan as one HTML page that needs nothing beside itself. */
#ifndef CLI_PLAN_PAGE_H
#define CLI_PLAN_PAGE_H
#include "plan/plan.h"

/** n_weights: of the network that it was compiled from, which a thief would be after. */
ckks_status cli_plan_page_write(const char *path, const plan_plan *plan, size_t n_weights);
#endif
