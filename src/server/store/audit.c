/* SPDX-License-Identifier: Apache-2.0 */
/**
 * The audit log: hash[i] = BLAKE2b-256(hash[i-1] | line[i]), hash[0] over 32 zero bytes. A commit
 * hands lines to the system, which is enough for them to outlive this process, and takes some
 * 10 us: what changes something waits for that. For the disk, which is enough to outlive the
 * power, nobody waits: a thread syncs for all, and commits the lines that can wait.
 */
#define _POSIX_C_SOURCE 200809L

#include "server/store/audit.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/digest.h"
#include "server/store/database.h"
#include "server/store/folder.h"

#define QUEUE 1024
#define GATHER_NS 50000000L

static const char schema[] =
    "CREATE TABLE IF NOT EXISTS audit(seq INTEGER PRIMARY KEY, line TEXT NOT NULL, hash BLOB NOT"
    " NULL);"
    "CREATE TRIGGER IF NOT EXISTS audit_keep BEFORE DELETE ON audit BEGIN"
    " SELECT RAISE(ABORT, 'the audit log is append-only'); END;"
    "CREATE TRIGGER IF NOT EXISTS audit_fix BEFORE UPDATE ON audit BEGIN"
    " SELECT RAISE(ABORT, 'the audit log is append-only'); END;";

struct server_audit {
  pthread_mutex_t disk; /* guards what follows */
  sqlite3 *handle;
  sqlite3_stmt *insert;
  int64_t seq;
  uint8_t hash[BASE_DIGEST_BYTES];
  size_t n_writing; /* more than none between calls: they could not be written */
  server_audit_record writing[QUEUE + 1];

  int wal_fd; /* where commits go first */
  pthread_t thread;
  bool started;

  pthread_mutex_t lock; /* guards what follows; taken after the other */
  pthread_cond_t filled, emptied;
  bool stop, unsaved;
  size_t n;
  server_audit_record queue[QUEUE];
};

/* Names come from checked paths, so nothing in them needs escaping but what a stranger typed
 * as an unknown path: those are logged as "-". */
static void format_line(char *line, size_t size, int64_t seq, const server_audit_record *r) {
  snprintf(line, size,
           "{\"seq\":%" PRId64 ",\"time_ms\":%" PRId64 ",\"token\":\"%s\",\"method\":\"%s\","
           "\"route\":\"%s\",\"model\":\"%s\",\"version\":\"%s\",\"key\":\"%s\","
           "\"job\":\"%s\",\"rows\":%" PRIu64 ",\"bytes_in\":%" PRIu64 ",\"bytes_out\":%" PRIu64
           ",\"ms\":%.3f,\"status\":%d,\"code\":\"%s\"}",
           seq, r->time_ms, r->token, r->method, r->path, r->model, r->version, r->key, r->job,
           r->rows, r->bytes_in, r->bytes_out, (double)r->us / 1e3, r->status, r->code);
}

static void chain(uint8_t hash[BASE_DIGEST_BYTES], const char *line, size_t n_line) {
  crypto_generichash_state state;
  (void)crypto_generichash_init(&state, NULL, 0, BASE_DIGEST_BYTES);
  (void)crypto_generichash_update(&state, hash, BASE_DIGEST_BYTES);
  (void)crypto_generichash_update(&state, (const uint8_t *)line, n_line);
  (void)crypto_generichash_final(&state, hash, BASE_DIGEST_BYTES);
}

/* --- the writer */

static bool write_line(server_audit *audit, const server_audit_record *record) {
  char line[1024];
  format_line(line, sizeof line, audit->seq + 1, record);
  uint8_t hash[BASE_DIGEST_BYTES];
  memcpy(hash, audit->hash, sizeof hash);
  chain(hash, line, strlen(line));
  sqlite3_reset(audit->insert);
  sqlite3_bind_int64(audit->insert, 1, audit->seq + 1);
  sqlite3_bind_text(audit->insert, 2, line, -1, SQLITE_STATIC);
  sqlite3_bind_blob(audit->insert, 3, hash, sizeof hash, SQLITE_STATIC);
  int code = sqlite3_step(audit->insert);
  sqlite3_reset(audit->insert);
  if (code != SQLITE_DONE)
    return false;
  audit->seq++;
  memcpy(audit->hash, hash, sizeof hash);
  return true;
}

