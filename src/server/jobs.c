/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Jobs: inferences that nobody waits for. The sample is on disk and the row committed before
 * 202 is said; a job that a crash interrupts runs again at the next start.
 */
#define _POSIX_C_SOURCE 200809L
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/file.h"
#include "rand/rand.h"
#include "server/request.h"

enum { WAITING = 0, DONE = 1, FAILED = 2 };

typedef struct job {
  server_task task;
  server_service *service;
  char id[33], token[17], model[129], version[33], key[65];
  uint64_t predictions_per_day;
} job;

typedef struct job_row {
  int state, status;
  int64_t rows, bytes, created, ended;
  char model[129], version[33], key[65], code[32], message[512];
} job_row;

static void path_of(char path[4096], const server_service *service, const char *id,
                    const char *end) {
  snprintf(path, 4096, "%.3900s/jobs/%.32s.%s", service->options.state, id, end);
}

static void take_text(char *out, size_t size, sqlite3_stmt *row, int column) {
  snprintf(out, size, "%s", (const char *)sqlite3_column_text(row, column));
}

/* --- running */

static ckks_status end_row(const job *j, const server_inference *in) {
  server_database *database = j->service->database;
  server_database_lock(database);
  ckks_status status = server_database_run(
      database, NULL,
      "UPDATE jobs SET state = ?, status = ?, code = ?, message = ?, rows = ?, bytes = ?,"
      " ended = ? WHERE id = ?",
      "iissiiis", (int64_t)(in->status == 200 ? DONE : FAILED), (int64_t)in->status, in->code,
      in->message, (int64_t)in->n_rows, (int64_t)in->n_result, (int64_t)time(NULL), j->id);
  server_database_unlock(database);
  return status;
}

static void fail_job(server_inference *in, int status, const char *code, const char *text) {
  in->status = status;
  snprintf(in->code, sizeof in->code, "%s", code);
  snprintf(in->message, sizeof in->message, "%s", text);
}

static void compute(server_inference *in, const job *j) {
  char path[4096];
  uint8_t *sample;
  path_of(path, j->service, j->id, "in");
  ckks_status status =
      base_file_read(&sample, &in->n_sample, path, j->service->options.max_body_bytes);
  if (status != CKKS_OK) {
    in->status = server_reply_translate(in->code, in->message, status);
    return;
  }
  in->sample = sample;
  server_infer_run(in);
  base_free(sample);
  if (in->status != 200)
    return;
  path_of(path, j->service, j->id, "out");
  status = base_file_write(path, in->result, in->n_result, 0600);
  base_free(in->result);
  if (status != CKKS_OK) {
    in->n_result = 0;
    in->status = server_reply_translate(in->code, in->message, status);
  }
}

static void drop_result(server_inference *in, const job *j) {
  char path[4096];
  path_of(path, j->service, j->id, "out");
  unlink(path);
  in->n_result = in->n_rows = 0;
}

/* The evaluation has a line of its own in the audit log: the request that made the job said 202
 * before any row was evaluated. What cannot be logged is not given out. */
static void note(const job *j, server_inference *in, int64_t us) {
  server_audit_record record = {.time_ms = server_note_time_ms(),
                                .method = "JOB",
                                .path = "/v2/jobs/{job}",
                                .us = (uint64_t)us,
                                .rows = in->n_rows,
                                .bytes_in = in->n_sample,
                                .bytes_out = in->n_result,
                                .status = in->status};
  memcpy(record.token, j->token, sizeof record.token);
  memcpy(record.model, j->model, sizeof record.model);
  memcpy(record.version, j->version, sizeof record.version);
  memcpy(record.key, j->key, sizeof record.key);
  memcpy(record.code, in->code, sizeof record.code);
  ckks_status status = server_audit_write(j->service->audit, &record);
  if (status == CKKS_OK)
    return;
  drop_result(in, j);
  in->status = server_reply_translate(in->code, in->message, status);
  record.status = in->status;
  record.rows = record.bytes_out = 0;
  memcpy(record.code, in->code, sizeof record.code);
  server_audit_add(j->service->audit, &record);
}

