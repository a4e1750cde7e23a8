/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Jobs that a former process left. A job's line in the audit log is its outcome: where there is
 * one the row only learns of it, so that no job has two; the others run again.
 */
#define _POSIX_C_SOURCE 200809L
#include "server/compute/job_recovery.h"

#include <dirent.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "server/compute/job_run.h"
#include "server/store/audit_read.h"
#include "server/store/job_row.h"

/* A clock may be set back a little while a job waits. */
#define CLOCK_SLACK_S 3600

typedef struct search {
  server_service *service;
  int64_t since_ms;
  ckks_status status;
} search;

/* When the oldest job that waits was made; negative = none waits. */
static int64_t oldest_waiting(server_database *database) {
  int64_t created = -1;
  server_database_lock(database);
  sqlite3_stmt *row =
      server_database_query(database, "SELECT COALESCE(MIN(created), -1) FROM jobs WHERE state = ?",
                            "i", (int64_t)SERVER_JOB_WAITING);
  if (row != NULL && server_database_step(database, row) > 0) {
    created = sqlite3_column_int64(row, 0);
    sqlite3_reset(row);
  }
  server_database_unlock(database);
  return created;
}

/* A good outcome without its result would be worth nothing: such a job runs again. */
static bool is_of_use(const server_service *service, const char *id, int outcome) {
  char path[4096];
  struct stat info;
  server_job_row_path(path, service, id, "out");
  return outcome != 200 || stat(path, &info) == 0;
}

static ckks_status end_by_line(server_service *service, const char *line) {
  char path[4096];
  json_t *value = json_loads(line, 0, NULL);
  const char *id = json_string_value(json_object_get(value, "job"));
  const char *code = json_string_value(json_object_get(value, "code"));
  int outcome = (int)json_integer_value(json_object_get(value, "status"));
  ckks_status status = CKKS_OK;
  if (id != NULL && code != NULL && is_of_use(service, id, outcome)) {
    status = server_job_row_end(service, id, outcome, code,
                                outcome == 200 ? "" : "it failed before the server began anew",
                                json_integer_value(json_object_get(value, "predictions")),
                                json_integer_value(json_object_get(value, "bytes_out")));
    server_job_row_path(path, service, id, "in");
    if (status == CKKS_OK)
      unlink(path);
  }
  json_decref(value);
  return status;
}

static bool visit_line(void *context, const char *line) {
  search *s = context;
  int64_t time_ms = 0;
  (void)sscanf(line, "{\"seq\":%*d,\"time_ms\":%" SCNd64, &time_ms);
  if (time_ms >= s->since_ms && strstr(line, "\"method\":\"JOB\"") != NULL)
    s->status = end_by_line(s->service, line);
  return s->status == CKKS_OK && time_ms >= s->since_ms;
}

static ckks_status queue_waiting(server_service *service) {
  ckks_status status = CKKS_OK;
  server_database_lock(service->database);
  sqlite3_stmt *row = server_database_query(
      service->database,
      "SELECT jobs.id, token, model, version, key, predictions_per_day FROM jobs JOIN tokens ON"
      " tokens.id = token WHERE state = 0 ORDER BY jobs.created",
      "");
  int more = -1;
  while (row != NULL && (more = server_database_step(service->database, row)) > 0) {
    server_job *j = base_alloc(sizeof *j);
    if (j == NULL) {
      status = base_fail_memory(sizeof *j);
      sqlite3_reset(row);
      break;
    }
    j->service = service;
    server_job_row_text(j->id, sizeof j->id, row, 0);
    server_job_row_text(j->token, sizeof j->token, row, 1);
    server_job_row_text(j->model, sizeof j->model, row, 2);
    server_job_row_text(j->version, sizeof j->version, row, 3);
    server_job_row_text(j->key, sizeof j->key, row, 4);
    j->predictions_per_day = (uint64_t)sqlite3_column_int64(row, 5);
    server_job_run_queue(j);
  }
  server_database_unlock(service->database);
  return more < 0 ? CKKS_ERROR_IO : status;
}

/* Whether a row speaks for the file: for a sample that waits, or for a result. */
static bool is_known(server_service *service, const char *file) {
  char id[33], end[4];
  int state = -1;
  if (sscanf(file, "%32[0-9a-f].%3[a-z]", id, end) != 2)
    return false;
  server_database_lock(service->database);
  sqlite3_stmt *row =
      server_database_query(service->database, "SELECT state FROM jobs WHERE id = ?", "s", id);
  int found = row != NULL ? server_database_step(service->database, row) : -1;
  if (found > 0) {
    state = sqlite3_column_int(row, 0);
    sqlite3_reset(row);
  }
  server_database_unlock(service->database);
  return found < 0 || (state >= 0 && strcmp(end, state == SERVER_JOB_WAITING ? "in" : "out") == 0);
}

/* What a kill left between a file and its row: before a row was written, after one was removed, and
 * files half written. Nothing else runs yet. */
static void remove_strays(server_service *service) {
  char path[4096];
  snprintf(path, sizeof path, "%.3900s/jobs", service->options.state);
  DIR *files = opendir(path);
  for (const struct dirent *entry; files != NULL && (entry = readdir(files)) != NULL;) {
    if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0 ||
        is_known(service, entry->d_name))
      continue;
    snprintf(path, sizeof path, "%.3700s/jobs/%.255s", service->options.state, entry->d_name);
    unlink(path);
  }
  if (files != NULL)
    closedir(files);
}

ckks_status server_job_recovery_run(server_service *service) {
  int64_t created = oldest_waiting(service->database);
  search s = {.service = service, .since_ms = (created - CLOCK_SLACK_S) * 1000};
  if (created >= 0)
    BASE_TRY(server_audit_read_back(service->options.state, visit_line, &s));
  BASE_TRY(s.status);
  remove_strays(service);
  return queue_waiting(service);
}
