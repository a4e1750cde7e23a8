/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Threads inside one operation. What is done limb by limb is a task for each limb (or
 * each limb of each part), which reads what is shared and writes its own limb: results are the
 * same bit for bit, whoever does what. Small rings are not worth waking anyone.
 */
#ifndef EVAL_WORKERS_H
#define EVAL_WORKERS_H
#include "eval/eval.h"

/** Limbs of fewer words than this are the caller's alone. */
#define EVAL_WORKERS_MIN_N ((size_t)1 << 13)
/** Threads of one evaluator. */
#define EVAL_WORKERS_MAX 64

/** `ev` is the running thread's: its arena and its counters. The arena is given back after it. */
typedef void (*eval_task)(void *context, int i, ckks_evaluator *ev);

/** Whether there are threads, and work worth sharing. */
bool eval_workers_pay(const ckks_evaluator *ev);
/** Runs task(context, i, ...) for i in [0, n), in any order and place. */
void eval_workers_run(ckks_evaluator *ev, int n, eval_task task, void *context);
/**
 * Lends a pool to the evaluator; NULL takes it away, leaving the scratch for the next time. One
 * of more than EVAL_WORKERS_MAX threads is not used: there are never so many limbs to share.
 * Nobody else may use the evaluator meanwhile, nor run it from a task of this pool.
 * CKKS_ERROR_MEMORY, and all is as before.
 */
ckks_status eval_workers_set(ckks_evaluator *ev, base_threads *threads);
/** Frees scratch and threads of its own. */
void eval_workers_clear(ckks_evaluator *ev);
#endif
