/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Linear maps by diagonals, baby-step giant-step with double hoisting (Halevi,
 * Shoup, eprint 2018/244; Bossuat et al., eprint 2020/1203, algorithm 6):
 *
 *   out = sum_g sigma_g( sum_b p_{g,b} * sigma_b(a) ).
 *
 * The babies sigma_b(a) are left over P*Q, times P, and so are the inner sums. A
 * giant brings the second part of its sum down by P, switches it, and adds it
 * over P*Q to a total that is divided by P once for all giants. Limbs are the
 * outer loop: over one prime, a baby is multiplied into every sum that wants it
 * while it is in the cache, and no baby is ever stored whole.
 */
#include "eval/diagonals.h"

#include <string.h>

#include "eval/switch.h"
#include "eval/workers.h"

/* Words of a diagonal that are made at a time: no kernel takes fewer, every limb is a multiple. */
#define PIECE ((size_t)1024)

/*
 * Digits of a and of a giant: 2 (2 (L+1)); a giant's part over Q: L+1; total and 8 sums, two
 * parts over P*Q: 18 (L+1+k); divisions: 2 (k+1); P*a, product and baby: 6; weights: 1; a
 * division's own: 1.
 */
size_t eval_diagonals_scratch_limbs(const ckks_params *params) {
  size_t n_q = (size_t)params->n_limbs;
  size_t n_p = (size_t)params->special_limbs[params->literal.n_p];
  return 5 * n_q + 2 * (1 + EVAL_DIAGONALS_BATCH) * (n_q + n_p) + 2 * (n_p + 1) + 8;
}

static double diagonals_scale(const eval_diagonal *term) {
  return term->plaintext != NULL ? term->plaintext->scale : term->scale;
}

/* ------------------------------------------------------------------ state */

/* What one limb is worked on with. */
typedef struct diagonals_limb {
  eval_digits_limb digits;
  ring_word *base[2], *product[2], *baby[2], *weights;
} diagonals_limb;

eval_diagonals_pair eval_diagonals_take(int n_limbs, ckks_evaluator *ev) {
  eval_diagonals_pair pair;
  for (int part = 0; part < 2; part++)
    pair.part[part] = ring_poly_take(&ev->arena, n_limbs, &ev->params->ring);
  return pair;
}

void eval_diagonals_zero(const eval_diagonals_pair *pair) {
  for (int part = 0; part < 2; part++)
    memset(pair->part[part].data, 0,
           (size_t)pair->part[part].n_limbs * pair->part[part].stride * sizeof(ring_word));
}

/* The key of a rotation that diagonals_check has seen. */
static const ckks_switch_key *diagonals_key(int step, const eval_diagonals_state *state,
                                            const ckks_evaluator *ev) {
  return ckks_evaluation_keys_find(ev->keys, ckks_galois_rotation(ev->params, step), state->level);
}

/* ----------------------------------------------------------------- babies */

/* limb->baby = P * sigma_b(a) over limb i, for the digits extended there. */
static void diagonals_baby(diagonals_limb *limb, const eval_diagonals_state *state,
                           const ckks_switch_key *key, int i, ckks_evaluator *ev) {
  const ring_ring *ring = &ev->params->ring;
  const ring_modulus *m = &ring->modulus[ckks_params_limb(ev->params, state->level, i)];
  eval_digits_mac(limb->product[0], limb->product[1], &state->digits, &limb->digits, key, i, false,
                  ev);
  if (i < state->n_chain)
    ring->kernel->add(limb->product[0], limb->product[0], limb->base[0], ring->n, m);
  for (int part = 0; part < 2; part++)
    ring->kernel->permute(limb->baby[part], limb->product[part], key->index, ring->n);
  ev->counters.permute_words += 2 * ring->n;
}

/* The sum that a term belongs to: the total for giant 0, NULL for the giant of another batch. */
static const eval_diagonals_pair *diagonals_sum_of(const eval_diagonals_state *state,
                                                   const eval_diagonal *term) {
  if (term->giant == 0)
    return state->with_zero ? &state->total : NULL;
  for (int g = 0; g < state->n_giants; g++)
    if (state->giant[g] == term->giant)
      return &state->sum[g];
  return NULL;
}

