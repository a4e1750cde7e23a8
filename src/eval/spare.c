/* SPDX-License-Identifier: Apache-2.0 */
#include "eval/eval.h"

/* Exchanges a spare for one with room for level and n_parts, and no less than it had. */
static ckks_status spare_grow(ckks_ciphertext **spare, int level, int n_parts,
                              const ckks_params *params) {
  ckks_ciphertext *old = *spare, *grown = NULL;
  if (old != NULL) {
    if (ckks_ciphertext_capacity(old) > level)
      level = ckks_ciphertext_capacity(old);
    if (old->part[2].data != NULL)
      n_parts = 3;
  }
  BASE_TRY(ckks_ciphertext_build_at(&grown, params, level, n_parts));
  ckks_ciphertext_free(old);
  *spare = grown;
  return CKKS_OK;
}

ckks_status eval_spare_take(ckks_ciphertext **out, int level, int n_parts, ckks_evaluator *ev) {
  if (ev->n_spares_used >= EVAL_MAX_SPARES)
    return base_fail(CKKS_ERROR_MEMORY, "an operation needs more than %d intermediate ciphertexts",
                     EVAL_MAX_SPARES);
  ckks_ciphertext **spare = &ev->spare[ev->n_spares_used];
  if (*spare == NULL || ckks_ciphertext_capacity(*spare) < level ||
      (n_parts == 3 && (*spare)->part[2].data == NULL))
    BASE_TRY(spare_grow(spare, level, n_parts, ev->params));
  ev->n_spares_used++;
  *out = *spare;
  return CKKS_OK;
}
