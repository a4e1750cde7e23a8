/* SPDX-License-Identifier: Apache-2.0 */
#include "ckks/fixture.h"
#include "heap.h"
#include <fenv.h>
#include <gmp.h>

/* ------------------------------------------- the transform, by definition */

/* z_j = sum over 2n real coefficients a_k of a_k xi^(5^j k), xi = exp(2 pi i/4n), in long doubles.
 */
static void embed(ckks_complex *slots, const ckks_complex *packed, size_t n) {
  const long double pi = 3.141592653589793238462643383279502884L;
  size_t power = 1;
  for (size_t j = 0; j < n; j++, power = 5 * power % (4 * n)) {
    long double re = 0, im = 0;
    for (size_t k = 0; k < 2 * n; k++) {
      long double a = k < n ? (long double)packed[k].re : (long double)packed[k - n].im;
      long double angle = 2 * pi * (long double)(power * k % (4 * n)) / (long double)(4 * n);
      re += a * cosl(angle);
      im += a * sinl(angle);
    }
    slots[j] = (ckks_complex){(double)re, (double)im};
  }
}

static double largest_difference(const ckks_complex *a, const ckks_complex *b, size_t n) {
  double largest = 0;
  for (size_t i = 0; i < n; i++)
    largest = fmax(largest, hypot(a[i].re - b[i].re, a[i].im - b[i].im));
  return largest;
}

static void forward_is_the_embedding(void **unused) {
  (void)unused;
  ckks_encoder *encoder;
  uint64_t random = 1;
  assert_int_equal(ckks_encoder_build(&encoder, 10), CKKS_OK);
  for (size_t n = 1; n <= 512; n *= 2) {
    ckks_complex values[512], expected[512];
    random_slots(values, n, 1, &random);
    embed(expected, values, n);
    ckks_encoder_forward(values, n, encoder);
    /* Slots are sums of 2n terms: their size is about sqrt(2n/3). */
    assert_true(largest_difference(values, expected, n) < 2e-15 * sqrt((double)n));
  }
  ckks_encoder_free(encoder);
}

static void inverse_undoes_forward(void **unused) {
  (void)unused;
  enum { LOG2_N = 14, SLOTS = 1 << (LOG2_N - 1) };
  ckks_encoder *encoder;
  uint64_t random = 2;
  assert_int_equal(ckks_encoder_build(&encoder, LOG2_N), CKKS_OK);
  ckks_complex *values = base_alloc(2 * SLOTS * sizeof *values), *before = values + SLOTS;
  for (size_t n = 1; n <= SLOTS; n *= 4) {
    random_slots(values, n, 1, &random);
    memcpy(before, values, n * sizeof *values);
    ckks_encoder_inverse(values, n, encoder);
    ckks_encoder_forward(values, n, encoder);
    assert_true(largest_difference(values, before, n) < 3e-15);
  }
  base_free(values);
  ckks_encoder_free(encoder);
}

/* One slot alone has coefficients conj(xi^(5^j k))/n: known to the last bits. */
static void inverse_of_one_slot(void **unused) {
  (void)unused;
  ckks_encoder *encoder;
  ckks_complex values[512] = {{0, 0}};
  assert_int_equal(ckks_encoder_build(&encoder, 10), CKKS_OK);
  values[1].re = 512;
  ckks_encoder_inverse(values, 512, encoder);
  for (size_t k = 0; k < 512; k++) {
    double angle = 2 * acos(-1) * (double)(5 * k % 2048) / 2048;
    assert_true(fabs(values[k].re - cos(angle)) < 2e-15);
    assert_true(fabs(values[k].im + sin(angle)) < 2e-15);
  }
  ckks_encoder_free(encoder);
}

/* ------------------------------------------------------- round trips */

