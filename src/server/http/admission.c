/* SPDX-License-Identifier: Apache-2.0 */
/* What is decided of a request before its body: where it goes, who asks, how long it is. */
#define _POSIX_C_SOURCE 200809L
#include "server/http/admission.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "server/http/cors.h"
#include "server/http/framing.h"
#include "server/http/identity.h"
#include "server/http/page.h"
#include "server/http/receive.h"
#include "server/http/reply.h"
#include "server/http/target.h"
#include "server/store/reserve.h"

#define ALL_METHODS "GET, HEAD, POST, PUT, DELETE, OPTIONS"

/* Nothing stands at "*": it is the server as a whole. */
static bool find_route(server_request *request, const char *method, const char *target) {
  char allow[64], path[SERVER_TARGET_CHARS];
  if (!server_target_read(path, target)) {
    server_reply_error(request, 400, "path", NULL, "this is no path, or one too long");
    return false;
  }
  bool options = strcmp(method, "OPTIONS") == 0;
  request->route = server_route_find(request->param, allow, method, path);
  if (request->route == NULL && allow[0] == '\0')
    request->route = server_page_find(request, method, path);
  if (request->route != NULL)
    return true;
  if (options && (allow[0] != '\0' || strcmp(path, "*") == 0)) {
    server_cors_options(request, allow[0] != '\0' ? allow : ALL_METHODS);
  } else if (allow[0] == '\0') {
    server_reply_error(request, 404, "path", NULL, "there is nothing at this path");
  } else {
    server_reply_header(request, "Allow", "%s", allow);
    server_reply_error(request, 405, "method", NULL, "this path takes %s", allow);
  }
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

static bool is_welcome(server_request *request) {
  if (!atomic_load(&request->service->draining) || !request->route->work)
    return true;
  server_reply_header(request, "Retry-After", "5");
  request->ends = true;
  server_reply_error(request, 503, "draining", NULL, "the server is about to end");
  return false;
}

/* The last of the disk is for what empties it. Deciding costs a look at the disk, no more. */
static bool has_room(server_request *request) {
  const char *state = request->service->options.state;
  if (request->route->body == SERVER_BODY_NONE || !server_reserve_is_spent() ||
      server_reserve_fill(state))
    return true;
  server_reply_error(request, 507, "disk_full", NULL, "the server's disk is full");
  return false;
}

void server_admission_decide(server_request *request, const char *method, const char *target,
                             const char *version) {
  request->discard =
      !(server_framing_check(request, version) && find_route(request, method, target) &&
        server_identity_admit(request) && is_welcome(request) && server_framing_length(request) &&
        has_room(request) && find_model(request) && server_receive_open(request));
}
