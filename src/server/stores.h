/* SPDX-License-Identifier: Apache-2.0 */
/**
 * What outlives the process: one SQLite file (tokens, metadata of keys, jobs, usage) in WAL
 * mode with synchronous=FULL, and files beside it. An answer that promises something is given
 * after the commit that keeps it.
 *
 *   STATE/blindsight.db   tokens, keys, jobs, usage
 *   STATE/audit.db        the audit log
 *   STATE/keys/T.K        key K of token T, whole and checked
 *   STATE/partial/T.K     what was uploaded of it so far
 *   STATE/jobs/J.in J.out sample and result of job J
 */
#ifndef SERVER_STORES_H
#define SERVER_STORES_H
#include <pthread.h>
#include <sqlite3.h>

#include "server/server.h"

/* --- database.c */
typedef struct server_database server_database;

#define SERVER_DATABASE_MAX_STATEMENTS 48
/** Opens STATE/blindsight.db, making the folders and tables that are missing. */
ckks_status server_database_build(server_database **out, const char *state);
void server_database_free(server_database *database);
/** One thread at a time between these two; every statement is run in between. */
void server_database_lock(server_database *database);
void server_database_unlock(server_database *database);
/**
 * A prepared statement, kept for the next time: `sql` is a literal. Arguments by `types`:
 * s text, i int64_t, b pointer and int (bytes). NULL after an error (recorded).
 */
sqlite3_stmt *server_database_query(server_database *database, const char *sql, const char *types,
                                    ...);
/** 1 = a row, 0 = the end, -1 = error (recorded). */
int server_database_step(server_database *database, sqlite3_stmt *statement);
/** Runs a statement that gives no rows; changed rows in *n (may be NULL). */
ckks_status server_database_run(server_database *database, int *n, const char *sql,
                                const char *types, ...);
/** Undoes what was run since BEGIN; the failure that was recorded stays. */
void server_database_roll_back(server_database *database);
/** Records a failure of SQLite: full disks are told apart by server_database_full. */
ckks_status server_database_fail(sqlite3 *handle, const char *what);
/** Whether this thread's last failure was a full disk. */
bool server_database_full(void);
/** Opens a file of the state folder with the settings that all of them share. */
ckks_status server_database_open(sqlite3 **out, const char *state, const char *name,
                                 const char *schema);

/* --- tokens.c */
/** Checks a token's text; CKKS_ERROR_KEY when it is not one, or revoked. */
ckks_status server_token_check(server_token *out, const char *text, server_database *database);

/* --- usage.c: requests a minute, predictions a day */
typedef struct server_usage server_usage;
ckks_status server_usage_build(server_usage **out, server_database *database);
/** Writes back what was reserved and not used. */
void server_usage_free(server_usage *usage);
/** Counts a request; false = over the limit, *retry_s says for how long. */
bool server_usage_request(server_usage *usage, const char *token, uint64_t per_minute,
                          unsigned *retry_s);
/**
 * Takes n predictions of today's. What is taken is on disk before it is used (reserved ahead
 * in blocks), so that a crash may cost a client some, and never gives it any.
 * *granted tells whether they were left.
 */
ckks_status server_usage_take(bool *granted, server_usage *usage, const char *token, uint64_t n,
                              uint64_t per_day);
void server_usage_return(server_usage *usage, const char *token, uint64_t n);
/** Takes n bytes for a body under way; false = the token's bodies take `limit` without it. */
bool server_usage_body(server_usage *usage, const char *token, uint64_t n, uint64_t limit);
void server_usage_body_end(server_usage *usage, const char *token, uint64_t n);

/* --- uploads.c: key files on their way in */
typedef struct server_upload {
  struct server_upload *next;
  char token[17], id[65];
  int fd, error;
  uint64_t at, total;
} server_upload;

/** Uploads under way: one writer a file. */
typedef struct server_uploads {
  pthread_mutex_t lock;
  server_upload *first;
  const char *state;
} server_uploads;

void server_uploads_init(server_uploads *uploads, const char *state);
/** NULL: somebody else writes it (errno EBUSY), or the system refused (errno). */
server_upload *server_upload_begin(server_uploads *uploads, const char *token, const char *id);
void server_upload_write(server_upload *upload, const void *bytes, size_t n_bytes);
void server_upload_end(server_uploads *uploads, server_upload *upload);
void server_upload_path(char path[4096], const char *state, const char *folder, const char *token,
                        const char *id);
/** Syncs the file's folder after a rename or an unlink; false with errno. */
bool server_upload_sync_folder(const char *state, const char *folder);
/** Overwrites a file with random bytes, syncs and unlinks it. A missing file is no error. */
bool server_upload_shred(const char *path);
#endif
