/* SPDX-License-Identifier: Apache-2.0 */
/* Jobs as their owners see them: how they stand, their results, and their end. */
#define _POSIX_C_SOURCE 200809L
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "server/job.h"

void server_job_read_row(server_job_row *row, sqlite3_stmt *s) {
  *row = (server_job_row){.state = sqlite3_column_int(s, 0),
                          .status = sqlite3_column_int(s, 1),
                          .rows = sqlite3_column_int64(s, 2),
                          .bytes = sqlite3_column_int64(s, 3),
                          .created = sqlite3_column_int64(s, 4),
                          .ended = sqlite3_column_int64(s, 5)};
  server_job_take_text(row->model, sizeof row->model, s, 6);
  server_job_take_text(row->version, sizeof row->version, s, 7);
  server_job_take_text(row->key, sizeof row->key, s, 8);
  server_job_take_text(row->code, sizeof row->code, s, 9);
  server_job_take_text(row->message, sizeof row->message, s, 10);
}

static const char *state_name(int state) {
  return state == SERVER_JOB_DONE ? "done" : state == SERVER_JOB_FAILED ? "failed" : "queued";
}

json_t *server_job_describe(const char *id, const server_job_row *row, unsigned ttl_s) {
  json_t *value =
      json_pack("{s:s, s:s, s:s, s:s, s:s, s:I, s:I, s:I, s:I}", "id", id, "state",
                state_name(row->state), "model", row->model, "version", row->version, "key",
                row->key, "rows", (json_int_t)row->rows, "created", (json_int_t)row->created,
                "ended", (json_int_t)row->ended, "expires", (json_int_t)row->created + ttl_s);
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
    server_job_read_row(row, s);
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

void server_jobs_get(server_request *request) {
  server_job_row row;
  if (!find_own(&row, request))
    return;
  if (row.state == SERVER_JOB_WAITING)
    server_reply_header(request, "Retry-After", "1");
  server_reply_json(
      request, 200,
      server_job_describe(request->param[0], &row, request->service->options.job_ttl_s));
}

void server_jobs_result(server_request *request) {
  server_job_row row;
  char path[4096];
  struct stat info;
  if (!find_own(&row, request))
    return;
  if (row.state != SERVER_JOB_DONE) {
    server_reply_error(request, 409, "job", "state", "the job is %s", state_name(row.state));
    return;
  }
  server_job_path(path, request->service, request->param[0], "out");
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

static ckks_status remove_job(server_service *service, const char *id) {
  char path[4096];
  server_database_lock(service->database);
  ckks_status status =
      server_database_run(service->database, NULL, "DELETE FROM jobs WHERE id = ?", "s", id);
  server_database_unlock(service->database);
  if (status == CKKS_OK) {
    server_job_path(path, service, id, "in");
    unlink(path);
    server_job_path(path, service, id, "out");
    unlink(path);
  }
  return status;
}

void server_jobs_delete(server_request *request) {
  server_job_row row;
  if (!find_own(&row, request))
    return;
  if (row.state == SERVER_JOB_WAITING) {
    server_reply_error(request, 409, "job", "state", "the job is queued: it can go when it ran");
    return;
  }
  ckks_status status = remove_job(request->service, request->param[0]);
  if (status == CKKS_OK)
    server_reply_bytes(request, 204, NULL, NULL, 0);
  else
    server_reply_status(request, status, NULL);
}

/* One at a time: few are ever out of date together. */
void server_jobs_sweep(server_service *service) {
  char id[33];
  for (int found = 1; found > 0;) {
    server_database_lock(service->database);
    sqlite3_stmt *row =
        server_database_query(service->database,
                              "SELECT id FROM jobs WHERE state <> 0 AND (created < ? OR token IN"
                              " (SELECT id FROM tokens WHERE revoked > 0)) LIMIT 1",
                              "i", (int64_t)time(NULL) - service->options.job_ttl_s);
    found = row != NULL ? server_database_step(service->database, row) : -1;
    if (found > 0) {
      server_job_take_text(id, sizeof id, row, 0);
      sqlite3_reset(row);
    }
    server_database_unlock(service->database);
    if (found > 0 && remove_job(service, id) != CKKS_OK)
      return;
  }
}
