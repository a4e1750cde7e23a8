/* SPDX-License-Identifier: Apache-2.0 */
/**
 * One request on its way: link.c times its connection, http.c receives it, open.c and routes.c say
 * what it may be, body.c keeps its bytes on disk, a handler answers into `reply`.
 */
#ifndef SERVER_REQUEST_H
#define SERVER_REQUEST_H
#include <jansson.h>
#include <microhttpd.h>
#include <stdarg.h>
#include <stdatomic.h>

#include "server/server.h"
#include "server/stores.h"
#include "server/watch.h"
#include "server/work.h"

#define SERVER_MAX_PARAMS 2
#define SERVER_NAME_CHARS 129 /* of a path parameter, with its NUL */

/* --- log.c: what libmicrohttpd says, some lines a minute */
typedef struct server_log {
  _Atomic int64_t began_us; /* the present minute; 0 = none yet */
  atomic_uint n_window;     /* lines in it */
  _Atomic uint64_t n_lines; /* since the start */
} server_log;

/** Counts a line; whether it is to be written, and how many of the minute before were not. */
bool server_log_admit(server_log *log, unsigned *n_dropped, int64_t now_us);
/** To standard error, on one line and without control characters. */
void server_log_write(void *log, const char *format, va_list arguments)
    __attribute__((format(printf, 2, 0)));

struct server_service {
  server_options options;
  server_database *database;
  server_models *models;
  server_cache *cache;
  server_pool *pool;
  server_usage *usage;
  server_audit *audit;
  server_metrics metrics;
  server_log log;
  server_uploads uploads;
  struct server_links *links;
  struct MHD_Daemon *daemon;
  char *tls[3]; /* cert, key, client CA: libmicrohttpd keeps the pointers */
  atomic_bool draining;
  atomic_int n_requests;     /* begun and not yet answered */
  atomic_size_t body_memory; /* bytes of bodies that are held there */
  uint16_t port;
};

/* --- routes.c: the one table of what there is */

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
  bool open;     /* without a token */
  bool work;     /* answered by a worker of the pool; else at once */
  bool quiet;    /* a probe: not in the audit log */
  bool recorded; /* changes something, or gives predictions: in the log before it is answered */
  server_body_kind body;
  const char *id, *summary;
  server_answer answer[SERVER_MAX_ANSWERS];
} server_route;

extern const server_route server_routes[];
extern const size_t server_n_routes;
/**
 * Finds the route and copies its path parameters. NULL when the path is unknown (*allow
 * empty) or the method is not for it (*allow lists those that are).
 */
const server_route *server_routes_find(char param[SERVER_MAX_PARAMS][SERVER_NAME_CHARS],
                                       char allow[64], const char *method, const char *path);
/** The table as an OpenAPI 3.1 document; NULL when out of memory. */
json_t *server_openapi(void);

/* --- link.c: connections and their deadlines */

typedef struct server_link server_link;
typedef struct server_links server_links;
ckks_status server_links_build(server_links **out, server_service *service);
/** After the daemon has stopped. */
void server_links_free(server_links *links);
void server_links_notify(void *links, struct MHD_Connection *connection, void **socket_context,
                         enum MHD_ConnectionNotificationCode code);
/** Closed unless something happens within so many seconds (none and less: at once). */
void server_link_within(server_link *link, double seconds);
/** No deadline: while we compute. */
void server_link_untimed(server_link *link);
/** Whether the client has closed the connection, or its side of it. */
bool server_link_gone(const server_link *link);

/* --- body.c: small bodies in memory, large ones on disk */

typedef struct server_body {
  uint8_t *memory;
  int fd; /* -1 = none */
  uint64_t n_bytes, n_expected;
  const uint8_t *map;   /* after server_body_map */
  atomic_size_t *taken; /* what all bodies hold of memory */
  int error;            /* errno of the first write that failed */
} server_body;

/**
 * Room for n bytes: in memory when they are few and bodies do not hold too much of it yet
 * (*taken), else in an unnamed file in the state folder; errno in body->error.
 */
bool server_body_open(server_body *body, atomic_size_t *taken, const char *state,
                      uint64_t n_expected);
void server_body_write(server_body *body, const void *bytes, size_t n_bytes);
bool server_body_map(server_body *body);
void server_body_close(server_body *body);

/* --- reply.c */

