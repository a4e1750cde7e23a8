/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Places for a bootstrap are behind maps, before polynomials. Between two of them lie a polynomial
 * and a map, of so many levels; what they cost grows with the level at which they stand, and a
 * bootstrap costs the same everywhere, for each ciphertext that is there. So the levels of a
 * segment follow from where it ends, the costs of segments add up, and the cheapest way from the
 * input to the end is a shortest path, looked for from the end.
 */
#include "compile/schedule.h"

#include <math.h>
#include <string.h>

#include "base/alloc.h"

#define MANY_WORDS (UINT64_C(1) << 40) /* of keys, which at these sizes are never near */

/* What a stage's map and polynomial cost by the level at which they end, and begin. */
typedef struct stage_cost {
  double map[CKKS_MAX_Q], polynomial[CKKS_MAX_Q];
  int map_depth, polynomial_depth;
  size_t n_out; /* ciphertexts that would be bootstrapped */
  bool place;   /* for a bootstrap: a polynomial follows */
} stage_cost;

typedef struct scheduling {
  const compile_stages *stages;
  const compile_choice *choice;
  const compile_chain *chain;
  const compile_options *options;
  plan_plan plan; /* without a bootstrap: levels are counted from the end, as many as it takes */
  stage_cost *stage;
  double bootstrap_ms, *best; /* from behind map i, bootstrapped there, to the end */
  size_t *next;               /* map behind which the next bootstrap is; n_stages = none */
  plan_op *op;                /* a stage's, moved to other levels */
} scheduling;

/* --- what a stage costs */

static bool is_bias(const plan_op *op) {
  return op->kind == PLAN_OP_ADD_VECTOR && op->max_abs > 0.0;
}

static double ms_of(const scheduling *s, const plan_program *program) {
  compile_work work;
  const ckks_params_literal *literal = &s->chain->params->literal;
  compile_work_program(&work, &s->plan, program, literal, NULL, 0, s->options->weights_bytes,
                       s->chain->bootstrap);
  work.key_words = MANY_WORDS;
  return compile_cost_ms(&work, literal->log2_n, &s->options->units);
}

/* The stage's operations on one side of its first bias, moved so that the bias stands at `level`.
 * Of several ciphertexts some maps' sums stand behind it; what is no polynomial is a map. */
static double part_ms(scheduling *s, int first, int end, bool polynomial, int level) {
  plan_program part = {.n_inputs = 1, .op = s->op};
  const plan_op *op = s->plan.program[PLAN_LATENCY].op;
  int bias = first;
  while (!is_bias(&op[bias]))
    bias++;
  for (int i = first; i < end; i++) {
    bool bends = i > bias && (op[i].kind == PLAN_OP_MUL_SUM || plan_is_polynomial(&op[i]) ||
                              (op[i].kind == PLAN_OP_ADD_VECTOR && !is_bias(&op[i])));
    if (bends != polynomial)
      continue;
    part.op[part.n_ops] = op[i];
    part.op[part.n_ops++].level += level - op[bias].level;
  }
  return part.n_ops > 0 ? ms_of(s, &part) : 0.0;
}

static void price_stage(scheduling *s, size_t i) {
  const plan_program *program = &s->plan.program[PLAN_LATENCY];
  int first = i == 0 ? 0 : program->stage_end[i - 1], end = program->stage_end[i];
  stage_cost *cost = &s->stage[i];
  cost->map_depth = compile_layouts_map_depth(s->choice, i);
  cost->polynomial_depth = compile_layouts_polynomial_depth(s->stages, s->choice, i);
  cost->n_out = s->choice->affine[i].n_out;
  cost->place = s->stages->stage[i].kind != COMPILE_STAGE_LAST;
  for (int level = 0; level + cost->map_depth <= s->choice->level_out; level++)
    cost->map[level] = part_ms(s, first, end, false, level);
  for (int level = cost->polynomial_depth; level <= s->choice->level_out; level++)
    cost->polynomial[level] = part_ms(s, first, end, true, level);
}

