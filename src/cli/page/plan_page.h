/* SPDX-License-Identifier: Apache-2.0 */
/* A plan as one HTML page that needs nothing beside itself. */
#ifndef CLI_PLAN_PAGE_H
#define CLI_PLAN_PAGE_H
#include "blindsight.h"

/** n_weights: of the network that it was compiled from, which a thief would be after. */
ckks_status cli_plan_page_write(const char *path, const blindsight_server *server,
                                size_t n_weights);
#endif