static void round_trip(const ckks_params *params, const ckks_complex *slots, size_t n, int level,
                       double scale, double bound) {
  ckks_plaintext *plaintext;
  ckks_complex decoded[512];
  assert_int_equal(ckks_plaintext_build(&plaintext, params), CKKS_OK);
  assert_int_equal(ckks_encode_complex(plaintext, slots, n, level, scale, params), CKKS_OK);
  assert_int_equal(ckks_plaintext_level(plaintext), level);
  double used = scale == 0 ? ckks_params_scale(params, level) : scale;
  assert_true(ckks_plaintext_scale(plaintext) == used);
  assert_int_equal(ckks_decode_complex(decoded, 512, plaintext, params), CKKS_OK);
  assert_true(largest_difference(decoded, slots, n) < bound);
  for (size_t i = n; i < 512; i++) /* the rest is zero up to rounding */
    assert_true(hypot(decoded[i].re, decoded[i].im) < bound);
  ckks_plaintext_free(plaintext);
}

static void decode_gives_back(void **unused) {
  (void)unused;
  ckks_params_literal literals[] = {literal_f64(), literal_u64()};
  uint64_t random = 3;
  for (int i = 0; i < 2; i++) {
    ckks_params *params = build_params(literals[i]);
    double rounding = 8 * sqrt(1024 / 24.0); /* eight deviations of a slot, ckks_noise_encode */
    for (int level = 0; level < literals[i].n_q; level++) {
      ckks_complex slots[512];
      random_slots(slots, 512, 100, &random);
      double scale = ckks_params_scale(params, level);
      double bound = rounding / scale + 100 * 4e-15;
      round_trip(params, slots, 512, level, 0, bound);
      round_trip(params, slots, 100, level, 0, bound);
      round_trip(params, slots, 0, level, 0, bound);
      round_trip(params, slots, 512, level, scale / 8, 8 * bound);
    }
    ckks_params_free(params);
  }
}

/* With a scale that leaves rounding far below, only the transform's own error is left. */
static void encoding_is_accurate(void **unused) {
  (void)unused;
  ckks_params *params = build_params(literal_f64());
  ckks_complex slots[512];
  uint64_t random = 4;
  random_slots(slots, 512, 1, &random);
  round_trip(params, slots, 512, 4, 0x1p60, 2.5e-15);
  ckks_params_free(params);
}

static void repeat_fills_all_slots(void **unused) {
  (void)unused;
  ckks_params *params = build_params(literal_f64());
  uint64_t random = 5;
  ckks_plaintext *sparse, *full;
  double values[512], all[512], decoded[512];
  assert_int_equal(ckks_plaintext_build(&sparse, params), CKKS_OK);
  assert_int_equal(ckks_plaintext_build(&full, params), CKKS_OK);
  for (size_t n = 1; n <= 512; n *= 2) {
    for (size_t i = 0; i < n; i++)
      values[i] = random_unit(&random);
    for (size_t i = 0; i < 512; i++)
      all[i] = values[i % n];
    assert_int_equal(ckks_encode_repeat(sparse, values, n, 2, 0, params), CKKS_OK);
    assert_int_equal(ckks_decode_real(decoded, 512, sparse, params), CKKS_OK);
    for (size_t i = 0; i < 512; i++)
      assert_true(fabs(decoded[i] - all[i]) < 1e-9);
    /* The subring's polynomial is the very polynomial of the repeated vector. */
    assert_int_equal(ckks_encode_real(full, all, 512, 2, 0, params), CKKS_OK);
    for (int limb = 0; limb <= 2; limb++) {
      ring_word *a = ring_poly_limb(&sparse->poly, limb), *b = ring_poly_limb(&full->poly, limb);
      params->ring.kernel->ntt_inverse(a, a, params->ring.ntt[limb]);
      params->ring.kernel->ntt_inverse(b, b, params->ring.ntt[limb]);
      for (size_t k = 0; k < 1024; k++) {
        int64_t off = word_value(a[k], limb, params) - word_value(b[k], limb, params);
        assert_true(off >= -1 && off <= 1); /* a tie may round either way */
        if (k % (512 / n) != 0)
          assert_int_equal(word_value(a[k], limb, params), 0);
      }
    }
  }
  ckks_plaintext_free(sparse);
  ckks_plaintext_free(full);
  ckks_params_free(params);
}

