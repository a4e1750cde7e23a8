/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers to plaintexts: embedding, scaling, rounding, residues. */
#include "ckks/encode.h"
#include "base/alloc.h"
#include "base/wipe.h"
#include <math.h>
#include <string.h>

void ckks_encode_int64(ring_word *out, const int64_t *coefficients, int limb,
                       const ckks_params *params) {
  const ring_ring *ring = &params->ring;
  ring->kernel->from_int64(out, coefficients, ring->n, &ring->modulus[limb]);
  ring->kernel->ntt_forward(out, out, ring->ntt[limb]);
}

/* -------------------------------------------------------------- refusals */

/* Just under half the product of the limbs, so that rounding here cannot let a value wrap. */
static double half_product(const int *limbs, int n_limbs, const ckks_params *params) {
  double product = 0.5 * (1 - 0x1p-40);
  for (int i = 0; i < n_limbs; i++)
    product *= params->ring.modulus[limbs[i]].f;
  return product;
}

/* As half_product, by the sizes of the primes alone, which a planner knows before the primes. */
static double half_modulus(int level, const ckks_params *params) {
  return 0.5 * (1 - 0x1p-40) * exp2(params->log2_q[level]);
}

double ckks_encode_limit(int level, double scale, const ckks_params *params) {
  return fmin(0x1p62, half_modulus(level, params)) / scale;
}

double ckks_encode_limit_scalar(int level, double scale, const ckks_params *params) {
  /* 2^120 is what one product of a double with a scale needs, and fits 128 bits. */
  return fmin(0x1p120, half_modulus(level, params)) / scale;
}

/* First of all checks: a NaN passes every comparison that is written as "not too large". */
static ckks_status check_finite(const ckks_complex *values, size_t n) {
  for (size_t i = 0; i < n; i++) {
    if (!isfinite(values[i].re) || !isfinite(values[i].im))
      return base_fail(CKKS_ERROR_RANGE, "value %zu is not a finite number", i);
  }
  return CKKS_OK;
}

/* The value, the limit and what would help; coefficients have a limit of 2^62 of their own. */
static ckks_status fail_too_large(size_t i, double magnitude, double scale, double bound) {
  return base_fail(CKKS_ERROR_RANGE,
                   "value %zu (%g) does not fit: up to %g does at scale 2^%.2f and this level; use "
                   "%s smaller scale",
                   i, magnitude, bound / scale, log2(scale),
                   bound < 0x1p62 ? "a higher level or a" : "a");
}

/*
 * Every slot is held against the limit, though one large value among small ones would leave small
 * coefficients: what is computed with it later need not.
 */
static ckks_status check_fits(const ckks_complex *values, size_t n, int level, double scale,
                              const ckks_params *params) {
  double limit = half_modulus(level, params) / scale;
  for (size_t i = 0; i < n; i++) {
    double magnitude = hypot(values[i].re, values[i].im);
    if (!(magnitude < limit))
      return fail_too_large(i, magnitude, scale, limit * scale);
  }
  return CKKS_OK;
}

/* A coefficient is at most the largest value times the scale: that value is named. */
static ckks_status fail_largest(const ckks_complex *values, size_t n, double scale, double bound) {
  size_t largest = 0;
  for (size_t i = 1; i < n; i++)
    if (hypot(values[i].re, values[i].im) > hypot(values[largest].re, values[largest].im))
      largest = i;
  return fail_too_large(largest, hypot(values[largest].re, values[largest].im), scale, bound);
}

/* --------------------------------------------------------------- encoding */

/*
 * Slots in `work` to integers at distance gap = N/(2 n_slots), the rest zero. False when
 * one reaches the bound, which is at most 2^62: the conversion to integers cannot overflow.
 */
static bool round_slots(int64_t *coefficients, ckks_complex *work, size_t n_slots, double scale,
                        double bound, const ckks_params *params) {
  size_t n = params->ring.n, gap = n / (2 * n_slots);
  ckks_encoder_inverse(work, n_slots, params->encoder);
  double largest = 0;
  for (size_t k = 0; k < n_slots; k++) {
    double re = work[k].re * scale, im = work[k].im * scale;
    largest = fmax(largest, fmax(fabs(re), fabs(im)));
    if (!(largest < bound))
      return false;
    coefficients[k * gap] = llrint(re);
    coefficients[n / 2 + k * gap] = llrint(im);
  }
  return true;
}

