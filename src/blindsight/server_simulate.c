/* SPDX-License-Identifier: Apache-2.0 */
#include "base/threads.h"
#include "blindsight/objects.h"
#include "compile/simulate.h"

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
    status = compile_simulate_rows((*out)->output, rows, n_rows, &server->plan,
                                   (plan_packing)packing, seed, threads);
  base_threads_free(threads);
  if (status == CKKS_OK)
    encoding_meaning_finish((*out)->output, n_rows, interface->n_outputs, interface->meaning.end);
  return blindsight_predictions_finish(out, status, interface->meaning.kind);
}