static void run_job(void *context, int worker) {
  job *j = context;
  char path[4096];
  server_inference in = {.service = j->service,
                         .token = j->token,
                         .key = j->key,
                         .worker = worker,
                         .predictions_per_day = j->predictions_per_day};
  int64_t started = server_metrics_now_us();
  in.model = server_models_find(j->service->models, j->model, j->version);
  if (in.model == NULL)
    fail_job(&in, 404, "model", "the model is not served any more");
  else
    compute(&in, j);
  server_model_release(in.model);
  note(j, &in, server_metrics_now_us() - started);
  if (end_row(j, &in) == CKKS_OK) {
    path_of(path, j->service, j->id, "in");
    unlink(path);
  } /* else it runs again after the next start */
  base_free(j);
}

/* Its row stays, and queues it at the next start. */
static void drop_job(void *context) {
  base_free(context);
}

static void queue_job(job *j) {
  j->task = (server_task){.run = run_job, .drop = drop_job, .context = j};
  server_pool_add_background(j->service->pool, &j->task);
}

ckks_status server_jobs_recover(server_service *service) {
  ckks_status status = CKKS_OK;
  server_database_lock(service->database);
  sqlite3_stmt *row = server_database_query(
      service->database,
      "SELECT jobs.id, token, model, version, key, predictions_per_day FROM jobs JOIN tokens ON"
      " tokens.id = token WHERE state = 0 ORDER BY jobs.created",
      "");
  int more = -1;
  while (row != NULL && (more = server_database_step(service->database, row)) > 0) {
    job *j = base_alloc(sizeof *j);
    if (j == NULL) {
      status = base_fail_memory(sizeof *j);
      sqlite3_reset(row);
      break;
    }
    j->service = service;
    take_text(j->id, sizeof j->id, row, 0);
    take_text(j->token, sizeof j->token, row, 1);
    take_text(j->model, sizeof j->model, row, 2);
    take_text(j->version, sizeof j->version, row, 3);
    take_text(j->key, sizeof j->key, row, 4);
    j->predictions_per_day = (uint64_t)sqlite3_column_int64(row, 5);
    queue_job(j);
  }
  server_database_unlock(service->database);
  return more < 0 ? CKKS_ERROR_IO : status;
}

/* --- creating */

static const char *state_name(int state) {
  return state == DONE ? "done" : state == FAILED ? "failed" : "queued";
}

static json_t *describe(const char *id, const job_row *row, unsigned ttl_s) {
  json_t *value =
      json_pack("{s:s, s:s, s:s, s:s, s:s, s:I, s:I, s:I, s:I}", "id", id, "state",
                state_name(row->state), "model", row->model, "version", row->version, "key",
                row->key, "rows", (json_int_t)row->rows, "created", (json_int_t)row->created,
                "ended", (json_int_t)row->ended, "expires", (json_int_t)row->created + ttl_s);
  if (row->state == FAILED)
    json_object_set_new(value, "error",
                        json_pack("{s:i, s:s, s:s}", "status", row->status, "code", row->code,
                                  "message", row->message));
  if (row->state == DONE)
    json_object_set_new(value, "result", json_sprintf("/v2/jobs/%s/result", id));
  return value;
}

/* The row goes in only while the token has fewer than its share. */
static ckks_status insert(bool *room, const job *j, int64_t now) {
  server_database *database = j->service->database;
  int n = 0;
  server_database_lock(database);
  ckks_status status =
      server_database_run(database, &n,
                          "INSERT INTO jobs SELECT ?1, ?2, 0, ?3, ?4, ?5, 0, 0, 0, '', '', ?6, 0"
                          " WHERE (SELECT COUNT(*) FROM jobs WHERE token = ?2) < ?7",
                          "sssssii", j->id, j->token, j->model, j->version, j->key, now,
                          (int64_t)j->service->options.n_jobs);
  server_database_unlock(database);
  *room = n > 0;
  return status;
}

static ckks_status store(bool *room, job *j, const uint8_t *sample, size_t n_sample, int64_t now) {
  char path[4096];
  uint8_t random[16];
  *room = false;
  BASE_TRY(rand_entropy(random, sizeof random));
  sodium_bin2hex(j->id, sizeof j->id, random, sizeof random);
  path_of(path, j->service, j->id, "in");
  BASE_TRY(base_file_write(path, sample, n_sample, 0600));
  ckks_status status = insert(room, j, now);
  if (status != CKKS_OK || !*room)
    unlink(path);
  return status;
}

