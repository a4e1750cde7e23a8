/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Linear maps whose diagonals lie in windows (convolutions): each is a column, a row and a giant
 * step away. Columns are hoisted, as babies are. Rows are ciphertexts, each the last one rotated by
 * one step. Inner sums, over P*Q, go into one another from the last giant to the first,
 *
 *   out = s_0 + sigma(s_1 + sigma(s_2 + ...)),
 *
 * so that one key serves all giants, and one each the rows above and below.
 */
#include <string.h>

#include "eval/diagonals.h"
#include "eval/switch.h"

typedef struct windows_state {
  const eval_diagonal *terms;
  size_t n_terms;
  const eval_windows_steps *steps;
  eval_diagonals_state sums; /* of a lot of giants */
  eval_diagonals_pair pair[EVAL_DIAGONALS_BATCH + 1], *so_far;
  int first, end;      /* giants of the lot */
  ckks_ciphertext row; /* what rows are rotated into */
} windows_state;

/* Beside what diagonals take: a ciphertext, and a switch for its rotation. */
size_t eval_windows_scratch_limbs(const ckks_params *params) {
  size_t n_q = (size_t)params->n_limbs;
  size_t n_p = (size_t)params->special_limbs[params->literal.n_p];
  return eval_diagonals_scratch_limbs(params) + 4 * n_q + 2 * n_p +
         eval_switch_scratch_limbs(params, false);
}

static ckks_status windows_check_step(int *n_special, int step, const ckks_ciphertext *a,
                                      const ckks_evaluator *ev) {
  const ckks_switch_key *key;
  if (step == 0)
    return CKKS_OK;
  BASE_TRY(eval_key_find(&key, ckks_galois_rotation(ev->params, step), a->level, ev));
  if (*n_special != 0 && *n_special != key->n_special)
    return base_fail(CKKS_ERROR_KEY,
                     "the keys of one linear map must have equal n_special: rotation by %d has %d, "
                     "another %d",
                     step, key->n_special, *n_special);
  *n_special = key->n_special;
  return CKKS_OK;
}

static ckks_status windows_check(int *n_special, const windows_state *w, const ckks_ciphertext *a,
                                 const ckks_evaluator *ev) {
  const int all[] = {w->steps->up, w->steps->down, w->steps->giant};
  *n_special = 0;
  for (size_t i = 0; i < sizeof all / sizeof *all; i++)
    BASE_TRY(windows_check_step(n_special, all[i], a, ev));
  for (size_t t = 0; t < w->n_terms; t++)
    BASE_TRY(windows_check_step(n_special, w->terms[t].baby, a, ev));
  for (size_t t = 0; t < w->n_terms; t++) {
    const ckks_plaintext *p = w->terms[t].plaintext;
    if (p != NULL && p->n_special < *n_special)
      return base_fail(CKKS_ERROR_KEY,
                       "the keys of the linear map have n_special = %d, its diagonals were encoded "
                       "for %d",
                       *n_special, p->n_special);
  }
  return CKKS_OK;
}

/* Adds what the windows of one row bring to the sums of the lot. */
static void windows_row(windows_state *w, const ckks_ciphertext *a, int row, ckks_evaluator *ev) {
  size_t mark = base_arena_mark(&ev->arena), n = 0, first = 0;
  bool rotates = false;
  while (first < w->n_terms && w->terms[first].row < row)
    first++;
  while (first + n < w->n_terms && w->terms[first + n].row == row)
    n++;
  if (n == 0)
    return;
  eval_diagonals_state *sums = &w->sums;
  sums->a = a;
  sums->terms = &w->terms[first];
  sums->n_terms = n;
  for (size_t t = first; t < first + n; t++)
    rotates = rotates || w->terms[t].baby != 0;
  if (rotates)
    eval_digits_begin(&sums->digits, &a->part[1], a->level, sums->n_special, false, ev);
  eval_diagonals_sums(sums, ev);
  base_arena_reset(&ev->arena, mark);
}

/* The rows on one side, nearest first. */
static ckks_status windows_side(windows_state *w, const ckks_ciphertext *a, int step, int n,
                                int sign, ckks_evaluator *ev) {
  for (int row = 1; row <= n; row++) {
    BASE_TRY(eval_automorphism_add(&w->row, row == 1 ? a : &w->row,
                                   ckks_galois_rotation(ev->params, step), NULL, ev));
    windows_row(w, &w->row, sign * row, ev);
  }
  return CKKS_OK;
}

