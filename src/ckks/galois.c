/* SPDX-License-Identifier: Apache-2.0 */
#include "ckks/objects.h"

uint32_t ckks_galois_rotation(const ckks_params *params, int steps) {
  return params == NULL ? 0 : ring_automorphism_rotation(steps, params->literal.log2_n);
}

/* X -> X^-1, and -1 = 2N - 1 modulo 2N. */
uint32_t ckks_galois_conjugation(const ckks_params *params) {
  return params == NULL ? 0 : (uint32_t)(2 * params->ring.n - 1);
}
