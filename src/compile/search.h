/* SPDX-License-Identifier: Apache-2.0 */
/* The search behind compile_model: layouts, then chains, then the cheapest. */
#ifndef COMPILE_SEARCH_H
#define COMPILE_SEARCH_H
#include "compile/cost.h"

#define COMPILE_SEARCH_MAX_LOG2_N 16 /**< beyond this a plan is too slow to be meant */
#define COMPILE_SEARCH_MIN_OUTPUT_BITS 20

/** Sizes (not yet primes) in literal.q and literal.p, and the layout that goes with them. */
typedef struct compile_search_result {
  bool found;
  bool throughput; /**< packing, too: asked for, and no layer is too wide for it */
  double closest;  /**< smallest error of all legal chains; infinite where there are none */
  size_t blocked;  /**< 1 + the stage whose map lies in no slots that were tried; 0: some did */
  compile_choice choice;
  compile_contract contract; /**< certified, guarded or assumed */
  ckks_params_literal literal;
  double log2_value, log2_output;
  double score, error;
  double ms, key_bytes;             /**< what the score is made of, among others */
  ckks_bootstrap_literal bootstrap; /**< log2_n = 0: nothing is bootstrapped */
  double allowed;                   /**< error that it was sought for */
  plan_other other;
} compile_search_result;

/** Leveled plans first; with bootstraps where options->bootstrap wants it, and where there is no
 * leveled one or one so large that bootstrapping may be cheaper. Not finding anything is no error:
 * compile_refusal says why. */
ckks_status compile_search_run(compile_search_result *best, const compile_stages *stages,
                               const compile_options *options);
/** Whether options allow bootstraps, and the best leveled plan, found or not, makes them worth a
 * search. */
bool compile_search_may_bootstrap(const compile_search_result *leveled,
                                  const compile_options *options);
/** A chain that meets the error for one ring degree, however insecure, in the likeliest layout. */
ckks_status compile_search_insecure(compile_search_result *best, const compile_stages *stages,
                                    const compile_options *options, int log2_n);
/** What would have been found for options->contract: in the smallest ring below that of `with`,
 * else in the layouts of `with`, with as many special primes. */
ckks_status compile_search_without(compile_search_result *best, const compile_stages *stages,
                                   const compile_options *options,
                                   const compile_search_result *with);
#define COMPILE_SEARCH_LAYOUTS 4
/** The best layouts for a ring degree, *n <= COMPILE_SEARCH_LAYOUTS of them, by a count of
 * rotations; `guarded`: with a slot of the result that holds no output. Where there are none,
 * *blocked is the stage whose map has no place: it takes more than PLAN_MAX_TERMS diagonals, or
 * more slots than there are, however those behind it lie.
 */
ckks_status compile_layouts_list(compile_choice *choices, size_t *n, const compile_stages *stages,
                                 int log2_n, bool guarded, size_t *blocked);
#endif
