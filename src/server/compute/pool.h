/* SPDX-License-Identifier: Apache-2.0 */
/* Workers, and the tasks that wait for them. */
#ifndef SERVER_POOL_H
#define SERVER_POOL_H
#include "base/status.h"

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
#endif
