/* SPDX-License-Identifier: Apache-2.0 */
#define _POSIX_C_SOURCE 200809L
#include "server/store/audit_chain.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "server/store/audit_file.h"
#include "server/store/audit_seal.h"
#include "server/store/clock.h"
#include "server/store/database.h"
#include "server/store/folder.h"

typedef server_audit_log log_file;

/* --- one file */

static bool put_line(server_audit_chain *chain, const log_file *file, const char *line) {
  uint8_t hash[BASE_DIGEST_BYTES];
  memcpy(hash, chain->hash, sizeof hash);
  server_audit_file_chain(hash, line, strlen(line));
  sqlite3_reset(file->insert);
  sqlite3_bind_int64(file->insert, 1, chain->seq + 1);
  sqlite3_bind_text(file->insert, 2, line, -1, SQLITE_STATIC);
  sqlite3_bind_blob(file->insert, 3, hash, sizeof hash, SQLITE_STATIC);
  int code = sqlite3_step(file->insert);
  sqlite3_reset(file->insert);
  if (code != SQLITE_DONE)
    return false;
  chain->seq++;
  memcpy(chain->hash, hash, sizeof hash);
  return true;
}

static void close_file(log_file *file) {
  sqlite3_finalize(file->insert);
  sqlite3_close(file->handle);
  if (file->wal_fd >= 0)
    close(file->wal_fd);
  *file = (log_file){.wal_fd = -1};
}

/* SQLite syncs before it moves lines from here into the database, and keeps the file until the
 * handle is closed. */
static ckks_status open_wal(log_file *file, const char *state) {
  char name[SERVER_AUDIT_FILE_CHARS], path[4096];
  if (sqlite3_exec(file->handle, "PRAGMA synchronous=NORMAL", NULL, NULL, NULL) != SQLITE_OK)
    return server_database_fail(file->handle, "audit log");
  server_audit_file_name(name, file->number);
  snprintf(path, sizeof path, "%.3900s/%s-wal", state, name);
  file->wal_fd = open(path, O_RDONLY | O_CLOEXEC);
  if (file->wal_fd < 0 || !server_folder_sync(state, ""))
    return base_fail(CKKS_ERROR_IO, "%s: %s", path, strerror(errno));
  return CKKS_OK;
}

static ckks_status open_file(log_file *file, const char *state, int number) {
  *file = (log_file){.number = number, .wal_fd = -1};
  ckks_status status = server_audit_file_open(&file->handle, state, number);
  if (status == CKKS_OK &&
      sqlite3_prepare_v2(file->handle, "INSERT INTO audit(seq, line, hash) VALUES(?, ?, ?)", -1,
                         &file->insert, NULL) != SQLITE_OK)
    status = server_database_fail(file->handle, "audit log");
  if (status == CKKS_OK)
    status = open_wal(file, state);
  if (status != CKKS_OK)
    close_file(file);
  return status;
}

/* Where the chain stands at the end of a file, and when the file began. */
static ckks_status read_head(server_audit_chain *chain, log_file *file) {
  sqlite3_stmt *row = NULL;
  int code =
      sqlite3_prepare_v2(file->handle,
                         "SELECT seq, hash, (SELECT line FROM audit ORDER BY seq LIMIT 1),"
                         " (SELECT MIN(seq) FROM audit) FROM audit ORDER BY seq DESC LIMIT 1",
                         -1, &row, NULL);
  if (code == SQLITE_OK && sqlite3_step(row) == SQLITE_ROW &&
      sqlite3_column_bytes(row, 1) == BASE_DIGEST_BYTES) {
    chain->seq = sqlite3_column_int64(row, 0);
    memcpy(chain->hash, sqlite3_column_blob(row, 1), BASE_DIGEST_BYTES);
    file->first = sqlite3_column_int64(row, 3);
    (void)sscanf((const char *)sqlite3_column_text(row, 2), "{\"seq\":%*d,\"time_ms\":%" SCNd64,
                 &file->begun_ms);
  }
  sqlite3_finalize(row);
  return code == SQLITE_OK ? CKKS_OK : server_database_fail(file->handle, "audit log");
}

/* --- from file to file */

static void format_seal(char *line, size_t size, const server_audit_chain *chain, int number,
                        const server_audit_seal *seal) {
  char name[SERVER_AUDIT_FILE_CHARS], head[65];
  server_audit_file_name(name, number);
  sodium_bin2hex(head, sizeof head, chain->hash, sizeof chain->hash);
  snprintf(line, size,
           "{\"seq\":%" PRId64 ",\"time_ms\":%" PRId64 ",\"event\":\"rotated\",\"file\":\"%s\","
           "\"head\":\"%s\",\"key\":\"%s\",\"signature\":\"%s\"}",
           chain->seq + 1, server_clock_wall_ms(), name, head, seal->key, seal->signature);
}

static bool transact(const log_file *file, const char *sql) {
  return sqlite3_exec(file->handle, sql, NULL, NULL, NULL) == SQLITE_OK;
}

