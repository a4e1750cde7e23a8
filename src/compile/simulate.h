/* SPDX-License-Identifier: Apache-2.0 */
/* What ciphertexts would make of outputs, without encrypting anything. */
#ifndef COMPILE_SIMULATE_H
#define COMPILE_SIMULATE_H
#include "base/threads.h"
#include "plan/plan.h"

/**
 * outputs[n_rows x n_outputs] of raw rows (row-major): the program of this packing in clear, with
 * noise added to the inputs, to the result of each operation and to the outputs, normal, of the
 * deviations that compile/noise.h gives. Weights are rounded once, for all rows, as a server rounds
 * them. The threads (NULL = none) share the rows; the same seed gives the same outputs, however
 * many there are. CKKS_ERROR_MEMORY; what ckks_params_build returns.
 */
ckks_status compile_simulate_rows(double *outputs, const double *rows, size_t n_rows,
                                  const plan_plan *plan, plan_packing packing, uint64_t seed,
                                  base_threads *threads);
#endif