/* Over q_0, q_1, p_0, p_1 (what a product before the division by P needs): one set of integers. */
static void any_limbs_hold_the_same_integers(void **unused) {
  (void)unused;
  ckks_params *params = build_params(literal_f64());
  ring_poly poly;
  ckks_complex slots[512];
  uint64_t random = 6;
  int limbs[] = {0, 1, 5, 6}, bad = 5;
  random_slots(slots, 512, 100, &random);
  assert_int_equal(ring_poly_init(&poly, 4, &params->ring), CKKS_OK);
  assert_int_equal(ckks_encode_limbs(&poly, limbs, 4, slots, 512, 0x1p30, params), CKKS_OK);
  ckks_complex coefficients[512];
  memcpy(coefficients, slots, sizeof slots);
  ckks_encoder_inverse(coefficients, 512, params->encoder);
  for (int i = 0; i < 4; i++) {
    ring_word *words = ring_poly_limb(&poly, i);
    params->ring.kernel->ntt_inverse(words, words, params->ring.ntt[limbs[i]]);
    for (int k = 0; k < 512; k++) {
      assert_int_equal(word_value(words[k], limbs[i], params), llrint(coefficients[k].re * 0x1p30));
      assert_int_equal(word_value(words[k + 512], limbs[i], params),
                       llrint(coefficients[k].im * 0x1p30));
    }
  }
  /* The bound is that of the limbs given, here 45 bits. */
  slots[9].re = 0x1p30;
  assert_fails(ckks_encode_limbs(&poly, &bad, 1, slots, 512, 0x1p30, params), CKKS_ERROR_RANGE,
               "value 9 ");
  ring_poly_clear(&poly);
  ckks_params_free(params);
}

static void constants_are_polynomials_of_degree_zero(void **unused) {
  (void)unused;
  ckks_params_literal literals[] = {literal_f64(), literal_u64()};
  for (int i = 0; i < 2; i++) {
    ckks_params *params = build_params(literals[i]);
    ckks_plaintext *plaintext;
    assert_int_equal(ckks_plaintext_build(&plaintext, params), CKKS_OK);
    for (double value = -2.5; value < 3; value += 1.3) {
      assert_int_equal(ckks_encode_constant(plaintext, value, 1, 0x1p30, params), CKKS_OK);
      for (int limb = 0; limb <= 1; limb++) {
        ring_word *words = ring_poly_limb(&plaintext->poly, limb);
        params->ring.kernel->ntt_inverse(words, words, params->ring.ntt[limb]);
        assert_int_equal(word_value(words[0], limb, params), llrint(value * 0x1p30));
        for (size_t k = 1; k < 1024; k++)
          assert_int_equal(word_value(words[k], limb, params), 0);
      }
    }
    ckks_plaintext_free(plaintext);
    ckks_params_free(params);
  }
}

static void scalars_reach_120_bits(void **unused) {
  (void)unused;
  ckks_params *params = build_params(literal_f64());
  uint64_t residues[5];
  mpz_t integer;
  mpz_init(integer);
  double values[] = {1, -1, 0.3, -12345.678, 0x1.23456789p30};
  for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
    double scale = 0x1p85;
    assert_int_equal(ckks_encode_scalar(residues, 5, values[i], scale, params), CKKS_OK);
    mpz_set_d(integer, values[i] * scale);
    for (int limb = 0; limb < 5; limb++)
      assert_int_equal(residues[limb], mpz_fdiv_ui(integer, params->literal.q[limb]));
  }
  assert_fails(ckks_encode_scalar(residues, 5, 1, 0x1p120, params), CKKS_ERROR_RANGE, "2^120");
  assert_fails(ckks_encode_scalar(residues, 1, 1, 0x1p44, params), CKKS_ERROR_RANGE, "2^44");
  assert_int_equal(ckks_encode_scalar(residues, 1, 1, 0x1p43, params), CKKS_OK);
  mpz_clear(integer);
  ckks_params_free(params);
}

