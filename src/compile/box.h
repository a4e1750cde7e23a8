/* SPDX-License-Identifier: Apache-2.0 */
/* The box of inputs that a plan will answer for, and how far values go inside it. */
#ifndef COMPILE_BOX_H
#define COMPILE_BOX_H
#include "compile/stage.h"
#include "plan/plan.h"

/**
 * Sets the interface's low, high and padding, which must have room, from what each feature was in
 * calibration: headroom times as far from the mean, at least one deviation, and rounded outwards so
 * that no row's own value shows. Pixels that were bytes may be any byte. A model that was never
 * calibrated is taken to see 8 deviations.
 */
void compile_box_fill(plan_interface *interface, const network_model *model, double headroom);
/**
 * How far values go when the inputs are anywhere in the box, by interval arithmetic, rounded
 * outwards: proved bounds. Infinite where they leave the range of a double. CKKS_ERROR_MEMORY.
 */
ckks_status compile_box_reach(compile_reach *reach, const compile_stages *stages,
                              const plan_interface *interface);
#endif
