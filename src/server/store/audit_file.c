/* SPDX-License-Identifier: Apache-2.0 */
#define _POSIX_C_SOURCE 200809L
#include "server/store/audit_file.h"

#include <dirent.h>
#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/bytes.h"
#include "server/store/database.h"

#define MAX_LIST_BYTES ((size_t)1 << 20)

static const char schema[] =
    "CREATE TABLE IF NOT EXISTS audit(seq INTEGER PRIMARY KEY, line TEXT NOT NULL, hash BLOB NOT"
    " NULL);"
    "CREATE TRIGGER IF NOT EXISTS audit_keep BEFORE DELETE ON audit BEGIN"
    " SELECT RAISE(ABORT, 'the audit log is append-only'); END;"
    "CREATE TRIGGER IF NOT EXISTS audit_fix BEFORE UPDATE ON audit BEGIN"
    " SELECT RAISE(ABORT, 'the audit log is append-only'); END;";

static const char *const ending[] = {"", "-wal", "-shm"};
#define N_ENDINGS (sizeof ending / sizeof *ending)

void server_audit_file_name(char name[SERVER_AUDIT_FILE_CHARS], int number) {
  if (number <= 1)
    snprintf(name, SERVER_AUDIT_FILE_CHARS, "audit.db");
  else
    snprintf(name, SERVER_AUDIT_FILE_CHARS, "audit.%d.db", number);
}

/* 0 = another file. */
static int number_of(const char *file) {
  char name[SERVER_AUDIT_FILE_CHARS];
  int number = strcmp(file, "audit.db") == 0 ? 1 : 0;
  if (strncmp(file, "audit.", 6) == 0 && file[6] >= '1' && file[6] <= '9')
    number = (int)strtol(file + 6, NULL, 10);
  server_audit_file_name(name, number);
  return number > 0 && strcmp(name, file) == 0 ? number : 0;
}

static int compare(const void *a, const void *b) {
  int x = *(const int *)a, y = *(const int *)b;
  return (x > y) - (x < y);
}

ckks_status server_audit_file_list(int **numbers, size_t *n, const char *state) {
  base_buffer list;
  base_buffer_init(&list, MAX_LIST_BYTES);
  *numbers = NULL;
  *n = 0;
  DIR *files = opendir(state);
  if (files == NULL)
    return base_fail(CKKS_ERROR_IO, "%s: %s", state, strerror(errno));
  for (const struct dirent *entry; (entry = readdir(files)) != NULL;) {
    int number = number_of(entry->d_name);
    if (number > 0)
      base_buffer_append(&list, &number, sizeof number);
  }
  closedir(files);
  if (base_buffer_status(&list) != CKKS_OK) {
    base_buffer_clear(&list);
    return base_fail(CKKS_ERROR_MEMORY, "%s: too many audit logs", state);
  }
  *numbers = (int *)(void *)list.bytes; /* base_alloc aligns */
  *n = list.n_bytes / sizeof **numbers;
  if (*n > 0)
    qsort(*numbers, *n, sizeof **numbers, compare);
  return CKKS_OK;
}

ckks_status server_audit_file_open(sqlite3 **out, const char *state, int number) {
  char name[SERVER_AUDIT_FILE_CHARS];
  server_audit_file_name(name, number);
  return server_database_open(out, state, name, schema);
}

uint64_t server_audit_file_bytes(const char *state, int number) {
  char name[SERVER_AUDIT_FILE_CHARS], path[4096];
  uint64_t n = 0;
  server_audit_file_name(name, number);
  for (size_t i = 0; i < N_ENDINGS; i++) {
    struct stat info;
    snprintf(path, sizeof path, "%.3900s/%s%s", state, name, ending[i]);
    if (stat(path, &info) == 0)
      n += (uint64_t)info.st_size;
  }
  return n;
}

bool server_audit_file_remove(const char *state, int number) {
  char name[SERVER_AUDIT_FILE_CHARS], path[4096];
  bool good = true;
  server_audit_file_name(name, number);
  for (size_t i = 0; i < N_ENDINGS; i++) {
    snprintf(path, sizeof path, "%.3900s/%s%s", state, name, ending[i]);
    good = (unlink(path) == 0 || errno == ENOENT) && good;
  }
  return good;
}

void server_audit_file_chain(uint8_t hash[BASE_DIGEST_BYTES], const char *line, size_t n_line) {
  crypto_generichash_state state;
  (void)crypto_generichash_init(&state, NULL, 0, BASE_DIGEST_BYTES);
  (void)crypto_generichash_update(&state, hash, BASE_DIGEST_BYTES);
  (void)crypto_generichash_update(&state, (const uint8_t *)line, n_line);
  (void)crypto_generichash_final(&state, hash, BASE_DIGEST_BYTES);
}
