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
      eval_arith_copy_part(out, a, part, level);
    else
      eval_arith_negate_part(out, b, part, level, ev);
  }
  eval_arith_finish(out, n_parts, level, a->scale);
}
