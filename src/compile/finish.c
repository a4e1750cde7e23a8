/* SPDX-License-Identifier: Apache-2.0 */
#include "compile/finish.h"

#include <math.h>

#include "compile/bootstrapped.h"
#include "compile/choice.h"
#include "compile/progress.h"
#include "ring/prime.h"

/* The largest prime of so many bits that is not taken yet; 0 when there is none. */
static uint64_t next_prime(int bits, int log2_n, const uint64_t *used, int n) {
  uint64_t limit = ((uint64_t)1 << bits) - 1, prime = 0;
  bool taken = true;
  while (taken && (prime = ring_prime_below(limit, log2_n)) != 0) {
    taken = false;
    for (int i = 0; i < n; i++)
      taken = taken || used[i] == prime;
    limit = prime - 1;
  }
  return prime;
}

/* Real primes for the sizes that the search settled on. */
static ckks_status choose_primes(ckks_params_literal *literal) {
  uint64_t used[CKKS_MAX_Q + CKKS_MAX_P];
  int n = 0;
  for (int i = 0; i < literal->n_q + literal->n_p; i++) {
    bool special = i >= literal->n_q;
    int bits = special ? literal->p_bits[i - literal->n_q] : literal->q_bits[i];
    uint64_t prime = next_prime(bits, literal->log2_n, used, n);
    if (prime == 0)
      return base_fail(CKKS_ERROR_RANGE, "there are not enough primes of %d bits for N = 2^%d",
                       bits, literal->log2_n);
    used[n++] = prime;
    *(special ? &literal->p[i - literal->n_q] : &literal->q[i]) = prime;
  }
  return CKKS_OK;
}

double compile_finish_bits(const ckks_params_literal *literal) {
  double bits = 0.0;
  for (int i = 0; i < literal->n_q; i++)
    bits += log2((double)literal->q[i]);
  for (int i = 0; i < literal->n_p; i++)
    bits += log2((double)literal->p[i]);
  return bits;
}

/* The primes of a leveled plan, which names every scale itself. */
static ckks_status choose_params(plan_interface *interface, const compile_search_result *best) {
  interface->literal = best->literal;
  BASE_TRY(choose_primes(&interface->literal));
  interface->literal.log2_scale = 0;
  BASE_TRY(plan_interface_build(interface));
  interface->literal = *ckks_params_get_literal(interface->params);
  return CKKS_OK;
}

static ckks_status choose_bootstrap(plan_interface *interface, ckks_bootstrapper **outline,
                                    const compile_search_result *best) {
  interface->bootstrap = best->bootstrap;
  BASE_TRY(compile_bootstrapped_params(&interface->params, outline, &best->bootstrap));
  interface->literal = *ckks_params_get_literal(interface->params);
  return CKKS_OK;
}

ckks_status compile_finish(plan_plan *plan, const compile_stages *stages,
                           const compile_search_result *best, const compile_options *options) {
  plan_interface *interface = &plan->interface;
  ckks_bootstrapper *outline = NULL;
  compile_options allowing = *options;
  allowing.error = best->allowed;
  BASE_TRY(compile_progress_begin("writing the programs", options));
  ckks_status status = best->bootstrap.log2_n != 0 ? choose_bootstrap(interface, &outline, best)
                                                   : choose_params(interface, best);
  const compile_chain chain = {.params = interface->params,
                               .log2_value = best->log2_value,
                               .log2_output = best->log2_output,
                               .bootstrap = outline};
  if (status == CKKS_OK)
    status = compile_choice_plan(plan, stages, best, &chain, &allowing);
  ckks_bootstrapper_free(outline);
  plan->other = best->other;
  plan->error = best->allowed;
  plan->usual_error = best->allowed > options->error ? options->error : 0.0;
  return status;
}
