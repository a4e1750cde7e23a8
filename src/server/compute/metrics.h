/* SPDX-License-Identifier: Apache-2.0 */
/* What is counted, for http/figures.c to say. */
#ifndef SERVER_METRICS_H
#define SERVER_METRICS_H
#include <stdatomic.h>
#include <stdint.h>

#define SERVER_MAX_ROUTES 32
#define SERVER_N_BUCKETS 14
typedef enum server_stage {
  SERVER_STAGE_RECEIVE,
  SERVER_STAGE_QUEUE,
  SERVER_STAGE_KEYS,
  SERVER_STAGE_EVALUATE,
  SERVER_STAGE_TOTAL,
  SERVER_N_STAGES
} server_stage;

extern const double server_metrics_bucket_ms[SERVER_N_BUCKETS]; /* their upper ends */

typedef struct server_histogram {
  _Atomic uint64_t bucket[SERVER_N_BUCKETS + 1], sum_us;
} server_histogram;

typedef struct server_metrics {
  _Atomic uint64_t requests[SERVER_MAX_ROUTES + 1][6]; /* by route (last: none) and status / 100 */
  server_histogram stage[SERVER_N_STAGES];
  _Atomic uint64_t bytes_in, bytes_out, predictions, refused;
  _Atomic int64_t connections;
  int64_t started_ms; /* since 1970 */
} server_metrics;

void server_metrics_time(server_metrics *metrics, server_stage stage, int64_t us);
#endif
