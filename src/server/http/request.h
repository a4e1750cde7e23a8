/* SPDX-License-Identifier: Apache-2.0 */
/**
 * One request on its way: link.c times its connection, http.c receives it, admission.c and route.c
 * say what it may be, body.c keeps its bytes, a handler (answer*.c) answers into `reply`.
 */
#ifndef SERVER_REQUEST_H
#define SERVER_REQUEST_H
#include <microhttpd.h>

#include "server/http/body.h"
#include "server/http/inflate.h"
#include "server/http/link.h"
#include "server/http/route.h"
#include "server/service.h"
#include "server/store/token.h"

#define SERVER_MAX_HEADERS 12
typedef struct server_page server_page;
typedef struct server_reply {
  int status;
  const char *type;
  uint8_t *bytes; /* base_free; or a file: */
  size_t n_bytes;
  int fd; /* -1 = none; n_bytes long */
  struct {
    const char *name;
    char value[256];
  } header[SERVER_MAX_HEADERS];
  int n_headers;
  char code[32]; /* of the error, for the audit log */
} server_reply;

struct server_request {
  server_service *service;
  struct MHD_Connection *connection;
  server_link *link;
  const server_route *route;
  char param[SERVER_MAX_PARAMS][SERVER_NAME_CHARS];
  size_t page_file; /* of server_page_find */
  server_token token;
  server_body body;
  server_inflate *inflate;
  uint64_t n_received;   /* of the body, as it came */
  uint64_t share;        /* of the bytes that the token's bodies may take */
  server_upload *upload; /* of SERVER_BODY_KEYS */
  server_model *model;   /* held from the time the path was read */
  server_task task;
  server_reply reply;
  int64_t begun_us, received_us, started_us;
  int worker;                      /* who runs the handler */
  bool answered;                   /* the reply is complete */
  bool discard;                    /* the body does not matter any more */
  bool chunked, deflated, spooled; /* how it comes: see receive.c */
  bool ends;                       /* the connection, with the answer */
  bool received;                   /* all of it */
  bool noted;                      /* in the audit log */
  /* for the audit log */
  char address[SERVER_ADDRESS_CHARS];
  char key[65], job[33];
  size_t n_counted; /* predictions, of an inference */
};

/** A header of the request, NULL when it is not there. */
const char *server_request_header(const server_request *request, const char *name);
/** Whether one of the header's lists has the token. */
bool server_request_lists(const server_request *request, const char *name, const char *token);
#endif
