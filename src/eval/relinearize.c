/* SPDX-License-Identifier: Apache-2.0 */
#include "eval/switch.h"

ckks_status eval_relinearize(ckks_ciphertext *out, const ckks_ciphertext *a, bool rescale,
                             ckks_evaluator *ev) {
  BASE_ASSERT(a->n_parts == 3 && a->level >= (rescale ? 1 : 0));
  int level = a->level;
  double scale = a->scale;
  const ckks_switch_key *key;
  BASE_TRY(eval_key_find(&key, 0, level, ev));
  size_t mark = base_arena_mark(&ev->arena);
  eval_digits digits;
  eval_digits_begin(&digits, &a->part[2], level, key->n_special, false, ev);
  const eval_switch what = {
      .digits = &digits, .key = key, .add = {&a->part[0], &a->part[1]}, .rescale = rescale};
  eval_switch_run(out, &what, ev);
  base_arena_reset(&ev->arena, mark);
  out->n_parts = 2;
  out->level = rescale ? level - 1 : level;
  out->scale = rescale ? scale / ckks_params_modulus(ev->params, level) : scale;
  out->seeded = false;
  return CKKS_OK;
}
