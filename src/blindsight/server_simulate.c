/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>

#include "base/alloc.h"
#include "base/threads.h"
#include "blindsight/objects.h"
#include "compile/simulate.h"

/* Stage 0 of the account is the input. */
static void tell(blindsight_predictions *p, const compile_simulate_fate *fates) {
  static const blindsight_state states[] = {[COMPILE_SIMULATE_NONE] = BLINDSIGHT_INSIDE,
                                            [COMPILE_SIMULATE_BEYOND] = BLINDSIGHT_BEYOND,
                                            [COMPILE_SIMULATE_SPOILT] = BLINDSIGHT_SPOILT};
  for (size_t row = 0; row < p->n_rows; row++) {
    p->state[row] = states[fates[row].mark];
    p->stage[row] = fates[row].stage == COMPILE_SIMULATE_NOWHERE ? BLINDSIGHT_NO_STAGE
                                                                 : (size_t)fates[row].stage + 1;
    for (size_t k = 0; k < p->n_outputs && p->state[row] != BLINDSIGHT_INSIDE; k++)
      p->output[row * p->n_outputs + k] = (double)NAN;
  }
}

static ckks_status simulate(blindsight_predictions *p, const double *rows, plan_packing packing,
                            uint64_t seed, base_threads *threads, const blindsight_server *server) {
  const plan_interface *interface = &server->plan.interface;
  compile_simulate_fate *fates = base_alloc_array(p->n_rows, sizeof *fates);
  p->stage = base_alloc_array(p->n_rows, sizeof *p->stage);
  if (fates == NULL || p->stage == NULL) {
    base_free(fates);
    return base_fail_memory(p->n_rows * sizeof *fates);
  }
  ckks_status status = compile_simulate_rows(p->output, fates, rows, p->n_rows, &server->plan,
                                             packing, seed, threads);
  if (status == CKKS_OK) {
    encoding_meaning_finish(p->output, p->n_rows, interface->n_outputs, interface->meaning.end);
    tell(p, fates);
  }
  base_free(fates);
  return status;
}

ckks_status blindsight_server_simulate(blindsight_predictions **out, const double *rows,
                                       size_t n_rows, blindsight_packing packing, uint64_t seed,
                                       int n_threads, const blindsight_server *server) {
  BASE_TRY(blindsight_objects_require(out, "out"));
  *out = NULL;
  BASE_TRY(blindsight_objects_require(rows, "rows"));
  BASE_TRY(blindsight_objects_require(server, "server"));
  const plan_interface *interface = &server->plan.interface;
  if (packing == BLINDSIGHT_PACKING_AUTO)
    packing = blindsight_client_packing(&server->client, n_rows);
  BASE_TRY(blindsight_objects_require_packing(packing, interface));
  if (n_threads < 1 || n_threads > BLINDSIGHT_MAX_THREADS)
    return base_fail(CKKS_ERROR_ARGUMENT, "n_threads = %d: must be 1 to %d", n_threads,
                     BLINDSIGHT_MAX_THREADS);
  BASE_TRY(blindsight_rows_check(rows, n_rows, interface->feature, interface->n_features));
  base_threads *threads = NULL;
  BASE_TRY(base_threads_build(&threads, n_threads));
  ckks_status status = blindsight_predictions_build(out, n_rows, interface->n_outputs);
  if (status == CKKS_OK)
    status = simulate(*out, rows, (plan_packing)packing, seed, threads, server);
  base_threads_free(threads);
  return blindsight_predictions_finish(out, status, interface->meaning.kind);
}
