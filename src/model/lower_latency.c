/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Latency packing: one sample, its features repeated over all slots so that every
 * slot of every intermediate is valid (GAZELLE's hybrid, eprint 2018/073, with
 * the replication chosen per map). docs/math.md, "Layouts", has the derivation.
 */
#include <string.h>

#include "base/alloc.h"
#include "model/lower.h"

/* Registers: the value, v^2 + linear beside it, and a weighted copy. */
enum { VALUE = 0, SQUARE = 1, WEIGHTED = 2 };

typedef struct lowering {
  model_plan *plan;
  model_program *program;
  const model_stages *stages;
  const model_choice *choice;
  size_t n_slots;
  int level;
} lowering;

static size_t max_size(size_t a, size_t b) {
  return a > b ? a : b;
}

/* Stride with which map i's outputs lie in the slots: that of the next map, 1 at the end. */
static size_t stride_out(const lowering *lower, size_t i) {
  return i + 1 < lower->stages->n_stages ? lower->choice->affine[i + 1].stride : 1;
}

/* Row that slot j belongs to. Padding rows are zero inside, copies of output 0 at the end. */
static bool slot_row(size_t *row, const lowering *lower, size_t i, size_t j) {
  const model_stage *stage = &lower->stages->stage[i];
  *row = j / stride_out(lower, i) % model_padded(stage->n_out);
  if (*row < stage->n_out)
    return true;
  *row = 0;
  return i + 1 == lower->stages->n_stages;
}

/*
 * Diagonal d of map i: slot j multiplies input (j / stride + d) of row j. Stored
 * rotated by -giant. The replicas that `fold` sums up share the weight.
 */
static ckks_status emit_diagonal(const lowering *lower, size_t i, size_t d, size_t giant,
                                 int *index) {
  const model_affine_layout *affine = &lower->choice->affine[i];
  size_t padded = model_lower_inputs(lower->stages, lower->choice, i);
  size_t period = max_size(affine->stride * padded, affine->rows);
  double share = i == 0 ? 1.0 / (double)lower->choice->fold : 1.0, *value = NULL;
  BASE_TRY(model_emit_vector(lower->plan, period, index, &value));
  for (size_t j = 0; j < period; j++) {
    size_t row = 0, place = (j / affine->stride + d) % padded;
    if (slot_row(&row, lower, i, j))
      value[(j + giant) % period] =
          share * model_lower_weight(lower->stages, lower->choice, i, row, place);
  }
  return CKKS_OK;
}

/* Different multiples of `window`, and different rests, that are not zero. */
static double count_steps(const bool *used, size_t n, size_t window) {
  size_t babies = 0, giants = 0;
  for (size_t rest = 1; rest < window; rest++) {
    bool any = false;
    for (size_t d = rest; d < n && !any; d += window)
      any = used[d];
    babies += any;
  }
  for (size_t giant = window; giant < n; giant += window) {
    bool any = false;
    for (size_t d = giant; d < giant + window && d < n && !any; d++)
      any = used[d];
    giants += any;
  }
  return 0.6 * (double)babies + (double)giants; /* babies share their decomposition */
}

/* What a giant step is a multiple of. Evenly spaced diagonals are as good as all of them. */
static size_t choose_window(const bool *used, size_t n, size_t n_used) {
  size_t unit = n / n_used, best = 1;
  bool even = n % n_used == 0;
  for (size_t d = 0; d < n && even; d++)
    even = used[d] == (d % unit == 0);
  if (even)
    return unit * model_lower_babies(n_used);
  for (size_t window = 2; window <= n; window *= 2)
    if (count_steps(used, n, window) < count_steps(used, n, best))
      best = window;
  return best;
}

static ckks_status emit_used(lowering *lower, size_t i, const bool *used, size_t n_used) {
  const model_affine_layout *affine = &lower->choice->affine[i];
  size_t window = choose_window(used, affine->diagonals, n_used), t = 0;
  int first = lower->plan->n_vectors, index = 0;
  model_op *op = NULL;
  for (size_t d = 0; d < affine->diagonals; d++)
    if (used[d])
      BASE_TRY(emit_diagonal(lower, i, d, d / window * window * affine->stride, &index));
  BASE_TRY(model_emit_op(lower->program, MODEL_OP_DIAGONALS, WEIGHTED, VALUE, first, (int)n_used, 2,
                         lower->level - 1, &op));
  for (size_t d = 0; d < affine->diagonals; d++) {
    if (!used[d])
      continue;
    op->term[2 * t] = (int32_t)(d % window * affine->stride);
    op->term[2 * t++ + 1] = (int32_t)(d / window * window * affine->stride);
  }
  lower->level--;
  return CKKS_OK;
}

static ckks_status emit_diagonals(lowering *lower, size_t i) {
  size_t n = lower->choice->affine[i].diagonals;
  bool *used = base_alloc_array(n, sizeof *used);
  if (used == NULL)
    return base_fail_memory(n * sizeof *used);
  size_t n_used = model_lower_used(used, lower->stages, lower->choice, i, stride_out(lower, i));
  ckks_status status = emit_used(lower, i, used, n_used);
  base_free(used);
  return status;
}

