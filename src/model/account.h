/* SPDX-License-Identifier: Apache-2.0 */
/* Where a plan's time and error come from, stage by stage. */
#ifndef MODEL_ACCOUNT_H
#define MODEL_ACCOUNT_H
#include "model/cost.h"

/**
 * Fills plan->account of one packing. The plan is otherwise complete: scales, layouts, keys and
 * costs are those that clients see. CKKS_ERROR_MEMORY.
 */
ckks_status model_account_fill(model_plan *plan, model_packing packing, const model_stages *stages,
                               const model_choice *choice, const model_chain *chain,
                               const model_vector_size *size, const model_units *units);
/**
 * Different steps of an operation that are not 0: of a sum (words 1, which 0), or the baby (words
 * 2, which 0) and giant steps (words 2, which 1) of a matrix.
 */
int model_account_steps(const model_op *op, int words, int which);
#endif
