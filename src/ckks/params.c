/* SPDX-License-Identifier: Apache-2.0 */
/* The parameter object: a literal checked field by field, then fixed for good. */
#include "ckks/params.h"
#include "base/alloc.h"
#include "base/digest.h"
#include "ckks/encode.h"
#include "ckks/params_bytes.h"
#include <fenv.h>
#include <math.h>
#include <string.h>

/* Below 18 bits hardly any prime is 1 mod 2N; above 60 the 64-bit kernels have no room to add. */
#define MIN_PRIME_BITS 18
#define MAX_PRIME_BITS 60
/* Below 2^10 rounding eats the values; encoded coefficients must stay below 2^62. */
#define MIN_LOG2_SCALE 10
#define MAX_LOG2_SCALE 58

static ckks_status check_int(const char *field, int value, int low, int high) {
  if (value < low || value > high)
    return base_fail(CKKS_ERROR_ARGUMENT, "%s = %d: must be %d to %d", field, value, low, high);
  return CKKS_OK;
}

/* Sizes matter only where the prime itself is not given. */
static ckks_status check_sizes(const char *field, const int *bits, const uint64_t *primes, int n) {
  for (int i = 0; i < n; i++) {
    if (primes[i] == 0 && (bits[i] < MIN_PRIME_BITS || bits[i] > MAX_PRIME_BITS))
      return base_fail(CKKS_ERROR_ARGUMENT, "%s[%d] = %d: must be %d to %d", field, i, bits[i],
                       MIN_PRIME_BITS, MAX_PRIME_BITS);
  }
  return CKKS_OK;
}

/* Ranges only: what the numbers mean together is checked once the primes are known. */
static ckks_status check_literal(const ckks_params_literal *literal) {
  BASE_TRY(check_int("log2_n", literal->log2_n, CKKS_MIN_LOG2_N, CKKS_MAX_LOG2_N));
  BASE_TRY(check_int("n_q", literal->n_q, 1, CKKS_MAX_Q));
  BASE_TRY(check_int("n_p", literal->n_p, 0, CKKS_MAX_P));
  BASE_TRY(check_sizes("q_bits", literal->q_bits, literal->q, literal->n_q));
  BASE_TRY(check_sizes("p_bits", literal->p_bits, literal->p, literal->n_p));
  if (literal->log2_scale != 0 &&
      !(literal->log2_scale >= MIN_LOG2_SCALE && literal->log2_scale <= MAX_LOG2_SCALE))
    return base_fail(CKKS_ERROR_ARGUMENT, "log2_scale = %g: must be %d to %d", literal->log2_scale,
                     MIN_LOG2_SCALE, MAX_LOG2_SCALE);
  switch (literal->security) {
  case CKKS_SECURITY_NONE:
  case CKKS_SECURITY_128:
  case CKKS_SECURITY_192:
  case CKKS_SECURITY_256:
    return CKKS_OK;
  }
  return base_fail(CKKS_ERROR_ARGUMENT, "security = %d: must be 0 (none), 128, 192 or 256",
                   (int)literal->security);
}

/* After the primes are chosen, so that the exact size counts and not the sum of q_bits. */
static ckks_status check_security(const ckks_params *params) {
  int log2_n = params->literal.log2_n, security = (int)params->literal.security;
  if (ckks_security_allows(log2_n, params->log2_qp, params->literal.security))
    return CKKS_OK;
  if (params->log2_qp_limit == 0)
    return base_fail(CKKS_ERROR_SECURITY, "security: no modulus at N = 2^%d has %d-bit security",
                     log2_n, security);
  return base_fail(
      CKKS_ERROR_SECURITY,
      "needs at most %.0f bits at N = 2^%d for %d-bit security; these primes have %.1f",
      params->log2_qp_limit, log2_n, security, params->log2_qp);
}

/* Sums of logarithms; their error of about 2^-45 bits is far inside the slack of security.c. */
static void set_sizes(ckks_params *params) {
  const ckks_params_literal *literal = &params->literal;
  double bits = 0;
  for (int i = 0; i < literal->n_q; i++)
    params->log2_q[i] = bits += log2((double)literal->q[i]);
  for (int i = 0; i < literal->n_p; i++)
    bits += log2((double)literal->p[i]);
  params->log2_qp = bits;
  params->log2_qp_limit = ckks_security_limit(literal->log2_n, literal->security);
}

