/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Evaluation keys: content-addressed, each its token's own. PUT takes the whole file, or a part
 * of it (Content-Range: bytes A-B/TOTAL; bytes *<slash>TOTAL finishes what is complete). HEAD
 * tells how much there is (Upload-Offset). An answer 201 means: on disk, checked, stays.
 *
 * Order of a commit: file synced, checked, renamed, folder synced, row written; and of a
 * DELETE: row marked, file overwritten and unlinked, row removed. Whatever is interrupted,
 * server_keys_recover sees from row and file how far it went.
 */
#define _GNU_SOURCE /* fallocate */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/frame.h"
#include "server/request.h"

enum { PARTLY = 0, WHOLE = 1, LEAVING = 2 };
#define ABSENT (-1)
#define FAILED (-2)
#define ID_CHARS 64
#define PARTIAL_TTL_S 86400

typedef struct key_row {
  int state;
  int64_t bytes, created, used;
  char plan[65];
} key_row;

static int64_t now_s(void) {
  return (int64_t)time(NULL);
}

void server_keys_path(char path[4096], const server_service *service, const char *token,
                      const char *id) {
  server_upload_path(path, service->options.state, "keys", token, id);
}

static void partial_path(char path[4096], const server_service *service, const char *token,
                         const char *id) {
  server_upload_path(path, service->options.state, "partial", token, id);
}

/* --- rows */

/* row->state is ABSENT or FAILED (recorded) when there is none. */
static void find_row(key_row *row, server_service *service, const char *token, const char *id) {
  *row = (key_row){.state = ABSENT};
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
    row->state = FAILED;
  }
  server_database_unlock(service->database);
}

static ckks_status put_row(server_service *service, const char *token, const char *id, int state,
                           int64_t bytes, const char *plan) {
  server_database_lock(service->database);
  ckks_status status = server_database_run(
      service->database, NULL,
      "INSERT OR REPLACE INTO keys(token, id, state, bytes, plan, created, used)"
      " VALUES(?, ?, ?, ?, ?, ?, ?)",
      "ssiisii", token, id, (int64_t)state, bytes, plan, now_s(), now_s());
  server_database_unlock(service->database);
  return status;
}

static ckks_status set_state(server_service *service, const char *token, const char *id,
                             int state) {
  server_database_lock(service->database);
  ckks_status status = server_database_run(service->database, NULL,
                                           "UPDATE keys SET state = ? WHERE token = ? AND id = ?",
                                           "iss", (int64_t)state, token, id);
  server_database_unlock(service->database);
  return status;
}

static ckks_status remove_row(server_service *service, const char *token, const char *id) {
  server_database_lock(service->database);
  ckks_status status = server_database_run(
      service->database, NULL, "DELETE FROM keys WHERE token = ? AND id = ?", "ss", token, id);
  server_database_unlock(service->database);
  return status;
}

/* Bytes that a token's other keys take, or are going to; -1 after an error. */
static int64_t stored_bytes(server_service *service, const char *token, const char *id) {
  server_database_lock(service->database);
  sqlite3_stmt *s = server_database_query(
      service->database, "SELECT COALESCE(SUM(bytes), 0) FROM keys WHERE token = ? AND id <> ?",
      "ss", token, id);
  int64_t bytes = -1;
  if (s != NULL && server_database_step(service->database, s) > 0) {
    bytes = sqlite3_column_int64(s, 0);
    sqlite3_reset(s);
  }
  server_database_unlock(service->database);
  return bytes;
}

/* --- PUT, before the body */

typedef struct range {
  uint64_t first, length, total;
  bool given, restart;
} range;

static bool read_digits(const char **at, uint64_t *value) {
  char *end;
  errno = 0;
  if (**at < '0' || **at > '9')
    return false;
  *value = strtoull(*at, &end, 10);
  *at = end;
  return errno == 0;
}

