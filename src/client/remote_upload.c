/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Evaluation keys on their way to a server. They are named by their digest, so that sending them
 * twice does nothing; HEAD tells how much of them is there; what is missing is sent from there
 * on. Whatever breaks, the next attempt, or the next run, goes on where this one stopped.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "client/remote.h"

#define MAX_TEXT_BYTES ((size_t)65536)
#define STAGE "sending the keys"

typedef struct upload {
  client_remote *remote;
  const uint8_t *keys;
  size_t n_keys;
  char path[96];
  uint64_t at;    /* bytes that the server has */
  uint64_t first; /* that it had before */
  bool asked, done;
  bool anew; /* what an earlier run had sent was not these keys: all of it goes again, once */
} upload;

/* One attempt; an answer that cannot be waited for is an error. */
static ckks_status attempt(client_http_answer *answer, bool *passing,
                           const client_http_request *request, const upload *u) {
  ckks_status status = client_http_attempt(answer, request, u->remote->http);
  *passing = client_http_is_passing(answer);
  return *passing ? CKKS_OK : status;
}

static ckks_status ask(client_http_answer *answer, bool *passing, upload *u) {
  const client_http_request request = {
      .method = "HEAD", .path = u->path, .max_answer_bytes = MAX_TEXT_BYTES};
  BASE_TRY(attempt(answer, passing, &request, u));
  if (*passing)
    return CKKS_OK;
  u->at = 0;
  if (answer->status == 200 && answer->has_offset) {
    u->done = answer->complete;
    u->at = answer->offset <= u->n_keys ? answer->offset : 0;
  } else if (answer->status != 404) {
    return client_http_fail(answer, &request, u->remote->http);
  }
  if (!u->asked)
    u->first = u->done ? u->n_keys : u->at;
  u->asked = true;
  return CKKS_OK;
}

/* What the server lacks. All of it may be there but not put together yet: then an empty body. */
static ckks_status put(client_http_answer *answer, bool *passing, upload *u) {
  static const uint8_t nothing[1];
  char range[96];
  size_t n_body = u->n_keys - (size_t)u->at;
  if (n_body > 0)
    snprintf(range, sizeof range, "Content-Range: bytes %" PRIu64 "-%zu/%zu", u->at, u->n_keys - 1,
             u->n_keys);
  else
    snprintf(range, sizeof range, "Content-Range: bytes */%zu", u->n_keys);
  const client_http_request request = {.method = "PUT",
                                       .path = u->path,
                                       .header = {"Content-Type: application/octet-stream", range},
                                       .body = n_body > 0 ? u->keys + u->at : nothing,
                                       .n_body = n_body,
                                       .n_before = u->at,
                                       .max_answer_bytes = MAX_TEXT_BYTES,
                                       .stage = STAGE};
  BASE_TRY(attempt(answer, passing, &request, u));
  if (*passing)
    return CKKS_OK;
  u->done = answer->status == 200 || answer->status == 201;
  /* 202 and 409: the server has another part than it said before; it will be asked. */
  bool again = answer->status == 202 || answer->status == 409;
  if (answer->status == 422 && u->at > 0 && !u->anew) {
    u->anew = again = true;
    u->first = 0;
  }
  return u->done || again ? CKKS_OK : client_http_fail(answer, &request, u->remote->http);
}

/* HEAD, PUT, and again from HEAD when one did not get through. */
static ckks_status send_all(upload *u) {
  client_http_patience patience = client_http_patience_begin(u->remote->http);
  uint64_t before = 0;
  for (;;) {
    client_http_answer answer;
    bool passing = false;
    ckks_status status = ask(&answer, &passing, u);
    if (status == CKKS_OK && !passing && !u->done) {
      /* Who gets further, however slowly, may go on for ever. */
      if (u->at > before)
        patience = client_http_patience_begin(u->remote->http);
      before = u->at;
      client_http_answer_clear(&answer);
      status = put(&answer, &passing, u);
    }
    if (status == CKKS_OK && !u->done) {
      const client_http_request request = {.path = u->path};
      status = client_http_pause(&patience, &answer, &request, u->remote->http);
    }
    client_http_answer_clear(&answer);
    if (status != CKKS_OK || u->done)
      return status;
  }
}

ckks_status client_remote_upload(client_remote *remote, const uint8_t *keys, size_t n_keys,
                                 uint64_t *sent) {
  upload u = {.remote = remote, .keys = keys, .n_keys = n_keys};
  char id[CLIENT_REMOTE_ID_CHARS + 1];
  client_remote_key_id(id, keys, n_keys);
  snprintf(u.path, sizeof u.path, "/v2/keys/%s", id);
  ckks_status status = send_all(&u);
  if (sent != NULL)
    *sent = status == CKKS_OK ? n_keys - u.first : 0;
  if (status != CKKS_OK)
    return base_fail_in(status, "evaluation keys");
  memcpy(remote->key_id, id, sizeof id);
  remote->keys = keys;
  remote->n_keys = n_keys;
  return CKKS_OK;
}

ckks_status client_remote_forget(client_remote *remote) {
  client_http_answer answer;
  char path[96];
  snprintf(path, sizeof path, "/v2/keys/%s", remote->key_id);
  const client_http_request request = {
      .method = "DELETE", .path = path, .max_answer_bytes = MAX_TEXT_BYTES};
  ckks_status status = client_http_call(&answer, &request, remote->http);
  if (status == CKKS_OK && answer.status != 204 && answer.status != 404)
    status = client_http_fail(&answer, &request, remote->http);
  client_http_answer_clear(&answer);
  if (status == CKKS_OK)
    remote->key_id[0] = '\0';
  return status;
}