ckks_status ckks_encode_limbs(ring_poly *poly, const int *limbs, int n_limbs,
                              const ckks_complex *values, size_t n_slots, double scale,
                              const ckks_params *params) {
  size_t n = params->ring.n, n_bytes = n * sizeof(int64_t) + n_slots * sizeof *values;
  BASE_ASSERT(n_limbs <= poly->n_limbs && 2 * n_slots <= n);
  BASE_TRY(check_finite(values, n_slots));
  double bound = fmin(0x1p62, half_product(limbs, n_limbs, params));
  /* One block, wiped behind us since it may be about to be encrypted: integers, then slots. */
  int64_t *coefficients = base_alloc(n_bytes);
  if (coefficients == NULL)
    return base_fail_memory(n_bytes);
  ckks_complex *work = (ckks_complex *)(coefficients + n);
  memcpy(work, values, n_slots * sizeof *values);
  ckks_status status = CKKS_OK;
  if (round_slots(coefficients, work, n_slots, scale, bound, params)) {
    for (int i = 0; i < n_limbs; i++)
      ckks_encode_int64(ring_poly_limb(poly, i), coefficients, limbs[i], params);
  } else {
    status = fail_largest(values, n_slots, scale, bound);
  }
  base_wipe(coefficients, n_bytes);
  base_free(coefficients);
  return status;
}

ckks_status ckks_encode_integers(int64_t *coefficients, const ckks_complex *values, size_t n_slots,
                                 double scale, const ckks_params *params) {
  BASE_TRY(check_finite(values, n_slots));
  ckks_complex *work = base_alloc_array(n_slots, sizeof *work);
  if (work == NULL)
    return base_fail_memory(n_slots * sizeof *work);
  memcpy(work, values, n_slots * sizeof *work);
  ckks_status status = CKKS_OK;
  if (!round_slots(coefficients, work, n_slots, scale, 0x1p62, params))
    status = fail_largest(values, n_slots, scale, 0x1p62);
  base_wipe(work, n_slots * sizeof *work);
  base_free(work);
  return status;
}

ckks_status ckks_encode_scalar(uint64_t *residues, int n_limbs, double value, double scale,
                               const ckks_params *params) {
  ckks_complex slot = {value, 0};
  BASE_TRY(check_finite(&slot, 1));
  double limit = ckks_encode_limit_scalar(params->level_of[n_limbs - 1], scale, params);
  if (!(fabs(value) < limit))
    return fail_too_large(0, fabs(value), scale, limit * scale);
  double integer = rint(value * scale);
  for (int i = 0; i < n_limbs; i++)
    residues[i] = ring_modulus_reduce((__int128)integer, &params->ring.modulus[i]);
  return CKKS_OK;
}

/* ----------------------------------------------------------------- public */

/* All that the four public encoders check alike; fills in the scale. */
static ckks_status check_target(const ckks_plaintext *out, int level, double *scale,
                                const ckks_params *params) {
  BASE_TRY(ckks_params_check_rounding());
  BASE_TRY(ckks_params_check(params, out->params_hash, "plaintext"));
  BASE_TRY(ckks_params_check_level(params, level, out->max_level, "plaintext"));
  if (*scale == 0)
    *scale = params->scale[level];
  if (!(*scale > 0 && isfinite(*scale)))
    return base_fail(CKKS_ERROR_ARGUMENT, "scale = %g: must be finite and positive, or 0", *scale);
  return CKKS_OK;
}

static ckks_status check_count(size_t n, const ckks_params *params) {
  if (n > params->ring.n / 2)
    return base_fail(CKKS_ERROR_ARGUMENT, "n = %zu: there are %zu slots", n, params->ring.n / 2);
  return CKKS_OK;
}