/* The weights: on the value itself, or on the cubic's factor v before the last product. */
static ckks_status emit_weights(lowering *lower, size_t i, int *out) {
  const model_affine_layout *affine = &lower->choice->affine[i];
  model_op *op = NULL;
  int index = 0;
  *out = affine->diagonals > 1 ? WEIGHTED : VALUE;
  if (affine->diagonals > 1)
    return emit_diagonals(lower, i);
  BASE_TRY(emit_diagonal(lower, i, 0, 0, &index));
  BASE_TRY(model_emit_op(lower->program, MODEL_OP_MUL_VECTOR, affine->fused ? WEIGHTED : VALUE,
                         VALUE, index, 0, 0, lower->level - 1, &op));
  lower->level--;
  if (!affine->fused)
    return CKKS_OK;
  BASE_TRY(
      model_emit_op(lower->program, MODEL_OP_MUL_SUM, VALUE, -1, -1, 1, 2, lower->level - 1, &op));
  op->term[0] = SQUARE;
  op->term[1] = WEIGHTED;
  lower->level--;
  return CKKS_OK;
}

static ckks_status emit_rotation(lowering *lower, int out, int a, int addend, int n_terms,
                                 model_op **op) {
  return model_emit_op(lower->program, MODEL_OP_ROTATE_SUM, out, a, addend, n_terms, 1,
                       lower->level, op);
}

/* The four terms x, r x, r^2 x, r^3 x from one key: x + r(x + r(x + r x)). */
static ckks_status emit_horner(lowering *lower, int *value, size_t step) {
  int out = *value == VALUE ? WEIGHTED : VALUE;
  model_op *op = NULL;
  for (int round = 0; round < 3; round++) {
    BASE_TRY(emit_rotation(lower, out, round == 0 ? *value : out, *value, 1, &op));
    op->term[0] = (int32_t)step;
  }
  *value = out;
  return CKKS_OK;
}

/* The sum over all subsets of `take` doublings in one hoisted op. */
static ckks_status emit_hoisted(lowering *lower, int *value, const size_t *doublings, int take) {
  model_op *op = NULL;
  BASE_TRY(emit_rotation(lower, VALUE, *value, *value, (1 << take) - 1, &op));
  for (int subset = 1; subset < 1 << take; subset++)
    for (int bit = 0; bit < take; bit++)
      if (subset >> bit & 1)
        op->term[subset - 1] += (int32_t)doublings[bit];
  *value = VALUE;
  return CKKS_OK;
}

/* Sums over all subsets of `doublings`, some at a time. */
static ckks_status emit_rotate_sums(lowering *lower, int *value, const size_t *doublings,
                                    int n_doublings) {
  for (int at = 0; at < n_doublings;) {
    int left = n_doublings - at, take = lower->choice->log2_radix;
    if (take > left)
      take = left;
    bool pair = left >= 2 && doublings[at + 1] == 2 * doublings[at];
    if (lower->choice->horner && pair && lower->level > 0) { /* at level 0 keys are small */
      BASE_TRY(emit_horner(lower, value, doublings[at]));
      take = 2;
    } else {
      BASE_TRY(emit_hoisted(lower, value, doublings + at, take));
    }
    at += take;
  }
  return CKKS_OK;
}

static ckks_status emit_sums(lowering *lower, size_t i, int *value) {
  const model_affine_layout *affine = &lower->choice->affine[i];
  size_t span = affine->stride * model_lower_inputs(lower->stages, lower->choice, i);
  size_t doublings[64];
  int n = 0;
  for (size_t step = affine->rows; step < span; step *= 2)
    doublings[n++] = step;
  if (i == 0)
    for (size_t step = lower->n_slots / lower->choice->fold; step < lower->n_slots; step *= 2)
      doublings[n++] = step;
  return emit_rotate_sums(lower, value, doublings, n);
}

static ckks_status emit_bias(lowering *lower, size_t i, int value) {
  const model_stage *stage = &lower->stages->stage[i];
  model_op *op = NULL;
  double *bias = NULL;
  int index = 0;
  BASE_TRY(model_emit_vector(lower->plan, lower->choice->affine[i].rows, &index, &bias));
  for (size_t j = 0; j < lower->choice->affine[i].rows; j++) {
    size_t row = 0;
    if (slot_row(&row, lower, i, j))
      bias[j] = stage->bias[row];
  }
  BASE_TRY(model_emit_op(lower->program, MODEL_OP_ADD_VECTOR, VALUE, value, index, 0, 0,
                         lower->level, &op));
  op->max_abs = stage->max_abs;
  return CKKS_OK;
}

static ckks_status emit_stage(lowering *lower, size_t i) {
  const model_stage *stage = &lower->stages->stage[i];
  int value = VALUE, index = -1;
  bool next_fused = i + 1 < lower->stages->n_stages && lower->choice->affine[i + 1].fused;
  BASE_TRY(emit_weights(lower, i, &value));
  BASE_TRY(emit_sums(lower, i, &value));
  BASE_TRY(emit_bias(lower, i, value));
  BASE_TRY(model_emit_stage_vector(lower->plan, stage, &index));
  return model_emit_polynomial(lower->program, stage, index, next_fused, VALUE, SQUARE,
                               &lower->level);
}

ckks_status model_lower_latency(model_plan *plan, const model_stages *stages,
                                const model_choice *choice) {
  model_program *program = &plan->program[MODEL_LATENCY];
  lowering lower = {.plan = plan,
                    .program = program,
                    .stages = stages,
                    .choice = choice,
                    .n_slots = (size_t)1 << (choice->log2_n - 1),
                    .level = model_depth(stages, choice)};
  program->n_inputs = 1;
  program->n_registers = 1;
  for (size_t i = 0; i < stages->n_stages; i++) {
    BASE_TRY(emit_stage(&lower, i));
    model_emit_stage_end(program);
  }
  return model_emit_outputs(program, (const int[]){VALUE}, 1);
}
