/* SPDX-License-Identifier: Apache-2.0 */
/* Keys of random words: they take as long as real ones, and no secret key is needed. */
#ifndef BENCH_RANDOM_KEYS_H
#define BENCH_RANDOM_KEYS_H
#include "base/alloc.h"
#include "bench.h"
#include "ckks/objects.h"
#include "ring/sample.h"

static inline void bench_random_keys(ckks_evaluation_keys **keys, ckks_key_spec *specs, size_t n,
                                     const ckks_params *params) {
  const ring_ring *ring = &params->ring;
  ring_word *limb = base_alloc_array(ring->n, sizeof *limb);
  n = ckks_key_spec_merge(specs, n);
  for (size_t k = 0; k < n; k++)
    bench_check(ckks_key_spec_check(&specs[k], params));
  bench_check(ckks_evaluation_keys_build_at(keys, specs, n, params));
  for (size_t k = 0; limb != NULL && k < n; k++) {
    ckks_switch_key *key = &(*keys)->key[k];
    for (int i = 0; i < key->n_limbs; i++)
      for (int d = 0; d < key->n_digits; d++) {
        ckks_switch_key_expand(limb, key, d, i, params);
        ckks_switch_key_put(key, d, i, limb, limb, params);
      }
  }
  base_free(limb);
}
#endif
