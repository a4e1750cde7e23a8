/* SPDX-License-Identifier: Apache-2.0 */
/* One client's keys, and room to compute with them. */
#include "base/alloc.h"
#include "base/threads.h"
#include "blindsight/engine.h"
#include "exec/stored.h"

struct blindsight_session {
  exec_engine *engine;        /**< the server's, or the stored one's */
  ckks_evaluation_keys *keys; /**< shared by all workers; likewise its own, or the stored one's */
  exec_stored stored;         /**< zero in a session that was not loaded */
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
  if (session->keys != session->stored.keys)
    ckks_evaluation_keys_free(session->keys);
  exec_stored_close(&session->stored);
  base_free(session);
}

/* From a client's keys as they come. */
static ckks_status take_keys(blindsight_session *session, const blindsight_server *server,
                             const uint8_t *keys, size_t n_bytes) {
  BASE_TRY(blindsight_engine_get(&session->engine, server->engine, EXEC_WEIGHTS_BYTES));
  return exec_keys_read(&session->keys, keys, n_bytes, "evaluation keys", session->engine,
                        session->threads);
}

static ckks_status take_stored(blindsight_session *session, const blindsight_server *server,
                               const char *path) {
  BASE_TRY(exec_stored_open(&session->stored, path, &server->plan));
  session->engine = session->stored.engine;
  session->keys = session->stored.keys;
  return CKKS_OK;
}

static ckks_status build_workers(blindsight_session *session, int n_threads) {
  session->worker = base_alloc_array((size_t)n_threads, sizeof *session->worker);
  if (session->worker == NULL)
    return base_fail_memory((size_t)n_threads * sizeof *session->worker);
  for (int i = 0; i < n_threads; i++)
    BASE_TRY(exec_session_build(&session->worker[i], session->engine, session->keys));
  return CKKS_OK;
}

/* From keys, or, where `path` is not NULL, from a file. */
static ckks_status session_build(blindsight_session **out, const blindsight_server *server,
                                 const uint8_t *keys, size_t n_bytes, const char *path,
                                 int n_threads) {
  if (n_threads < 1 || n_threads > BLINDSIGHT_MAX_THREADS)
    return base_fail(CKKS_ERROR_ARGUMENT, "n_threads = %d: must be 1 to %d", n_threads,
                     BLINDSIGHT_MAX_THREADS);
  blindsight_session *session = base_alloc(sizeof *session);
  if (session == NULL)
    return base_fail_memory(sizeof *session);
  ckks_status status = base_threads_build(&session->threads, n_threads);
  if (status == CKKS_OK)
    status = path != NULL ? take_stored(session, server, path)
                          : take_keys(session, server, keys, n_bytes);
  if (status == CKKS_OK)
    status = build_workers(session, n_threads);
  if (status != CKKS_OK) {
    blindsight_session_free(session);
    return status;
  }
  *out = session;
  return CKKS_OK;
}

ckks_status blindsight_session_build(blindsight_session **out, const blindsight_server *server,
                                     const uint8_t *keys, size_t n_bytes, int n_threads) {
  BASE_TRY(blindsight_objects_require(out, "out"));
  *out = NULL;
  BASE_TRY(blindsight_objects_require(server, "server"));
  BASE_TRY(blindsight_objects_require(keys, "keys"));
  return session_build(out, server, keys, n_bytes, NULL, n_threads);
}

ckks_status blindsight_session_load(blindsight_session **out, const blindsight_server *server,
                                    const char *path, int n_threads) {
  BASE_TRY(blindsight_objects_require(out, "out"));
  *out = NULL;
  BASE_TRY(blindsight_objects_require(server, "server"));
  BASE_TRY(blindsight_objects_require(path, "path"));
  return session_build(out, server, NULL, 0, path, n_threads);
}

ckks_status blindsight_session_save(const char *path, const blindsight_session *session) {
  BASE_TRY(blindsight_objects_require(path, "path"));
  BASE_TRY(blindsight_objects_require(session, "session"));
  return exec_stored_write(path, session->engine, session->keys);
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
