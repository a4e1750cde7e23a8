/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/packing.h"

blindsight_packing cli_packing_choose(int choice, const blindsight_client *client, size_t n_rows) {
  if (choice == 0)
    return blindsight_client_packing(client, n_rows);
  return choice == 1 ? BLINDSIGHT_LATENCY : BLINDSIGHT_THROUGHPUT;
}

const char *cli_packing_name(blindsight_packing packing) {
  return packing == BLINDSIGHT_LATENCY ? "latency" : "throughput";
}
