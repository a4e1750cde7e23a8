/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVAL_DIAGONALS_H
#define EVAL_DIAGONALS_H
#include "eval/eval.h"
/** Limb-sized scratch of eval_diagonals. */
size_t eval_diagonals_scratch_limbs(const ckks_params *params);
#endif
