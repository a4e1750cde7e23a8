/* SPDX-License-Identifier: Apache-2.0 */
#include "eval/arith.h"

void eval_sub(ckks_ciphertext *out, const ckks_ciphertext *a, const ckks_ciphertext *b,
              ckks_evaluator *ev) {
  int level = a->level, n_parts = a->n_parts > b->n_parts ? a->n_parts : b->n_parts;
  BASE_ASSERT(a->level == b->level && ckks_scale_equal(a->scale, b->scale));
  for (int part = 0; part < n_parts; part++) {
    if (part < a->n_parts && part < b->n_parts)
      eval_arith_each(&out->part[part], &a->part[part], &b->part[part], level,
                      ev->params->ring.kernel->sub, ev);
    else if (part < a->n_parts)
      eval_arith_copy_part(out, a, part, level, ev);
    else
      eval_arith_negate_part(out, b, part, level, ev);
  }
  eval_arith_finish(out, n_parts, level, a->scale);
}

void eval_sub_plain(ckks_ciphertext *out, const ckks_ciphertext *a, const ckks_plaintext *p,
                    ckks_evaluator *ev) {
  BASE_ASSERT(p->level >= a->level && ckks_scale_equal(a->scale, p->scale));
  eval_arith_each(&out->part[0], &a->part[0], &p->poly, a->level, ev->params->ring.kernel->sub, ev);
  for (int part = 1; part < a->n_parts; part++)
    eval_arith_copy_part(out, a, part, a->level, ev);
  eval_arith_finish(out, a->n_parts, a->level, a->scale);
}
