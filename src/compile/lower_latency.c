/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Latency packing: one sample, its features repeated over all slots so that every
 * slot of every intermediate is valid (GAZELLE's hybrid, eprint 2018/073, with
 * the replication chosen per map). docs/math.md, "Layouts", has the derivation.
 */
#include <string.h>

#include "base/alloc.h"
#include "compile/lower_guard.h"

/* Registers of each ciphertext of a vector: the value, v^2 + linear beside it, a weighted copy. */
enum { VALUE = 0, SQUARE = 1, WEIGHTED = 2, N_KINDS = 3 };
/* Stands for a cubic's linear factor where powers are meant otherwise. */
enum { LINEAR = -1 };

typedef struct lowering {
  plan_plan *plan;
  plan_program *program;
  const compile_stages *stages;
  const compile_choice *choice;
  size_t n_slots, width; /* width: ciphertexts of the widest vector */
  int level;
  compile_lower_guard guard;
  /* Registers come in banks of width x N_KINDS: those of a stage's operand and of its results. A
   * bank is kept while a later stage takes from it. */
  int in, out, bank_of[NETWORK_MAX_LAYERS];
} lowering;

static int reg(const lowering *lower, int bank, int kind, size_t ciphertext) {
  return kind + N_KINDS * (int)((size_t)bank * lower->width + ciphertext);
}

/* Stride with which map i's outputs lie in the slots: that of the next map, 1 at the end. */
static size_t stride_out(const lowering *lower, size_t i) {
  return i + 1 < lower->stages->n_stages ? lower->choice->affine[i + 1].stride : 1;
}

/* Row that slot j of ciphertext `out` belongs to. Padding rows are zero, at the end, too: nothing
 * but outputs leaves the server, and what a wrap leaves there is seen. */
static bool slot_row(size_t *row, const lowering *lower, size_t i, size_t out, size_t j) {
  const compile_stage *stage = &lower->stages->stage[i];
  size_t outputs = lower->choice->affine[i].rows / stride_out(lower, i);
  *row = out * outputs + j / stride_out(lower, i) % outputs;
  return *row < stage->n_out;
}

/* Map i as it lies, and where it goes. The replicas that `fold` sums up share the weights. */
static compile_link link_of(const lowering *lower, size_t i) {
  return (compile_link){.map = compile_layouts_map(lower->stages, lower->choice, i),
                        .affine = lower->choice->affine[i],
                        .stride_out = stride_out(lower, i),
                        .share = i == 0 ? 1.0 / (double)lower->choice->fold : 1.0};
}

static compile_target target_of(const lowering *lower, int from, int to, int out) {
  return (compile_target){.plan = lower->plan,
                          .program = lower->program,
                          .n_slots = lower->n_slots,
                          .windows = lower->choice->windows,
                          .in = reg(lower, from, VALUE, 0),
                          .out = reg(lower, to, out, 0),
                          .spare = reg(lower, to, SQUARE, 0),
                          .between = N_KINDS,
                          .level = lower->level - 1};
}

/* The weights: on the value itself, or on the cubic's factor v before the last product. */
static ckks_status emit_weights(lowering *lower, size_t i, int *kind) {
  const compile_affine *affine = &lower->choice->affine[i];
  plan_op *op = NULL;
  bool alone = affine->diagonals == 1 && affine->n_in == 1 && affine->n_out == 1;
  *kind = alone ? VALUE : WEIGHTED;
  compile_link link = link_of(lower, i);
  compile_target target =
      target_of(lower, lower->in, lower->out, alone && !affine->fused ? VALUE : WEIGHTED);
  BASE_TRY(alone ? compile_lower_main_diagonal(&target, &link) : compile_lower_map(&target, &link));
  lower->level--;
  if (!affine->fused)
    return CKKS_OK;
  int value = reg(lower, lower->out, VALUE, 0); /* fused maps stay in their bank */
  BASE_TRY(
      compile_emit_op(lower->program, PLAN_OP_MUL_SUM, value, -1, -1, 1, 2, lower->level - 1, &op));
  op->term[0] = value + SQUARE;
  op->term[1] = value + WEIGHTED;
  lower->level--;
  return CKKS_OK;
}

