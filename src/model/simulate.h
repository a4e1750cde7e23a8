/* SPDX-License-Identifier: Apache-2.0 */
/* What a plan's noise does to outputs, without encrypting anything. */
#ifndef MODEL_SIMULATE_H
#define MODEL_SIMULATE_H
#include "model/plan.h"

/**
 * Adds to each of n_rows x n_outputs (row-major) outputs in clear a normal error as the plan
 * predicts it for this packing: of deviation predicted_error / tail, relative to
 * max(1, |output|). The same seed gives the same errors.
 */
void model_simulate_add(double *outputs, size_t n_rows, const model_interface *interface,
                        model_packing packing, uint64_t seed);
/** That deviation. */
double model_simulate_deviation(const model_interface *interface, model_packing packing);
#endif
