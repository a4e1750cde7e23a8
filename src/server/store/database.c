/* SPDX-License-Identifier: Apache-2.0 */
/* The SQLite file: one handle, one thread at a time, every statement prepared once. */
#define _POSIX_C_SOURCE 200809L
#include "server/store/database.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "server/store/reserve.h"

#define BUSY_MS 10000 /* the commands and the service may meet in one file */

static const char schema[] =
    "CREATE TABLE IF NOT EXISTS tokens(id TEXT PRIMARY KEY, name TEXT NOT NULL, salt BLOB NOT NULL,"
    " hash BLOB NOT NULL, created INTEGER NOT NULL, revoked INTEGER NOT NULL DEFAULT 0,"
    " max_key_bytes INTEGER NOT NULL, requests_per_minute INTEGER NOT NULL,"
    " predictions_per_day INTEGER NOT NULL, scopes INTEGER NOT NULL DEFAULT 1) WITHOUT ROWID;"
    /* state: 0 partly uploaded, 1 whole, 2 being deleted */
    "CREATE TABLE IF NOT EXISTS keys(token TEXT NOT NULL, id TEXT NOT NULL, state INTEGER NOT NULL,"
    " bytes INTEGER NOT NULL, plan TEXT NOT NULL, created INTEGER NOT NULL, used INTEGER NOT NULL,"
    " PRIMARY KEY(token, id)) WITHOUT ROWID;"
    /* state: 0 queued or running, 1 done, 2 failed */
    "CREATE TABLE IF NOT EXISTS jobs(id TEXT PRIMARY KEY, token TEXT NOT NULL, state INTEGER NOT"
    " NULL, model TEXT NOT NULL, version TEXT NOT NULL, key TEXT NOT NULL, rows INTEGER NOT NULL,"
    " bytes INTEGER NOT NULL, status INTEGER NOT NULL, code TEXT NOT NULL, message TEXT NOT NULL,"
    " created INTEGER NOT NULL, ended INTEGER NOT NULL) WITHOUT ROWID;"
    /* what clients call the questions whose jobs there are */
    "CREATE TABLE IF NOT EXISTS asked(token TEXT NOT NULL, name TEXT NOT NULL, digest BLOB NOT"
    " NULL, job TEXT NOT NULL UNIQUE, PRIMARY KEY(token, name)) WITHOUT ROWID;"
    "CREATE TRIGGER IF NOT EXISTS asked_end AFTER DELETE ON jobs BEGIN"
    " DELETE FROM asked WHERE job = OLD.id; END;"
    "CREATE TABLE IF NOT EXISTS usage(token TEXT NOT NULL, day INTEGER NOT NULL, taken INTEGER NOT"
    " NULL, PRIMARY KEY(token, day)) WITHOUT ROWID;";

/* Columns that former versions did not have. */
static const struct {
  const char *look, *add;
} columns[] = {{"SELECT scopes FROM tokens LIMIT 0",
                "ALTER TABLE tokens ADD COLUMN scopes INTEGER NOT NULL DEFAULT 1"}};

typedef struct prepared {
  const char *sql;
  sqlite3_stmt *statement;
} prepared;

struct server_database {
  sqlite3 *handle;
  pthread_mutex_t lock;
  prepared prepared[SERVER_DATABASE_MAX_STATEMENTS];
  int n_prepared;
};

static _Thread_local bool full;

bool server_database_full(void) {
  return full;
}

ckks_status server_database_fail(sqlite3 *handle, const char *what) {
  int code = handle != NULL ? sqlite3_errcode(handle) : SQLITE_NOMEM;
  full = code == SQLITE_FULL || (handle != NULL && sqlite3_system_errno(handle) == ENOSPC);
  return base_fail(code == SQLITE_NOMEM ? CKKS_ERROR_MEMORY : CKKS_ERROR_IO, "%s: %s", what,
                   handle != NULL ? sqlite3_errmsg(handle) : "no memory");
}

/* For the owner alone, whatever the umask, and whoever made it before: SQLite gives the files
 * beside it the same mode. A file that is there is not opened: closing it again would end the
 * locks that other handles of this process hold on it. */
static bool make_private(const char *path) {
  static const char *const ending[] = {"", "-wal", "-shm"};
  char name[4096 + 8];
  struct stat info;
  int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (fd >= 0)
    close(fd);
  else if (errno != EEXIST)
    return false;
  for (size_t i = 0; i < sizeof ending / sizeof *ending; i++) {
    snprintf(name, sizeof name, "%s%s", path, ending[i]);
    bool open_to_others = stat(name, &info) == 0 && (info.st_mode & 077) != 0;
    if (open_to_others && chmod(name, 0600) != 0 && errno != ENOENT) /* with its last handle */
      return false;
  }
  return true;
}

ckks_status server_database_open(sqlite3 **out, const char *state, const char *name,
                                 const char *tables) {
  char path[4096];
  *out = NULL;
  full = false;
  if (snprintf(path, sizeof path, "%s/%s", state, name) >= (int)sizeof path)
    return base_fail(CKKS_ERROR_IO, "%s: the name is too long", state);
  if (!make_private(path)) {
    full = errno == ENOSPC;
    return base_fail(CKKS_ERROR_IO, "%s: %s", path, strerror(errno));
  }
  /* FULLMUTEX costs nothing against a commit, and forgives. */
  int code = sqlite3_open_v2(
      path, out, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_FULLMUTEX, NULL);
  if (code == SQLITE_OK)
    code = sqlite3_busy_timeout(*out, BUSY_MS);
  if (code == SQLITE_OK)
    code = sqlite3_exec(*out,
                        "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;"
                        "PRAGMA secure_delete=ON; PRAGMA trusted_schema=OFF;",
                        NULL, NULL, NULL);
  if (code == SQLITE_OK)
    code = sqlite3_exec(*out, tables, NULL, NULL, NULL);
  if (code == SQLITE_OK)
    return CKKS_OK;
  ckks_status status = server_database_fail(*out, path);
  sqlite3_close(*out);
  *out = NULL;
  return status;
}

