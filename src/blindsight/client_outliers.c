/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>

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
  for (size_t row = 0; row < n_rows; row++)
    for (size_t k = 0; k < n_features; k++) {
      double given = rows[row * n_features + k], mean = interface->mean[k];
      double x = isnan(given) ? mean : given, low = interface->low[k], high = interface->high[k];
      if ((x < low || x > high) && (*n)++ < most)
        list[*n - 1] =
            (blindsight_outlier){row, k, fabs(x - mean) / interface->deviation[k], low, high};
    }
  return CKKS_OK;
}
