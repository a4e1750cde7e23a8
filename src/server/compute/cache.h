/* SPDX-License-Identifier: Apache-2.0 */
/* Expanded keys in memory. */
#ifndef SERVER_CACHE_H
#define SERVER_CACHE_H
#include "server/compute/model.h"

typedef struct server_cache server_cache;
typedef struct server_cache_entry server_cache_entry;
typedef struct server_cache_figures {
  size_t n_bytes, n_entries;
  uint64_t n_hits, n_misses, n_evictions;
} server_cache_figures;

/** Holds nothing before server_cache_limit. */
ckks_status server_cache_build(server_cache **out);
void server_cache_free(server_cache *cache);
/**
 * The keys in file `path`, expanded for the model; held until released. Whoever comes while
 * another reads waits for that. Keys above the ceiling are CKKS_ERROR_MEMORY.
 */
ckks_status server_cache_get(server_cache_entry **out, server_cache *cache, const char *token,
                             const char *id, const char *path, server_model *model);
const ckks_evaluation_keys *server_cache_keys(const server_cache_entry *entry);
void server_cache_release(server_cache *cache, server_cache_entry *entry);
/** Bytes of one client's keys in memory, in words of 8 bytes: both halves of each digit and limb.
 */
size_t server_cache_expanded(const server_model *model);
/** The ceiling from now on: what lies above it goes when room is next wanted. */
void server_cache_limit(server_cache *cache, size_t ceiling_bytes);
/** Forgets a key (after DELETE): it is freed with its last holder. */
void server_cache_drop(server_cache *cache, const char *token, const char *id);
void server_cache_look(server_cache_figures *out, server_cache *cache);
#endif
