/* SPDX-License-Identifier: Apache-2.0 */
/* Where a plan's time and error come from, stage by stage. */
#ifndef COMPILE_ACCOUNT_H
#define COMPILE_ACCOUNT_H
#include "compile/error.h"

/**
 * Fills plan->account of one packing. The plan is otherwise complete: scales, layouts, keys and
 * costs are those that clients see. CKKS_ERROR_MEMORY.
 */
ckks_status compile_account_fill(plan_plan *plan, plan_packing packing,
                                 const compile_stages *stages, const compile_choice *choice,
                                 const compile_chain *chain, const compile_vector_size *size,
                                 const compile_units *units, size_t weights_bytes);
/**
 * Different steps of an operation that are not 0: of a sum (words 1, which 0), or the baby (words
 * 2, which 0) and giant steps (words 2, which 1) of a matrix.
 */
int compile_account_steps(const plan_op *op, int words, int which);
#endif
