/* SPDX-License-Identifier: Apache-2.0 */
/* The chain of primes for bootstrapping. */
#include "ckks/objects.h"
#include "ring/prime.h"
#include <math.h>

/* The largest primes of inner_bits, from the top down. */
static ckks_status choose_inner(ckks_params_literal *out, const ckks_bootstrap_literal *literal) {
  uint64_t limit = ((uint64_t)1 << literal->inner_bits) - 1;
  for (int l = out->n_q - 1; l > literal->n_levels; l--) {
    out->q[l] = ring_prime_below(limit, out->log2_n);
    if (out->q[l] >> (literal->inner_bits - 1) == 0)
      return base_fail(CKKS_ERROR_RANGE, "inner_bits = %d: too few primes that are 1 mod 2N = 2^%d",
                       literal->inner_bits, out->log2_n + 1);
    limit = out->q[l] - 1;
  }
  return CKKS_OK;
}

/*
 * The canonical scale of the top level from which the rule S_(l-1) = S_l^2 / q_l arrives at
 * 2^level_bits on level n_levels: each step up halves the distance from the primes' own size.
 */
static double top_scale_log2(const ckks_params_literal *out,
                             const ckks_bootstrap_literal *literal) {
  double log2_scale = literal->level_bits;
  for (int l = literal->n_levels + 1; l < out->n_q; l++)
    log2_scale = (log2_scale + log2((double)out->q[l])) / 2;
  return log2_scale;
}

/* Primes that hold the scale at 2^level_bits, as ckks_primes_choose does it for a whole chain. */
static ckks_status choose_levels(ckks_params_literal *out, const ckks_bootstrap_literal *literal) {
  double scale = ckks_primes_scale(out->log2_scale);
  for (int l = out->n_q - 1; l > 0; l--) {
    if (l <= literal->n_levels) {
      int wanted = l == 1 ? ckks_bootstrap_base_scale_bits(literal) : literal->level_bits;
      double target = scale * scale / exp2(wanted);
      out->q[l] = ring_prime_near(target, out->log2_n, out->q + l + 1, out->n_q - l - 1);
      if (out->q[l] == 0 || fabs(log2((double)out->q[l] / target)) > 0.5)
        return base_fail(CKKS_ERROR_RANGE,
                         "level_bits = %d: too few primes that are 1 mod 2N = 2^%d",
                         literal->level_bits, out->log2_n + 1);
    }
    scale = scale * scale / (double)out->q[l];
  }
  return CKKS_OK;
}

ckks_status ckks_params_build_bootstrap(ckks_params **out, const ckks_bootstrap_literal *literal) {
  BASE_NOT_NULL(out);
  *out = NULL;
  BASE_NOT_NULL(literal);
  BASE_TRY(ckks_bootstrap_check(literal));
  ckks_params_literal chain = {.log2_n = literal->log2_n,
                               .n_q = ckks_bootstrap_top(literal) + 1,
                               .n_p = literal->n_p,
                               .q_bits = {literal->base_bits},
                               .security = literal->security};
  for (int i = 0; i < literal->n_p; i++)
    chain.p_bits[i] = literal->p_bits;
  BASE_TRY(choose_inner(&chain, literal));
  chain.log2_scale = top_scale_log2(&chain, literal);
  BASE_TRY(choose_levels(&chain, literal));
  ckks_params *params = NULL;
  BASE_TRY(ckks_params_build(&params, &chain));
  ckks_key_spec spec = {.galois = CKKS_KEY_TO_SPARSE, .level = -1};
  ckks_status status = ckks_key_spec_check(&spec, params);
  if (status != CKKS_OK) {
    ckks_params_free(params);
    return status;
  }
  *out = params;
  return CKKS_OK;
}
