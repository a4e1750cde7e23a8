/* SPDX-License-Identifier: Apache-2.0 */
/**
 * The encrypted reading of a plan. An engine is a plan made ready: its vectors
 * encoded once; it is shared and read-only. A session is one client's keys and one
 * thread's registers and scratch on top of an engine.
 */
#ifndef EXEC_EXEC_H
#define EXEC_EXEC_H
#include "eval/eval.h"
#include "plan/plan.h"

typedef struct exec_engine exec_engine;
typedef struct exec_session exec_session;

#define EXEC_WEIGHTS_BYTES PLAN_WEIGHTS_BYTES
/**
 * The plan stays the caller's, unchanged, and must outlive the engine. Encoded weights of maps
 * take weights_bytes at most; what does not fit is kept as integers, in about a tenth of the
 * memory, and transformed when used.
 */
ckks_status exec_engine_build(exec_engine **out, const plan_plan *plan, size_t weights_bytes);
void exec_engine_free(exec_engine *engine);
const ckks_params *exec_engine_params(const exec_engine *engine);
const plan_plan *exec_engine_plan(const exec_engine *engine);

/** Keys stay the caller's. CKKS_ERROR_KEY names the first key that the plan needs and is not there.
 */
ckks_status exec_session_build(exec_session **out, const exec_engine *engine,
                               const ckks_evaluation_keys *keys);
void exec_session_free(exec_session *session);
/**
 * Another client's keys from now on: exactly those of the plan, no fewer and no more (else
 * CKKS_ERROR_KEY). Registers and scratch stay, so that a thread needs one session for all.
 */
ckks_status exec_session_use(exec_session *session, const ckks_evaluation_keys *keys);
/** Whether the set is exactly what the plan needs, with the public key that hides results: what
 * a service accepts from strangers. */
ckks_status exec_keys_check(const ckks_evaluation_keys *keys, const exec_engine *engine);
ckks_evaluator *exec_session_evaluator(exec_session *session);
const plan_plan *exec_session_plan(const exec_session *session);
/**
 * Runs the program of a packing. Inputs at the layout's level and scale (2 parts);
 * outputs[i] are the session's own, valid until its next run. Latency runs
 * allocate nothing from the second one on; throughput runs give registers back
 * as soon as their last reader is done.
 */
ckks_status exec_session_run(const ckks_ciphertext **outputs, ckks_ciphertext *const *inputs,
                             plan_packing packing, exec_session *session);

/**
 * Lends a pool whose threads share the work inside each operation, to the same result bit for
 * bit; NULL takes it back (what is left is scratch for the next time). The session must not run
 * in a task of that pool meanwhile. CKKS_ERROR_MEMORY, with the session as before.
 */
ckks_status exec_session_set_threads(exec_session *session, base_threads *threads);

/**
 * A copy of a result (level 0) plus a fresh encryption of zero under the client's public key
 * plus flooding noise, uniform up to plan_flood. CKKS_ERROR_KEY without a key.
 */
ckks_status exec_hide(ckks_ciphertext **out, const ckks_ciphertext *result,
                      const ckks_public_key *key, const plan_layout *layout,
                      const ckks_params *params);
/**
 * A whole message: sample frame in, result frame out (free with base_free). `name` starts errors.
 * Every result goes through exec_hide, whoever calls: two are never the same bytes, and without
 * a public key beside the evaluation keys there is none (CKKS_ERROR_KEY).
 */
ckks_status exec_infer(uint8_t **out, size_t *n_out, const uint8_t *sample, size_t n_sample,
                       const char *name, exec_session *session);
/**
 * As exec_infer, rows or batches spread over `threads` (NULL = the caller alone):
 * sessions[worker] for each of base_threads_count(threads) workers. A single one is worked on
 * by all threads in sessions[0]. What the result says is the same whatever the number of workers;
 * its bytes are not, since fresh noise hides each result.
 */
ckks_status exec_infer_threads(uint8_t **out, size_t *n_out, const uint8_t *sample, size_t n_sample,
                               const char *name, exec_session *const *sessions,
                               base_threads *threads);
/**
 * Reads an evaluation-key frame of this plan. Parameters and plan are checked, each with an
 * error of its own; CKKS_ERROR_KEY when no public key stands behind the evaluation keys.
 */
ckks_status exec_keys_read(ckks_evaluation_keys **out, const uint8_t *bytes, size_t n_bytes,
                           const char *name, const exec_engine *engine, base_threads *threads);
#endif
