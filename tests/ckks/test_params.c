/* SPDX-License-Identifier: Apache-2.0 */
#include "base/digest.h"
#include "ckks/fixture.h"
#include "ckks/params_bytes.h"
#include "ring/prime.h"
#include <fenv.h>
#include <gmp.h>

/* ---------------------------------------------------------------- primes */

static void check_primes(const ckks_params *params) {
  const ckks_params_literal *l = ckks_params_get_literal(params);
  uint64_t all[CKKS_MAX_Q + CKKS_MAX_P];
  int n = 0;
  for (int i = 0; i < l->n_q; i++)
    all[n++] = l->q[i];
  for (int i = 0; i < l->n_p; i++)
    all[n++] = l->p[i];
  for (int i = 0; i < n; i++) {
    mpz_t prime;
    mpz_init_set_ui(prime, all[i]);
    assert_true(mpz_probab_prime_p(prime, 25) > 0);
    mpz_clear(prime);
    assert_int_equal(all[i] % (2ULL << l->log2_n), 1);
    assert_int_equal(params->ring.modulus[i].p, all[i]);
    int bits = i < l->n_q ? l->q_bits[i] : l->p_bits[i - l->n_q];
    assert_int_equal(all[i] >> (bits - 1), 1);
    for (int j = 0; j < i; j++)
      assert_int_not_equal(all[i], all[j]);
  }
}

/* S_{l-1} = S_l^2 / q_l, and never far from 2^log2_scale. */
static void scales_stay_where_they_are(void **unused) {
  (void)unused;
  ckks_params_literal literal = literal_f64();
  literal.log2_n = 13;
  literal.n_q = 40;
  for (int i = 1; i < 40; i++)
    literal.q_bits[i] = 40;
  literal.log2_scale = 40;
  ckks_params *params = build_params(literal);
  check_primes(params);
  assert_true(ckks_params_scale(params, 39) == 0x1p40);
  for (int l = 39; l > 0; l--) {
    double q = (double)params->literal.q[l], scale = ckks_params_scale(params, l);
    assert_true(ckks_scale_equal(ckks_params_scale(params, l - 1), scale * scale / q));
    /* 39 primes = 1 mod 2^14, one number in about 14 of which is prime: within 2^14 * 14 * 40. */
    assert_true(fabs(ckks_params_scale(params, l - 1) / 0x1p40 - 1) < 0x1p-16);
  }
  ckks_params_free(params);
}

/* Sizes off the scale: the largest primes below 2^bits, and scales that follow. */
static void other_sizes_take_the_largest_primes(void **unused) {
  (void)unused;
  ckks_params_literal literal = literal_f64();
  literal.q_bits[2] = 38;
  literal.q_bits[3] = 38;
  ckks_params *params = build_params(literal);
  check_primes(params);
  uint64_t first = ring_prime_below((1ULL << 38) - 1, 10);
  assert_int_equal(params->literal.q[3], first);
  assert_int_equal(params->literal.q[2], ring_prime_below(first - 1, 10));
  assert_true(fabs(log2(params->scale[2]) - 34) < 0.01);
  assert_true(fabs(log2(params->scale[1]) - 30) < 0.01);
  uint64_t base = ring_prime_below((1ULL << 45) - 1, 10);
  assert_int_equal(params->literal.q[0], base);
  assert_int_equal(params->literal.p[0], ring_prime_below(base - 1, 10));
  ckks_params_free(params);
}

static void given_primes_are_kept(void **unused) {
  (void)unused;
  ckks_params *params = build_params(literal_f64());
  ckks_params_literal again = *ckks_params_get_literal(params);
  ckks_params *copy = build_params(again);
  assert_memory_equal(&copy->literal.q, &again.q, sizeof again.q);
  assert_memory_equal(&copy->literal.q_bits, &again.q_bits, sizeof again.q_bits);
  assert_memory_equal(ckks_params_hash(copy), ckks_params_hash(params), CKKS_HASH_BYTES);
  ckks_params_free(copy);
  /* One given, the others chosen around it. */
  ckks_params_literal some = literal_f64();
  some.q[2] = again.q[4];
  copy = build_params(some);
  check_primes(copy);
  assert_int_equal(copy->literal.q[2], again.q[4]);
  assert_int_not_equal(copy->literal.q[4], again.q[4]);
  ckks_params_free(copy);
  ckks_params_free(params);
}

