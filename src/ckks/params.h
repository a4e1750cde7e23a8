/* SPDX-License-Identifier: Apache-2.0 */
/* The checked, immutable parameter object; the security table; primes and scales. */
#ifndef CKKS_PARAMS_H
#define CKKS_PARAMS_H
#include "ring/ring.h"

typedef struct ckks_encoder ckks_encoder; /* roots of the canonical embedding, encode.c */

/**
 * A modulus of the chain or a special one is one prime, or two below 2^49 that are divided
 * together: then the literal has their product. Each prime is a limb. Ring limbs: 0..n_limbs-1 are
 * the primes of q_0..q_L, in that order, then come those of the special moduli.
 * A polynomial "at level l" has the limbs of q_0..q_l (ckks_params_limbs), one "at level l over k
 * special moduli" those of p_0..p_{k-1} behind them.
 */
struct ckks_params {
  ckks_params_literal literal; /**< with every modulus filled in */
  ring_ring ring;
  int n_limbs;                       /**< of the chain */
  int limbs[CKKS_MAX_Q];             /**< of q_0..q_l */
  int level_of[CKKS_MAX_Q];          /**< the level that chain limb i came with */
  int special_limbs[CKKS_MAX_P + 1]; /**< [k]: of p_0..p_{k-1} */
  double scale[CKKS_MAX_Q];          /**< canonical scale of each level: S_{l-1} = S_l^2 / q_l */
  double log2_q[CKKS_MAX_Q];         /**< log2 of q_0 * ... * q_l */
  double log2_qp, log2_qp_limit;
  ckks_encoder *encoder;
  uint8_t hash[CKKS_HASH_BYTES];
};

/** Largest log2(QP) for N and security; 1e9 for NONE, 0 when the table has no entry. */
double ckks_security_limit(int log2_n, ckks_security security);
/**
 * The sparse secret of bootstrapping: that many coefficients of -1 or 1. It exists only while its
 * keys are made, and at q_0 p_0 alone (ckks_key_spec_check).
 */
#define CKKS_SPARSE_WEIGHT 32
/** Largest log2(q_0 p_0) under the sparse secret; 1e9 for NONE, 0 when there is no entry. */
double ckks_security_sparse_limit(int log2_n, ckks_security security);
/** Whether log2_qp is within the limit (a thousandth of a bit above still is: see security.c). */
bool ckks_security_allows(int log2_n, double log2_qp, ckks_security security);

/**
 * Fills in the zero primes of a literal whose numbers are in range, and sets every q_bits and
 * p_bits to its prime's size; scale[0..n_q-1] gets the canonical scales. Given primes are checked:
 * prime, = 1 mod 2N, 18..60 bits, all distinct (CKKS_ERROR_ARGUMENT naming the field).
 * CKKS_ERROR_RANGE when primes of a size run out or the scales run away.
 */
ckks_status ckks_primes_choose(ckks_params_literal *literal, double *scale);
/**
 * The primes of a modulus in a literal that ckks_primes_choose has accepted: 1 or 2, the smaller
 * first.
 */
int ckks_primes_split(uint64_t prime[2], uint64_t modulus, int log2_n);

/**
 * The prime = 1 mod 2N nearest to `target` that is not among the n in `used`, or, where that is not
 * below 2^49, the product of two near its square root; 0 when there is none.
 */
uint64_t ckks_primes_near(double target, int log2_n, const uint64_t *used, int n);
/** 2^log2_scale, the same number on every machine. */
double ckks_primes_scale(double log2_scale);

/** Levels of EvalMod: a polynomial of degree 30 (5) and three doublings (eval/sine.h). */
#define CKKS_BOOTSTRAP_SINE_LEVELS 8
/** Every field in its range, or CKKS_ERROR_ARGUMENT naming it; NULL too. */
ckks_status ckks_bootstrap_check(const ckks_bootstrap_literal *literal);
/** That field, or level_bits where it is 0. */
int ckks_bootstrap_base_scale_bits(const ckks_bootstrap_literal *literal);
/** The top level of the chain: for use, EvalMod, CoeffsToSlots. */
int ckks_bootstrap_top(const ckks_bootstrap_literal *literal);

/** One limb for every modulus of the literal: for who sets sizes alone, without a ring. */
static inline void ckks_params_limbs_single(ckks_params *params) {
  params->n_limbs = params->literal.n_q;
  for (int l = 0; l < params->literal.n_q; l++) {
    params->limbs[l] = l + 1;
    params->level_of[l] = l;
  }
  for (int k = 0; k <= params->literal.n_p; k++)
    params->special_limbs[k] = k;
}
/** Limbs of a polynomial at level l; the limbs of q_l are those from that of l-1 on. */
static inline int ckks_params_limbs(const ckks_params *params, int level) {
  return level < 0 ? 0 : params->limbs[level];
}
/** The same over n_special special moduli. */
static inline int ckks_params_limbs_over(const ckks_params *params, int level, int n_special) {
  return ckks_params_limbs(params, level) + params->special_limbs[n_special];
}
/** Index of the ring limb for limb i of a polynomial at level l over special moduli. */
static inline int ckks_params_limb(const ckks_params *params, int level, int i) {
  int n_limbs = ckks_params_limbs(params, level);
  return i < n_limbs ? i : params->n_limbs + i - n_limbs;
}
/** q_l, rounded to nearest. */
static inline double ckks_params_modulus(const ckks_params *params, int level) {
  return (double)params->literal.q[level];
}
/** P_k = p_0*...*p_{k-1} mod ring limb `limb`, in [0, p). */
uint64_t ckks_params_special_product(const ckks_params *params, int n_special, int limb);
/**
 * CKKS_ERROR_ARGUMENT when the first n_special special primes are too small for the digits that
 * they switch at any level up to this one: when the noise of a key switch
 * (ckks_noise_switch_product, its tail) passes 2^-4 of the canonical scale. Without canonical
 * scales everything passes.
 */
ckks_status ckks_params_check_special(const ckks_params *params, int level, int n_special);
/** Checks that two objects belong together: CKKS_ERROR_MISMATCH naming `what`. */
ckks_status ckks_params_check(const ckks_params *params, const uint8_t hash[CKKS_HASH_BYTES],
                              const char *what);
/** CKKS_ERROR_LEVEL unless 0 <= level <= max_level and level <= capacity, the room of `what`. */
ckks_status ckks_params_check_level(const ckks_params *params, int level, int capacity,
                                    const char *what);
/** CKKS_ERROR_ARGUMENT unless the FPU rounds to nearest. Every public entry that computes calls it.
 */
ckks_status ckks_params_check_rounding(void);
#endif
