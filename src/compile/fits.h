/* SPDX-License-Identifier: Apache-2.0 */
/* Whether an engine will take what a program multiplies by and adds. */
#ifndef COMPILE_FITS_H
#define COMPILE_FITS_H
#include "compile/error.h"

/**
 * Every constant of the plan's program of this packing, whose scales are set, is held against the
 * limits by which the engine encodes it (ckks/encode.h, eval_polynomial_try): CKKS_ERROR_RANGE
 * names the operation. `room`, 1 or more, is what must be left of each: while primes are looked for
 * only their sizes are known. CKKS_ERROR_MEMORY.
 */
ckks_status compile_fits(const plan_plan *plan, plan_packing packing, const plan_layout *layout,
                         const compile_chain *chain, const compile_vector_size *size, double room);
#endif
