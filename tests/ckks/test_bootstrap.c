/* SPDX-License-Identifier: Apache-2.0 */
#include "ckks/fixture.h"

static ckks_bootstrap_literal small(void) {
  return (ckks_bootstrap_literal){.log2_n = 10,
                                  .log2_slots = 9,
                                  .base_bits = 46,
                                  .n_levels = 5,
                                  .level_bits = 36,
                                  .inner_bits = 49,
                                  .n_stc = 2,
                                  .n_cts = 3,
                                  .n_p = 4,
                                  .p_bits = 49,
                                  .security = CKKS_SECURITY_NONE};
}

/* The scale is where it should be on every level for use; above, primes are as large as asked. */
static void chains_hold_their_scale(void **unused) {
  (void)unused;
  int log2_n[] = {10, 15, 16, 17}, bits[] = {36, 31, 37, 40};
  for (int i = 0; i < 4; i++) {
    ckks_bootstrap_literal literal = small();
    ckks_params *params = NULL;
    literal.log2_n = log2_n[i];
    literal.level_bits = bits[i];
    literal.n_levels = 15;
    if (ckks_params_build_bootstrap(&params, &literal) != CKKS_OK)
      fail_msg("%s", ckks_last_error());
    assert_int_equal(ckks_params_max_level(params), 15 + 8 + 3);
    for (int l = 0; l <= 15; l++)
      assert_true(fabs(log2(ckks_params_scale(params, l)) - bits[i]) < 0.02);
    assert_true(fabs(log2(ckks_params_scale(params, 15)) - bits[i]) < 1e-5);
    const ckks_params_literal *chain = ckks_params_get_literal(params);
    assert_int_equal(chain->q_bits[0], 46);
    for (int l = 16; l < chain->n_q; l++)
      assert_int_equal(chain->q_bits[l], 49);
    /* Whoever builds from the literal that comes out gets the same parameters. */
    ckks_params *again = NULL;
    assert_int_equal(ckks_params_build(&again, chain), CKKS_OK);
    assert_memory_equal(ckks_params_hash(again), ckks_params_hash(params), CKKS_HASH_BYTES);
    for (int l = 0; l < chain->n_q; l++)
      assert_true(ckks_params_scale(again, l) == ckks_params_scale(params, l));
    ckks_params_free(again);
    ckks_params_free(params);
  }
}

/* Level 0 may stand lower than the others, by a wider prime of level 1. */
static void level_0_has_a_scale_of_its_own(void **unused) {
  (void)unused;
  ckks_bootstrap_literal literal = small();
  ckks_params *params = NULL;
  literal.base_scale_bits = 30;
  assert_int_equal(ckks_params_build_bootstrap(&params, &literal), CKKS_OK);
  assert_true(fabs(log2(ckks_params_scale(params, 0)) - 30) < 0.02);
  for (int l = 1; l <= literal.n_levels; l++)
    assert_true(fabs(log2(ckks_params_scale(params, l)) - 36) < 0.02);
  ckks_params_free(params);
}

/* The sets are what their descriptions say, and allowed. */
static void sets_are_secure(void **unused) {
  (void)unused;
  static const struct {
    int log2_n, levels, spare; /* levels between two bootstraps, and how many more there could be */
  } expected[] = {{16, 16, 0}, {15, 5, 0}, {16, 9, 6}};
  for (int set = CKKS_BOOTSTRAP_N16; set <= CKKS_BOOTSTRAP_N16_PRECISE; set++) {
    ckks_bootstrap_literal literal;
    ckks_params *params = NULL;
    assert_int_equal(ckks_bootstrap_literal_choose(&literal, (ckks_bootstrap_set)set), CKKS_OK);
    assert_int_equal(literal.security, CKKS_SECURITY_128);
    assert_int_equal(literal.log2_n, expected[set].log2_n);
    assert_int_equal(literal.log2_slots, literal.log2_n - 1);
    assert_int_equal(literal.n_levels - literal.n_stc, expected[set].levels);
    assert_int_equal(ckks_params_build_bootstrap(&params, &literal), CKKS_OK);
    assert_true(ckks_params_log2_qp(params) <= ckks_params_log2_qp_limit(params));
    ckks_params_free(params);
    literal.n_levels += expected[set].spare + 1;
    assert_fails(ckks_params_build_bootstrap(&params, &literal), CKKS_ERROR_SECURITY, "at most");
  }
}

