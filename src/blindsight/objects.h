/* SPDX-License-Identifier: Apache-2.0 */
/**
 * What the opaque types of blindsight.h hold. The two sides share this header and no
 * function that would draw one into the other: key.c alone touches secret keys,
 * server.c alone computes on ciphertexts.
 */
#ifndef BLINDSIGHT_OBJECTS_H
#define BLINDSIGHT_OBJECTS_H
#include "base/threads.h"
#include "blindsight.h"
#include "exec/exec.h"
#include "network/network.h"
#include "plan/plan.h"

struct blindsight_model {
  network_model model;
};

/** Loaded, it owns it; a server's view of itself borrows them. */
struct blindsight_client {
  const plan_interface *interface;
  plan_interface own_interface;
};

struct blindsight_server {
  plan_plan plan;
  exec_engine *engine;
  blindsight_client client; /**< borrows from plan and engine */
};

struct blindsight_session {
  ckks_evaluation_keys *keys; /**< shared by all workers */
  base_threads *threads;
  exec_session **worker; /**< one for each of base_threads_count(threads) */
};

/** CKKS_ERROR_ARGUMENT naming the argument when it is NULL. */
static inline ckks_status blindsight_objects_require(const void *argument, const char *name) {
  return argument != NULL ? CKKS_OK : base_fail(CKKS_ERROR_ARGUMENT, "%s is NULL", name);
}

/** Rows that a caller hands over: there, at least one, nothing infinite (NaN is missing). */
ckks_status blindsight_rows_check(const double *rows, size_t n_rows, char *const *feature,
                                  size_t n_features);
/** Room for n_rows of n_outputs, all zero. */
ckks_status blindsight_predictions_init(blindsight_predictions *predictions, size_t n_rows,
                                        size_t n_outputs);
/** Sets `largest` from `output`: SIZE_MAX where no label is predicted. */
void blindsight_predictions_choose(blindsight_predictions *predictions, encoding_kind kind);
#endif
