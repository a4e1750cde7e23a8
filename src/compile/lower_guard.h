/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bootstrapping in a latency program, and how a client sees where it failed (docs/math.md,
 * "Bootstraps in plans"): what a bootstrap took less what it gave, squared and added up over all
 * slots and all bootstraps, stands at the end in the slots that hold no output.
 */
#ifndef COMPILE_LOWER_GUARD_H
#define COMPILE_LOWER_GUARD_H
#include "compile/lower.h"

/** What was off stands there times 2^this before it is squared, so that its square is no noise. */
#define COMPILE_LOWER_GUARD_BITS 8

typedef struct compile_lower_guard {
  plan_plan *plan;
  plan_program *program;
  const compile_choice *choice;
  int kept, difference, sum; /**< registers */
  int minus_one;             /**< vector, or -1 before it is there */
  bool begun;                /**< something is in `sum` */
} compile_lower_guard;

/** Registers from `first` on are its own. */
void compile_lower_guard_begin(compile_lower_guard *guard, plan_plan *plan,
                               const compile_choice *choice, int first);
/** Bootstraps register `kept`, values up to `range`, into `value`, and adds up what it is off by.
 */
ckks_status compile_lower_guard_bootstrap(compile_lower_guard *guard, int value, double range);
/** The sum over all slots, to those of the result in `value` that hold no output. */
ckks_status compile_lower_guard_end(compile_lower_guard *guard, int value, size_t n_outputs);
/** For what values bootstrapping behind a stage's map is made: a power of two. */
double compile_lower_guard_range(const compile_stage *stage);
/** The vector that weighs the sum in the end: 0 for slots that hold outputs; NULL without one. */
plan_vector *compile_lower_guard_weights(plan_plan *plan);
#endif