/* All or nothing, so that the chain in memory is that on disk. */
static ckks_status write_group(server_audit *audit, size_t n) {
  int64_t seq = audit->seq;
  uint8_t hash[BASE_DIGEST_BYTES];
  memcpy(hash, audit->hash, sizeof hash);
  bool good = sqlite3_exec(audit->handle, "BEGIN IMMEDIATE", NULL, NULL, NULL) == SQLITE_OK;
  for (size_t i = 0; i < n && good; i++)
    good = write_line(audit, &audit->writing[i]);
  good = good && sqlite3_exec(audit->handle, "COMMIT", NULL, NULL, NULL) == SQLITE_OK;
  if (good)
    return CKKS_OK;
  ckks_status status = server_database_fail(audit->handle, "audit log");
  sqlite3_exec(audit->handle, "ROLLBACK", NULL, NULL, NULL);
  audit->seq = seq;
  memcpy(audit->hash, hash, sizeof hash);
  return status;
}

/* Held: disk. What waits joins what could not be written, as far as there is room. */
static void take(server_audit *audit) {
  pthread_mutex_lock(&audit->lock);
  size_t room = QUEUE - audit->n_writing, n = audit->n < room ? audit->n : room;
  memcpy(audit->writing + audit->n_writing, audit->queue, n * sizeof *audit->queue);
  memmove(audit->queue, audit->queue + n, (audit->n - n) * sizeof *audit->queue);
  audit->n_writing += n;
  audit->n -= n;
  pthread_cond_broadcast(&audit->emptied);
  pthread_mutex_unlock(&audit->lock);
}

/* All lines that wait, and then `last` (may be NULL), in one commit. */
static ckks_status commit(server_audit *audit, const server_audit_record *last) {
  pthread_mutex_lock(&audit->disk);
  take(audit);
  size_t n = audit->n_writing;
  if (last != NULL)
    audit->writing[n++] = *last;
  ckks_status status = n > 0 ? write_group(audit, n) : CKKS_OK;
  if (status == CKKS_OK)
    audit->n_writing = 0;
  pthread_mutex_unlock(&audit->disk);
  return status;
}

static void wake_writer(server_audit *audit) {
  pthread_mutex_lock(&audit->lock);
  audit->unsaved = true;
  pthread_cond_signal(&audit->filled);
  pthread_mutex_unlock(&audit->lock);
}

/* Until there is something to save, and then a little more: one sync for all that gathers.
 * True at the end. */
static bool wait_for_lines(server_audit *audit) {
  const struct timespec gather = {0, GATHER_NS};
  pthread_mutex_lock(&audit->lock);
  while (!audit->unsaved && !audit->stop)
    pthread_cond_wait(&audit->filled, &audit->lock);
  if (!audit->stop) {
    pthread_mutex_unlock(&audit->lock);
    nanosleep(&gather, NULL);
    pthread_mutex_lock(&audit->lock);
  }
  bool stop = audit->stop;
  audit->unsaved = false;
  pthread_mutex_unlock(&audit->lock);
  return stop;
}

/* A full disk holds the log up, and with it the service: it must not serve unlogged. */
static void *save_all(void *argument) {
  server_audit *audit = argument;
  const struct timespec pause = {1, 0};
  for (bool stop = false; !stop;) {
    stop = wait_for_lines(audit);
    bool good = commit(audit, NULL) == CKKS_OK && (!stop || commit(audit, NULL) == CKKS_OK) &&
                fsync(audit->wal_fd) == 0;
    if (!good && !stop) {
      nanosleep(&pause, NULL);
      wake_writer(audit);
    }
  }
  return NULL;
}

void server_audit_add(server_audit *audit, const server_audit_record *record) {
  pthread_mutex_lock(&audit->lock);
  while (audit->n == QUEUE && !audit->stop)
    pthread_cond_wait(&audit->emptied, &audit->lock);
  if (audit->n < QUEUE) {
    audit->queue[audit->n++] = *record;
    audit->unsaved = true;
    pthread_cond_signal(&audit->filled);
  }
  pthread_mutex_unlock(&audit->lock);
}

