/* SPDX-License-Identifier: Apache-2.0 */
#include "compile/wrap.h"

#include <math.h>

#include "base/alloc.h"
#include "ckks/encode.h"

/* Doubles hold no remainder of a number that went round so often. */
#define MOST_TURNS 0x1p50

/* The number modulo q_0 that is nearest to zero, both over the scale; NaN where that is any number:
 * nobody believes it, but for the chance that plans speak of. */
static double reduce(bool *wrapped, double number, double modulus) {
  double turns = rint(number / modulus);
  *wrapped = *wrapped || turns != 0.0;
  return fabs(turns) <= MOST_TURNS ? number - modulus * turns : (double)NAN;
}

/* Coefficients of real values: what travels is the first, and twice each other of the first half;
 * the second half mirrors them (wire/result.c). */
static void reduce_all(bool *wrapped, ckks_complex *slots, size_t period, double modulus) {
  slots[0] = (ckks_complex){reduce(wrapped, slots[0].re, modulus), 0.0};
  for (size_t k = 1; k < period; k++) {
    slots[k].re = 0.5 * reduce(wrapped, 2.0 * slots[k].re, modulus);
    slots[period - k].im = -slots[k].re;
  }
}

static bool all_finite(const double *values, size_t n) {
  for (size_t j = 0; j < n; j++)
    if (!isfinite(values[j]))
      return false;
  return true;
}

ckks_status compile_wrap_values(bool *wrapped, double *values, size_t period, double scale,
                                const ckks_params *params) {
  *wrapped = !all_finite(values, period);
  for (size_t j = 0; *wrapped && j < period; j++)
    values[j] = (double)NAN;
  if (*wrapped)
    return CKKS_OK;
  ckks_complex *slots = base_alloc_array(period, sizeof *slots);
  if (slots == NULL)
    return base_fail_memory(period * sizeof *slots);
  for (size_t j = 0; j < period; j++)
    slots[j] = (ckks_complex){values[j], 0.0};
  ckks_encoder_inverse(slots, period, params->encoder);
  reduce_all(wrapped, slots, period, (double)params->literal.q[0] / scale);
  ckks_encoder_forward(slots, period, params->encoder);
  for (size_t j = 0; *wrapped && j < period; j++)
    values[j] = slots[j].re;
  base_free(slots);
  return CKKS_OK;
}
