/* SPDX-License-Identifier: Apache-2.0 */
/* Public tier: sums, products and powers of ciphertexts, numbers and constants. */
#include <math.h>

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
  return api_add_aligned(out, a, b, eval_add, evaluator);
}

ckks_status ckks_sub(ckks_ciphertext *out, const ckks_ciphertext *a, const ckks_ciphertext *b,
                     ckks_evaluator *evaluator) {
  return api_add_aligned(out, a, b, eval_sub, evaluator);
}

ckks_status ckks_negate(ckks_ciphertext *out, const ckks_ciphertext *a, ckks_evaluator *evaluator) {
  BASE_TRY(eval_api_check(out, a, evaluator));
  eval_negate(out, a, evaluator);
  return CKKS_OK;
}

/* Encodes numbers into the evaluator's own plaintext. */
static ckks_status api_encode(const double *values, size_t n, int level, double scale,
                              ckks_evaluator *ev) {
  if (values == NULL && n > 0)
    return base_fail(CKKS_ERROR_ARGUMENT, "values is NULL");
  return ckks_encode_real(ev->plaintext, values, n, level, scale, ev->params);
}

ckks_status ckks_add_real(ckks_ciphertext *out, const ckks_ciphertext *a, const double *values,
                          size_t n, ckks_evaluator *evaluator) {
  BASE_TRY(eval_api_check(out, a, evaluator));
  BASE_TRY(api_encode(values, n, a->level, a->scale, evaluator));
  eval_add_plain(out, a, evaluator->plaintext, evaluator);
  return CKKS_OK;
}

ckks_status ckks_add_constant(ckks_ciphertext *out, const ckks_ciphertext *a, double value,
                              ckks_evaluator *evaluator) {
  BASE_TRY(eval_api_check(out, a, evaluator));
  return eval_add_scalar(out, a, value, evaluator);
}

/* ---------------------------------------------------------------- products */

/* Before a product with a plaintext factor: checks, and room for the product. */
static ckks_status api_product_begin(ckks_ciphertext **product, const ckks_ciphertext *out,
                                     const ckks_ciphertext *a, const char *operation,
                                     ckks_evaluator *ev) {
  BASE_TRY(eval_api_check_evaluator(ev));
  BASE_TRY(eval_api_check_input(a, "a", ev));
  BASE_TRY(eval_api_check_level(a->level, 1, operation));
  BASE_TRY(eval_api_check_output(out, a->level - 1, ev));
  return eval_spare_take(product, a->level, 2, ev);
}

ckks_status ckks_mul_real(ckks_ciphertext *out, const ckks_ciphertext *a, const double *values,
                          size_t n, ckks_evaluator *evaluator) {
  ckks_ciphertext *product;
  BASE_TRY(api_product_begin(&product, out, a, "ckks_mul_real", evaluator));
  ckks_status status = api_encode(values, n, a->level, eval_api_factor(a, evaluator), evaluator);
  if (status == CKKS_OK) {
    eval_mul_plain(product, a, evaluator->plaintext, evaluator);
    eval_api_rescale(out, product, evaluator);
  }
  evaluator->n_spares_used--;
  return status;
}

#define API_MAX_INTEGER 0x1p20

ckks_status ckks_mul_constant(ckks_ciphertext *out, const ckks_ciphertext *a, double value,
                              ckks_evaluator *evaluator) {
  if (fabs(value) <= API_MAX_INTEGER && rint(value) == value) {
    BASE_TRY(eval_api_check(out, a, evaluator));
    return eval_mul_scalar(out, a, value, 1, evaluator);
  }
  ckks_ciphertext *product;
  BASE_TRY(api_product_begin(&product, out, a, "ckks_mul_constant", evaluator));
  ckks_status status = eval_mul_scalar(product, a, value, eval_api_factor(a, evaluator), evaluator);
  if (status == CKKS_OK)
    eval_api_rescale(out, product, evaluator);
  evaluator->n_spares_used--;
  return status;
}

ckks_status ckks_mul(ckks_ciphertext *out, const ckks_ciphertext *a, const ckks_ciphertext *b,
                     ckks_evaluator *evaluator) {
  BASE_TRY(eval_api_check_evaluator(evaluator));
  BASE_TRY(eval_api_check_input(a, "a", evaluator));
  BASE_TRY(eval_api_check_input(b, "b", evaluator));
  int n_spares_used = evaluator->n_spares_used;
  int level = eval_api_level(a, evaluator), other = eval_api_level(b, evaluator);
  level = level < other ? level : other;
  BASE_TRY(eval_api_check_level(level, 1, "ckks_mul"));
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

ckks_status ckks_square(ckks_ciphertext *out, const ckks_ciphertext *a, ckks_evaluator *evaluator) {
  return ckks_mul(out, a, a, evaluator);
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
        BASE_TRY(ckks_mul(into, collected, power, ev));
      collected = into;
    }
    if (exponent == 1)
      return CKKS_OK;
    BASE_TRY(ckks_mul(square, power, power, ev));
    power = square;
  }
}

ckks_status ckks_power(ckks_ciphertext *out, const ckks_ciphertext *a, unsigned exponent,
                       ckks_evaluator *evaluator) {
  BASE_TRY(eval_api_check_evaluator(evaluator));
  BASE_TRY(eval_api_check_input(a, "a", evaluator));
  if (exponent < 1 || exponent > API_MAX_EXPONENT)
    return base_fail(CKKS_ERROR_ARGUMENT, "exponent = %u: must be 1 to %d", exponent,
                     API_MAX_EXPONENT);
  int n_spares_used = evaluator->n_spares_used, depth = 0;
  while (1U << depth < exponent)
    depth++;
  int level = depth == 0 ? a->level : eval_api_level(a, evaluator);
  BASE_TRY(eval_api_check_level(level, depth, "ckks_power"));
  BASE_TRY(eval_api_check_output(out, level - depth, evaluator));
  ckks_status status = api_power(out, a, exponent, evaluator);
  evaluator->n_spares_used = n_spares_used;
  return status;
}

/* ------------------------------------------------------------------ levels */

ckks_status ckks_drop_level(ckks_ciphertext *out, const ckks_ciphertext *a, int level,
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
