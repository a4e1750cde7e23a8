/* SPDX-License-Identifier: Apache-2.0 */
/* What each operation of a program adds to the error of its result: read by error and simulate. */
#ifndef COMPILE_NOISE_H
#define COMPILE_NOISE_H
#include "compile/cost.h"
#include "plan/reading.h"

plan_noise compile_noise_op(const plan_op *op, const plan_plan *plan, const compile_chain *chain);
/** Of a slot of a fresh input. */
double compile_noise_input(const compile_chain *chain);
/**
 * What happens to a slot of a result: a fresh encryption of zero is added and flooding noise, and
 * it is rounded to fewer bits than q_0 as a division by the difference rounds.
 */
double compile_noise_output(const plan_layout *layout, const compile_chain *chain);
#endif