static ckks_status emit_rotation(lowering *lower, int out, int a, int addend, int n_terms,
                                 plan_op **op) {
  return compile_emit_op(lower->program, PLAN_OP_ROTATE_SUM, out, a, addend, n_terms, 1,
                         lower->level, op);
}

/* The four terms x, r x, r^2 x, r^3 x from one key: x + r(x + r(x + r x)). */
static ckks_status emit_horner(lowering *lower, int *value, size_t step) {
  int out = *value % N_KINDS == VALUE ? *value + WEIGHTED : *value - WEIGHTED;
  plan_op *op = NULL;
  for (int round = 0; round < 3; round++) {
    BASE_TRY(emit_rotation(lower, out, round == 0 ? *value : out, *value, 1, &op));
    op->term[0] = (int32_t)step;
  }
  *value = out;
  return CKKS_OK;
}

/* The sum over all subsets of `take` doublings in one hoisted op. */
static ckks_status emit_hoisted(lowering *lower, int *value, const size_t *doublings, int take) {
  plan_op *op = NULL;
  int out = *value - *value % N_KINDS + VALUE;
  BASE_TRY(emit_rotation(lower, out, *value, *value, (1 << take) - 1, &op));
  for (int subset = 1; subset < 1 << take; subset++)
    for (int bit = 0; bit < take; bit++)
      if (subset >> bit & 1)
        op->term[subset - 1] += (int32_t)doublings[bit];
  *value = out;
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

static ckks_status emit_sums(lowering *lower, const compile_affine *affine, bool first,
                             int *value) {
  size_t doublings[64];
  int n = 0;
  for (size_t step = affine->rows; step < affine->stride * affine->inputs; step *= 2)
    doublings[n++] = step;
  if (first)
    for (size_t step = lower->n_slots / lower->choice->fold; step < lower->n_slots; step *= 2)
      doublings[n++] = step;
  return emit_rotate_sums(lower, value, doublings, n);
}

/* Poolings: places are summed where they lie, before the map. */
static ckks_status emit_windows(lowering *lower, size_t i) {
  const compile_stage *stage = &lower->stages->stage[i];
  const compile_affine *affine = &lower->choice->affine[i];
  for (size_t in = 0; in < affine->n_in; in++)
    for (int w = 0; w < stage->n_windows; w++) {
      const compile_window *window = &stage->window[w];
      int value = reg(lower, lower->in, VALUE, in);
      plan_op *op = NULL;
      BASE_TRY(emit_rotation(lower, value, value, value, (int)window->count - 1, &op));
      for (uint32_t t = 1; t < window->count; t++)
        op->term[t - 1] = (int32_t)(t * window->step * affine->stride);
    }
  return CKKS_OK;
}

static ckks_status emit_bias(lowering *lower, size_t i, size_t out, int value, int to) {
  const compile_stage *stage = &lower->stages->stage[i];
  plan_op *op = NULL;
  double *bias = NULL;
  int index = 0;
  BASE_TRY(compile_emit_vector(lower->plan, lower->choice->affine[i].rows, &index, &bias));
  for (size_t j = 0; j < lower->choice->affine[i].rows; j++) {
    size_t row = 0;
    if (slot_row(&row, lower, i, out, j))
      bias[j] = stage->bias[row];
  }
  BASE_TRY(compile_emit_op(lower->program, PLAN_OP_ADD_VECTOR, to, value, index, 0, 0, lower->level,
                           &op));
  op->max_abs = stage->max_abs;
  return CKKS_OK;
}

/* Coefficient k (or LINEAR) of each slot's unit as a vector, 0 where there is none. */
static ckks_status emit_by_slot(lowering *lower, size_t i, size_t out, int k, int *index) {
  const compile_stage *stage = &lower->stages->stage[i];
  size_t rows = lower->choice->affine[i].rows, row;
  double *value = NULL;
  BASE_TRY(compile_emit_vector(lower->plan, rows, index, &value));
  for (size_t j = 0; j < rows; j++)
    if (slot_row(&row, lower, i, out, j)) {
      size_t a = compile_stage_activation(stage, row);
      value[j] = k == LINEAR ? stage->linear[a] : stage->polynomial[a].coefficient[k];
    }
  return CKKS_OK;
}

/* Polynomials of different degrees: a vector for each power that any of them has. */
static ckks_status emit_slot_polynomials(lowering *lower, size_t i, size_t out, int *level) {
  const compile_stage *stage = &lower->stages->stage[i];
  int degree = compile_stage_degree(stage), n = 0, first = lower->plan->n_vectors, index = 0;
  int32_t power[ENCODING_MAX_DEGREE + 1];
  plan_op *op = NULL;
  for (int k = 0; k <= degree; k++) {
    bool used = false;
    for (size_t a = 0; a < stage->n_activations; a++)
      used = used || stage->polynomial[a].coefficient[k] != 0.0;
    if (!used)
      continue;
    power[n++] = k;
    BASE_TRY(emit_by_slot(lower, i, out, k, &index));
  }
  *level -= plan_polynomial_depth(degree);
  BASE_TRY(compile_emit_op(lower->program,
                           compile_stage_chebyshev(stage) ? PLAN_OP_SLOT_CHEBYSHEV
                                                          : PLAN_OP_SLOT_POLYNOMIALS,
                           reg(lower, lower->out, VALUE, out), reg(lower, lower->out, VALUE, out),
                           first, n, 1, *level, &op));
  memcpy(op->term, power, (size_t)n * sizeof *power);
  return CKKS_OK;
}

/* *index: the constants of all ciphertexts, once where all slots have the same ones. */
static ckks_status emit_polynomial(lowering *lower, size_t i, size_t out, int *index, int *level) {
  const compile_stage *stage = &lower->stages->stage[i];
  bool next_fused = i + 1 < lower->stages->n_stages && lower->choice->affine[i + 1].fused;
  if (stage->n_activations > 1 && stage->kind == COMPILE_STAGE_GENERAL)
    return emit_slot_polynomials(lower, i, out, level);
  if (stage->n_activations > 1 &&
      (stage->kind == COMPILE_STAGE_CUBIC || stage->kind == COMPILE_STAGE_SQUARES))
    BASE_TRY(emit_by_slot(lower, i, out, LINEAR, index));
  else if (out == 0)
    BASE_TRY(compile_emit_stage_vector(lower->plan, stage, 0, index));
  return compile_emit_polynomial(lower->program, stage, *index, next_fused,
                                 reg(lower, lower->out, VALUE, out),
                                 reg(lower, lower->out, SQUARE, out), level);
}

/* Whether the results of stage k are still wanted by stage i, or behind it. */
static bool is_wanted(const lowering *lower, size_t k, size_t i) {
  for (; i < lower->stages->n_stages; i++)
    for (int s = 0; s < lower->stages->stage[i].n_skips; s++)
      if (lower->stages->stage[i].skip[s].from == k)
        return true;
  return false;
}

/* The first bank without anything that stage i or a later one takes, and not these. */
static int free_bank(const lowering *lower, size_t i, int in, int out) {
  for (int bank = 0;; bank++) {
    bool free = bank != in && bank != out;
    for (size_t k = 0; k < i && free; k++)
      free = lower->bank_of[k] != bank || !is_wanted(lower, k, i);
    if (free)
      return bank;
  }
}

/* The results of an earlier stage, too: each goes through its map in a bank of its own. */
static ckks_status emit_skip(lowering *lower, size_t i, const compile_skip *skip, size_t out,
                             int value) {
  int bank = free_bank(lower, i, lower->in, lower->out);
  compile_link link = {.map = &skip->map,
                       .affine = compile_layouts_skip(&skip->map, lower->n_slots),
                       .stride_out = 1,
                       .share = 1.0};
  compile_target target = target_of(lower, lower->bank_of[skip->from], bank, WEIGHTED);
  plan_op *op = NULL;
  target.level = lower->level;
  if (out == 0)
    BASE_TRY(compile_lower_map(&target, &link));
  int part = reg(lower, bank, WEIGHTED, out);
  BASE_TRY(emit_sums(lower, &link.affine, false, &part));
  return emit_rotation(lower, value, part, value, 1, &op);
}

/* The end of a map: its bias, and new levels where they are needed. */
static ckks_status emit_map_end(lowering *lower, size_t i, size_t out, int value, int *level) {
  bool fresh = lower->choice->bootstraps && lower->choice->fresh[i];
  *level = lower->level;
  BASE_TRY(emit_bias(lower, i, out, value,
                     fresh ? lower->guard.kept : reg(lower, lower->out, VALUE, out)));
  if (!fresh)
    return CKKS_OK;
  *level = compile_layouts_level(lower->stages, lower->choice, i + 1);
  return compile_lower_guard_bootstrap(&lower->guard, reg(lower, lower->out, VALUE, out),
                                       compile_lower_guard_range(&lower->stages->stage[i]));
}

static ckks_status emit_stage(lowering *lower, size_t i) {
  const compile_stage *stage = &lower->stages->stage[i];
  int kind = VALUE, index = -1, level = lower->level;
  lower->out = i > 0 && is_wanted(lower, i - 1, i) ? free_bank(lower, i, lower->in, -1) : lower->in;
  BASE_TRY(emit_windows(lower, i));
  BASE_TRY(emit_weights(lower, i, &kind));
  for (size_t out = 0; out < lower->choice->affine[i].n_out; out++) {
    int value = reg(lower, lower->out, kind, out);
    BASE_TRY(emit_sums(lower, &lower->choice->affine[i], i == 0, &value));
    for (int k = 0; k < stage->n_skips; k++)
      BASE_TRY(emit_skip(lower, i, &stage->skip[k], out, value));
    BASE_TRY(emit_map_end(lower, i, out, value, &level));
    BASE_TRY(emit_polynomial(lower, i, out, &index, &level));
  }
  lower->level = level;
  lower->bank_of[i] = lower->in = lower->out;
  return CKKS_OK;
}

static size_t widest(const compile_stages *stages, const compile_choice *choice) {
  size_t most = 1;
  for (size_t i = 0; i < stages->n_stages; i++) {
    most = choice->affine[i].n_in > most ? choice->affine[i].n_in : most;
    most = choice->affine[i].n_out > most ? choice->affine[i].n_out : most;
  }
  return most;
}

ckks_status compile_lower_latency(plan_plan *plan, const compile_stages *stages,
                                  const compile_choice *choice) {
  plan_program *program = &plan->program[PLAN_LATENCY];
  lowering lower = {.plan = plan,
                    .program = program,
                    .stages = stages,
                    .choice = choice,
                    .n_slots = (size_t)1 << (choice->log2_n - 1),
                    .width = widest(stages, choice),
                    .level = compile_layouts_level(stages, choice, 0)};
  program->n_inputs = 1;
  program->n_registers = 1;
  if (choice->bootstraps)
    compile_lower_guard_begin(&lower.guard, plan, choice, reg(&lower, 0, 0, lower.width));
  for (size_t i = 0; i < stages->n_stages; i++) {
    BASE_TRY(emit_stage(&lower, i));
    if (choice->bootstraps && i + 1 == stages->n_stages)
      BASE_TRY(compile_lower_guard_end(&lower.guard, VALUE, stages->stage[i].n_out));
    compile_emit_stage_end(program);
  }
  return compile_emit_outputs(program, (const int[]){reg(&lower, lower.out, VALUE, 0)}, 1);
}
