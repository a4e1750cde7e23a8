/* SPDX-License-Identifier: Apache-2.0 */
/* Public tier: bootstrapping. */
#include <math.h>
#include <string.h>

#include "eval/api.h"
#include "eval/bootstrap.h"

/* The chain of the literal is that of the parameters. */
static ckks_status api_check_chain(const ckks_bootstrap_literal *literal,
                                   const ckks_params *params) {
  const ckks_params_literal *chain = &params->literal;
  int top = ckks_bootstrap_top(literal);
  if (chain->log2_n != literal->log2_n || chain->n_q != top + 1 || chain->n_p != literal->n_p ||
      chain->log2_scale == 0)
    return base_fail(
        CKKS_ERROR_MISMATCH,
        "params: N = 2^%d with %d + %d primes; the literal wants N = 2^%d with %d + %d "
        "(ckks_params_build_bootstrap)",
        chain->log2_n, chain->n_q, chain->n_p, literal->log2_n, top + 1, literal->n_p);
  if (params->ring.n_moduli != chain->n_q + chain->n_p)
    return base_fail(CKKS_ERROR_MISMATCH, "params: a modulus of two primes cannot be bootstrapped "
                                          "(ckks_params_build_bootstrap)");
  double off = log2(params->scale[literal->n_levels]) - literal->level_bits;
  if (!(fabs(off) < 1))
    return base_fail(CKKS_ERROR_MISMATCH,
                     "params: the scale of level %d is %.1f bits away from 2^%d, level_bits "
                     "(ckks_params_build_bootstrap)",
                     literal->n_levels, off, literal->level_bits);
  return CKKS_OK;
}

ckks_status ckks_bootstrapper_build(ckks_bootstrapper **out, const ckks_bootstrap_literal *literal,
                                    const ckks_params *params) {
  BASE_NOT_NULL(out);
  *out = NULL;
  BASE_NOT_NULL(literal);
  BASE_NOT_NULL(params);
  BASE_TRY(ckks_params_check_rounding());
  BASE_TRY(ckks_bootstrap_check(literal));
  BASE_TRY(api_check_chain(literal, params));
  return eval_bootstrap_build(out, literal, params);
}

size_t ckks_bootstrapper_keys(const ckks_bootstrapper *bootstrapper, ckks_key_spec *specs,
                              size_t capacity) {
  if (bootstrapper == NULL)
    return 0;
  for (size_t i = 0; specs != NULL && i < bootstrapper->n_keys && i < capacity; i++)
    specs[i] = bootstrapper->key[i];
  return bootstrapper->n_keys;
}

int ckks_bootstrapper_level_in(const ckks_bootstrapper *bootstrapper) {
  return bootstrapper == NULL ? -1 : bootstrapper->level_in;
}

int ckks_bootstrapper_level_out(const ckks_bootstrapper *bootstrapper) {
  return bootstrapper == NULL ? -1 : bootstrapper->level_out;
}

double ckks_bootstrapper_error(const ckks_bootstrapper *bootstrapper, double range) {
  if (bootstrapper == NULL)
    return INFINITY;
  if (bootstrapper->refine_bits > 0)
    return bootstrapper->refined;
  return bootstrapper->error + bootstrapper->distortion * fabs(range * range * range);
}

size_t ckks_bootstrapper_bytes(const ckks_bootstrapper *bootstrapper) {
  if (bootstrapper == NULL)
    return 0;
  return sizeof *bootstrapper + bootstrapper->n_keys * sizeof *bootstrapper->key +
         eval_fourier_bytes(&bootstrapper->stc) + eval_fourier_bytes(&bootstrapper->cts);
}

size_t ckks_bootstrapper_key_bytes(const ckks_bootstrapper *bootstrapper) {
  return bootstrapper == NULL ? 0 : bootstrapper->key_bytes;
}

size_t ckks_bootstrapper_memory_bytes(const ckks_bootstrapper *bootstrapper) {
  if (bootstrapper == NULL)
    return 0;
  return ckks_bootstrapper_bytes(bootstrapper) + bootstrapper->key_memory_bytes +
         bootstrapper->scratch_bytes;
}

static ckks_status api_bootstrap(ckks_ciphertext *out, const ckks_ciphertext *a,
                                 const ckks_bootstrapper *bootstrapper, ckks_evaluator *evaluator) {
  BASE_TRY(eval_api_check_evaluator(evaluator));
  if (bootstrapper == NULL)
    return base_fail(CKKS_ERROR_ARGUMENT, "bootstrapper is NULL");
  BASE_TRY(ckks_params_check(evaluator->params, bootstrapper->params_hash, "bootstrapper"));
  BASE_TRY(eval_api_check_input(a, "a", evaluator));
  BASE_TRY(eval_api_check_output(out, bootstrapper->level_out, evaluator));
  BASE_TRY(eval_api_check_level(eval_api_level(a, evaluator), bootstrapper->level_in));
  int n_spares_used = evaluator->n_spares_used;
  ckks_status status = eval_api_align(&a, a, bootstrapper->level_in, evaluator);
  if (status == CKKS_OK)
    status = eval_bootstrap_apply(out, a, bootstrapper, evaluator);
  evaluator->n_spares_used = n_spares_used;
  return status;
}

ckks_status ckks_bootstrap(ckks_ciphertext *out, const ckks_ciphertext *a,
                           const ckks_bootstrapper *bootstrapper, ckks_evaluator *evaluator) {
  return eval_api_named(__func__, api_bootstrap(out, a, bootstrapper, evaluator));
}
