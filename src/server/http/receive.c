/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Bodies whose length is known go where they belong: samples to memory or an unnamed file, keys to
 * the file of their upload. Those that come in chunks, or compressed, go to an unnamed file first,
 * within the same limits, which here are held at every step.
 */
#include "server/http/receive.h"

#include <inttypes.h>

#include "server/http/answer.h"
#include "server/http/framing.h"
#include "server/http/reply.h"

#define HTTP_TOO_LARGE 413
#define SHARE_STEP ((uint64_t)1 << 20)

/* Room on disk is taken when the length is known: a token has its share of it, however many
 * connections dribble. */
static bool take_share(server_request *request, uint64_t n) {
  size_t most = request->service->ceiling.bodies_bytes;
  if (server_usage_body(request->service->usage, request->token.id, n, most)) {
    request->share += n;
    return true;
  }
  server_reply_header(request, "Retry-After", "1");
  server_reply_error(request, 429, "bodies", "Content-Length",
                     "the bodies that this token is sending may take %zu bytes together", most);
  return false;
}

static bool open_inflate(server_request *request) {
  if (!request->deflated)
    return true;
  request->inflate = server_inflate_build();
  if (request->inflate == NULL)
    server_reply_status(request, base_fail_memory(sizeof(void *)), NULL);
  return request->inflate != NULL;
}

bool server_receive_open(server_request *request) {
  server_service *service = request->service;
  request->spooled =
      request->route->body != SERVER_BODY_NONE && (request->chunked || request->deflated);
  uint64_t n = request->spooled ? 0 : request->body.n_expected;
  if (request->route->body == SERVER_BODY_NONE)
    return true;
  if (request->route->body == SERVER_BODY_KEYS && !request->spooled)
    return server_answer_key_begin(request);
  if ((n > 0 && !take_share(request, n)) || !open_inflate(request))
    return false;
  if (server_body_open(&request->body, &service->body_memory, service->options.state, n))
    return true;
  server_reply_errno(request, request->body.error, "request body");
  return false;
}

/* To the unnamed file, as far as limits allow. */
static bool spool(void *context, const void *bytes, size_t n_bytes) {
  server_request *request = context;
  uint64_t limit = server_framing_limit(request), n = request->body.n_bytes + n_bytes;
  if (n > limit)
    server_reply_error(request, HTTP_TOO_LARGE, "too_large", "body",
                       "more than %" PRIu64 " bytes, which is the limit here", limit);
  while (n <= limit && n > request->share)
    if (!take_share(request, SHARE_STEP))
      break;
  if (!request->answered)
    server_body_write(&request->body, bytes, n_bytes);
  return !request->answered;
}

static void inflate(server_request *request, const void *bytes, size_t n_bytes) {
  if (!server_inflate_feed(request->inflate, bytes, n_bytes, spool, request) && !request->answered)
    server_reply_error(request, 400, "coding", "Content-Encoding", "the body is damaged");
}

bool server_receive_bytes(server_request *request, const void *bytes, size_t n_bytes) {
  request->n_received += n_bytes;
  if (request->discard)
    return !request->chunked || request->route == NULL ||
           request->n_received <= 2 * server_framing_limit(request) + SHARE_STEP;
  if (request->inflate != NULL)
    inflate(request, bytes, n_bytes);
  else if (request->spooled)
    (void)spool(request, bytes, n_bytes);
  else if (request->upload != NULL)
    server_upload_write(request->upload, bytes, n_bytes);
  else
    server_body_write(&request->body, bytes, n_bytes);
  request->discard = request->answered;
  return true;
}

bool server_receive_end(server_request *request) {
  if (request->body.error != 0)
    server_reply_errno(request, request->body.error, "request body");
  else if (request->inflate != NULL && !server_inflate_is_whole(request->inflate))
    server_reply_error(request, 400, "coding", "Content-Encoding", "the body is cut off");
  return !request->answered;
}

void server_receive_close(server_request *request) {
  server_upload_end(&request->service->uploads, request->upload);
  server_body_close(&request->body);
  server_inflate_free(request->inflate);
  server_usage_body_end(request->service->usage, request->token.id, request->share);
}
