/* SPDX-License-Identifier: Apache-2.0 */
/**
 * How much a request may bring, and keys may take: what was asked for, or what the models served
 * need. Read by any thread while the models are read anew.
 */
#ifndef SERVER_CEILING_H
#define SERVER_CEILING_H
#include <stdatomic.h>

#include "server/compute/cache.h"
#include "server/server.h"

typedef struct server_ceiling {
  atomic_size_t key_bytes, body_bytes, bodies_bytes, cache_bytes;
} server_ceiling;

/**
 * Takes each option that is not 0 as it is, the others so that every model served can be asked:
 * its keys uploaded and expanded, a row sent, a batch too where that stays below what a token may
 * send at a time. What a client cannot do then is said on standard error, with the option that
 * helps. Thread-safe against readers.
 */
void server_ceiling_fit(server_ceiling *ceiling, server_cache *cache, server_model_set *models,
                        const server_options *options);
#endif
