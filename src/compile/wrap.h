/* SPDX-License-Identifier: Apache-2.0 */
/* What is left of a result that the base modulus does not hold. */
#ifndef COMPILE_WRAP_H
#define COMPILE_WRAP_H
#include "ckks/objects.h"

/**
 * values[period], a power of two, as slots of a result repeat them and the client finds them: the
 * numbers that carry them (wire/result.c), which are reduced modulo q_0, and the values of those.
 * *wrapped says whether any was beyond q_0 / 2; else nothing changes. Values that are not finite
 * are NaN, all of them, for they share coefficients. CKKS_ERROR_MEMORY.
 */
ckks_status compile_wrap_values(bool *wrapped, double *values, size_t period, double scale,
                                const ckks_params *params);
#endif
