/* SPDX-License-Identifier: Apache-2.0 */
/**
 * The canonical embedding. Slot j of a real polynomial a is a(zeta^(5^j)),
 * zeta = exp(i pi / N), j = 0..N/2-1; the other roots give the conjugates.
 */
#ifndef CKKS_ENCODE_H
#define CKKS_ENCODE_H
#include "ckks/objects.h"

ckks_status ckks_encoder_build(ckks_encoder **out, int log2_n);
void ckks_encoder_free(ckks_encoder *encoder);
/**
 * Slots to coefficients and back, in place on `n_slots` values (a power of two, 1..N/2): the
 * embedding of the subring in X^(N/(2 n_slots)). Inverse: values[j] -> complex c[k] whose real
 * parts are the coefficients k and whose imaginary parts the coefficients k + n_slots.
 */
void ckks_encoder_inverse(ckks_complex *values, size_t n_slots, const ckks_encoder *encoder);
void ckks_encoder_forward(ckks_complex *values, size_t n_slots, const ckks_encoder *encoder);
/** exp(2 pi i 5^j / 8h), j < h, h a power of two below N/2: the twiddles of the layer of 2h slots.
 */
ckks_complex ckks_encoder_root(const ckks_encoder *encoder, size_t h, size_t j);
/**
 * Slots repeated with period n_slots, times scale, rounded to integers, into
 * limbs listed in `limbs` (ring indices) of `poly`, NTT form. Scratch on the heap.
 * CKKS_ERROR_RANGE when a coefficient reaches 2^62 or half the product of the limbs.
 */
ckks_status ckks_encode_limbs(ring_poly *poly, const int *limbs, int n_limbs,
                              const ckks_complex *values, size_t n_slots, double scale,
                              const ckks_params *params);
/** Slots of magnitudes below this can be encoded at a level and scale, whatever the others are. */
double ckks_encode_limit(int level, double scale, const ckks_params *params);
/** The same of ckks_encode_scalar. */
double ckks_encode_limit_scalar(int level, double scale, const ckks_params *params);
/** The N integer coefficients of the same. CKKS_ERROR_RANGE when one reaches 2^62. */
ckks_status ckks_encode_integers(int64_t *coefficients, const ckks_complex *values, size_t n_slots,
                                 double scale, const ckks_params *params);
/** N integer coefficients |c| < 2^62 -> NTT form, loose, modulo one ring limb. Constant-time. */
void ckks_encode_int64(ring_word *out, const int64_t *coefficients, int limb,
                       const ckks_params *params);
/** The residues of round(value*scale) for ring limbs 0..n_limbs-1: constants need no transform. */
ckks_status ckks_encode_scalar(uint64_t *residues, int n_limbs, double value, double scale,
                               const ckks_params *params);
#endif