static void bad_primes_are_named(void **unused) {
  (void)unused;
  ckks_params *good = build_params(literal_f64()), *out = NULL;
  ckks_params_literal l = *ckks_params_get_literal(good);
  ckks_params_literal bad = l;
  bad.q[3] = l.q[1];
  assert_fails(ckks_params_build(&out, &bad), CKKS_ERROR_ARGUMENT, "q[3] = ");
  bad = l;
  bad.p[1] = l.q[0];
  assert_fails(ckks_params_build(&out, &bad), CKKS_ERROR_ARGUMENT, "stands twice");
  bad = l;
  bad.q[1] = l.q[1] + 2;
  assert_fails(ckks_params_build(&out, &bad), CKKS_ERROR_ARGUMENT, "is not 1 mod 2N = 2^11");
  bad.q[1] = l.q[1] + 2048;
  while (ring_prime_is(bad.q[1]))
    bad.q[1] += 2048;
  assert_fails(ckks_params_build(&out, &bad), CKKS_ERROR_ARGUMENT, "is not a prime");
  bad.q[1] = 12289;
  assert_fails(ckks_params_build(&out, &bad), CKKS_ERROR_ARGUMENT, "18 to 60 bits");
  bad.q[1] = 1ULL << 60;
  assert_fails(ckks_params_build(&out, &bad), CKKS_ERROR_ARGUMENT, "18 to 60 bits");
  bad = literal_f64();
  bad.log2_n = 17;
  bad.p_bits[0] = 18;
  assert_fails(ckks_params_build(&out, &bad), CKKS_ERROR_RANGE,
               "p_bits[0] = 18: no prime of 18 bits that is 1 mod 2N = 2^18 is left");
  bad = literal_f64();
  for (int i = 1; i < 5; i++)
    bad.q_bits[i] = 60; /* scales 2^36, 2^12, 2^-36, ...: useless, but these are still finite */
  bad.n_q = 8;
  for (int i = 5; i < 8; i++)
    bad.q_bits[i] = 60;
  assert_fails(ckks_params_build(&out, &bad), CKKS_ERROR_RANGE, "canonical scale of level");
  assert_null(out);
  ckks_params_free(good);
}

/* ---------------------------------------------------------------- fields */

static void every_field_has_its_limits(void **unused) {
  (void)unused;
  ckks_params *out = NULL;
  ckks_params_literal bad;
#define REFUSE(field, value, status, text)                                                         \
  bad = literal_f64();                                                                             \
  bad.field = value;                                                                               \
  assert_fails(ckks_params_build(&out, &bad), status, text)
  REFUSE(log2_n, 9, CKKS_ERROR_ARGUMENT, "log2_n = 9: must be 10 to 17");
  REFUSE(log2_n, 18, CKKS_ERROR_ARGUMENT, "log2_n = 18: must be 10 to 17");
  REFUSE(n_q, 0, CKKS_ERROR_ARGUMENT, "n_q = 0: must be 1 to 56");
  REFUSE(n_q, 57, CKKS_ERROR_ARGUMENT, "n_q = 57: must be 1 to 56");
  REFUSE(n_p, -1, CKKS_ERROR_ARGUMENT, "n_p = -1: must be 0 to 8");
  REFUSE(n_p, 9, CKKS_ERROR_ARGUMENT, "n_p = 9: must be 0 to 8");
  REFUSE(q_bits[4], 17, CKKS_ERROR_ARGUMENT, "q_bits[4] = 17: must be 18 to 60");
  REFUSE(q_bits[0], 61, CKKS_ERROR_ARGUMENT, "q_bits[0] = 61: must be 18 to 60");
  REFUSE(p_bits[1], 0, CKKS_ERROR_ARGUMENT, "p_bits[1] = 0: must be 18 to 60");
  REFUSE(log2_scale, 9.9, CKKS_ERROR_ARGUMENT, "log2_scale = 9.9: must be 10 to 58");
  REFUSE(log2_scale, 58.1, CKKS_ERROR_ARGUMENT, "log2_scale = 58.1");
  REFUSE(log2_scale, (double)NAN, CKKS_ERROR_ARGUMENT, "log2_scale = ");
  REFUSE(security, (ckks_security)127, CKKS_ERROR_ARGUMENT, "security = 127");
#undef REFUSE
  assert_null(out);
  /* Rounding upwards would break every bound. */
  ckks_params_literal good = literal_f64();
  fesetround(FE_UPWARD);
  ckks_status status = ckks_params_build(&out, &good);
  fesetround(FE_TONEAREST);
  assert_int_equal(status, CKKS_ERROR_ARGUMENT);
  assert_non_null(strstr(ckks_last_error(), "round"));
}

