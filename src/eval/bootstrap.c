/* SPDX-License-Identifier: Apache-2.0 */
#include "eval/bootstrap.h"

#include <math.h>
#include <string.h>

#include "base/alloc.h"
#include "base/frame.h"
#include "ckks/noise.h"
#include "eval/raise.h"
#include "eval/switch.h"

/* ------------------------------------------------------------------- build */

/*
 * SlotsToCoeffs, from canonical scale to canonical scale. What leaves it is a polynomial whose
 * coefficients are the values times S_0, the others 0.
 */
static ckks_status bootstrap_stc(ckks_bootstrapper *b, const ckks_params *params) {
  eval_fourier_shape shape = {.log2_slots = b->literal.log2_slots,
                              .n_stages = b->literal.n_stc,
                              .level = b->level_in,
                              .factor = 1,
                              .outline = b->outline};
  for (int i = 0; i < shape.n_stages; i++)
    shape.scale[i] = params->scale[b->level_in - i]; /* S_l^2 / q_l is S_(l-1) */
  return eval_fourier_build(&b->stc, &shape, params);
}

/*
 * CoeffsToSlots, to the real part (a half, before the conjugate is added) of the mean over the
 * automorphisms that leave the subring alone, at a scale as large as the sine's primes.
 */
static ckks_status bootstrap_cts(ckks_bootstrapper *b, const ckks_params *params) {
  int copies = params->literal.log2_n - 1 - b->literal.log2_slots;
  eval_fourier_shape shape = {.inverse = true,
                              .log2_slots = b->literal.log2_slots,
                              .n_stages = b->literal.n_cts,
                              .level = b->top,
                              .factor = ldexp(1, -1 - copies),
                              .outline = b->outline};
  for (int i = 0; i < shape.n_stages; i++)
    shape.scale[i] = ckks_params_modulus(params, b->top - i);
  shape.scale[shape.n_stages - 1] *= ckks_params_modulus(params, b->level_sine) / b->scale_raised;
  return eval_fourier_build(&b->cts, &shape, params);
}

/* Rotations that sum over the copies of sparse slots. */
static size_t bootstrap_trace_keys(const ckks_bootstrapper *b, ckks_key_spec *specs,
                                   const ckks_params *params) {
  size_t n = 0;
  for (int bit = b->literal.log2_slots; bit < params->literal.log2_n - 1; bit++)
    specs[n++] = (ckks_key_spec){.galois = ckks_galois_rotation(params, 1 << bit),
                                 .level = b->top,
                                 .n_special = params->literal.n_p};
  return n;
}

/* Conjugation comes before the last rescaling of CoeffsToSlots. */
static size_t bootstrap_own_keys(const ckks_bootstrapper *b, ckks_key_spec *specs,
                                 const ckks_params *params) {
  int n_p = params->literal.n_p;
  specs[0] = (ckks_key_spec){.galois = 0, .level = b->level_sine, .n_special = n_p};
  specs[1] = (ckks_key_spec){ckks_galois_conjugation(params), b->level_sine + 1, n_p};
  specs[2] = (ckks_key_spec){CKKS_KEY_TO_SPARSE, 0, 1};
  specs[3] = (ckks_key_spec){CKKS_KEY_FROM_SPARSE, b->top, 1};
  return 4 + bootstrap_trace_keys(b, specs + 4, params);
}

#define BOOTSTRAP_MAX_OWN_KEYS (4 + CKKS_MAX_LOG2_N)

static ckks_status bootstrap_keys(ckks_bootstrapper *b, const ckks_params *params) {
  size_t n_stc = eval_fourier_keys(&b->stc, NULL, 0, params);
  size_t n_cts = eval_fourier_keys(&b->cts, NULL, 0, params);
  size_t capacity = n_stc + n_cts + BOOTSTRAP_MAX_OWN_KEYS;
  b->key = base_alloc_array(capacity, sizeof *b->key);
  if (b->key == NULL)
    return base_fail_memory(capacity * sizeof *b->key);
  eval_fourier_keys(&b->stc, b->key, n_stc, params);
  eval_fourier_keys(&b->cts, b->key + n_stc, n_cts, params);
  size_t n = n_stc + n_cts + bootstrap_own_keys(b, b->key + n_stc + n_cts, params);
  b->n_keys = ckks_key_spec_merge(b->key, n);
  return CKKS_OK;
}

/* Intermediate ciphertexts by their limbs, over those of a whole chain: measured, 28 to 42. */
#define BOOTSTRAP_SPARES 37
#define BOOTSTRAP_REFINE_SPARES 5

