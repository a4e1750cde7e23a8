/* SPDX-License-Identifier: Apache-2.0 */
/* From a choice to a plan: what the search tries out and what compiling ends with. */
#ifndef MODEL_FILL_H
#define MODEL_FILL_H
#include "model/search.h"

/** The layouts that the client sees, from the choice; results keep all bits of the base prime. */
void model_fill_layout(model_layout layout[MODEL_N_PACKINGS], const model_stages *stages,
                       const model_choice *choice, const model_chain *chain, int depth,
                       bool throughput);
/** The programs of the packings that the choice has. */
ckks_status model_fill_programs(model_plan *plan, const model_stages *stages,
                                const model_choice *choice, bool throughput);
/** Bytes of the message that brings a set of evaluation keys, all of it (client/client.c). */
size_t model_fill_key_bytes(const ckks_key_spec *keys, size_t n_keys, const ckks_params *params);
/** Lowers both packings of `best` on the chain into the plan; sets layouts, costs, keys. */
ckks_status model_fill_plan(model_plan *plan, const model_stages *stages,
                            const model_search_result *best, const model_chain *chain,
                            const model_compile_options *options);
#endif
