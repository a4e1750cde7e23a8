/* SPDX-License-Identifier: Apache-2.0 */
/* A whole scheme for the tests of evaluation: parameters of every kind, keys, and errors in slots.
 */
#ifndef TESTS_EVAL_FIXTURE_H
#define TESTS_EVAL_FIXTURE_H
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "ckks/noise.h"
#include "eval/eval.h"
#include "random.h"
#include "secret/secret.h"
#include "secret_seed.h"

#define MAX_SLOTS 8192

/*
 * Sigmas that no slot passes. In a slot the noise of a key switch is a sum over digits of
 * products of two nearly Gaussian numbers; where one digit dominates, that has the tail of a
 * Laplace distribution, exp(-sqrt(2) t): 2^-32 at 16.
 */
#define TAIL 16.0

/* One scheme: parameters, a secret key from a fixed seed, keys for everything, an evaluator. */
typedef struct scheme {
  const char *name;
  ckks_params *params;
  ckks_secret_key *secret;
  ckks_evaluation_keys *keys;
  ckks_evaluator *ev;
  size_t slots;
  int top;
} scheme;

#define CHECK(call)                                                                                \
  do {                                                                                             \
    if ((call) != CKKS_OK)                                                                         \
      fail_msg("%s: %s", #call, ckks_last_error());                                                \
  } while (0)

/* The call fails with this status, and its message holds this text. */
#define CHECK_FAILS(call, expected, text)                                                          \
  do {                                                                                             \
    assert_int_equal(call, expected);                                                              \
    if (strstr(ckks_last_error(), text) == NULL)                                                   \
      fail_msg("message \"%s\" does not hold \"%s\"", ckks_last_error(), text);                    \
  } while (0)

typedef struct named_literal {
  const char *name;
  ckks_params_literal literal;
} named_literal;

/* Both kinds of words, one to three special primes, and chains with unequal primes. */
static const named_literal all_literals[] = {
    {"f64, 1 special",
     {.log2_n = 10,
      .n_q = 5,
      .n_p = 1,
      .q_bits = {48, 40, 40, 40, 40},
      .p_bits = {49},
      .log2_scale = 40}},
    {"f64, 2 special",
     {.log2_n = 10,
      .n_q = 6,
      .n_p = 2,
      .q_bits = {48, 38, 38, 38, 38, 38},
      .p_bits = {45, 44},
      .log2_scale = 38}},
    {"f64, 3 special",
     {.log2_n = 10,
      .n_q = 7,
      .n_p = 3,
      .q_bits = {49, 40, 40, 40, 40, 40, 40},
      .p_bits = {45, 44, 43},
      .log2_scale = 40}},
    /* Scales from the top: 2^30, 38, 36, 38, 38; q_l = S_l^2 / S_(l-1). */
    {"f64, unequal",
     {.log2_n = 11,
      .n_q = 5,
      .n_p = 2,
      .q_bits = {46, 38, 34, 40, 22},
      .p_bits = {49, 41},
      .log2_scale = 30}},
    {"u64, 1 special",
     {.log2_n = 10,
      .q = {1152921504606584833}, /* a wide prime: the others may be wide, too */
      .n_q = 5,
      .n_p = 1,
      .q_bits = {60, 50, 50, 50, 50},
      .p_bits = {60},
      .log2_scale = 50}},
    {"u64, 2 special",
     {.log2_n = 10,
      .q = {1152921504606584833},
      .n_q = 5,
      .n_p = 2,
      .q_bits = {60, 45, 45, 45, 45},
      .p_bits = {55, 55},
      .log2_scale = 45}},
    /* Levels and special moduli of two primes each. */
    {"pairs, 1 special",
     {.log2_n = 10,
      .n_q = 5,
      .n_p = 1,
      .q_bits = {60, 40, 40, 40, 40},
      .p_bits = {60},
      .log2_scale = 40}},
    {"pairs, 2 special",
     {.log2_n = 10,
      .n_q = 5,
      .n_p = 2,
      .q_bits = {60, 52, 52, 52, 52},
      .p_bits = {58, 49},
      .log2_scale = 52}},
};
#define N_LITERALS (sizeof all_literals / sizeof *all_literals)

static inline void scheme_init(scheme *s, const named_literal *chosen) {
  static const uint8_t seed[RAND_SEED_BYTES] = {1, 2, 3};
  *s = (scheme){.name = chosen->name};
  ckks_params_literal literal = chosen->literal;
  literal.security = CKKS_SECURITY_NONE;
  CHECK(ckks_params_build(&s->params, &literal));
  CHECK(test_secret_key(&s->secret, seed, s->params));
  CHECK(ckks_evaluation_keys_generate_all(&s->keys, s->secret, s->params));
  CHECK(ckks_evaluator_build(&s->ev, s->params, s->keys));
  s->slots = ckks_params_slots(s->params);
  s->top = ckks_params_max_level(s->params);
}

static inline void scheme_clear(scheme *s) {
  /* All scratch is given back, and what was sized beforehand was enough. */
  assert_int_equal(s->ev->arena.used_bytes, 0);
  assert_int_equal(s->ev->n_spares_used, 0);
  assert_true(s->ev->arena.peak_bytes <= s->ev->arena.capacity_bytes);
  ckks_evaluator_free(s->ev);
  ckks_evaluation_keys_free(s->keys);
  ckks_secret_key_free(s->secret);
  ckks_params_free(s->params);
}

/* Another set of keys in place of all: `specs` of them. */
static inline void scheme_use_keys(scheme *s, const ckks_key_spec *specs, size_t n) {
  ckks_evaluator_free(s->ev);
  ckks_evaluation_keys_free(s->keys);
  CHECK(ckks_evaluation_keys_generate(&s->keys, specs, n, s->secret, s->params));
  CHECK(ckks_evaluator_build(&s->ev, s->params, s->keys));
}

/* Uniform in [-1, 1]. */
static inline double random_unit(uint64_t *state) {
  return (double)(int64_t)test_random(state) * 0x1p-63;
}

static inline void random_slots(ckks_complex *slots, size_t n, uint64_t *state) {
  for (size_t i = 0; i < n; i++)
    slots[i] = (ckks_complex){random_unit(state), random_unit(state)};
}

static inline void random_reals(double *values, size_t n, uint64_t *state) {
  for (size_t i = 0; i < n; i++)
    values[i] = random_unit(state);
}

static inline ckks_ciphertext *new_ciphertext(const scheme *s) {
  ckks_ciphertext *ciphertext = NULL;
  CHECK(ckks_ciphertext_build_at(&ciphertext, s->params, s->top, 3));
  return ciphertext;
}

static inline ckks_ciphertext *encrypt_complex(const scheme *s, const ckks_complex *slots,
                                               int level, double scale) {
  ckks_plaintext *plaintext = NULL;
  ckks_ciphertext *out = new_ciphertext(s);
  CHECK(ckks_plaintext_build(&plaintext, s->params));
  CHECK(ckks_encode_complex(plaintext, slots, s->slots, level, scale, s->params));
  CHECK(ckks_encrypt(out, plaintext, s->secret, s->params));
  ckks_plaintext_free(plaintext);
  return out;
}

static inline ckks_ciphertext *encrypt_real(const scheme *s, const double *values, size_t n,
                                            int level) {
  ckks_plaintext *plaintext = NULL;
  ckks_ciphertext *out = new_ciphertext(s);
  CHECK(ckks_plaintext_build(&plaintext, s->params));
  CHECK(ckks_encode_real(plaintext, values, n, level, 0, s->params));
  CHECK(ckks_encrypt(out, plaintext, s->secret, s->params));
  ckks_plaintext_free(plaintext);
  return out;
}

static inline void decrypt_slots(ckks_complex *slots, const scheme *s,
                                 const ckks_ciphertext *ciphertext) {
  ckks_plaintext *plaintext = NULL;
  CHECK(ckks_plaintext_build(&plaintext, s->params));
  CHECK(ckks_decrypt(plaintext, ciphertext, s->secret, s->params));
  CHECK(ckks_decode_complex(slots, s->slots, plaintext, s->params));
  ckks_plaintext_free(plaintext);
}

/* Largest distance of a slot's real or imaginary part from what it should be. */
static inline double slot_error(const scheme *s, const ckks_ciphertext *ciphertext,
                                const ckks_complex *expected) {
  static ckks_complex slots[MAX_SLOTS];
  double largest = 0;
  decrypt_slots(slots, s, ciphertext);
  for (size_t i = 0; i < s->slots; i++) {
    largest = fmax(largest, fabs(slots[i].re - expected[i].re));
    largest = fmax(largest, fabs(slots[i].im - expected[i].im));
  }
  return largest;
}

/* Root mean square of the real parts' distances, in units of 1 (times the scale). */
static inline double slot_deviation(const scheme *s, const ckks_ciphertext *ciphertext,
                                    const ckks_complex *expected) {
  static ckks_complex slots[MAX_SLOTS];
  double sum = 0;
  decrypt_slots(slots, s, ciphertext);
  for (size_t i = 0; i < s->slots; i++) {
    double error = (slots[i].re - expected[i].re) * ciphertext->scale;
    sum += error * error;
  }
  return sqrt(sum / (double)s->slots);
}

/* The error is below `bound`; and the ciphertext is where it says it is. */
static inline void assert_slots(const scheme *s, const ckks_ciphertext *ciphertext,
                                const ckks_complex *expected, double bound, const char *what) {
  double error = slot_error(s, ciphertext, expected);
  if (!(error <= bound))
    fail_msg("%s, %s at level %d: error %g, allowed %g", s->name, what, ciphertext->level, error,
             bound);
}

static inline ckks_complex complex_mul(ckks_complex a, ckks_complex b) {
  return (ckks_complex){a.re * b.re - a.im * b.im, a.re * b.im + a.im * b.re};
}

/* Runs a test body once for each set of parameters. */
static inline void for_all_schemes(void (*body)(scheme *s)) {
  for (size_t i = 0; i < N_LITERALS; i++) {
    scheme s;
    scheme_init(&s, &all_literals[i]);
    body(&s);
    scheme_clear(&s);
  }
}

/*
 * Runs `attempt` (which must clean up behind itself) with allocation 1, 2, ... failing until
 * it gets through; each failure must be CKKS_ERROR_MEMORY. Leaks are for the sanitizer.
 */
static inline void fail_each_allocation(ckks_status (*attempt)(void *), void *context) {
  for (long k = 1; k < 10000; k++) {
    base_alloc_fail_at(k);
    ckks_status status = attempt(context);
    base_alloc_fail_at(0);
    if (status == CKKS_OK)
      return;
    assert_int_equal(status, CKKS_ERROR_MEMORY);
  }
  fail_msg("never succeeds");
}
#endif
