/* SPDX-License-Identifier: Apache-2.0 */
/* What each token uses: requests a minute, predictions a day, bodies under way. */
#ifndef SERVER_USAGE_H
#define SERVER_USAGE_H
#include "server/store/database.h"

typedef struct server_usage server_usage;
ckks_status server_usage_build(server_usage **out, server_database *database);
/** Writes back what was reserved and not used. */
void server_usage_free(server_usage *usage);
/** Counts a request; false = over the limit, *retry_s says for how long. */
bool server_usage_request(server_usage *usage, const char *token, uint64_t per_minute,
                          unsigned *retry_s);
/**
 * Takes n predictions of today's. What is taken is on disk before it is used (reserved ahead
 * in blocks), so that a crash may cost a client some, and never gives it any.
 * *granted tells whether they were left.
 */
ckks_status server_usage_take(bool *granted, server_usage *usage, const char *token, uint64_t n,
                              uint64_t per_day);
/** What each token that came since the start has taken of today's predictions. */
void server_usage_each(server_usage *usage,
                       void (*visit)(void *context, const char *token, uint64_t n_today),
                       void *context);
void server_usage_return(server_usage *usage, const char *token, uint64_t n);
/** Takes n bytes for a body under way; false = the token's bodies take `limit` without it. */
bool server_usage_body(server_usage *usage, const char *token, uint64_t n, uint64_t limit);
void server_usage_body_end(server_usage *usage, const char *token, uint64_t n);
#endif