#define SERVER_MAX_HEADERS 6
typedef struct server_reply {
  int status;
  const char *type;
  uint8_t *bytes; /* base_free; or a file: */
  size_t n_bytes;
  int fd; /* -1 = none; n_bytes long */
  struct {
    const char *name;
    char value[160];
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
  server_token token;
  server_body body;
  uint64_t share;        /* of the bytes that the token's bodies may take */
  server_upload *upload; /* of SERVER_BODY_KEYS */
  server_model *model;   /* held from the time the path was read */
  server_task task;
  server_reply reply;
  int64_t begun_us, received_us, started_us;
  int worker;    /* who runs the handler */
  bool answered; /* the reply is complete */
  bool discard;  /* the body does not matter any more */
  bool received; /* all of it */
  bool noted;    /* in the audit log */
  /* for the audit log */
  char key[65], job[33];
  size_t n_rows;
};

/** A header of the request, NULL when it is not there. */
const char *server_request_header(const server_request *request, const char *name);
void server_reply_header(server_request *request, const char *name, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void server_reply_bytes(server_request *request, int status, const char *type, uint8_t *bytes,
                        size_t n_bytes); /**< takes the bytes */
/** Takes the value (NULL = out of memory). */
void server_reply_json(server_request *request, int status, json_t *value);
/** {"code", "message", "field", "error"}. field NULL = none. */
void server_reply_error(server_request *request, int status, const char *code, const char *field,
                        const char *format, ...) __attribute__((format(printf, 5, 6)));
/** HTTP status, code and text that a failure stands for; logs what is the server's own fault. */
int server_reply_translate(char code[32], char message[512], ckks_status status);
/** The error that a status stands for, with the recorded message. */
void server_reply_status(server_request *request, ckks_status status, const char *field);
/** errno: 507 when the disk is full, else 500. */
void server_reply_errno(server_request *request, int error, const char *what);
/** 304 when If-None-Match names the tag; sets ETag either way. */
bool server_reply_unchanged(server_request *request, const char *tag);
/** The reply as libmicrohttpd wants it, spent. */
struct MHD_Response *server_reply_response(server_request *request);

/* --- note.c: the request's line in the audit log */
/** Of a route that is `recorded`, before its good answer goes. When the log cannot be written the
 * answer is an error. */
void server_note_before(server_request *request);
/** Of all others that are not probes. */
void server_note_after(server_request *request);
/** Milliseconds since 1970. */
int64_t server_note_time_ms(void);

/* --- open.c */
/** Decides all that can be decided before the body; what is answered then needs no body. */
void server_open_request(server_request *request, const char *method, const char *url);

/* --- http.c */
ckks_status server_http_start(server_service *service);
void server_http_stop(server_service *service);

/* --- who.c: the token, its limits, the client's certificate; false = answered */
bool server_who_admit(server_request *request);

/* --- handlers */
void server_answer_about(server_request *request);
void server_answer_live(server_request *request);
void server_answer_ready(server_request *request);
void server_answer_models(server_request *request);
void server_answer_model(server_request *request);
void server_answer_model_ready(server_request *request);
void server_answer_client(server_request *request);
void server_answer_openapi(server_request *request);
void server_answer_metrics(server_request *request);
void server_infer(server_request *request);
void server_keys_put(server_request *request);
void server_keys_get(server_request *request);
void server_keys_delete(server_request *request);
void server_jobs_get(server_request *request);
void server_jobs_result(server_request *request);
void server_jobs_delete(server_request *request);

/** Opens the upload that the request's body goes to; false = answered. */
bool server_keys_begin(server_request *request);
/** Whether the bytes are keys that some model served takes; the digest of its plan. */
ckks_status server_keys_check(char plan[65], const uint8_t *bytes, size_t n_bytes,
                              server_service *service);
/** Path of the file of a whole key. */
void server_keys_path(char path[4096], const server_service *service, const char *token,
                      const char *id);

/** One inference by a worker, from sample to result (base_free). */
typedef struct server_inference {
  server_service *service;
  server_model *model;
  const char *token, *key;
  uint64_t predictions_per_day;
  const uint8_t *sample;
  size_t n_sample;
  int worker;
  uint8_t *result;
  size_t n_result, n_rows;
  int status; /* 200, or what went wrong: */
  char code[32], message[512];
  const char *field;
} server_inference;
void server_infer_run(server_inference *inference);
/** What was predicted is not given out: it does not count for the token either. */
void server_infer_give_back(server_inference *inference);
/** Stores a job and queues it; answers the request. */
void server_jobs_create(server_request *request, const char *key, const uint8_t *sample,
                        size_t n_sample);
/** Queues what a former process left undone. */
ckks_status server_jobs_recover(server_service *service);
/** Finishes what a crash interrupted, by the rows and the files there are. */
ckks_status server_keys_recover(server_service *service);
/** Removes what is out of date, and keys of revoked tokens. */
void server_keys_sweep(server_service *service);
void server_jobs_sweep(server_service *service);
#endif
