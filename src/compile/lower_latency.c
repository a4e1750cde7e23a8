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
  size_t n_slots;
  int level;
  compile_lower_guard guard;
} lowering;

static size_t max_size(size_t a, size_t b) {
  return a > b ? a : b;
}

static int reg(int kind, size_t ciphertext) {
  return kind + N_KINDS * (int)ciphertext;
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

/* The diagonals of a map between two ciphertexts. */
typedef struct block {
  size_t in, out, n_used, window;
  bool *used;
  int *vector; /* of each used diagonal */
} block;

/* The first weight of a row whose column is not below `column`. */
static size_t first_from(const network_sparse *map, size_t row, size_t column) {
  size_t low = map->start[row], high = map->start[row + 1];
  while (low < high) {
    size_t middle = (low + high) / 2;
    if (map->column[middle] < column)
      low = middle + 1;
    else
      high = middle;
  }
  return low;
}

/*
 * Diagonal d of map i: slot j multiplies input (j / stride + d) of row j. Stored
 * rotated by -giant. The replicas that `fold` sums up share the weight.
 */
static void fill_slot(const lowering *lower, size_t i, const block *b, size_t j, size_t row,
                      size_t period) {
  const compile_affine *affine = &lower->choice->affine[i];
  const network_sparse *map = compile_layouts_map(lower->stages, lower->choice, i);
  double share = i == 0 ? 1.0 / (double)lower->choice->fold : 1.0;
  size_t inputs = affine->inputs, begin = b->in * inputs, here = j / affine->stride % inputs;
  size_t past = here + affine->diagonals, most = past > inputs ? inputs : past;
  size_t from[2] = {begin + here, begin}, to[2] = {begin + most, begin + past - most};
  for (int part = 0; part < 2; part++)
    for (size_t k = first_from(map, row, from[part]);
         k < map->start[row + 1] && map->column[k] < to[part]; k++) {
      size_t d = (map->column[k] - begin + inputs - here) % inputs;
      size_t giant = d / b->window * b->window * affine->stride;
      lower->plan->vector[b->vector[d]].value[(j + giant) % period] = share * map->value[k];
    }
}

static ckks_status emit_vectors(const lowering *lower, size_t i, const block *b) {
  const compile_affine *affine = &lower->choice->affine[i];
  size_t period = max_size(affine->stride * affine->inputs, affine->rows), row;
  double *value;
  for (size_t d = 0; d < affine->diagonals; d++)
    if (b->used[d])
      BASE_TRY(compile_emit_vector(lower->plan, period, &b->vector[d], &value));
  for (size_t j = 0; j < period; j++)
    if (slot_row(&row, lower, i, b->out, j))
      fill_slot(lower, i, b, j, row, period);
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
    return unit * compile_layouts_babies(n_used);
  for (size_t window = 2; window <= n; window *= 2)
    if (count_steps(used, n, window) < count_steps(used, n, best))
      best = window;
  return best;
}

static ckks_status emit_used(lowering *lower, size_t i, block *b, int to) {
  const compile_affine *affine = &lower->choice->affine[i];
  int first = lower->plan->n_vectors, t = 0;
  plan_op *op = NULL;
  b->window = choose_window(b->used, affine->diagonals, b->n_used);
  BASE_TRY(emit_vectors(lower, i, b));
  BASE_TRY(compile_emit_op(lower->program, PLAN_OP_DIAGONALS, to, reg(VALUE, b->in), first,
                           (int)b->n_used, 2, lower->level - 1, &op));
  for (size_t d = 0; d < affine->diagonals; d++) {
    if (!b->used[d])
      continue;
    op->term[2 * t] = (int32_t)(d % b->window * affine->stride);
    op->term[2 * t++ + 1] = (int32_t)(d / b->window * b->window * affine->stride);
  }
  return CKKS_OK;
}

/* to += from, both at the level below this one. */
static ckks_status emit_sum(lowering *lower, int to, int from) {
  plan_op *op = NULL;
  return compile_emit_op(lower->program, PLAN_OP_ROTATE_SUM, to, from, to, 1, 1, lower->level - 1,
                         &op);
}

/* One ciphertext of the outputs: what each ciphertext of the inputs brings, added up. */
static ckks_status emit_output(lowering *lower, size_t i, block *b) {
  const compile_affine *affine = &lower->choice->affine[i];
  bool begun = false;
  for (b->in = 0; b->in < affine->n_in; b->in++) {
    int to = reg(begun ? SQUARE : WEIGHTED, b->out);
    b->n_used = compile_layouts_used(b->used, lower->stages, lower->choice, i, stride_out(lower, i),
                                     b->in, b->out);
    if (b->n_used == 0 && (begun || b->in + 1 < affine->n_in))
      continue;
    if (b->n_used == 0) /* no weights at all: zeros are computed, too */
      b->n_used = b->used[0] = true;
    BASE_TRY(emit_used(lower, i, b, to));
    if (begun)
      BASE_TRY(emit_sum(lower, reg(WEIGHTED, b->out), to));
    begun = true;
  }
  return CKKS_OK;
}

static ckks_status emit_diagonals(lowering *lower, size_t i) {
  size_t n = lower->choice->affine[i].diagonals;
  block b = {.used = base_alloc_array(n, sizeof *b.used),
             .vector = base_alloc_array(n, sizeof *b.vector)};
  ckks_status status = b.used && b.vector ? CKKS_OK : base_fail_memory(n * sizeof *b.vector);
  for (; b.out < lower->choice->affine[i].n_out && status == CKKS_OK; b.out++)
    status = emit_output(lower, i, &b);
  base_free(b.used);
  base_free(b.vector);
  lower->level--;
  return status;
}

/* A main diagonal alone: a product with one vector. */
static ckks_status emit_main_diagonal(lowering *lower, size_t i, bool fused) {
  bool used = true;
  int index = 0;
  block b = {.used = &used, .vector = &index, .n_used = 1, .window = 1};
  plan_op *op = NULL;
  BASE_TRY(emit_vectors(lower, i, &b));
  BASE_TRY(compile_emit_op(lower->program, PLAN_OP_MUL_VECTOR, fused ? WEIGHTED : VALUE, VALUE,
                           index, 0, 0, lower->level - 1, &op));
  lower->level--;
  return CKKS_OK;
}

/* The weights: on the value itself, or on the cubic's factor v before the last product. */
static ckks_status emit_weights(lowering *lower, size_t i, int *kind) {
  const compile_affine *affine = &lower->choice->affine[i];
  plan_op *op = NULL;
  bool alone = affine->diagonals == 1 && affine->n_in == 1 && affine->n_out == 1;
  *kind = alone ? VALUE : WEIGHTED;
  if (!alone)
    return emit_diagonals(lower, i);
  BASE_TRY(emit_main_diagonal(lower, i, affine->fused));
  if (!affine->fused)
    return CKKS_OK;
  BASE_TRY(
      compile_emit_op(lower->program, PLAN_OP_MUL_SUM, VALUE, -1, -1, 1, 2, lower->level - 1, &op));
  op->term[0] = SQUARE;
  op->term[1] = WEIGHTED;
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

static ckks_status emit_sums(lowering *lower, size_t i, int *value) {
  const compile_affine *affine = &lower->choice->affine[i];
  size_t doublings[64];
  int n = 0;
  for (size_t step = affine->rows; step < affine->stride * affine->inputs; step *= 2)
    doublings[n++] = step;
  if (i == 0)
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
      int value = reg(VALUE, in);
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
                           reg(VALUE, out), reg(VALUE, out), first, n, 1, *level, &op));
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
  return compile_emit_polynomial(lower->program, stage, *index, next_fused, reg(VALUE, out),
                                 reg(SQUARE, out), level);
}

