/* SPDX-License-Identifier: Apache-2.0 */
/* Arithmetic that needs no keys. */
#include "eval/arith.h"

#include <math.h>
#include <string.h>

#include "eval/basis.h"
#include "eval/workers.h"

typedef void (*arith_binary)(ring_word *out, const ring_word *a, const ring_word *b, size_t n,
                             const ring_modulus *m);

/* The fields of a result that is computed limb by limb. */
static void arith_finish(ckks_ciphertext *out, int n_parts, int level, double scale) {
  BASE_ASSERT(level <= ckks_ciphertext_capacity(out));
  out->n_parts = n_parts;
  out->level = level;
  out->scale = scale;
  out->seeded = false;
}

static void arith_copy_part(ckks_ciphertext *out, const ckks_ciphertext *a, int part, int level) {
  if (out->part[part].data != a->part[part].data)
    memcpy(out->part[part].data, a->part[part].data,
           (size_t)(level + 1) * a->part[part].stride * sizeof(ring_word));
}

/* out = a op b on parts and limbs that both have. */
static void arith_each(ring_poly *out, const ring_poly *a, const ring_poly *b, int level,
                       arith_binary op, ckks_evaluator *ev) {
  const ring_ring *ring = &ev->params->ring;
  for (int i = 0; i <= level; i++)
    op(ring_poly_limb(out, i), ring_poly_limb(a, i), ring_poly_limb(b, i), ring->n,
       &ring->modulus[i]);
}

static void arith_negate_part(ckks_ciphertext *out, const ckks_ciphertext *a, int part, int level,
                              ckks_evaluator *ev) {
  const ring_ring *ring = &ev->params->ring;
  for (int i = 0; i <= level; i++)
    ring->kernel->negate(ring_poly_limb(&out->part[part], i), ring_poly_limb(&a->part[part], i),
                         ring->n, &ring->modulus[i]);
}

/* -------------------------------------------------------- sums, differences */

void eval_add(ckks_ciphertext *out, const ckks_ciphertext *a, const ckks_ciphertext *b,
              ckks_evaluator *ev) {
  int level = a->level, n_parts = a->n_parts > b->n_parts ? a->n_parts : b->n_parts;
  BASE_ASSERT(a->level == b->level && ckks_scale_equal(a->scale, b->scale));
  for (int part = 0; part < n_parts; part++) {
    if (part < a->n_parts && part < b->n_parts)
      arith_each(&out->part[part], &a->part[part], &b->part[part], level,
                 ev->params->ring.kernel->add, ev);
    else
      arith_copy_part(out, part < a->n_parts ? a : b, part, level);
  }
  arith_finish(out, n_parts, level, a->scale);
}

void eval_sub(ckks_ciphertext *out, const ckks_ciphertext *a, const ckks_ciphertext *b,
              ckks_evaluator *ev) {
  int level = a->level, n_parts = a->n_parts > b->n_parts ? a->n_parts : b->n_parts;
  BASE_ASSERT(a->level == b->level && ckks_scale_equal(a->scale, b->scale));
  for (int part = 0; part < n_parts; part++) {
    if (part < a->n_parts && part < b->n_parts)
      arith_each(&out->part[part], &a->part[part], &b->part[part], level,
                 ev->params->ring.kernel->sub, ev);
    else if (part < a->n_parts)
      arith_copy_part(out, a, part, level);
    else
      arith_negate_part(out, b, part, level, ev);
  }
  arith_finish(out, n_parts, level, a->scale);
}

void eval_negate(ckks_ciphertext *out, const ckks_ciphertext *a, ckks_evaluator *ev) {
  for (int part = 0; part < a->n_parts; part++)
    arith_negate_part(out, a, part, a->level, ev);
  arith_finish(out, a->n_parts, a->level, a->scale);
}

void eval_copy(ckks_ciphertext *out, const ckks_ciphertext *a, ckks_evaluator *ev) {
  eval_cut(out, a, a->level, ev);
}

void eval_cut(ckks_ciphertext *out, const ckks_ciphertext *a, int level, ckks_evaluator *ev) {
  (void)ev;
  BASE_ASSERT(level >= 0 && level <= a->level);
  for (int part = 0; part < a->n_parts; part++)
    arith_copy_part(out, a, part, level);
  arith_finish(out, a->n_parts, level, a->scale);
}

