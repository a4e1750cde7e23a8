/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Exact scales. Every plaintext factor is encoded at the scale that lands its
 * product on the scale wanted at the next level, so no two operands ever differ.
 */
#include <math.h>

#include "base/alloc.h"
#include "compile/cost.h"

#define MIN_LOG2_FACTOR 8.0
#define MAX_LOG2_FACTOR 58.0

/* Scales of the registers while the program is walked. */
typedef struct scales {
  const plan_program *program;
  const compile_chain *chain;
  double *of;     /* by register */
  int first, end; /* operations of the stage at hand */
} scales;

static double prime(const scales *s, int level) {
  return (double)s->chain->params->literal.q[level];
}

static double target(const scales *s, int level) {
  return exp2(level == 0 ? s->chain->log2_output : s->chain->log2_value);
}

/*
 * What values behind a map of this stage are bootstrapped for; 0 = they are not. Of its operations
 * those at the levels of values must land where bootstrapping takes them, over that range; so must
 * what is held against them.
 */
static double range_at(const scales *s, const plan_op *op) {
  const ckks_bootstrapper *bootstrap = s->chain->bootstrap;
  const ckks_params *params = s->chain->params;
  if (bootstrap == NULL || op->level < bootstrap->level_in)
    return 0.0;
  for (int i = s->first; i < s->end; i++)
    if (s->program->op[i].kind == PLAN_OP_BOOTSTRAP)
      return s->program->op[i].factor * params->scale[0] / (double)params->literal.q[0];
  return 0.0;
}

static double target_of_map(const scales *s, const plan_op *op) {
  double range = range_at(s, op);
  if (range == 0.0)
    return target(s, op->level);
  return s->chain->params->scale[s->chain->bootstrap->level_in] / range;
}

/*
 * A weighted copy that is multiplied next by another register must make *that*
 * product land on its target: scale = target * q / scale of the partner.
 */
static double target_of_factor(const scales *s, int at) {
  const plan_op *op = &s->program->op[at];
  for (int i = at + 1; i < s->program->n_ops; i++) {
    const plan_op *next = &s->program->op[i];
    if (next->kind == PLAN_OP_MUL_SUM)
      for (int t = 0; t < next->n_terms; t++)
        if (next->term[2 * t + 1] == op->out && next->term[2 * t] != op->out)
          return target_of_map(s, next) * prime(s, next->level + 1) / s->of[next->term[2 * t]];
    if (next->kind != PLAN_OP_DENSE && next->kind != PLAN_OP_MUL_VECTOR)
      break; /* whatever reads it now reads it as a value */
  }
  return target_of_map(s, op);
}

static bool assign_op(scales *s, plan_op *op, int at) {
  int first = op->kind == PLAN_OP_DENSE || op->kind == PLAN_OP_MUL_SUM ? op->term[0] : op->a;
  double in = s->of[first];
  switch (op->kind) {
  case PLAN_OP_BOOTSTRAP: /* both scales are the parameters' own, over the range */
    op->scale = in * s->chain->params->scale[op->level] /
                s->chain->params->scale[s->chain->bootstrap->level_in];
    break;
  case PLAN_OP_ADD_VECTOR:
  case PLAN_OP_ROTATE_SUM:
    op->scale = in;
    break;
  case PLAN_OP_MUL_SUM:
    op->scale = in * s->of[op->term[1]] / prime(s, op->level + 1);
    break;
  case PLAN_OP_POLYNOMIAL:
  case PLAN_OP_CHEBYSHEV:
  case PLAN_OP_SLOT_POLYNOMIALS:
  case PLAN_OP_SLOT_CHEBYSHEV:
    op->scale = target(s, op->level);
    break;
  case PLAN_OP_MUL_VECTOR:
  case PLAN_OP_DIAGONALS:
  case PLAN_OP_WINDOWS:
  case PLAN_OP_DENSE:
    op->scale = target_of_factor(s, at);
    op->factor = op->scale * prime(s, op->level + 1) / in;
    if (log2(op->factor) < MIN_LOG2_FACTOR || log2(op->factor) > MAX_LOG2_FACTOR)
      return false;
    break;
  }
  s->of[op->out] = op->scale;
  return op->scale > 1024.0 && op->scale < 0x1p90;
}

compile_assignment compile_assign(plan_program *program, const compile_chain *chain) {
  scales s = {.program = program, .chain = chain};
  s.of = base_alloc_array((size_t)program->n_registers, sizeof(double));
  if (!s.of)
    return COMPILE_ASSIGN_NO_MEMORY;
  for (int i = 0; i < program->n_inputs; i++)
    s.of[i] = exp2(chain->log2_value);
  bool good = true;
  for (int i = 0, stage = 0; i < program->n_ops && good; i++) {
    while (stage < program->n_stages && i >= program->stage_end[stage])
      s.first = program->stage_end[stage++];
    s.end = stage < program->n_stages ? program->stage_end[stage] : program->n_ops;
    good = assign_op(&s, &program->op[i], i);
  }
  base_free(s.of);
  return good ? COMPILE_ASSIGN_GOOD : COMPILE_ASSIGN_UNUSABLE;
}
