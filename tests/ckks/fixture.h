/* SPDX-License-Identifier: Apache-2.0 */
/* Small parameters of both kinds of words, random slots, and checks that every test here makes. */
#ifndef TESTS_CKKS_FIXTURE_H
#define TESTS_CKKS_FIXTURE_H
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/alloc.h"
#include "ckks/encode.h"
#include "ckks/objects.h"
#include "random.h"
#include <math.h>
#include <string.h>

/* Doubles (all primes below 2^49), two special primes. */
static inline ckks_params_literal literal_f64(void) {
  return (ckks_params_literal){.log2_n = 10,
                               .n_q = 5,
                               .n_p = 2,
                               .q_bits = {45, 36, 36, 36, 36},
                               .p_bits = {45, 45},
                               .log2_scale = 36,
                               .security = CKKS_SECURITY_NONE};
}

/* 64-bit integers. */
static inline ckks_params_literal literal_u64(void) {
  return (ckks_params_literal){
      .log2_n = 10,
      .n_q = 4,
      .n_p = 1,
      .q = {1152921504606584833}, /* of 60 bits: the rest may be wide, too */
      .q_bits = {60, 50, 50, 50},
      .p_bits = {60},
      .log2_scale = 50,
      .security = CKKS_SECURITY_NONE};
}

/* Sizes as u64 has them, none given: every modulus but one is a pair of primes, in doubles. */
static inline ckks_params_literal literal_pairs(void) {
  ckks_params_literal literal = literal_u64();
  literal.q[0] = 0;
  literal.q_bits[2] = 49;
  return literal;
}

static inline ckks_params *build_params(ckks_params_literal literal) {
  ckks_params *params = NULL;
  if (ckks_params_build(&params, &literal) != CKKS_OK)
    fail_msg("%s", ckks_last_error());
  return params;
}

/* Uniform in [-1, 1]. */
static inline double random_unit(uint64_t *state) {
  return (double)(int64_t)test_random(state) * 0x1p-63;
}

static inline void random_slots(ckks_complex *slots, size_t n, double magnitude, uint64_t *state) {
  for (size_t i = 0; i < n; i++)
    slots[i] = (ckks_complex){magnitude * random_unit(state), magnitude * random_unit(state)};
}

/* The call fails with this status, and its message holds this text. */
#define assert_fails(call, expected, text)                                                         \
  do {                                                                                             \
    assert_int_equal(call, expected);                                                              \
    if (strstr(ckks_last_error(), text) == NULL)                                                   \
      fail_msg("message \"%s\" does not hold \"%s\"", ckks_last_error(), text);                    \
  } while (0)

/* One centred integer of a limb in coefficient form, whatever its words. */
static inline int64_t word_value(ring_word word, int limb, const ckks_params *params) {
  if (params->ring.kind == RING_F64)
    return (int64_t)word.f;
  return ring_modulus_centre(word.u, &params->ring.modulus[limb]);
}

/*
 * Runs `attempt` (which must clean up behind itself) with allocation 1, 2, ... failing until
 * it gets through; each failure must be CKKS_ERROR_MEMORY. Leaks are for the sanitizer.
 */
static inline void fail_each_allocation(ckks_status (*attempt)(void *), void *context) {
  for (long k = 1; k < 10000; k++) {
    long before = base_alloc_count();
    base_alloc_fail_at(k);
    ckks_status status = attempt(context);
    base_alloc_fail_at(0);
    if (status == CKKS_OK) {
      assert_true(base_alloc_count() - before < k);
      assert_true(k > 1);
      return;
    }
    assert_int_equal(status, CKKS_ERROR_MEMORY);
  }
  fail_msg("never succeeds");
}
#endif
