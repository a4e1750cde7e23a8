/* SPDX-License-Identifier: Apache-2.0 */
#include "compile/noise.h"

#include <math.h>

/* A deviation of 1/sqrt(12) for what is rounded to integers. */
#define ROUNDING_VARIANCE (1.0 / 12.0)

/* Deviation of a sum of independent errors; nothing here is near the ends of the range. */
static double both(double x, double y) {
  return sqrt(x * x + y * y);
}

/* A relinearisation whose division rescales as well. */
static double product_noise(const plan_op *op, const ckks_params *params) {
  int special = compile_cost_key_special(op->level + 1, params->literal.n_p);
  return both(ckks_noise_switch_product(params, op->level + 1, special) /
                  (double)params->literal.q[op->level + 1],
              ckks_noise_rescale(params));
}

static double rotations_noise(const plan_op *op, const ckks_params *params) {
  int special = compile_cost_key_special(op->level, params->literal.n_p);
  double product = ckks_noise_switch_product(params, op->level, special);
  double rounding = ckks_noise_rescale(params);
  return sqrt(product * product * op->n_terms + rounding * rounding);
}

/* Encoded numbers that repeat: 2 period coefficients are rounded. */
static double weight_noise(const plan_op *op, const plan_plan *plan, const ckks_params *params,
                           double scale) {
  double slots = (double)(params->ring.n / 2);
  return ckks_noise_encode(params) * sqrt((double)plan->vector[op->index].period / slots) / scale;
}

plan_noise compile_noise_op(const plan_op *op, const plan_plan *plan, const compile_chain *chain) {
  const ckks_params *params = chain->params;
  plan_noise noise = {.slot = ckks_noise_rescale(params) / op->scale};
  int level = op->level + 1;
  switch (op->kind) {
  case PLAN_OP_MUL_VECTOR:
    noise.weight = weight_noise(op, plan, params, op->factor);
    break;
  case PLAN_OP_ADD_VECTOR: /* next to nothing: at the scale of values, not at that of weights */
    noise = (plan_noise){.weight = weight_noise(op, plan, params, op->scale)};
    break;
  case PLAN_OP_ROTATE_SUM:
    noise.slot = rotations_noise(op, params) / op->scale;
    break;
  case PLAN_OP_MUL_SUM:
    noise.slot = product_noise(op, params) / op->scale;
    break;
  case PLAN_OP_WINDOWS:
  case PLAN_OP_DIAGONALS: /* rotations are divided with the sum, where their rounding is small */
    noise.weight = weight_noise(op, plan, params, op->factor);
    noise.rotated = ckks_noise_switch_product(
                        params, level, compile_cost_key_special(level, params->literal.n_p)) *
                    op->factor / (op->scale * (double)params->literal.q[level]);
    break;
  case PLAN_OP_POLYNOMIAL:
  case PLAN_OP_CHEBYSHEV: /* its powers stand at the scale of values, which an output's exceeds */
    noise.slot = product_noise(op, params) / fmin(op->scale, exp2(chain->log2_value));
    break;
  case PLAN_OP_SLOT_POLYNOMIALS:
  case PLAN_OP_SLOT_CHEBYSHEV: /* coefficients are encoded at about the scale of values */
    noise.slot = product_noise(op, params) / fmin(op->scale, exp2(chain->log2_value));
    noise.weight = weight_noise(op, plan, params, op->scale);
    break;
  case PLAN_OP_BOOTSTRAP: /* of values over their range */
    noise.slot = chain->bootstrap->error * plan_bootstrap_range(&plan->interface, op->factor);
    break;
  case PLAN_OP_DENSE:
    noise.weight = sqrt(ROUNDING_VARIANCE) / op->factor;
    break;
  }
  return noise;
}

double compile_noise_input(const compile_chain *chain) {
  return ckks_noise_fresh(chain->params) / exp2(chain->log2_value);
}

double compile_noise_output(const plan_layout *layout, const compile_chain *chain) {
  const ckks_params *params = chain->params;
  double rounding = plan_flood_step(layout, &params->literal) * ckks_noise_rescale(params);
  return both(sqrt(1.0 + PLAN_FLOOD_PART) * rounding, ckks_noise_zero_public(params)) /
         exp2(chain->log2_output);
}
