/* SPDX-License-Identifier: Apache-2.0 */
#define _POSIX_C_SOURCE 200809L
#include "server/store/key_row.h"

#include <stdio.h>
#include <time.h>

#include "server/store/folder.h"

static int64_t now_s(void) {
  return (int64_t)time(NULL);
}

void server_key_row_path(char path[4096], const server_service *service, const char *token,
                         const char *id) {
  server_folder_path(path, service->options.state, "keys", token, id);
}

void server_key_row_partial_path(char path[4096], const server_service *service, const char *token,
                                 const char *id) {
  server_folder_path(path, service->options.state, "partial", token, id);
}

/* --- rows */

/* row->state is SERVER_KEY_ABSENT or SERVER_KEY_FAILED (recorded) when there is none. */
void server_key_row_find(server_key_row *row, server_service *service, const char *token,
                         const char *id) {
  *row = (server_key_row){.state = SERVER_KEY_ABSENT};
  server_database_lock(service->database);
  sqlite3_stmt *s = server_database_query(
      service->database,
      "SELECT state, bytes, created, used, plan FROM keys WHERE token = ? AND id = ?", "ss", token,
      id);
  int found = s != NULL ? server_database_step(service->database, s) : -1;
  if (found > 0) {
    row->state = sqlite3_column_int(s, 0);
    row->bytes = sqlite3_column_int64(s, 1);
    row->created = sqlite3_column_int64(s, 2);
    row->used = sqlite3_column_int64(s, 3);
    snprintf(row->plan, sizeof row->plan, "%s", (const char *)sqlite3_column_text(s, 4));
    sqlite3_reset(s);
  } else if (found < 0) {
    row->state = SERVER_KEY_FAILED;
  }
  server_database_unlock(service->database);
}

ckks_status server_key_row_put(server_service *service, const char *token, const char *id,
                               int state, int64_t bytes, const char *plan) {
  server_database_lock(service->database);
  ckks_status status = server_database_run(
      service->database, NULL,
      "INSERT OR REPLACE INTO keys(token, id, state, bytes, plan, created, used)"
      " VALUES(?, ?, ?, ?, ?, ?, ?)",
      "ssiisii", token, id, (int64_t)state, bytes, plan, now_s(), now_s());
  server_database_unlock(service->database);
  return status;
}

ckks_status server_key_row_mark(server_service *service, const char *token, const char *id,
                                int state) {
  server_database_lock(service->database);
  ckks_status status = server_database_run(service->database, NULL,
                                           "UPDATE keys SET state = ? WHERE token = ? AND id = ?",
                                           "iss", (int64_t)state, token, id);
  server_database_unlock(service->database);
  return status;
}

ckks_status server_key_row_remove(server_service *service, const char *token, const char *id) {
  server_database_lock(service->database);
  ckks_status status = server_database_run(
      service->database, NULL, "DELETE FROM keys WHERE token = ? AND id = ?", "ss", token, id);
  server_database_unlock(service->database);
  return status;
}

ckks_status server_key_row_reserve(bool *room, server_service *service, const char *token,
                                   const char *id, int64_t bytes, int64_t limit) {
  int n = 0;
  server_database_lock(service->database);
  ckks_status status = server_database_run(
      service->database, &n,
      "INSERT OR REPLACE INTO keys(token, id, state, bytes, plan, created, used)"
      " SELECT ?1, ?2, 0, ?3, '', ?4, ?4 WHERE ?3 + (SELECT COALESCE(SUM(bytes), 0) FROM keys"
      " WHERE token = ?1 AND id <> ?2) <= ?5",
      "ssiii", token, id, bytes, now_s(), limit);
  server_database_unlock(service->database);
  *room = n > 0;
  return status;
}
