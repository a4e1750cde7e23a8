/* SPDX-License-Identifier: Apache-2.0 */
#include "compile/lower_guard.h"

#include <math.h>

#include "compile/padded.h"

#define ONES_AT_A_TIME 3 /* bits of a rotation sum: seven rotations that share a decomposition */

void compile_lower_guard_begin(compile_lower_guard *guard, plan_plan *plan,
                               const compile_choice *choice, int first) {
  *guard = (compile_lower_guard){.plan = plan,
                                 .program = &plan->program[PLAN_LATENCY],
                                 .choice = choice,
                                 .kept = first,
                                 .difference = first + 1,
                                 .sum = first + 2,
                                 .minus_one = -1};
  guard->program->guard = first + 1;
}

/* Chebyshev's polynomials want -1 ... 1 at the scale of values; the sine bears twice its range. */
double compile_lower_guard_range(const compile_stage *stage) {
  double most = stage->max_abs;
  if (compile_stage_chebyshev(stage) && most <= 2.0)
    return 1.0;
  return most > 0.0 ? exp2(ceil(log2(most))) : 1.0;
}

static ckks_status emit_constant(compile_lower_guard *g, int out, int a, double constant,
                                 int level) {
  plan_op *op = NULL;
  double *value = NULL;
  int index = 0;
  BASE_TRY(compile_emit_vector(g->plan, 1, &index, &value));
  *value = constant;
  return compile_emit_op(g->program, PLAN_OP_MUL_VECTOR, out, a, index, 0, 0, level, &op);
}

/* out = a + addend, without a rotation. */
static ckks_status emit_sum(compile_lower_guard *g, int out, int a, int addend, int level) {
  plan_op *op = NULL;
  return compile_emit_op(g->program, PLAN_OP_ROTATE_SUM, out, a, addend, 1, 1, level, &op);
}

/* The square of what is off, many times over, as a part of the range's square. */
static ckks_status emit_off(compile_lower_guard *g, int value, double range) {
  int level = g->choice->level_in;
  plan_op *op = NULL;
  if (g->minus_one < 0) {
    g->minus_one = g->plan->n_vectors;
    BASE_TRY(emit_constant(g, g->difference, value, -1.0, level));
  } else {
    BASE_TRY(compile_emit_op(g->program, PLAN_OP_MUL_VECTOR, g->difference, value, g->minus_one, 0,
                             0, level, &op));
  }
  BASE_TRY(emit_sum(g, g->difference, g->difference, g->kept, level));
  BASE_TRY(compile_emit_op(g->program, PLAN_OP_ROTATE_SUM, g->difference, g->difference,
                           g->difference, (1 << COMPILE_LOWER_GUARD_BITS) - 1, 1, level, &op));
  BASE_TRY(
      compile_emit_op(g->program, PLAN_OP_MUL_SUM, g->difference, -1, -1, 1, 2, level - 1, &op));
  op->term[0] = op->term[1] = g->difference;
  return emit_constant(g, g->begun ? g->difference : g->sum, g->difference, 1.0 / (range * range),
                       level - 2);
}

ckks_status compile_lower_guard_bootstrap(compile_lower_guard *g, int value, double range) {
  plan_op *op = NULL;
  BASE_TRY(compile_emit_op(g->program, PLAN_OP_BOOTSTRAP, value, g->kept, g->choice->log2_slots, 0,
                           0, g->choice->level_out, &op));
  op->factor = range * g->choice->ratio;
  BASE_TRY(emit_off(g, value, range));
  if (g->begun)
    return emit_sum(g, g->sum, g->difference, g->sum, g->choice->level_in - 2);
  g->begun = true;
  return CKKS_OK;
}

/* All slots of what is bootstrapped, added up in each of them. */
static ckks_status emit_slot_sum(compile_lower_guard *g, int level) {
  for (int bit = 0; bit < g->choice->log2_slots;) {
    int left = g->choice->log2_slots - bit, take = left < ONES_AT_A_TIME ? left : ONES_AT_A_TIME;
    plan_op *op = NULL;
    BASE_TRY(compile_emit_op(g->program, PLAN_OP_ROTATE_SUM, g->sum, g->sum, g->sum,
                             (1 << take) - 1, 1, level, &op));
    for (int32_t t = 1; t < 1 << take; t++)
      op->term[t - 1] = (int32_t)((uint32_t)t << bit);
    bit += take;
  }
  return CKKS_OK;
}

ckks_status compile_lower_guard_end(compile_lower_guard *g, int value, size_t n_outputs) {
  size_t period = compile_padded(n_outputs + 1);
  plan_op *op = NULL;
  double *weight = NULL;
  int index = 0;
  BASE_TRY(emit_slot_sum(g, g->choice->level_in - 2));
  BASE_TRY(compile_emit_vector(g->plan, period, &index, &weight));
  for (size_t j = n_outputs; j < period; j++)
    weight[j] = 1.0;
  BASE_TRY(compile_emit_op(g->program, PLAN_OP_MUL_VECTOR, g->sum, g->sum, index, 0, 0, 0, &op));
  return emit_sum(g, value, g->sum, value, 0);
}

plan_vector *compile_lower_guard_weights(plan_plan *plan) {
  const plan_program *program = &plan->program[PLAN_LATENCY];
  if (program->guard == 0)
    return NULL;
  return &plan->vector[program->op[program->n_ops - 2].index];
}
