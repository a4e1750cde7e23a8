/* SPDX-License-Identifier: Apache-2.0 */
/* Who computes: the pool of workers, the models they run and the expanded keys they share. */
#ifndef SERVER_WORK_H
#define SERVER_WORK_H
#include <pthread.h>
#include <stdatomic.h>

#include "exec/exec.h"
#include "server/server.h"

/* --- pool.c */
typedef struct server_task {
  struct server_task *next;
  void (*run)(void *context, int worker);
  void (*drop)(void *context); /* background tasks: instead of run, at the end */
  void *context;
} server_task;

typedef struct server_pool server_pool;
/** n_queue bounds the tasks that wait; background ones are bounded by who adds them. */
ckks_status server_pool_build(server_pool **out, int n_workers, size_t n_queue);
/** Nothing is taken any more; returns when the tasks that somebody waits for have run. */
void server_pool_stop(server_pool *pool);
/** Stops, and drops the background tasks that wait. */
void server_pool_free(server_pool *pool);
/** The task is the caller's until it ran. false = the queue is full. */
bool server_pool_add(server_pool *pool, server_task *task);
/** Taken when nothing else waits. */
void server_pool_add_background(server_pool *pool, server_task *task);
size_t server_pool_depth(server_pool *pool);
int server_pool_workers(const server_pool *pool);

/* --- models.c */
typedef struct server_model {
  atomic_int n_holders;
  char name[129], version[33];
  model_plan plan;
  exec_engine *engine;
  uint8_t *client; /**< the client file */
  size_t n_client;
  char tag[65], digest[65]; /**< of the client file; identity of the plan: both in hex */
  exec_session **session;   /**< one for each worker, built when first needed */
  int n_sessions;
} server_model;

typedef struct server_models server_models;
/** Encoded weights of each model take weights_bytes at most (exec/exec.h). */
ckks_status server_models_build(server_models **out, const char *path, int n_workers,
                                size_t weights_bytes);
void server_models_free(server_models *models);
ckks_status server_models_reload(server_models *models);
/** version NULL = the highest. Held for the caller; NULL when there is none. */
server_model *server_models_find(server_models *models, const char *name, const char *version);
/** The model whose plan it is. */
server_model *server_models_find_plan(server_models *models, const uint8_t *plan_id);
/** All models, held; their number. */
size_t server_models_all(server_model ***out, server_models *models);
void server_model_hold(server_model *model);
void server_model_release(server_model *model); /**< NULL allowed */

/* --- cache.c: expanded keys, least recently used out first */
typedef struct server_cache server_cache;
typedef struct server_entry server_entry;
typedef struct server_cache_figures {
  size_t n_bytes, n_entries;
  uint64_t n_hits, n_misses, n_evictions;
} server_cache_figures;

ckks_status server_cache_build(server_cache **out, size_t ceiling_bytes);
void server_cache_free(server_cache *cache);
/**
 * The keys in file `path`, expanded for the model; held until released. Whoever comes while
 * another reads waits for that. Keys above the ceiling are CKKS_ERROR_MEMORY.
 */
ckks_status server_cache_get(server_entry **out, server_cache *cache, const char *token,
                             const char *id, const char *path, server_model *model);
const ckks_evaluation_keys *server_entry_keys(const server_entry *entry);
void server_cache_release(server_cache *cache, server_entry *entry);
/** Forgets a key (after DELETE): it is freed with its last holder. */
void server_cache_drop(server_cache *cache, const char *token, const char *id);
void server_cache_look(server_cache_figures *out, server_cache *cache);
#endif
