/* SPDX-License-Identifier: Apache-2.0 */
/* The clear reading: slots of doubles instead of ciphertexts. */
#include <string.h>

#include "base/alloc.h"
#include "model/plan.h"

typedef struct running {
  const model_plan *plan;
  double **reg;
  double *scratch;
  size_t slots;
} running;

static double *reg_ready(running *r, int reg) {
  if (!r->reg[reg])
    r->reg[reg] = base_alloc_array(r->slots, sizeof(double));
  return r->reg[reg];
}

static void mul_vector(running *r, const model_op *op, double *out) {
  const model_vector *vector = &r->plan->vector[op->index];
  for (size_t j = 0; j < r->slots; j++)
    out[j] = r->reg[op->a][j] * vector->value[j % vector->period];
}

static void add_vector(running *r, const model_op *op, double *out) {
  const model_vector *vector = &r->plan->vector[op->index];
  for (size_t j = 0; j < r->slots; j++)
    out[j] = r->reg[op->a][j] + vector->value[j % vector->period];
}

static void rotate_sum(running *r, const model_op *op, double *out) {
  const double *a = r->reg[op->a];
  for (size_t j = 0; j < r->slots; j++) {
    out[j] = r->reg[op->index][j];
    for (int t = 0; t < op->n_terms; t++)
      out[j] += a[(j + (size_t)op->term[t]) % r->slots];
  }
}

static void mul_sum(running *r, const model_op *op, double *out) {
  for (size_t j = 0; j < r->slots; j++) {
    double sum = 0.0;
    for (int t = 0; t < op->n_terms; t++)
      sum += r->reg[op->term[2 * t]][j] * r->reg[op->term[2 * t + 1]][j];
    out[j] = sum;
  }
}

/* sum_t rotation(vector_t * rotation(a, baby), giant) */
static void diagonals(running *r, const model_op *op, double *out) {
  const double *a = r->reg[op->a];
  for (size_t j = 0; j < r->slots; j++) {
    out[j] = 0.0;
    for (int t = 0; t < op->n_terms; t++) {
      const model_vector *vector = &r->plan->vector[op->index + t];
      size_t at = j + (size_t)op->term[2 * t + 1];
      out[j] += vector->value[at % vector->period] * a[(at + (size_t)op->term[2 * t]) % r->slots];
    }
  }
}

static void polynomial(running *r, const model_op *op, double *out) {
  const model_vector *vector = &r->plan->vector[op->index];
  for (size_t j = 0; j < r->slots; j++) {
    double value = 0.0;
    for (size_t k = vector->period; k-- > 0;)
      value = value * r->reg[op->a][j] + vector->value[k];
    out[j] = value;
  }
}

static void slot_polynomials(running *r, const model_op *op, double *out) {
  for (size_t j = 0; j < r->slots; j++) {
    double value = 0.0;
    for (int t = op->n_terms - 1; t >= 0; t--) {
      const model_vector *vector = &r->plan->vector[op->index + t];
      value += vector->value[j % vector->period];
      for (int k = op->term[t]; k > (t > 0 ? op->term[t - 1] : 0); k--)
        value *= r->reg[op->a][j];
    }
    out[j] = value;
  }
}

static void dense(running *r, const model_op *op, double *out) {
  const double *weight = r->plan->vector[op->index].value;
  for (size_t j = 0; j < r->slots; j++) {
    double sum = 0.0;
    for (int t = 0; t < op->n_terms; t++)
      sum += weight[t] * r->reg[op->term[t]][j];
    out[j] = sum;
  }
}

/* Into scratch first: an op may read the register that it writes. */
static ckks_status run_op(running *r, const model_op *op) {
  static void (*const read[])(running *, const model_op *, double *) = {
      [MODEL_OP_MUL_VECTOR] = mul_vector, [MODEL_OP_ADD_VECTOR] = add_vector,
      [MODEL_OP_ROTATE_SUM] = rotate_sum, [MODEL_OP_MUL_SUM] = mul_sum,
      [MODEL_OP_DIAGONALS] = diagonals,   [MODEL_OP_POLYNOMIAL] = polynomial,
      [MODEL_OP_DENSE] = dense,           [MODEL_OP_SLOT_POLYNOMIALS] = slot_polynomials};
  read[op->kind](r, op, r->scratch);
  double *out = reg_ready(r, op->out);
  if (!out)
    return base_fail_memory(r->slots * sizeof(double));
  memcpy(out, r->scratch, r->slots * sizeof(double));
  return CKKS_OK;
}

ckks_status model_clear_run(double *const *output, const double *const *input,
                            const model_plan *plan, model_packing packing) {
  const model_program *program = &plan->program[packing];
  running r = {.plan = plan, .slots = (size_t)1 << (plan->interface.params.log2_n - 1)};
  ckks_status status = CKKS_OK;
  r.reg = base_alloc_array((size_t)program->n_registers, sizeof *r.reg);
  r.scratch = base_alloc_array(r.slots, sizeof(double));
  if (!r.reg || !r.scratch)
    status = base_fail_memory(r.slots * sizeof(double));
  for (int i = 0; i < program->n_inputs && status == CKKS_OK; i++) {
    if (!reg_ready(&r, i))
      status = base_fail_memory(r.slots * sizeof(double));
    else
      memcpy(r.reg[i], input[i], r.slots * sizeof(double));
  }
  for (int i = 0; i < program->n_ops && status == CKKS_OK; i++)
    status = run_op(&r, &program->op[i]);
  for (int i = 0; i < program->n_outputs && status == CKKS_OK; i++)
    memcpy(output[i], r.reg[program->output[i]], r.slots * sizeof(double));
  for (int i = 0; r.reg && i < program->n_registers; i++)
    base_free(r.reg[i]);
  base_free(r.reg);
  base_free(r.scratch);
  return status;
}
