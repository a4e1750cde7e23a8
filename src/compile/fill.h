/* SPDX-License-Identifier: Apache-2.0 */
/* From a choice to a plan: what the search tries out and what compiling ends with. */
#ifndef COMPILE_FILL_H
#define COMPILE_FILL_H
#include "compile/search.h"

/** The layouts that the client sees, from the choice; results keep all bits of the base prime. */
void compile_fill_layout(plan_layout layout[PLAN_N_PACKINGS], const compile_stages *stages,
                         const compile_choice *choice, const compile_chain *chain, int depth,
                         bool throughput);
/** The programs of the packings that the choice has. */
ckks_status compile_fill_programs(plan_plan *plan, const compile_stages *stages,
                                  const compile_choice *choice, bool throughput);
/** Lowers both packings of `best` on the chain into the plan; sets layouts, costs, keys. */
ckks_status compile_fill_plan(plan_plan *plan, const compile_stages *stages,
                              const compile_search_result *best, const compile_chain *chain,
                              const compile_options *options);
#endif