/* The last step of each encoder: the limbs, then the fields. */
static ckks_status encode_slots(ckks_plaintext *out, const ckks_complex *slots, size_t n_slots,
                                int level, double scale, const ckks_params *params) {
  int limbs[CKKS_MAX_Q];
  int n_limbs = ckks_params_limbs(params, level);
  for (int i = 0; i < n_limbs; i++)
    limbs[i] = i;
  BASE_TRY(check_finite(slots, n_slots));
  BASE_TRY(check_fits(slots, n_slots, level, scale, params));
  BASE_TRY(ckks_encode_limbs(&out->poly, limbs, n_limbs, slots, n_slots, scale, params));
  out->level = level;
  out->scale = scale;
  return CKKS_OK;
}

/* Real or complex values (the other pointer NULL), padded with zeros to n_slots. */
static ckks_status encode_padded(ckks_plaintext *out, const double *real,
                                 const ckks_complex *complex, size_t n, size_t n_slots, int level,
                                 double scale, const ckks_params *params) {
  ckks_complex *slots = base_alloc_array(n_slots, sizeof *slots);
  if (slots == NULL)
    return base_fail_memory(n_slots * sizeof *slots);
  for (size_t i = 0; i < n; i++)
    slots[i] = real != NULL ? (ckks_complex){real[i], 0} : complex[i];
  ckks_status status = encode_slots(out, slots, n_slots, level, scale, params);
  base_wipe(slots, n_slots * sizeof *slots);
  base_free(slots);
  return status;
}

ckks_status ckks_encode_real(ckks_plaintext *out, const double *values, size_t n, int level,
                             double scale, const ckks_params *params) {
  BASE_NOT_NULL(out);
  if (n > 0)
    BASE_NOT_NULL(values);
  BASE_NOT_NULL(params);
  BASE_TRY(check_target(out, level, &scale, params));
  BASE_TRY(check_count(n, params));
  return encode_padded(out, values, NULL, n, params->ring.n / 2, level, scale, params);
}

ckks_status ckks_encode_complex(ckks_plaintext *out, const ckks_complex *values, size_t n,
                                int level, double scale, const ckks_params *params) {
  BASE_NOT_NULL(out);
  if (n > 0)
    BASE_NOT_NULL(values);
  BASE_NOT_NULL(params);
  BASE_TRY(check_target(out, level, &scale, params));
  BASE_TRY(check_count(n, params));
  return encode_padded(out, NULL, values, n, params->ring.n / 2, level, scale, params);
}

ckks_status ckks_encode_repeat(ckks_plaintext *out, const double *values, size_t n, int level,
                               double scale, const ckks_params *params) {
  BASE_NOT_NULL(out);
  if (n > 0)
    BASE_NOT_NULL(values);
  BASE_NOT_NULL(params);
  BASE_TRY(check_target(out, level, &scale, params));
  BASE_TRY(check_count(n, params));
  if (n == 0 || (n & (n - 1)) != 0)
    return base_fail(CKKS_ERROR_ARGUMENT, "n = %zu: must be a power of two to be repeated", n);
  return encode_padded(out, values, NULL, n, n, level, scale, params);
}

ckks_status ckks_encode_constant(ckks_plaintext *out, double value, int level, double scale,
                                 const ckks_params *params) {
  BASE_NOT_NULL(out);
  BASE_NOT_NULL(params);
  uint64_t residues[CKKS_MAX_Q];
  BASE_TRY(check_target(out, level, &scale, params));
  int n_limbs = ckks_params_limbs(params, level);
  BASE_TRY(ckks_encode_scalar(residues, n_limbs, value, scale, params));
  /* A constant polynomial has the same value at every root. */
  for (int i = 0; i < n_limbs; i++) {
    ring_word *limb = ring_poly_limb(&out->poly, i), word;
    if (params->ring.kind == RING_F64)
      word.f = (double)ring_modulus_centre(residues[i], &params->ring.modulus[i]);
    else
      word.u = residues[i];
    for (size_t k = 0; k < params->ring.n; k++)
      limb[k] = word;
  }
  out->level = level;
  out->scale = scale;
  return CKKS_OK;
}

ckks_status ckks_encode_complex_constant(ckks_plaintext *out, ckks_complex value, int level,
                                         double scale, const ckks_params *params) {
  BASE_NOT_NULL(out);
  BASE_NOT_NULL(params);
  BASE_TRY(check_target(out, level, &scale, params));
  return encode_padded(out, NULL, &value, 1, 1, level, scale, params);
}
