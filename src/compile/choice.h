/* SPDX-License-Identifier: Apache-2.0 */
/* What a choice comes to: layouts and programs for the search to try, a plan at its end. */
#ifndef COMPILE_CHOICE_H
#define COMPILE_CHOICE_H
#include "compile/search.h"

/** The layouts that the client sees; results keep all bits of the base prime. */
void compile_choice_layouts(plan_layout layout[PLAN_N_PACKINGS], const compile_stages *stages,
                            const compile_choice *choice, const compile_chain *chain,
                            bool throughput);
/** The programs of the packings that the choice has. */
ckks_status compile_choice_programs(plan_plan *plan, const compile_stages *stages,
                                    const compile_choice *choice, bool throughput);
/** Lowers both packings of `best` on the chain into the plan; sets layouts, costs, keys. */
ckks_status compile_choice_plan(plan_plan *plan, const compile_stages *stages,
                                const compile_search_result *best, const compile_chain *chain,
                                const compile_options *options);
#endif
