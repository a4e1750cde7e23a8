/* SPDX-License-Identifier: Apache-2.0 */
/* How packings are called. */
#ifndef CLI_PACKING_H
#define CLI_PACKING_H
#include "blindsight.h"

/** The argument of --packing, by which one may be chosen. */
#define CLI_PACKING_CHOICES "auto|latency|throughput"
/** What that choice means for so many rows. */
blindsight_packing cli_packing_choose(int choice, const blindsight_client *client, size_t n_rows);
const char *cli_packing_name(blindsight_packing packing);
#endif
