/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Requests for jobs that a client may send twice because the answer was lost: it gives them a name
 * of its own choice, Idempotency-Key, as the IETF's draft of that header has it. The name stands
 * for one question: this sample, by this model, under these keys.
 */
#include "server/http/idempotency.h"

#include <sodium.h>
#include <string.h>

#include "server/http/reply.h"

static bool is_name(const char *text) {
  size_t n = strlen(text);
  for (size_t i = 0; i < n; i++)
    if (text[i] <= ' ' || text[i] > '~')
      return false;
  return n > 0 && n <= SERVER_IDEMPOTENCY_CHARS;
}

/* The version as it was asked for: the highest may be another when the question comes again. */
static void digest_question(uint8_t digest[BASE_DIGEST_BYTES], const server_request *request,
                            const char *key, const uint8_t *sample, size_t n_sample) {
  bool versioned = strstr(request->route->path, "{version}") != NULL;
  const char *const part[] = {request->param[0], versioned ? request->param[1] : "", key};
  crypto_generichash_state state;
  (void)crypto_generichash_init(&state, NULL, 0, BASE_DIGEST_BYTES);
  for (size_t i = 0; i < sizeof part / sizeof *part; i++)
    (void)crypto_generichash_update(&state, (const uint8_t *)part[i], strlen(part[i]) + 1);
  (void)crypto_generichash_update(&state, sample, n_sample);
  (void)crypto_generichash_final(&state, digest, BASE_DIGEST_BYTES);
}

bool server_idempotency_read(server_idempotency *out, server_request *request, const char *key,
                             const uint8_t *sample, size_t n_sample) {
  *out = (server_idempotency){.name = server_request_header(request, "Idempotency-Key")};
  if (out->name == NULL)
    return true;
  if (!is_name(out->name)) {
    server_reply_error(request, 400, "idempotency", "Idempotency-Key",
                       "must be 1 to %d visible ASCII characters", SERVER_IDEMPOTENCY_CHARS);
    return false;
  }
  digest_question(out->digest, request, key, sample, n_sample);
  return true;
}

bool server_idempotency_is(const server_idempotency *asked, sqlite3_stmt *row, int column) {
  return sqlite3_column_bytes(row, column) == BASE_DIGEST_BYTES &&
         memcmp(sqlite3_column_blob(row, column), asked->digest, BASE_DIGEST_BYTES) == 0;
}
