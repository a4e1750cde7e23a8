/* SPDX-License-Identifier: Apache-2.0 */
/* The evaluator: what it holds from birth to death. */
#include "eval/eval.h"

#include "base/alloc.h"
#include "eval/basis.h"
#include "eval/workers.h"

ckks_status ckks_evaluator_build(ckks_evaluator **out, const ckks_params *params,
                                 const ckks_evaluation_keys *keys) {
  BASE_NOT_NULL(out);
  *out = NULL;
  BASE_NOT_NULL(params);
  if (keys != NULL)
    BASE_TRY(ckks_params_check(params, keys->params_hash, "evaluation keys"));
  ckks_evaluator *ev = base_alloc(sizeof *ev);
  if (ev == NULL)
    return base_fail_memory(sizeof *ev);
  ckks_status status;
  ev->params = params;
  ev->keys = keys;
  BASE_GOTO(status, eval_tables_build(&ev->tables, params), fail);
  BASE_GOTO(status, base_arena_init(&ev->arena, eval_scratch_bytes(params)), fail);
  BASE_GOTO(status, ckks_plaintext_build(&ev->plaintext, params), fail);
  if (keys != NULL)
    BASE_GOTO(status, eval_key_steps(ev), fail);
  *out = ev;
  return CKKS_OK;
fail:
  ckks_evaluator_free(ev);
  return status;
}

void ckks_evaluator_free(ckks_evaluator *evaluator) {
  if (evaluator == NULL)
    return;
  for (int i = 0; i < EVAL_MAX_SPARES; i++)
    ckks_ciphertext_free(evaluator->spare[i]);
  ckks_plaintext_free(evaluator->plaintext);
  base_free(evaluator->steps);
  eval_workers_clear(evaluator);
  base_arena_clear(&evaluator->arena);
  eval_tables_free(evaluator->tables);
  base_free(evaluator);
}

ckks_status ckks_evaluator_set_threads(ckks_evaluator *evaluator, int n) {
  BASE_NOT_NULL(evaluator);
  if (n < 1 || n > EVAL_WORKERS_MAX)
    return base_fail(CKKS_ERROR_ARGUMENT, "n = %d: must be 1 to %d", n, EVAL_WORKERS_MAX);
  base_threads *threads = NULL;
  if (n > 1)
    BASE_TRY(base_threads_build(&threads, n));
  ckks_status status = eval_workers_set(evaluator, threads);
  if (status != CKKS_OK) {
    base_threads_free(threads);
    return status;
  }
  base_threads_free(evaluator->own_threads);
  evaluator->own_threads = threads;
  return CKKS_OK;
}
