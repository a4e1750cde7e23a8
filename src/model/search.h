/* SPDX-License-Identifier: Apache-2.0 */
/* The search behind model_compile: layouts, then chains, then the cheapest. */
#ifndef MODEL_SEARCH_H
#define MODEL_SEARCH_H
#include "model/cost.h"

#define MODEL_SEARCH_MAX_LOG2_N 15 /**< beyond this a plan is too slow to be meant */
#define MODEL_SEARCH_MIN_OUTPUT_BITS 20

/** Sizes (not yet primes) in literal.q and literal.p, and the layout that goes with them. */
typedef struct model_search_result {
  bool found;
  bool throughput; /**< packing, too: asked for, and no layer is too wide for it */
  double closest;  /**< smallest error of all legal chains; infinite where there are none */
  model_choice choice;
  ckks_params_literal literal;
  double log2_value, log2_output;
  double score, error;
} model_search_result;

/** Not finding anything is no error: model_refusal says why. */
ckks_status model_search_run(model_search_result *best, const model_stages *stages,
                             const model_compile_options *options);
/** A chain that meets the error for one ring degree, however insecure, in the likeliest layout. */
ckks_status model_search_insecure(model_search_result *best, const model_stages *stages,
                                  const model_compile_options *options, int log2_n);
#define MODEL_SEARCH_LAYOUTS 4
/** The best layouts for a ring degree, *n <= MODEL_SEARCH_LAYOUTS of them, by a count of rotations.
 */
ckks_status model_search_layouts(model_choice *choices, size_t *n, const model_stages *stages,
                                 int log2_n);
#endif
