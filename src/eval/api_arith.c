/* SPDX-License-Identifier: Apache-2.0 */
/* Public tier: sums, products and powers of ciphertexts, and their levels. */
#include "eval/api.h"

/* ----------------------------------------------------- sums and differences */

typedef void (*api_sum)(ckks_ciphertext *out, const ckks_ciphertext *a, const ckks_ciphertext *b,
                        ckks_evaluator *ev);

/* Two operands that may stand on different levels. */
static ckks_status api_add_aligned(ckks_ciphertext *out, const ckks_ciphertext *a,
                                   const ckks_ciphertext *b, api_sum sum, ckks_evaluator *ev) {
  BASE_TRY(eval_api_check_evaluator(ev));
  BASE_TRY(eval_api_check_input(a, "a", ev));
  BASE_TRY(eval_api_check_input(b, "b", ev));
  int n_spares_used = ev->n_spares_used, level = a->level;
  if (a->level != b->level || !ckks_scale_equal(a->scale, b->scale)) {
    int other = eval_api_level(b, ev);
    level = eval_api_level(a, ev);
    level = level < other ? level : other;
    BASE_TRY(eval_api_check_output(out, level < 0 ? 0 : level, ev));
    BASE_TRY(eval_api_align(&a, a, level, ev));
    ckks_status status = eval_api_align(&b, b, level, ev);
    if (status != CKKS_OK) {
      ev->n_spares_used = n_spares_used;
      return status;
    }
  }
  BASE_TRY(eval_api_check_output(out, level, ev));
  sum(out, a, b, ev);
  ev->n_spares_used = n_spares_used;
  return CKKS_OK;
}

ckks_status ckks_add(ckks_ciphertext *out, const ckks_ciphertext *a, const ckks_ciphertext *b,
                     ckks_evaluator *evaluator) {
  return eval_api_named(__func__, api_add_aligned(out, a, b, eval_add, evaluator));
}

ckks_status ckks_sub(ckks_ciphertext *out, const ckks_ciphertext *a, const ckks_ciphertext *b,
                     ckks_evaluator *evaluator) {
  return eval_api_named(__func__, api_add_aligned(out, a, b, eval_sub, evaluator));
}

ckks_status ckks_negate(ckks_ciphertext *out, const ckks_ciphertext *a, ckks_evaluator *evaluator) {
  ckks_status status = eval_api_check(out, a, evaluator);
  if (status == CKKS_OK)
    eval_negate(out, a, evaluator);
  return eval_api_named(__func__, status);
}

/* ---------------------------------------------------------------- products */

ckks_status eval_api_arith_mul(ckks_ciphertext *out, const ckks_ciphertext *a,
                               const ckks_ciphertext *b, ckks_evaluator *evaluator) {
  BASE_TRY(eval_api_check_evaluator(evaluator));
  BASE_TRY(eval_api_check_input(a, "a", evaluator));
  BASE_TRY(eval_api_check_input(b, "b", evaluator));
  int n_spares_used = evaluator->n_spares_used;
  int level = eval_api_level(a, evaluator), other = eval_api_level(b, evaluator);
  level = level < other ? level : other;
  BASE_TRY(eval_api_check_level(level, 1));
  BASE_TRY(eval_api_check_output(out, level - 1, evaluator));
  ckks_status status;
  BASE_GOTO(status, eval_api_align(&a, a, level, evaluator), done);
  BASE_GOTO(status, eval_api_align(&b, b, level, evaluator), done);
  BASE_GOTO(status, eval_mul(out, a, b, evaluator), done);
  out->scale = evaluator->params->scale[level - 1];
done:
  evaluator->n_spares_used = n_spares_used;
  return status;
}

ckks_status ckks_mul(ckks_ciphertext *out, const ckks_ciphertext *a, const ckks_ciphertext *b,
                     ckks_evaluator *evaluator) {
  return eval_api_named(__func__, eval_api_arith_mul(out, a, b, evaluator));
}

