/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Expanded keys in memory. A key takes about twice its file; what is held by a request
 * stays, the rest goes, least recently used first, whenever the ceiling would be passed.
 */
#define _GNU_SOURCE /* MAP_POPULATE */
#include "server/compute/cache.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"

struct server_cache_entry {
  server_cache_entry *next; /* most recently used first */
  char token[17], id[65];
  uint8_t plan_id[PLAN_ID_BYTES];
  ckks_evaluation_keys *keys;
  size_t n_bytes;
  int n_holders;
  bool reading, dropped;
};

struct server_cache {
  pthread_mutex_t lock;
  pthread_cond_t ready;
  server_cache_entry *first;
  size_t ceiling_bytes;
  server_cache_figures figures;
};

ckks_status server_cache_build(server_cache **out) {
  *out = base_alloc(sizeof **out);
  if (*out == NULL)
    return base_fail_memory(sizeof **out);
  pthread_mutex_init(&(*out)->lock, NULL);
  pthread_cond_init(&(*out)->ready, NULL);
  return CKKS_OK;
}

static void free_entry(server_cache_entry *entry) {
  ckks_evaluation_keys_free(entry->keys);
  base_free(entry);
}

void server_cache_free(server_cache *cache) {
  if (cache == NULL)
    return;
  for (server_cache_entry *entry = cache->first, *next; entry != NULL; entry = next) {
    next = entry->next;
    free_entry(entry);
  }
  pthread_cond_destroy(&cache->ready);
  pthread_mutex_destroy(&cache->lock);
  base_free(cache);
}

void server_cache_limit(server_cache *cache, size_t ceiling_bytes) {
  pthread_mutex_lock(&cache->lock);
  cache->ceiling_bytes = ceiling_bytes;
  pthread_mutex_unlock(&cache->lock);
}

/* --- the list; held: the lock */

static void unlink_entry(server_cache *cache, server_cache_entry *entry) {
  server_cache_entry **at = &cache->first;
  while (*at != entry)
    at = &(*at)->next;
  *at = entry->next;
  cache->figures.n_bytes -= entry->n_bytes;
  cache->figures.n_entries--;
}

static void link_entry(server_cache *cache, server_cache_entry *entry) {
  entry->next = cache->first;
  cache->first = entry;
  cache->figures.n_bytes += entry->n_bytes;
  cache->figures.n_entries++;
}

/* Makes room for n bytes; false when what is held by others leaves none. */
static bool evict(server_cache *cache, size_t n_bytes) {
  while (cache->figures.n_bytes + n_bytes > cache->ceiling_bytes) {
    server_cache_entry *last = NULL;
    for (server_cache_entry *entry = cache->first; entry != NULL; entry = entry->next)
      if (entry->n_holders == 0)
        last = entry;
    if (last == NULL)
      return false;
    unlink_entry(cache, last);
    free_entry(last);
    cache->figures.n_evictions++;
  }
  return true;
}

static server_cache_entry *find(const server_cache *cache, const char *token, const char *id,
                                const uint8_t *plan_id) {
  for (server_cache_entry *entry = cache->first; entry != NULL; entry = entry->next)
    if (!entry->dropped && strcmp(entry->id, id) == 0 && strcmp(entry->token, token) == 0 &&
        memcmp(entry->plan_id, plan_id, PLAN_ID_BYTES) == 0)
      return entry;
  return NULL;
}

/* --- reading */

size_t server_cache_expanded(const server_model *model) {
  const plan_interface *interface = &model->plan.interface;
  const ckks_params *params = exec_engine_params(model->engine);
  size_t n_bytes = sizeof(server_cache_entry);
  for (size_t i = 0; i < interface->n_keys; i++) {
    ckks_key_spec spec = interface->key[i];
    if (ckks_key_spec_check(&spec, params) != CKKS_OK)
      continue;
    size_t n_limbs = (size_t)ckks_params_limbs_over(params, spec.level, spec.n_special);
    n_bytes += n_limbs * (2 * (size_t)ckks_key_spec_digits(&spec) * params->ring.n + 88) * 8;
    n_bytes += spec.galois != 0 ? params->ring.n * sizeof(uint32_t) : 0;
  }
  return n_bytes + 2 * params->ring.n * sizeof(ring_word); /* and the public key for level 0 */
}

