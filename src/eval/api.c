/* SPDX-License-Identifier: Apache-2.0 */
/* Checks and alignment of the public tier. */
#include "eval/api.h"

#include <math.h>

ckks_status eval_api_named(const char *call, ckks_status status) {
  return status == CKKS_OK ? CKKS_OK : base_fail_in(status, "%s", call);
}

ckks_status eval_api_check_evaluator(const ckks_evaluator *ev) {
  if (ev == NULL)
    return base_fail(CKKS_ERROR_ARGUMENT, "evaluator is NULL");
  return ckks_params_check_rounding();
}

ckks_status eval_api_check_input(const ckks_ciphertext *a, const char *name,
                                 const ckks_evaluator *ev) {
  if (a == NULL)
    return base_fail(CKKS_ERROR_ARGUMENT, "%s is NULL", name);
  BASE_TRY(ckks_params_check(ev->params, a->params_hash, name));
  if (a->n_parts != 2)
    return base_fail(CKKS_ERROR_ARGUMENT, "%s has %d parts where 2 are needed: relinearise it",
                     name, a->n_parts);
  return ckks_params_check_level(ev->params, a->level, ckks_ciphertext_capacity(a), name);
}

ckks_status eval_api_check_output(const ckks_ciphertext *out, int level, const ckks_evaluator *ev) {
  if (out == NULL)
    return base_fail(CKKS_ERROR_ARGUMENT, "out is NULL");
  BASE_TRY(ckks_params_check(ev->params, out->params_hash, "out"));
  return ckks_params_check_level(ev->params, level, ckks_ciphertext_capacity(out), "out");
}

ckks_status eval_api_check(const ckks_ciphertext *out, const ckks_ciphertext *a,
                           const ckks_evaluator *ev) {
  BASE_TRY(eval_api_check_evaluator(ev));
  BASE_TRY(eval_api_check_input(a, "a", ev));
  return eval_api_check_output(out, a->level, ev);
}

ckks_status eval_api_check_level(int level, int needed) {
  if (level >= needed)
    return CKKS_OK;
  return base_fail(CKKS_ERROR_LEVEL,
                   "takes %d level%s and %d %s left: use parameters with a longer chain", needed,
                   needed == 1 ? "" : "s", level < 0 ? 0 : level, level == 1 ? "is" : "are");
}

int eval_api_level(const ckks_ciphertext *a, const ckks_evaluator *ev) {
  return ckks_scale_equal(a->scale, ev->params->scale[a->level]) ? a->level : a->level - 1;
}

ckks_status eval_api_align(const ckks_ciphertext **aligned, const ckks_ciphertext *a, int level,
                           ckks_evaluator *ev) {
  int n_spares_used = ev->n_spares_used;
  ckks_ciphertext *spare;
  *aligned = a;
  if (level == a->level && eval_api_level(a, ev) == level)
    return CKKS_OK;
  if (level < 0 || level >= a->level)
    return base_fail(CKKS_ERROR_RANGE,
                     "the scale 2^%.2f is not level %d's canonical 2^%.2f, and there is no level "
                     "below in which to correct it: encode at scale 0 (canonical) or one level up",
                     log2(a->scale), a->level, log2(ev->params->scale[a->level]));
  BASE_TRY(eval_spare_take(&spare, level, 2, ev));
  ckks_status status = eval_adjust(spare, a, level, ev->params->scale[level], ev);
  if (status != CKKS_OK)
    ev->n_spares_used = n_spares_used;
  *aligned = spare;
  return status;
}

double eval_api_factor(const ckks_ciphertext *a, const ckks_evaluator *ev) {
  return ev->params->scale[a->level - 1] / a->scale * ckks_params_modulus(ev->params, a->level);
}

void eval_api_rescale(ckks_ciphertext *out, const ckks_ciphertext *product, ckks_evaluator *ev) {
  eval_rescale(out, product, ev);
  BASE_ASSERT(ckks_scale_equal(out->scale, ev->params->scale[out->level]));
  out->scale = ev->params->scale[out->level]; /* off by roundings of doubles at most */
}