/* bytes A-B/TOTAL, or bytes *<slash>TOTAL with an empty body. */
static bool parse_range(range *r, const char *text, uint64_t n_body) {
  uint64_t last = 0;
  *r = (range){.length = n_body, .total = n_body, .restart = text == NULL};
  if (text == NULL)
    return n_body > 0;
  r->given = true;
  if (strncmp(text, "bytes ", 6) != 0)
    return false;
  text += 6;
  if (*text == '*') {
    text++;
    r->first = UINT64_MAX; /* wherever it stands */
    if (n_body != 0)
      return false;
  } else {
    if (!read_digits(&text, &r->first) || *text++ != '-' || !read_digits(&text, &last) ||
        last < r->first || last - r->first != n_body - 1 || n_body == 0)
      return false;
  }
  if (*text++ != '/' || !read_digits(&text, &r->total) || *text != '\0' || r->total == 0)
    return false;
  return r->first == UINT64_MAX || last < r->total;
}

static bool check_id(server_request *request) {
  const char *id = request->param[0];
  if (strlen(id) == ID_CHARS && strspn(id, "0123456789abcdef") == ID_CHARS) {
    memcpy(request->key, id, ID_CHARS + 1);
    return true;
  }
  server_reply_error(request, 400, "key_id", "key",
                     "a key is named by the BLAKE2b-256 of its bytes: 64 hex digits in lower case");
  return false;
}

static bool check_room(server_request *request, uint64_t total) {
  uint64_t limit = request->token.limits.max_key_bytes;
  if (total > request->service->options.max_key_bytes) {
    server_reply_error(request, 413, "too_large", "Content-Range",
                       "%" PRIu64 " bytes: a key has at most %zu", total,
                       request->service->options.max_key_bytes);
    return false;
  }
  int64_t stored = stored_bytes(request->service, request->token.id, request->key);
  if (stored < 0) {
    server_reply_status(request, CKKS_ERROR_IO, NULL);
    return false;
  }
  if (total <= limit && (uint64_t)stored <= limit - total)
    return true;
  server_reply_error(request, 403, "key_bytes", NULL,
                     "%" PRId64 " bytes are stored and %" PRIu64
                     " wanted: this token may store %" PRIu64 " (DELETE keys not needed)",
                     stored, total, limit);
  return false;
}

/* The file stands where this part begins, and the disk has room for the rest of it. */
static bool place(server_request *request, const range *r, const key_row *row) {
  server_upload *upload = request->upload;
  bool other = row->state == PARTLY && row->bytes != (int64_t)r->total;
  if (r->restart || (other && r->first == 0)) {
    if (ftruncate(upload->fd, 0) != 0) {
      server_reply_errno(request, errno, "upload");
      return false;
    }
    upload->at = 0;
  } else if (other || (r->first != UINT64_MAX && r->first != upload->at)) {
    server_reply_header(request, "Upload-Offset", "%" PRIu64, upload->at);
    server_reply_error(request, 409, "offset", "Content-Range",
                       "%" PRIu64 " bytes of %" PRId64 " are here: go on from there", upload->at,
                       row->state == PARTLY ? row->bytes : (int64_t)r->total);
    return false;
  }
  upload->total = r->total;
  /* Only what is not supported is forgiven: then the write itself will tell. */
  if (fallocate(upload->fd, FALLOC_FL_KEEP_SIZE, 0, (off_t)r->total) != 0 && errno != EOPNOTSUPP) {
    server_reply_errno(request, errno, "upload");
    return false;
  }
  return true;
}

static void drop_partial(server_service *service, const char *token, const char *id) {
  char path[4096];
  partial_path(path, service, token, id);
  unlink(path);
  (void)remove_row(service, token, id);
}

