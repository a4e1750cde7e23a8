/* SPDX-License-Identifier: Apache-2.0 */
/* Polynomials that differ from slot to slot: their coefficients as plaintexts, encoded once. */
#include "eval/polynomial.h"

#include <math.h>
#include <string.h>

#include "base/alloc.h"
#include "base/wipe.h"

/* The largest of each power: infinite where one is not finite, so that encoding refuses it. */
static void find_largest(double *largest, const eval_polynomial_rows *rows, int degree) {
  for (int k = 0; k <= degree; k++)
    for (size_t j = 0; j < rows->period; j++) {
      double magnitude = fabs(rows->value[(size_t)k * rows->period + j]);
      if (!(magnitude <= largest[k]))
        largest[k] = magnitude > largest[k] ? magnitude : (double)INFINITY;
    }
}

static ckks_status fill(eval_polynomial_slots *slots, const double *coefficients, size_t period,
                        const ckks_params *params) {
  size_t n_bytes = (size_t)(slots->degree + 1) * period * sizeof(double);
  eval_polynomial_rows rows = {.period = period, .params = params, .slots = slots};
  slots->largest = base_alloc_array((size_t)slots->degree + 1, sizeof(double));
  slots->plaintext = base_alloc_array(2 * ((size_t)slots->degree + 1), sizeof(ckks_plaintext *));
  rows.value = base_alloc(n_bytes);
  if (!slots->largest || !slots->plaintext || !rows.value) {
    base_free(rows.value);
    return base_fail_memory(n_bytes);
  }
  memcpy(rows.value, coefficients, n_bytes);
  find_largest(slots->largest, &rows, slots->degree);
  ckks_status status = eval_polynomial_encode(&rows);
  base_wipe(rows.value, n_bytes); /* they may be a model's */
  base_free(rows.value);
  return status;
}

ckks_status eval_polynomial_slots_build(eval_polynomial_slots **out, const double *coefficients,
                                        size_t period, int degree, ckks_basis basis, int level,
                                        double in_scale, double scale, const ckks_params *params) {
  *out = NULL;
  BASE_ASSERT(degree >= 0 && degree <= EVAL_POLYNOMIAL_MAX_DEGREE);
  eval_polynomial_slots *slots = base_alloc(sizeof *slots);
  if (slots == NULL)
    return base_fail_memory(sizeof *slots);
  *slots = (eval_polynomial_slots){
      .degree = degree, .level = level, .basis = basis, .in_scale = in_scale, .scale = scale};
  if (scale == 0)
    slots->scale = params->scale[level - eval_polynomial_depth(degree)];
  ckks_status status = fill(slots, coefficients, period, params);
  if (status != CKKS_OK) {
    eval_polynomial_slots_free(slots);
    return status;
  }
  *out = slots;
  return CKKS_OK;
}

void eval_polynomial_slots_free(eval_polynomial_slots *slots) {
  if (slots == NULL)
    return;
  for (size_t i = 0; i < slots->n_plaintexts; i++)
    ckks_plaintext_free(slots->plaintext[i]);
  base_free(slots->plaintext);
  base_free(slots->largest);
  base_free(slots);
}
