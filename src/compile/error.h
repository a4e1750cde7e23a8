/* SPDX-License-Identifier: Apache-2.0 */
/* How far encrypted outputs will be from those in clear (docs/math.md, "Error of a plan"). */
#ifndef COMPILE_ERROR_H
#define COMPILE_ERROR_H
#include "compile/bend.h"
#include "compile/cost.h"

/**
 * What a polynomial does in ranges where it was looked at: thousands of chains ask for the same
 * few, and a look at the slots of a wide layer takes as long as all else that is asked of a chain.
 */
#define COMPILE_ERROR_BENDS 8
typedef struct compile_bends {
  size_t n; /**< of all that were asked for; the last COMPILE_ERROR_BENDS are kept */
  int kind, n_terms;
  double max_abs[COMPILE_ERROR_BENDS];
  compile_bend bend[COMPILE_ERROR_BENDS];
} compile_bends;

/** Largest and root mean square value of a vector: what estimates read of it. */
typedef struct compile_vector_size {
  double max, rms;
  compile_bends *bends; /**< of the polynomial whose coefficients begin here; else NULL */
} compile_vector_size;
/** One for each vector of the plan (base_free); NULL without memory. */
compile_vector_size *compile_error_vector_sizes(const plan_plan *plan);

/* All three: the plan's program of this packing, whose scales are set, in this layout. */

#define COMPILE_ERROR_TAIL 10.0
#define COMPILE_ERROR_MEAN_TAIL 8.0
/**
 * Predicted error of |encrypted - clear| / max(1, |clear|): COMPILE_ERROR_TAIL deviations for
 * single slots (their tail is Laplace's, ckks/noise.h), COMPILE_ERROR_MEAN_TAIL for means over
 * many; worst of a common sample (values a quarter of their largest) and an extreme one. NaN
 * without memory.
 */
double compile_error_bound(const plan_plan *plan, plan_packing packing, const plan_layout *layout,
                           const compile_chain *chain, const compile_vector_size *size,
                           double max_abs_input);

/** Operations from `first` to before `end`; the result stands behind the last, as number n_ops. */
typedef struct compile_marks {
  int first, end;
} compile_marks;
#define COMPILE_MARK_INPUT (-1)
typedef struct compile_error {
  double whole, part; /**< part: of what is marked. Squares of parts add up to that of the whole. */
  double absolute;    /**< of an output that leaves the server, wherever the values are */
} compile_error;
/** The predicted error, and what the marked operations (NULL: none) have made of it. */
compile_error compile_error_part(const plan_plan *plan, plan_packing packing,
                                 const plan_layout *layout, const compile_chain *chain,
                                 const compile_vector_size *size, double max_abs_input,
                                 const compile_marks *marks);
/**
 * The error of an output that leaves the server when values go as far as `reach` says, of an
 * extreme sample. NaN without memory.
 */
double compile_error_reach(const plan_plan *plan, plan_packing packing, const plan_layout *layout,
                           const compile_chain *chain, const compile_vector_size *size,
                           const compile_reach *reach);
#endif
