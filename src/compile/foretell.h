/* SPDX-License-Identifier: Apache-2.0 */
/* What rows show of a plan's error: those like calibration's, and others inside the box. */
#ifndef COMPILE_FORETELL_H
#define COMPILE_FORETELL_H
#include "compile/stage.h"

#define COMPILE_FORETELL_ROWS 96
/** Over the most that COMPILE_FORETELL_ROWS show: thousands of rows find some that are worse. */
#define COMPILE_FORETELL_LIKE_TAIL 3.0
#define COMPILE_FORETELL_UNLIKE_TAIL 10.0
/**
 * Simulates the finished plan (simulate.h) on rows that are drawn anywhere in a box of features, at
 * its corners, and where units of the first layer are largest; each goes as far from the middle as
 * it may. Errors are |encrypted - clear| / max(1, |clear|), for the worst output of the worst row:
 * a tail times the largest one, or, if that is more, what the usual deviation of an output's error
 * makes where the client's polynomial is steepest, be it anywhere in the range of that output.
 *
 * - Rows like calibration's: the box is that of calibration, and a row goes as far as all values in
 *   the network stay in the ranges noted then. Raises predicted_error to what they show.
 * - Rows unlike those: the plan's own box, and as far as the answer is believed. Sets unlike_error;
 *   NaN where no such row had an answer. The same as predicted_error where inputs are bits, which
 *   are never anything else.
 *
 * Estimates from COMPILE_FORETELL_ROWS rows, fewer of a wide network; no bounds. `stages` are those
 * before placing, of `model`. CKKS_ERROR_MEMORY.
 */
ckks_status compile_foretell_run(plan_plan *plan, const compile_stages *stages,
                                 const network_model *model);
#endif
