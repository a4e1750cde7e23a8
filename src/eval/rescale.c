/* SPDX-License-Identifier: Apache-2.0 */
#include "eval/arith.h"
#include "eval/basis.h"
#include "eval/workers.h"

/* A rescale: each part is divided by the modulus of its level. */
typedef struct rescale_job {
  const ckks_ciphertext *out, *a;
  int n_limbs; /* of the quotient */
  eval_division division[3];
} rescale_job;

static void rescale_remainder_task(void *context, int part, ckks_evaluator *ev) {
  rescale_job *r = context;
  const ring_word *last[2]; /* of one prime or two */
  for (int j = 0; j < r->division[part].basis->n_terms; j++)
    last[j] = ring_poly_limb(&r->a->part[part], r->n_limbs + j);
  eval_division_begin(&r->division[part], last, ev);
}

static void rescale_quotient_task(void *context, int task, ckks_evaluator *ev) {
  const rescale_job *r = context;
  int part = task / r->n_limbs, i = task % r->n_limbs;
  eval_division_limb(ring_poly_limb(&r->out->part[part], i), ring_poly_limb(&r->a->part[part], i),
                     &r->division[part], i, NULL, ev);
}

void eval_rescale(ckks_ciphertext *out, const ckks_ciphertext *a, ckks_evaluator *ev) {
  int level = a->level, n_parts = a->n_parts;
  BASE_ASSERT(level >= 1);
  size_t mark = base_arena_mark(&ev->arena);
  rescale_job rescale = {.out = out, .a = a, .n_limbs = ckks_params_limbs(ev->params, level - 1)};
  for (int part = 0; part < n_parts; part++)
    eval_division_take(&rescale.division[part], eval_basis_rescale(ev, 0, level), ev);
  eval_workers_run(ev, n_parts, rescale_remainder_task, &rescale);
  eval_workers_run(ev, n_parts * rescale.n_limbs, rescale_quotient_task, &rescale);
  base_arena_reset(&ev->arena, mark);
  eval_arith_finish(out, n_parts, level - 1, a->scale / ckks_params_modulus(ev->params, level));
}
