/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Jobs: inferences that nobody waits for. The sample is on disk and the row committed before
 * 202 is said. Who lost that answer asks again under the same name, and gets the same job.
 */
#include "server/http/job_create.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/file.h"
#include "rand/rand.h"
#include "server/compute/job_run.h"
#include "server/http/answer.h"
#include "server/http/idempotency.h"
#include "server/http/reply.h"

/* What came of a request for a job. */
typedef enum outcome { MADE, THERE, FULL } outcome;

/* Held: the lock. A name that is new, or whose job never came to be, stands for this question. */
static ckks_status take_name(int *n, const server_job *j, const server_idempotency *asked) {
  *n = 1;
  if (asked->name == NULL)
    return CKKS_OK;
  return server_database_run(
      j->service->database, n,
      "INSERT OR REPLACE INTO asked(token, name, digest, job) SELECT ?1, ?2, ?3, ?4 WHERE NOT"
      " EXISTS (SELECT 1 FROM asked JOIN jobs ON jobs.id = asked.job WHERE asked.token = ?1 AND"
      " asked.name = ?2)",
      "ssbs", j->token, asked->name, asked->digest, BASE_DIGEST_BYTES, j->id);
}

/* Held: the lock. The row goes in only while the token has fewer than its share, and its samples
 * and results leave room on disk. */
static ckks_status take_place(int *n, const server_job *j, size_t n_sample, int64_t now) {
  const server_options *options = &j->service->options;
  return server_database_run(
      j->service->database, n,
      "INSERT INTO jobs SELECT ?1, ?2, 0, ?3, ?4, ?5, 0, ?6, 0, '', '', ?7, 0 WHERE"
      " (SELECT COUNT(*) FROM jobs WHERE token = ?2) < ?8 AND"
      " (SELECT COALESCE(SUM(bytes), 0) FROM jobs WHERE token = ?2) + ?6 <= ?9",
      "sssssiiii", j->id, j->token, j->model, j->version, j->key, (int64_t)n_sample, now,
      (int64_t)options->n_jobs, (int64_t)options->jobs_bytes);
}

/* First the name, then the job: a name without a job means nothing, a job without its name would
 * be made twice. */
static ckks_status insert(outcome *out, const server_job *j, const server_idempotency *asked,
                          size_t n_sample, int64_t now) {
  server_database *database = j->service->database;
  int n = 0;
  server_database_lock(database);
  ckks_status status = take_name(&n, j, asked);
  *out = n > 0 ? FULL : THERE;
  if (status == CKKS_OK && n > 0)
    status = take_place(&n, j, n_sample, now);
  server_database_unlock(database);
  if (status == CKKS_OK && *out == FULL && n > 0)
    *out = MADE;
  return status;
}

static ckks_status store(outcome *out, server_job *j, const server_idempotency *asked,
                         const uint8_t *sample, size_t n_sample, int64_t now) {
  char path[4096];
  uint8_t random[16];
  BASE_TRY(rand_entropy(random, sizeof random));
  sodium_bin2hex(j->id, sizeof j->id, random, sizeof random);
  server_job_row_path(path, j->service, j->id, "in");
  BASE_TRY(base_file_write(path, sample, n_sample, 0600));
  ckks_status status = insert(out, j, asked, n_sample, now);
  if (status != CKKS_OK || *out != MADE)
    unlink(path);
  return status;
}

/* --- answers */

static void answer_job(server_request *request, const char *id, const server_job_row *row) {
  snprintf(request->job, sizeof request->job, "%s", id);
  server_reply_header(request, "Location", "/v2/jobs/%s", id);
  server_reply_header(request, "Preference-Applied", "respond-async");
  server_reply_json(request, 202,
                    server_answer_job_describe(id, row, request->service->options.job_ttl_s));
}

/* A question that was asked before: its job, or a refusal when it was another. False: it is new. */
static bool answer_known(server_request *request, const server_idempotency *asked) {
  server_database *database = request->service->database;
  server_job_row row;
  char id[33];
  bool same = false;
  if (asked->name == NULL)
    return false;
  server_database_lock(database);
  sqlite3_stmt *s = server_database_query(
      database,
      "SELECT " SERVER_JOB_COLUMNS ", id, digest FROM asked JOIN jobs ON id = job AND"
      " jobs.token = asked.token WHERE asked.token = ? AND name = ?",
      "ss", request->token.id, asked->name);
  int found = s != NULL ? server_database_step(database, s) : -1;
  if (found > 0) {
    server_job_row_read(&row, s);
    server_job_row_text(id, sizeof id, s, SERVER_JOB_N_COLUMNS);
    same = server_idempotency_is(asked, s, SERVER_JOB_N_COLUMNS + 1);
    sqlite3_reset(s);
  }
  server_database_unlock(database);
  if (found < 0)
    server_reply_status(request, CKKS_ERROR_IO, NULL);
  else if (same)
    answer_job(request, id, &row);
  else if (found > 0)
    server_reply_error(request, 422, "idempotency", "Idempotency-Key",
                       "another sample, model or key was sent under this name");
  return found != 0;
}

/* No job was made. */
static void refuse(server_request *request, const server_idempotency *asked, ckks_status status,
                   outcome out) {
  if (status != CKKS_OK) {
    server_reply_status(request, status, NULL);
  } else if (out == FULL) {
    server_reply_header(request, "Retry-After", "60");
    server_reply_error(request, 429, "jobs", NULL,
                       "this token has %zu jobs, or %zu bytes of their samples and results: DELETE "
                       "those whose results were fetched",
                       request->service->options.n_jobs, request->service->options.jobs_bytes);
  } else if (!answer_known(request, asked)) { /* the twin's job is gone already */
    server_reply_header(request, "Retry-After", "1");
    server_reply_error(request, 409, "idempotency", "Idempotency-Key",
                       "the same question was asked at the same time");
  }
}

static server_job *make_job(const server_request *request, const char *key) {
  server_job *j = base_alloc(sizeof *j);
  if (j == NULL)
    return NULL;
  j->service = request->service;
  j->predictions_per_day = request->token.limits.predictions_per_day;
  snprintf(j->token, sizeof j->token, "%s", request->token.id);
  snprintf(j->model, sizeof j->model, "%s", request->model->name);
  snprintf(j->version, sizeof j->version, "%s", request->model->version);
  snprintf(j->key, sizeof j->key, "%s", key);
  return j;
}

void server_job_create(server_request *request, const char *key, const uint8_t *sample,
                       size_t n_sample) {
  server_idempotency asked;
  outcome out = FULL;
  if (!server_idempotency_read(&asked, request, key, sample, n_sample) ||
      answer_known(request, &asked))
    return;
  server_job *j = make_job(request, key);
  server_job_row row = {.state = SERVER_JOB_WAITING, .created = (int64_t)time(NULL)};
  ckks_status status = j != NULL ? store(&out, j, &asked, sample, n_sample, row.created)
                                 : base_fail_memory(sizeof *j);
  if (status != CKKS_OK || out != MADE) {
    base_free(j);
    refuse(request, &asked, status, out);
    return;
  }
  memcpy(row.model, j->model, sizeof row.model);
  memcpy(row.version, j->version, sizeof row.version);
  memcpy(row.key, j->key, sizeof row.key);
  answer_job(request, j->id, &row);
  server_job_run_queue(j);
}
