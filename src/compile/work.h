/* SPDX-License-Identifier: Apache-2.0 */
/* How often a program does each expensive thing, exactly as the rooms `eval` and `exec` do it. */
#ifndef COMPILE_WORK_H
#define COMPILE_WORK_H
#include "eval/bootstrap.h"
#include "plan/plan.h"

/**
 * Of one evaluation. ntt, short_butterflies, mac_words, convert_words, permute_words and
 * switches are what the evaluator's own counters say afterwards (tests/exec/test_counts.c);
 * point_words are words that pointwise work writes, which nobody counts at run time.
 */
typedef struct compile_work {
  uint64_t ntt;
  uint64_t short_butterflies; /**< of weights kept as integers */
  uint64_t mac_words;         /**< words of keys multiplied */
  uint64_t convert_words;     /**< words that enter a basis conversion */
  uint64_t permute_words;     /**< words that automorphisms move */
  uint64_t point_words;
  uint64_t sum_words; /**< words of whole ciphertexts where there are many of them */
  uint64_t row_words; /**< the same again for a matrix's further rows, block by block */
  uint64_t switches;
  uint64_t key_words; /**< of all keys in memory, each once */
  uint64_t set_words; /**< of the inputs, and half as many for what is made of them */
} compile_work;

/**
 * Counts a program of the plan, whose vectors it reads: zero coefficients of polynomials cost
 * nothing. `literal` holds the chain (primes, or their sizes as powers of two), `keys` what
 * the program uses, as compile_cost_keys leaves them, weights_bytes what the server keeps of
 * encoded weights, bootstrap (an outline is enough) what it bootstraps with; NULL where it does
 * not.
 */
void compile_work_program(compile_work *counts, const plan_plan *plan, const plan_program *program,
                          const ckks_params_literal *literal, const ckks_key_spec *keys,
                          size_t n_keys, size_t weights_bytes, const ckks_bootstrapper *bootstrap);
/** The same of the operations from `first` to before `end` alone. */
void compile_work_ops(compile_work *counts, const plan_plan *plan, const plan_program *program,
                      int first, int end, const ckks_params_literal *literal,
                      const ckks_key_spec *keys, size_t n_keys, size_t weights_bytes,
                      const ckks_bootstrapper *bootstrap);
#endif
