/* SPDX-License-Identifier: Apache-2.0 */
#include "eval/arith.h"

void eval_cut(ckks_ciphertext *out, const ckks_ciphertext *a, int level, ckks_evaluator *ev) {
  BASE_ASSERT(level >= 0 && level <= a->level);
  for (int part = 0; part < a->n_parts; part++)
    eval_arith_copy_part(out, a, part, level, ev);
  eval_arith_finish(out, a->n_parts, level, a->scale);
}
