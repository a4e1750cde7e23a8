/* SPDX-License-Identifier: Apache-2.0 */
/* One client's keys, and room to compute with them. */
#include "base/alloc.h"
#include "base/threads.h"
#include "blindsight/engine.h"

struct blindsight_session {
  ckks_evaluation_keys *keys; /**< shared by all workers */
  base_threads *threads;
  exec_session **worker; /**< one for each of base_threads_count(threads) */
};

void blindsight_session_free(blindsight_session *session) {
  if (session == NULL)
    return;
  for (int i = 0; session->worker != NULL && i < base_threads_count(session->threads); i++)
    exec_session_free(session->worker[i]);
  base_free(session->worker);
  base_threads_free(session->threads);
  ckks_evaluation_keys_free(session->keys);
  base_free(session);
}

static ckks_status session_init(blindsight_session *session, const blindsight_server *server,
                                const uint8_t *keys, size_t n_bytes, int n_threads) {
  exec_engine *engine;
  BASE_TRY(blindsight_engine_get(&engine, server->engine, EXEC_WEIGHTS_BYTES));
  BASE_TRY(base_threads_build(&session->threads, n_threads));
  BASE_TRY(
      exec_keys_read(&session->keys, keys, n_bytes, "evaluation keys", engine, session->threads));
  session->worker = base_alloc_array((size_t)n_threads, sizeof *session->worker);
  if (session->worker == NULL)
    return base_fail_memory((size_t)n_threads * sizeof *session->worker);
  for (int i = 0; i < n_threads; i++)
    BASE_TRY(exec_session_build(&session->worker[i], engine, session->keys));
  return CKKS_OK;
}

ckks_status blindsight_session_build(blindsight_session **out, const blindsight_server *server,
                                     const uint8_t *keys, size_t n_bytes, int n_threads) {
  BASE_TRY(blindsight_objects_require(out, "out"));
  *out = NULL;
  BASE_TRY(blindsight_objects_require(server, "server"));
  BASE_TRY(blindsight_objects_require(keys, "keys"));
  if (n_threads < 1 || n_threads > BLINDSIGHT_MAX_THREADS)
    return base_fail(CKKS_ERROR_ARGUMENT, "n_threads = %d: must be 1 to %d", n_threads,
                     BLINDSIGHT_MAX_THREADS);
  blindsight_session *session = base_alloc(sizeof *session);
  if (session == NULL)
    return base_fail_memory(sizeof *session);
  ckks_status status = session_init(session, server, keys, n_bytes, n_threads);
  if (status != CKKS_OK) {
    blindsight_session_free(session);
    return status;
  }
  *out = session;
  return CKKS_OK;
}

ckks_status blindsight_session_infer(uint8_t **result, size_t *n_result, const uint8_t *sample,
                                     size_t n_sample, blindsight_session *session) {
  if (result != NULL)
    *result = NULL;
  if (n_result != NULL)
    *n_result = 0;
  BASE_TRY(blindsight_objects_require(result, "result"));
  BASE_TRY(blindsight_objects_require(n_result, "n_result"));
  BASE_TRY(blindsight_objects_require(sample, "sample"));
  BASE_TRY(blindsight_objects_require(session, "session"));
  return exec_infer_threads(result, n_result, sample, n_sample, "sample", session->worker,
                            session->threads);
}