/* One ring for all primes: limb i is q_i, limb n_q + j is p_j (params.h). */
static ckks_status set_ring(ckks_params *params) {
  const ckks_params_literal *literal = &params->literal;
  uint64_t primes[CKKS_MAX_Q + CKKS_MAX_P];
  memcpy(primes, literal->q, (size_t)literal->n_q * sizeof *primes);
  memcpy(primes + literal->n_q, literal->p, (size_t)literal->n_p * sizeof *primes);
  return ring_ring_init(&params->ring, literal->log2_n, primes, literal->n_q + literal->n_p);
}

/* Of the bytes and not of the struct: padding, and q_bits that follow from q, are no parameters. */
static ckks_status set_hash(ckks_params *params) {
  base_buffer buffer;
  base_buffer_init(&buffer, CKKS_PARAMS_BYTES_MAX);
  ckks_params_bytes_write(&buffer, &params->literal);
  ckks_status status = base_buffer_status(&buffer);
  if (status == CKKS_OK)
    base_digest(params->hash, buffer.bytes, buffer.n_bytes);
  base_buffer_clear(&buffer);
  return status;
}

/* What lies beyond n_q and n_p is nobody's: zero, so that equal parameters are equal bytes. */
static void clear_unused(ckks_params_literal *literal) {
  for (int i = literal->n_q; i < CKKS_MAX_Q; i++) {
    literal->q[i] = 0;
    literal->q_bits[i] = 0;
  }
  for (int i = literal->n_p; i < CKKS_MAX_P; i++) {
    literal->p[i] = 0;
    literal->p_bits[i] = 0;
  }
}

ckks_status ckks_params_build(ckks_params **out, const ckks_params_literal *literal) {
  BASE_TRY(ckks_params_check_rounding());
  BASE_TRY(check_literal(literal));
  ckks_params *params = base_alloc(sizeof *params);
  if (params == NULL)
    return base_fail_memory(sizeof *params);
  ckks_status status;
  params->literal = *literal;
  clear_unused(&params->literal);
  BASE_GOTO(status, ckks_primes_choose(&params->literal, params->scale), fail);
  set_sizes(params);
  BASE_GOTO(status, check_security(params), fail);
  BASE_GOTO(status, set_ring(params), fail);
  BASE_GOTO(status, ckks_encoder_build(&params->encoder, literal->log2_n), fail);
  BASE_GOTO(status, set_hash(params), fail);
  *out = params;
  return CKKS_OK;
fail:
  ckks_params_free(params);
  return status;
}

void ckks_params_free(ckks_params *params) {
  if (params == NULL)
    return;
  ckks_encoder_free(params->encoder);
  ring_ring_clear(&params->ring);
  base_free(params);
}

/* ------------------------------------------------------------- by depth */

/* Scales at which noise leaves some digits, and all primes stay small enough for doubles. */
#define MIN_DEPTH_SCALE 25
#define MAX_DEPTH_SCALE 45
#define HEADROOM_BITS 10 /* integer part of results in the base prime */
#define MAX_BASE_BITS RING_F64_BITS
#define LIMBS_PER_DIGIT_RATIO 3 /* about three digits: fewest products for the bits spent */

static void depth_literal(ckks_params_literal *literal, int log2_n, int depth, int log2_scale,
                          int n_p) {
  int base_bits = log2_scale + HEADROOM_BITS;
  if (base_bits > MAX_BASE_BITS)
    base_bits = MAX_BASE_BITS;
  *literal = (ckks_params_literal){.log2_n = log2_n,
                                   .n_q = depth + 1,
                                   .n_p = n_p,
                                   .log2_scale = log2_scale,
                                   .security = CKKS_SECURITY_128};
  for (int i = 0; i <= depth; i++)
    literal->q_bits[i] = i == 0 ? base_bits : log2_scale;
  /* As large as the largest limb of a digit, so that P covers every digit. */
  for (int i = 0; i < n_p; i++)
    literal->p_bits[i] = base_bits;
}

/* Before any prime is looked for: nominal sizes, which the primes meet to a thousandth of a bit. */
static double depth_bits(const ckks_params_literal *literal) {
  double bits = 0;
  for (int i = 0; i < literal->n_q; i++)
    bits += literal->q_bits[i];
  for (int i = 0; i < literal->n_p; i++)
    bits += literal->p_bits[i];
  return bits;
}

