/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Filling keys and ciphertexts takes the secret or bytes from a wire; both expand seeds by this
 * function and ckks_switch_key_expand, so that one definition says which domain a limb has.
 */
#include "ckks/objects.h"
#include "ring/sample.h"

void ckks_seed_expand(ring_poly *out, int n_limbs, const uint8_t seed[RAND_SEED_BYTES],
                      const ckks_params *params) {
  const ring_ring *ring = &params->ring;
  for (int limb = 0; limb < n_limbs; limb++)
    ring_sample_uniform(ring_poly_limb(out, limb), seed, (uint64_t)limb, ring->n,
                        &ring->modulus[limb], ring->kernel);
}
