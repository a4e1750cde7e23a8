/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Bootstrapping real slots, SlotsToCoeffs first (docs/math.md): values to coefficients on the
 * lowest levels, modulus raised, coefficients to slots, and in each slot the multiple of q_0
 * taken off by a sine.
 */
#ifndef EVAL_BOOTSTRAP_H
#define EVAL_BOOTSTRAP_H
#include "eval/fourier.h"
#include "eval/sine.h"

struct ckks_bootstrapper {
  ckks_bootstrap_literal literal;
  const ckks_params_literal *chain; /**< of the parameters, which must outlive it */
  uint8_t params_hash[CKKS_HASH_BYTES];
  int level_in, level_out, level_sine, top;
  double scale_out;     /**< of the result */
  double scale_raised;  /**< K q_0: of what was raised, as numbers in [-1, 1] */
  double scale_modulus; /**< of the sine's own value, such that the result has scale_out */
  bool outline;         /**< without plaintexts: for who asks what it takes, and applies nothing */
  eval_fourier stc, cts;
  eval_sine sine;
  double error, distortion; /**< of one round: deviation; the sine's for 1 */
  int refine_bits;          /**< the residue counts 2^that times in the second round; 0: none */
  double refined;           /**< deviation after it */
  ckks_key_spec *key;       /**< merged */
  size_t n_keys;
  size_t key_bytes;        /**< as a message */
  size_t key_memory_bytes; /**< expanded */
  size_t scratch_bytes;    /**< of an evaluator, the ciphertexts that it keeps included */
};

/** From a checked literal and parameters with its chain. */
ckks_status eval_bootstrap_build(ckks_bootstrapper **out, const ckks_bootstrap_literal *literal,
                                 const ckks_params *params);
/**
 * The same without what it multiplies by: levels, keys, errors and the diagonals' places, in no
 * time and no memory to speak of. It cannot be applied.
 */
ckks_status eval_bootstrap_outline(ckks_bootstrapper **out, const ckks_bootstrap_literal *literal,
                                   const ckks_params *params);
/**
 * `a` at level_in and that level's canonical scale; the result at level_out with the canonical
 * scale there. out may be a, with room for level_out. CKKS_ERROR_KEY, CKKS_ERROR_MEMORY.
 */
ckks_status eval_bootstrap_apply(ckks_ciphertext *out, const ckks_ciphertext *a,
                                 const ckks_bootstrapper *bootstrapper, ckks_evaluator *ev);
#endif
