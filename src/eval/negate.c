/* SPDX-License-Identifier: Apache-2.0 */
#include "eval/arith.h"

void eval_negate(ckks_ciphertext *out, const ckks_ciphertext *a, ckks_evaluator *ev) {
  for (int part = 0; part < a->n_parts; part++)
    eval_arith_negate_part(out, a, part, a->level, ev);
  eval_arith_finish(out, a->n_parts, a->level, a->scale);
}
