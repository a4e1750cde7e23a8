/* SPDX-License-Identifier: Apache-2.0 */
/* The models served: read from files, exchanged as a whole, freed with their last user. */
#ifndef SERVER_MODEL_H
#define SERVER_MODEL_H
#include <stdatomic.h>

#include "exec/exec.h"

typedef struct server_model {
  atomic_int n_holders;
  char name[129], version[33];
  plan_plan plan;
  exec_engine *engine;
  uint8_t *client; /**< the client file */
  size_t n_client;
  char tag[65], digest[65]; /**< of the client file; identity of the plan: both in hex */
  exec_session **session;   /**< one for each worker, built when first needed */
  int n_sessions;
  _Atomic uint64_t n_requests, n_predictions, evaluate_us; /**< kept when models are read anew */
} server_model;

typedef struct server_model_set server_model_set;
/** Encoded weights of each model take weights_bytes at most (exec/exec.h). */
ckks_status server_model_set_build(server_model_set **out, const char *path, int n_workers,
                                   size_t weights_bytes);
void server_model_set_free(server_model_set *models);
ckks_status server_model_set_reload(server_model_set *models);
/** version NULL = the highest. Held for the caller; NULL when there is none. */
server_model *server_model_set_find(server_model_set *models, const char *name,
                                    const char *version);
/** The model whose plan it is. */
server_model *server_model_set_find_plan(server_model_set *models, const uint8_t *plan_id);
/** All models, held; their number. */
size_t server_model_set_all(server_model ***out, server_model_set *models);
void server_model_hold(server_model *model);
void server_model_release(server_model *model); /**< NULL allowed */
#endif
