/* SPDX-License-Identifier: Apache-2.0 */
/* --out-of-range: what is done with rows that a model does not answer for, and how it is said. */
#ifndef CLI_OUT_OF_RANGE_H
#define CLI_OUT_OF_RANGE_H
#include "blindsight.h"
#include "cli/print.h"

#define CLI_OUT_OF_RANGE_CHOICES                                                                   \
  "refuse|clip|mark" /**< in the order of blindsight_out_of_range                                  \
                      */
#define CLI_OUT_OF_RANGE_TEXT "rows that the model does not answer for (refuse)"

/** Names rows that are not inside, with line, feature, value and limits: the first of them. */
void cli_out_of_range_warn(const blindsight_sorted *sorted, const blindsight_rows *rows,
                           const char *path, const blindsight_names *names);
/** [{"row": 17, "state": "refused", "feature": ..., "value": ..., "low": ..., "high": ...}, ...],
 * all of them. */
json_t *cli_out_of_range_json(const blindsight_sorted *sorted, const blindsight_rows *rows,
                              const blindsight_names *names);
#endif
