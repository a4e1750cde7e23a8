/* SPDX-License-Identifier: Apache-2.0 */
/* A program made ready: vectors encoded once, lives of registers, sums that are made together. */
#ifndef EXEC_PREPARE_H
#define EXEC_PREPARE_H
#include "eval/eval.h"
#include "plan/plan.h"

/** What an op needs: one plaintext for each vector it multiplies or adds. */
typedef struct exec_encoded {
  ckks_plaintext **plaintext; /**< NULL where a number does (period 1, DENSE, POLYNOMIAL) */
  eval_diagonal *diagonal;
  eval_polynomial_slots *slots; /**< SLOT_POLYNOMIALS */
  int n_plaintexts;
  bool compact;          /**< DIAGONALS: kept as integers, */
  int64_t *coefficients; /**< N for each */
  /**
   * DENSE: rows of one matrix are summed together when the first is due. n_rows counts them
   * there and is 0 at the others; next_row is the op of the next one.
   */
  int n_rows, next_row;
} exec_encoded;

typedef struct exec_prepared {
  exec_encoded *op;
  int *top_level; /**< highest level of each register */
  int *last_use;  /**< op that reads it last; n_ops for outputs */
} exec_prepared;

/**
 * *out must be zero; on error exec_prepare_clear frees what there is. Diagonals are encoded as
 * long as they take no more than weights_bytes; maps beyond that, the largest first, are kept as
 * integers.
 */
ckks_status exec_prepare(exec_prepared *out, const plan_plan *plan, plan_packing packing,
                         const ckks_params *params, size_t weights_bytes);
void exec_prepare_clear(exec_prepared *prepared, int n_ops);
/** Registers that op number i reads, handed to `visit` one by one. */
void exec_prepare_operands(const plan_op *op, void (*visit)(void *, int, int), void *context,
                           int i);
#endif
