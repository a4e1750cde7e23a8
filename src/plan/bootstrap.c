/* SPDX-License-Identifier: Apache-2.0 */
/* What a plan says of bootstrapping, held against the parameters that it has. */
#include <math.h>

#include "ckks/params.h"
#include "plan/plan.h"

double plan_bootstrap_scale(const plan_interface *interface, int level) {
  const ckks_params_literal *chain = &interface->literal;
  double scale = ckks_primes_scale(chain->log2_scale);
  for (int l = chain->n_q - 1; l > level; l--)
    scale = scale * scale / (double)chain->q[l];
  return scale;
}

/* q_0 over the scale of level 0: how far one is from where the sine turns round, twice over. */
static double ratio(const plan_interface *interface) {
  return (double)interface->literal.q[0] / plan_bootstrap_scale(interface, 0);
}

double plan_bootstrap_fold(const plan_interface *interface, double range) {
  return range * ratio(interface);
}

double plan_bootstrap_range(const plan_interface *interface, double fold) {
  return fold / ratio(interface);
}

/* As ckks_bootstrapper_build asks it of parameters, so that an engine can be built. */
static bool is_chain(const plan_interface *interface) {
  const ckks_bootstrap_literal *literal = &interface->bootstrap;
  const ckks_params_literal *chain = &interface->literal;
  if (chain->log2_n != literal->log2_n || chain->n_p != literal->n_p || chain->log2_scale == 0.0 ||
      chain->n_q != ckks_bootstrap_top(literal) + 1 || chain->security != literal->security)
    return false;
  double bits = log2(plan_bootstrap_scale(interface, literal->n_levels));
  return fabs(bits - literal->level_bits) < 1.0;
}

ckks_status plan_bootstrap_check(const plan_interface *interface) {
  if (!plan_bootstraps(interface))
    return CKKS_OK;
  ckks_status status = ckks_bootstrap_check(&interface->bootstrap);
  if (status != CKKS_OK)
    return base_fail_in(CKKS_ERROR_FORMAT, "bootstrapping");
  if (interface->bootstrap.n_refine != 0)
    return base_fail(CKKS_ERROR_FORMAT, "bootstrapping: n_refine = %d: plans have none",
                     interface->bootstrap.n_refine);
  return is_chain(interface)
             ? CKKS_OK
             : base_fail(CKKS_ERROR_FORMAT,
                         "bootstrapping: the primes are not those of its levels and scales");
}
