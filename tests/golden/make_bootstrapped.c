/* SPDX-License-Identifier: Apache-2.0 */
/* Writes bootstrapped.server and .client, a plan by hand of the set for N = 2^15, into the folder
 * named by its argument. */
#include "golden/bootstrapped.h"

#include <stdio.h>

int main(int argc, char **argv) {
  plan_plan plan;
  ckks_bootstrap_literal set;
  char path[2][512];
  if (argc != 2)
    return 2;
  snprintf(path[0], sizeof path[0], "%s/bootstrapped.server", argv[1]);
  snprintf(path[1], sizeof path[1], "%s/bootstrapped.client", argv[1]);
  assert_ok(ckks_bootstrap_literal_choose(&set, CKKS_BOOTSTRAP_N15));
  set.log2_slots = 3;
  make_plan(&plan, &set);
  assert_ok(plan_files_server_write(path[0], &plan));
  assert_ok(plan_files_client_write(path[1], &plan.interface));
  plan_clear(&plan);
  return 0;
}