/* Adds both parts of a baby times limb i of a diagonal that is kept as a plaintext. */
static void diagonals_multiply(const eval_diagonals_pair *sum, ring_word *const pair[2],
                               const eval_diagonal *term, const eval_diagonals_state *state, int i,
                               const ckks_evaluator *ev) {
  const ring_ring *ring = &ev->params->ring;
  int further = ckks_params_limbs(ev->params, term->plaintext->level) - state->n_chain;
  const ring_word *weights =
      ring_poly_limb(&term->plaintext->poly, i < state->n_chain ? i : i + further);
  for (int part = 0; part < 2; part++)
    ring->kernel->mul_add(ring_poly_limb(&sum->part[part], i), pair[part], weights, ring->n,
                          &ring->modulus[ckks_params_limb(ev->params, state->level, i)]);
}

/*
 * The same of one that is kept as integers: transformed now, and repeated piece by piece, so that
 * the whole limb stands nowhere.
 */
static void diagonals_multiply_sparse(const eval_diagonals_pair *sum, ring_word *const pair[2],
                                      const eval_diagonal *term, const diagonals_limb *limb,
                                      const eval_diagonals_state *state, int i,
                                      ckks_evaluator *ev) {
  const ring_ring *ring = &ev->params->ring;
  int at = ckks_params_limb(ev->params, state->level, i);
  const ring_modulus *m = &ring->modulus[at];
  _Alignas(64) ring_word piece[PIECE];
  ring->kernel->from_int64(limb->weights, term->coefficients, ring->n / term->sparse->gap, m);
  ring_sparse_forward(limb->weights, at, term->sparse);
  ev->counters.short_butterflies += ring_sparse_butterflies(ring->log2_n, term->sparse->gap);
  for (size_t first = 0; first < ring->n; first += PIECE) {
    ring_sparse_repeat(piece, limb->weights, first, PIECE, term->sparse);
    for (int part = 0; part < 2; part++)
      ring->kernel->mul_add(ring_poly_limb(&sum->part[part], i) + first, pair[part] + first, piece,
                            PIECE, m);
  }
}

/* Multiplies a baby (0: `pair` is P*a itself) into limb i of each sum of the batch that has it. */
static void diagonals_spread(const eval_diagonals_state *state, const diagonals_limb *limb,
                             ring_word *const pair[2], int baby, int i, ckks_evaluator *ev) {
  for (size_t t = 0; t < state->n_terms; t++) {
    const eval_diagonal *term = &state->terms[t];
    const eval_diagonals_pair *sum = term->baby == baby ? diagonals_sum_of(state, term) : NULL;
    if (sum != NULL && term->plaintext != NULL)
      diagonals_multiply(sum, pair, term, state, i, ev);
    else if (sum != NULL)
      diagonals_multiply_sparse(sum, pair, term, limb, state, i, ev);
  }
}

/* Whether term t is the first of this batch with its baby. */
static bool diagonals_first(const eval_diagonals_state *state, size_t t) {
  if (diagonals_sum_of(state, &state->terms[t]) == NULL)
    return false;
  for (size_t s = 0; s < t; s++)
    if (state->terms[s].baby == state->terms[t].baby &&
        diagonals_sum_of(state, &state->terms[s]) != NULL)
      return false;
  return true;
}

static void diagonals_limb_take(diagonals_limb *limb, ckks_evaluator *ev) {
  ring_poly scratch = ring_poly_take(&ev->arena, 7, &ev->params->ring);
  for (int part = 0; part < 2; part++) {
    limb->base[part] = ring_poly_limb(&scratch, part);
    limb->product[part] = ring_poly_limb(&scratch, 2 + part);
    limb->baby[part] = ring_poly_limb(&scratch, 4 + part);
  }
  limb->weights = ring_poly_limb(&scratch, 6);
}

/* Limb i of all inner sums of the batch. */
static void diagonals_sums_task(void *context, int i, ckks_evaluator *ev) {
  const eval_diagonals_state *state = context;
  const ring_ring *ring = &ev->params->ring;
  diagonals_limb limb;
  bool extended = false;
  diagonals_limb_take(&limb, ev);
  if (i < state->n_chain) {
    uint64_t p = eval_basis_special_product(ev, state->n_special, i);
    for (int part = 0; part < 2; part++)
      ring->kernel->mul_scalar(limb.base[part], ring_poly_limb(&state->a->part[part], i), p,
                               ring->n, &ring->modulus[i]);
    diagonals_spread(state, &limb, limb.base, 0, i, ev);
  }
  for (size_t t = 0; t < state->n_terms; t++) {
    int baby = state->terms[t].baby;
    if (baby == 0 || !diagonals_first(state, t))
      continue;
    const ckks_switch_key *key = diagonals_key(baby, state, ev);
    if (!extended)
      eval_digits_extend(&limb.digits, &state->digits, key, i, ev);
    extended = true;
    diagonals_baby(&limb, state, key, i, ev);
    diagonals_spread(state, &limb, limb.baby, baby, i, ev);
  }
}

