/* SPDX-License-Identifier: Apache-2.0 */
/* A program made ready: vectors encoded once, lives of registers, sums that are made together. */
#ifndef EXEC_PREPARE_H
#define EXEC_PREPARE_H
#include "eval/eval.h"
#include "plan/plan.h"

#define EXEC_PREPARE_GAPS 18

/** What an op needs: one plaintext for each vector it multiplies or adds. */
typedef struct exec_encoded {
  ckks_plaintext **plaintext; /**< NULL where a number does (period 1, DENSE, POLYNOMIAL) */
  eval_diagonal *diagonal;
  eval_windows_steps steps;
  eval_polynomial_slots *slots; /**< SLOT_POLYNOMIALS */
  int n_plaintexts;
  bool compact;          /**< DIAGONALS: kept as integers, */
  int64_t *coefficients; /**< N / gap for each */
  size_t gap;            /**< by which values repeat: N / 2 periods */
  const ring_sparse *sparse;
  bool borrowed; /**< these, and the plaintexts' limbs, are somebody else's */
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
  /** For weights that are kept as integers, by log2 of the gap; all zero where there are none. */
  ring_sparse sparse[EXEC_PREPARE_GAPS];
} exec_prepared;

/** Words that were encoded before, in the order in which exec_prepare_words shows them. */
typedef struct exec_words {
  ring_word *next;
  size_t n_left;
} exec_words;

/**
 * *out must be zero; on error exec_prepare_clear frees what there is. `words` NULL: vectors are
 * encoded here; else they are taken from there, to stay there. Diagonals are encoded as
 * long as they take no more than weights_bytes; maps beyond that, the largest first, are kept as
 * integers.
 */
ckks_status exec_prepare(exec_prepared *out, const plan_plan *plan, plan_packing packing,
                         const ckks_params *params, size_t weights_bytes, exec_words *words);
/** Shows what encoding made, but for slot polynomials, which are made anew each time. */
void exec_prepare_words(const exec_prepared *prepared, const plan_program *program,
                        const ckks_params *params,
                        void (*visit)(void *, const void *words, size_t n_words), void *context);
void exec_prepare_clear(exec_prepared *prepared, int n_ops);
/** Registers that op number i reads, handed to `visit` one by one. */
void exec_prepare_operands(const plan_op *op, void (*visit)(void *, int, int), void *context,
                           int i);
#endif
