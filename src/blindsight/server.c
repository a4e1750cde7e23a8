/* SPDX-License-Identifier: Apache-2.0 */
/* Compiled models. Nothing here can name a secret key. */
#include "base/alloc.h"
#include "blindsight/engine.h"
#include "plan/files.h"

void blindsight_server_free(blindsight_server *server) {
  if (server == NULL)
    return;
  blindsight_engine_free(server->engine);
  plan_clear(&server->plan);
  base_free(server);
}

ckks_status blindsight_server_build(blindsight_server **out) {
  BASE_TRY(blindsight_objects_require(out, "out"));
  *out = base_alloc(sizeof **out);
  return *out != NULL ? CKKS_OK : base_fail_memory(sizeof **out);
}

static void view_account(blindsight_server *server, plan_packing packing) {
  const plan_account *account = &server->plan.account[packing];
  for (int i = 0; i < account->n_parts; i++) {
    const plan_part *part = &account->part[i];
    server->stage[packing][i] = (blindsight_stage){.n_in = part->n_in,
                                                   .n_out = part->n_out,
                                                   .degree = part->degree,
                                                   .stride = part->stride,
                                                   .n_factors = part->n_factors,
                                                   .n_weights = part->n_weights,
                                                   .n_hoisted = part->n_hoisted,
                                                   .n_single = part->n_single,
                                                   .n_switches = part->n_switches,
                                                   .level_in = part->level_in,
                                                   .level_out = part->level_out,
                                                   .ms = part->ms,
                                                   .error = part->error,
                                                   .plaintext_bytes = part->plaintext_bytes,
                                                   .n_bootstraps = part->n_bootstraps};
  }
  server->account[packing] = (blindsight_account){(size_t)account->n_parts, server->stage[packing]};
}

/* `status` is that of making the plan. */
ckks_status blindsight_server_finish(blindsight_server **out, ckks_status status) {
  blindsight_server *server = *out;
  if (status == CKKS_OK)
    status = blindsight_engine_build(&server->engine, &server->plan);
  if (status != CKKS_OK) {
    blindsight_server_free(server);
    *out = NULL;
    return status;
  }
  server->client.interface = &server->plan.interface;
  blindsight_client_view(&server->client);
  server->compiled = (blindsight_compiled){.error = server->plan.error,
                                           .usual_error = server->plan.usual_error,
                                           .other_sought = server->plan.other.sought,
                                           .other_found = server->plan.other.found,
                                           .other_ms = server->plan.other.ms,
                                           .other_key_bytes = server->plan.other.key_bytes,
                                           .other_error = server->plan.other.error};
  for (int p = 0; p < PLAN_N_PACKINGS; p++) {
    server->compiled.left_out[p] = server->plan.left_out[p];
    server->compiled.unlike_error[p] = server->plan.unlike_error[p];
    view_account(server, (plan_packing)p);
  }
  return CKKS_OK;
}

ckks_status blindsight_server_load(blindsight_server **out, const char *path) {
  BASE_TRY(blindsight_server_build(out));
  ckks_status status = blindsight_objects_require(path, "path");
  if (status == CKKS_OK)
    status = plan_files_server_read(&(*out)->plan, path);
  return blindsight_server_finish(out, status);
}

ckks_status blindsight_server_save(const char *path, const blindsight_server *server) {
  BASE_TRY(blindsight_objects_require(path, "path"));
  BASE_TRY(blindsight_objects_require(server, "server"));
  return plan_files_server_write(path, &server->plan);
}

const blindsight_client *blindsight_server_client(const blindsight_server *server) {
  return server != NULL ? &server->client : NULL;
}

const blindsight_compiled *blindsight_server_compiled(const blindsight_server *server) {
  return server != NULL ? &server->compiled : NULL;
}

ckks_status blindsight_server_prepare(const blindsight_server *server, size_t weights_bytes) {
  exec_engine *engine;
  BASE_TRY(blindsight_objects_require(server, "server"));
  return blindsight_engine_get(&engine, server->engine, weights_bytes);
}

const blindsight_account *blindsight_server_account(const blindsight_server *server,
                                                    blindsight_packing packing) {
  if (server == NULL || (unsigned)packing >= BLINDSIGHT_N_PACKINGS)
    return NULL;
  return &server->account[packing];
}
