/* SPDX-License-Identifier: Apache-2.0 */
/* Building blocks of programs: ops, vectors, and the polynomial of a stage. */
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "compile/lower.h"

/* Room for one more in an array whose capacity is the next power of two of its count. */
static ckks_status grow(void **array, size_t count, size_t limit, size_t size, const char *what) {
  if (count >= limit)
    return base_fail(CKKS_ERROR_ARGUMENT, "the compiled model needs more than %zu %s", limit, what);
  if (count & (count - 1))
    return CKKS_OK; /* not at a power of two: there is room */
  size_t capacity = count ? 2 * count : 1;
  void *grown = base_alloc_array(capacity, size);
  if (!grown)
    return base_fail_memory(capacity * size);
  if (count)
    memcpy(grown, *array, count * size);
  base_free(*array);
  *array = grown;
  return CKKS_OK;
}

ckks_status compile_emit_op(plan_program *program, plan_op_kind kind, int out, int a, int index,
                            int n_terms, int words_per_term, int level, plan_op **op) {
  BASE_TRY(grow((void **)&program->op, (size_t)program->n_ops, PLAN_MAX_OPS, sizeof(plan_op),
                "operations"));
  plan_op *made = &program->op[program->n_ops];
  *made = (plan_op){.kind = kind, .out = out, .a = a, .index = index, .level = level};
  if (n_terms > 0) {
    if (n_terms > PLAN_MAX_TERMS)
      return base_fail(CKKS_ERROR_ARGUMENT, "an operation of %d terms; the limit is %d", n_terms,
                       PLAN_MAX_TERMS);
    made->term = base_alloc_array((size_t)n_terms * (size_t)words_per_term, sizeof(int32_t));
    if (!made->term)
      return base_fail_memory((size_t)n_terms * (size_t)words_per_term * sizeof(int32_t));
    made->n_terms = n_terms;
  }
  program->n_ops++;
  if (out >= program->n_registers)
    program->n_registers = out + 1;
  *op = made;
  return CKKS_OK;
}

ckks_status compile_emit_vector(plan_plan *plan, size_t period, int *index, double **value) {
  BASE_TRY(grow((void **)&plan->vector, (size_t)plan->n_vectors, PLAN_MAX_VECTORS,
                sizeof(plan_vector), "vectors"));
  plan_vector *vector = &plan->vector[plan->n_vectors];
  vector->value = base_alloc_array(period, sizeof(double));
  if (!vector->value)
    return base_fail_memory(period * sizeof(double));
  vector->period = period;
  *index = plan->n_vectors++;
  *value = vector->value;
  return CKKS_OK;
}

ckks_status compile_emit_stage_vector(plan_plan *plan, const compile_stage *stage,
                                      size_t activation, int *index) {
  double *value = NULL;
  if (stage->kind == COMPILE_STAGE_CUBIC || stage->kind == COMPILE_STAGE_SQUARES) {
    BASE_TRY(compile_emit_vector(plan, 1, index, &value));
    value[0] = stage->linear[activation];
  } else if (stage->kind == COMPILE_STAGE_GENERAL) {
    const encoding_polynomial *p = &stage->polynomial[activation];
    BASE_TRY(compile_emit_vector(plan, compile_padded((size_t)p->degree + 1), index, &value));
    memcpy(value, p->coefficient, ((size_t)p->degree + 1) * sizeof(double));
  }
  return CKKS_OK;
}

/* out = x * y at the level below `level`. */
static ckks_status emit_product(plan_program *program, int out, int x, int y, int level) {
  plan_op *op = NULL;
  BASE_TRY(compile_emit_op(program, PLAN_OP_MUL_SUM, out, -1, -1, 1, 2, level - 1, &op));
  op->term[0] = x;
  op->term[1] = y;
  return CKKS_OK;
}

ckks_status compile_emit_polynomial(plan_program *program, const compile_stage *stage, int index,
                                    bool fused, int v, int spare, int *level) {
  plan_op *op = NULL;
  switch (stage->kind) {
  case COMPILE_STAGE_LAST:
    return CKKS_OK;
  case COMPILE_STAGE_SQUARE:
    BASE_TRY(emit_product(program, v, v, v, *level));
    *level -= 1;
    return CKKS_OK;
  case COMPILE_STAGE_SQUARES:
    BASE_TRY(emit_product(program, v, v, v, *level));
    BASE_TRY(compile_emit_op(program, PLAN_OP_ADD_VECTOR, v, v, index, 0, 0, *level - 1, &op));
    BASE_TRY(emit_product(program, v, v, v, *level - 1));
    *level -= 2;
    return CKKS_OK;
  case COMPILE_STAGE_CUBIC:
    BASE_TRY(emit_product(program, spare, v, v, *level));
    BASE_TRY(
        compile_emit_op(program, PLAN_OP_ADD_VECTOR, spare, spare, index, 0, 0, *level - 1, &op));
    if (fused)
      return CKKS_OK;
    BASE_TRY(emit_product(program, v, spare, v, *level - 1));
    *level -= 2;
    return CKKS_OK;
  case COMPILE_STAGE_GENERAL:
    *level -= plan_polynomial_depth(compile_stage_degree(stage));
    return compile_emit_op(program,
                           compile_stage_chebyshev(stage) ? PLAN_OP_CHEBYSHEV : PLAN_OP_POLYNOMIAL,
                           v, v, index, 0, 0, *level, &op);
  }
  return CKKS_OK;
}

void compile_emit_stage_end(plan_program *program) {
  program->stage_end[program->n_stages++] = program->n_ops;
}

ckks_status compile_emit_outputs(plan_program *program, const int *registers, int n) {
  program->output = base_alloc_array((size_t)n, sizeof(int));
  if (!program->output)
    return base_fail_memory((size_t)n * sizeof(int));
  memcpy(program->output, registers, (size_t)n * sizeof(int));
  program->n_outputs = n;
  return CKKS_OK;
}
