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
#ifndef SERVER_DATABASE_H
#define SERVER_DATABASE_H
#include <sqlite3.h>

#include "base/status.h"

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
/** Records a failure of SQLite: full disks are told apart by server_database_full. */
ckks_status server_database_fail(sqlite3 *handle, const char *what);
/** Whether this thread's last failure was a full disk. */
bool server_database_full(void);
/** Opens a file of the state folder with the settings that all of them share. */
ckks_status server_database_open(sqlite3 **out, const char *state, const char *name,
                                 const char *schema);
#endif