void eval_diagonals_sums(const eval_diagonals_state *state, ckks_evaluator *ev) {
  eval_workers_run(ev, state->n_limbs, diagonals_sums_task, (void *)(uintptr_t)state);
}

/* ----------------------------------------------------------------- giants */

/* One polynomial over P*Q that comes down by P. */
typedef struct diagonals_quotient {
  const ring_poly *out, *in;
  eval_division division;
} diagonals_quotient;

static void diagonals_quotient_task(void *context, int i, ckks_evaluator *ev) {
  const diagonals_quotient *q = context;
  eval_division_limb(ring_poly_limb(q->out, i), ring_poly_limb(q->in, i), &q->division, i, NULL,
                     ev);
}

/* out = in / P over Q. */
void eval_diagonals_divide(const ring_poly *out, const ring_poly *in,
                           const eval_diagonals_state *state, ckks_evaluator *ev) {
  size_t mark = base_arena_mark(&ev->arena);
  const ring_word *residues[CKKS_MAX_P];
  diagonals_quotient q = {.out = out, .in = in};
  eval_division_take(&q.division, eval_basis_special(ev, state->n_special), ev);
  for (int j = 0; j < state->n_limbs - state->n_chain; j++)
    residues[j] = ring_poly_limb(in, state->n_chain + j);
  eval_division_begin(&q.division, residues, ev);
  eval_workers_run(ev, state->n_chain, diagonals_quotient_task, &q);
  base_arena_reset(&ev->arena, mark);
}

/* A giant step on its way into the total. */
typedef struct diagonals_step {
  const eval_diagonals_state *state;
  const eval_diagonals_pair *sum;
  const ckks_switch_key *key;
  eval_digits digits;
} diagonals_step;

static void diagonals_step_task(void *context, int i, ckks_evaluator *ev) {
  const diagonals_step *step = context;
  const ring_ring *ring = &ev->params->ring;
  const ring_modulus *m = &ring->modulus[ckks_params_limb(ev->params, step->state->level, i)];
  diagonals_limb limb;
  diagonals_limb_take(&limb, ev);
  eval_digits_extend(&limb.digits, &step->digits, step->key, i, ev);
  eval_digits_mac(limb.product[0], limb.product[1], &step->digits, &limb.digits, step->key, i,
                  false, ev);
  ring->kernel->add(limb.product[0], limb.product[0], ring_poly_limb(&step->sum->part[0], i),
                    ring->n, m);
  for (int part = 0; part < 2; part++) {
    ring_word *total = ring_poly_limb(&step->state->total.part[part], i);
    ring->kernel->permute_add(total, total, limb.product[part], step->key->index, ring->n, m);
  }
  ev->counters.permute_words += 2 * ring->n;
}

/* total += sigma_g(sum), its second part switched. */
void eval_diagonals_giant(const eval_diagonals_state *state, const eval_diagonals_pair *sum,
                          int giant, ckks_evaluator *ev) {
  size_t mark = base_arena_mark(&ev->arena);
  diagonals_step step = {.state = state, .sum = sum, .key = diagonals_key(giant, state, ev)};
  ring_poly second = ring_poly_take(&ev->arena, state->n_chain, &ev->params->ring);
  eval_diagonals_divide(&second, &sum->part[1], state, ev);
  eval_digits_begin(&step.digits, &second, state->level, state->n_special, false, ev);
  eval_workers_run(ev, state->n_limbs, diagonals_step_task, &step);
  base_arena_reset(&ev->arena, mark);
}

/* The next giants, from term *at on, into the batch. */
static void diagonals_next_batch(eval_diagonals_state *state, size_t *at) {
  state->n_giants = 0;
  for (; *at < state->n_terms; ++*at) {
    int giant = state->terms[*at].giant;
    if (giant == 0 || (state->n_giants > 0 && state->giant[state->n_giants - 1] == giant))
      continue; /* terms are sorted by giant */
    if (state->n_giants == EVAL_DIAGONALS_BATCH)
      return;
    state->giant[state->n_giants++] = giant;
  }
}