/* {47, 47, 47, 47} + 38 bits would be 226: refused with N, both figures and the level asked. */
static void security_is_a_refusal(void **unused) {
  (void)unused;
  ckks_params *out = NULL;
  ckks_params_literal literal = {.log2_n = 13,
                                 .n_q = 4,
                                 .n_p = 1,
                                 .q_bits = {47, 47, 47, 47},
                                 .p_bits = {38},
                                 .log2_scale = 47,
                                 .security = CKKS_SECURITY_128};
  assert_fails(ckks_params_build(&out, &literal), CKKS_ERROR_SECURITY,
               "needs at most 214 bits at N = 2^13 for 128-bit security; these primes have 226.0");
  literal.p_bits[0] = 26; /* 214 in all */
  ckks_params *params = build_params(literal);
  assert_true(fabs(ckks_params_log2_qp(params) - 214) < 0.01);
  assert_true(ckks_params_log2_qp_limit(params) == 214);
  ckks_params_free(params);
  literal.p_bits[0] = 27;
  assert_fails(ckks_params_build(&out, &literal), CKKS_ERROR_SECURITY, "215.0");
  literal.security = CKKS_SECURITY_192;
  assert_fails(ckks_params_build(&out, &literal), CKKS_ERROR_SECURITY,
               "at most 147 bits at N = 2^13 for 192-bit");
  literal.log2_n = 11;
  assert_fails(ckks_params_build(&out, &literal), CKKS_ERROR_SECURITY,
               "no modulus at N = 2^11 has 192-bit security");
  literal.security = CKKS_SECURITY_NONE;
  params = build_params(literal);
  assert_true(ckks_params_log2_qp_limit(params) == 1e9);
  ckks_params_free(params);
  assert_null(out);
}

static void getters_tell_what_was_built(void **unused) {
  (void)unused;
  ckks_params *params = build_params(literal_f64());
  double bits = 0;
  assert_int_equal(ckks_params_n(params), 1024);
  assert_int_equal(ckks_params_slots(params), 512);
  assert_int_equal(ckks_params_max_level(params), 4);
  for (int i = 0; i < 5; i++) {
    bits += log2((double)params->literal.q[i]);
    assert_true(fabs(params->log2_q[i] - bits) < 1e-9);
  }
  bits += log2((double)params->literal.p[0]) + log2((double)params->literal.p[1]);
  assert_true(fabs(ckks_params_log2_qp(params) - bits) < 1e-9);
  assert_int_equal(params->ring.kind, RING_F64);
  assert_true(ckks_params_scale(params, 4) == 0x1p36);
  assert_true(ckks_params_scale(params, -1) == 0 && ckks_params_scale(params, 5) == 0);
  /* Limbs of level 1 over two special primes: q_0 q_1 p_0 p_1. */
  assert_int_equal(ckks_params_limb(params, 1, 1), 1);
  assert_int_equal(ckks_params_limb(params, 1, 2), 5);
  assert_int_equal(ckks_params_limb(params, 1, 3), 6);
  ckks_params_free(params);
  ckks_params_free(NULL);
}

static void special_products_by_gmp(void **unused) {
  (void)unused;
  ckks_params *params = build_params(literal_f64());
  mpz_t product;
  mpz_init_set_ui(product, 1);
  for (int k = 0; k <= 2; k++) {
    for (int limb = 0; limb < 7; limb++)
      assert_int_equal(ckks_params_special_product(params, k, limb),
                       mpz_fdiv_ui(product, params->ring.modulus[limb].p));
    if (k < 2)
      mpz_mul_ui(product, product, params->literal.p[k]);
  }
  mpz_clear(product);
  ckks_params_free(params);
}

/* ------------------------------------------------------------------ hash */

static void the_hash_is_of_the_bytes(void **unused) {
  (void)unused;
  ckks_params *params = build_params(literal_f64());
  base_buffer buffer;
  uint8_t digest[BASE_DIGEST_BYTES];
  base_buffer_init(&buffer, 4096);
  ckks_params_bytes_write(&buffer, ckks_params_get_literal(params));
  base_digest(digest, buffer.bytes, buffer.n_bytes);
  assert_memory_equal(digest, ckks_params_hash(params), sizeof digest);
  base_buffer_clear(&buffer);
  /* Any field changed, another hash; what lies beyond n_q and n_p, the same. */
  ckks_params_literal l = literal_f64();
  l.q_bits[20] = 77;
  l.p[5] = 99;
  ckks_params *same = build_params(l);
  assert_memory_equal(ckks_params_hash(same), digest, sizeof digest);
  assert_int_equal(ckks_params_check(same, digest, "it"), CKKS_OK);
  ckks_params_free(same);
  l = literal_f64();
  l.p_bits[1] = 44;
  ckks_params *other = build_params(l);
  assert_memory_not_equal(ckks_params_hash(other), digest, sizeof digest);
  assert_fails(ckks_params_check(other, digest, "ciphertext"), CKKS_ERROR_MISMATCH,
               "ciphertext: made for other parameters");
  ckks_params_free(other);
  ckks_params_free(params);
}

