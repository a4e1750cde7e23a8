/* SPDX-License-Identifier: Apache-2.0 */
#define _POSIX_C_SOURCE 200809L
#include "base/threads.h"

#include "base/alloc.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>

/*
 * Looks at a neighbour's progress, giving way to others in between, before going to sleep: rounds
 * that follow each other closely, as within one evaluation, then need no waking, which takes
 * tens of microseconds.
 */
#define LOOKS 200

typedef struct worker {
  base_threads *threads;
  int number;
  pthread_t thread;
} worker;

struct base_threads {
  int n_workers; /* the caller of run is worker 0, so one thread fewer is made */
  int n_started;
  worker *workers;
  pthread_mutex_t turn; /* held for a whole run: callers take turns */

  pthread_mutex_t lock; /* held to change anything below but `next` */
  pthread_cond_t start, done;
  atomic_uint_least64_t run; /* number of the current run: a worker never takes part twice */
  int n_called;              /* workers that take part in it: no more than there are indices */
  atomic_int n_busy;
  atomic_bool stop;
  base_task task;
  void *context;
  size_t n;
  atomic_size_t next; /* indices are handed out one by one: rounds may differ in length */
};

static void take_indices(base_threads *threads, int number) {
  for (;;) {
    size_t index = atomic_fetch_add_explicit(&threads->next, 1, memory_order_relaxed);
    if (index >= threads->n)
      return;
    threads->task(threads->context, index, number);
  }
}

/* Whether there is something new: a run after `seen`, or the end. */
static bool called(base_threads *threads, uint64_t seen) {
  return threads->stop || threads->run != seen;
}

static void *work(void *argument) {
  worker *self = argument;
  base_threads *threads = self->threads;
  for (uint64_t seen = 0;;) {
    for (int look = 0; look < LOOKS && !called(threads, seen); look++)
      sched_yield();
    pthread_mutex_lock(&threads->lock);
    while (!called(threads, seen))
      pthread_cond_wait(&threads->start, &threads->lock);
    seen = threads->run;
    bool takes_part = self->number < threads->n_called;
    pthread_mutex_unlock(&threads->lock);
    if (threads->stop)
      return NULL;
    if (!takes_part)
      continue;
    take_indices(threads, self->number);
    pthread_mutex_lock(&threads->lock);
    if (--threads->n_busy == 0)
      pthread_cond_signal(&threads->done);
    pthread_mutex_unlock(&threads->lock);
  }
}

static ckks_status start_workers(base_threads *threads) {
  for (int i = 1; i < threads->n_workers; i++) {
    worker *w = &threads->workers[i];
    *w = (worker){.threads = threads, .number = i};
    if (pthread_create(&w->thread, NULL, work, w) != 0)
      return base_fail(CKKS_ERROR_MEMORY, "threads: only %d of %d could be started", i,
                       threads->n_workers);
    threads->n_started++;
  }
  return CKKS_OK;
}

ckks_status base_threads_build(base_threads **out, int n_workers) {
  *out = NULL;
  if (n_workers < 1)
    return base_fail(CKKS_ERROR_ARGUMENT, "threads: %d workers, at least 1 is needed", n_workers);
  base_threads *threads = base_alloc(sizeof *threads);
  worker *workers = base_alloc_array((size_t)n_workers, sizeof *workers);
  if (threads == NULL || workers == NULL) {
    base_free(workers);
    base_free(threads);
    return base_fail_memory((size_t)n_workers * sizeof *workers);
  }
  threads->n_workers = n_workers;
  threads->workers = workers;
  pthread_mutex_init(&threads->turn, NULL);
  pthread_mutex_init(&threads->lock, NULL);
  pthread_cond_init(&threads->start, NULL);
  pthread_cond_init(&threads->done, NULL);
  ckks_status status = start_workers(threads);
  if (status != CKKS_OK) {
    base_threads_free(threads);
    return status;
  }
  *out = threads;
  return CKKS_OK;
}

void base_threads_free(base_threads *threads) {
  if (threads == NULL)
    return;
  pthread_mutex_lock(&threads->lock);
  threads->stop = true;
  pthread_cond_broadcast(&threads->start);
  pthread_mutex_unlock(&threads->lock);
  for (int i = 1; i <= threads->n_started; i++)
    pthread_join(threads->workers[i].thread, NULL);
  pthread_cond_destroy(&threads->done);
  pthread_cond_destroy(&threads->start);
  pthread_mutex_destroy(&threads->lock);
  pthread_mutex_destroy(&threads->turn);
  base_free(threads->workers);
  base_free(threads);
}

int base_threads_count(const base_threads *threads) {
  return threads != NULL ? threads->n_workers : 1;
}

void base_threads_run(base_threads *threads, size_t n, base_task task, void *context) {
  /* One round, or nobody to share with: not worth waking anyone. */
  if (threads == NULL || threads->n_workers == 1 || n <= 1) {
    for (size_t i = 0; i < n; i++)
      task(context, i, 0);
    return;
  }
  pthread_mutex_lock(&threads->turn);
  pthread_mutex_lock(&threads->lock);
  threads->task = task;
  threads->context = context;
  threads->n = n;
  atomic_store_explicit(&threads->next, 0, memory_order_relaxed);
  threads->n_called = n < (size_t)threads->n_workers ? (int)n : threads->n_workers;
  threads->n_busy = threads->n_called - 1;
  threads->run++;
  pthread_cond_broadcast(&threads->start);
  pthread_mutex_unlock(&threads->lock);

  take_indices(threads, 0);

  /* Who was called reports, even one that found no index left: the next run may then begin. */
  for (int look = 0; look < LOOKS && threads->n_busy > 0; look++)
    sched_yield();
  pthread_mutex_lock(&threads->lock);
  while (threads->n_busy > 0)
    pthread_cond_wait(&threads->done, &threads->lock);
  pthread_mutex_unlock(&threads->lock);
  pthread_mutex_unlock(&threads->turn);
}
