/* SPDX-License-Identifier: Apache-2.0 */
#include "ckks/fixture.h"

/*
 * The primal attack by unique shortest vectors (Alkim et al., NewHope 2016; secret scaled as in
 * Bai-Galbraith 2014): block size beta works when
 *   sqrt(beta) sigma <= delta^(2 beta - d - 1) (q^m nu^n)^(1/d),  d = m + n + 1,
 * nu = sigma / deviation of the secret; it costs 8 d calls of 2^(0.292 beta + 16.4).
 */
static bool block_suffices(double beta, double n, double log2_q, double *dimension) {
  double pi = acos(-1), sigma = 3.19, nu = sigma / sqrt(2.0 / 3);
  double delta = log2(pow(pi * beta, 1 / beta) * beta / (2 * pi * exp(1))) / (2 * (beta - 1));
  double samples = sqrt(n * (log2_q - log2(nu)) / delta) - n - 1;
  samples = fmin(fmax(samples, 1), 2 * n);
  *dimension = samples + n + 1;
  double gap = (2 * beta - *dimension - 1) * delta + (samples * log2_q + n * log2(nu)) / *dimension;
  return gap >= 0.5 * log2(beta) + log2(sigma);
}

static double attack_bits(int log2_n, double log2_q) {
  double beta = 50, dimension;
  while (!block_suffices(beta, ldexp(1, log2_n), log2_q, &dimension))
    beta++;
  return 0.292 * beta + 16.4 + log2(8 * dimension);
}

/* The guidelines take the best of several attacks: this one alone costs a little more. */
static void the_table_stands_up_to_the_primal_attack(void **unused) {
  (void)unused;
  int classes[] = {128, 192, 256}, entries = 0;
  for (int i = 0; i < 3; i++) {
    for (int log2_n = CKKS_MIN_LOG2_N; log2_n <= CKKS_MAX_LOG2_N; log2_n++) {
      double limit = ckks_security_limit(log2_n, (ckks_security)classes[i]);
      if (limit == 0)
        continue;
      double bits = attack_bits(log2_n, limit);
      assert_true(bits >= classes[i] && bits <= 1.08 * classes[i]);
      entries++;
    }
  }
  assert_int_equal(entries, 8 + 5 + 5);
}

/* Table 5.2 once more, typed a second time. */
static void limits_are_those_of_the_guidelines(void **unused) {
  (void)unused;
  static const double limit128[] = {26, 53, 106, 214, 430, 868, 1747, 3523};
  for (int i = 0; i < 8; i++)
    assert_true(ckks_security_limit(10 + i, CKKS_SECURITY_128) == limit128[i]);
  assert_true(ckks_security_limit(12, CKKS_SECURITY_192) == 73);
  assert_true(ckks_security_limit(13, CKKS_SECURITY_192) == 147);
  assert_true(ckks_security_limit(14, CKKS_SECURITY_192) == 297);
  assert_true(ckks_security_limit(15, CKKS_SECURITY_192) == 597);
  assert_true(ckks_security_limit(16, CKKS_SECURITY_192) == 1199);
  assert_true(ckks_security_limit(12, CKKS_SECURITY_256) == 56);
  assert_true(ckks_security_limit(13, CKKS_SECURITY_256) == 114);
  assert_true(ckks_security_limit(14, CKKS_SECURITY_256) == 230);
  assert_true(ckks_security_limit(15, CKKS_SECURITY_256) == 462);
  assert_true(ckks_security_limit(16, CKKS_SECURITY_256) == 929);
}

static void what_is_not_in_the_table_is_not_allowed(void **unused) {
  (void)unused;
  assert_true(ckks_security_limit(11, CKKS_SECURITY_192) == 0);
  assert_true(ckks_security_limit(17, CKKS_SECURITY_256) == 0);
  assert_true(ckks_security_limit(9, CKKS_SECURITY_128) == 0);
  assert_true(ckks_security_limit(18, CKKS_SECURITY_128) == 0);
  assert_true(ckks_security_limit(13, (ckks_security)100) == 0);
  assert_true(ckks_security_limit(13, CKKS_SECURITY_NONE) == 1e9);
  assert_false(ckks_security_allows(11, 1, CKKS_SECURITY_192));
  assert_true(ckks_security_allows(10, 5000, CKKS_SECURITY_NONE));
}

