/* SPDX-License-Identifier: Apache-2.0 */
/* Public tier: polynomials. */
#include <math.h>

#include "eval/api.h"

#define API_MAX_DEGREE 1023

static ckks_status api_check_polynomial(const ckks_polynomial *polynomial) {
  if (polynomial == NULL || polynomial->coefficients == NULL)
    return base_fail(CKKS_ERROR_ARGUMENT, "%s is NULL",
                     polynomial == NULL ? "polynomial" : "polynomial: coefficients");
  if (polynomial->degree < 0 || polynomial->degree > API_MAX_DEGREE)
    return base_fail(CKKS_ERROR_ARGUMENT, "polynomial: degree = %d: must be 0 to %d",
                     polynomial->degree, API_MAX_DEGREE);
  if (polynomial->basis != CKKS_MONOMIAL && polynomial->basis != CKKS_CHEBYSHEV)
    return base_fail(CKKS_ERROR_ARGUMENT, "polynomial: basis = %d is unknown",
                     (int)polynomial->basis);
  for (int i = 0; i <= polynomial->degree; i++)
    if (!isfinite(polynomial->coefficients[i]))
      return base_fail(CKKS_ERROR_RANGE, "polynomial: coefficient %d is not a finite number", i);
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

static ckks_status api_polyval(ckks_ciphertext *out, const ckks_ciphertext *a,
                               const ckks_polynomial *polynomial, api_interval map,
                               ckks_evaluator *ev) {
  BASE_TRY(eval_api_align(&a, a, eval_api_level(a, ev), ev));
  if (map.factor != 1 || map.shift != 0) {
    ckks_ciphertext *mapped;
    BASE_TRY(eval_spare_take(&mapped, a->level, 2, ev));
    BASE_TRY(ckks_mul_constant(mapped, a, map.factor, ev));
    BASE_TRY(eval_add_scalar(mapped, mapped, map.shift, ev));
    a = mapped;
  }
  return eval_polynomial(out, a, polynomial->coefficients, polynomial->degree, polynomial->basis, 0,
                         ev);
}

ckks_status ckks_polyval(ckks_ciphertext *out, const ckks_ciphertext *a,
                         const ckks_polynomial *polynomial, ckks_evaluator *evaluator) {
  BASE_TRY(eval_api_check_evaluator(evaluator));
  BASE_TRY(eval_api_check_input(a, "a", evaluator));
  BASE_TRY(api_check_polynomial(polynomial));
  api_interval map = api_interval_of(polynomial);
  int depth = eval_polynomial_depth(polynomial->degree) + api_interval_depth(map);
  int level = eval_api_level(a, evaluator), n_spares_used = evaluator->n_spares_used;
  BASE_TRY(eval_api_check_level(level, depth, "ckks_polyval"));
  BASE_TRY(eval_api_check_output(out, level - depth, evaluator));
  ckks_status status = api_polyval(out, a, polynomial, map, evaluator);
  evaluator->n_spares_used = n_spares_used;
  return status;
}