static ckks_status make_folder(const char *state, const char *name) {
  char path[4096];
  if (snprintf(path, sizeof path, "%s%s", state, name) >= (int)sizeof path)
    return base_fail(CKKS_ERROR_IO, "%s: the name is too long", state);
  if (mkdir(path, 0700) != 0 && errno != EEXIST)
    return base_fail(CKKS_ERROR_IO, "%s: cannot be made: %s", path, strerror(errno));
  return CKKS_OK;
}

static ckks_status add_columns(sqlite3 *handle) {
  for (size_t i = 0; i < sizeof columns / sizeof *columns; i++)
    if (sqlite3_exec(handle, columns[i].look, NULL, NULL, NULL) != SQLITE_OK &&
        sqlite3_exec(handle, columns[i].add, NULL, NULL, NULL) != SQLITE_OK)
      return server_database_fail(handle, "blindsight.db");
  return CKKS_OK;
}

ckks_status server_database_build(server_database **out, const char *state) {
  *out = NULL;
  BASE_TRY(make_folder(state, ""));
  BASE_TRY(make_folder(state, "/keys"));
  BASE_TRY(make_folder(state, "/partial"));
  BASE_TRY(make_folder(state, "/jobs"));
  server_database *database = base_alloc(sizeof *database);
  if (database == NULL)
    return base_fail_memory(sizeof *database);
  pthread_mutex_init(&database->lock, NULL);
  ckks_status status = server_database_open(&database->handle, state, "blindsight.db", schema);
  if (status == CKKS_OK)
    status = add_columns(database->handle);
  if (status != CKKS_OK) {
    server_database_free(database);
    return status;
  }
  *out = database;
  return CKKS_OK;
}

void server_database_free(server_database *database) {
  if (database == NULL)
    return;
  for (int i = 0; i < database->n_prepared; i++)
    sqlite3_finalize(database->prepared[i].statement);
  sqlite3_close(database->handle);
  pthread_mutex_destroy(&database->lock);
  base_free(database);
}

void server_database_lock(server_database *database) {
  pthread_mutex_lock(&database->lock);
}

void server_database_unlock(server_database *database) {
  pthread_mutex_unlock(&database->lock);
}

/* Literals are told apart by their address: each call has its own. */
static sqlite3_stmt *prepare(server_database *database, const char *sql) {
  for (int i = 0; i < database->n_prepared; i++)
    if (database->prepared[i].sql == sql) {
      sqlite3_reset(database->prepared[i].statement);
      sqlite3_clear_bindings(database->prepared[i].statement);
      return database->prepared[i].statement;
    }
  BASE_ASSERT(database->n_prepared < SERVER_DATABASE_MAX_STATEMENTS);
  sqlite3_stmt *statement = NULL;
  if (sqlite3_prepare_v3(database->handle, sql, -1, SQLITE_PREPARE_PERSISTENT, &statement, NULL) !=
      SQLITE_OK)
    return NULL;
  database->prepared[database->n_prepared++] = (prepared){sql, statement};
  return statement;
}

static sqlite3_stmt *query(server_database *database, const char *sql, const char *types,
                           va_list arguments) {
  full = false;
  sqlite3_stmt *statement = prepare(database, sql);
  int code = statement != NULL ? SQLITE_OK : SQLITE_ERROR;
  for (int i = 1; code == SQLITE_OK && types[i - 1] != '\0'; i++) {
    if (types[i - 1] == 's')
      code = sqlite3_bind_text(statement, i, va_arg(arguments, const char *), -1, SQLITE_TRANSIENT);
    else if (types[i - 1] == 'i')
      code = sqlite3_bind_int64(statement, i, va_arg(arguments, int64_t));
    else {
      const void *bytes = va_arg(arguments, const void *);
      code = sqlite3_bind_blob(statement, i, bytes, va_arg(arguments, int), SQLITE_TRANSIENT);
    }
  }
  if (code == SQLITE_OK)
    return statement;
  (void)server_database_fail(database->handle, "database");
  return NULL;
}

sqlite3_stmt *server_database_query(server_database *database, const char *sql, const char *types,
                                    ...) {
  va_list arguments;
  va_start(arguments, types);
  sqlite3_stmt *statement = query(database, sql, types, arguments);
  va_end(arguments);
  return statement;
}

/* At its end a statement is reset at once: one left open would hold old pages of the WAL. */
int server_database_step(server_database *database, sqlite3_stmt *statement) {
  int code = sqlite3_step(statement);
  if (code == SQLITE_ROW)
    return 1;
  if (code != SQLITE_DONE)
    (void)server_database_fail(database->handle, "database");
  sqlite3_reset(statement);
  return code == SQLITE_DONE ? 0 : -1;
}

ckks_status server_database_run(server_database *database, int *n, const char *sql,
                                const char *types, ...) {
  va_list arguments;
  va_start(arguments, types);
  sqlite3_stmt *statement = query(database, sql, types, arguments);
  va_end(arguments);
  int end = statement != NULL ? server_database_step(database, statement) : -1;
  if (end < 0 && statement != NULL && full && server_reserve_spend())
    end = server_database_step(database, statement); /* its arguments are bound still */
  if (end != 0)
    return CKKS_ERROR_IO;
  if (n != NULL)
    *n = sqlite3_changes(database->handle);
  return CKKS_OK;
}
