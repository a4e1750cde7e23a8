/* SPDX-License-Identifier: Apache-2.0 */
#include "ckks/objects.h"
#include <math.h>

/*
 * Scales are computed along different ways through the same primes, each step rounded to 2^-53.
 * Another prime below 2^49 differs by 2^-38 or more; less would not show in the values.
 */
bool ckks_scale_equal(double a, double b) {
  return fabs(a - b) < 0x1p-40 * fmax(a, b);
}