static bool begin_upload(server_request *request, const range *r, const key_row *row) {
  server_service *service = request->service;
  request->upload = server_upload_begin(&service->uploads, request->token.id, request->key);
  if (request->upload == NULL && errno == EBUSY) {
    server_reply_header(request, "Retry-After", "1");
    server_reply_error(request, 409, "upload", NULL, "this key is being uploaded already");
    return false;
  }
  if (request->upload == NULL) {
    server_reply_errno(request, errno, "upload");
    return false;
  }
  if (!place(request, r, row)) {
    if (request->upload->at == 0)
      drop_partial(service, request->token.id, request->key);
    return false;
  }
  if (row->state == PARTLY && row->bytes == (int64_t)r->total)
    return true;
  ckks_status status =
      put_row(service, request->token.id, request->key, PARTLY, (int64_t)r->total, "");
  if (status != CKKS_OK)
    server_reply_status(request, status, NULL);
  return status == CKKS_OK;
}

static json_t *describe(const char *id, const key_row *row, uint64_t at, unsigned ttl_s) {
  return json_pack("{s:s, s:I, s:I, s:b, s:s, s:I, s:I}", "id", id, "bytes", (json_int_t)row->bytes,
                   "offset", (json_int_t)at, "complete", row->state == WHOLE, "plan", row->plan,
                   "created", (json_int_t)row->created, "expires",
                   (json_int_t)(row->used + (row->state == WHOLE ? ttl_s : PARTIAL_TTL_S)));
}

static void answer_row(server_request *request, int status, const key_row *row, uint64_t at) {
  server_reply_header(request, "Upload-Offset", "%" PRIu64, at);
  server_reply_header(request, "Upload-Complete", "?%d", row->state == WHOLE);
  server_reply_json(request, status,
                    describe(request->key, row, at, request->service->options.key_ttl_s));
}

bool server_keys_begin(server_request *request) {
  range r;
  key_row row;
  if (!check_id(request))
    return false;
  if (!parse_range(&r, server_request_header(request, "Content-Range"), request->body.n_expected)) {
    server_reply_error(request, 400, "range", "Content-Range",
                       "must be bytes A-B/TOTAL as long as the body, or bytes */TOTAL without one");
    return false;
  }
  find_row(&row, request->service, request->token.id, request->key);
  if (row.state == FAILED) {
    server_reply_status(request, CKKS_ERROR_IO, NULL);
    return false;
  }
  if (row.state == WHOLE) { /* the name is the content: nothing to be done again */
    answer_row(request, 200, &row, (uint64_t)row.bytes);
    return false;
  }
  return check_room(request, r.total) && begin_upload(request, &r, &row);
}

/* --- PUT, after the body */

/* Reads them as for an inference, and keeps nothing. */
ckks_status server_keys_check(char plan[65], const uint8_t *bytes, size_t n_bytes,
                              server_service *service) {
  base_frame frame;
  ckks_evaluation_keys *keys = NULL;
  BASE_TRY(base_frame_read(&frame, bytes, n_bytes, BASE_FRAME_EVALUATION_KEYS, "key"));
  server_model *model = server_models_find_plan(service->models, frame.plan_id);
  if (model == NULL)
    return base_fail(CKKS_ERROR_MISMATCH, "key: made for a model that is not served here");
  snprintf(plan, 65, "%s", model->digest);
  ckks_status status = exec_keys_read(&keys, bytes, n_bytes, "key", model->engine, NULL);
  if (status == CKKS_OK)
    status = exec_keys_check(keys, model->engine);
  ckks_evaluation_keys_free(keys);
  server_model_release(model);
  return status;
}

/* Whether they are what their name says, and keys; else answered. */
static bool check_bytes(server_request *request, char plan[65], const uint8_t *bytes, size_t n) {
  uint8_t digest[BASE_DIGEST_BYTES];
  char hex[ID_CHARS + 1];
  base_digest(digest, bytes, n);
  sodium_bin2hex(hex, sizeof hex, digest, sizeof digest);
  if (strcmp(hex, request->key) != 0) {
    server_reply_error(request, 422, "digest", "key",
                       "the bytes have digest %.16s..., not %.16s...: send them again", hex,
                       request->key);
    return false;
  }
  int64_t started = server_metrics_now_us();
  ckks_status status = server_keys_check(plan, bytes, n, request->service);
  server_metrics_time(&request->service->metrics, SERVER_STAGE_KEYS,
                      server_metrics_now_us() - started);
  if (status != CKKS_OK)
    server_reply_status(request, status, "key");
  return status == CKKS_OK;
}

