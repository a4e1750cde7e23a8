/* SPDX-License-Identifier: Apache-2.0 */
/* How large a modulus may be: the table of the 2024 guidelines. */
#include "ckks/params.h"

/*
 * Security Guidelines for Implementing Homomorphic Encryption (Bossuat et al.,
 * eprint 2024/463), table 5.2: the largest log2(QP) for a uniform ternary secret
 * and an error of sigma = 3.19, classical attacks. Ours is sqrt(21/2) = 3.24, so
 * slightly on the safe side. 0: the table has no entry. The test re-estimates
 * each entry with the cost of the primal lattice attack.
 */
#define FIRST_LOG2_N CKKS_MIN_LOG2_N
#define N_ROWS (CKKS_MAX_LOG2_N - CKKS_MIN_LOG2_N + 1)
#define N_CLASSES 3

static const int limit_security[N_CLASSES] = {CKKS_SECURITY_128, CKKS_SECURITY_192,
                                              CKKS_SECURITY_256};
static const int limit_bits[N_CLASSES][N_ROWS] = {
    /* 2^10 2^11 2^12 2^13 2^14 2^15 2^16  2^17 */
    {26, 53, 106, 214, 430, 868, 1747, 3523},
    {0, 0, 73, 147, 297, 597, 1199, 0},
    {0, 0, 56, 114, 230, 462, 929, 0},
};

/*
 * Primes are picked nearest to powers of two, on either side: a chain of "214
 * bits" may have 214.000001. That is no weakness, and refusing it would be a riddle.
 */
#define SLACK_BITS 1e-3

double ckks_security_limit(int log2_n, ckks_security security) {
  if (security == CKKS_SECURITY_NONE)
    return 1e9;
  if (log2_n < FIRST_LOG2_N || log2_n >= FIRST_LOG2_N + N_ROWS)
    return 0;
  for (int i = 0; i < N_CLASSES; i++) {
    if (limit_security[i] == (int)security)
      return limit_bits[i][log2_n - FIRST_LOG2_N];
  }
  return 0;
}

/*
 * A secret of weight 32 (sparse-secret encapsulation: Bossuat, Troncoso-Pastoriza, Hubaux, eprint
 * 2022/024, whose sets have 2^121 at N = 2^15 and 2^16). The best attack known guesses most
 * coefficients to be zero, meets in the middle over a few that are not, and reduces a lattice of
 * what is left. The test prices it as if meeting in the middle cost the square root of the guesses
 * and nothing else; an entry has 128 bits even so. The table of the guidelines has no sparse
 * secrets, and we have no entry for 192 bits and above.
 */
#define FIRST_SPARSE_LOG2_N 15
static const int sparse_limit_bits[] = {/* 2^15 2^16 2^17 */ 105, 121, 121};

double ckks_security_sparse_limit(int log2_n, ckks_security security) {
  if (security == CKKS_SECURITY_NONE)
    return 1e9;
  if (security != CKKS_SECURITY_128 || log2_n < FIRST_SPARSE_LOG2_N || log2_n > CKKS_MAX_LOG2_N)
    return 0;
  return sparse_limit_bits[log2_n - FIRST_SPARSE_LOG2_N];
}

bool ckks_security_allows(int log2_n, double log2_qp, ckks_security security) {
  double limit = ckks_security_limit(log2_n, security);
  return limit > 0 && log2_qp <= limit + SLACK_BITS;
}