/* ------------------------------------------------- exact reconstruction */

/* Limbs of a constant polynomial whose constant is any integer, by GMP. */
static void set_constant(ckks_plaintext *plaintext, const mpz_t integer, int level,
                         const ckks_params *params) {
  plaintext->level = level;
  for (int limb = 0; limb <= level; limb++) {
    _Alignas(64) uint64_t residues[1024];
    for (size_t i = 0; i < 1024; i++)
      residues[i] = mpz_fdiv_ui(integer, params->literal.q[limb]);
    params->ring.kernel->from_uint64(ring_poly_limb(&plaintext->poly, limb), residues, 1024,
                                     &params->ring.modulus[limb]);
  }
}

static void check_exact(ckks_plaintext *plaintext, const mpz_t integer, int level,
                        const ckks_params *params) {
  double decoded;
  mpf_t quotient, wanted;
  set_constant(plaintext, integer, level, params);
  assert_int_equal(ckks_decode_real(&decoded, 1, plaintext, params), CKKS_OK);
  mpf_init2(quotient, 600);
  mpf_init2(wanted, 600);
  mpf_set_z(wanted, integer);
  mpf_div_2exp(wanted, wanted, 30);
  mpf_set_d(quotient, decoded);
  mpf_sub(quotient, quotient, wanted); /* the error, to be at most half an ulp and a hair */
  mpf_abs(quotient, quotient);
  mpf_abs(wanted, wanted);
  assert_true(mpf_get_d(quotient) <= 0x1.01p-53 * mpf_get_d(wanted));
  mpf_clear(quotient);
  mpf_clear(wanted);
}

/* Every size of integer up to both ends (Q-1)/2, at every level. */
static void decoding_is_exact(void **unused) {
  (void)unused;
  ckks_params_literal literals[] = {literal_f64(), literal_u64()};
  gmp_randstate_t random;
  gmp_randinit_mt(random);
  mpz_t product, integer;
  mpz_inits(product, integer, NULL);
  for (int i = 0; i < 2; i++) {
    ckks_params *params = build_params(literals[i]);
    ckks_plaintext *plaintext;
    assert_int_equal(ckks_plaintext_build(&plaintext, params), CKKS_OK);
    plaintext->scale = 0x1p30;
    mpz_set_ui(product, 1);
    for (int level = 0; level < literals[i].n_q; level++) {
      mpz_mul_ui(product, product, params->literal.q[level]);
      for (int sign = -1; sign <= 1; sign += 2) {
        mpz_sub_ui(integer, product, 1);
        mpz_fdiv_q_2exp(integer, integer, 1);
        mpz_mul_si(integer, integer, sign);
        check_exact(plaintext, integer, level, params);
        for (mp_bitcnt_t bits = 1; bits < mpz_sizeinbase(product, 2); bits += 7) {
          mpz_urandomb(integer, random, bits);
          mpz_mul_si(integer, integer, sign);
          check_exact(plaintext, integer, level, params);
        }
      }
    }
    ckks_plaintext_free(plaintext);
    ckks_params_free(params);
  }
  mpz_clears(product, integer, NULL);
  gmp_randclear(random);
}

/* Above 2^1024 the answer is a refusal, not an infinity. */
static void decoding_refuses_infinities(void **unused) {
  (void)unused;
  ckks_params_literal literal = literal_f64();
  literal.n_q = 24;
  for (int i = 1; i < 24; i++)
    literal.q_bits[i] = 48;
  literal.log2_scale = 48;
  ckks_params *params = build_params(literal);
  ckks_plaintext *plaintext;
  mpz_t integer;
  double value;
  assert_int_equal(ckks_plaintext_build(&plaintext, params), CKKS_OK);
  mpz_init_set_ui(integer, 1);
  mpz_mul_2exp(integer, integer, 1090);
  set_constant(plaintext, integer, 23, params);
  assert_fails(ckks_decode_real(&value, 1, plaintext, params), CKKS_ERROR_RANGE, "level 23");
  mpz_clear(integer);
  ckks_plaintext_free(plaintext);
  ckks_params_free(params);
}