static void bootstrap_sizes(ckks_bootstrapper *b, const ckks_params *params) {
  size_t n = params->ring.n, spares = BOOTSTRAP_SPARES, n_q = (size_t)params->n_limbs;
  b->key_bytes = BASE_FRAME_OVERHEAD_BYTES + 4;
  for (size_t i = 0; i < b->n_keys; i++) {
    const ckks_key_spec *spec = &b->key[i];
    size_t words = 2 * (size_t)ckks_key_spec_digits(spec) * n * sizeof(ring_word);
    b->key_bytes += ckks_key_spec_bytes(spec, params);
    b->key_memory_bytes +=
        (size_t)ckks_params_limbs_over(params, spec->level, spec->n_special) * words;
    b->key_memory_bytes += spec->galois % 2 * n * sizeof(uint32_t);
  }
  if (b->literal.n_refine > 0)
    spares += BOOTSTRAP_REFINE_SPARES;
  b->scratch_bytes =
      eval_scratch_bytes(params) + (spares + 1) * n_q * ring_poly_bytes(1, &params->ring);
}

/*
 * What the roundings inside the sine amount to beside that of its argument. Most of it is T_2's,
 * which T_16 multiplies by up to 64 and the doublings by up to 41, both depending on the integer
 * I; their mean square over I, worked out in docs/math.md, and measured.
 */
#define BOOTSTRAP_SINE_GAIN 3.7

/*
 * The deviation of a result. The argument of the sine is a value over q_0 / S_0, and K wide, so the
 * error of the rescaling that makes it counts K q_0 / S_0 times. Then the result's last rescaling
 * at its own scale, and those of SlotsToCoeffs at theirs.
 */
#define BOOTSTRAP_TAIL 16 /* deviations that no slot passes, nearly */

static void bootstrap_errors(ckks_bootstrapper *b, const ckks_params *params) {
  double rounding = ckks_noise_rescale(params), ratio = (double)b->chain->q[0] / params->scale[0];
  double argument = EVAL_SINE_K * ratio * rounding / ckks_params_modulus(params, b->level_sine);
  double result = rounding / b->scale_out, stc = 0;
  for (int l = 0; l < b->level_in; l++)
    stc = hypot(stc, rounding / params->scale[l]);
  double angle = 2 * 3.14159265358979323846 / ratio;
  argument *= BOOTSTRAP_SINE_GAIN;
  b->error = hypot(hypot(argument, result), stc);
  b->distortion = angle * angle / 6; /* x - sin(x) is x^3 / 6 and less */
  if (b->literal.n_refine == 0)
    return;
  /* Then the largest residue is half of what the second round takes. */
  b->refine_bits = -ilogb(BOOTSTRAP_TAIL * b->error + b->distortion) - 2;
  b->refined = hypot(hypot(ldexp(hypot(argument, stc), -b->refine_bits), result),
                     rounding / params->scale[b->level_in]);
}

static ckks_status bootstrap_make(ckks_bootstrapper **out, const ckks_bootstrap_literal *literal,
                                  bool outline, const ckks_params *params) {
  ckks_bootstrapper *b = base_alloc(sizeof *b);
  if (b == NULL)
    return base_fail_memory(sizeof *b);
  ckks_status status;
  b->literal = *literal;
  b->outline = outline;
  b->chain = &params->literal;
  b->level_in = literal->n_stc;
  b->level_out = literal->n_levels;
  b->level_sine = literal->n_levels + EVAL_SINE_LEVELS;
  b->top = ckks_bootstrap_top(literal);
  b->scale_out = params->scale[b->level_out];
  b->scale_raised = EVAL_SINE_K * ckks_params_modulus(params, 0);
  /* sin(2 pi v S_0 / q_0) is v times this ratio, nearly. */
  b->scale_modulus = b->scale_out * ckks_params_modulus(params, 0) /
                     (2 * 3.14159265358979323846 * params->scale[0]);
  memcpy(b->params_hash, params->hash, CKKS_HASH_BYTES);
  eval_sine_build(&b->sine);
  bootstrap_errors(b, params);
  BASE_GOTO(status, bootstrap_stc(b, params), fail);
  BASE_GOTO(status, bootstrap_cts(b, params), fail);
  BASE_GOTO(status, bootstrap_keys(b, params), fail);
  bootstrap_sizes(b, params);
  *out = b;
  return CKKS_OK;
fail:
  ckks_bootstrapper_free(b);
  return status;
}

ckks_status eval_bootstrap_build(ckks_bootstrapper **out, const ckks_bootstrap_literal *literal,
                                 const ckks_params *params) {
  return bootstrap_make(out, literal, false, params);
}

ckks_status eval_bootstrap_outline(ckks_bootstrapper **out, const ckks_bootstrap_literal *literal,
                                   const ckks_params *params) {
  return bootstrap_make(out, literal, true, params);
}

void ckks_bootstrapper_free(ckks_bootstrapper *bootstrapper) {
  if (bootstrapper == NULL)
    return;
  eval_fourier_clear(&bootstrapper->stc);
  eval_fourier_clear(&bootstrapper->cts);
  base_free(bootstrapper->key);
  base_free(bootstrapper);
}

