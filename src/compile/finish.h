/* SPDX-License-Identifier: Apache-2.0 */
/* What the search settled on becomes a plan. */
#ifndef COMPILE_FINISH_H
#define COMPILE_FINISH_H
#include "compile/compile.h"
#include "compile/search.h"

/** log2(QP). */
double compile_finish_bits(const ckks_params_literal *literal);
/**
 * The programs again, now on real primes, with their cost and keys; `plan` has its interface's
 * names and box. What ckks_params_build returns, CKKS_ERROR_RANGE where there are not enough
 * primes, CKKS_ERROR_MEMORY; the plan is to be cleared in any case.
 */
ckks_status compile_finish(plan_plan *plan, const compile_stages *stages,
                           const compile_search_result *best, const compile_options *options);
#endif
