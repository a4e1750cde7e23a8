/* SPDX-License-Identifier: Apache-2.0 */
/* Rows of jobs and the paths of their files. */
#ifndef SERVER_JOB_ROW_H
#define SERVER_JOB_ROW_H
#include "server/service.h"

enum { SERVER_JOB_WAITING = 0, SERVER_JOB_DONE = 1, SERVER_JOB_FAILED = 2 };

typedef struct server_job_row {
  int state, status;
  int64_t predictions, bytes, created, ended; /* bytes on disk: of the sample, then of the result */
  char model[129], version[33], key[65], code[32], message[512];
} server_job_row;

#define SERVER_JOB_COLUMNS                                                                         \
  "state, status, rows, bytes, created, ended, model, version, key, code, message"
#define SERVER_JOB_N_COLUMNS 11

/** From the columns of a statement, which begin with those. */
void server_job_row_read(server_job_row *row, sqlite3_stmt *statement);
void server_job_row_text(char *out, size_t size, sqlite3_stmt *row, int column);
/** STATE/jobs/ID.END: "in" is the sample, "out" the result. */
void server_job_row_path(char path[4096], const server_service *service, const char *id,
                         const char *end);
/** Its outcome, in its row. */
ckks_status server_job_row_end(server_service *service, const char *id, int status,
                               const char *code, const char *message, int64_t predictions,
                               int64_t bytes);
/** The row, and then the files. */
ckks_status server_job_row_delete(server_service *service, const char *id);
/** Removes jobs that are out of date, or of revoked tokens. */
void server_job_row_sweep(server_service *service);
#endif
