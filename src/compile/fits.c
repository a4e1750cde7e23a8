/* SPDX-License-Identifier: Apache-2.0 */
#include "compile/fits.h"

#include <math.h>

#include "base/alloc.h"
#include "ckks/encode.h"
#include "eval/eval.h"

typedef struct fitting {
  const plan_plan *plan;
  const ckks_params *params;
  const compile_vector_size *size;
  double *scale; /* of each register */
  double room;
} fitting;

static double largest(const fitting *f, const plan_op *op) {
  double most = 0.0;
  int n = op->kind == PLAN_OP_DIAGONALS ? op->n_terms : 1;
  for (int t = 0; t < n; t++)
    most = fmax(most, f->size[op->index + t].max);
  return most;
}

/* What is encoded once: slots, or a number where all of them are one. */
static ckks_status try_constant(const fitting *f, const plan_op *op, int level, double scale) {
  bool number = op->kind == PLAN_OP_DENSE ||
                (op->kind != PLAN_OP_DIAGONALS && f->plan->vector[op->index].period == 1);
  double limit = number ? ckks_encode_limit_scalar(level, scale, f->params)
                        : ckks_encode_limit(level, scale, f->params);
  double most = largest(f, op);
  return most * f->room < limit
             ? CKKS_OK
             : base_fail(CKKS_ERROR_RANGE, "a constant of %g; up to %g fits at its level", most,
                         limit);
}

static ckks_status try_polynomial(const fitting *f, const plan_op *op) {
  const plan_plan *plan = f->plan;
  ckks_basis basis = plan_is_chebyshev(op) ? CKKS_CHEBYSHEV : CKKS_MONOMIAL;
  int degree = plan_degree(plan, op), top = plan_top(plan, op);
  double *most = base_alloc_array((size_t)degree + 1, sizeof *most);
  if (most == NULL)
    return base_fail_memory((size_t)degree * sizeof *most);
  for (int k = 0; k <= degree && !plan_is_slots(op); k++)
    most[k] = f->room * plan->vector[op->index].value[k];
  for (int t = 0; t < op->n_terms && plan_is_slots(op); t++)
    most[op->term[t]] = f->room * f->size[op->index + t].max;
  ckks_status status = eval_polynomial_try(most, degree, basis, plan_is_slots(op), top,
                                           f->scale[op->a], op->scale, f->params);
  base_free(most);
  return status;
}

static ckks_status try_op(const fitting *f, const plan_op *op) {
  switch (op->kind) {
  case PLAN_OP_MUL_VECTOR:
  case PLAN_OP_DIAGONALS:
  case PLAN_OP_WINDOWS:
  case PLAN_OP_DENSE:
    return try_constant(f, op, op->level + 1, op->factor);
  case PLAN_OP_ADD_VECTOR:
    return try_constant(f, op, op->level, op->scale);
  case PLAN_OP_POLYNOMIAL:
  case PLAN_OP_CHEBYSHEV:
  case PLAN_OP_SLOT_POLYNOMIALS:
  case PLAN_OP_SLOT_CHEBYSHEV:
    return try_polynomial(f, op);
  case PLAN_OP_ROTATE_SUM:
  case PLAN_OP_MUL_SUM:
  case PLAN_OP_BOOTSTRAP:
    break;
  }
  return CKKS_OK;
}

ckks_status compile_fits(const plan_plan *plan, plan_packing packing, const plan_layout *layout,
                         const compile_chain *chain, const compile_vector_size *size, double room) {
  const plan_program *program = &plan->program[packing];
  size_t n = (size_t)program->n_registers;
  fitting f = {plan, chain->params, size, base_alloc_array(n, sizeof(double)), room};
  if (f.scale == NULL)
    return base_fail_memory(n * sizeof(double));
  for (int i = 0; i < program->n_inputs; i++)
    f.scale[i] = layout->input_scale;
  ckks_status status = CKKS_OK;
  for (int i = 0; i < program->n_ops && status == CKKS_OK; i++) {
    status = try_op(&f, &program->op[i]);
    f.scale[program->op[i].out] = program->op[i].scale;
    if (status == CKKS_ERROR_RANGE)
      status = base_fail_in(status, "operation %d", i);
  }
  base_free(f.scale);
  return status;
}
