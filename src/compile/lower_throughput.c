/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Throughput packing: one ciphertext per feature, one sample per slot. Affine maps are
 * sums of ciphertexts times numbers; there are no rotations. Levels are those of
 * the latency program, so that one chain of moduli and one set of keys serves both.
 */
#include <string.h>

#include "base/alloc.h"
#include "compile/lower.h"

typedef struct lowering {
  plan_plan *plan;
  plan_program *program;
  const compile_stages *stages;
  const compile_choice *choice;
  int level;
  /* First registers of: the stage's inputs, v^2 + linear beside them, its outputs, weighted copies.
   */
  int in, square, out, weighted;
} lowering;

/* What a row multiplies; one without weights multiplies the first value by 0. */
typedef struct weights {
  size_t n;
  const uint32_t *column;
  const double *value;
} weights;

static weights weights_of(const compile_stage *stage, size_t row) {
  static const uint32_t first = 0;
  static const double zero = 0.0;
  size_t from = stage->map.start[row], n = stage->map.start[row + 1] - from;
  return n == 0 ? (weights){1, &first, &zero}
                : (weights){n, stage->map.column + from, stage->map.value + from};
}

/* out = sum of weights * registers, which are counted from `first` on. */
static ckks_status emit_dense(lowering *lower, int out, int first, const weights *w, int level) {
  plan_op *op = NULL;
  double *value = NULL;
  int index = 0;
  BASE_TRY(compile_emit_vector(lower->plan, compile_padded(w->n), &index, &value));
  BASE_TRY(
      compile_emit_op(lower->program, PLAN_OP_DENSE, out, -1, index, (int)w->n, 1, level, &op));
  memcpy(value, w->value, w->n * sizeof *value);
  for (size_t t = 0; t < w->n; t++)
    op->term[t] = first + (int32_t)w->column[t];
  return CKKS_OK;
}

static ckks_status emit_bias(lowering *lower, int out, double bias, double max_abs) {
  plan_op *op = NULL;
  double *value = NULL;
  int index = 0;
  BASE_TRY(compile_emit_vector(lower->plan, 1, &index, &value));
  value[0] = bias;
  BASE_TRY(compile_emit_op(lower->program, PLAN_OP_ADD_VECTOR, out, out, index, 0, 0, lower->level,
                           &op));
  op->max_abs = max_abs;
  return CKKS_OK;
}

/* Row of a fused map: sum_j (v_j^2 + linear) * (w_j v_j), one relinearisation for all. */
static ckks_status emit_fused_row(lowering *lower, int out, const weights *w) {
  plan_op *op = NULL;
  for (size_t t = 0; t < w->n; t++) {
    const weights one = {1, w->column + t, w->value + t};
    BASE_TRY(
        emit_dense(lower, lower->weighted + (int)w->column[t], lower->in, &one, lower->level + 1));
  }
  BASE_TRY(compile_emit_op(lower->program, PLAN_OP_MUL_SUM, out, -1, -1, (int)w->n, 2, lower->level,
                           &op));
  for (size_t t = 0; t < w->n; t++) {
    op->term[2 * t] = lower->square + (int32_t)w->column[t];
    op->term[2 * t + 1] = lower->weighted + (int32_t)w->column[t];
  }
  return CKKS_OK;
}

static ckks_status emit_affine(lowering *lower, size_t i) {
  const compile_stage *stage = &lower->stages->stage[i];
  bool fused = lower->choice->affine[i].fused;
  lower->level -= fused ? 2 : 1;
  for (size_t row = 0; row < stage->n_out; row++) {
    const weights w = weights_of(stage, row);
    int out = lower->out + (int)row;
    if (fused)
      BASE_TRY(emit_fused_row(lower, out, &w));
    else
      BASE_TRY(emit_dense(lower, out, lower->in, &w, lower->level));
    BASE_TRY(emit_bias(lower, out, stage->bias[row], stage->max_abs));
  }
  return CKKS_OK;
}

/* Each value of a stage goes through its polynomial; they stand on one level afterwards. */
static ckks_status emit_polynomials(lowering *lower, size_t i) {
  const compile_stage *stage = &lower->stages->stage[i];
  bool fused = i + 1 < lower->stages->n_stages && lower->choice->affine[i + 1].fused;
  int index[NETWORK_MAX_ACTIVATIONS], level = lower->level;
  for (size_t a = 0; a < stage->n_activations; a++) {
    index[a] = -1;
    BASE_TRY(compile_emit_stage_vector(lower->plan, stage, a, &index[a]));
  }
  for (size_t row = 0; row < stage->n_out; row++) {
    level = lower->level;
    BASE_TRY(compile_emit_polynomial(lower->program, stage,
                                     index[compile_stage_activation(stage, row)], fused,
                                     lower->out + (int)row, lower->square + (int)row, &level));
  }
  lower->level = level;
  return CKKS_OK;
}

/* Four banks of registers as wide as the widest vector: in, out, square, weighted. */
ckks_status compile_lower_throughput(plan_plan *plan, const compile_stages *stages,
                                     const compile_choice *choice) {
  plan_program *program = &plan->program[PLAN_THROUGHPUT];
  int width = (int)compile_stages_width(stages), registers[ENCODING_MAX_CLASSES];
  if (width > COMPILE_MAX_BATCH_WIDTH)
    return base_fail(CKKS_ERROR_ARGUMENT,
                     "a layer %d wide; throughput packing holds at most %d values", width,
                     COMPILE_MAX_BATCH_WIDTH);
  lowering lower = {.plan = plan,
                    .program = program,
                    .stages = stages,
                    .choice = choice,
                    .level = compile_layouts_depth(stages, choice),
                    .in = 0,
                    .out = width,
                    .square = 2 * width,
                    .weighted = 3 * width};
  program->n_inputs = (int)stages->stage[0].n_in;
  program->n_registers = program->n_inputs;
  for (size_t i = 0; i < stages->n_stages; i++) {
    BASE_TRY(emit_affine(&lower, i));
    BASE_TRY(emit_polynomials(&lower, i));
    compile_emit_stage_end(program);
    int in = lower.in;
    lower.in = lower.out;
    lower.out = in;
  }
  size_t n_outputs = stages->stage[stages->n_stages - 1].n_out;
  for (size_t i = 0; i < n_outputs; i++)
    registers[i] = lower.in + (int)i;
  return compile_emit_outputs(program, registers, (int)n_outputs);
}
