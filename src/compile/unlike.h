/* SPDX-License-Identifier: Apache-2.0 */
/* How precise a plan is for rows inside its box that are unlike those of calibration. */
#ifndef COMPILE_UNLIKE_H
#define COMPILE_UNLIKE_H
#include "compile/stage.h"

#define COMPILE_UNLIKE_ROWS 96
#define COMPILE_UNLIKE_TAIL 10.0 /**< thousands of rows find some that are worse than these */
/**
 * Sets plan->unlike_error: COMPILE_UNLIKE_TAIL times the most of |encrypted - clear| /
 * max(1, |clear|) in a simulation (simulate.h) of rows that a client would send and whose answers
 * it would believe: drawn anywhere in the box, at its corners, and where units of the first layer
 * are largest, each as far from the middle as its answer stays in the band. An estimate from
 * COMPILE_UNLIKE_ROWS rows, fewer of a wide network; no bound. 0 where inputs are bits, which are
 * never anything else. `stages` are those before placing. CKKS_ERROR_MEMORY.
 */
ckks_status compile_unlike_fill(plan_plan *plan, const compile_stages *stages);
#endif