/*
 * The smallest N comes first; then as many special primes as it still allows, up
 * to a third of the chain: each one more merges digits and speeds key switching
 * up (few digits win above about six limbs). Fewer than least_p would need more
 * digits than a key may have.
 */
ckks_status ckks_params_build_depth(ckks_params **out, int depth, int log2_scale) {
  BASE_TRY(check_int("depth", depth, 0, CKKS_MAX_Q - 1));
  BASE_TRY(check_int("log2_scale", log2_scale, MIN_DEPTH_SCALE, MAX_DEPTH_SCALE));
  int most_p = (depth + LIMBS_PER_DIGIT_RATIO) / LIMBS_PER_DIGIT_RATIO;
  if (most_p > CKKS_MAX_P)
    most_p = CKKS_MAX_P;
  int least_p = (depth + RING_MAX_TERMS) / RING_MAX_TERMS;
  ckks_params_literal literal;
  for (int log2_n = CKKS_MIN_LOG2_N; log2_n <= CKKS_MAX_LOG2_N; log2_n++) {
    for (int n_p = most_p; n_p >= least_p; n_p--) {
      depth_literal(&literal, log2_n, depth, log2_scale, n_p);
      if (ckks_security_allows(log2_n, depth_bits(&literal), CKKS_SECURITY_128))
        return ckks_params_build(out, &literal);
    }
  }
  return base_fail(CKKS_ERROR_SECURITY,
                   "depth %d at 2^%d needs %.0f bits; 128-bit security allows %.0f at N = 2^%d",
                   depth, log2_scale, depth_bits(&literal),
                   ckks_security_limit(CKKS_MAX_LOG2_N, CKKS_SECURITY_128), CKKS_MAX_LOG2_N);
}

/* -------------------------------------------------------------- reading */

const ckks_params_literal *ckks_params_get_literal(const ckks_params *params) {
  return &params->literal;
}

size_t ckks_params_n(const ckks_params *params) {
  return params->ring.n;
}

size_t ckks_params_slots(const ckks_params *params) {
  return params->ring.n / 2;
}

int ckks_params_max_level(const ckks_params *params) {
  return params->literal.n_q - 1;
}

double ckks_params_log2_qp(const ckks_params *params) {
  return params->log2_qp;
}

double ckks_params_log2_qp_limit(const ckks_params *params) {
  return params->log2_qp_limit;
}

double ckks_params_scale(const ckks_params *params, int level) {
  return level >= 0 && level < params->literal.n_q ? params->scale[level] : 0;
}

const uint8_t *ckks_params_hash(const ckks_params *params) {
  return params->hash;
}

/* Set-up only, so plain products of residues will do. */
uint64_t ckks_params_special_product(const ckks_params *params, int n_special, int limb) {
  const ring_modulus *modulus = &params->ring.modulus[limb];
  uint64_t product = 1;
  for (int i = 0; i < n_special; i++)
    product = ring_modulus_mul(product, params->literal.p[i] % modulus->p, modulus);
  return product;
}

ckks_status ckks_params_check(const ckks_params *params, const uint8_t hash[CKKS_HASH_BYTES],
                              const char *what) {
  if (memcmp(params->hash, hash, CKKS_HASH_BYTES) != 0)
    return base_fail(CKKS_ERROR_MISMATCH, "%s: made for other parameters than these", what);
  return CKKS_OK;
}

ckks_status ckks_params_check_level(const ckks_params *params, int level, int capacity,
                                    const char *what) {
  if (level < 0 || level >= params->literal.n_q)
    return base_fail(CKKS_ERROR_LEVEL, "level = %d: must be 0 to %d", level,
                     params->literal.n_q - 1);
  if (level > capacity)
    return base_fail(CKKS_ERROR_LEVEL, "%s: has room up to level %d, %d is needed", what, capacity,
                     level);
  return CKKS_OK;
}

ckks_status ckks_params_check_rounding(void) {
  /* Exactness would survive another mode, the bounds of the double kernels would not. */
  if (fegetround() != FE_TONEAREST)
    return base_fail(CKKS_ERROR_ARGUMENT,
                     "rounding mode: the floating-point unit must round to nearest");
  return CKKS_OK;
}
