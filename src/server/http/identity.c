/* SPDX-License-Identifier: Apache-2.0 */
/* Who asks: the client's certificate, the token, and how often. */
#include "server/http/identity.h"

#include <string.h>
#include <strings.h>

#include "server/http/reply.h"
#include "server/http/tls.h"

/* libmicrohttpd asks the client for a certificate; whether it has a good one is ours to see. */
static bool has_certificate(const server_request *request) {
  const union MHD_ConnectionInfo *info =
      MHD_get_connection_info(request->connection, MHD_CONNECTION_INFO_GNUTLS_SESSION);
  return info != NULL && info->tls_session != NULL && server_tls_is_client(info->tls_session);
}

/* Behind the scheme, whatever its case (RFC 9110, 11.1); NULL = there is none. */
static const char *find_token(const server_request *request) {
  static const char scheme[] = "Bearer ";
  const char *header = server_request_header(request, "Authorization");
  if (header == NULL || strncasecmp(header, scheme, sizeof scheme - 1) != 0)
    return NULL;
  header += sizeof scheme - 1;
  return header + strspn(header, " ");
}

/* Whether the token is for this. */
static bool may(server_request *request) {
  unsigned needed = request->route->scope != 0 ? request->route->scope : SERVER_SCOPE_INFER;
  if ((request->token.limits.scopes & (needed | SERVER_SCOPE_ADMIN)) != 0)
    return true;
  server_reply_header(request, "WWW-Authenticate",
                      "Bearer realm=\"blindsight\", error=\"insufficient_scope\", scope=\"%s\"",
                      needed == SERVER_SCOPE_METRICS ? "metrics" : "infer");
  server_reply_error(request, 403, "scope", "Authorization", "this token is not for that");
  return false;
}

bool server_identity_admit(server_request *request) {
  server_service *service = request->service;
  const char *token = find_token(request);
  unsigned retry_s;
  if (request->route->open)
    return true;
  if (service->options.client_ca != NULL && !has_certificate(request)) {
    server_reply_error(request, 403, "certificate", NULL,
                       "a client certificate of this server's authority is needed");
    return false;
  }
  if (token == NULL) {
    server_reply_header(request, "WWW-Authenticate", "Bearer realm=\"blindsight\"");
    server_reply_error(request, 401, "token", "Authorization",
                       "a token is needed: Authorization: Bearer bst_...");
    return false;
  }
  ckks_status status = server_token_check(&request->token, token, service->database);
  if (status == CKKS_ERROR_KEY) {
    server_reply_header(request, "WWW-Authenticate",
                        "Bearer realm=\"blindsight\", error=\"invalid_token\"");
    server_reply_error(request, 401, "token", "Authorization", "%s", base_last_error());
    return false;
  }
  if (status != CKKS_OK) {
    server_reply_status(request, status, NULL);
    return false;
  }
  if (!server_usage_request(service->usage, request->token.id,
                            request->token.limits.requests_per_minute, &retry_s)) {
    server_reply_header(request, "Retry-After", "%u", retry_s);
    server_reply_error(request, 429, "rate", NULL,
                       "more than %llu requests a minute with this token",
                       (unsigned long long)request->token.limits.requests_per_minute);
    return false;
  }
  return may(request);
}
