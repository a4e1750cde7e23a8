/* SPDX-License-Identifier: Apache-2.0 */
/* What a crash left half done, and what has had its time. */
#define _GNU_SOURCE
#include "server/compute/key_recovery.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/frame.h"
#include "server/store/folder.h"
#include "server/store/key_row.h"

/* --- leaving */

bool server_key_recovery_finish(server_service *service, const char *token, const char *id) {
  char path[4096];
  server_cache_drop(service->cache, token, id);
  server_key_row_path(path, service, token, id);
  bool good = server_folder_shred(path);
  server_key_row_partial_path(path, service, token, id);
  good = server_folder_shred(path) && good;
  good = good && server_folder_sync(service->options.state, "keys") &&
         server_folder_sync(service->options.state, "partial");
  int error = errno;
  server_cache_drop(service->cache, token, id); /* who read it meanwhile */
  if (good && server_key_row_remove(service, token, id) != CKKS_OK)
    return false;
  errno = error;
  return good;
}

/* --- after a crash, and in time */

typedef struct key_name {
  char token[17], id[65];
} key_name;

/* Names of the rows that a query gives, in a new array. */
static ckks_status list_rows(key_name **out, size_t *n, server_service *service, const char *sql,
                             int64_t first, int64_t second) {
  base_buffer rows;
  base_buffer_init(&rows, (size_t)1 << 28);
  server_database_lock(service->database);
  sqlite3_stmt *s = server_database_query(service->database, sql, "ii", first, second);
  int more = -1;
  while (s != NULL && (more = server_database_step(service->database, s)) > 0) {
    key_name name;
    snprintf(name.token, sizeof name.token, "%s", (const char *)sqlite3_column_text(s, 0));
    snprintf(name.id, sizeof name.id, "%s", (const char *)sqlite3_column_text(s, 1));
    base_buffer_append(&rows, &name, sizeof name);
  }
  server_database_unlock(service->database);
  ckks_status status = more == 0 ? base_buffer_status(&rows) : CKKS_ERROR_IO;
  *out = (key_name *)(void *)rows.bytes;
  *n = rows.n_bytes / sizeof **out;
  if (status != CKKS_OK)
    base_buffer_clear(&rows);
  return status;
}

/* The identity of the plan, as it stands in the frame's head; "" when it cannot be read. */
static void read_plan(char plan[65], const char *path) {
  uint8_t head[BASE_FRAME_HEADER_BYTES], id[32];
  int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
  plan[0] = '\0';
  if (fd < 0)
    return;
  if (read(fd, head, sizeof head) == (ssize_t)sizeof head) {
    base_frame_peek_plan(id, head);
    sodium_bin2hex(plan, 65, id, sizeof id);
  }
  close(fd);
}

/* A row without its file, and one whose commit was not written down any more. */
static ckks_status recover_row(server_service *service, const key_name *name) {
  char path[4096], plan[65];
  struct stat info;
  server_key_row row;
  server_key_row_find(&row, service, name->token, name->id);
  server_key_row_path(path, service, name->token, name->id);
  bool there = stat(path, &info) == 0;
  if (row.state == SERVER_KEY_FAILED)
    return CKKS_ERROR_IO;
  if (row.state == SERVER_KEY_LEAVING)
    return server_key_recovery_finish(service, name->token, name->id)
               ? CKKS_OK
               : base_fail(CKKS_ERROR_IO, "%s: cannot be removed: %s", path, strerror(errno));
  if (row.state == SERVER_KEY_WHOLE && !there)
    return server_key_row_remove(service, name->token, name->id);
  /* It was checked before it got its name. */
  read_plan(plan, path);
  if (row.state == SERVER_KEY_PARTLY && there && info.st_size == row.bytes)
    return server_key_row_put(service, name->token, name->id, SERVER_KEY_WHOLE, row.bytes, plan);
  return CKKS_OK;
}

/* Files that no row knows. */
static void remove_strays(server_service *service, const char *folder) {
  char path[4096];
  snprintf(path, sizeof path, "%.3900s/%s", service->options.state, folder);
  DIR *files = opendir(path);
  for (const struct dirent *entry; files != NULL && (entry = readdir(files)) != NULL;) {
    key_name name = {0};
    server_key_row row = {.state = SERVER_KEY_ABSENT};
    if (entry->d_name[0] == '.')
      continue;
    if (sscanf(entry->d_name, "%16[0-9a-f].%64[0-9a-f]", name.token, name.id) == 2)
      server_key_row_find(&row, service, name.token, name.id);
    snprintf(path, sizeof path, "%.3700s/%s/%.255s", service->options.state, folder, entry->d_name);
    if (row.state == SERVER_KEY_ABSENT)
      (void)server_folder_shred(path);
  }
  if (files != NULL)
    closedir(files);
}

ckks_status server_key_recovery_run(server_service *service) {
  key_name *names;
  size_t n;
  BASE_TRY(list_rows(&names, &n, service,
                     "SELECT token, id FROM keys WHERE ? = ? ORDER BY token, id", 0, 0));
  ckks_status status = CKKS_OK;
  for (size_t i = 0; i < n && status == CKKS_OK; i++)
    status = recover_row(service, &names[i]);
  base_free(names);
  remove_strays(service, "keys");
  remove_strays(service, "partial");
  return status;
}

void server_key_recovery_sweep(server_service *service) {
  key_name *names;
  size_t n;
  int64_t now = (int64_t)time(NULL);
  if (list_rows(&names, &n, service,
                "SELECT token, id FROM keys WHERE (state = 1 AND used < ?) OR"
                " (state = 0 AND used < ?) OR state = 2 OR"
                " token IN (SELECT id FROM tokens WHERE revoked > 0)",
                now - service->options.key_ttl_s, now - SERVER_KEY_PARTIAL_TTL_S) != CKKS_OK)
    return;
  for (size_t i = 0; i < n; i++) {
    server_upload *upload = server_upload_begin(&service->uploads, names[i].token, names[i].id);
    if (upload == NULL) /* in use: next time */
      continue;
    if (server_key_row_mark(service, names[i].token, names[i].id, SERVER_KEY_LEAVING) == CKKS_OK)
      (void)server_key_recovery_finish(service, names[i].token, names[i].id);
    server_upload_end(&service->uploads, upload);
  }
  base_free(names);
}