/* -------------------------------------------------------------------- map */

/* All keys there, of one n_special (0 when no rotation is needed), and plaintexts to match. */
static ckks_status diagonals_check(int *n_special, const ckks_ciphertext *a,
                                   const eval_diagonal *terms, size_t n_terms,
                                   const ckks_evaluator *ev) {
  *n_special = 0;
  for (size_t t = 0; t < 2 * n_terms; t++) {
    int step = t % 2 == 0 ? terms[t / 2].baby : terms[t / 2].giant;
    const ckks_switch_key *key;
    if (step == 0)
      continue;
    BASE_TRY(eval_key_find(&key, ckks_galois_rotation(ev->params, step), a->level, ev));
    if (*n_special != 0 && *n_special != key->n_special)
      return base_fail(CKKS_ERROR_KEY,
                       "the keys of one linear map must have equal n_special: rotation by %d has "
                       "%d, another %d",
                       step, key->n_special, *n_special);
    *n_special = key->n_special;
  }
  for (size_t t = 0; t < n_terms; t++) {
    const ckks_plaintext *p = terms[t].plaintext;
    BASE_ASSERT(ckks_scale_equal(diagonals_scale(&terms[t]), diagonals_scale(&terms[0])));
    BASE_ASSERT(p != NULL ? p->level >= a->level : *n_special > 0);
    if (p != NULL && p->n_special < *n_special)
      return base_fail(CKKS_ERROR_KEY,
                       "the keys of the linear map have n_special = %d, its diagonals were encoded "
                       "for %d",
                       *n_special, p->n_special);
  }
  return CKKS_OK;
}

/* Without rotations there is only the main diagonal, perhaps in several terms. */
static void diagonals_main_diagonal(ckks_ciphertext *out, const ckks_ciphertext *a,
                                    const eval_diagonal *terms, size_t n_terms,
                                    ckks_evaluator *ev) {
  eval_mul_plain(out, a, terms[0].plaintext, ev);
  for (size_t t = 1; t < n_terms; t++)
    eval_mul_plain_add(out, a, terms[t].plaintext, ev);
}

static void diagonals_take(eval_diagonals_state *state, ckks_evaluator *ev) {
  state->total = eval_diagonals_take(state->n_limbs, ev);
  eval_diagonals_zero(&state->total);
  for (int g = 0; g < EVAL_DIAGONALS_BATCH; g++)
    state->sum[g] = eval_diagonals_take(state->n_limbs, ev);
}

ckks_status eval_diagonals(ckks_ciphertext *out, const ckks_ciphertext *a,
                           const eval_diagonal *terms, size_t n_terms, ckks_evaluator *ev) {
  eval_diagonals_state state = {.a = a, .terms = terms, .n_terms = n_terms, .level = a->level};
  BASE_ASSERT(out != a && n_terms >= 1 && a->n_parts == 2);
  BASE_TRY(diagonals_check(&state.n_special, a, terms, n_terms, ev));
  if (state.n_special == 0) {
    diagonals_main_diagonal(out, a, terms, n_terms, ev);
    return CKKS_OK;
  }
  size_t mark = base_arena_mark(&ev->arena);
  state.n_chain = ckks_params_limbs(ev->params, a->level);
  state.n_limbs = ckks_params_limbs_over(ev->params, a->level, state.n_special);
  diagonals_take(&state, ev);
  eval_digits_begin(&state.digits, &a->part[1], a->level, state.n_special, false, ev);
  size_t at = 0;
  for (state.with_zero = true; state.with_zero || at < n_terms; state.with_zero = false) {
    diagonals_next_batch(&state, &at);
    for (int g = 0; g < state.n_giants; g++)
      eval_diagonals_zero(&state.sum[g]);
    eval_diagonals_sums(&state, ev);
    for (int g = 0; g < state.n_giants; g++)
      eval_diagonals_giant(&state, &state.sum[g], state.giant[g], ev);
  }
  for (int part = 0; part < 2; part++)
    eval_diagonals_divide(&out->part[part], &state.total.part[part], &state, ev);
  base_arena_reset(&ev->arena, mark);
  out->n_parts = 2;
  out->level = a->level;
  out->scale = a->scale * diagonals_scale(&terms[0]);
  out->seeded = false;
  return CKKS_OK;
}
