/* SPDX-License-Identifier: Apache-2.0 */
/* Plaintexts to numbers: residues to exact integers, scaling, embedding. */
#include "base/alloc.h"
#include "base/wipe.h"
#include "ckks/encode.h"
#include <math.h>

/*
 * Centred mixed radix (Garner 1959): x = d_0 + q_0 (d_1 + q_1 (d_2 + ...)) with
 * |d_k| <= (q_k - 1)/2. For odd moduli these digits reach every integer of
 * [-(Q-1)/2, (Q-1)/2] exactly once, so no comparison with Q/2 is needed.
 */
typedef struct garner {
  int n_limbs;
  const ring_modulus *modulus;
  /* inverse[k][j] = 1/q_j modulo q_k, j < k */
  uint64_t (*inverse)[CKKS_MAX_Q];
  bool short_sums; /* one or two limbs whose product is below 2^62: 64 bits hold every integer */
} garner;

/* All inverses once, not once a coefficient. */
static ckks_status garner_init(garner *g, int n_limbs, const ckks_params *params) {
  g->n_limbs = n_limbs;
  g->modulus = params->ring.modulus;
  g->short_sums = n_limbs == 1 || (n_limbs == 2 && g->modulus[0].bits + g->modulus[1].bits <= 62);
  g->inverse = base_alloc_array((size_t)n_limbs, sizeof *g->inverse);
  if (g->inverse == NULL)
    return base_fail_memory((size_t)n_limbs * sizeof *g->inverse);
  for (int k = 1; k < n_limbs; k++) {
    for (int j = 0; j < k; j++)
      g->inverse[k][j] = ring_modulus_inverse(g->modulus[j].p % g->modulus[k].p, &g->modulus[k]);
  }
  return CKKS_OK;
}

/* Digit k from the residue and the digits below it. */
static int64_t garner_digit(const int64_t *digits, int k, uint64_t residue, const garner *g) {
  const ring_modulus *m = &g->modulus[k];
  uint64_t x = residue;
  for (int j = 0; j < k; j++) {
    uint64_t digit = ring_modulus_reduce(digits[j], m);
    x = ring_modulus_mul(x >= digit ? x - digit : x + m->p - digit, g->inverse[k][j], m);
  }
  return ring_modulus_centre(x, m);
}

/* Whether x has the given residues modulo the limbs from `first` on. */
static bool agrees(__int128 x, const uint64_t *residues, int first, const garner *g) {
  for (int k = first; k < g->n_limbs; k++) {
    if (ring_modulus_reduce(x, &g->modulus[k]) != residues[k])
      return false;
  }
  return true;
}

/*
 * The integer with these residues, divided by the scale. The digits are exact,
 * whatever the size; integers of two digits, as results nearly always are, are
 * formed in 128 bits, and longer ones are summed from the top in long doubles:
 * |top digit| >= 1 outweighs everything below it, so nothing cancels and the
 * relative error is that of the type (2^-60 or so), not that of the sum.
 */
static double garner_value(const uint64_t *residues, double scale, const garner *g) {
  int64_t digits[CKKS_MAX_Q];
  digits[0] = garner_digit(digits, 0, residues[0], g);
  if (g->short_sums) { /* as below, without functions for 128 bits: results come back like this */
    int64_t sum = digits[0];
    if (g->n_limbs > 1)
      sum += garner_digit(digits, 1, residues[1], g) * (int64_t)g->modulus[0].p;
    return (double)((long double)sum / (long double)scale);
  }
  __int128 low = digits[0];
  if (g->n_limbs > 1) {
    digits[1] = garner_digit(digits, 1, residues[1], g);
    low += (__int128)digits[1] * (__int128)g->modulus[0].p;
  }
  if (agrees(low, residues, 2, g))
    return (double)((long double)low / (long double)scale);
  for (int k = 2; k < g->n_limbs; k++)
    digits[k] = garner_digit(digits, k, residues[k], g);
  long double total = 0;
  for (int k = g->n_limbs - 1; k >= 0; k--)
    total = total * (long double)g->modulus[k].p + (long double)digits[k];
  return (double)(total / (long double)scale);
}

/* All coefficients, divided by the scale, into slots order: (k, k + N/2) makes number k. */
static void compose(ckks_complex *out, const uint64_t *residues, double scale, const garner *g,
                    size_t n) {
  uint64_t column[CKKS_MAX_Q];
  for (size_t i = 0; i < n; i++) {
    for (int limb = 0; limb < g->n_limbs; limb++)
      column[limb] = residues[(size_t)limb * n + i];
    double value = garner_value(column, scale, g);
    if (i < n / 2)
      out[i].re = value;
    else
      out[i - n / 2].im = value;
  }
}

