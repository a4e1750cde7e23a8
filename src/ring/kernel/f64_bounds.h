/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Where a lazy transform in doubles has to reduce.
 *
 * Magnitudes are counted in multiples of p: k means |x| <= k*p. A product of x
 * and a factor |w| <= p/2 with w' = w/p at hand leaves |r| <= (1/2 + e*k)*p,
 * where e = p*2^-54: the quotient fma(x, w', magic) has one rounding error, that
 * of w' (relative 2^-53), on a value of at most k*p/2. Where the quotient is
 * taken from the rounded product and 1/p instead, two errors make it 2e.
 *
 * Two things limit k: quotients must stay within 2^51 to be rounded by adding
 * 1.5*2^52, hence k*p/2 <= 2^51; and a final reduction gives the centred
 * representative exactly when |x| < 2^52. Both say k <= 2^52/p, which is more
 * than 8 for every prime below 2^49 (and then everything is exact: all values
 * are integers far below 2^53).
 */
#ifndef RING_KERNEL_F64_BOUNDS_H
#define RING_KERNEL_F64_BOUNDS_H
#include <stdint.h>

#define RING_F64_BOUNDS_MAX_PASSES 9 /* broadcast passes and the two of the tail, log2_n <= 17 */

/** A transform as a list of passes; pass i merges log2_radix[i] (2 or 3) layers. */
typedef struct ring_f64_bounds {
  int n_passes;
  int log2_radix[RING_F64_BOUNDS_MAX_PASSES];
  /** Bit i: pass i reduces the one input that none of its layers multiplies. */
  uint32_t reduce;
  /** forward[i]: the values that enter pass i, forward[n_passes]: that leave the last. */
  double forward[RING_F64_BOUNDS_MAX_PASSES + 1];
} ring_f64_bounds;

/** What ntt_forward accepts, in multiples of p. */
#define RING_F64_BOUNDS_INPUT 1.5
/** What every pass of the inverse transform accepts and leaves. */
#define RING_F64_BOUNDS_INVERSE 1.5

/** Plan, mask and bounds of the forward transform of 2^log2_n values modulo p < 2^49. */
void ring_f64_bounds_init(ring_f64_bounds *bounds, uint64_t p, int log2_n);
#endif
