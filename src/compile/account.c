/* SPDX-License-Identifier: Apache-2.0 */
#include "compile/account.h"

#include <math.h>
#include <string.h>

#include "base/alloc.h"

typedef struct accounting {
  const plan_plan *plan;
  plan_packing packing;
  const plan_program *program;
  const compile_stages *stages;
  const compile_choice *choice;
  const compile_chain *chain;
  const compile_vector_size *size;
  const compile_units *units;
  size_t weights_bytes;
} accounting;

int compile_account_steps(const plan_op *op, int words, int which) {
  int n = 0;
  for (int t = 0; t < op->n_terms; t++) {
    bool seen = op->term[words * t + which] == 0;
    for (int before = 0; before < t && !seen; before++)
      seen = op->term[words * before + which] == op->term[words * t + which];
    n += !seen;
  }
  return n;
}

static int degree_of(const compile_stage *stage) {
  switch (stage->kind) {
  case COMPILE_STAGE_LAST:
    break;
  case COMPILE_STAGE_SQUARES:
    return 4;
  case COMPILE_STAGE_CUBIC:
    return 3;
  case COMPILE_STAGE_SQUARE:
    return 2;
  case COMPILE_STAGE_GENERAL:
    return compile_stage_degree(stage);
  }
  return 1;
}

/* What exec/prepare.c encodes: vectors of one number stay numbers. */
static size_t encoded_bytes(const accounting *a, const plan_op *op) {
  const ckks_params_literal *literal = &a->chain->params->literal;
  size_t n_limbs = (size_t)op->level + 1, n = sizeof(ring_word) << literal->log2_n;
  if (plan_is_slots(op))
    return (size_t)op->n_terms * (n_limbs + 1) * n;
  if (op->kind == PLAN_OP_DIAGONALS || op->kind == PLAN_OP_WINDOWS)
    return (size_t)op->n_terms * (n_limbs + 1 + (size_t)literal->n_p) * n;
  if (op->kind != PLAN_OP_MUL_VECTOR && op->kind != PLAN_OP_ADD_VECTOR)
    return 0;
  if (a->plan->vector[op->index].period == 1)
    return 0;
  return (n_limbs + (op->kind == PLAN_OP_MUL_VECTOR)) * n;
}

static void add_op(const accounting *a, plan_part *part, const plan_op *op) {
  part->plaintext_bytes += encoded_bytes(a, op);
  switch (op->kind) {
  case PLAN_OP_MUL_VECTOR:
    part->n_factors += 1;
    break;
  case PLAN_OP_DENSE:
    part->n_factors += (size_t)op->n_terms;
    break;
  case PLAN_OP_DIAGONALS:
    part->n_factors += (size_t)op->n_terms;
    part->n_hoisted += compile_account_steps(op, 2, 0);
    part->n_single += compile_account_steps(op, 2, 1);
    break;
  case PLAN_OP_WINDOWS:
    part->n_factors += (size_t)op->n_terms;
    part->n_hoisted += compile_account_steps(op, 3, 0);
    part->n_single += compile_account_steps(op, 3, 1) + compile_account_steps(op, 3, 2);
    break;
  case PLAN_OP_ROTATE_SUM:
    if (op->n_terms > 1)
      part->n_hoisted += compile_account_steps(op, 1, 0);
    else
      part->n_single += compile_account_steps(op, 1, 0);
    break;
  case PLAN_OP_BOOTSTRAP:
    part->n_bootstraps++;
    break;
  case PLAN_OP_ADD_VECTOR:
  case PLAN_OP_MUL_SUM:
  case PLAN_OP_POLYNOMIAL:
  case PLAN_OP_CHEBYSHEV:
  case PLAN_OP_SLOT_POLYNOMIALS:
  case PLAN_OP_SLOT_CHEBYSHEV:
    break;
  }
}

static ckks_status fill_error(const accounting *a, plan_part *part, int first, int end) {
  const plan_interface *interface = &a->plan->interface;
  compile_error error =
      compile_error_part(a->plan, a->packing, &interface->layout[a->packing], a->chain, a->size,
                         a->stages->max_abs_input, &(compile_marks){first, end});
  part->error = error.part;
  return isnan(error.whole) ? base_fail_memory((size_t)a->program->n_registers * sizeof(double))
                            : CKKS_OK;
}

/* The stage as the network has it, without empty places; copies (scatter.c) are not in it. */
static const compile_stage *plain_of(const accounting *a, size_t i) {
  size_t n_copies = a->stages->n_stages - a->stages->plain->n_stages;
  if (a->packing == PLAN_THROUGHPUT)
    return &a->stages->plain->stage[i];
  return i < n_copies ? &a->stages->stage[i] : &a->stages->plain->stage[i - n_copies];
}

static void fill_stage(const accounting *a, plan_part *part, size_t i) {
  const plan_interface *interface = &a->plan->interface;
  const ckks_params_literal *literal = &a->chain->params->literal;
  compile_work counts;
  const compile_stage *plain = plain_of(a, i);
  part->n_in = plain->n_in;
  part->n_out = plain->n_out;
  part->degree = degree_of(plain);
  part->n_weights = plain->n_in * plain->n_out;
  const compile_affine *affine = &a->choice->affine[i];
  if (a->packing == PLAN_LATENCY) {
    part->stride = affine->stride;
    part->n_weights = affine->diagonals * affine->n_in * affine->n_out;
  }
  for (int op = part->first; op < part->end; op++)
    add_op(a, part, &a->program->op[op]);
  compile_work_ops(&counts, a->plan, a->program, part->first, part->end, literal, interface->key,
                   interface->n_keys, a->weights_bytes, a->chain->bootstrap);
  part->n_switches = (int)counts.switches;
  part->ms = compile_cost_ms(&counts, literal->log2_n, a->units);
}

ckks_status compile_account_fill(plan_plan *plan, plan_packing packing,
                                 const compile_stages *stages, const compile_choice *choice,
                                 const compile_chain *chain, const compile_vector_size *size,
                                 const compile_units *units, size_t weights_bytes) {
  const plan_program *program = &plan->program[packing];
  accounting a = {plan, packing, program, stages, choice, chain, size, units, weights_bytes};
  plan_account *account = &plan->account[packing];
  int level = plan->interface.layout[packing].input_level, n_ops = 0;
  size_t n_parts = (size_t)program->n_stages + 2;
  base_free(account->part);
  *account = (plan_account){.part = base_alloc_array(n_parts, sizeof *account->part)};
  if (account->part == NULL)
    return base_fail_memory(n_parts * sizeof *account->part);
  account->n_parts = (int)n_parts;
  plan_part *part = account->part, *result = &account->part[program->n_stages + 1];
  *part = (plan_part){.level_in = level, .level_out = level, .degree = 1};
  BASE_TRY(fill_error(&a, part, COMPILE_MARK_INPUT, 0));
  for (int i = 0; i < program->n_stages; i++) {
    *++part = (plan_part){.first = n_ops, .end = program->stage_end[i], .level_in = level};
    n_ops = part->end;
    level = part->level_out = program->op[n_ops - 1].level;
    fill_stage(&a, part, (size_t)i);
    BASE_TRY(fill_error(&a, part, part->first, part->end));
  }
  *result =
      (plan_part){.first = n_ops, .end = n_ops, .level_in = level, .level_out = level, .degree = 1};
  return fill_error(&a, result, n_ops, n_ops + 1);
}
