/* SPDX-License-Identifier: Apache-2.0 */
/* Diagonals of linear maps, as plaintexts over P*Q or as integers. */
#include <math.h>

#include "base/alloc.h"
#include "eval/eval.h"

/* n values over all slots, the rest zero. */
static ckks_status diagonal_slots(ckks_complex **slots, const double *values, size_t n,
                                  const ckks_params *params) {
  size_t n_slots = params->ring.n / 2;
  BASE_ASSERT(n <= n_slots);
  *slots = base_alloc_array(n_slots, sizeof **slots);
  if (*slots == NULL)
    return base_fail_memory(n_slots * sizeof **slots);
  for (size_t i = 0; i < n; i++)
    (*slots)[i].re = values[i];
  return CKKS_OK;
}

ckks_status eval_diagonal_encode(ckks_plaintext **out, const double *values, size_t n, int level,
                                 double scale, int n_special, const ckks_params *params) {
  int limbs[CKKS_MAX_Q + CKKS_MAX_P], n_limbs = ckks_params_limbs_over(params, level, n_special);
  BASE_ASSERT(n_special <= params->literal.n_p);
  double limit = exp2(params->log2_q[level] - 1) / scale;
  for (size_t i = 0; i < n; i++)
    if (!(fabs(values[i]) < limit))
      return base_fail(CKKS_ERROR_RANGE, "value %zu (%g) does not fit level %d at scale 2^%.2f", i,
                       values[i], level, log2(scale));
  for (int i = 0; i < n_limbs; i++)
    limbs[i] = ckks_params_limb(params, level, i);
  ckks_complex *slots = NULL;
  BASE_TRY(diagonal_slots(&slots, values, n, params));
  ckks_plaintext *plaintext = NULL;
  ckks_status status;
  BASE_GOTO(status, ckks_plaintext_build_at(&plaintext, params, level), done);
  ring_poly_clear(&plaintext->poly); /* this one is wider */
  BASE_GOTO(status, ring_poly_init(&plaintext->poly, n_limbs, &params->ring), done);
  BASE_GOTO(
      status,
      ckks_encode_limbs(&plaintext->poly, limbs, n_limbs, slots, params->ring.n / 2, scale, params),
      done);
  plaintext->level = level;
  plaintext->scale = scale;
  plaintext->n_special = n_special;
  *out = plaintext;
done:
  if (status != CKKS_OK)
    ckks_plaintext_free(plaintext);
  base_free(slots);
  return status;
}

ckks_status eval_diagonal_round(int64_t *coefficients, const double *values, size_t n, double scale,
                                const ckks_params *params) {
  size_t gap = params->ring.n / (2 * n);
  ckks_complex *slots = base_alloc_array(n, sizeof *slots);
  int64_t *all = base_alloc_array(params->ring.n, sizeof *all);
  ckks_status status = slots && all ? CKKS_OK : base_fail_memory(params->ring.n * sizeof *all);
  for (size_t i = 0; i < n && status == CKKS_OK; i++)
    slots[i].re = values[i];
  if (status == CKKS_OK)
    status = ckks_encode_integers(all, slots, n, scale, params);
  for (size_t i = 0; i < 2 * n && status == CKKS_OK; i++)
    coefficients[i] = all[i * gap];
  base_free(slots);
  base_free(all);
  return status;
}