/* Limb by limb out of NTT form into integers of [0, q). */
static void to_residues(uint64_t *residues, ring_word *work, const ckks_plaintext *plaintext,
                        const ckks_params *params) {
  const ring_ring *ring = &params->ring;
  for (int limb = 0; limb < ckks_params_limbs(params, plaintext->level); limb++) {
    ring->kernel->ntt_inverse(work, ring_poly_limb(&plaintext->poly, limb), ring->ntt[limb]);
    ring->kernel->to_uint64(residues + (size_t)limb * ring->n, work, ring->n, &ring->modulus[limb]);
  }
}

/*
 * One limb of words that are doubles: those are the centred integers, of fewer than 53 bits, and
 * the quotient is rounded once. Results come back like this when the base is one prime.
 */
static ckks_status compose_single(ckks_complex *out, const ckks_plaintext *plaintext,
                                  const ckks_params *params) {
  const ring_ring *ring = &params->ring;
  size_t n = ring->n;
  ring_word *work = base_alloc_unset(n, sizeof *work);
  if (work == NULL)
    return base_fail_memory(n * sizeof *work);
  ring->kernel->ntt_inverse(work, ring_poly_limb(&plaintext->poly, 0), ring->ntt[0]);
  for (size_t i = 0; i < n / 2; i++)
    out[i] = (ckks_complex){work[i].f / plaintext->scale, work[i + n / 2].f / plaintext->scale};
  base_wipe(work, n * sizeof *work);
  base_free(work);
  return CKKS_OK;
}

/* The same by way of residues, on scratch that is wiped: decrypted values pass through here. */
static ckks_status compose_all(ckks_complex *slots, const ckks_plaintext *plaintext,
                               const ckks_params *params) {
  size_t n = params->ring.n, n_limbs = (size_t)ckks_params_limbs(params, plaintext->level);
  size_t n_words = (n_limbs + 1) * n;
  garner g;
  BASE_TRY(garner_init(&g, (int)n_limbs, params));
  uint64_t *residues = base_alloc_array(n_words, sizeof *residues);
  if (residues == NULL) {
    base_free(g.inverse);
    return base_fail_memory(n_words * sizeof *residues);
  }
  to_residues(residues, (ring_word *)(residues + n_limbs * n), plaintext, params);
  compose(slots, residues, plaintext->scale, &g, n);
  base_wipe(residues, n_words * sizeof *residues);
  base_free(residues);
  base_free(g.inverse);
  return CKKS_OK;
}

static ckks_status decode_slots(ckks_complex *slots, const ckks_plaintext *plaintext,
                                const ckks_params *params) {
  bool single =
      ckks_params_limbs(params, plaintext->level) == 1 && params->ring.kernel->kind == RING_F64;
  BASE_TRY(single ? compose_single(slots, plaintext, params)
                  : compose_all(slots, plaintext, params));
  ckks_encoder_forward(slots, params->ring.n / 2, params->encoder);
  /* Every slot sums all coefficients: one that no double holds shows in each of them. */
  if (!isfinite(slots[0].re) || !isfinite(slots[0].im))
    return base_fail(CKKS_ERROR_RANGE, "plaintext: values at level %d are too large for a double",
                     plaintext->level);
  return CKKS_OK;
}

static ckks_status check_source(size_t n, const ckks_plaintext *plaintext,
                                const ckks_params *params) {
  BASE_TRY(ckks_params_check_rounding());
  BASE_TRY(ckks_params_check(params, plaintext->params_hash, "plaintext"));
  if (n > params->ring.n / 2)
    return base_fail(CKKS_ERROR_ARGUMENT, "n = %zu: there are %zu slots", n, params->ring.n / 2);
  return CKKS_OK;
}

/* Real parts or complex values, the other pointer NULL. */
static ckks_status decode(double *real, ckks_complex *complex, size_t n,
                          const ckks_plaintext *plaintext, const ckks_params *params) {
  size_t n_slots = params->ring.n / 2;
  BASE_TRY(check_source(n, plaintext, params));
  ckks_complex *slots = base_alloc_array(n_slots, sizeof *slots);
  if (slots == NULL)
    return base_fail_memory(n_slots * sizeof *slots);
  ckks_status status = decode_slots(slots, plaintext, params);
  /* Only now is the caller's array written to: on failure it is as it was. */
  for (size_t i = 0; i < n && status == CKKS_OK; i++) {
    if (real != NULL)
      real[i] = slots[i].re;
    else
      complex[i] = slots[i];
  }
  base_wipe(slots, n_slots * sizeof *slots);
  base_free(slots);
  return status;
}

ckks_status ckks_decode_real(double *values, size_t n, const ckks_plaintext *plaintext,
                             const ckks_params *params) {
  if (n > 0)
    BASE_NOT_NULL(values);
  BASE_NOT_NULL(plaintext);
  BASE_NOT_NULL(params);
  return decode(values, NULL, n, plaintext, params);
}

ckks_status ckks_decode_complex(ckks_complex *values, size_t n, const ckks_plaintext *plaintext,
                                const ckks_params *params) {
  if (n > 0)
    BASE_NOT_NULL(values);
  BASE_NOT_NULL(plaintext);
  BASE_NOT_NULL(params);
  return decode(NULL, values, n, plaintext, params);
}
