/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Evaluation keys: content-addressed, each its token's own. PUT takes the whole file, or a part
 * of it (Content-Range: bytes A-B/TOTAL; bytes *<slash>TOTAL finishes what is complete). HEAD
 * tells how much there is (Upload-Offset). An answer 201 means: on disk, checked, stays.
 *
 * Order of a commit: file synced, checked, renamed, folder synced, row written; and of a
 * DELETE: row marked, file overwritten and unlinked, row removed. Whatever is interrupted,
 * key_recovery.c sees from row and file how far it went.
 */
#define _GNU_SOURCE /* fallocate */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/digest.h"
#include "server/compute/key_check.h"
#include "server/compute/key_recovery.h"
#include "server/http/answer.h"
#include "server/http/reply.h"
#include "server/store/clock.h"
#include "server/store/folder.h"
#include "server/store/key_row.h"

#define ID_CHARS 64

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

static bool check_total(server_request *request, uint64_t total) {
  size_t most = request->service->ceiling.key_bytes;
  if (total <= most)
    return true;
  server_reply_error(request, 413, "too_large", "Content-Range",
                     "%" PRIu64 " bytes: a key has at most %zu", total, most);
  return false;
}

static bool reserve(server_request *request, uint64_t total) {
  uint64_t limit = request->token.limits.max_key_bytes;
  bool room;
  ckks_status status =
      server_key_row_reserve(&room, request->service, request->token.id, request->key,
                             (int64_t)total, limit < INT64_MAX ? (int64_t)limit : INT64_MAX);
  if (status != CKKS_OK)
    server_reply_status(request, status, NULL);
  else if (!room)
    server_reply_error(request, 403, "key_bytes", NULL,
                       "%" PRIu64 " bytes more than the keys of this token may take, which is "
                       "%" PRIu64 " in all (DELETE keys not needed)",
                       total, limit);
  return status == CKKS_OK && room;
}

/* The file stands where this part begins, and the disk has room for the rest of it. */
static bool place(server_request *request, const range *r, const server_key_row *row) {
  server_upload *upload = request->upload;
  bool other = row->state == SERVER_KEY_PARTLY && row->bytes != (int64_t)r->total;
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
                       row->state == SERVER_KEY_PARTLY ? row->bytes : (int64_t)r->total);
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
  server_key_row_partial_path(path, service, token, id);
  unlink(path);
  (void)server_key_row_remove(service, token, id);
}

static bool begin_upload(server_request *request, const range *r, const server_key_row *row) {
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
  bool absent = row->state == SERVER_KEY_ABSENT;
  bool known = row->state == SERVER_KEY_PARTLY && row->bytes == (int64_t)r->total;
  if ((!absent || reserve(request, r->total)) && place(request, r, row) &&
      (known || absent || reserve(request, r->total)))
    return true;
  if (request->upload->at == 0)
    drop_partial(service, request->token.id, request->key);
  return false;
}

static json_t *describe(const char *id, const server_key_row *row, uint64_t at, unsigned ttl_s) {
  return json_pack("{s:s, s:I, s:I, s:b, s:s, s:I, s:I}", "id", id, "bytes", (json_int_t)row->bytes,
                   "offset", (json_int_t)at, "complete", row->state == SERVER_KEY_WHOLE, "plan",
                   row->plan, "created", (json_int_t)row->created, "expires",
                   (json_int_t)row->used +
                       (row->state == SERVER_KEY_WHOLE ? ttl_s : SERVER_KEY_PARTIAL_TTL_S));
}

static void answer_row(server_request *request, int status, const server_key_row *row,
                       uint64_t at) {
  server_reply_header(request, "Upload-Offset", "%" PRIu64, at);
  server_reply_header(request, "Upload-Complete", "?%d", row->state == SERVER_KEY_WHOLE);
  server_reply_json(request, status,
                    describe(request->key, row, at, request->service->options.key_ttl_s));
}

bool server_answer_key_begin(server_request *request) {
  range r;
  server_key_row row;
  if (!check_id(request))
    return false;
  if (!parse_range(&r, server_request_header(request, "Content-Range"), request->body.n_expected)) {
    server_reply_error(request, 400, "range", "Content-Range",
                       "must be bytes A-B/TOTAL as long as the body, or bytes */TOTAL without one");
    return false;
  }
  server_key_row_find(&row, request->service, request->token.id, request->key);
  if (row.state == SERVER_KEY_FAILED) {
    server_reply_status(request, CKKS_ERROR_IO, NULL);
    return false;
  }
  if (row.state == SERVER_KEY_WHOLE) { /* the name is the content: nothing to be done again */
    answer_row(request, 200, &row, (uint64_t)row.bytes);
    return false;
  }
  return check_total(request, r.total) && begin_upload(request, &r, &row);
}

