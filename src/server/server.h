/* SPDX-License-Identifier: Apache-2.0 */
/**
 * The service: models, keys, jobs and who may, over HTTP. It never meets a secret key:
 * `secret` and `client` are strangers to this room, and the linker says so.
 * docs/operations.md tells how to run it, /openapi.json what it answers.
 */
#ifndef SERVER_SERVER_H
#define SERVER_SERVER_H
#include "base/status.h"

typedef struct server_options {
  const char *models; /**< a *.server file, or a folder of them: NAME[@VERSION].server */
  const char *state;  /**< folder of the stores; made (mode 0700) when it is not there */
  const char *address;
  uint16_t port;                              /**< 0 = any free one: server_service_port */
  const char *tls_cert, *tls_key, *client_ca; /**< PEM files; NULL = none */
  const char *cors; /**< origins whose pages may ask, with commas between, or "*"; NULL = none */
  const char *web;  /**< folder of the page answered at / (http/page.h); NULL = none */
  bool plain;       /**< allow other addresses than loopback without TLS */
  int n_workers;    /**< evaluations at a time; 0 = one a core */
  size_t n_queue;   /**< requests that may wait for a worker */
  size_t n_connections, n_connections_each; /**< in all, and from one address */
  size_t cache_bytes;   /**< ceiling of expanded keys in memory; this and the next three: 0 = what
                             the models need, not below 1024, 256, 64 and 256 MB */
  size_t weights_bytes; /**< of encoded weights, each model */
  size_t max_key_bytes, max_body_bytes;
  size_t bodies_bytes; /**< samples on their way in, of one token */
  size_t n_jobs;       /**< jobs that may wait or run at a time, and results kept for a token */
  size_t jobs_bytes;   /**< samples of jobs that wait, and results, of one token on disk */
  unsigned key_ttl_s, job_ttl_s; /**< keys since their last use, jobs since they were made */
  uint64_t audit_bytes, audit_file_bytes; /**< of the audit log: in all, and of one file */
  unsigned audit_file_s;                  /**< when a file is so old the next one begins */
  unsigned idle_s; /**< a connection without a whole request for this long is closed */
  /** So is one on which a body, or an answer, takes longer than grace_s and what its bytes take
   * at this rate. */
  unsigned grace_s, least_bytes_s;
} server_options;

typedef struct server_service server_service;

void server_service_defaults(server_options *options);
/** Opens the stores, finishes what a crash left, loads the models and begins to answer. The
 * options' texts must outlive the service. */
ckks_status server_service_build(server_service **out, const server_options *options);
uint16_t server_service_port(const server_service *service);
/** Reads the models and the certificate anew. On an error the old ones stay (of the certificate
 * that is said on standard error); requests under way keep theirs. */
ckks_status server_service_reload(server_service *service);
/** Readiness is false from now on; returns when every request begun was answered, at the latest
 * after limit_s seconds. New connections are still answered (503 where work is wanted). */
void server_service_drain(server_service *service, unsigned limit_s);
/** NULL allowed. */
void server_service_free(server_service *service);

/** Each file of the page in `folder`, by name, with its SHA-256 in base64, as the service would
 * answer it. */
ckks_status server_page_hashes(const char *folder,
                               void (*show)(void *context, const char *name, const char *hash),
                               void *context);

/* --- for the commands `token` and `audit`: the stores of a state folder, running or not */

/** What a token is for. */
enum {
  SERVER_SCOPE_INFER = 1,   /**< models, keys, jobs and predictions */
  SERVER_SCOPE_METRICS = 2, /**< /metrics, which shows the volume of all tenants together */
  SERVER_SCOPE_ADMIN = 4    /**< all of that, and in /metrics each token's own figures */
};

typedef struct server_limits {
  uint64_t max_key_bytes, requests_per_minute, predictions_per_day;
  unsigned scopes; /**< 0 = SERVER_SCOPE_INFER */
} server_limits;

#define SERVER_TOKEN_CHARS 86 /* "bst_", 16 hex digits, '_', 64 hex digits, NUL */
typedef struct server_token {
  char id[17], name[65];
  int64_t created, revoked; /**< seconds since 1970; 0 = never */
  server_limits limits;
} server_token;

void server_token_defaults(server_limits *limits);
/** The one time that the token itself is seen: only a salted hash of it is stored. */
ckks_status server_token_create(char text[SERVER_TOKEN_CHARS], server_token *out, const char *state,
                                const char *name, const server_limits *limits);
/** Oldest first; *out is freed with base_free. */
ckks_status server_token_list(server_token **out, size_t *n, const char *state);
/** From the next request on. Its keys are shredded by the running, or the next, server. */
ckks_status server_token_revoke(const char *state, const char *id);

typedef struct server_audit_report {
  uint64_t n_lines, first; /**< how many there are, and the number of the oldest */
  char key[65];            /**< of the seals on closed files, in hex; "" = there is none */
  char head[65]; /**< hash of the last line in hex: note it elsewhere, and pass it as `seen` */
} server_audit_report;
/** Recomputes the chain. CKKS_ERROR_FORMAT names the first line that was altered, or is missing;
 * `seen` (may be NULL) is a head of former days that must be in the chain. */
ckks_status server_audit_read_verify(server_audit_report *out, const char *state, const char *seen);
/**
 * Closes the log's file and begins the next one, whether a service runs here or not; `closed` is
 * the name of the file that changes no more ("" when it held nothing), to be copied or moved away.
 */
ckks_status server_audit_rotate(char closed[32], const char *state);
/** Every line to `show`, oldest first. */
ckks_status server_audit_read_each(const char *state, void (*show)(void *context, const char *line),
                                   void *context);
#endif
