/* SPDX-License-Identifier: Apache-2.0 */
/* Public tier: polynomials. */
#include <math.h>

#include "eval/api.h"

#define API_MAX_DEGREE 1023

/* n coefficients of each power. */
static ckks_status api_check_polynomial(const ckks_polynomial *polynomial, size_t n) {
  if (polynomial == NULL || polynomial->coefficients == NULL)
    return base_fail(CKKS_ERROR_ARGUMENT, "%s is NULL",
                     polynomial == NULL ? "polynomial" : "polynomial: coefficients");
  if (polynomial->degree < 0 || polynomial->degree > API_MAX_DEGREE)
    return base_fail(CKKS_ERROR_ARGUMENT, "polynomial: degree = %d: must be 0 to %d",
                     polynomial->degree, API_MAX_DEGREE);
  if (polynomial->basis != CKKS_MONOMIAL && polynomial->basis != CKKS_CHEBYSHEV)
    return base_fail(CKKS_ERROR_ARGUMENT, "polynomial: basis = %d is unknown",
                     (int)polynomial->basis);
  for (size_t i = 0; i < ((size_t)polynomial->degree + 1) * n; i++)
    if (!isfinite(polynomial->coefficients[i]))
      return base_fail(CKKS_ERROR_RANGE, "polynomial: coefficient %zu is not a finite number", i);
  if (polynomial->basis == CKKS_CHEBYSHEV &&
      !(isfinite(polynomial->low) && isfinite(polynomial->high) &&
        polynomial->low < polynomial->high))
    return base_fail(CKKS_ERROR_ARGUMENT, "polynomial: [low, high] = [%g, %g] is no interval",
                     polynomial->low, polynomial->high);
  return CKKS_OK;
}

/* x -> factor*x + shift takes the interval to [-1, 1]. */
typedef struct api_interval {
  double factor, shift;
} api_interval;

static api_interval api_interval_of(const ckks_polynomial *polynomial) {
  if (polynomial->basis == CKKS_MONOMIAL || polynomial->degree == 0)
    return (api_interval){1, 0};
  double width = polynomial->high - polynomial->low;
  return (api_interval){2 / width, -(polynomial->low + polynomial->high) / width};
}

/* Levels that the map to [-1, 1] takes: none when its factor is an integer. */
static int api_interval_depth(api_interval map) {
  return rint(map.factor) == map.factor ? 0 : 1;
}

/* Encoded for the operand as it is now. */
static ckks_status api_slots(ckks_ciphertext *out, const ckks_ciphertext *a,
                             const ckks_polynomial *p, size_t n, ckks_evaluator *ev) {
  eval_polynomial_slots *slots = NULL;
  BASE_TRY(eval_polynomial_slots_build(&slots, p->coefficients, n, p->degree, p->basis, a->level,
                                       a->scale, 0, ev->params));
  ckks_status status = eval_polynomial_slots_run(out, a, slots, ev);
  eval_polynomial_slots_free(slots);
  return status;
}

/* n = 0: one polynomial for all slots. */
static ckks_status api_polyval(ckks_ciphertext *out, const ckks_ciphertext *a,
                               const ckks_polynomial *polynomial, size_t n, api_interval map,
                               ckks_evaluator *ev) {
  BASE_TRY(eval_api_align(&a, a, eval_api_level(a, ev), ev));
  if (map.factor != 1 || map.shift != 0) {
    ckks_ciphertext *mapped;
    BASE_TRY(eval_spare_take(&mapped, a->level, 2, ev));
    BASE_TRY(eval_api_plain_mul_constant(mapped, a, map.factor, ev));
    BASE_TRY(eval_add_scalar(mapped, mapped, map.shift, ev));
    a = mapped;
  }
  if (n > 0)
    return api_slots(out, a, polynomial, n, ev);
  return eval_polynomial(out, a, polynomial->coefficients, polynomial->degree, polynomial->basis, 0,
                         ev);
}

static ckks_status api_checked(ckks_ciphertext *out, const ckks_ciphertext *a,
                               const ckks_polynomial *polynomial, size_t n, ckks_evaluator *ev) {
  BASE_TRY(eval_api_check_evaluator(ev));
  BASE_TRY(eval_api_check_input(a, "a", ev));
  BASE_TRY(api_check_polynomial(polynomial, n == 0 ? 1 : n));
  api_interval map = api_interval_of(polynomial);
  int depth = eval_polynomial_depth(polynomial->degree) + api_interval_depth(map);
  int level = eval_api_level(a, ev), n_spares_used = ev->n_spares_used;
  BASE_TRY(eval_api_check_level(level, depth));
  BASE_TRY(eval_api_check_output(out, level - depth, ev));
  ckks_status status = api_polyval(out, a, polynomial, n, map, ev);
  ev->n_spares_used = n_spares_used;
  return status;
}

ckks_status ckks_polyval(ckks_ciphertext *out, const ckks_ciphertext *a,
                         const ckks_polynomial *polynomial, ckks_evaluator *evaluator) {
  return eval_api_named(__func__, api_checked(out, a, polynomial, 0, evaluator));
}

static ckks_status api_polyval_slots(ckks_ciphertext *out, const ckks_ciphertext *a,
                                     const ckks_polynomial *polynomials, size_t n,
                                     ckks_evaluator *evaluator) {
  BASE_TRY(eval_api_check_evaluator(evaluator));
  if (n == 0 || (n & (n - 1)) != 0 || n > evaluator->params->ring.n / 2)
    return base_fail(CKKS_ERROR_ARGUMENT, "n = %zu: must be a power of two up to %zu", n,
                     evaluator->params->ring.n / 2);
  return api_checked(out, a, polynomials, n, evaluator);
}

ckks_status ckks_polyval_slots(ckks_ciphertext *out, const ckks_ciphertext *a,
                               const ckks_polynomial *polynomials, size_t n,
                               ckks_evaluator *evaluator) {
  return eval_api_named(__func__, api_polyval_slots(out, a, polynomials, n, evaluator));
}