/* --- PUT, after the body */

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
  int64_t started = server_clock_us();
  ckks_status status = server_key_check(plan, bytes, n, request->service);
  server_metrics_time(&request->service->metrics, SERVER_STAGE_KEYS, server_clock_us() - started);
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
  server_key_row row;
  server_key_row_partial_path(from, service, request->token.id, request->key);
  server_key_row_path(to, service, request->token.id, request->key);
  if (rename(from, to) != 0 || !server_folder_sync(service->options.state, "keys")) {
    server_reply_errno(request, errno, to);
    return;
  }
  ckks_status status = server_key_row_put(service, request->token.id, request->key,
                                          SERVER_KEY_WHOLE, (int64_t)request->upload->total, plan);
  if (status != CKKS_OK) {
    server_reply_status(request, status, NULL);
    return;
  }
  server_key_row_find(&row, service, request->token.id, request->key);
  server_reply_header(request, "Location", "/v2/keys/%s", request->key);
  answer_row(request, 201, &row, request->upload->total);
}

/* What came in chunks, or compressed, has a length only now: it begins as others did before. */
static bool take_spooled(server_request *request) {
  if (!server_body_map(&request->body) && request->body.n_bytes > 0) {
    server_reply_errno(request, request->body.error, "request body");
    return false;
  }
  request->body.n_expected = request->body.n_bytes;
  if (!server_answer_key_begin(request))
    return false;
  server_upload_write(request->upload, request->body.map, (size_t)request->body.n_bytes);
  return true;
}

void server_answer_key_put(server_request *request) {
  char plan[65] = "";
  if (request->spooled && !take_spooled(request))
    return;
  server_upload *upload = request->upload;
  if (upload->error != 0 || fsync(upload->fd) != 0) {
    int error = upload->error != 0 ? upload->error : errno;
    drop_partial(request->service, request->token.id, request->key);
    server_reply_errno(request, error, "upload");
    return;
  }
  if (upload->at < upload->total) {
    server_key_row row;
    if (!server_folder_sync(request->service->options.state, "partial")) {
      server_reply_errno(request, errno, "upload");
      return;
    }
    server_key_row_find(&row, request->service, request->token.id, request->key);
    answer_row(request, 202, &row, upload->at);
  } else if (check_file(request, plan)) {
    commit(request, plan);
  } else if (request->reply.status < 500) {
    drop_partial(request->service, request->token.id, request->key); /* will never be right */
  }
}

/* --- GET and DELETE */

/* What one token has is for the others as if it were not. */
static bool find_own(server_request *request, server_key_row *row) {
  if (!check_id(request))
    return false;
  server_key_row_find(row, request->service, request->token.id, request->key);
  if (row->state == SERVER_KEY_PARTLY || row->state == SERVER_KEY_WHOLE)
    return true;
  if (row->state == SERVER_KEY_FAILED)
    server_reply_status(request, CKKS_ERROR_IO, NULL);
  else
    server_reply_error(request, 404, "key", "key", "there is no such key");
  return false;
}

void server_answer_key_get(server_request *request) {
  server_key_row row;
  char path[4096];
  struct stat info;
  if (!find_own(request, &row))
    return;
  uint64_t at = (uint64_t)row.bytes;
  if (row.state == SERVER_KEY_PARTLY) {
    server_key_row_partial_path(path, request->service, request->token.id, request->key);
    at = stat(path, &info) == 0 ? (uint64_t)info.st_size : 0;
  }
  answer_row(request, 200, &row, at);
}

void server_answer_key_delete(server_request *request) {
  server_service *service = request->service;
  server_key_row row;
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
  ckks_status status =
      server_key_row_mark(service, request->token.id, request->key, SERVER_KEY_LEAVING);
  if (status != CKKS_OK)
    server_reply_status(request, status, NULL);
  else if (!server_key_recovery_finish(service, request->token.id, request->key))
    server_reply_errno(request, errno, "delete");
  else
    server_reply_bytes(request, 204, NULL, NULL, 0);
}
