/* SPDX-License-Identifier: Apache-2.0 */
/* Moduli of two primes: sizes from 50 bits on, asked for or given as products. */
#include "ckks/fixture.h"
#include "ckks/noise.h"
#include "ckks/params_bytes.h"
#include "ring/prime.h"

/* "60-40-40-60", as other libraries' examples have it. */
static ckks_params_literal literal_60_40(int log2_n, int n_q) {
  ckks_params_literal literal = {.log2_n = log2_n,
                                 .n_q = n_q,
                                 .n_p = 1,
                                 .q_bits = {60},
                                 .p_bits = {60},
                                 .log2_scale = 40,
                                 .security = CKKS_SECURITY_128};
  for (int l = 1; l < n_q; l++)
    literal.q_bits[l] = 40;
  return literal;
}

static bool is_prime_of(uint64_t p, int log2_n) {
  return ring_prime_is(p) && p % (2ULL << log2_n) == 1;
}

/* Limbs are the primes of the moduli in order, products and sizes what the literal says. */
static void check_limbs(const ckks_params *params) {
  const ckks_params_literal *l = ckks_params_get_literal(params);
  int at = 0;
  for (int i = 0; i < l->n_q + l->n_p; i++) {
    bool special = i >= l->n_q;
    uint64_t modulus = special ? l->p[i - l->n_q] : l->q[i];
    int bits = special ? l->p_bits[i - l->n_q] : l->q_bits[i];
    assert_int_equal(modulus >> (bits - 1), 1);
    uint64_t first = params->ring.modulus[at].p;
    assert_true(is_prime_of(first, l->log2_n));
    if (first != modulus) {
      uint64_t second = params->ring.modulus[++at].p;
      assert_true(is_prime_of(second, l->log2_n) && first < second);
      assert_true(modulus == first * second);
      assert_true(bits >= 49);
    }
    at++;
    if (!special)
      assert_int_equal(ckks_params_limbs(params, i), at);
    else
      assert_int_equal(ckks_params_limbs_over(params, 0, i - l->n_q + 1),
                       ckks_params_limbs(params, 0) + at - params->n_limbs);
  }
  assert_int_equal(at, params->ring.n_moduli);
}

static void what_everyone_types_is_fast(void **unused) {
  (void)unused;
  static const struct {
    int log2_n, n_q, n_limbs;
  } cases[] = {{13, 3, 4}, {14, 8, 9}, {15, 18, 19}};
  for (int i = 0; i < 3; i++) {
    ckks_params *params = build_params(literal_60_40(cases[i].log2_n, cases[i].n_q));
    assert_int_equal(params->ring.kind, RING_F64);
    assert_int_equal(params->n_limbs, cases[i].n_limbs);
    assert_int_equal(ckks_params_max_level(params), cases[i].n_q - 1);
    check_limbs(params);
    assert_true(fabs(params->log2_qp - (120 + 40 * (cases[i].n_q - 1))) < 0.01);
    /* Half of 2^60 over the scale. */
    assert_true(fabs(log2(ckks_params_max_value(params, 0)) - 19) < 0.01);
    for (int level = 0; level < cases[i].n_q; level++)
      assert_true(fabs(log2(ckks_params_scale(params, level)) - 40) < 0.001);
    /* A key for the top, of a digit a level: 18 of them in the last case. */
    ckks_key_spec spec = {.galois = 5, .level = -1};
    assert_int_equal(ckks_key_spec_check(&spec, params), CKKS_OK);
    assert_int_equal(ckks_key_spec_digits(&spec), cases[i].n_q);
    ckks_params_free(params);
  }
}

/* Scales of 50 to 58 bits steer pairs; at 2^17 there are few primes of half the size. */
static void wide_scales_stay_where_they_are(void **unused) {
  (void)unused;
  for (int bits = 50; bits <= 58; bits += 4)
    for (int log2_n = 10; log2_n <= 15; log2_n += 5) {
      ckks_params_literal literal = literal_60_40(log2_n, 6);
      literal.security = CKKS_SECURITY_NONE;
      literal.log2_scale = bits;
      for (int l = 1; l < 6; l++)
        literal.q_bits[l] = bits;
      ckks_params *params = build_params(literal);
      check_limbs(params);
      assert_int_equal(params->n_limbs, 12);
      for (int level = 5; level > 0; level--) {
        double scale = ckks_params_scale(params, level);
        assert_true(ckks_scale_equal(ckks_params_scale(params, level - 1),
                                     scale * scale / ckks_params_modulus(params, level)));
        assert_true(fabs(ckks_params_scale(params, level - 1) / exp2(bits) - 1) < 0.05);
      }
      ckks_params_free(params);
    }
}

