/* SPDX-License-Identifier: Apache-2.0 */
/* Sums of ciphertexts times constants, any number of them. */
#include "eval/arith.h"

ckks_status eval_sum_scalar_rows(ckks_ciphertext *const *out, const ckks_ciphertext *const *in,
                                 const double *const *values, size_t n_rows, size_t n, double scale,
                                 ckks_evaluator *ev) {
  BASE_ASSERT(n >= 1 && n_rows >= 1 && n_rows <= EVAL_ARITH_MAX_ROWS);
  double target = in[0]->scale * scale;
  eval_arith_term terms[EVAL_ARITH_MAX_TERMS];
  const double *rest[EVAL_ARITH_MAX_ROWS];
  eval_arith_rows rows = {.out = out, .terms = terms, .n_rows = n_rows, .level = in[0]->level};
  /* In batches, so that the list of terms is bounded: later ones add to the sum. */
  for (size_t done = 0; done < n; done += rows.n_terms) {
    size_t room = EVAL_ARITH_MAX_TERMS - (done > 0);
    rows.accumulate = done > 0;
    rows.n_terms = n - done < room ? n - done : room;
    for (size_t j = 0; j < rows.n_terms; j++)
      terms[j] = (eval_arith_term){.in = in[done + j]};
    for (size_t r = 0; r < n_rows; r++)
      rest[r] = values[r] + done;
    BASE_TRY(eval_arith_rows_run(&rows, rest, target, ev));
  }
  for (size_t r = 0; r < n_rows; r++)
    eval_arith_finish(out[r], 2, rows.level, target);
  return CKKS_OK;
}

/* out may be an operand here, which a second batch would still read. */
ckks_status eval_sum_scalar(ckks_ciphertext *out, const ckks_ciphertext *const *in,
                            const double *values, size_t n, double scale, ckks_evaluator *ev) {
  int level = in[0]->level;
  if (n <= EVAL_ARITH_MAX_TERMS)
    return eval_sum_scalar_rows(&out, in, &values, 1, n, scale, ev);
  size_t mark = base_arena_mark(&ev->arena);
  ckks_ciphertext sum = *out, *row = &sum;
  for (int part = 0; part < 2; part++)
    sum.part[part] =
        ring_poly_take(&ev->arena, ckks_params_limbs(ev->params, level), &ev->params->ring);
  ckks_status status = eval_sum_scalar_rows(&row, in, &values, 1, n, scale, ev);
  if (status == CKKS_OK)
    eval_copy(out, &sum, ev);
  base_arena_reset(&ev->arena, mark);
  return status;
}
