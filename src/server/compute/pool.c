/* SPDX-License-Identifier: Apache-2.0 */
/* Workers and two queues: what a client waits for, and what it does not. */
#include "server/compute/pool.h"

#include <pthread.h>

#include "base/alloc.h"

typedef struct queue {
  server_task *first, **last;
} queue;

typedef struct worker {
  server_pool *pool;
  int number;
  pthread_t thread;
} worker;

struct server_pool {
  pthread_mutex_t lock;
  pthread_cond_t filled;
  queue urgent, background;
  size_t n_waiting, n_queue;
  bool stop;
  int n_workers, n_started;
  worker *workers;
};

static void push(queue *q, server_task *task) {
  task->next = NULL;
  *q->last = task;
  q->last = &task->next;
}

static server_task *pop(queue *q) {
  server_task *task = q->first;
  if (task != NULL && (q->first = task->next) == NULL)
    q->last = &q->first;
  return task;
}

/* At the end those that somebody waits for still run. */
static server_task *next_task(server_pool *pool) {
  server_task *task = pop(&pool->urgent);
  if (task != NULL)
    pool->n_waiting--;
  else if (!pool->stop)
    task = pop(&pool->background);
  return task;
}

static void *work(void *argument) {
  worker *self = argument;
  server_pool *pool = self->pool;
  pthread_mutex_lock(&pool->lock);
  for (;;) {
    server_task *task = NULL;
    while ((task = next_task(pool)) == NULL && !pool->stop)
      pthread_cond_wait(&pool->filled, &pool->lock);
    if (task == NULL)
      break;
    pthread_mutex_unlock(&pool->lock);
    task->run(task->context, self->number);
    pthread_mutex_lock(&pool->lock);
  }
  pthread_mutex_unlock(&pool->lock);
  return NULL;
}

ckks_status server_pool_build(server_pool **out, int n_workers, size_t n_queue) {
  server_pool *pool = base_alloc(sizeof *pool);
  worker *workers = base_alloc_array((size_t)n_workers, sizeof *workers);
  *out = NULL;
  if (pool == NULL || workers == NULL) {
    base_free(pool);
    base_free(workers);
    return base_fail_memory((size_t)n_workers * sizeof *workers);
  }
  *pool = (server_pool){.n_queue = n_queue, .n_workers = n_workers, .workers = workers};
  pool->urgent.last = &pool->urgent.first;
  pool->background.last = &pool->background.first;
  pthread_mutex_init(&pool->lock, NULL);
  pthread_cond_init(&pool->filled, NULL);
  for (int i = 0; i < n_workers; i++) {
    workers[i] = (worker){.pool = pool, .number = i};
    if (pthread_create(&workers[i].thread, NULL, work, &workers[i]) != 0) {
      server_pool_free(pool);
      return base_fail(CKKS_ERROR_MEMORY, "only %d of %d workers could be started", i, n_workers);
    }
    pool->n_started++;
  }
  *out = pool;
  return CKKS_OK;
}

void server_pool_stop(server_pool *pool) {
  if (pool == NULL)
    return;
  pthread_mutex_lock(&pool->lock);
  pool->stop = true;
  pthread_cond_broadcast(&pool->filled);
  pthread_mutex_unlock(&pool->lock);
  for (int i = 0; i < pool->n_started; i++)
    pthread_join(pool->workers[i].thread, NULL);
  pool->n_started = 0;
}

void server_pool_free(server_pool *pool) {
  if (pool == NULL)
    return;
  server_pool_stop(pool);
  for (server_task *task; (task = pop(&pool->background)) != NULL;)
    task->drop(task->context);
  pthread_cond_destroy(&pool->filled);
  pthread_mutex_destroy(&pool->lock);
  base_free(pool->workers);
  base_free(pool);
}

bool server_pool_add(server_pool *pool, server_task *task) {
  pthread_mutex_lock(&pool->lock);
  bool room = pool->n_waiting < pool->n_queue && !pool->stop;
  if (room) {
    push(&pool->urgent, task);
    pool->n_waiting++;
    pthread_cond_signal(&pool->filled);
  }
  pthread_mutex_unlock(&pool->lock);
  return room;
}

void server_pool_add_background(server_pool *pool, server_task *task) {
  pthread_mutex_lock(&pool->lock);
  push(&pool->background, task);
  pthread_cond_signal(&pool->filled);
  pthread_mutex_unlock(&pool->lock);
}

size_t server_pool_depth(server_pool *pool) {
  pthread_mutex_lock(&pool->lock);
  size_t depth = pool->n_waiting;
  pthread_mutex_unlock(&pool->lock);
  return depth;
}

int server_pool_workers(const server_pool *pool) {
  return pool->n_workers;
}
