/* SPDX-License-Identifier: Apache-2.0 */
/* Answers in the making. */
#ifndef SERVER_REPLY_H
#define SERVER_REPLY_H
#include <jansson.h>

#include "server/http/request.h"

void server_reply_header(server_request *request, const char *name, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void server_reply_bytes(server_request *request, int status, const char *type, uint8_t *bytes,
                        size_t n_bytes); /**< takes the bytes */
/** Takes the value (NULL = out of memory). */
void server_reply_json(server_request *request, int status, json_t *value);
/** {"code", "message", "field", "error"}. field NULL = none. */
void server_reply_error(server_request *request, int status, const char *code, const char *field,
                        const char *format, ...) __attribute__((format(printf, 5, 6)));
/** The error that a status stands for, with the recorded message. */
void server_reply_status(server_request *request, ckks_status status, const char *field);
/** errno: 507 when the disk is full, else 500. */
void server_reply_errno(server_request *request, int error, const char *what);
/** 304 when If-None-Match names the tag; sets ETag either way. */
bool server_reply_unchanged(server_request *request, const char *tag);
/** The reply as libmicrohttpd wants it, spent. */
struct MHD_Response *server_reply_response(server_request *request);
#endif
