/* SPDX-License-Identifier: Apache-2.0 */
/**
 * What the golden files hold, stated without the library: make_golden.c writes these
 * values, tests/wire compares what it reads with them. Changing anything here
 * means a new format version, not new files.
 */
#ifndef GOLDEN_CONTENT_H
#define GOLDEN_CONTENT_H
#include "ckks.h"

#ifndef GOLDEN_DIR
#define GOLDEN_DIR "tests/golden"
#endif

#define GOLDEN_N 1024

/* q_0 lies just above a power of two, so that sampling rejects almost every other word. */
static const ckks_params_literal golden_literal = {
    .log2_n = 10,
    .n_q = 2,
    .n_p = 1,
    .q_bits = {30, 20},
    .p_bits = {30},
    .q = {536881153, 1038337},
    .p = {1073707009},
    .log2_scale = 20,
    .security = CKKS_SECURITY_NONE,
};

/** What a run of limbs is filled with, and which seed stands beside it. */
enum golden_tag {
  GOLDEN_SEEDED = 1,
  GOLDEN_PARTS = 2, /* and 3, 4: the parts c0, c1, c2 */
  GOLDEN_PUBLIC_KEY = 5,
  GOLDEN_SMALL = 6,
  GOLDEN_KEYS = 16,       /* key k, digit d: GOLDEN_KEYS + 8*k + d */
  GOLDEN_SPARSE_KEYS = 64 /* likewise */
};

/** The keys of keys.bin. The first is cut to level 0. */
static const ckks_key_spec golden_specs[] = {{0, 1, 1}, {5, 0, 1}};
#define GOLDEN_N_SPECS 2
/** Those of keys_sparse.bin: bootstrapping's own two, one digit each. */
static const ckks_key_spec golden_sparse_specs[] = {{CKKS_KEY_TO_SPARSE, 0, 1},
                                                    {CKKS_KEY_FROM_SPARSE, 1, 1}};

static const double golden_scale = 1048576.0 * 1.5;

/** Prime of ring limb 0, 1 (q) and 2 (p). */
static inline uint64_t golden_prime(int limb) {
  return limb < golden_literal.n_q ? golden_literal.q[limb] : golden_literal.p[0];
}

/** The residue at a position of a limb, in [0, p): splitmix64 (Steele et al. 2014) mod p. */
static inline uint64_t golden_value(int tag, int limb, int position, uint64_t p) {
  uint64_t z = ((uint64_t)tag << 40 | (uint64_t)limb << 32 | (uint64_t)position) *
               UINT64_C(0x9e3779b97f4a7c15);
  z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
  z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
  return (z ^ z >> 31) % p;
}

static inline void golden_seed(uint8_t seed[32], int tag) {
  for (int i = 0; i < 32; i++)
    seed[i] = (uint8_t)(tag * 37 + i);
}
#endif
