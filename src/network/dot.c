/* SPDX-License-Identifier: Apache-2.0 */
#include "network/dot.h"

/* Four sums hide the latency of an addition, and their order is fixed: no
 * vectoriser may change the result. */
double network_dot(const double *a, const double *b, size_t n) {
  double sum[4] = {0.0, 0.0, 0.0, 0.0};
  size_t i = 0;
  for (; i + 4 <= n; i += 4)
    for (size_t lane = 0; lane < 4; lane++)
      sum[lane] += a[i + lane] * b[i + lane];
  for (size_t lane = 0; i + lane < n; lane++)
    sum[lane] += a[i + lane] * b[i + lane];
  return (sum[0] + sum[1]) + (sum[2] + sum[3]);
}
