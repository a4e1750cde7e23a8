/* SPDX-License-Identifier: Apache-2.0 */
#include "server/store/audit_read.h"

#include <inttypes.h>
#include <jansson.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "server/store/audit_file.h"
#include "server/store/audit_seal.h"
#include "server/store/database.h"

typedef ckks_status (*visitor)(void *context, sqlite3_stmt *row, bool first);

/* --- all lines of all files */

static ckks_status each_row(const char *state, int number, bool back, visitor visit,
                            void *context) {
  static const char *const sql[] = {"SELECT seq, line, hash FROM audit ORDER BY seq ASC",
                                    "SELECT seq, line, hash FROM audit ORDER BY seq DESC"};
  sqlite3 *handle;
  sqlite3_stmt *row = NULL;
  BASE_TRY(server_audit_file_open(&handle, state, number));
  ckks_status status = CKKS_OK;
  bool first = true;
  int code = sqlite3_prepare_v2(handle, sql[back], -1, &row, NULL);
  if (code == SQLITE_OK)
    while (status == CKKS_OK && (code = sqlite3_step(row)) == SQLITE_ROW) {
      status = visit(context, row, first);
      first = false;
    }
  if (status == CKKS_OK && code != SQLITE_DONE)
    status = server_database_fail(handle, "audit log");
  sqlite3_finalize(row);
  sqlite3_close(handle);
  return status;
}

static ckks_status each_file(const char *state, bool back, visitor visit, void *context) {
  int *number;
  size_t n;
  BASE_TRY(server_audit_file_list(&number, &n, state));
  ckks_status status = CKKS_OK;
  for (size_t i = 0; i < n && status == CKKS_OK; i++)
    status = each_row(state, number[back ? n - 1 - i : i], back, visit, context);
  base_free(number);
  return status;
}

/* --- checking */

typedef struct reading {
  int64_t first, seq; /* of the lines there are; 0 = none yet */
  uint8_t hash[BASE_DIGEST_BYTES];
  char key[SERVER_AUDIT_SEAL_KEY_CHARS]; /* of the seals; "" = none yet */
  const uint8_t *seen;
  bool met;
} reading;

static bool is_seen(const reading *r) {
  return r->seen != NULL && memcmp(r->hash, r->seen, BASE_DIGEST_BYTES) == 0;
}

static void copy_text(char *out, size_t size, const json_t *object, const char *name) {
  const char *text = json_string_value(json_object_get(object, name));
  snprintf(out, size, "%s", text != NULL ? text : "");
}

/* The line that begins a file seals what came before it, in whatever file that was. */
static ckks_status check_seal(reading *r, const char *line, int64_t seq) {
  server_audit_seal seal;
  uint8_t head[BASE_DIGEST_BYTES];
  char hex[65];
  json_t *value = json_loads(line, 0, NULL);
  copy_text(seal.key, sizeof seal.key, value, "key");
  copy_text(seal.signature, sizeof seal.signature, value, "signature");
  copy_text(hex, sizeof hex, value, "head");
  json_decref(value);
  bool good = strlen(hex) == 64 &&
              sodium_hex2bin(head, sizeof head, hex, 64, NULL, NULL, NULL) == 0 &&
              server_audit_seal_is_good(&seal, head, seq - 1);
  if (good && r->seq > 0)
    good = memcmp(head, r->hash, sizeof head) == 0;
  if (good && r->key[0] != '\0')
    good = strcmp(seal.key, r->key) == 0;
  if (!good)
    return base_fail(CKKS_ERROR_FORMAT,
                     "audit log: line %" PRId64 " does not seal the file before it", seq);
  memcpy(r->hash, head, sizeof head);
  memcpy(r->key, seal.key, sizeof r->key);
  return CKKS_OK;
}