/* The sums of giants first to end - 1. */
static ckks_status windows_lot(windows_state *w, const ckks_ciphertext *a, ckks_evaluator *ev) {
  eval_diagonals_state *sums = &w->sums;
  int n = w->end - w->first, zero = w->first == 0;
  eval_diagonals_pair *spare = w->pair;
  sums->with_zero = zero;
  sums->n_giants = n - zero;
  for (int g = 0; g < n; g++, spare++) {
    if (spare == w->so_far)
      spare++;
    eval_diagonals_zero(spare);
    if (g < zero) {
      sums->total = *spare;
      continue;
    }
    sums->sum[g - zero] = *spare;
    sums->giant[g - zero] = w->first + g;
  }
  windows_row(w, a, 0, ev);
  BASE_TRY(windows_side(w, a, w->steps->up, w->steps->n_up, 1, ev));
  return windows_side(w, a, w->steps->down, w->steps->n_down, -1, ev);
}

/* From the last giant of the lot to the first: each takes in, one step on, what is above it. */
static void windows_join(windows_state *w, ckks_evaluator *ev) {
  eval_diagonals_state *sums = &w->sums;
  int n = w->end - w->first;
  eval_diagonals_pair *spare[EVAL_DIAGONALS_BATCH], *next = w->pair;
  for (int g = 0; g < n; g++, next++) {
    if (next == w->so_far)
      next++;
    spare[g] = next;
  }
  for (int g = n; g-- > 0;) {
    sums->total = *spare[g];
    if (w->so_far != NULL)
      eval_diagonals_giant(sums, w->so_far, w->steps->giant, ev);
    w->so_far = spare[g];
  }
}

static void windows_begin(windows_state *w, const ckks_ciphertext *a, int n_special,
                          ckks_evaluator *ev) {
  w->sums =
      (eval_diagonals_state){.level = a->level,
                             .n_special = n_special,
                             .n_chain = ckks_params_limbs(ev->params, a->level),
                             .n_limbs = ckks_params_limbs_over(ev->params, a->level, n_special)};
  for (int i = 0; i <= EVAL_DIAGONALS_BATCH; i++)
    w->pair[i] = eval_diagonals_take(w->sums.n_limbs, ev);
  w->row = *a;
  for (int part = 0; part < 2; part++)
    w->row.part[part] = ring_poly_take(&ev->arena, w->sums.n_chain, &ev->params->ring);
}

ckks_status eval_windows(ckks_ciphertext *out, const ckks_ciphertext *a, const eval_diagonal *terms,
                         size_t n_terms, const eval_windows_steps *steps, ckks_evaluator *ev) {
  windows_state w = {.terms = terms, .n_terms = n_terms, .steps = steps};
  const eval_diagonal *one = &terms[0];
  int n_special;
  BASE_ASSERT(out != a && n_terms >= 1 && a->n_parts == 2);
  BASE_TRY(windows_check(&n_special, &w, a, ev));
  BASE_ASSERT(n_special > 0);
  size_t mark = base_arena_mark(&ev->arena);
  windows_begin(&w, a, n_special, ev);
  ckks_status status = CKKS_OK;
  for (w.end = steps->n_giants + 1; w.end > 0 && status == CKKS_OK; w.end = w.first) {
    w.first = w.end > EVAL_DIAGONALS_BATCH ? w.end - EVAL_DIAGONALS_BATCH : 0;
    status = windows_lot(&w, a, ev);
    if (status == CKKS_OK)
      windows_join(&w, ev);
  }
  for (int part = 0; part < 2 && status == CKKS_OK; part++)
    eval_diagonals_divide(&out->part[part], &w.so_far->part[part], &w.sums, ev);
  base_arena_reset(&ev->arena, mark);
  BASE_TRY(status);
  out->n_parts = 2;
  out->level = a->level;
  out->scale = a->scale * (one->plaintext != NULL ? one->plaintext->scale : one->scale);
  out->seeded = false;
  return CKKS_OK;
}