void eval_arith_zero(ckks_ciphertext *out, int level, double scale, ckks_evaluator *ev) {
  (void)ev;
  for (int part = 0; part < 2; part++)
    memset(out->part[part].data, 0,
           (size_t)(level + 1) * out->part[part].stride * sizeof(ring_word));
  arith_finish(out, 2, level, scale);
}

/* -------------------------------------------------------------- plaintexts */

void eval_add_plain(ckks_ciphertext *out, const ckks_ciphertext *a, const ckks_plaintext *p,
                    ckks_evaluator *ev) {
  BASE_ASSERT(p->level >= a->level && ckks_scale_equal(a->scale, p->scale));
  arith_each(&out->part[0], &a->part[0], &p->poly, a->level, ev->params->ring.kernel->add, ev);
  for (int part = 1; part < a->n_parts; part++)
    arith_copy_part(out, a, part, a->level);
  arith_finish(out, a->n_parts, a->level, a->scale);
}

void eval_mul_plain(ckks_ciphertext *out, const ckks_ciphertext *a, const ckks_plaintext *p,
                    ckks_evaluator *ev) {
  BASE_ASSERT(p->level >= a->level);
  for (int part = 0; part < a->n_parts; part++)
    arith_each(&out->part[part], &a->part[part], &p->poly, a->level, ev->params->ring.kernel->mul,
               ev);
  arith_finish(out, a->n_parts, a->level, a->scale * p->scale);
}

void eval_mul_plain_add(ckks_ciphertext *out, const ckks_ciphertext *a, const ckks_plaintext *p,
                        ckks_evaluator *ev) {
  BASE_ASSERT(p->level >= a->level && out->level == a->level && out->n_parts == a->n_parts);
  BASE_ASSERT(ckks_scale_equal(out->scale, a->scale * p->scale));
  for (int part = 0; part < a->n_parts; part++)
    arith_each(&out->part[part], &a->part[part], &p->poly, a->level,
               ev->params->ring.kernel->mul_add, ev);
}

/* --------------------------------------------------------------- constants */

/* A constant polynomial takes the same value at every root: one residue fills a limb. */
static void arith_fill(ring_word *out, uint64_t residue, int limb, ckks_evaluator *ev) {
  const ring_ring *ring = &ev->params->ring;
  for (size_t i = 0; i < ring->n; i++)
    out[i].u = residue;
  ring->kernel->from_uint64(out, &out->u, ring->n, &ring->modulus[limb]);
}

ckks_status eval_add_scalar(ckks_ciphertext *out, const ckks_ciphertext *a, double value,
                            ckks_evaluator *ev) {
  const ring_ring *ring = &ev->params->ring;
  uint64_t residue[CKKS_MAX_Q];
  BASE_TRY(ckks_encode_scalar(residue, a->level + 1, value, a->scale, ev->params));
  size_t mark = base_arena_mark(&ev->arena);
  ring_word *limb = ring_poly_take(&ev->arena, 1, ring).data;
  for (int i = 0; i <= a->level; i++) {
    arith_fill(limb, residue[i], i, ev);
    ring->kernel->add(ring_poly_limb(&out->part[0], i), ring_poly_limb(&a->part[0], i), limb,
                      ring->n, &ring->modulus[i]);
  }
  base_arena_reset(&ev->arena, mark);
  for (int part = 1; part < a->n_parts; part++)
    arith_copy_part(out, a, part, a->level);
  arith_finish(out, a->n_parts, a->level, a->scale);
  return CKKS_OK;
}

ckks_status eval_mul_scalar(ckks_ciphertext *out, const ckks_ciphertext *a, double value,
                            double scale, ckks_evaluator *ev) {
  const ring_ring *ring = &ev->params->ring;
  uint64_t residue[CKKS_MAX_Q];
  BASE_TRY(ckks_encode_scalar(residue, a->level + 1, value, scale, ev->params));
  for (int part = 0; part < a->n_parts; part++)
    for (int i = 0; i <= a->level; i++)
      ring->kernel->mul_scalar(ring_poly_limb(&out->part[part], i),
                               ring_poly_limb(&a->part[part], i), residue[i], ring->n,
                               &ring->modulus[i]);
  arith_finish(out, a->n_parts, a->level, a->scale * scale);
  return CKKS_OK;
}

/*
 * Rows of sums over the same terms. A block of all of them stays in the second-level cache
 * while every row is made of it.
 */
#define ARITH_BLOCK ((size_t)1024)