void server_jobs_create(server_request *request, const char *key, const uint8_t *sample,
                        size_t n_sample) {
  int64_t now = (int64_t)time(NULL);
  bool room = false;
  job *j = base_alloc(sizeof *j);
  if (j == NULL) {
    server_reply_status(request, base_fail_memory(sizeof *j), NULL);
    return;
  }
  j->service = request->service;
  j->predictions_per_day = request->token.limits.predictions_per_day;
  snprintf(j->token, sizeof j->token, "%s", request->token.id);
  snprintf(j->model, sizeof j->model, "%s", request->model->name);
  snprintf(j->version, sizeof j->version, "%s", request->model->version);
  snprintf(j->key, sizeof j->key, "%s", key);
  ckks_status status = store(&room, j, sample, n_sample, now);
  if (status == CKKS_OK && room) {
    job_row row = {.state = WAITING, .created = now};
    snprintf(row.model, sizeof row.model, "%s", j->model);
    snprintf(row.version, sizeof row.version, "%s", j->version);
    snprintf(row.key, sizeof row.key, "%s", j->key);
    server_reply_header(request, "Location", "/v2/jobs/%s", j->id);
    server_reply_header(request, "Preference-Applied", "respond-async");
    server_reply_json(request, 202, describe(j->id, &row, request->service->options.job_ttl_s));
    queue_job(j);
    return;
  }
  if (status != CKKS_OK) {
    server_reply_status(request, status, NULL);
  } else {
    server_reply_header(request, "Retry-After", "60");
    server_reply_error(request, 429, "jobs", NULL,
                       "this token has %zu jobs: DELETE those whose results were fetched",
                       request->service->options.n_jobs);
  }
  base_free(j);
}

/* --- looking and forgetting */

static bool find_own(job_row *row, server_request *request) {
  server_database *database = request->service->database;
  server_database_lock(database);
  sqlite3_stmt *s = server_database_query(
      database,
      "SELECT state, status, rows, bytes, created, ended, model, version, key, code, message"
      " FROM jobs WHERE id = ? AND token = ?",
      "ss", request->param[0], request->token.id);
  int found = s != NULL ? server_database_step(database, s) : -1;
  if (found > 0) {
    *row = (job_row){.state = sqlite3_column_int(s, 0),
                     .status = sqlite3_column_int(s, 1),
                     .rows = sqlite3_column_int64(s, 2),
                     .bytes = sqlite3_column_int64(s, 3),
                     .created = sqlite3_column_int64(s, 4),
                     .ended = sqlite3_column_int64(s, 5)};
    take_text(row->model, sizeof row->model, s, 6);
    take_text(row->version, sizeof row->version, s, 7);
    take_text(row->key, sizeof row->key, s, 8);
    take_text(row->code, sizeof row->code, s, 9);
    take_text(row->message, sizeof row->message, s, 10);
    sqlite3_reset(s);
  }
  server_database_unlock(database);
  if (found == 0)
    server_reply_error(request, 404, "job", "job", "there is no such job");
  else if (found < 0)
    server_reply_status(request, CKKS_ERROR_IO, NULL);
  return found > 0;
}

void server_jobs_get(server_request *request) {
  job_row row;
  if (!find_own(&row, request))
    return;
  if (row.state == WAITING)
    server_reply_header(request, "Retry-After", "1");
  server_reply_json(request, 200,
                    describe(request->param[0], &row, request->service->options.job_ttl_s));
}

void server_jobs_result(server_request *request) {
  job_row row;
  char path[4096];
  struct stat info;
  if (!find_own(&row, request))
    return;
  if (row.state != DONE) {
    server_reply_error(request, 409, "job", "state", "the job is %s", state_name(row.state));
    return;
  }
  path_of(path, request->service, request->param[0], "out");
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
    path_of(path, service, id, "in");
    unlink(path);
    path_of(path, service, id, "out");
    unlink(path);
  }
  return status;
}

void server_jobs_delete(server_request *request) {
  job_row row;
  if (!find_own(&row, request))
    return;
  if (row.state == WAITING) {
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
      take_text(id, sizeof id, row, 0);
      sqlite3_reset(row);
    }
    server_database_unlock(service->database);
    if (found > 0 && remove_job(service, id) != CKKS_OK)
      return;
  }
}
