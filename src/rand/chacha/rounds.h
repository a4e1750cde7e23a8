/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The twenty rounds on vectors that hold the same word of as many blocks as they have lanes.
 * Included by a file that has defined `vec` and the v_* operations of one instruction set.
 */
#ifndef RAND_CHACHA_ROUNDS_H
#define RAND_CHACHA_ROUNDS_H
#include "rand/chacha.h"

static inline __attribute__((always_inline)) void quarter(vec x[16], int a, int b, int c, int d) {
  x[a] = v_add(x[a], x[b]), x[d] = v_rotate_16(v_xor(x[d], x[a]));
  x[c] = v_add(x[c], x[d]), x[b] = v_rotate_12(v_xor(x[b], x[c]));
  x[a] = v_add(x[a], x[b]), x[d] = v_rotate_8(v_xor(x[d], x[a]));
  x[c] = v_add(x[c], x[d]), x[b] = v_rotate_7(v_xor(x[b], x[c]));
}

static inline __attribute__((always_inline)) void rounds(vec x[16]) {
  for (int twice = 0; twice < 10; twice++) {
    quarter(x, 0, 4, 8, 12), quarter(x, 1, 5, 9, 13);
    quarter(x, 2, 6, 10, 14), quarter(x, 3, 7, 11, 15);
    quarter(x, 0, 5, 10, 15), quarter(x, 1, 6, 11, 12);
    quarter(x, 2, 7, 8, 13), quarter(x, 3, 4, 9, 14);
  }
}
#endif