/* --------------------------------------------------------------- refusals */

static void refusals_name_the_culprit(void **unused) {
  (void)unused;
  ckks_params *params = build_params(literal_f64()), *others = build_params(literal_u64());
  ckks_plaintext *plaintext, *low;
  double values[513] = {0};
  assert_int_equal(ckks_plaintext_build(&plaintext, params), CKKS_OK);
  assert_int_equal(ckks_plaintext_build_at(&low, params, 1), CKKS_OK);
  values[7] = (double)NAN;
  assert_fails(ckks_encode_real(plaintext, values, 512, 0, 0, params), CKKS_ERROR_RANGE,
               "value 7 is not a finite");
  values[7] = -(double)INFINITY;
  assert_fails(ckks_encode_real(plaintext, values, 512, 0, 0, params), CKKS_ERROR_RANGE, "value 7");
  values[7] = 0;
  values[3] = 0x1p60;
  assert_fails(ckks_encode_real(plaintext, values, 512, 4, 0, params), CKKS_ERROR_RANGE, "value 3");
  assert_fails(ckks_encode_constant(plaintext, 0x1p10, 0, 0, params), CKKS_ERROR_RANGE, "value 0");
  assert_fails(ckks_encode_real(plaintext, values, 513, 0, 0, params), CKKS_ERROR_ARGUMENT,
               "n = 513: there are 512 slots");
  assert_fails(ckks_encode_repeat(plaintext, values, 3, 0, 0, params), CKKS_ERROR_ARGUMENT,
               "n = 3: must be a power of two");
  assert_fails(ckks_encode_repeat(plaintext, values, 0, 0, 0, params), CKKS_ERROR_ARGUMENT,
               "n = 0");
  assert_fails(ckks_encode_real(plaintext, values, 3, 5, 0, params), CKKS_ERROR_LEVEL,
               "level = 5: must be 0 to 4");
  assert_fails(ckks_encode_real(plaintext, values, 3, -1, 0, params), CKKS_ERROR_LEVEL,
               "level = -1");
  assert_fails(ckks_encode_real(low, values, 3, 2, 0, params), CKKS_ERROR_LEVEL,
               "room up to level 1, 2 is needed");
  assert_fails(ckks_encode_real(plaintext, values, 3, 0, -1, params), CKKS_ERROR_ARGUMENT,
               "scale = -1");
  assert_fails(ckks_encode_real(plaintext, values, 3, 0, (double)NAN, params), CKKS_ERROR_ARGUMENT,
               "scale");
  assert_fails(ckks_encode_real(plaintext, values, 3, 0, 0, others), CKKS_ERROR_MISMATCH,
               "plaintext");
  assert_fails(ckks_decode_real(values, 3, plaintext, others), CKKS_ERROR_MISMATCH, "plaintext");
  assert_fails(ckks_decode_real(values, 513, plaintext, params), CKKS_ERROR_ARGUMENT, "n = 513");
  /* None of them touched the plaintext. */
  assert_int_equal(plaintext->level, 4);
  assert_int_equal(ckks_decode_real(values, 512, plaintext, params), CKKS_OK);
  for (int i = 0; i < 512; i++)
    assert_true(values[i] == 0);
  fesetround(FE_UPWARD);
  ckks_status status = ckks_decode_real(values, 3, plaintext, params);
  fesetround(FE_TONEAREST);
  assert_int_equal(status, CKKS_ERROR_ARGUMENT);
  ckks_plaintext_free(plaintext);
  ckks_plaintext_free(low);
  ckks_params_free(params);
  ckks_params_free(others);
}