/* What was built can be written down and built again: a product is enough to know its primes. */
static void products_are_taken_apart(void **unused) {
  (void)unused;
  ckks_params *params = build_params(literal_pairs());
  ckks_params_literal again = *ckks_params_get_literal(params);
  assert_int_equal(params->ring.kind, RING_F64);
  assert_int_equal(params->n_limbs, 7);
  check_limbs(params);
  memset(again.q_bits, 0, sizeof again.q_bits);
  memset(again.p_bits, 0, sizeof again.p_bits);
  ckks_params *same = build_params(again);
  assert_memory_equal(ckks_params_hash(params), ckks_params_hash(same), CKKS_HASH_BYTES);
  assert_int_equal(same->ring.n_moduli, params->ring.n_moduli);
  for (int i = 0; i < same->ring.n_moduli; i++)
    assert_true(same->ring.modulus[i].p == params->ring.modulus[i].p);
  ckks_params_free(same);
  ckks_params_free(params);
}

static void other_products_are_refused(void **unused) {
  (void)unused;
  ckks_params *good = build_params(literal_pairs()), *out = NULL;
  ckks_params_literal l = *ckks_params_get_literal(good), bad = l;
  uint64_t first = good->ring.modulus[0].p, second = good->ring.modulus[1].p;
  bad.q[1] = ring_prime_below(1 << 22, 10) * first; /* one more than four times the other */
  assert_fails(ckks_params_build(&out, &bad), CKKS_ERROR_ARGUMENT, "nor the product of two");
  bad.q[1] = ring_prime_below(1 << 20, 10) * ring_prime_below(1 << 19, 10); /* of 39 bits */
  assert_fails(ckks_params_build(&out, &bad), CKKS_ERROR_ARGUMENT, "is not a prime");
  bad.q[1] = first * first;
  assert_fails(ckks_params_build(&out, &bad), CKKS_ERROR_ARGUMENT, "is not a prime");
  bad.q[1] = second * good->ring.modulus[2].p; /* a prime of q_0 again */
  assert_fails(ckks_params_build(&out, &bad), CKKS_ERROR_ARGUMENT, "");
  bad = l;
  bad.p[0] = l.q[0];
  assert_fails(ckks_params_build(&out, &bad), CKKS_ERROR_ARGUMENT, "stands twice");
  assert_null(out);
  ckks_params_free(good);
}

/* The bounds are of primes: domains of seeds and scratch are counted in them. */
static void primes_are_counted(void **unused) {
  (void)unused;
  ckks_params *out = NULL;
  ckks_params_literal literal = literal_60_40(10, 29);
  literal.security = CKKS_SECURITY_NONE;
  literal.log2_scale = 56;
  for (int l = 0; l < 29; l++)
    literal.q_bits[l] = 56;
  assert_fails(ckks_params_build(&out, &literal), CKKS_ERROR_ARGUMENT,
               "n_q: 29 moduli are 58 primes (those of 50 bits and more are two each), limit 56");
  literal.n_q = 2;
  literal.n_p = 5;
  for (int k = 0; k < 5; k++)
    literal.p_bits[k] = 60;
  assert_fails(ckks_params_build(&out, &literal), CKKS_ERROR_ARGUMENT,
               "n_p: 5 moduli are 10 primes");
  literal.n_p = 4;
  ckks_params_free(build_params(literal));
}

/* One wide prime of the user's own makes words of 64 bits: then two primes would only be more. */
static void a_given_wide_prime_stays_alone(void **unused) {
  (void)unused;
  ckks_params *params = build_params(literal_u64());
  assert_int_equal(params->ring.kind, RING_U64);
  assert_int_equal(params->n_limbs, params->literal.n_q);
  ckks_params_free(params);
}

/* Values go in and come out, on every level. */
static void encoding_is_exact(void **unused) {
  (void)unused;
  ckks_params *params = build_params(literal_pairs());
  ckks_plaintext *plaintext;
  uint64_t random = 4;
  ckks_complex slots[512], decoded[512];
  assert_int_equal(ckks_plaintext_build(&plaintext, params), CKKS_OK);
  for (int level = 0; level <= ckks_params_max_level(params); level++) {
    random_slots(slots, 512, 100, &random);
    assert_int_equal(ckks_encode_complex(plaintext, slots, 512, level, 0, params), CKKS_OK);
    assert_int_equal(ckks_decode_complex(decoded, 512, plaintext, params), CKKS_OK);
    double bound = 8 * ckks_noise_encode(params) / ckks_params_scale(params, level) + 0x1p-40;
    for (int j = 0; j < 512; j++)
      assert_true(hypot(decoded[j].re - slots[j].re, decoded[j].im - slots[j].im) < bound);
  }
  ckks_plaintext_free(plaintext);
  ckks_params_free(params);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(what_everyone_types_is_fast),
      cmocka_unit_test(wide_scales_stay_where_they_are),
      cmocka_unit_test(products_are_taken_apart),
      cmocka_unit_test(other_products_are_refused),
      cmocka_unit_test(primes_are_counted),
      cmocka_unit_test(a_given_wide_prime_stays_alone),
      cmocka_unit_test(encoding_is_exact),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
