/* SPDX-License-Identifier: Apache-2.0 */
/* Plans that bootstrap: ready sets of parameters, layouts, and where bootstraps are placed. */
#ifndef COMPILE_BOOTSTRAPPED_H
#define COMPILE_BOOTSTRAPPED_H
#include "compile/search.h"

/**
 * The cheapest plan with bootstraps that meets options->error, of latency packing and guarded;
 * best->found false where there is none, and then best->closest what error could be had. Sets are
 * those of options->security and options->log2_n; without security (tests) a small one for any
 * ring degree. CKKS_ERROR_MEMORY.
 */
ckks_status compile_bootstrapped_search(compile_search_result *best, const compile_stages *stages,
                                        const compile_options *options);
/** Parameters of a result, and an outline of its bootstrapping; both the caller's to free. */
ckks_status compile_bootstrapped_params(ckks_params **params, ckks_bootstrapper **outline,
                                        const ckks_bootstrap_literal *literal);
#endif