/* Where files were taken away the chain begins with the seal on them. */
static ckks_status begin_file(reading *r, const char *line, int64_t seq) {
  if (r->seq == 0 && seq == 1)
    return CKKS_OK;
  if (r->seq > 0 && seq != r->seq + 1)
    return base_fail(CKKS_ERROR_FORMAT, "audit log: line %" PRId64 " is missing", r->seq + 1);
  if (strstr(line, "\"event\":\"rotated\"") == NULL)
    return base_fail(CKKS_ERROR_FORMAT, "audit log: line %" PRId64 " is missing",
                     r->seq > 0 ? r->seq + 1 : 1);
  BASE_TRY(check_seal(r, line, seq));
  if (r->seq == 0) {
    r->first = seq;
    r->seq = seq - 1;
    r->met = is_seen(r);
  }
  return CKKS_OK;
}

static ckks_status check_row(void *context, sqlite3_stmt *row, bool first) {
  reading *r = context;
  const char *line = (const char *)sqlite3_column_text(row, 1);
  char start[32];
  if (line == NULL)
    return base_fail(CKKS_ERROR_FORMAT, "audit log: line %" PRId64 " was altered", r->seq + 1);
  if (first)
    BASE_TRY(begin_file(r, line, sqlite3_column_int64(row, 0)));
  r->seq++;
  if (sqlite3_column_int64(row, 0) != r->seq)
    return base_fail(CKKS_ERROR_FORMAT, "audit log: line %" PRId64 " is missing", r->seq);
  server_audit_file_chain(r->hash, line, (size_t)sqlite3_column_bytes(row, 1));
  snprintf(start, sizeof start, "{\"seq\":%" PRId64 ",", r->seq);
  if (sqlite3_column_bytes(row, 2) != BASE_DIGEST_BYTES ||
      memcmp(sqlite3_column_blob(row, 2), r->hash, BASE_DIGEST_BYTES) != 0 ||
      strncmp(line, start, strlen(start)) != 0)
    return base_fail(CKKS_ERROR_FORMAT, "audit log: line %" PRId64 " was altered", r->seq);
  r->met = r->met || is_seen(r);
  return CKKS_OK;
}

ckks_status server_audit_read_verify(server_audit_report *out, const char *state,
                                     const char *seen) {
  uint8_t wanted[BASE_DIGEST_BYTES];
  reading r = {.first = 1, .seen = seen != NULL ? wanted : NULL};
  *out = (server_audit_report){0};
  if (seen != NULL && (strlen(seen) != 64 ||
                       sodium_hex2bin(wanted, sizeof wanted, seen, 64, NULL, NULL, NULL) != 0))
    return base_fail(CKKS_ERROR_ARGUMENT, "a head is 64 hex digits");
  BASE_TRY(each_file(state, false, check_row, &r));
  if (seen != NULL && !r.met)
    return base_fail(CKKS_ERROR_FORMAT,
                     "audit log: the line with hash %s is gone: it was cut off "
                     "or written anew",
                     seen);
  out->first = (uint64_t)r.first;
  out->n_lines = (uint64_t)(r.seq - r.first + 1);
  memcpy(out->key, r.key, sizeof out->key);
  sodium_bin2hex(out->head, sizeof out->head, r.hash, sizeof r.hash);
  return CKKS_OK;
}

/* --- showing */

typedef struct showing {
  void (*show)(void *context, const char *line);
  void *context;
} showing;

static ckks_status visit_show(void *context, sqlite3_stmt *row, bool first) {
  const showing *s = context;
  (void)first;
  s->show(s->context, (const char *)sqlite3_column_text(row, 1));
  return CKKS_OK;
}

ckks_status server_audit_read_each(const char *state, void (*show)(void *context, const char *line),
                                   void *context) {
  showing s = {show, context};
  return each_file(state, false, visit_show, &s);
}

typedef struct looking {
  bool (*visit)(void *context, const char *line);
  void *context;
} looking;

/* Cancelled: it has seen enough. */
static ckks_status visit_look(void *context, sqlite3_stmt *row, bool first) {
  const looking *l = context;
  (void)first;
  bool more = l->visit(l->context, (const char *)sqlite3_column_text(row, 1));
  return more ? CKKS_OK : CKKS_ERROR_CANCELLED;
}

ckks_status server_audit_read_back(const char *state,
                                   bool (*visit)(void *context, const char *line), void *context) {
  looking l = {visit, context};
  ckks_status status = each_file(state, true, visit_look, &l);
  return status == CKKS_ERROR_CANCELLED ? CKKS_OK : status;
}
