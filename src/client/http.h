/* SPDX-License-Identifier: Apache-2.0 */
/**
 * HTTP for a client: one request at a time over a connection that is kept, with pauses and new
 * attempts where the server is busy or the connection breaks. Nothing that a server says is
 * trusted: an answer above the request's limit is refused, a redirection is not followed, its
 * texts are only shown. Proxies are those of the usual environment variables (libcurl).
 */
#ifndef CLIENT_HTTP_H
#define CLIENT_HTTP_H
#include "base/bytes.h"

/** What is done at the moment and how much of it, 0 to 1; not zero as a result stops it. */
typedef int (*client_progress)(void *context, const char *stage, double fraction);

/** Start from client_http_options_default. */
typedef struct client_http_options {
  const char *url;             /**< http://HOST[:PORT][/PREFIX], or https:// */
  const char *token;           /**< sent as bearer token; NULL = none */
  const char *cacert;          /**< PEM file of authorities; NULL = the system's */
  const char *cert, *cert_key; /**< the client's own, PEM files; NULL = none */
  bool plain;          /**< allow http:// to other machines, where the token can be overheard */
  unsigned timeout_s;  /**< an attempt ends when less than 1 kB a second moves for so long */
  unsigned patience_s; /**< of pauses between attempts, in all; 0 = one attempt */
  unsigned pause_ms;   /**< the first pause; each further one is twice as long, up to 8 s */
  client_progress progress; /**< may be NULL */
  void *context;            /**< handed to it */
} client_http_options;

void client_http_options_default(client_http_options *options);

typedef struct client_http client_http;

/** CKKS_ERROR_ARGUMENT says what is wrong with URL or token. Nothing of options' texts is kept,
 * but `context` is. Nothing is sent yet. */
ckks_status client_http_build(client_http **out, const client_http_options *options);
/** A connection of its own to the same server, as the same client, for another thread. */
ckks_status client_http_build_another(client_http **out, const client_http *http,
                                      client_progress progress, void *context);
void client_http_free(client_http *http); /**< NULL allowed */
/** Who is shown the progress from now on, instead of the options' `progress`. */
void client_http_show_to(client_http *http, client_progress progress, void *context);

#define CLIENT_HTTP_MAX_HEADERS 4
typedef struct client_http_request {
  const char *method, *path; /**< GET, HEAD, PUT, POST, DELETE; path begins with '/' */
  const char *header[CLIENT_HTTP_MAX_HEADERS]; /**< "Name: value", the first NULL ends them */
  const uint8_t *body;                         /**< NULL = none */
  size_t n_body, max_answer_bytes;
  const char *stage; /**< what progress calls it; NULL = "asking the server" */
  uint64_t n_before; /**< bytes of the whole that earlier requests have sent */
} client_http_request;

typedef struct client_http_answer {
  long status;      /**< 0 = there was none */
  bool broken;      /**< there was none, and another attempt may get one */
  base_buffer body; /**< client_http_answer_clear */
  bool has_retry_after, has_offset, complete; /**< Upload-Complete: ?1 */
  unsigned retry_after_s;
  uint64_t offset;           /**< Upload-Offset */
  char tag[80], version[40]; /**< ETag with its quotes, Blindsight-Version; "" = none */
} client_http_answer;

void client_http_answer_clear(client_http_answer *answer);

/** How often something was tried, and how much longer it may be. */
typedef struct client_http_patience {
  double left_s, next_s;
  unsigned n_pauses;
} client_http_patience;

client_http_patience client_http_patience_begin(const client_http *http);
/**
 * One attempt. CKKS_OK: the server answered, whatever that is. Otherwise the error says why
 * not. The answer is to be cleared either way.
 */
ckks_status client_http_attempt(client_http_answer *answer, const client_http_request *request,
                                client_http *http);
/** Whether the attempt may be made again: no answer, or one that says "later". */
bool client_http_is_passing(const client_http_answer *answer);
/** Waits before the next attempt, at least as long as Retry-After says. When patience is at an
 * end the error is that of the last attempt. */
ckks_status client_http_pause(client_http_patience *patience, const client_http_answer *answer,
                              const client_http_request *request, client_http *http);
/** Waits without a request; `stage` is shown meanwhile. */
ckks_status client_http_rest(double seconds, const char *stage, const client_http *http);
/** Attempts and pauses, until there is an answer that stays. */
ckks_status client_http_call(client_http_answer *answer, const client_http_request *request,
                             client_http *http);
/** The error that an answer stands for: CKKS_ERROR_MISMATCH for 422, else CKKS_ERROR_IO, with the
 * server's words. */
ckks_status client_http_fail(const client_http_answer *answer, const client_http_request *request,
                             const client_http *http);
/** CKKS_ERROR_CANCELLED when the caller of the service wants no more. */
ckks_status client_http_show(const client_http *http, const char *stage, double fraction);

/**
 * The token to use: `given`, else the first line of the file `path` (for its owner's eyes only),
 * else the environment's BLINDSIGHT_TOKEN, else NULL. In a new string (base_free after wiping).
 */
ckks_status client_http_token(char **out, const char *given, const char *path);
#endif
