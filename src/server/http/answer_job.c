/* SPDX-License-Identifier: Apache-2.0 */
/* Jobs as their owners see them: how they stand, their results, and their end. */
#define _POSIX_C_SOURCE 200809L
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "server/http/answer.h"
#include "server/http/reply.h"

static const char *state_name(int state) {
  return state == SERVER_JOB_DONE ? "done" : state == SERVER_JOB_FAILED ? "failed" : "queued";
}

json_t *server_answer_job_describe(const char *id, const server_job_row *row, unsigned ttl_s) {
  json_t *value = json_pack("{s:s, s:s, s:s, s:s, s:s, s:I, s:I, s:I, s:I}", "id", id, "state",
                            state_name(row->state), "model", row->model, "version", row->version,
                            "key", row->key, "predictions", (json_int_t)row->predictions, "created",
                            (json_int_t)row->created, "ended", (json_int_t)row->ended, "expires",
                            (json_int_t)row->created + ttl_s);
  if (row->state == SERVER_JOB_FAILED)
    json_object_set_new(value, "error",
                        json_pack("{s:i, s:s, s:s}", "status", row->status, "code", row->code,
                                  "message", row->message));
  if (row->state == SERVER_JOB_DONE)
    json_object_set_new(value, "result", json_sprintf("/v2/jobs/%s/result", id));
  return value;
}

static bool find_own(server_job_row *row, server_request *request) {
  server_database *database = request->service->database;
  server_database_lock(database);
  sqlite3_stmt *s = server_database_query(
      database, "SELECT " SERVER_JOB_COLUMNS " FROM jobs WHERE id = ? AND token = ?", "ss",
      request->param[0], request->token.id);
  int found = s != NULL ? server_database_step(database, s) : -1;
  if (found > 0) {
    server_job_row_read(row, s);
    sqlite3_reset(s);
  }
  server_database_unlock(database);
  if (found > 0)
    snprintf(request->job, sizeof request->job, "%.32s", request->param[0]);
  else if (found == 0)
    server_reply_error(request, 404, "job", "job", "there is no such job");
  else
    server_reply_status(request, CKKS_ERROR_IO, NULL);
  return found > 0;
}

void server_answer_job_get(server_request *request) {
  server_job_row row;
  if (!find_own(&row, request))
    return;
  if (row.state == SERVER_JOB_WAITING)
    server_reply_header(request, "Retry-After", "1");
  server_reply_json(
      request, 200,
      server_answer_job_describe(request->param[0], &row, request->service->options.job_ttl_s));
}

void server_answer_job_result(server_request *request) {
  server_job_row row;
  char path[4096];
  struct stat info;
  if (!find_own(&row, request))
    return;
  if (row.state != SERVER_JOB_DONE) {
    server_reply_error(request, 409, "job", "state", "the job is %s", state_name(row.state));
    return;
  }
  server_job_row_path(path, request->service, request->param[0], "out");
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0 || fstat(fd, &info) != 0) {
    server_reply_errno(request, errno, path);
    if (fd >= 0)
      close(fd);
    return;
  }
  server_reply_bytes(request, 200, "application/octet-stream", NULL, 0);
  request->reply.fd = fd;
  request->reply.n_bytes = (size_t)info.st_size;
}

void server_answer_job_delete(server_request *request) {
  server_job_row row;
  if (!find_own(&row, request))
    return;
  if (row.state == SERVER_JOB_WAITING) {
    server_reply_error(request, 409, "job", "state", "the job is queued: it can go when it ran");
    return;
  }
  ckks_status status = server_job_row_delete(request->service, request->param[0]);
  if (status == CKKS_OK)
    server_reply_bytes(request, 204, NULL, NULL, 0);
  else
    server_reply_status(request, status, NULL);
}