/* Just inside half the modulus passes and comes back, just outside is refused. */
static void the_limit_is_half_the_modulus(void **unused) {
  (void)unused;
  ckks_params *params = build_params(literal_f64());
  ckks_plaintext *plaintext;
  assert_int_equal(ckks_plaintext_build(&plaintext, params), CKKS_OK);
  double half = (double)params->literal.q[0] / 2, decoded;
  double inside = half * (1 - 0x1p-30), outside = half * (1 + 0x1p-30);
  assert_int_equal(ckks_encode_repeat(plaintext, &inside, 1, 0, 1, params), CKKS_OK);
  assert_int_equal(ckks_decode_real(&decoded, 1, plaintext, params), CKKS_OK);
  assert_true(fabs(decoded - inside) <= 0.5);
  assert_int_equal(ckks_encode_repeat(plaintext, &outside, 1, 0, 1, params), CKKS_ERROR_RANGE);
  assert_int_equal(ckks_encode_constant(plaintext, outside, 0, 1, params), CKKS_ERROR_RANGE);
  assert_int_equal(ckks_encode_constant(plaintext, inside, 0, 1, params), CKKS_OK);
  assert_int_equal(ckks_encode_repeat(plaintext, &outside, 1, 1, 1, params), CKKS_OK);
  ckks_plaintext_free(plaintext);
  ckks_params_free(params);
}

typedef struct attempt {
  const ckks_params *params;
  ckks_plaintext *plaintext;
} attempt;

static ckks_status encode_and_decode(void *context) {
  attempt *a = context;
  double values[4] = {1, 2, 3, 4};
  BASE_TRY(ckks_encode_real(a->plaintext, values, 4, 3, 0, a->params));
  return ckks_decode_real(values, 4, a->plaintext, a->params);
}

static ckks_status build_encoder(void *context) {
  (void)context;
  ckks_encoder *encoder;
  BASE_TRY(ckks_encoder_build(&encoder, 10));
  ckks_encoder_free(encoder);
  return CKKS_OK;
}

static void allocations_may_fail(void **unused) {
  (void)unused;
  attempt a = {.params = build_params(literal_f64())};
  assert_int_equal(ckks_plaintext_build(&a.plaintext, a.params), CKKS_OK);
  fail_each_allocation(encode_and_decode, &a);
  fail_each_allocation(build_encoder, NULL);
  ckks_plaintext_free(a.plaintext);
  ckks_params_free((ckks_params *)a.params);
}

static void decoding_leaves_nothing_behind(void **unused) {
  (void)unused;
  test_heap heap;
  ckks_params *params = build_params(literal_f64());
  ckks_plaintext *plaintext = NULL;
  double values[4] = {1, 2, 3, 4};
  assert_int_equal(ckks_plaintext_build(&plaintext, params), CKKS_OK);
  assert_int_equal(ckks_encode_real(plaintext, values, 4, 1, 0, params), CKKS_OK);
  test_heap_begin(&heap);
  assert_int_equal(ckks_decode_real(values, 4, plaintext, params), CKKS_OK);
  test_heap_end();
  /* Only the inverses of primes, which are public. */
  assert_int_equal(heap.n_unwiped, 1);
  assert_true(heap.unwiped_bytes[0] < 2 * CKKS_MAX_Q * sizeof(uint64_t) + 64);
  ckks_plaintext_free(plaintext);
  ckks_params_free(params);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(decoding_leaves_nothing_behind),
      cmocka_unit_test(forward_is_the_embedding),
      cmocka_unit_test(inverse_undoes_forward),
      cmocka_unit_test(inverse_of_one_slot),
      cmocka_unit_test(decode_gives_back),
      cmocka_unit_test(encoding_is_accurate),
      cmocka_unit_test(repeat_fills_all_slots),
      cmocka_unit_test(any_limbs_hold_the_same_integers),
      cmocka_unit_test(constants_are_polynomials_of_degree_zero),
      cmocka_unit_test(scalars_reach_120_bits),
      cmocka_unit_test(decoding_is_exact),
      cmocka_unit_test(decoding_refuses_infinities),
      cmocka_unit_test(refusals_name_the_culprit),
      cmocka_unit_test(the_limit_is_half_the_modulus),
      cmocka_unit_test(allocations_may_fail),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