ckks_status ckks_square(ckks_ciphertext *out, const ckks_ciphertext *a, ckks_evaluator *evaluator) {
  return eval_api_named(__func__, eval_api_arith_mul(out, a, a, evaluator));
}

#define API_MAX_EXPONENT 65536

/*
 * Binary method from the lowest bit: what has been collected has an exponent below the
 * next power 2^j, so that it stands no deeper than a^(2^j), and the product no
 * deeper than ceil(log2(exponent)).
 */
static ckks_status api_power(ckks_ciphertext *out, const ckks_ciphertext *a, unsigned exponent,
                             ckks_evaluator *ev) {
  ckks_ciphertext *square, *product;
  const ckks_ciphertext *collected = NULL, *power = a; /* power = a^(2^j) */
  BASE_TRY(eval_spare_take(&square, a->level, 2, ev));
  BASE_TRY(eval_spare_take(&product, a->level, 2, ev));
  for (;; exponent >>= 1) {
    if (exponent & 1) {
      ckks_ciphertext *into = exponent == 1 ? out : product;
      if (collected == NULL)
        eval_copy(into, power, ev);
      else
        BASE_TRY(eval_api_arith_mul(into, collected, power, ev));
      collected = into;
    }
    if (exponent == 1)
      return CKKS_OK;
    BASE_TRY(eval_api_arith_mul(square, power, power, ev));
    power = square;
  }
}

static ckks_status api_power_checked(ckks_ciphertext *out, const ckks_ciphertext *a,
                                     unsigned exponent, ckks_evaluator *evaluator) {
  BASE_TRY(eval_api_check_evaluator(evaluator));
  BASE_TRY(eval_api_check_input(a, "a", evaluator));
  if (exponent < 1 || exponent > API_MAX_EXPONENT)
    return base_fail(CKKS_ERROR_ARGUMENT, "exponent = %u: must be 1 to %d", exponent,
                     API_MAX_EXPONENT);
  int n_spares_used = evaluator->n_spares_used, depth = 0;
  while (1U << depth < exponent)
    depth++;
  int level = depth == 0 ? a->level : eval_api_level(a, evaluator);
  BASE_TRY(eval_api_check_level(level, depth));
  BASE_TRY(eval_api_check_output(out, level - depth, evaluator));
  ckks_status status = api_power(out, a, exponent, evaluator);
  evaluator->n_spares_used = n_spares_used;
  return status;
}

ckks_status ckks_power(ckks_ciphertext *out, const ckks_ciphertext *a, unsigned exponent,
                       ckks_evaluator *evaluator) {
  return eval_api_named(__func__, api_power_checked(out, a, exponent, evaluator));
}

/* ------------------------------------------------------------------ levels */

static ckks_status api_drop_level(ckks_ciphertext *out, const ckks_ciphertext *a, int level,
                                  ckks_evaluator *evaluator) {
  BASE_TRY(eval_api_check_evaluator(evaluator));
  BASE_TRY(eval_api_check_input(a, "a", evaluator));
  BASE_TRY(eval_api_check_output(out, level, evaluator));
  if (level > a->level)
    return base_fail(CKKS_ERROR_LEVEL, "level = %d: the ciphertext is at %d, and levels only fall",
                     level, a->level);
  int n_spares_used = evaluator->n_spares_used;
  const ckks_ciphertext *aligned;
  BASE_TRY(eval_api_align(&aligned, a, level, evaluator));
  eval_copy(out, aligned, evaluator);
  evaluator->n_spares_used = n_spares_used;
  return CKKS_OK;
}

ckks_status ckks_drop_level(ckks_ciphertext *out, const ckks_ciphertext *a, int level,
                            ckks_evaluator *evaluator) {
  return eval_api_named(__func__, api_drop_level(out, a, level, evaluator));
}
