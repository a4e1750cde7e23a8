/* SPDX-License-Identifier: Apache-2.0 */
#define _POSIX_C_SOURCE 200809L
#include "server/http/reply.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "server/compute/failure.h"

void server_reply_header(server_request *request, const char *name, const char *format, ...) {
  server_reply *reply = &request->reply;
  va_list arguments;
  BASE_ASSERT(reply->n_headers < SERVER_MAX_HEADERS);
  reply->header[reply->n_headers].name = name;
  va_start(arguments, format);
  vsnprintf(reply->header[reply->n_headers].value, sizeof reply->header[0].value, format,
            arguments);
  va_end(arguments);
  reply->n_headers++;
}

static void drop_body(server_reply *reply) {
  base_free(reply->bytes);
  if (reply->fd >= 0)
    close(reply->fd);
  reply->bytes = NULL;
  reply->fd = -1;
  reply->n_bytes = 0;
}

void server_reply_bytes(server_request *request, int status, const char *type, uint8_t *bytes,
                        size_t n_bytes) {
  drop_body(&request->reply);
  request->reply.status = status;
  request->reply.type = type;
  request->reply.bytes = bytes;
  request->reply.n_bytes = n_bytes;
  request->answered = true;
}

static const char no_memory[] =
    "{\"error\":\"no memory\",\"code\":\"memory\",\"message\":\"no memory\",\"field\":null}\n";

void server_reply_json(server_request *request, int status, json_t *value) {
  size_t n = value != NULL ? json_dumpb(value, NULL, 0, JSON_COMPACT) : 0;
  char *text = n > 0 ? base_alloc(n + 1) : NULL;
  if (text != NULL && json_dumpb(value, text, n, JSON_COMPACT) == n) {
    text[n] = '\n';
    server_reply_bytes(request, status, "application/json", (uint8_t *)text, n + 1);
  } else {
    base_free(text);
    server_reply_bytes(request, 503, "application/json", (uint8_t *)base_strdup(no_memory),
                       sizeof no_memory - 1);
    if (request->reply.bytes == NULL)
      request->reply.n_bytes = 0;
  }
  json_decref(value);
}

void server_reply_error(server_request *request, int status, const char *code, const char *field,
                        const char *format, ...) {
  char text[512];
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(text, sizeof text, format, arguments);
  va_end(arguments);
  snprintf(request->reply.code, sizeof request->reply.code, "%s", code);
  /* "error" is what the Open Inference Protocol asks for; the rest is for programs. */
  server_reply_json(request, status,
                    json_pack("{s:s, s:s, s:s, s:s?}", "error", text, "code", code, "message", text,
                              "field", field));
}

void server_reply_status(server_request *request, ckks_status status, const char *field) {
  char code[32], message[512];
  int http = server_failure_translate(code, message, status);
  if (http == 503)
    server_reply_header(request, "Retry-After", "5");
  server_reply_error(request, http, code, field, "%s", message);
}

void server_reply_errno(server_request *request, int error, const char *what) {
  if (error == ENOSPC || error == EDQUOT || error == EFBIG)
    server_reply_error(request, 507, "disk_full", NULL, "the server's disk is full");
  else
    server_reply_error(request, 500, "io", NULL, "the server cannot do that now; its log says why");
  fprintf(stderr, "blindsight: %s: %s\n", what, strerror(error));
}

bool server_reply_unchanged(server_request *request, const char *tag) {
  char quoted[80];
  const char *wanted = server_request_header(request, "If-None-Match");
  snprintf(quoted, sizeof quoted, "\"%s\"", tag);
  server_reply_header(request, "ETag", "%s", quoted);
  if (wanted == NULL || (strcmp(wanted, "*") != 0 && strstr(wanted, quoted) == NULL))
    return false;
  server_reply_bytes(request, 304, NULL, NULL, 0);
  return true;
}

static void free_bytes(void *bytes) {
  base_free(bytes);
}

struct MHD_Response *server_reply_response(server_request *request) {
  server_reply *reply = &request->reply;
  struct MHD_Response *response;
  if (reply->fd >= 0)
    response = MHD_create_response_from_fd64(reply->n_bytes, reply->fd);
  else if (reply->bytes != NULL)
    response = MHD_create_response_from_buffer_with_free_callback(reply->n_bytes, reply->bytes,
                                                                  free_bytes);
  else
    response = MHD_create_response_from_buffer(0, (void *)(uintptr_t) "", MHD_RESPMEM_PERSISTENT);
  if (response == NULL)
    return NULL;
  reply->fd = -1;
  reply->bytes = NULL;
  if (reply->type != NULL)
    MHD_add_response_header(response, "Content-Type", reply->type);
  /* Everything is for the one who asked. */
  MHD_add_response_header(response, "Cache-Control", "private, no-cache");
  if (request->ends)
    MHD_add_response_header(response, "Connection", "close");
  for (int i = 0; i < reply->n_headers; i++)
    MHD_add_response_header(response, reply->header[i].name, reply->header[i].value);
  return response;
}
