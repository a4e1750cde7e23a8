/* SPDX-License-Identifier: Apache-2.0 */
/* Names that clients give to their requests for jobs. */
#ifndef SERVER_IDEMPOTENCY_H
#define SERVER_IDEMPOTENCY_H
#include "base/digest.h"
#include "server/http/request.h"

#define SERVER_IDEMPOTENCY_CHARS 128

typedef struct server_idempotency {
  const char *name;                  /* what the client calls its question; NULL = nothing */
  uint8_t digest[BASE_DIGEST_BYTES]; /* of the question */
} server_idempotency;

/** Of the request's header; false = answered. */
bool server_idempotency_read(server_idempotency *out, server_request *request, const char *key,
                             const uint8_t *sample, size_t n_sample);
/** Whether the digest in this column is that of the question. */
bool server_idempotency_is(const server_idempotency *asked, sqlite3_stmt *row, int column);
#endif
