/* SPDX-License-Identifier: Apache-2.0 */
/* Limb by limb: what all arithmetic without keys is made of, and combinations of ciphertexts. */
#include "eval/arith.h"

#include <string.h>

#include "eval/workers.h"

void eval_arith_finish(ckks_ciphertext *out, int n_parts, int level, double scale) {
  BASE_ASSERT(level <= ckks_ciphertext_capacity(out));
  out->n_parts = n_parts;
  out->level = level;
  out->scale = scale;
  out->seeded = false;
}

void eval_arith_copy_part(ckks_ciphertext *out, const ckks_ciphertext *a, int part, int level,
                          const ckks_evaluator *ev) {
  if (out->part[part].data != a->part[part].data)
    memcpy(out->part[part].data, a->part[part].data,
           (size_t)ckks_params_limbs(ev->params, level) * a->part[part].stride * sizeof(ring_word));
}

void eval_arith_each(ring_poly *out, const ring_poly *a, const ring_poly *b, int level,
                     eval_arith_binary op, ckks_evaluator *ev) {
  const ring_ring *ring = &ev->params->ring;
  for (int i = 0; i < ckks_params_limbs(ev->params, level); i++)
    op(ring_poly_limb(out, i), ring_poly_limb(a, i), ring_poly_limb(b, i), ring->n,
       &ring->modulus[i]);
}

void eval_arith_negate_part(ckks_ciphertext *out, const ckks_ciphertext *a, int part, int level,
                            ckks_evaluator *ev) {
  const ring_ring *ring = &ev->params->ring;
  for (int i = 0; i < ckks_params_limbs(ev->params, level); i++)
    ring->kernel->negate(ring_poly_limb(&out->part[part], i), ring_poly_limb(&a->part[part], i),
                         ring->n, &ring->modulus[i]);
}

void eval_arith_zero(ckks_ciphertext *out, int level, double scale, ckks_evaluator *ev) {
  for (int part = 0; part < 2; part++)
    memset(out->part[part].data, 0,
           (size_t)ckks_params_limbs(ev->params, level) * out->part[part].stride *
               sizeof(ring_word));
  eval_arith_finish(out, 2, level, scale);
}

/*
 * Rows of sums over the same terms. A block of all of them stays in the second-level cache
 * while every row is made of it.
 */
#define ARITH_BLOCK ((size_t)1024)

static size_t arith_residue_at(int limb, size_t row, size_t term) {
  return ((size_t)limb * EVAL_ARITH_MAX_ROWS + row) * EVAL_ARITH_MAX_TERMS + term;
}

static void arith_rows_task(void *context, int task, ckks_evaluator *ev) {
  const eval_arith_rows *rows = context;
  const ring_ring *ring = &ev->params->ring;
  int n_limbs = ckks_params_limbs(ev->params, rows->level);
  int part = task / n_limbs, limb = task % n_limbs;
  const ring_word *in[EVAL_ARITH_MAX_TERMS];
  size_t n = rows->n_terms;
  for (size_t at = 0; at < ring->n; at += ARITH_BLOCK) {
    for (size_t j = 0; j < n; j++)
      in[j] = ring_poly_limb(&rows->terms[j].in->part[part], limb) + at;
    for (size_t r = 0; r < rows->n_rows; r++) {
      ring_word *out = ring_poly_limb(&rows->out[r]->part[part], limb) + at;
      if (rows->accumulate)
        in[n] = out;
      ring->kernel->sum_scalar(out, in, rows->residue + arith_residue_at(limb, r, 0),
                               (int)n + rows->accumulate, ARITH_BLOCK, &ring->modulus[limb]);
    }
  }
}

/* Factors of a row, one encoding for all limbs. */
static ckks_status arith_encode_row(uint64_t *residue, const eval_arith_rows *rows, size_t r,
                                    const double *values, double scale, ckks_evaluator *ev) {
  uint64_t column[CKKS_MAX_Q];
  int n_limbs = ckks_params_limbs(ev->params, rows->level);
  for (size_t j = 0; j < rows->n_terms; j++) {
    double missing = scale / rows->terms[j].in->scale;
    BASE_TRY(ckks_encode_scalar(column, n_limbs, values[j], missing, ev->params));
    for (int i = 0; i < n_limbs; i++)
      residue[arith_residue_at(i, r, j)] = column[i];
  }
  for (int i = 0; i < n_limbs && rows->accumulate; i++)
    residue[arith_residue_at(i, r, rows->n_terms)] = 1;
  return CKKS_OK;
}

/* One batch of terms of up to EVAL_ARITH_MAX_ROWS sums. */
ckks_status eval_arith_rows_run(eval_arith_rows *rows, const double *const *values, double scale,
                                ckks_evaluator *ev) {
  size_t mark = base_arena_mark(&ev->arena);
  int n_limbs = ckks_params_limbs(ev->params, rows->level);
  uint64_t *residue =
      base_arena_take(&ev->arena, arith_residue_at(n_limbs, 0, 0) * sizeof *residue);
  ckks_status status = CKKS_OK;
  for (size_t r = 0; r < rows->n_rows && status == CKKS_OK; r++)
    status = arith_encode_row(residue, rows, r, values[r], scale, ev);
  rows->residue = residue;
  if (status == CKKS_OK)
    eval_workers_run(ev, 2 * n_limbs, arith_rows_task, rows);
  base_arena_reset(&ev->arena, mark);
  return status;
}

ckks_status eval_arith_combine(ckks_ciphertext *out, const eval_arith_term *terms, size_t n,
                               int level, double scale, ckks_evaluator *ev) {
  BASE_ASSERT(n >= 1 && n <= EVAL_ARITH_MAX_TERMS);
  double value[EVAL_ARITH_MAX_TERMS];
  const double *values = value;
  for (size_t j = 0; j < n; j++)
    value[j] = terms[j].value;
  eval_arith_rows rows = {.out = &out, .terms = terms, .n_rows = 1, .n_terms = n, .level = level};
  BASE_TRY(eval_arith_rows_run(&rows, &values, scale, ev));
  eval_arith_finish(out, 2, level, scale);
  return CKKS_OK;
}

void eval_arith_tensor_add(ckks_ciphertext *out, const ckks_ciphertext *a, const ckks_ciphertext *b,
                           ckks_evaluator *ev) {
  const ring_ring *ring = &ev->params->ring;
  BASE_ASSERT(out->n_parts == 3 && out->level <= a->level && out->level <= b->level);
  for (int i = 0; i < ckks_params_limbs(ev->params, out->level); i++)
    ring->kernel->tensor(ring_poly_limb(&out->part[0], i), ring_poly_limb(&out->part[1], i),
                         ring_poly_limb(&out->part[2], i), ring_poly_limb(&a->part[0], i),
                         ring_poly_limb(&a->part[1], i), ring_poly_limb(&b->part[0], i),
                         ring_poly_limb(&b->part[1], i), true, ring->n, &ring->modulus[i]);
}

/* --------------------------------------------------------- down the levels */