static void refusals(void **unused) {
  (void)unused;
  ckks_bootstrap_literal literal;
  ckks_params *params = NULL;
  assert_fails(ckks_bootstrap_literal_choose(NULL, CKKS_BOOTSTRAP_N16), CKKS_ERROR_ARGUMENT,
               "out is NULL");
  assert_fails(ckks_bootstrap_literal_choose(&literal, (ckks_bootstrap_set)7), CKKS_ERROR_ARGUMENT,
               "set = 7");
  assert_fails(ckks_params_build_bootstrap(&params, NULL), CKKS_ERROR_ARGUMENT, "literal is NULL");
  literal = small();
  assert_fails(ckks_params_build_bootstrap(NULL, &literal), CKKS_ERROR_ARGUMENT, "out is NULL");
#define REFUSED(field, value, text)                                                                \
  literal = small();                                                                               \
  literal.field = value;                                                                           \
  assert_fails(ckks_params_build_bootstrap(&params, &literal), CKKS_ERROR_ARGUMENT, text)
  REFUSED(log2_n, 9, "log2_n = 9");
  REFUSED(log2_n, 18, "log2_n = 18");
  REFUSED(log2_slots, 10, "log2_slots = 10");
  REFUSED(log2_slots, 2, "log2_slots = 2");
  REFUSED(base_bits, 49, "base_bits = 49");
  REFUSED(base_bits, 40, "base_bits = 40");
  REFUSED(n_levels, 2, "n_levels = 2");
  REFUSED(n_levels, 46, "n_levels = 46");
  REFUSED(level_bits, 24, "level_bits = 24");
  REFUSED(inner_bits, 50, "inner_bits = 50");
  REFUSED(n_stc, 0, "n_stc = 0");
  REFUSED(n_cts, 6, "n_cts = 6");
  REFUSED(n_p, 9, "n_p = 9");
  REFUSED(p_bits, 39, "p_bits = 39");
  REFUSED(n_refine, 2, "n_refine = 2");
  REFUSED(base_scale_bits, 37, "base_scale_bits = 37");
  REFUSED(base_scale_bits, 19, "base_scale_bits = 19");
  REFUSED(base_scale_bits, 23, "level 1 would have 49 bits");
#undef REFUSED
  /* Room for the modulus at N = 2^14, but none for a sparse secret. */
  literal = small();
  literal.log2_n = 14;
  literal.n_levels = 3;
  literal.level_bits = 25;
  literal.base_bits = 30;
  literal.inner_bits = 40;
  literal.n_stc = literal.n_cts = literal.n_p = 1;
  literal.p_bits = 40;
  literal.security = CKKS_SECURITY_128;
  assert_fails(ckks_params_build_bootstrap(&params, &literal), CKKS_ERROR_SECURITY, "bits");
  assert_null(params);
}

static ckks_status build(void *context) {
  ckks_params *params = NULL;
  ckks_status status = ckks_params_build_bootstrap(&params, context);
  ckks_params_free(params);
  return status;
}

static void allocations_may_fail(void **unused) {
  (void)unused;
  ckks_bootstrap_literal literal = small();
  fail_each_allocation(build, &literal);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(chains_hold_their_scale), cmocka_unit_test(level_0_has_a_scale_of_its_own),
      cmocka_unit_test(sets_are_secure),         cmocka_unit_test(refusals),
      cmocka_unit_test(allocations_may_fail),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
