/* SPDX-License-Identifier: Apache-2.0 */
#include "eval/sums.h"

#include "eval/digits.h"
#include "eval/workers.h"

/* Sums over every chain prime; remainders of a divisor of P and a level, and its quotients. */
size_t eval_sums_scratch_limbs(const ckks_params *params, size_t inner) {
  int limbs = 2 * params->n_limbs + 2 * (params->special_limbs[params->literal.n_p] + 3);
  return (size_t)limbs + inner;
}

typedef struct sums_state {
  const eval_sums *sums;
  eval_division division[2];
  ring_poly pair; /* of one limb, or of each limb that leaves */
} sums_state;

/* Limb j of the divisor. */
static void sums_remainder(const sums_state *state, int j, ckks_evaluator *ev) {
  const eval_sums *sums = state->sums;
  ring_word *const sum[2] = {ring_poly_limb(&state->division[0].remainder, j),
                             ring_poly_limb(&state->division[1].remainder, j)};
  sums->sum(sum, eval_digits_position(ev, sums->level, sums->basis->limb[j]), sums->context, ev);
}

/* Room `at` of the pairs. */
static void sums_limb(const sums_state *state, int i, int at, ckks_evaluator *ev) {
  ring_word *const sum[2] = {ring_poly_limb(&state->pair, 2 * at),
                             ring_poly_limb(&state->pair, 2 * at + 1)};
  state->sums->sum(sum, i, state->sums->context, ev);
}

static void sums_finish(const sums_state *state, int part, int i, int at, ckks_evaluator *ev) {
  state->sums->finish(ring_poly_limb(&state->pair, 2 * at + part), part, i, &state->division[part],
                      state->sums->context, ev);
}

/* ---- alone: limb by limb */

static void sums_chain_task(void *context, int i, ckks_evaluator *ev) {
  const sums_state *state = context;
  sums_limb(state, i, 0, ev);
  if (state->sums->look_ahead != NULL)
    state->sums->look_ahead(i, state->sums->context, ev);
  for (int part = 0; part < 2; part++)
    sums_finish(state, part, i, 0, ev);
}

/* ---- several threads: all sums, the divisions' beginnings, all quotients */

static void sums_any_task(void *context, int i, ckks_evaluator *ev) {
  const sums_state *state = context;
  int n_terms = state->sums->basis->n_terms;
  if (i < n_terms)
    sums_remainder(state, i, ev);
  else
    sums_limb(state, i - n_terms, i - n_terms, ev);
}

static void sums_finish_task(void *context, int i, ckks_evaluator *ev) {
  sums_finish(context, i % 2, i / 2, i / 2, ev);
}

static void sums_begin_task(void *context, int part, ckks_evaluator *ev) {
  sums_state *state = context;
  const ring_word *residues[EVAL_BASIS_MAX_TERMS];
  for (int j = 0; j < state->sums->basis->n_terms; j++)
    residues[j] = ring_poly_limb(&state->division[part].remainder, j);
  eval_division_begin(&state->division[part], residues, ev);
}

static void sums_remainder_task(void *context, int j, ckks_evaluator *ev) {
  sums_remainder(context, j, ev);
}

void eval_sums_divide(const eval_sums *sums, ckks_evaluator *ev) {
  size_t mark = base_arena_mark(&ev->arena);
  bool shared = eval_workers_pay(ev);
  sums_state state = {.sums = sums};
  for (int part = 0; part < 2; part++)
    eval_division_take(&state.division[part], sums->basis, ev);
  state.pair = ring_poly_take(&ev->arena, shared ? 2 * sums->n_quotients : 2, &ev->params->ring);
  if (shared)
    eval_workers_run(ev, sums->basis->n_terms + sums->n_quotients, sums_any_task, &state);
  else
    eval_workers_run(ev, sums->basis->n_terms, sums_remainder_task, &state);
  eval_workers_run(ev, 2, sums_begin_task, &state);
  if (shared)
    eval_workers_run(ev, 2 * sums->n_quotients, sums_finish_task, &state);
  else
    eval_workers_run(ev, sums->n_quotients, sums_chain_task, &state);
  base_arena_reset(&ev->arena, mark);
}