static void the_limit_itself_is_allowed(void **unused) {
  (void)unused;
  assert_true(ckks_security_allows(13, 214, CKKS_SECURITY_128));
  assert_true(ckks_security_allows(13, 214.0001, CKKS_SECURITY_128));
  assert_false(ckks_security_allows(13, 214.01, CKKS_SECURITY_128));
}

/* ------------------------------------------------------ the sparse secret */

static double log2_choose(double n, double k) {
  return (lgamma(n + 1) - lgamma(k + 1) - lgamma(n - k + 1)) / log(2);
}

static double log2_sum(double a, double b) {
  return fmax(a, b) + log2(1 + exp2(-fabs(a - b)));
}

/* The primal attack of above on n coefficients of which `weight` are not zero. */
static double sparse_lattice_bits(double n, double weight, double log2_q, double rows) {
  double pi = acos(-1), sigma = 3.24, nu = sigma / sqrt(fmax(weight, 1) / n);
  for (double beta = 40; beta < 1000; beta += 10) {
    double delta = log2(pow(pi * beta, 1 / beta) * beta / (2 * pi * exp(1))) / (2 * (beta - 1));
    double m = sqrt(n * (log2_q - log2(nu)) / delta) - n - 1;
    m = fmin(fmax(m, 1), rows);
    double d = m + n + 1, gap = (2 * beta - d - 1) * delta + (m * log2_q + n * log2(nu)) / d;
    if (gap >= 0.5 * log2(beta) + log2(sigma))
      return 0.292 * beta + 16.4 + log2(8 * d);
  }
  return 1e9;
}

/*
 * The hybrid attack (Howgrave-Graham, CRYPTO 2007): of `guessed` coefficients at most j are not
 * zero, with some probability; these are met in the middle at the square root of their number, as
 * if nothing were lost and nothing had to be stored, over a lattice of the others.
 */
static double hybrid_bits(int log2_n, double log2_q) {
  double n = ldexp(1, log2_n), h = CKKS_SPARSE_WEIGHT, best = 1e9;
  for (int x = 0; x < 40; x++) {
    double guessed = floor(n * (1 - exp2(-x / 5.0))), rest = n - guessed, likely = -1e9;
    for (double j = 0; j <= h && j <= guessed; j++) {
      likely =
          log2_sum(likely, log2_choose(guessed, j) + log2_choose(rest, h - j) - log2_choose(n, h));
      double middle = (log2_choose(guessed, j) + j) / 2;
      if (middle - likely > best)
        continue;
      double bits = log2_sum(middle, sparse_lattice_bits(rest, h - j, log2_q, n)) - likely;
      best = fmin(best, bits);
    }
  }
  return best;
}

static void the_sparse_secret_stands_up_to_the_hybrid_attack(void **unused) {
  (void)unused;
  for (int log2_n = CKKS_MIN_LOG2_N; log2_n <= CKKS_MAX_LOG2_N; log2_n++) {
    double limit = ckks_security_sparse_limit(log2_n, CKKS_SECURITY_128);
    assert_true((limit > 0) == (log2_n >= 15));
    if (limit > 0)
      assert_true(hybrid_bits(log2_n, limit) >= 128);
    assert_true(ckks_security_sparse_limit(log2_n, CKKS_SECURITY_192) == 0);
    assert_true(ckks_security_sparse_limit(log2_n, CKKS_SECURITY_256) == 0);
    assert_true(ckks_security_sparse_limit(log2_n, CKKS_SECURITY_NONE) == 1e9);
  }
  /* The next step up at N = 2^15 would not do, nor would any modulus at N = 2^14. */
  assert_true(hybrid_bits(15, 121) < 128);
  assert_true(hybrid_bits(14, 80) < 128);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_table_stands_up_to_the_primal_attack),
      cmocka_unit_test(limits_are_those_of_the_guidelines),
      cmocka_unit_test(what_is_not_in_the_table_is_not_allowed),
      cmocka_unit_test(the_limit_itself_is_allowed),
      cmocka_unit_test(the_sparse_secret_stands_up_to_the_hybrid_attack),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
