/* SPDX-License-Identifier: Apache-2.0 */
/* The protocol is that of https://fetch.spec.whatwg.org, 3.3. Tokens go in a header, not in
 * cookies, so credentials are never allowed. */
#include "server/http/cors.h"

#include <string.h>
#include <strings.h>

#include "server/http/reply.h"

#define MAX_ORIGIN_CHARS 128
#define KEPT_S "600"

ckks_status server_cors_check(const char *origins) {
  if (origins == NULL || strcmp(origins, "*") == 0)
    return CKKS_OK;
  for (const char *at = origins;; at++) {
    size_t n = strcspn(at, ",");
    size_t n_scheme = strncasecmp(at, "http://", 7) == 0    ? 7
                      : strncasecmp(at, "https://", 8) == 0 ? 8
                                                            : 0;
    if (n_scheme == 0 || n == n_scheme || n > MAX_ORIGIN_CHARS ||
        strcspn(at + n_scheme, "/ *") < n - n_scheme)
      return base_fail(CKKS_ERROR_ARGUMENT,
                       "--cors: must be \"*\", or origins such as https://example.org, with commas "
                       "between");
    at += n;
    if (*at == '\0')
      return CKKS_OK;
  }
}

static bool is_listed(const char *origins, const char *origin) {
  size_t n = strlen(origin);
  for (const char *at = origins; *at != '\0'; at += *at == ',') {
    size_t length = strcspn(at, ",");
    if (length == n && strncasecmp(at, origin, n) == 0)
      return true;
    at += length;
  }
  return false;
}

/* Who may; NULL = nobody that asked. */
static const char *allowed(const server_request *request) {
  const char *origins = request->service->options.cors;
  const char *origin = server_request_header(request, "Origin");
  if (origins == NULL || origin == NULL)
    return NULL;
  if (strcmp(origins, "*") == 0)
    return "*";
  return is_listed(origins, origin) ? origin : NULL;
}

void server_cors_mark(server_request *request) {
  const char *origins = request->service->options.cors, *origin = allowed(request);
  if (origins != NULL && strcmp(origins, "*") != 0)
    server_reply_header(request, "Vary", "Origin");
  if (origin == NULL)
    return;
  server_reply_header(request, "Access-Control-Allow-Origin", "%s", origin);
  server_reply_header(request, "Access-Control-Expose-Headers",
                      "Blindsight-Version, ETag, Inference-Header-Content-Length, Location, "
                      "Preference-Applied, Retry-After, Upload-Complete, Upload-Offset");
}

void server_cors_options(server_request *request, const char *allow) {
  server_reply_header(request, "Allow", "%s", allow);
  if (allowed(request) != NULL &&
      server_request_header(request, "Access-Control-Request-Method") != NULL) {
    server_reply_header(request, "Access-Control-Allow-Methods", "%s", allow);
    server_reply_header(request, "Access-Control-Allow-Headers",
                        "Authorization, Blindsight-Key, Content-Encoding, Content-Range, "
                        "Content-Type, Idempotency-Key, If-None-Match, "
                        "Inference-Header-Content-Length, Prefer");
    server_reply_header(request, "Access-Control-Max-Age", KEPT_S);
  }
  server_reply_bytes(request, 204, NULL, NULL, 0);
}