/* -------------------------------------------------------------- by depth */

static void depth_chooses_the_smallest_ring(void **unused) {
  (void)unused;
  struct {
    int depth, log2_scale, log2_n;
  } cases[] = {{0, 30, 12}, {2, 30, 13}, {4, 30, 13}, {5, 30, 14}, {10, 40, 15}, {3, 45, 14}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    ckks_params *params;
    if (ckks_params_build_depth(&params, cases[i].depth, cases[i].log2_scale) != CKKS_OK)
      fail_msg("%s", ckks_last_error());
    const ckks_params_literal *l = ckks_params_get_literal(params);
    check_primes(params);
    assert_int_equal(l->log2_n, cases[i].log2_n);
    assert_int_equal(ckks_params_max_level(params), cases[i].depth);
    assert_true(l->n_p >= 1 && l->security == CKKS_SECURITY_128);
    assert_int_equal(params->ring.kind, RING_F64);
    assert_true(ckks_params_log2_qp(params) <= ckks_params_log2_qp_limit(params) + 0.001);
    /* Half the ring would not do, even with one special prime. */
    double least = params->log2_q[cases[i].depth] + l->p_bits[0];
    assert_true(least > ckks_security_limit(l->log2_n - 1, CKKS_SECURITY_128));
    /* A base prime of 17 bits more, or one of 49 and the scale of level 0 so far below. */
    double base = fmin(49, cases[i].log2_scale + 17);
    assert_true(fabs(log2((double)l->q[0]) - base) < 0.003);
    assert_true(fabs(log2(ckks_params_scale(params, 0)) - (base - 17)) < 0.003);
    ckks_params_free(params);
  }
}

/* All that can be asked for holds 2^16 on every level, and is refused where no prime could. */
static void depth_leaves_room_for_values(void **unused) {
  (void)unused;
  for (int log2_scale = 25; log2_scale <= 45; log2_scale++)
    for (int depth = 0; depth <= 3; depth++) {
      ckks_params *params = NULL;
      if (depth == 0 && log2_scale > 42) {
        assert_fails(ckks_params_build_depth(&params, depth, log2_scale), CKKS_ERROR_ARGUMENT,
                     "no base modulus has room for values up to 2^16: choose log2_scale up to 42");
        continue;
      }
      if (ckks_params_build_depth(&params, depth, log2_scale) != CKKS_OK)
        fail_msg("depth %d at 2^%d: %s", depth, log2_scale, ckks_last_error());
      for (int level = 0; level <= depth; level++)
        if (!(ckks_params_max_value(params, level) >= 65536))
          fail_msg("depth %d at 2^%d: level %d holds %g", depth, log2_scale, level,
                   ckks_params_max_value(params, level));
      assert_true(ckks_params_max_value(params, 0) < 2 * 65536);
      assert_true(ckks_params_scale(params, depth) == exp2(log2_scale));
      /* Short chains at large scales have a base of two primes; all are fast. */
      bool pair = (depth == 0 && log2_scale > 31) || (depth == 1 && log2_scale > 40) ||
                  (depth == 2 && log2_scale > 44);
      assert_int_equal(ckks_params_limbs(params, 0), pair ? 2 : 1);
      assert_int_equal(params->ring.kind, RING_F64);
      ckks_params_free(params);
    }
}

static void the_largest_value_is_half_the_modulus(void **unused) {
  (void)unused;
  ckks_params *params = build_params(literal_f64());
  double log2_q = 0;
  for (int level = 0; level <= ckks_params_max_level(params); level++) {
    log2_q += log2((double)params->literal.q[level]);
    double expected = exp2(log2_q - 1) / ckks_params_scale(params, level);
    assert_true(fabs(ckks_params_max_value(params, level) / expected - 1) < 1e-9);
  }
  assert_true(ckks_params_max_value(params, -1) == 0);
  assert_true(ckks_params_max_value(params, ckks_params_max_level(params) + 1) == 0);
  ckks_params_literal unscaled = params->literal;
  ckks_params_free(params);
  unscaled.log2_scale = 0;
  params = build_params(unscaled);
  assert_true(ckks_params_max_value(params, 0) == 0);
  ckks_params_free(params);
}

