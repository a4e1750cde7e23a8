/* SPDX-License-Identifier: Apache-2.0 */
#include "compile/wrap.h"

#include <math.h>

#include "base/alloc.h"
#include "ckks/encode.h"

/* The coefficient modulo q_0 that is nearest to zero, over the scale. Doubles leave nothing of a
 * coefficient beyond 2^53 q_0; then neither does the true remainder tell anything. */
static double reduce(bool *wrapped, double coefficient, double held) {
  double turns = rint(coefficient / (2.0 * held));
  *wrapped = *wrapped || turns != 0.0;
  return coefficient - 2.0 * held * turns;
}

static bool all_finite(const double *values, size_t n) {
  for (size_t j = 0; j < n; j++)
    if (!isfinite(values[j]))
      return false;
  return true;
}

ckks_status compile_wrap_values(bool *wrapped, double *values, size_t period, double scale,
                                const ckks_params *params) {
  double held = 0.5 * (double)params->literal.q[0] / scale; /* of a coefficient, over the scale */
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
  for (size_t k = 0; k < period; k++)
    slots[k] =
        (ckks_complex){reduce(wrapped, slots[k].re, held), reduce(wrapped, slots[k].im, held)};
  ckks_encoder_forward(slots, period, params->encoder);
  for (size_t j = 0; *wrapped && j < period; j++)
    values[j] = slots[j].re;
  base_free(slots);
  return CKKS_OK;
}