ckks_status server_audit_write(server_audit *audit, const server_audit_record *record) {
  BASE_TRY(commit(audit, record));
  wake_writer(audit);
  return CKKS_OK;
}

static ckks_status read_head(server_audit *audit) {
  sqlite3_stmt *row = NULL;
  int code = sqlite3_prepare_v2(
      audit->handle, "SELECT seq, hash FROM audit ORDER BY seq DESC LIMIT 1", -1, &row, NULL);
  if (code == SQLITE_OK && sqlite3_step(row) == SQLITE_ROW &&
      sqlite3_column_bytes(row, 1) == BASE_DIGEST_BYTES) {
    audit->seq = sqlite3_column_int64(row, 0);
    memcpy(audit->hash, sqlite3_column_blob(row, 1), BASE_DIGEST_BYTES);
  }
  sqlite3_finalize(row);
  if (code == SQLITE_OK)
    code = sqlite3_prepare_v2(audit->handle, "INSERT INTO audit(seq, line, hash) VALUES(?, ?, ?)",
                              -1, &audit->insert, NULL);
  return code == SQLITE_OK ? CKKS_OK : server_database_fail(audit->handle, "audit log");
}

/* SQLite syncs before it moves lines from here into the database, and keeps the file until the
 * handle is closed. */
static ckks_status open_wal(server_audit *audit, const char *state) {
  char path[4096];
  if (sqlite3_exec(audit->handle, "PRAGMA synchronous=NORMAL", NULL, NULL, NULL) != SQLITE_OK)
    return server_database_fail(audit->handle, "audit log");
  snprintf(path, sizeof path, "%.3900s/audit.db-wal", state);
  audit->wal_fd = open(path, O_RDONLY | O_CLOEXEC);
  if (audit->wal_fd < 0 || !server_folder_sync(state, ""))
    return base_fail(CKKS_ERROR_IO, "%s: %s", path, strerror(errno));
  return CKKS_OK;
}

static ckks_status start(server_audit *audit, const char *state) {
  BASE_TRY(server_database_open(&audit->handle, state, "audit.db", schema));
  BASE_TRY(read_head(audit));
  BASE_TRY(open_wal(audit, state));
  audit->started = pthread_create(&audit->thread, NULL, save_all, audit) == 0;
  return audit->started ? CKKS_OK
                        : base_fail(CKKS_ERROR_MEMORY, "the audit log's thread cannot be started");
}

ckks_status server_audit_build(server_audit **out, const char *state) {
  server_audit *audit = base_alloc(sizeof *audit);
  *out = NULL;
  if (audit == NULL)
    return base_fail_memory(sizeof *audit);
  audit->wal_fd = -1;
  pthread_mutex_init(&audit->disk, NULL);
  pthread_mutex_init(&audit->lock, NULL);
  pthread_cond_init(&audit->filled, NULL);
  pthread_cond_init(&audit->emptied, NULL);
  ckks_status status = start(audit, state);
  if (status != CKKS_OK) {
    server_audit_free(audit);
    return status;
  }
  *out = audit;
  return CKKS_OK;
}

void server_audit_free(server_audit *audit) {
  if (audit == NULL)
    return;
  if (audit->started) {
    pthread_mutex_lock(&audit->lock);
    audit->stop = true;
    pthread_cond_broadcast(&audit->filled);
    pthread_cond_broadcast(&audit->emptied);
    pthread_mutex_unlock(&audit->lock);
    pthread_join(audit->thread, NULL);
  }
  sqlite3_finalize(audit->insert);
  sqlite3_close(audit->handle);
  if (audit->wal_fd >= 0)
    close(audit->wal_fd);
  pthread_cond_destroy(&audit->filled);
  pthread_cond_destroy(&audit->emptied);
  pthread_mutex_destroy(&audit->lock);
  pthread_mutex_destroy(&audit->disk);
  base_free(audit);
}

/* --- reading */

typedef struct reading {
  int64_t seq;
  uint8_t hash[BASE_DIGEST_BYTES];
  const uint8_t *seen;
  bool met;
} reading;