static bool check_file(server_request *request, char plan[65]) {
  server_upload *upload = request->upload;
  size_t n = (size_t)upload->total;
  void *map = mmap(NULL, n, PROT_READ, MAP_PRIVATE | MAP_POPULATE, upload->fd, 0);
  if (map == MAP_FAILED) {
    server_reply_errno(request, errno, "upload");
    return false;
  }
  bool good = check_bytes(request, plan, map, n);
  munmap(map, n);
  return good;
}

static void commit(server_request *request, const char *plan) {
  server_service *service = request->service;
  char from[4096], to[4096];
  key_row row;
  partial_path(from, service, request->token.id, request->key);
  server_keys_path(to, service, request->token.id, request->key);
  if (rename(from, to) != 0 || !server_upload_sync_folder(service->options.state, "keys")) {
    server_reply_errno(request, errno, to);
    return;
  }
  ckks_status status = put_row(service, request->token.id, request->key, WHOLE,
                               (int64_t)request->upload->total, plan);
  if (status != CKKS_OK) {
    server_reply_status(request, status, NULL);
    return;
  }
  find_row(&row, service, request->token.id, request->key);
  server_reply_header(request, "Location", "/v2/keys/%s", request->key);
  answer_row(request, 201, &row, request->upload->total);
}

void server_keys_put(server_request *request) {
  server_upload *upload = request->upload;
  char plan[65] = "";
  if (upload->error != 0 || fsync(upload->fd) != 0) {
    int error = upload->error != 0 ? upload->error : errno;
    drop_partial(request->service, request->token.id, request->key);
    server_reply_errno(request, error, "upload");
    return;
  }
  if (upload->at < upload->total) {
    key_row row;
    if (!server_upload_sync_folder(request->service->options.state, "partial")) {
      server_reply_errno(request, errno, "upload");
      return;
    }
    find_row(&row, request->service, request->token.id, request->key);
    answer_row(request, 202, &row, upload->at);
  } else if (check_file(request, plan)) {
    commit(request, plan);
  } else if (request->reply.status < 500) {
    drop_partial(request->service, request->token.id, request->key); /* will never be right */
  }
}

/* --- GET and DELETE */

/* What one token has is for the others as if it were not. */
static bool find_own(server_request *request, key_row *row) {
  if (!check_id(request))
    return false;
  find_row(row, request->service, request->token.id, request->key);
  if (row->state == PARTLY || row->state == WHOLE)
    return true;
  if (row->state == FAILED)
    server_reply_status(request, CKKS_ERROR_IO, NULL);
  else
    server_reply_error(request, 404, "key", "key", "there is no such key");
  return false;
}

void server_keys_get(server_request *request) {
  key_row row;
  char path[4096];
  struct stat info;
  if (!find_own(request, &row))
    return;
  uint64_t at = (uint64_t)row.bytes;
  if (row.state == PARTLY) {
    partial_path(path, request->service, request->token.id, request->key);
    at = stat(path, &info) == 0 ? (uint64_t)info.st_size : 0;
  }
  answer_row(request, 200, &row, at);
}

/* The row must be marked. True when nothing is left. */
static bool finish_leaving(server_service *service, const char *token, const char *id) {
  char path[4096];
  server_cache_drop(service->cache, token, id);
  server_keys_path(path, service, token, id);
  bool good = server_upload_shred(path);
  partial_path(path, service, token, id);
  good = server_upload_shred(path) && good;
  good = good && server_upload_sync_folder(service->options.state, "keys") &&
         server_upload_sync_folder(service->options.state, "partial");
  int error = errno;
  server_cache_drop(service->cache, token, id); /* who read it meanwhile */
  if (good && remove_row(service, token, id) != CKKS_OK)
    return false;
  errno = error;
  return good;
}

