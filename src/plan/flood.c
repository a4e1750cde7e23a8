/* SPDX-License-Identifier: Apache-2.0 */
/* What hides in the bits that a result loses when it is rounded. */
#include <math.h>

#include "plan/plan.h"

double plan_flood_step(const plan_layout *layout, const ckks_params_literal *params) {
  double step = (double)params->q[0] / exp2(layout->output_bits);
  return step > 1.0 ? step : 0.0;
}

/* Uniform up to B: variance B^2 / 3; rounding both parts: step^2 (1 + 2/3 N) / 12. */
uint64_t plan_flood(const plan_layout *layout, const ckks_params_literal *params) {
  double n = exp2(params->log2_n);
  return (uint64_t)(plan_flood_step(layout, params) *
                    sqrt(PLAN_FLOOD_PART * (1.0 + 2.0 / 3.0 * n) / 4.0));
}
