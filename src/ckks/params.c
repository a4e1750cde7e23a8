/* SPDX-License-Identifier: Apache-2.0 */
/* The parameter object: a literal checked field by field, then fixed for good. */
#include "ckks/params.h"
#include "base/alloc.h"
#include "base/digest.h"
#include "ckks/encode.h"
#include "ckks/noise.h"
#include "ckks/params_bytes.h"
#include <fenv.h>
#include <float.h>
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

/*
 * The digits of a key switch are products of chain primes; their error is divided by the special
 * primes. Where it leaves fewer bits than this of a value of 1, the switch gives garbage.
 */
#define MIN_SWITCH_BITS 4

ckks_status ckks_params_check_special(const ckks_params *params, int level, int n_special) {
  for (int l = 0; l <= level; l++) {
    double noise = CKKS_NOISE_TAIL * ckks_noise_switch_product(params, l, n_special);
    double most = ldexp(params->scale[l], -MIN_SWITCH_BITS);
    if (params->scale[l] == 0 || noise <= most) /* without canonical scales a plan answers for it */
      continue;
    double log2_p = 0;
    for (int i = 0; i < n_special; i++)
      log2_p += log2((double)params->literal.p[i]);
    return base_fail(CKKS_ERROR_ARGUMENT,
                     "p_bits: the first %d special prime%s 2^%.1f in all, too small for the "
                     "digits they switch: at level %d the noise of a rotation would be 2^%.0f at "
                     "scale 2^%.1f; they need %.0f bits more",
                     n_special, n_special == 1 ? " is" : "s are", log2_p, l, log2(noise),
                     log2(params->scale[l]), ceil(log2(noise / most)));
  }
  return CKKS_OK;
}

static ckks_status check_limbs(const char *field, int n_moduli, int n_limbs, int limit) {
  if (n_limbs > limit)
    return base_fail(CKKS_ERROR_ARGUMENT,
                     "%s: %d moduli are %d primes (those of 50 bits and more are two each), limit "
                     "%d",
                     field, n_moduli, n_limbs, limit);
  return CKKS_OK;
}

/* One ring for all primes, in the order of params.h. */
static ckks_status set_ring(ckks_params *params) {
  const ckks_params_literal *literal = &params->literal;
  uint64_t primes[2 * (CKKS_MAX_Q + CKKS_MAX_P)];
  int n = 0;
  for (int l = 0; l < literal->n_q; l++) {
    int first = n;
    n += ckks_primes_split(primes + n, literal->q[l], literal->log2_n);
    params->limbs[l] = n;
    for (int i = first; i < n && i < CKKS_MAX_Q; i++)
      params->level_of[i] = l;
  }
  params->n_limbs = n;
  BASE_TRY(check_limbs("n_q", literal->n_q, n, CKKS_MAX_Q));
  for (int k = 0; k < literal->n_p; k++) {
    n += ckks_primes_split(primes + n, literal->p[k], literal->log2_n);
    params->special_limbs[k + 1] = n - params->n_limbs;
  }
  BASE_TRY(check_limbs("n_p", literal->n_p, n - params->n_limbs, CKKS_MAX_P));
  return ring_ring_init(&params->ring, literal->log2_n, primes, n);
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
  BASE_NOT_NULL(out);
  *out = NULL;
  BASE_NOT_NULL(literal);
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
  if (literal->n_p > 0)
    BASE_GOTO(status,
              ckks_params_check_special(params, params->literal.n_q - 1, params->literal.n_p),
              fail);
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

/* -------------------------------------------------------------- reading */

const ckks_params_literal *ckks_params_get_literal(const ckks_params *params) {
  return params != NULL ? &params->literal : NULL;
}

size_t ckks_params_n(const ckks_params *params) {
  return params != NULL ? params->ring.n : 0;
}

size_t ckks_params_slots(const ckks_params *params) {
  return params != NULL ? params->ring.n / 2 : 0;
}

int ckks_params_max_level(const ckks_params *params) {
  return params != NULL ? params->literal.n_q - 1 : -1;
}

double ckks_params_log2_qp(const ckks_params *params) {
  return params != NULL ? params->log2_qp : 0;
}

double ckks_params_log2_qp_limit(const ckks_params *params) {
  return params != NULL ? params->log2_qp_limit : 0;
}

double ckks_params_scale(const ckks_params *params, int level) {
  return params != NULL && level >= 0 && level < params->literal.n_q ? params->scale[level] : 0;
}

double ckks_params_max_value(const ckks_params *params, int level) {
  double scale = ckks_params_scale(params, level);
  if (scale == 0)
    return 0;
  return fmin(exp2(params->log2_q[level] - 1 - log2(scale)) * (1 - 0x1p-32), DBL_MAX);
}

const uint8_t *ckks_params_hash(const ckks_params *params) {
  return params != NULL ? params->hash : NULL;
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