static double price_bootstrap(const scheduling *s) {
  plan_op op = {
      .kind = PLAN_OP_BOOTSTRAP, .index = s->choice->log2_slots, .level = s->choice->level_out};
  const plan_program program = {.n_inputs = 1, .n_ops = 1, .op = &op};
  return ms_of(s, &program);
}

/* --- the path */

/* Levels from the place behind map `from - 1` (0: the input) to that behind `to`, or to the end. */
static int depth_between(const scheduling *s, size_t from, size_t to) {
  size_t n = s->stages->n_stages;
  int depth = to == n ? s->stage[n - 1].polynomial_depth : 0;
  for (size_t i = from; i <= to && i < n; i++)
    depth += s->stage[i].map_depth + (i > 0 ? s->stage[i - 1].polynomial_depth : 0);
  return depth;
}

/* Milliseconds of that; infinite where there are not levels enough. */
static double ms_between(const scheduling *s, size_t from, size_t to) {
  size_t n = s->stages->n_stages;
  int level = depth_between(s, from, to) + (to < n ? s->choice->level_in : 0);
  double ms = 0.0;
  if (level > s->choice->level_out)
    return INFINITY;
  for (size_t i = from; i <= to && i < n; i++) {
    if (i > 0) {
      ms += s->stage[i - 1].polynomial[level];
      level -= s->stage[i - 1].polynomial_depth;
    }
    level -= s->stage[i].map_depth;
    ms += s->stage[i].map[level];
  }
  return to == n ? ms + s->stage[n - 1].polynomial[level] : ms;
}

/* From the place before map `from` on. */
static void find_next(scheduling *s, size_t from) {
  size_t n = s->stages->n_stages;
  s->best[from] = ms_between(s, from, n);
  s->next[from] = n;
  for (size_t to = from; to < n; to++) {
    if (!s->stage[to].place)
      continue;
    double ms = ms_between(s, from, to);
    if (!(ms < INFINITY))
      break; /* further places are deeper still */
    ms += (double)s->stage[to].n_out * s->bootstrap_ms + s->best[to + 1];
    if (ms < s->best[from]) {
      s->best[from] = ms;
      s->next[from] = to;
    }
  }
}

static ckks_status walk(scheduling *s) {
  size_t n = s->stages->n_stages;
  BASE_TRY(compile_lower_latency(&s->plan, s->stages, s->choice));
  const plan_program *program = &s->plan.program[PLAN_LATENCY];
  s->stage = base_alloc_array(n, sizeof *s->stage);
  s->best = base_alloc_array(n + 1, sizeof *s->best);
  s->next = base_alloc_array(n + 1, sizeof *s->next);
  s->op = base_alloc_array((size_t)program->n_ops, sizeof *s->op);
  if (s->stage == NULL || s->best == NULL || s->next == NULL || s->op == NULL)
    return base_fail_memory(n * sizeof *s->stage);
  for (size_t i = 0; i < n; i++)
    price_stage(s, i);
  s->bootstrap_ms = price_bootstrap(s);
  for (size_t from = n + 1; from-- > 0;)
    find_next(s, from);
  return CKKS_OK;
}

ckks_status compile_schedule_choose(compile_choice *choice, bool *found,
                                    const compile_stages *stages, const compile_chain *chain,
                                    const compile_options *options) {
  scheduling s = {.stages = stages, .choice = choice, .chain = chain, .options = options};
  size_t n = stages->n_stages;
  choice->bootstraps = false; /* what is priced */
  ckks_status status = walk(&s);
  *found = status == CKKS_OK && s.best[0] < INFINITY && s.next[0] < n;
  choice->bootstraps = *found;
  memset(choice->fresh, 0, sizeof choice->fresh);
  for (size_t at = 0; *found && s.next[at] < n; at = s.next[at] + 1)
    choice->fresh[s.next[at]] = true;
  plan_clear(&s.plan);
  base_free(s.stage);
  base_free(s.best);
  base_free(s.next);
  base_free(s.op);
  return status;
}
