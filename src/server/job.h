/* SPDX-License-Identifier: Apache-2.0 */
/* A job on its way: shared by the handlers (job_create.c, jobs.c), by what runs it (job_run.c) and
 * by what finds it again after a crash (job_recovery.c). */
#ifndef SERVER_JOB_H
#define SERVER_JOB_H
#include "base/digest.h"
#include "server/request.h"

#define SERVER_IDEMPOTENCY_CHARS 128

enum { SERVER_JOB_WAITING = 0, SERVER_JOB_DONE = 1, SERVER_JOB_FAILED = 2 };

typedef struct server_job {
  server_task task;
  server_service *service;
  char id[33], token[17], model[129], version[33], key[65];
  uint64_t predictions_per_day;
} server_job;

typedef struct server_job_row {
  int state, status;
  int64_t rows, bytes, created, ended;
  char model[129], version[33], key[65], code[32], message[512];
} server_job_row;

#define SERVER_JOB_COLUMNS                                                                         \
  "state, status, rows, bytes, created, ended, model, version, key, code, message"
#define SERVER_JOB_N_COLUMNS 11

/* --- jobs.c */
/** From the columns of a statement, which begin with those. */
void server_job_read_row(server_job_row *row, sqlite3_stmt *statement);
/** As clients are told of it; NULL when out of memory. */
json_t *server_job_describe(const char *id, const server_job_row *row, unsigned ttl_s);

/* --- idempotency.c */
typedef struct server_idempotency {
  const char *name;                  /* what the client calls its question; NULL = nothing */
  uint8_t digest[BASE_DIGEST_BYTES]; /* of the question */
} server_idempotency;

/** Of the request's header; false = answered. */
bool server_idempotency_read(server_idempotency *out, server_request *request, const char *key,
                             const uint8_t *sample, size_t n_sample);
/** Whether the digest in this column is that of the question. */
bool server_idempotency_is(const server_idempotency *asked, sqlite3_stmt *row, int column);

/* --- job_run.c */
/** STATE/jobs/ID.END: "in" is the sample, "out" the result. */
void server_job_path(char path[4096], const server_service *service, const char *id,
                     const char *end);
void server_job_take_text(char *out, size_t size, sqlite3_stmt *row, int column);
/** Its outcome, in its row. */
ckks_status server_job_end(server_service *service, const char *id, int status, const char *code,
                           const char *message, int64_t rows, int64_t bytes);
/** To the pool, which owns it from then on. */
void server_job_queue(server_job *job);
#endif
