/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Heuristic noise, each figure with its derivation. Throughout:
 *
 * Slots. A polynomial e with independent coefficients of variance V has slots
 * e(zeta^(5^j)) = sum_k e_k zeta^(5^j k) of mean square N V, half of it in the real
 * part: deviation sqrt(N V / 2).
 * Products. A coefficient of e f is a signed sum of N products: variance N V_e V_f.
 * Secrets. Ternary coefficients have variance 2/3, so a polynomial of variance V,
 * times s, has 2/3 N V.
 * Rounding. An error uniform in [-1/2, 1/2] has variance 1/12.
 * sigma^2 = 21/2 is the variance of the sampled error (ring/sample.h).
 *
 * Sources: Cheon-Kim-Kim-Song 2017, lemmas 1-3; for digits with several special
 * primes Han-Ki, eprint 2019/688, section 3. Here deviations instead of worst cases.
 */
#include "ckks/noise.h"
#include "ring/sample.h"
#include <math.h>

#define ERROR_VARIANCE (RING_ERROR_SIGMA * RING_ERROR_SIGMA)
#define SECRET_VARIANCE (2.0 / 3.0)
#define ROUNDING_VARIANCE (1.0 / 12.0)

static double slot_deviation(const ckks_params *params, double variance) {
  return sqrt((double)params->ring.n * variance / 2);
}

/* A plaintext's coefficients are rounded once each: V = 1/12. */
double ckks_noise_encode(const ckks_params *params) {
  return slot_deviation(params, ROUNDING_VARIANCE);
}

/* c0 + c1 s = m + e: the sampled error itself. */
double ckks_noise_fresh(const ckks_params *params) {
  return slot_deviation(params, ERROR_VARIANCE);
}

/*
 * c0 = v b + e0 + m, c1 = v a + e1 with b = -a s + e: c0 + c1 s = m + v e + e0 + e1 s,
 * v ternary like s: V = sigma^2 (2/3 N + 1 + 2/3 N).
 */
double ckks_noise_zero_public(const ckks_params *params) {
  double n = (double)params->ring.n;
  return slot_deviation(params, ERROR_VARIANCE * (1 + 2 * SECRET_VARIANCE * n));
}

/* The same, but for m, modulo Q P, then divided by P: that rounding is what is left. */
double ckks_noise_fresh_public(const ckks_params *params) {
  double p = 1;
  for (int k = 0; k < params->literal.n_p; k++)
    p *= (double)params->literal.p[k];
  double divided = ckks_noise_zero_public(params) / p;
  return params->literal.n_p == 0 ? divided : hypot(divided, ckks_noise_rescale(params));
}

/* Both parts are rounded to multiples of the divisor: r0 + r1 s, V = (1 + 2/3 N) / 12. */
double ckks_noise_rescale(const ckks_params *params) {
  double n = (double)params->ring.n;
  return slot_deviation(params, ROUNDING_VARIANCE * (1 + SECRET_VARIANCE * n));
}

/*
 * sum_d D_d e_d / P. Digit d of k limbs with product Q_d is raised by
 *   D_d = sum_j y_j Q_d / q_j,  y_j = [c (Q_d/q_j)^-1]_(q_j) centred,
 * without correction, so D_d stands for the digit plus a multiple of Q_d (which the
 * key's factor g_d makes harmless) and D_d / Q_d is a sum of k numbers uniform in
 * [-1/2, 1/2]: variance k Q_d^2 / 12. One coefficient of D_d e_d: N sigma^2 times that.
 * At a level below the key's the last digit is shorter, as it is here.
 */
double ckks_noise_switch_product(const ckks_params *params, int level, int n_special) {
  double log2_p = 0, sum = 0;
  for (int i = 0; i < n_special; i++)
    log2_p += log2((double)params->literal.p[i]);
  for (int first = 0; first <= level; first += n_special) {
    int last = first + n_special - 1 < level ? first + n_special - 1 : level;
    double log2_digit = params->log2_q[last] - (first > 0 ? params->log2_q[first - 1] : 0);
    int n_limbs = ckks_params_limbs(params, last) - ckks_params_limbs(params, first - 1);
    sum += n_limbs * ROUNDING_VARIANCE * exp2(2 * (log2_digit - log2_p));
  }
  return slot_deviation(params, (double)params->ring.n * ERROR_VARIANCE * sum);
}

/*
 * ModDown converts from P exactly (the quotient kernel corrects it), so dividing
 * by P rounds as a rescale does, independently of the products.
 */
double ckks_noise_switch(const ckks_params *params, int level, int n_special) {
  return hypot(ckks_noise_switch_product(params, level, n_special), ckks_noise_rescale(params));
}