/* The end of a map: its bias, and new levels where they are needed. */
static ckks_status emit_map_end(lowering *lower, size_t i, size_t out, int value, int *level) {
  bool fresh = lower->choice->bootstraps && lower->choice->fresh[i];
  *level = lower->level;
  BASE_TRY(emit_bias(lower, i, out, value, fresh ? lower->guard.kept : reg(VALUE, out)));
  if (!fresh)
    return CKKS_OK;
  *level = compile_layouts_level(lower->stages, lower->choice, i + 1);
  return compile_lower_guard_bootstrap(&lower->guard, reg(VALUE, out),
                                       compile_lower_guard_range(&lower->stages->stage[i]));
}

static ckks_status emit_stage(lowering *lower, size_t i) {
  int kind = VALUE, index = -1, level = lower->level;
  BASE_TRY(emit_windows(lower, i));
  BASE_TRY(emit_weights(lower, i, &kind));
  for (size_t out = 0; out < lower->choice->affine[i].n_out; out++) {
    int value = reg(kind, out);
    BASE_TRY(emit_sums(lower, i, &value));
    BASE_TRY(emit_map_end(lower, i, out, value, &level));
    BASE_TRY(emit_polynomial(lower, i, out, &index, &level));
  }
  lower->level = level;
  return CKKS_OK;
}

/* Of any vector. */
static size_t most_ciphertexts(const lowering *lower) {
  size_t most = 1;
  for (size_t i = 0; i < lower->stages->n_stages; i++)
    most = max_size(most, max_size(lower->choice->affine[i].n_in, lower->choice->affine[i].n_out));
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
                    .level = compile_layouts_level(stages, choice, 0)};
  program->n_inputs = 1;
  program->n_registers = 1;
  if (choice->bootstraps)
    compile_lower_guard_begin(&lower.guard, plan, choice, reg(0, most_ciphertexts(&lower)));
  for (size_t i = 0; i < stages->n_stages; i++) {
    BASE_TRY(emit_stage(&lower, i));
    if (choice->bootstraps && i + 1 == stages->n_stages)
      BASE_TRY(compile_lower_guard_end(&lower.guard, VALUE, stages->stage[i].n_out));
    compile_emit_stage_end(program);
  }
  return compile_emit_outputs(program, (const int[]){VALUE}, 1);
}
