/* SPDX-License-Identifier: Apache-2.0 */
#include "eval/workers.h"

#include "base/alloc.h"

/* What a task takes: digits over one prime, the pairs of a linear map, a division's remainder. */
static size_t workers_scratch_bytes(const ckks_params *params) {
  size_t limbs = (size_t)params->literal.n_q + 6 + 1; /* digits are levels */
  return limbs * ring_poly_bytes(1, &params->ring) + (size_t)16 * 64;
}

bool eval_workers_pay(const ckks_evaluator *ev) {
  return ev->threads != NULL && ev->params->ring.n >= EVAL_WORKERS_MIN_N;
}

typedef struct workers_job {
  ckks_evaluator *ev;
  eval_task task;
  void *context;
} workers_job;

/* The caller is worker 0 and works with the evaluator itself. */
static void workers_task(void *context, size_t i, int worker) {
  const workers_job *job = context;
  ckks_evaluator *ev = worker == 0 ? job->ev : &job->ev->worker[worker - 1];
  size_t mark = base_arena_mark(&ev->arena);
  job->task(job->context, (int)i, ev);
  base_arena_reset(&ev->arena, mark);
}

/* Moves what the others have counted to the evaluator. */
static void workers_count(ckks_evaluator *ev) {
  for (int w = 0; w < ev->n_workers; w++) {
    eval_counters *counters = &ev->worker[w].counters;
    ev->counters.ntt += counters->ntt;
    ev->counters.short_butterflies += counters->short_butterflies;
    ev->counters.mac_words += counters->mac_words;
    ev->counters.convert_words += counters->convert_words;
    ev->counters.permute_words += counters->permute_words;
    ev->counters.switches += counters->switches;
    *counters = (eval_counters){0};
  }
}

void eval_workers_run(ckks_evaluator *ev, int n, eval_task task, void *context) {
  workers_job job = {ev, task, context};
  base_threads *threads = ev->threads;
  if (!eval_workers_pay(ev)) {
    for (int i = 0; i < n; i++)
      workers_task(&job, (size_t)i, 0);
    return;
  }
  ev->threads = NULL; /* a task works alone */
  base_threads_run(threads, (size_t)n, workers_task, &job);
  ev->threads = threads;
  workers_count(ev);
}

static void workers_free(ckks_evaluator *workers, int n) {
  for (int w = 0; w < n; w++)
    base_arena_clear(&workers[w].arena);
  base_free(workers);
}

void eval_workers_clear(ckks_evaluator *ev) {
  workers_free(ev->worker, ev->n_workers);
  base_threads_free(ev->own_threads);
  ev->worker = NULL;
  ev->n_workers = 0;
  ev->threads = ev->own_threads = NULL;
}

ckks_status eval_workers_set(ckks_evaluator *ev, base_threads *threads) {
  int n = base_threads_count(threads) - 1;
  if (n >= EVAL_WORKERS_MAX)
    n = 0;
  if (n <= ev->n_workers) { /* a larger number of workers suits a smaller pool */
    ev->threads = n > 0 ? threads : NULL;
    return CKKS_OK;
  }
  ckks_evaluator *workers = base_alloc_array((size_t)n, sizeof *workers);
  if (workers == NULL)
    return base_fail_memory((size_t)n * sizeof *workers);
  ckks_status status = CKKS_OK;
  for (int w = 0; w < n && status == CKKS_OK; w++) {
    workers[w].params = ev->params;
    workers[w].keys = ev->keys;
    workers[w].tables = ev->tables;
    status = base_arena_init(&workers[w].arena, workers_scratch_bytes(ev->params));
  }
  if (status != CKKS_OK) {
    workers_free(workers, n);
    return status;
  }
  workers_free(ev->worker, ev->n_workers);
  ev->worker = workers;
  ev->n_workers = n;
  ev->threads = threads;
  return CKKS_OK;
}