static ckks_status check_row(reading *r, sqlite3_stmt *row) {
  const char *line = (const char *)sqlite3_column_text(row, 1);
  char start[32];
  r->seq++;
  if (sqlite3_column_int64(row, 0) != r->seq)
    return base_fail(CKKS_ERROR_FORMAT, "audit log: line %" PRId64 " is missing", r->seq);
  chain(r->hash, line, (size_t)sqlite3_column_bytes(row, 1));
  snprintf(start, sizeof start, "{\"seq\":%" PRId64 ",", r->seq);
  if (sqlite3_column_bytes(row, 2) != BASE_DIGEST_BYTES ||
      memcmp(sqlite3_column_blob(row, 2), r->hash, BASE_DIGEST_BYTES) != 0 ||
      strncmp(line, start, strlen(start)) != 0)
    return base_fail(CKKS_ERROR_FORMAT, "audit log: line %" PRId64 " was altered", r->seq);
  if (r->seen != NULL && memcmp(r->hash, r->seen, BASE_DIGEST_BYTES) == 0)
    r->met = true;
  return CKKS_OK;
}

static ckks_status each_row(const char *state, const char *order,
                            ckks_status (*visit)(void *, sqlite3_stmt *), void *context) {
  sqlite3 *handle;
  sqlite3_stmt *row = NULL;
  char sql[80];
  BASE_TRY(server_database_open(&handle, state, "audit.db", schema));
  ckks_status status = CKKS_OK;
  snprintf(sql, sizeof sql, "SELECT seq, line, hash FROM audit ORDER BY seq %s", order);
  int code = sqlite3_prepare_v2(handle, sql, -1, &row, NULL);
  if (code == SQLITE_OK)
    while (status == CKKS_OK && (code = sqlite3_step(row)) == SQLITE_ROW)
      status = visit(context, row);
  if (status == CKKS_OK && code != SQLITE_DONE)
    status = server_database_fail(handle, "audit log");
  sqlite3_finalize(row);
  sqlite3_close(handle);
  return status;
}

static ckks_status visit_check(void *context, sqlite3_stmt *row) {
  return check_row(context, row);
}

ckks_status server_audit_verify(server_audit_report *out, const char *state, const char *seen) {
  uint8_t wanted[BASE_DIGEST_BYTES];
  reading r = {.seen = seen != NULL ? wanted : NULL};
  *out = (server_audit_report){0};
  if (seen != NULL && (strlen(seen) != 64 ||
                       sodium_hex2bin(wanted, sizeof wanted, seen, 64, NULL, NULL, NULL) != 0))
    return base_fail(CKKS_ERROR_ARGUMENT, "a head is 64 hex digits");
  BASE_TRY(each_row(state, "ASC", visit_check, &r));
  if (seen != NULL && !r.met)
    return base_fail(CKKS_ERROR_FORMAT,
                     "audit log: the line with hash %s is gone: it was cut off "
                     "or written anew",
                     seen);
  out->n_lines = (uint64_t)r.seq;
  sodium_bin2hex(out->head, sizeof out->head, r.hash, sizeof r.hash);
  return CKKS_OK;
}

typedef struct showing {
  void (*show)(void *context, const char *line);
  void *context;
} showing;

static ckks_status visit_show(void *context, sqlite3_stmt *row) {
  const showing *s = context;
  s->show(s->context, (const char *)sqlite3_column_text(row, 1));
  return CKKS_OK;
}

ckks_status server_audit_each(const char *state, void (*show)(void *context, const char *line),
                              void *context) {
  showing s = {show, context};
  return each_row(state, "ASC", visit_show, &s);
}

typedef struct looking {
  bool (*visit)(void *context, const char *line);
  void *context;
} looking;

/* Cancelled: it has seen enough. */
static ckks_status visit_look(void *context, sqlite3_stmt *row) {
  const looking *l = context;
  bool more = l->visit(l->context, (const char *)sqlite3_column_text(row, 1));
  return more ? CKKS_OK : CKKS_ERROR_CANCELLED;
}

ckks_status server_audit_each_back(const char *state,
                                   bool (*visit)(void *context, const char *line), void *context) {
  looking l = {visit, context};
  ckks_status status = each_row(state, "DESC", visit_look, &l);
  return status == CKKS_ERROR_CANCELLED ? CKKS_OK : status;
}
