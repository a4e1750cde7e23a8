/* SPDX-License-Identifier: Apache-2.0 */
/* Choice of the primes, and with them of the canonical scales. */
#include "ckks/params.h"
#include "ring/prime.h"
#include <math.h>

/*
 * A level's canonical scale is S_{l-1} = S_l^2 / q_l: what the product of two
 * ciphertexts of level l has after rescaling. A prime nearest to
 * S_l^2 / 2^log2_scale brings S_{l-1} back to 2^log2_scale, so that deviations
 * do not double from level to level ("Approximate homomorphic encryption with
 * reduced approximation error", eprint 2020/1118).
 */
#define SCALE_WINDOW_BITS 1.0
/* Beyond this a scale is no scale, and squares of it overflow. */
#define SCALE_LIMIT_LOG2 400.0

/* The primes taken so far, of q and p alike. */
typedef struct primes {
  uint64_t used[CKKS_MAX_Q + CKKS_MAX_P];
  int n;
} primes;

static bool primes_contain(const primes *set, uint64_t prime) {
  for (int i = 0; i < set->n; i++) {
    if (set->used[i] == prime)
      return true;
  }
  return false;
}

static int size_bits(uint64_t x) {
  int bits = 0;
  for (; x != 0; x >>= 1)
    bits++;
  return bits;
}

/* Checks a prime that the user wrote down; `field` and `i` are for the message. */
static ckks_status take_given(primes *set, uint64_t prime, int log2_n, const char *field, int i) {
  unsigned long long shown = prime;
  if (prime < 1ULL << 17 || prime >= 1ULL << 60)
    return base_fail(CKKS_ERROR_ARGUMENT, "%s[%d] = %llu: primes have 18 to 60 bits", field, i,
                     shown);
  if ((prime & ((2ULL << log2_n) - 1)) != 1)
    return base_fail(CKKS_ERROR_ARGUMENT, "%s[%d] = %llu is not 1 mod 2N = 2^%d", field, i, shown,
                     log2_n + 1);
  if (!ring_prime_is(prime))
    return base_fail(CKKS_ERROR_ARGUMENT, "%s[%d] = %llu is not a prime", field, i, shown);
  if (primes_contain(set, prime))
    return base_fail(CKKS_ERROR_ARGUMENT, "%s[%d] = %llu stands twice among the primes", field, i,
                     shown);
  set->used[set->n++] = prime;
  return CKKS_OK;
}

static ckks_status take_all_given(primes *set, const ckks_params_literal *literal) {
  for (int i = 0; i < literal->n_q; i++) {
    if (literal->q[i] != 0)
      BASE_TRY(take_given(set, literal->q[i], literal->log2_n, "q", i));
  }
  for (int i = 0; i < literal->n_p; i++) {
    if (literal->p[i] != 0)
      BASE_TRY(take_given(set, literal->p[i], literal->log2_n, "p", i));
  }
  return CKKS_OK;
}

/* The largest unused prime of exactly `bits` bits. */
static ckks_status take_below(uint64_t *prime, primes *set, int bits, int log2_n, const char *field,
                              int i) {
  uint64_t limit = (1ULL << bits) - 1;
  do {
    *prime = ring_prime_below(limit, log2_n);
    limit = *prime - 1;
  } while (*prime != 0 && primes_contain(set, *prime));
  if (*prime >> (bits - 1) == 0) { /* none, or already of fewer bits */
    *prime = 0;
    return base_fail(CKKS_ERROR_RANGE,
                     "%s[%d] = %d: no prime of %d bits that is 1 mod 2N = 2^%d is left", field, i,
                     bits, bits, log2_n + 1);
  }
  set->used[set->n++] = *prime;
  return CKKS_OK;
}

/* The unused prime nearest to `target`, when that keeps the size within half a bit of it. */
static ckks_status take_near(uint64_t *prime, primes *set, double target, int log2_n, int level) {
  *prime = ring_prime_near(target, log2_n, set->used, set->n);
  double off_bits = *prime == 0 ? 1 : fabs(log2((double)*prime / target));
  if (off_bits > 0.5 || *prime < 1ULL << 17) {
    *prime = 0;
    return base_fail(CKKS_ERROR_RANGE,
                     "q_bits[%d]: no prime near 2^%.1f that is 1 mod 2N = 2^%d is left", level,
                     log2(target), log2_n + 1);
  }
  set->used[set->n++] = *prime;
  return CKKS_OK;
}

/*
 * To 2^-32: libraries of mathematics differ in the last place where log2_scale is no integer, and
 * twenty levels below that would be two scales.
 */
double ckks_primes_scale(double log2_scale) {
  int exponent;
  double fraction = frexp(exp2(log2_scale), &exponent);
  return ldexp(rint(ldexp(fraction, 32)), exponent - 32);
}

/* From the top down, since each scale follows from the one above. */
static ckks_status choose_chain(ckks_params_literal *literal, double *scale, primes *set) {
  int top = literal->n_q - 1, log2_n = literal->log2_n;
  double wanted = ckks_primes_scale(literal->log2_scale);
  if (literal->log2_scale == 0) { /* no canonical scales: there is nothing to steer by */
    for (int l = 0; l <= top; l++) {
      if (literal->q[l] == 0)
        return base_fail(CKKS_ERROR_ARGUMENT, "log2_scale = 0: q[%d] must be given", l);
      scale[l] = 0;
    }
    return CKKS_OK;
  }
  scale[top] = wanted;
  for (int l = top; l > 0; l--) {
    uint64_t *q = &literal->q[l];
    double square = scale[l] * scale[l];
    if (*q == 0 && fabs(literal->q_bits[l] - literal->log2_scale) < SCALE_WINDOW_BITS)
      BASE_TRY(take_near(q, set, square / wanted, log2_n, l));
    else if (*q == 0)
      BASE_TRY(take_below(q, set, literal->q_bits[l], log2_n, "q_bits", l));
    scale[l - 1] = square / (double)*q;
    double log2_scale = log2(scale[l - 1]);
    if (!(fabs(log2_scale) < SCALE_LIMIT_LOG2))
      return base_fail(CKKS_ERROR_RANGE,
                       "q[%d]: the canonical scale of level %d would be 2^%.0f, limit 2^%.0f; "
                       "choose q_bits nearer to log2_scale",
                       l, l - 1, log2_scale, SCALE_LIMIT_LOG2);
  }
  return CKKS_OK;
}

ckks_status ckks_primes_choose(ckks_params_literal *literal, double *scale) {
  primes set = {.n = 0};
  BASE_TRY(take_all_given(&set, literal));
  BASE_TRY(choose_chain(literal, scale, &set));
  if (literal->q[0] == 0)
    BASE_TRY(take_below(&literal->q[0], &set, literal->q_bits[0], literal->log2_n, "q_bits", 0));
  for (int i = 0; i < literal->n_p; i++) {
    if (literal->p[i] == 0)
      BASE_TRY(take_below(&literal->p[i], &set, literal->p_bits[i], literal->log2_n, "p_bits", i));
  }
  /* The sizes follow the primes: whoever reads the literal back from bytes gets the same one. */
  for (int i = 0; i < literal->n_q; i++)
    literal->q_bits[i] = size_bits(literal->q[i]);
  for (int i = 0; i < literal->n_p; i++)
    literal->p_bits[i] = size_bits(literal->p[i]);
  return CKKS_OK;
}
