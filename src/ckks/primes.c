/* SPDX-License-Identifier: Apache-2.0 */
/* Choice of the primes, and with them of the canonical scales. */
#include "ckks/params.h"
#include "ring/prime.h"
#include <math.h>
#include <string.h>

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

/*
 * A size from here on is made as two primes of half the bits: below 2^49 all of a ring's limbs are
 * computed with doubles, many times faster than words of 64 bits (ring/modulus.h).
 */
#define PAIR_BITS (RING_F64_BITS + 1)
#define MIN_PRIME ((uint64_t)1 << 17)
/* Of a pair none is more than four times the other. */
#define PAIR_RATIO 4

/* The primes taken so far, of q and p alike. */
typedef struct primes {
  uint64_t used[2 * (CKKS_MAX_Q + CKKS_MAX_P)];
  int n;
  bool wide; /* one of those given has 50 bits or more: words are integers anyhow */
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

static uint64_t square_root(uint64_t x) {
  uint64_t root = (uint64_t)sqrt((double)x);
  while (root * root > x)
    root--;
  while ((root + 1) * (root + 1) <= x)
    root++;
  return root;
}

/* The smaller factor of a pair, looked for from the middle down: 2^19 divisions at most; or 0. */
static uint64_t pair_factor(uint64_t modulus, int log2_n) {
  uint64_t step = (uint64_t)2 << log2_n, root = square_root(modulus);
  for (uint64_t p = root / step * step + 1; p >= MIN_PRIME && p > root / 2; p -= step)
    if (modulus % p == 0 && p < modulus / p && modulus / p / p < PAIR_RATIO && ring_prime_is(p) &&
        ring_prime_is(modulus / p))
      return p;
  return 0;
}

int ckks_primes_split(uint64_t prime[2], uint64_t modulus, int log2_n) {
  uint64_t p =
      modulus >> RING_F64_BITS == 0 || ring_prime_is(modulus) ? 0 : pair_factor(modulus, log2_n);
  prime[0] = p == 0 ? modulus : p;
  if (p == 0)
    return 1;
  prime[1] = modulus / p;
  return 2;
}

/* Takes the primes of a modulus that the user wrote down; `field` and `i` are for the message. */
static ckks_status take_given(primes *set, uint64_t modulus, int log2_n, const char *field, int i) {
  unsigned long long shown = modulus;
  if (modulus < MIN_PRIME || modulus >= 1ULL << 60)
    return base_fail(CKKS_ERROR_ARGUMENT, "%s[%d] = %llu: primes have 18 to 60 bits", field, i,
                     shown);
  if ((modulus & ((2ULL << log2_n) - 1)) != 1)
    return base_fail(CKKS_ERROR_ARGUMENT, "%s[%d] = %llu is not 1 mod 2N = 2^%d", field, i, shown,
                     log2_n + 1);
  uint64_t prime[2];
  int n = ckks_primes_split(prime, modulus, log2_n);
  if (n == 1 && !ring_prime_is(modulus))
    return base_fail(CKKS_ERROR_ARGUMENT, "%s[%d] = %llu is not a prime%s", field, i, shown,
                     modulus >> RING_F64_BITS == 0
                         ? ""
                         : ", nor the product of two of about its half size that are 1 mod 2N");
  for (int j = 0; j < n; j++) {
    if (primes_contain(set, prime[j]))
      return base_fail(CKKS_ERROR_ARGUMENT, "%s[%d] = %llu stands twice among the primes", field, i,
                       (unsigned long long)prime[j]);
    set->used[set->n++] = prime[j];
    set->wide = set->wide || prime[j] >> RING_F64_BITS != 0;
  }
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

/* The same for sizes that are a pair: the largest two of half the bits each. */
static ckks_status take_pair_below(uint64_t *modulus, primes *set, int bits, int log2_n,
                                   const char *field, int i) {
  uint64_t low, high;
  BASE_TRY(take_below(&low, set, bits / 2, log2_n, field, i));
  BASE_TRY(take_below(&high, set, bits - bits / 2, log2_n, field, i));
  *modulus = low * high;
  return CKKS_OK;
}

static ckks_status take_size(uint64_t *modulus, primes *set, int bits, int log2_n,
                             const char *field, int i) {
  return bits < PAIR_BITS || set->wide ? take_below(modulus, set, bits, log2_n, field, i)
                                       : take_pair_below(modulus, set, bits, log2_n, field, i);
}

/* Pairs are looked at from that many first primes: the product comes nearer to what is wanted. */
#define PAIR_TRIES 8

uint64_t ckks_primes_near(double target, int log2_n, const uint64_t *used, int n) {
  uint64_t prime = ring_prime_near(target, log2_n, used, n);
  if (prime >> RING_F64_BITS == 0)
    return prime;
  uint64_t taken[2 * (CKKS_MAX_Q + CKKS_MAX_P) + PAIR_TRIES], best = 0;
  BASE_ASSERT(n <= 2 * (CKKS_MAX_Q + CKKS_MAX_P));
  memcpy(taken, used, (size_t)n * sizeof *taken);
  for (int i = 0; i < PAIR_TRIES; i++) {
    uint64_t first = ring_prime_near(sqrt(target), log2_n, taken, n), second;
    if (first == 0)
      break;
    taken[n++] = first;
    second = ring_prime_near(target / (double)first, log2_n, taken, n);
    if (second == 0 || second / first >= PAIR_RATIO || first / second >= PAIR_RATIO)
      continue;
    if (best == 0 || fabs((double)(first * second) - target) < fabs((double)best - target))
      best = first * second;
  }
  return best;
}

/* The unused modulus nearest to `target`, when that keeps the size within half a bit of it. */
static ckks_status take_near(uint64_t *prime, primes *set, double target, int log2_n, int level) {
  *prime = set->wide ? ring_prime_near(target, log2_n, set->used, set->n)
                     : ckks_primes_near(target, log2_n, set->used, set->n);
  double off_bits = *prime == 0 ? 1 : fabs(log2((double)*prime / target));
  if (off_bits > 0.5 || *prime < MIN_PRIME || *prime >> 60 != 0) {
    *prime = 0;
    return base_fail(CKKS_ERROR_RANGE,
                     "q_bits[%d]: no prime near 2^%.1f that is 1 mod 2N = 2^%d is left", level,
                     log2(target), log2_n + 1);
  }
  set->n += ckks_primes_split(set->used + set->n, *prime, log2_n);
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
      BASE_TRY(take_size(q, set, literal->q_bits[l], log2_n, "q_bits", l));
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
    BASE_TRY(take_size(&literal->q[0], &set, literal->q_bits[0], literal->log2_n, "q_bits", 0));
  for (int i = 0; i < literal->n_p; i++) {
    if (literal->p[i] == 0)
      BASE_TRY(take_size(&literal->p[i], &set, literal->p_bits[i], literal->log2_n, "p_bits", i));
  }
  /* The sizes follow the moduli: whoever reads the literal back from bytes gets the same one. */
  for (int i = 0; i < literal->n_q; i++)
    literal->q_bits[i] = size_bits(literal->q[i]);
  for (int i = 0; i < literal->n_p; i++)
    literal->p_bits[i] = size_bits(literal->p[i]);
  return CKKS_OK;
}