/* ------------------------------------------------------------------- apply */

/* The sum over the copies: what is not in the subring of the slots goes, the rest is multiplied. */
static ckks_status bootstrap_trace(ckks_ciphertext *a, const ckks_bootstrapper *b,
                                   ckks_evaluator *ev) {
  for (int bit = b->literal.log2_slots; bit < ev->params->literal.log2_n - 1; bit++) {
    uint32_t galois = ckks_galois_rotation(ev->params, 1 << bit);
    BASE_TRY(eval_automorphism_add(a, a, galois, a, ev));
  }
  return CKKS_OK;
}

/* a becomes its real part's double, one level down: where the half went, see bootstrap_cts. */
static ckks_status bootstrap_real(ckks_ciphertext *a, ckks_evaluator *ev) {
  BASE_TRY(eval_automorphism_add(a, a, ckks_galois_conjugation(ev->params), a, ev));
  eval_rescale(a, a, ev);
  return CKKS_OK;
}

/* Coefficients below K q_0 to slots that hold them over K q_0, ready for the sine. */
static ckks_status bootstrap_slots(ckks_ciphertext *a, const ckks_bootstrapper *b,
                                   ckks_evaluator *ev) {
  a->scale = b->scale_raised;
  BASE_TRY(bootstrap_trace(a, b, ev));
  BASE_TRY(eval_fourier_apply(a, a, &b->cts, false, ev));
  return bootstrap_real(a, ev);
}

/* One round; the values come out divided by 2^shrink, which costs nothing but scale. */
static ckks_status bootstrap_round(ckks_ciphertext *out, const ckks_ciphertext *a, int shrink,
                                   const ckks_bootstrapper *b, ckks_evaluator *ev) {
  int n_spares_used = ev->n_spares_used;
  ckks_ciphertext *raised;
  BASE_TRY(eval_spare_take(&raised, b->top, 2, ev));
  BASE_TRY(eval_fourier_apply(raised, a, &b->stc, true, ev));
  BASE_TRY(eval_raise(raised, raised, b->top, ev));
  BASE_TRY(bootstrap_slots(raised, b, ev));
  BASE_TRY(eval_sine_apply(out, raised, &b->sine, ldexp(b->scale_modulus, -shrink), ev));
  out->scale = b->scale_out;
  ev->n_spares_used = n_spares_used;
  return CKKS_OK;
}

/*
 * What the first round is off by is a value like any other, only small: enlarged, bootstrapped and
 * added (Bae, Cheon, Cho, Kim, Kim, CCS 2022, eprint 2022/1167). out is the first result.
 */
static ckks_status bootstrap_refine(ckks_ciphertext *out, const ckks_ciphertext *a,
                                    const ckks_bootstrapper *b, ckks_evaluator *ev) {
  ckks_ciphertext *residue, *second;
  BASE_TRY(eval_spare_take(&residue, b->level_in, 2, ev));
  BASE_TRY(eval_spare_take(&second, b->level_out, 2, ev));
  BASE_TRY(eval_adjust(residue, out, b->level_in, ev->params->scale[b->level_in], ev));
  eval_sub(residue, a, residue, ev);
  BASE_TRY(eval_mul_scalar(residue, residue, ldexp(1, b->refine_bits), 1, ev));
  BASE_TRY(bootstrap_round(second, residue, b->refine_bits, b, ev));
  eval_add(out, out, second, ev);
  return CKKS_OK;
}

static ckks_status bootstrap_run(ckks_ciphertext *out, const ckks_ciphertext *a,
                                 const ckks_bootstrapper *b, ckks_evaluator *ev) {
  ckks_ciphertext *first;
  if (b->refine_bits == 0)
    return bootstrap_round(out, a, 0, b, ev);
  BASE_TRY(eval_spare_take(&first, b->level_out, 2, ev)); /* out may be a, which is read again */
  /* Halves and their conjugates: the second round takes nothing off an imaginary part. */
  BASE_TRY(bootstrap_round(first, a, 1, b, ev));
  BASE_TRY(eval_automorphism_add(first, first, ckks_galois_conjugation(ev->params), first, ev));
  BASE_TRY(bootstrap_refine(first, a, b, ev));
  eval_copy(out, first, ev);
  return CKKS_OK;
}

ckks_status eval_bootstrap_apply(ckks_ciphertext *out, const ckks_ciphertext *a,
                                 const ckks_bootstrapper *b, ckks_evaluator *ev) {
  int n_spares_used = ev->n_spares_used;
  BASE_ASSERT(a->level == b->level_in && a->n_parts == 2 && !b->outline);
  ckks_status status = bootstrap_run(out, a, b, ev);
  ev->n_spares_used = n_spares_used;
  return status;
}
