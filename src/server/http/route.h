/* SPDX-License-Identifier: Apache-2.0 */
/* The one table of what there is. */
#ifndef SERVER_ROUTE_H
#define SERVER_ROUTE_H
#include <stdbool.h>
#include <stddef.h>

#define SERVER_MAX_PARAMS 2
#define SERVER_NAME_CHARS 129 /* of a path parameter, with its NUL */

typedef struct server_request server_request;
typedef void (*server_handler)(server_request *request);

typedef enum server_body_kind {
  SERVER_BODY_NONE,
  SERVER_BODY_SAMPLE, /* to an unnamed file of the state folder */
  SERVER_BODY_KEYS    /* to the upload of a key file */
} server_body_kind;

typedef struct server_answer {
  int status;
  const char *type, *schema, *text; /* media type (NULL = no body), component of the schema */
} server_answer;

#define SERVER_MAX_ANSWERS 4
typedef struct server_route {
  const char *method, *path; /* GET also answers HEAD; {name} stands for one part */
  server_handler handler;
  bool open;      /* without a token */
  unsigned scope; /* that its token must have; 0 = SERVER_SCOPE_INFER */
  bool work;      /* answered by a worker of the pool; else at once */
  bool quiet;     /* a probe: not in the audit log */
  bool recorded;  /* changes something, or gives predictions: in the log before it is answered */
  server_body_kind body;
  const char *id, *summary;
  server_answer answer[SERVER_MAX_ANSWERS];
} server_route;

typedef struct server_routes {
  const server_route *route;
  size_t n;
} server_routes;

extern const server_routes server_route_all;
/**
 * Finds the route and copies its path parameters. NULL when the path is unknown (*allow
 * empty) or the method is not for it (*allow lists those that are).
 */
const server_route *server_route_find(char param[SERVER_MAX_PARAMS][SERVER_NAME_CHARS],
                                      char allow[64], const char *method, const char *path);
/** Its place in the table; SERVER_MAX_ROUTES for NULL, and for one that is not in it (page.h). */
size_t server_route_number(const server_route *route);
#endif
