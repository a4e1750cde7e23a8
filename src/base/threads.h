/* SPDX-License-Identifier: Apache-2.0 */
/* A fixed pool of workers for loops whose rounds are independent. */
#ifndef BASE_THREADS_H
#define BASE_THREADS_H
#include "base/status.h"
typedef struct base_threads base_threads;
typedef void (*base_task)(void *context, size_t index, int worker);
/** n_workers >= 1 (1 = no thread is made and tasks run in the caller). */
ckks_status base_threads_build(base_threads **out, int n_workers);
void base_threads_free(base_threads *threads);
int base_threads_count(const base_threads *threads); /**< NULL counts as 1 */
/**
 * Runs task(context, i, worker) for i in [0, n), any order, worker below the
 * count; returns when all are done. NULL = in the caller. Calls from several
 * threads take turns; a task must not call it on the pool that runs it.
 */
void base_threads_run(base_threads *threads, size_t n, base_task task, void *context);
#endif