static ckks_status read_mapped(ckks_evaluation_keys **out, int fd, const char *id,
                               const server_model *model) {
  struct stat info;
  if (fstat(fd, &info) != 0 || info.st_size <= 0)
    return base_fail(CKKS_ERROR_IO, "key %.16s: %s", id, strerror(errno));
  size_t n = (size_t)info.st_size;
  void *map = mmap(NULL, n, PROT_READ, MAP_PRIVATE | MAP_POPULATE, fd, 0);
  if (map == MAP_FAILED)
    return base_fail_memory(n);
  ckks_status status = exec_keys_read(out, map, n, "key", model->engine, NULL);
  munmap(map, n);
  if (status == CKKS_OK && (status = exec_keys_check(*out, model->engine)) != CKKS_OK) {
    ckks_evaluation_keys_free(*out);
    *out = NULL;
  }
  return status;
}

static ckks_status read_keys(server_cache_entry *entry, const char *path,
                             const server_model *model) {
  int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
  if (fd < 0)
    return base_fail(CKKS_ERROR_IO, "key %.16s: %s", entry->id, strerror(errno));
  ckks_status status = read_mapped(&entry->keys, fd, entry->id, model);
  close(fd);
  return status;
}

static server_cache_entry *make_entry(const char *token, const char *id, server_model *model) {
  server_cache_entry *entry = base_alloc(sizeof *entry);
  if (entry == NULL)
    return NULL;
  snprintf(entry->token, sizeof entry->token, "%s", token);
  snprintf(entry->id, sizeof entry->id, "%s", id);
  memcpy(entry->plan_id, model->plan.interface.id, PLAN_ID_BYTES);
  entry->n_bytes = server_cache_expanded(model);
  entry->n_holders = 1;
  entry->reading = true;
  return entry;
}

/* Held: the lock. The entry is in the list while its file is read, so that others wait. */
static ckks_status read_entry(server_cache_entry **out, server_cache *cache, const char *token,
                              const char *id, const char *path, server_model *model) {
  server_cache_entry *entry = make_entry(token, id, model);
  if (entry == NULL)
    return base_fail_memory(sizeof *entry);
  cache->figures.n_misses++;
  if (!evict(cache, entry->n_bytes)) {
    ckks_status status =
        base_fail(CKKS_ERROR_MEMORY, "the keys take %zu bytes, the cache may hold %zu in all",
                  entry->n_bytes, cache->ceiling_bytes);
    free_entry(entry);
    return status;
  }
  link_entry(cache, entry);
  pthread_mutex_unlock(&cache->lock);
  ckks_status status = read_keys(entry, path, model);
  pthread_mutex_lock(&cache->lock);
  entry->reading = false;
  entry->dropped |= status != CKKS_OK;
  pthread_cond_broadcast(&cache->ready);
  *out = entry;
  return status;
}

/* Held: the lock. */
static void release(server_cache *cache, server_cache_entry *entry) {
  if (--entry->n_holders == 0 && entry->dropped) {
    unlink_entry(cache, entry);
    free_entry(entry);
  }
}

ckks_status server_cache_get(server_cache_entry **out, server_cache *cache, const char *token,
                             const char *id, const char *path, server_model *model) {
  ckks_status status = CKKS_OK;
  *out = NULL;
  pthread_mutex_lock(&cache->lock);
  server_cache_entry *entry = find(cache, token, id, model->plan.interface.id);
  if (entry != NULL) {
    cache->figures.n_hits++;
    entry->n_holders++;
    unlink_entry(cache, entry); /* to the front */
    link_entry(cache, entry);
    while (entry->reading)
      pthread_cond_wait(&cache->ready, &cache->lock);
    if (entry->keys == NULL)
      status = base_fail(CKKS_ERROR_IO, "key %.16s could not be read", id);
  } else {
    status = read_entry(&entry, cache, token, id, path, model);
  }
  if (status != CKKS_OK && entry != NULL)
    release(cache, entry);
  else
    *out = entry;
  pthread_mutex_unlock(&cache->lock);
  return status;
}

const ckks_evaluation_keys *server_cache_keys(const server_cache_entry *entry) {
  return entry->keys;
}

void server_cache_release(server_cache *cache, server_cache_entry *entry) {
  pthread_mutex_lock(&cache->lock);
  release(cache, entry);
  pthread_mutex_unlock(&cache->lock);
}

void server_cache_drop(server_cache *cache, const char *token, const char *id) {
  pthread_mutex_lock(&cache->lock);
  for (server_cache_entry *entry = cache->first, *next; entry != NULL; entry = next) {
    next = entry->next;
    if (strcmp(entry->id, id) != 0 || strcmp(entry->token, token) != 0)
      continue;
    entry->dropped = true;
    entry->n_holders++;
    release(cache, entry);
  }
  pthread_mutex_unlock(&cache->lock);
}

void server_cache_look(server_cache_figures *out, server_cache *cache) {
  pthread_mutex_lock(&cache->lock);
  *out = cache->figures;
  pthread_mutex_unlock(&cache->lock);
}
