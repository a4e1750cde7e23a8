/* SPDX-License-Identifier: Apache-2.0 */
#define _POSIX_C_SOURCE 200809L
#include "server/store/job_row.h"

#include <stdio.h>
#include <time.h>
#include <unistd.h>

void server_job_row_path(char path[4096], const server_service *service, const char *id,
                         const char *end) {
  snprintf(path, 4096, "%.3900s/jobs/%.32s.%s", service->options.state, id, end);
}

void server_job_row_text(char *out, size_t size, sqlite3_stmt *row, int column) {
  snprintf(out, size, "%s", (const char *)sqlite3_column_text(row, column));
}

ckks_status server_job_row_end(server_service *service, const char *id, int status,
                               const char *code, const char *message, int64_t predictions,
                               int64_t bytes) {
  server_database *database = service->database;
  int64_t state = status == 200 ? SERVER_JOB_DONE : SERVER_JOB_FAILED;
  server_database_lock(database);
  ckks_status result = server_database_run(
      database, NULL,
      "UPDATE jobs SET state = ?, status = ?, code = ?, message = ?, rows = ?, bytes = ?,"
      " ended = ? WHERE id = ? AND state = 0",
      "iissiiis", state, (int64_t)status, code, message, predictions, bytes, (int64_t)time(NULL),
      id);
  server_database_unlock(database);
  return result;
}

void server_job_row_read(server_job_row *row, sqlite3_stmt *s) {
  *row = (server_job_row){.state = sqlite3_column_int(s, 0),
                          .status = sqlite3_column_int(s, 1),
                          .predictions = sqlite3_column_int64(s, 2),
                          .bytes = sqlite3_column_int64(s, 3),
                          .created = sqlite3_column_int64(s, 4),
                          .ended = sqlite3_column_int64(s, 5)};
  server_job_row_text(row->model, sizeof row->model, s, 6);
  server_job_row_text(row->version, sizeof row->version, s, 7);
  server_job_row_text(row->key, sizeof row->key, s, 8);
  server_job_row_text(row->code, sizeof row->code, s, 9);
  server_job_row_text(row->message, sizeof row->message, s, 10);
}

ckks_status server_job_row_delete(server_service *service, const char *id) {
  char path[4096];
  server_database_lock(service->database);
  ckks_status status =
      server_database_run(service->database, NULL, "DELETE FROM jobs WHERE id = ?", "s", id);
  server_database_unlock(service->database);
  if (status == CKKS_OK) {
    server_job_row_path(path, service, id, "in");
    unlink(path);
    server_job_row_path(path, service, id, "out");
    unlink(path);
  }
  return status;
}

/* Names whose jobs never came to be, for want of room. */
static void sweep_names(server_service *service) {
  server_database_lock(service->database);
  (void)server_database_run(service->database, NULL,
                            "DELETE FROM asked WHERE job NOT IN (SELECT id FROM jobs)", "");
  server_database_unlock(service->database);
}

/* One at a time: few are ever out of date together. */
void server_job_row_sweep(server_service *service) {
  char id[33];
  sweep_names(service);
  for (int found = 1; found > 0;) {
    server_database_lock(service->database);
    sqlite3_stmt *row =
        server_database_query(service->database,
                              "SELECT id FROM jobs WHERE state <> 0 AND (created < ? OR token IN"
                              " (SELECT id FROM tokens WHERE revoked > 0)) LIMIT 1",
                              "i", (int64_t)time(NULL) - service->options.job_ttl_s);
    found = row != NULL ? server_database_step(service->database, row) : -1;
    if (found > 0) {
      server_job_row_text(id, sizeof id, row, 0);
      sqlite3_reset(row);
    }
    server_database_unlock(service->database);
    if (found > 0 && server_job_row_delete(service, id) != CKKS_OK)
      return;
  }
}