typedef struct arith_rows {
  ckks_ciphertext *const *out;
  const eval_arith_term *terms;
  size_t n_rows, n_terms;
  int level;
  bool accumulate;         /* out is one more term */
  const uint64_t *residue; /* of factor j of row r at [(limb*MAX_ROWS + r)*MAX_TERMS + j] */
} arith_rows;

static size_t arith_residue_at(int limb, size_t row, size_t term) {
  return ((size_t)limb * EVAL_ARITH_MAX_ROWS + row) * EVAL_ARITH_MAX_TERMS + term;
}

static void arith_rows_task(void *context, int task, ckks_evaluator *ev) {
  const arith_rows *rows = context;
  const ring_ring *ring = &ev->params->ring;
  int part = task / (rows->level + 1), limb = task % (rows->level + 1);
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
static ckks_status arith_encode_row(uint64_t *residue, const arith_rows *rows, size_t r,
                                    const double *values, double scale, ckks_evaluator *ev) {
  uint64_t column[CKKS_MAX_Q];
  for (size_t j = 0; j < rows->n_terms; j++) {
    double missing = scale / rows->terms[j].in->scale;
    BASE_TRY(ckks_encode_scalar(column, rows->level + 1, values[j], missing, ev->params));
    for (int i = 0; i <= rows->level; i++)
      residue[arith_residue_at(i, r, j)] = column[i];
  }
  for (int i = 0; i <= rows->level && rows->accumulate; i++)
    residue[arith_residue_at(i, r, rows->n_terms)] = 1;
  return CKKS_OK;
}

/* One batch of terms of up to EVAL_ARITH_MAX_ROWS sums. */
static ckks_status arith_rows_run(arith_rows *rows, const double *const *values, double scale,
                                  ckks_evaluator *ev) {
  size_t mark = base_arena_mark(&ev->arena);
  uint64_t *residue =
      base_arena_take(&ev->arena, arith_residue_at(rows->level + 1, 0, 0) * sizeof *residue);
  ckks_status status = CKKS_OK;
  for (size_t r = 0; r < rows->n_rows && status == CKKS_OK; r++)
    status = arith_encode_row(residue, rows, r, values[r], scale, ev);
  rows->residue = residue;
  if (status == CKKS_OK)
    eval_workers_run(ev, 2 * (rows->level + 1), arith_rows_task, rows);
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
  arith_rows rows = {.out = &out, .terms = terms, .n_rows = 1, .n_terms = n, .level = level};
  BASE_TRY(arith_rows_run(&rows, &values, scale, ev));
  arith_finish(out, 2, level, scale);
  return CKKS_OK;
}

ckks_status eval_sum_scalar_rows(ckks_ciphertext *const *out, const ckks_ciphertext *const *in,
                                 const double *const *values, size_t n_rows, size_t n, double scale,
                                 ckks_evaluator *ev) {
  BASE_ASSERT(n >= 1 && n_rows >= 1 && n_rows <= EVAL_ARITH_MAX_ROWS);
  double target = in[0]->scale * scale;
  eval_arith_term terms[EVAL_ARITH_MAX_TERMS];
  const double *rest[EVAL_ARITH_MAX_ROWS];
  arith_rows rows = {.out = out, .terms = terms, .n_rows = n_rows, .level = in[0]->level};
  /* In batches, so that the list of terms is bounded: later ones add to the sum. */
  for (size_t done = 0; done < n; done += rows.n_terms) {
    size_t room = EVAL_ARITH_MAX_TERMS - (done > 0);
    rows.accumulate = done > 0;
    rows.n_terms = n - done < room ? n - done : room;
    for (size_t j = 0; j < rows.n_terms; j++)
      terms[j] = (eval_arith_term){.in = in[done + j]};
    for (size_t r = 0; r < n_rows; r++)
      rest[r] = values[r] + done;
    BASE_TRY(arith_rows_run(&rows, rest, target, ev));
  }
  for (size_t r = 0; r < n_rows; r++)
    arith_finish(out[r], 2, rows.level, target);
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
    sum.part[part] = ring_poly_take(&ev->arena, level + 1, &ev->params->ring);
  ckks_status status = eval_sum_scalar_rows(&row, in, &values, 1, n, scale, ev);
  if (status == CKKS_OK)
    eval_copy(out, &sum, ev);
  base_arena_reset(&ev->arena, mark);
  return status;
}

void eval_arith_tensor_add(ckks_ciphertext *out, const ckks_ciphertext *a, const ckks_ciphertext *b,
                           ckks_evaluator *ev) {
  const ring_ring *ring = &ev->params->ring;
  BASE_ASSERT(out->n_parts == 3 && out->level <= a->level && out->level <= b->level);
  for (int i = 0; i <= out->level; i++)
    ring->kernel->tensor(ring_poly_limb(&out->part[0], i), ring_poly_limb(&out->part[1], i),
                         ring_poly_limb(&out->part[2], i), ring_poly_limb(&a->part[0], i),
                         ring_poly_limb(&a->part[1], i), ring_poly_limb(&b->part[0], i),
                         ring_poly_limb(&b->part[1], i), true, ring->n, &ring->modulus[i]);
}

/* --------------------------------------------------------- down the levels */

/* A rescale: each part is divided by the last prime. */
typedef struct arith_rescale {
  const ckks_ciphertext *out, *a;
  eval_division division[3];
} arith_rescale;

static void arith_remainder_task(void *context, int part, ckks_evaluator *ev) {
  arith_rescale *r = context;
  const ring_word *last = ring_poly_limb(&r->a->part[part], r->a->level);
  eval_division_begin(&r->division[part], &last, ev);
}

static void arith_quotient_task(void *context, int task, ckks_evaluator *ev) {
  const arith_rescale *r = context;
  int part = task / r->a->level, i = task % r->a->level;
  eval_division_limb(ring_poly_limb(&r->out->part[part], i), ring_poly_limb(&r->a->part[part], i),
                     &r->division[part], i, NULL, ev);
}

void eval_rescale(ckks_ciphertext *out, const ckks_ciphertext *a, ckks_evaluator *ev) {
  int level = a->level, n_parts = a->n_parts;
  BASE_ASSERT(level >= 1);
  size_t mark = base_arena_mark(&ev->arena);
  arith_rescale rescale = {.out = out, .a = a};
  for (int part = 0; part < n_parts; part++)
    eval_division_take(&rescale.division[part], eval_basis_rescale(ev, 0, level), ev);
  eval_workers_run(ev, n_parts, arith_remainder_task, &rescale);
  eval_workers_run(ev, n_parts * level, arith_quotient_task, &rescale);
  base_arena_reset(&ev->arena, mark);
  arith_finish(out, n_parts, level - 1, a->scale / ev->params->ring.modulus[level].f);
}

/*
 * Rounding the factor that stands for 1 is a relative error of 1/(2 factor). Below this part of
 * the scale it would show among the noise, and a second prime makes the factor finer.
 */
#define ARITH_MIN_FACTOR 0x1p-4

ckks_status eval_adjust(ckks_ciphertext *out, const ckks_ciphertext *a, int level, double scale,
                        ckks_evaluator *ev) {
  BASE_ASSERT(level >= 0 && level <= a->level);
  if (level == a->level) {
    BASE_ASSERT(ckks_scale_equal(a->scale, scale));
    eval_copy(out, a, ev);
    return CKKS_OK;
  }
  const ring_modulus *modulus = ev->params->ring.modulus;
  int from = level + 1;
  double factor = scale / a->scale * modulus[from].f;
  while (factor < ARITH_MIN_FACTOR * scale && from < a->level)
    factor *= modulus[++from].f;
  if (factor < 0.5)
    return base_fail(CKKS_ERROR_RANGE,
                     "the scale 2^%.2f cannot be brought down to 2^%.2f at level %d: start from a "
                     "smaller scale or a higher level",
                     log2(a->scale), log2(scale), level);
  uint64_t residue[CKKS_MAX_Q];
  BASE_TRY(ckks_encode_scalar(residue, from + 1, 1, factor, ev->params));
  /* The operand may have less room in out than the level it is cut to: work in the arena. */
  size_t mark = base_arena_mark(&ev->arena);
  const ring_ring *ring = &ev->params->ring;
  ckks_ciphertext product = *a;
  for (int part = 0; part < a->n_parts; part++) {
    product.part[part] = ring_poly_take(&ev->arena, from + 1, ring);
    for (int i = 0; i <= from; i++)
      ring->kernel->mul_scalar(ring_poly_limb(&product.part[part], i),
                               ring_poly_limb(&a->part[part], i), residue[i], ring->n, &modulus[i]);
  }
  arith_finish(&product, a->n_parts, from, a->scale * factor);
  for (; product.level > level + 1;)
    eval_rescale(&product, &product, ev);
  eval_rescale(out, &product, ev);
  out->scale = scale;
  base_arena_reset(&ev->arena, mark);
  return CKKS_OK;
}
