/* SPDX-License-Identifier: Apache-2.0 */
#define _POSIX_C_SOURCE 200809L
#include "server/compute/metrics.h"

/* Upper ends in milliseconds: from a health probe to a large batch. */
const double server_metrics_bucket_ms[SERVER_N_BUCKETS] = {0.25, 0.5, 1,   2.5,  5,    10,  25,
                                                           50,   100, 250, 1000, 5000, 2e4, 6e4};
void server_metrics_time(server_metrics *metrics, server_stage stage, int64_t us) {
  server_histogram *histogram = &metrics->stage[stage];
  int bucket = 0;
  while (bucket < SERVER_N_BUCKETS && (double)us > server_metrics_bucket_ms[bucket] * 1e3)
    bucket++;
  atomic_fetch_add(&histogram->bucket[bucket], 1);
  atomic_fetch_add(&histogram->sum_us, us > 0 ? (uint64_t)us : 0);
}
