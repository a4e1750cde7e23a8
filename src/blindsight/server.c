/* SPDX-License-Identifier: Apache-2.0 */
/* The server's side: compiled models and sessions. Nothing here can name a secret key. */
#include "base/alloc.h"
#include "blindsight/objects.h"
#include "compile/compile.h"
#include "plan/files.h"

/* --------------------------------------------------------------- compiling */

void blindsight_compile_options_default(blindsight_compile_options *options) {
  compile_options inner;
  compile_options_default(&inner);
  *options = (blindsight_compile_options){.error = inner.error,
                                          .security = inner.security,
                                          .log2_n = inner.log2_n,
                                          .latency = inner.latency,
                                          .throughput = inner.throughput,
                                          .last_on_server = inner.last_on_server,
                                          .headroom = inner.headroom,
                                          .minimise = (blindsight_minimise)inner.minimise};
}

static ckks_status compile(plan_plan *plan, const network_model *model,
                           const blindsight_compile_options *options) {
  compile_options inner;
  blindsight_compile_options defaults;
  if (options == NULL) {
    blindsight_compile_options_default(&defaults);
    options = &defaults;
  }
  if (options->security != CKKS_SECURITY_128 && options->security != CKKS_SECURITY_192 &&
      options->security != CKKS_SECURITY_256)
    return base_fail(CKKS_ERROR_SECURITY, "security = %d: must be 128, 192 or 256",
                     (int)options->security);
  if ((unsigned)options->minimise > BLINDSIGHT_MINIMISE_KEYS)
    return base_fail(CKKS_ERROR_ARGUMENT, "minimise = %d: there is no such aim",
                     (int)options->minimise);
  compile_options_default(&inner);
  inner.error = options->error;
  inner.security = options->security;
  inner.log2_n = options->log2_n;
  inner.latency = options->latency;
  inner.throughput = options->throughput;
  inner.last_on_server = options->last_on_server;
  inner.headroom = options->headroom;
  inner.minimise = (compile_minimise)options->minimise;
  return compile_model(plan, model, &inner);
}

/* ----------------------------------------------------------------- servers */

void blindsight_server_free(blindsight_server *server) {
  if (server == NULL)
    return;
  exec_engine_free(server->engine);
  plan_clear(&server->plan);
  base_free(server);
}

static ckks_status server_build(blindsight_server **out) {
  BASE_TRY(blindsight_objects_require(out, "out"));
  *out = base_alloc(sizeof **out);
  return *out != NULL ? CKKS_OK : base_fail_memory(sizeof **out);
}

/* Makes the plan ready to run; `status` is that of making the plan. */
static ckks_status server_finish(blindsight_server **out, ckks_status status) {
  blindsight_server *server = *out;
  if (status == CKKS_OK)
    status = exec_engine_build(&server->engine, &server->plan, EXEC_WEIGHTS_BYTES);
  if (status != CKKS_OK) {
    blindsight_server_free(server);
    *out = NULL;
    return status;
  }
  server->client.interface = &server->plan.interface;
  return CKKS_OK;
}

ckks_status blindsight_server_compile(blindsight_server **out, const blindsight_model *model,
                                      const blindsight_compile_options *options) {
  BASE_TRY(server_build(out));
  ckks_status status = blindsight_objects_require(model, "model");
  if (status == CKKS_OK)
    status = compile(&(*out)->plan, &model->model, options);
  return server_finish(out, status);
}

ckks_status blindsight_server_load(blindsight_server **out, const char *path) {
  BASE_TRY(server_build(out));
  ckks_status status = blindsight_objects_require(path, "path");
  if (status == CKKS_OK)
    status = plan_files_server_read(&(*out)->plan, path);
  return server_finish(out, status);
}

ckks_status blindsight_server_save(const char *path, const blindsight_server *server) {
  BASE_TRY(blindsight_objects_require(path, "path"));
  BASE_TRY(blindsight_objects_require(server, "server"));
  return plan_files_server_write(path, &server->plan);
}

const blindsight_client *blindsight_server_client(const blindsight_server *server) {
  return &server->client;
}

/* ---------------------------------------------------------------- sessions */

#define MAX_THREADS 256

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

static ckks_status session_fill(blindsight_session *session, const blindsight_server *server,
                                const uint8_t *keys, size_t n_bytes, int n_threads) {
  BASE_TRY(base_threads_build(&session->threads, n_threads));
  BASE_TRY(exec_keys_read(&session->keys, keys, n_bytes, "evaluation keys", server->engine,
                          session->threads));
  session->worker = base_alloc_array((size_t)n_threads, sizeof *session->worker);
  if (session->worker == NULL)
    return base_fail_memory((size_t)n_threads * sizeof *session->worker);
  for (int i = 0; i < n_threads; i++)
    BASE_TRY(exec_session_build(&session->worker[i], server->engine, session->keys));
  return CKKS_OK;
}

ckks_status blindsight_session_build(blindsight_session **out, const blindsight_server *server,
                                     const uint8_t *keys, size_t n_bytes, int n_threads) {
  BASE_TRY(blindsight_objects_require(out, "out"));
  *out = NULL;
  BASE_TRY(blindsight_objects_require(server, "server"));
  BASE_TRY(blindsight_objects_require(keys, "keys"));
  if (n_threads < 1 || n_threads > MAX_THREADS)
    return base_fail(CKKS_ERROR_ARGUMENT, "n_threads = %d: must be 1 to %d", n_threads,
                     MAX_THREADS);
  blindsight_session *session = base_alloc(sizeof *session);
  if (session == NULL)
    return base_fail_memory(sizeof *session);
  ckks_status status = session_fill(session, server, keys, n_bytes, n_threads);
  if (status != CKKS_OK) {
    blindsight_session_free(session);
    return status;
  }
  *out = session;
  return CKKS_OK;
}

ckks_status blindsight_session_infer(uint8_t **result, size_t *n_result, const uint8_t *sample,
                                     size_t n_sample, blindsight_session *session) {
  BASE_TRY(blindsight_objects_require(result, "result"));
  BASE_TRY(blindsight_objects_require(n_result, "n_result"));
  *result = NULL;
  *n_result = 0;
  BASE_TRY(blindsight_objects_require(sample, "sample"));
  BASE_TRY(blindsight_objects_require(session, "session"));
  return exec_infer_threads(result, n_result, sample, n_sample, "sample", session->worker,
                            session->threads);
}
