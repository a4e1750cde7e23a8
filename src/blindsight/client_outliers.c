/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>

#include "base/alloc.h"
#include "base/wipe.h"
#include "blindsight/objects.h"

ckks_status blindsight_client_outliers(blindsight_outlier *list, size_t most, size_t *n,
                                       const double *rows, size_t n_rows,
                                       const blindsight_client *client) {
  BASE_TRY(blindsight_objects_require(n, "n"));
  *n = 0;
  BASE_TRY(blindsight_objects_require(list, "list"));
  BASE_TRY(blindsight_objects_require(rows, "rows"));
  BASE_TRY(blindsight_objects_require(client, "client"));
  const plan_interface *interface = client->interface;
  size_t n_features = interface->n_features;
  BASE_TRY(blindsight_rows_check(rows, n_rows, interface->feature, n_features));
  double *scaled = base_alloc_array(n_features, sizeof *scaled);
  if (scaled == NULL)
    return base_fail_memory(n_features * sizeof *scaled);
  for (size_t row = 0; row < n_rows; row++) {
    if (plan_pack_scale(scaled, rows + row * n_features, interface) == 0)
      continue;
    for (size_t k = 0; k < n_features; k++)
      if (fabs(scaled[k]) > interface->max_abs_input && (*n)++ < most)
        list[*n - 1] = (blindsight_outlier){row, k, fabs(scaled[k])};
  }
  base_wipe(scaled, n_features * sizeof *scaled);
  base_free(scaled);
  return CKKS_OK;
}
