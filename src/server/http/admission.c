/* SPDX-License-Identifier: Apache-2.0 */
/* What is decided of a request before its body: where it goes, who asks, how long it is. */
#define _POSIX_C_SOURCE 200809L
#include "server/http/admission.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "server/http/answer.h"
#include "server/http/identity.h"
#include "server/http/reply.h"

#define HTTP_TOO_LARGE 413

static bool find_route(server_request *request, const char *method, const char *url) {
  char allow[64];
  request->route = server_route_find(request->param, allow, method, url);
  if (request->route != NULL)
    return true;
  if (allow[0] == '\0') {
    server_reply_error(request, 404, "path", NULL, "there is nothing at this path");
  } else {
    server_reply_header(request, "Allow", "%s", allow);
    server_reply_error(request, 405, "method", NULL, "this path takes %s", allow);
  }
  return false;
}

static uint64_t body_limit(const server_request *request) {
  switch (request->route->body) {
  case SERVER_BODY_SAMPLE:
    return request->service->options.max_body_bytes;
  case SERVER_BODY_KEYS:
    return request->service->options.max_key_bytes;
  case SERVER_BODY_NONE:
    break;
  }
  return 0;
}

static enum MHD_Result count_length(void *context, enum MHD_ValueKind kind, const char *name,
                                    const char *value) {
  int *n = context;
  (void)kind;
  (void)value;
  *n += strcasecmp(name, "Content-Length") == 0;
  return MHD_YES;
}

/* Where two lengths are given we would believe one, libmicrohttpd or a proxy the other. */
static bool is_ambiguous(server_request *request) {
  int n = 0;
  MHD_get_connection_values(request->connection, MHD_HEADER_KIND, count_length, &n);
  if (n < 2)
    return false;
  request->body.n_expected = UINT64_MAX; /* nobody knows: answered at once */
  server_reply_header(request, "Connection", "close");
  server_reply_error(request, 400, "length", "Content-Length", "must be given once");
  return true;
}

/* How long the body is going to be: known before it is read, or not taken at all. */
static bool check_length(server_request *request) {
  if (is_ambiguous(request))
    return false;
  const char *length = server_request_header(request, "Content-Length");
  if (server_request_header(request, "Transfer-Encoding") != NULL ||
      (length == NULL && request->route->body != SERVER_BODY_NONE)) {
    server_reply_error(request, 411, "length", "Content-Length", "a Content-Length is needed");
    return false;
  }
  if (length == NULL)
    return true;
  char *end;
  errno = 0;
  request->body.n_expected = strtoull(length, &end, 10);
  if (errno != 0 || *end != '\0' || *length == '-') {
    server_reply_error(request, 400, "length", "Content-Length", "this is not a length");
    return false;
  }
  if (request->body.n_expected <= body_limit(request))
    return true;
  server_reply_error(request, HTTP_TOO_LARGE, "too_large", "Content-Length",
                     "%" PRIu64 " bytes: the limit here is %" PRIu64, request->body.n_expected,
                     body_limit(request));
  return false;
}

static bool find_model(server_request *request) {
  static const char prefix[] = "/v2/models/{model}";
  if (strncmp(request->route->path, prefix, sizeof prefix - 1) != 0)
    return true;
  bool versioned = strstr(request->route->path, "{version}") != NULL;
  request->model = server_model_set_find(request->service->models, request->param[0],
                                         versioned ? request->param[1] : NULL);
  if (request->model == NULL)
    server_reply_error(request, 404, "model", versioned ? "version" : "model",
                       "there is no model %s%s%s here", request->param[0],
                       versioned ? ", version " : "", versioned ? request->param[1] : "");
  return request->model != NULL;
}

/* Room on disk is taken when the length is known: a token has its share of it, however many
 * connections dribble. */
static bool take_share(server_request *request) {
  const server_options *options = &request->service->options;
  if (server_usage_body(request->service->usage, request->token.id, request->body.n_expected,
                        options->bodies_bytes)) {
    request->share = request->body.n_expected;
    return true;
  }
  server_reply_header(request, "Retry-After", "1");
  server_reply_error(request, 429, "bodies", "Content-Length",
                     "the bodies that this token is sending may take %zu bytes together",
                     options->bodies_bytes);
  return false;
}

static bool open_body(server_request *request) {
  if (request->route->body == SERVER_BODY_KEYS)
    return server_answer_key_begin(request);
  if (request->route->body == SERVER_BODY_NONE)
    return true;
  if (!take_share(request))
    return false;
  server_service *service = request->service;
  if (server_body_open(&request->body, &service->body_memory, service->options.state,
                       request->body.n_expected))
    return true;
  server_reply_errno(request, request->body.error, "request body");
  return false;
}

static bool is_welcome(server_request *request) {
  if (!atomic_load(&request->service->draining) || !request->route->work)
    return true;
  server_reply_header(request, "Retry-After", "5");
  server_reply_header(request, "Connection", "close");
  server_reply_error(request, 503, "draining", NULL, "the server is about to end");
  return false;
}

void server_admission_decide(server_request *request, const char *method, const char *url) {
  request->discard =
      !(find_route(request, method, url) && server_identity_admit(request) && is_welcome(request) &&
        check_length(request) && find_model(request) && open_body(request));
}
