/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Where a request ends (RFC 9112, 6.3). What two readers could take in two ways is refused before
 * anything else is asked, with or without a token: a length that is there twice, a length beside
 * chunks, a name with a space before its colon, which libmicrohttpd takes for another name; and who
 * asks, if two answer to that.
 */
#include "server/http/framing.h"

#include <inttypes.h>
#include <string.h>
#include <strings.h>

#include "server/http/field.h"
#include "server/http/reply.h"

#define HTTP_TOO_LARGE 413
#define HTTP_CODING 415
#define HTTP_EXPECTATION 417

typedef struct lines {
  int n_lengths, n_codings, n_hosts, n_tokens;
  bool malformed;
} lines;

/* Names are tokens, values have no control characters; libmicrohttpd is not as strict. */
static enum MHD_Result count_line(void *context, enum MHD_ValueKind kind, const char *name,
                                  size_t n_name, const char *value, size_t n_value) {
  lines *l = context;
  (void)kind;
  l->malformed = l->malformed || !server_field_is_token(name, n_name);
  for (size_t i = 0; i < n_value; i++)
    if (value[i] >= 0 && value[i] < ' ' && value[i] != '\t')
      l->malformed = true;
  l->n_lengths += strcasecmp(name, "Content-Length") == 0;
  l->n_codings += strcasecmp(name, "Transfer-Encoding") == 0;
  l->n_hosts += strcasecmp(name, "Host") == 0;
  l->n_tokens += strcasecmp(name, "Authorization") == 0;
  return MHD_YES;
}

static bool refuse(server_request *request, int status, const char *code, const char *field,
                   const char *text) {
  request->ends = true;
  server_reply_error(request, status, code, field, "%s", text);
  return false;
}

bool server_framing_check(server_request *request, const char *version) {
  lines l = {0};
  unsigned long long length;
  const char *coding = server_request_header(request, "Transfer-Encoding");
  const char *text = server_request_header(request, "Content-Length");
  const char *expect = server_request_header(request, "Expect");
  MHD_get_connection_values_n(request->connection, MHD_HEADER_KIND, count_line, &l);
  if (l.malformed)
    return refuse(request, 400, "header", NULL, "a header field is malformed");
  if (l.n_hosts > 1 || (l.n_hosts == 0 && strcmp(version, MHD_HTTP_VERSION_1_1) == 0))
    return refuse(request, 400, "host", "Host", "must be given once");
  if (l.n_tokens > 1)
    return refuse(request, 400, "header", "Authorization", "must be given once");
  if (l.n_lengths > 1 || l.n_codings > 1 || (l.n_lengths > 0 && l.n_codings > 0))
    return refuse(request, 400, "length", "Content-Length",
                  "must be given once, and not beside Transfer-Encoding");
  if (coding != NULL && strcmp(version, MHD_HTTP_VERSION_1_1) != 0)
    return refuse(request, 400, "length", "Transfer-Encoding", "is of HTTP/1.1");
  if (coding != NULL && strcasecmp(coding, "chunked") != 0)
    return refuse(request, 501, "coding", "Transfer-Encoding", "must be chunked");
  if (text != NULL && !server_field_number(&length, text))
    return refuse(request, 400, "length", "Content-Length", "this is not a length");
  if (expect != NULL && strcasecmp(expect, "100-continue") != 0)
    return refuse(request, HTTP_EXPECTATION, "expect", "Expect", "must be 100-continue");
  request->chunked = coding != NULL;
  request->body.n_expected = text != NULL ? length : 0;
  return true;
}

uint64_t server_framing_limit(const server_request *request) {
  switch (request->route->body) {
  case SERVER_BODY_SAMPLE:
    return request->service->ceiling.body_bytes;
  case SERVER_BODY_KEYS:
    return request->service->ceiling.key_bytes;
  case SERVER_BODY_NONE:
    break;
  }
  return 0;
}

static bool check_coding(server_request *request) {
  const char *coding = server_request_header(request, "Content-Encoding");
  if (coding == NULL || *coding == '\0' || strcasecmp(coding, "identity") == 0)
    return true;
  request->deflated = strcasecmp(coding, "gzip") == 0 || strcasecmp(coding, "x-gzip") == 0 ||
                      strcasecmp(coding, "deflate") == 0;
  if (request->deflated)
    return true;
  server_reply_header(request, "Accept-Encoding", "gzip, deflate");
  server_reply_error(request, HTTP_CODING, "coding", "Content-Encoding",
                     "must be gzip, deflate or identity");
  return false;
}

bool server_framing_length(server_request *request) {
  uint64_t limit = server_framing_limit(request);
  bool given = server_request_header(request, "Content-Length") != NULL;
  if (request->route->body == SERVER_BODY_NONE && request->chunked) {
    server_reply_error(request, HTTP_TOO_LARGE, "too_large", "Transfer-Encoding",
                       "there is no body here");
    return false;
  }
  if (!given && !request->chunked && request->route->body != SERVER_BODY_NONE) {
    server_reply_error(request, 411, "length", "Content-Length",
                       "a Content-Length is needed, or chunks");
    return false;
  }
  if (request->body.n_expected <= limit)
    return request->route->body == SERVER_BODY_NONE || check_coding(request);
  server_reply_error(request, HTTP_TOO_LARGE, "too_large", "Content-Length",
                     "%" PRIu64 " bytes: the limit here is %" PRIu64, request->body.n_expected,
                     limit);
  return false;
}