void server_keys_delete(server_request *request) {
  server_service *service = request->service;
  key_row row;
  if (!find_own(request, &row))
    return;
  /* An upload under way would write on into a file without a name. */
  request->upload = server_upload_begin(&service->uploads, request->token.id, request->key);
  if (request->upload == NULL) {
    if (errno == EBUSY)
      server_reply_error(request, 409, "upload", NULL, "this key is being uploaded");
    else
      server_reply_errno(request, errno, "delete");
    return;
  }
  ckks_status status = set_state(service, request->token.id, request->key, LEAVING);
  if (status != CKKS_OK)
    server_reply_status(request, status, NULL);
  else if (!finish_leaving(service, request->token.id, request->key))
    server_reply_errno(request, errno, "delete");
  else
    server_reply_bytes(request, 204, NULL, NULL, 0);
}

/* --- recovery and sweeping */

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
  uint8_t head[BASE_FRAME_HEADER_BYTES];
  int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
  plan[0] = '\0';
  if (fd < 0)
    return;
  if (read(fd, head, sizeof head) == (ssize_t)sizeof head)
    sodium_bin2hex(plan, 65, head + 48, 32);
  close(fd);
}

/* A row without its file, and one whose commit was not written down any more. */
static ckks_status recover_row(server_service *service, const key_name *name) {
  char path[4096], plan[65];
  struct stat info;
  key_row row;
  find_row(&row, service, name->token, name->id);
  server_keys_path(path, service, name->token, name->id);
  bool there = stat(path, &info) == 0;
  if (row.state == FAILED)
    return CKKS_ERROR_IO;
  if (row.state == LEAVING)
    return finish_leaving(service, name->token, name->id)
               ? CKKS_OK
               : base_fail(CKKS_ERROR_IO, "%s: cannot be removed: %s", path, strerror(errno));
  if (row.state == WHOLE && !there)
    return remove_row(service, name->token, name->id);
  /* It was checked before it got its name. */
  read_plan(plan, path);
  if (row.state == PARTLY && there && info.st_size == row.bytes)
    return put_row(service, name->token, name->id, WHOLE, row.bytes, plan);
  return CKKS_OK;
}

/* Files that no row knows. */
static void remove_strays(server_service *service, const char *folder) {
  char path[4096];
  snprintf(path, sizeof path, "%.3900s/%s", service->options.state, folder);
  DIR *files = opendir(path);
  for (const struct dirent *entry; files != NULL && (entry = readdir(files)) != NULL;) {
    key_name name = {0};
    key_row row = {.state = ABSENT};
    if (entry->d_name[0] == '.')
      continue;
    if (sscanf(entry->d_name, "%16[0-9a-f].%64[0-9a-f]", name.token, name.id) == 2)
      find_row(&row, service, name.token, name.id);
    snprintf(path, sizeof path, "%.3700s/%s/%.255s", service->options.state, folder, entry->d_name);
    if (row.state == ABSENT)
      (void)server_upload_shred(path);
  }
  if (files != NULL)
    closedir(files);
}

ckks_status server_keys_recover(server_service *service) {
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

void server_keys_sweep(server_service *service) {
  key_name *names;
  size_t n;
  int64_t now = now_s();
  if (list_rows(&names, &n, service,
                "SELECT token, id FROM keys WHERE (state = 1 AND used < ?) OR"
                " (state = 0 AND used < ?) OR state = 2 OR"
                " token IN (SELECT id FROM tokens WHERE revoked > 0)",
                now - service->options.key_ttl_s, now - PARTIAL_TTL_S) != CKKS_OK)
    return;
  for (size_t i = 0; i < n; i++) {
    server_upload *upload = server_upload_begin(&service->uploads, names[i].token, names[i].id);
    if (upload == NULL) /* in use: next time */
      continue;
    if (set_state(service, names[i].token, names[i].id, LEAVING) == CKKS_OK)
      (void)finish_leaving(service, names[i].token, names[i].id);
    server_upload_end(&service->uploads, upload);
  }
  base_free(names);
}
