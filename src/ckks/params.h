/* SPDX-License-Identifier: Apache-2.0 */
/* The checked, immutable parameter object; the security table; primes and scales. */
#ifndef CKKS_PARAMS_H
#define CKKS_PARAMS_H
#include "ring/ring.h"

typedef struct ckks_encoder ckks_encoder; /* roots of the canonical embedding, encode.c */

/**
 * Ring limbs: indices 0..n_q-1 are q_0..q_L, n_q..n_q+n_p-1 the special primes.
 * A polynomial "at level l" has l+1 limbs, q_0..q_l. A polynomial "at level l
 * over k special primes" has l+1+k limbs: q_0..q_l, then p_0..p_{k-1}.
 */
struct ckks_params {
  ckks_params_literal literal; /**< with every prime filled in */
  ring_ring ring;
  double scale[CKKS_MAX_Q];  /**< canonical scale of each level: S_{l-1} = S_l^2 / q_l */
  double log2_q[CKKS_MAX_Q]; /**< log2 of q_0 * ... * q_l */
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

/** Index of the ring limb for limb i of a polynomial at level l over special primes. */
static inline int ckks_params_limb(const ckks_params *params, int level, int i) {
  return i <= level ? i : params->literal.n_q + i - level - 1;
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
