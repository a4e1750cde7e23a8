/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Written noise bounds. All are standard deviations of the real part of one slot,
 * in units of 1 (divide by the scale for the error of a value), heuristic in the
 * usual sense: coefficients behave as independent (docs/soundness.md).
 * A slot of t*s (t the rounding of a division, an error of a key) is Gaussian times |s(root)|,
 * which for a fixed key is itself Rayleigh distributed over the slots: the product has a Laplace
 * tail, P(|x| > t sigma) = exp(-sqrt(2) t), not a Gaussian one. The maximum over all N/2 slots
 * stays below CKKS_NOISE_TAIL sigmas except with probability about 2^-25 (N = 2^13).
 */
#ifndef CKKS_NOISE_H
#define CKKS_NOISE_H
#include "ckks/params.h"
#define CKKS_NOISE_TAIL 18.0 /* (ln(2^12) + 25 ln 2) / sqrt(2) */

double ckks_noise_encode(const ckks_params *params); /**< rounding of a full plaintext */
double ckks_noise_fresh(const ckks_params *params);  /**< symmetric encryption */
/** Public-key encryption: over Q and all special moduli, divided by those; without any over Q. */
double ckks_noise_fresh_public(const ckks_params *params);
/** The encryption of zero that hides results: over Q alone. */
double ckks_noise_zero_public(const ckks_params *params);
double ckks_noise_rescale(const ckks_params *params); /**< rounding of a division */
/** Key switch of a polynomial at `level` with n_special primes, ModDown's rounding included. */
double ckks_noise_switch(const ckks_params *params, int level, int n_special);
/** Same without the rounding of the ModDown (for hoisted sums). */
double ckks_noise_switch_product(const ckks_params *params, int level, int n_special);
#endif
