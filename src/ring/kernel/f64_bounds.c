/* SPDX-License-Identifier: Apache-2.0 */
#include "ring/kernel/f64_bounds.h"

/*
 * The tail takes four layers as two radix-4 passes; the others are radix 4,
 * with one of radix 8, the innermost, where their number is odd.
 */
static void plan_passes(ring_bounds *bounds, int log2_n) {
  int layers = log2_n - 4, n = 0;
  while (layers > 0) {
    int radix = layers == 3 ? 3 : 2;
    bounds->log2_radix[n++] = radix;
    layers -= radix;
  }
  bounds->log2_radix[n++] = 2;
  bounds->log2_radix[n++] = 2;
  bounds->n_passes = n;
}

/*
 * Through the layers of one pass: an operand of at most `others` is multiplied,
 * leaving 1/2 + e*others, which is added to or taken from a value of its layer;
 * the first input, at most `first`, meets products only.
 */
static double grow(double first, double others, double e, int layers) {
  for (int i = 0; i < layers; i++) {
    double product = 0.5 + e * others;
    first += product;
    others += product;
  }
  return first;
}

void ring_bounds_init(ring_bounds *bounds, uint64_t p, int log2_n) {
  double limit = 0x1p52 / (double)p;
  double k = RING_BOUNDS_INPUT;
  plan_passes(bounds, log2_n);
  bounds->reduce = 0;
  for (int i = 0; i < bounds->n_passes; i++) {
    int layers = bounds->log2_radix[i];
    /* The last pass takes its quotients from rounded products. */
    double e = (double)p * (i == bounds->n_passes - 1 ? 0x1p-53 : 0x1p-54);
    bounds->forward[i] = k;
    double grown = grow(k, k, e, layers);
    /*
     * Multiplied operands of the next pass are larger than its inputs by up to
     * two products, each below 1/2 + 8*2^-4: leave room for them.
     */
    if (grown + 2 > limit && i > 0) {
      bounds->reduce |= UINT32_C(1) << i;
      grown = grow(0.5, k, e, layers);
    }
    k = grown;
  }
  bounds->forward[bounds->n_passes] = k;
}
