/* SPDX-License-Identifier: Apache-2.0 */
#include "ring/kernel/f64_bounds.h"

/*
 * The tail takes four layers as two radix-4 passes; the others are radix 4,
 * with one of radix 8, the innermost, where their number is odd.
 */
static void plan_passes(ring_f64_bounds *bounds, int log2_n) {
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

/* The largest value that pass i multiplies, or the transform returns, given inputs of k. */
static double demand(const ring_f64_bounds *bounds, int i, double k, double e) {
  return i == bounds->n_passes ? k : grow(k, k, e, bounds->log2_radix[i] - 1);
}

void ring_f64_bounds_init(ring_f64_bounds *bounds, uint64_t p, int log2_n) {
  double limit = 0x1p52 / (double)p, k = RING_F64_BOUNDS_INPUT;
  double e = (double)p * 0x1p-54, e_last = 2 * e; /* the last pass has no w' */
  plan_passes(bounds, log2_n);
  bounds->reduce = 0;
  int last = bounds->n_passes - 1;
  for (int i = 0; i <= last; i++) {
    double here = i == last ? e_last : e, next = i + 1 == last ? e_last : e;
    bounds->forward[i] = k;
    double grown = grow(k, k, here, bounds->log2_radix[i]);
    /* Reduce now if what leaves this pass would be too much for the next. */
    if (demand(bounds, i + 1, grown, next) > limit) {
      bounds->reduce |= UINT32_C(1) << i;
      grown = grow(0.5, k, here, bounds->log2_radix[i]);
    }
    k = grown;
  }
  bounds->forward[bounds->n_passes] = k;
}
