/* SPDX-License-Identifier: Apache-2.0 */
/* A request's line in the audit log: what it was and what became of it, never what was in it. */
#define _POSIX_C_SOURCE 200809L
#include "server/http/record.h"

#include <stdio.h>
#include <string.h>

#include "server/http/reply.h"
#include "server/store/clock.h"
#include "server/store/reserve.h"

static void fill(server_audit_record *record, const server_request *request) {
  const server_route *route = request->route;
  *record = (server_audit_record){.time_ms = server_clock_wall_ms(),
                                  .us = (uint64_t)(server_clock_us() - request->begun_us),
                                  .predictions = request->n_counted,
                                  .bytes_in = request->n_received,
                                  .bytes_out = request->answered ? request->reply.n_bytes : 0,
                                  .status = request->answered ? request->reply.status : 0};
  snprintf(record->token, sizeof record->token, "%s", request->token.id);
  snprintf(record->method, sizeof record->method, "%s", route != NULL ? route->method : "-");
  snprintf(record->path, sizeof record->path, "%s", route != NULL ? route->path : "-");
  if (request->model != NULL) {
    snprintf(record->model, sizeof record->model, "%s", request->model->name);
    snprintf(record->version, sizeof record->version, "%s", request->model->version);
  }
  snprintf(record->address, sizeof record->address, "%s", request->address);
  snprintf(record->key, sizeof record->key, "%s", request->key);
  snprintf(record->job, sizeof record->job, "%s", request->job);
  /* A connection that broke off is an outcome, too. */
  snprintf(record->code, sizeof record->code, "%s",
           request->answered ? request->reply.code : "aborted");
}

void server_record_before(server_request *request) {
  server_audit_record record;
  if (!request->route->recorded || !request->answered || request->reply.status >= 400)
    return;
  fill(&record, request);
  ckks_status status = server_audit_write(request->service->audit, &record);
  request->noted = status == CKKS_OK;
  if (request->noted)
    return;
  /* What was promised in headers is not said any more. */
  request->reply.n_headers = 0;
  if (request->n_counted > 0) /* of a prediction that is not given out */
    server_usage_return(request->service->usage, request->token.id, request->n_counted);
  request->n_counted = 0;
  server_reply_status(request, status, NULL);
}

/* Strangers, and who asks too often, could fill a disk with lines; so could anybody when nothing
 * but the reserve is left of it. */
static bool is_only_counted(const server_request *request) {
  return request->token.id[0] == '\0' || strcmp(request->reply.code, "rate") == 0 ||
         server_reserve_is_spent();
}

void server_record_after(server_request *request) {
  server_audit_record record;
  if (request->noted || (request->route != NULL && request->route->quiet))
    return;
  fill(&record, request);
  if (is_only_counted(request))
    server_audit_count(request->service->audit, record.token, record.address,
                       record.status == 0 || record.status >= 400);
  else
    server_audit_add(request->service->audit, &record);
}
