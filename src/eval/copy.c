/* SPDX-License-Identifier: Apache-2.0 */
#include "eval/eval.h"

void eval_copy(ckks_ciphertext *out, const ckks_ciphertext *a, ckks_evaluator *ev) {
  eval_cut(out, a, a->level, ev);
}
