/* SPDX-License-Identifier: Apache-2.0 */
/* A plan as one HTML page that needs nothing beside itself. */
#ifndef CLI_PLAN_PAGE_H
#define CLI_PLAN_PAGE_H
#include "base/bytes.h"
#include "blindsight.h"

/** `model`: that it was compiled from; the page shows what of it hangs on each feature, and is its
 * owner's (mode 0600). */
ckks_status cli_plan_page_write(const char *path, const blindsight_server *server,
                                const blindsight_model *model);
/** The part on features (plan_features.c). */
void cli_plan_features_page(base_buffer *out, const blindsight_model *model);
#endif
