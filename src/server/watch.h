/* SPDX-License-Identifier: Apache-2.0 */
/* What the owner sees: figures for Prometheus, and the audit log. */
#ifndef SERVER_WATCH_H
#define SERVER_WATCH_H
#include <stdatomic.h>

#include "base/bytes.h"
#include "server/server.h"

/* --- metrics.c */
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

typedef struct server_histogram {
  _Atomic uint64_t bucket[SERVER_N_BUCKETS + 1], sum_us;
} server_histogram;

typedef struct server_metrics {
  _Atomic uint64_t requests[SERVER_MAX_ROUTES + 1][6]; /* by route (last: none) and status / 100 */
  server_histogram stage[SERVER_N_STAGES];
  _Atomic uint64_t bytes_in, bytes_out, predictions, refused;
  _Atomic int64_t connections;
} server_metrics;

int64_t server_metrics_now_us(void); /**< monotonic */
void server_metrics_time(server_metrics *metrics, server_stage stage, int64_t us);
/** Figures of this room in Prometheus' text form. */
struct server_service;
void server_metrics_write(base_buffer *out, struct server_service *service);

/* --- audit.c */
typedef struct server_audit server_audit;
typedef struct server_audit_record {
  int64_t time_ms;
  char token[17], method[8], path[97], model[129], version[33], key[65], job[33], code[32];
  uint64_t bytes_in, bytes_out, us, rows;
  int status;
} server_audit_record;

ckks_status server_audit_build(server_audit **out, const char *state);
/** Writes what is left. */
void server_audit_free(server_audit *audit);
/** Queues a line; it is chained and committed with others within a tenth of a second. Waits
 * when a thousand lines wait: no line is ever dropped. */
void server_audit_add(server_audit *audit, const server_audit_record *record);
/** Commits the line, behind all that wait: from then on it outlives this process, and from a tenth
 * of a second later the power. On an error (CKKS_ERROR_IO) it is not in the log. */
ckks_status server_audit_write(server_audit *audit, const server_audit_record *record);
/** Every line, newest first, until `visit` has seen enough and says false. */
ckks_status server_audit_each_back(const char *state,
                                   bool (*visit)(void *context, const char *line), void *context);
#endif