/* The first line of a file that follows number `before`; on disk before anything else is in it. */
static ckks_status seal(server_audit_chain *chain, log_file *file, int before) {
  server_audit_seal made;
  char line[1024];
  int64_t seq = chain->seq;
  uint8_t hash[BASE_DIGEST_BYTES];
  BASE_TRY(server_audit_seal_make(&made, chain->state, chain->hash, seq));
  memcpy(hash, chain->hash, sizeof hash);
  format_seal(line, sizeof line, chain, before, &made);
  bool good = transact(file, "BEGIN IMMEDIATE") && put_line(chain, file, line) &&
              transact(file, "COMMIT") && fsync(file->wal_fd) == 0;
  file->first = chain->seq;
  file->begun_ms = server_clock_wall_ms();
  if (good)
    return CKKS_OK;
  ckks_status status = server_database_fail(file->handle, "audit log");
  chain->seq = seq;
  memcpy(chain->hash, hash, sizeof hash);
  return status;
}

/* The oldest files go when all together are too large. */
static void keep_ceiling(server_audit_chain *chain) {
  int *number;
  size_t n;
  if (server_audit_file_list(&number, &n, chain->state) != CKKS_OK)
    return;
  uint64_t total = 0;
  for (size_t i = 0; i < n; i++)
    total += number[i] != chain->file.number ? server_audit_file_bytes(chain->state, number[i]) : 0;
  size_t first = 0;
  for (; first + 2 < n && total + chain->limits.file_bytes > chain->limits.ceiling_bytes; first++) {
    uint64_t bytes = server_audit_file_bytes(chain->state, number[first]);
    if (!server_audit_file_remove(chain->state, number[first]))
      break;
    total -= bytes;
  }
  chain->closed_bytes = total;
  chain->n_files = (int)(n - first);
  base_free(number);
}

/* On an error the present file goes on. */
ckks_status server_audit_chain_rotate(server_audit_chain *chain) {
  log_file next;
  if (chain->seq < chain->file.first || chain->file.first == 0 ||
      (chain->seq == chain->file.first && chain->file.number > 1)) /* nothing but a seal */
    return CKKS_OK;
  ckks_status status = open_file(&next, chain->state, chain->file.number + 1);
  if (status == CKKS_OK)
    status = seal(chain, &next, chain->file.number);
  if (status != CKKS_OK) {
    close_file(&next);
    server_audit_file_remove(chain->state, chain->file.number + 1);
    return status;
  }
  close_file(&chain->file);
  chain->file = next;
  keep_ceiling(chain);
  return CKKS_OK;
}

bool server_audit_chain_is_full(const server_audit_chain *chain) {
  int64_t age_ms = chain->file.begun_ms > 0 ? server_clock_wall_ms() - chain->file.begun_ms : 0;
  return server_audit_file_bytes(chain->state, chain->file.number) >= chain->limits.file_bytes ||
         age_ms > (int64_t)chain->limits.file_s * 1000;
}

/* --- lines */

bool server_audit_chain_begin(server_audit_chain *chain) {
  chain->seq_before = chain->seq;
  memcpy(chain->hash_before, chain->hash, sizeof chain->hash);
  return transact(&chain->file, "BEGIN IMMEDIATE");
}

bool server_audit_chain_add(server_audit_chain *chain, const char *line) {
  return put_line(chain, &chain->file, line);
}

ckks_status server_audit_chain_end(server_audit_chain *chain, bool good) {
  if (good && transact(&chain->file, "COMMIT")) {
    if (chain->file.first == 0 && chain->seq > 0) {
      chain->file.first = chain->seq_before + 1;
      chain->file.begun_ms = server_clock_wall_ms();
    }
    return CKKS_OK;
  }
  ckks_status status = server_database_fail(chain->file.handle, "audit log");
  sqlite3_exec(chain->file.handle, "ROLLBACK", NULL, NULL, NULL);
  chain->seq = chain->seq_before;
  memcpy(chain->hash, chain->hash_before, sizeof chain->hash);
  return status;
}

bool server_audit_chain_sync(const server_audit_chain *chain) {
  return fsync(chain->file.wal_fd) == 0;
}

/* --- beginning and end */

/* A file that a crash left without its first line goes on from the one before it. */
static ckks_status follow(server_audit_chain *chain, int before) {
  log_file file;
  BASE_TRY(open_file(&file, chain->state, before));
  ckks_status status = read_head(chain, &file);
  close_file(&file);
  return status == CKKS_OK ? seal(chain, &chain->file, before) : status;
}

ckks_status server_audit_chain_open(server_audit_chain *chain, const char *state,
                                    const server_audit_limits *limits) {
  int *number;
  size_t n;
  *chain = (server_audit_chain){.limits = *limits, .file = {.wal_fd = -1}};
  snprintf(chain->state, sizeof chain->state, "%.3900s", state);
  BASE_TRY(server_audit_file_list(&number, &n, state));
  int last = n > 0 ? number[n - 1] : 1, before = n > 1 ? number[n - 2] : 0;
  base_free(number);
  ckks_status status = open_file(&chain->file, state, last);
  if (status == CKKS_OK)
    status = read_head(chain, &chain->file);
  if (status == CKKS_OK && chain->file.first == 0 && before > 0)
    status = follow(chain, before);
  if (status == CKKS_OK)
    keep_ceiling(chain);
  else
    close_file(&chain->file);
  return status;
}

void server_audit_chain_close(server_audit_chain *chain) {
  close_file(&chain->file);
}

uint64_t server_audit_chain_bytes(const server_audit_chain *chain) {
  return chain->closed_bytes + server_audit_file_bytes(chain->state, chain->file.number);
}