/* However deep: the keys of its top level can be made. */
static void depth_leaves_few_digits(void **unused) {
  (void)unused;
  int depths[] = {15, 16, 20, 40};
  for (int i = 0; i < 4; i++) {
    ckks_params *params;
    ckks_key_spec spec = {.galois = 0, .level = -1};
    assert_int_equal(ckks_params_build_depth(&params, depths[i], 30), CKKS_OK);
    assert_int_equal(ckks_key_spec_check(&spec, params), CKKS_OK);
    ckks_params_free(params);
  }
}

static void depth_has_its_limits(void **unused) {
  (void)unused;
  ckks_params *out = NULL;
  assert_fails(ckks_params_build_depth(&out, -1, 40), CKKS_ERROR_ARGUMENT,
               "depth = -1: must be 0 to 55");
  assert_fails(ckks_params_build_depth(&out, 56, 40), CKKS_ERROR_ARGUMENT, "depth = 56");
  assert_fails(ckks_params_build_depth(&out, 3, 24), CKKS_ERROR_ARGUMENT,
               "log2_scale = 24: must be 25 to 45");
  assert_fails(ckks_params_build_depth(&out, 3, 46), CKKS_ERROR_ARGUMENT, "log2_scale = 46");
  assert_null(out);
}

static ckks_status build(void *context) {
  ckks_params *params = NULL;
  ckks_status status = ckks_params_build(&params, context);
  assert_true((status == CKKS_OK) == (params != NULL));
  ckks_params_free(params);
  return status;
}

static void allocations_may_fail(void **unused) {
  (void)unused;
  ckks_params_literal f64 = literal_f64(), u64 = literal_u64();
  fail_each_allocation(build, &f64);
  fail_each_allocation(build, &u64);
}

/* What is beyond the counts of a literal says nothing, and does not reach the hash. */
static void unused_entries_say_nothing(void **unused) {
  (void)unused;
  ckks_params_literal clean = literal_f64(), dirty = clean;
  dirty.q_bits[dirty.n_q] = 33;
  dirty.p_bits[dirty.n_p] = 44;
  dirty.q[CKKS_MAX_Q - 1] = 12345;
  dirty.p[CKKS_MAX_P - 1] = 12345;
  ckks_params *a = build_params(clean), *b = build_params(dirty);
  assert_memory_equal(ckks_params_hash(a), ckks_params_hash(b), CKKS_HASH_BYTES);
  assert_memory_equal(ckks_params_get_literal(a), ckks_params_get_literal(b), sizeof clean);
  ckks_params_free(b);
  ckks_params_free(a);
}

static void every_bit_of_a_hash_counts(void **unused) {
  (void)unused;
  ckks_params *params = build_params(literal_f64());
  uint8_t hash[CKKS_HASH_BYTES];
  for (int bit = 0; bit < 8 * CKKS_HASH_BYTES; bit++) {
    memcpy(hash, params->hash, sizeof hash);
    assert_int_equal(ckks_params_check(params, hash, "it"), CKKS_OK);
    hash[bit / 8] ^= (uint8_t)(1 << bit % 8);
    assert_int_equal(ckks_params_check(params, hash, "it"), CKKS_ERROR_MISMATCH);
  }
  ckks_params_free(params);
}

static void levels_beyond_the_chain_have_no_scale(void **unused) {
  (void)unused;
  ckks_params *params = build_params(literal_f64());
  int top = ckks_params_max_level(params);
  assert_true(ckks_params_scale(params, top) > 0);
  params->scale[top + 1] = 77; /* whatever may stand there */
  assert_true(ckks_params_scale(params, top + 1) == 0);
  assert_true(ckks_params_scale(params, -1) == 0);
  ckks_params_free(params);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(unused_entries_say_nothing),
      cmocka_unit_test(every_bit_of_a_hash_counts),
      cmocka_unit_test(levels_beyond_the_chain_have_no_scale),
      cmocka_unit_test(scales_stay_where_they_are),
      cmocka_unit_test(other_sizes_take_the_largest_primes),
      cmocka_unit_test(given_primes_are_kept),
      cmocka_unit_test(bad_primes_are_named),
      cmocka_unit_test(every_field_has_its_limits),
      cmocka_unit_test(security_is_a_refusal),
      cmocka_unit_test(getters_tell_what_was_built),
      cmocka_unit_test(special_products_by_gmp),
      cmocka_unit_test(the_hash_is_of_the_bytes),
      cmocka_unit_test(depth_chooses_the_smallest_ring),
      cmocka_unit_test(depth_leaves_room_for_values),
      cmocka_unit_test(the_largest_value_is_half_the_modulus),
      cmocka_unit_test(depth_leaves_few_digits),
      cmocka_unit_test(depth_has_its_limits),
      cmocka_unit_test(allocations_may_fail),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
