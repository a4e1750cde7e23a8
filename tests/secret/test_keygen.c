/* SPDX-License-Identifier: Apache-2.0 */
#include "secret/fixture.h"
#include <gmp.h>

static void check_error(const int64_t *error, const int64_t *first, double *squares) {
  *squares = 0;
  assert_memory_equal(error, first, 1024 * sizeof *error);
  for (int k = 0; k < 1024; k++) {
    assert_in_range(error[k] + RING_ERROR_MAX, 0, 2 * RING_ERROR_MAX);
    *squares += (double)(error[k] * error[k]);
  }
  assert_true(fabs(*squares / 1024 / 10.5 - 1) < 0.22); /* five deviations of a variance */
}

/* b + a s = e, the same small integers on every limb; a is the seed's. */
static void public_key_is_an_encryption_of_zero(void **unused) {
  (void)unused;
  ckks_params_literal literals[] = {literal_f64(), literal_u64()};
  for (int i = 0; i < 2; i++) {
    ckks_params *params = build_params(literals[i]);
    ckks_secret_key *secret = key_of(3, params);
    ckks_public_key *key, *expanded;
    const ring_ring *ring = &params->ring;
    _Alignas(64) int64_t first[1024], error[1024], a[1024], b[1024];
    double squares;
    assert_int_equal(ckks_public_key_generate(&key, secret, params), CKKS_OK);
    assert_int_equal(ckks_public_key_build(&expanded, params), CKKS_OK);
    ckks_seed_expand(&expanded->a, params->ring.n_moduli, key->seed, params);
    assert_memory_equal(key->params_hash, params->hash, CKKS_HASH_BYTES);
    for (int limb = 0; limb < params->ring.n_moduli; limb++) {
      ring_word *sum = ring_poly_limb(&expanded->b, limb);
      memcpy(sum, ring_poly_limb(&key->b, limb), 1024 * sizeof *sum);
      ring->kernel->mul_add(sum, ring_poly_limb(&key->a, limb), ring_poly_limb(&secret->s, limb),
                            1024, &ring->modulus[limb]);
      limb_integers(error, sum, limb, params);
      if (limb == 0)
        memcpy(first, error, sizeof first);
      check_error(error, first, &squares);
      limb_integers(a, ring_poly_limb(&key->a, limb), limb, params);
      limb_integers(b, ring_poly_limb(&expanded->a, limb), limb, params);
      assert_memory_equal(a, b, sizeof a);
    }
    ckks_public_key_free(expanded);
    ckks_public_key_free(key);
    ckks_secret_key_free(secret);
    ckks_params_free(params);
  }
}

/* ------------------------------------------------------ switching keys */

/* sigma_g on integer coefficients, by definition: X^k -> X^(g k), X^N = -1. */
static void automorphism(int64_t *out, const int8_t *in, uint64_t g, size_t n) {
  for (uint64_t k = 0; k < n; k++) {
    uint64_t to = g * k % (2 * n);
    out[to % n] = to < n ? in[k] : -in[k];
  }
}

/* s^2 by definition. */
static void square(int64_t *out, const int8_t *s, size_t n) {
  memset(out, 0, n * sizeof *out);
  for (size_t i = 0; i < n; i++) {
    for (size_t j = 0; j < n; j++)
      out[(i + j) % n] += i + j < n ? s[i] * s[j] : -s[i] * s[j];
  }
}

static uint64_t inverse_by_search(uint64_t g, uint64_t n) {
  for (uint64_t x = 1; x < 2 * n; x += 2) {
    if (g * x % (2 * n) == 1)
      return x;
  }
  return 0;
}

/*
 * e = b + a t - [limb in digit] P s' with everything but the key's own words made
 * from the ternary coefficients by definition.
 */
static void key_error(int64_t *error, const ckks_switch_key *key, int digit, int i,
                      const int64_t *source, const int64_t *target, const ckks_params *params) {
  const ring_ring *ring = &params->ring;
  int limb = ckks_params_limb(params, key->level, i);
  const ring_modulus *modulus = &ring->modulus[limb];
  ring_poly work;
  assert_int_equal(ring_poly_init(&work, 4, ring), CKKS_OK);
  ring_word *b = ring_poly_limb(&work, 0), *a = ring_poly_limb(&work, 1);
  ring_word *t = ring_poly_limb(&work, 2), *s = ring_poly_limb(&work, 3);
  ckks_switch_key_get(b, a, key, digit, i, params);
  /* a is the seed's, in the documented domain. */
  ring_sample_uniform(t, key->seed, (uint64_t)(digit * 64 + limb), ring->n, modulus, ring->kernel);
  _Alignas(64) int64_t left[1024], right[1024];
  limb_integers(left, a, limb, params);
  limb_integers(right, t, limb, params);
  assert_memory_equal(left, right, sizeof left);
  ckks_encode_int64(t, target, limb, params);
  ring->kernel->mul_add(b, a, t, ring->n, modulus);
  if (i <= key->level && i / key->n_special == digit) {
    mpz_t p; /* P modulo the limb's prime */
    mpz_init_set_ui(p, 1);
    for (int k = 0; k < key->n_special; k++)
      mpz_mul_ui(p, p, params->literal.p[k]);
    ckks_encode_int64(s, source, limb, params);
    ring->kernel->mul_scalar(s, s, mpz_fdiv_ui(p, modulus->p), ring->n, modulus);
    ring->kernel->sub(b, b, s, ring->n, modulus);
    mpz_clear(p);
  }
  limb_integers(error, b, limb, params);
  ring_poly_clear(&work);
}

static void check_key(const ckks_switch_key *key, const ckks_secret_key *secret,
                      const ckks_params *params) {
  _Alignas(64) int64_t source[1024], target[1024], first[1024], error[1024];
  double squares;
  if (key->galois == 0) {
    square(source, secret->ternary, 1024);
    automorphism(target, secret->ternary, 1, 1024);
  } else {
    automorphism(source, secret->ternary, 1, 1024);
    automorphism(target, secret->ternary, inverse_by_search(key->galois, 1024), 1024);
  }
  assert_int_equal(key->n_digits, (key->level + key->n_special) / key->n_special);
  for (int digit = 0; digit < key->n_digits; digit++) {
    for (int i = 0; i < key->n_limbs; i++) {
      key_error(error, key, digit, i, source, target, params);
      if (i == 0)
        memcpy(first, error, sizeof first);
      check_error(error, first, &squares);
    }
  }
}

static void switching_keys_satisfy_their_equation(void **unused) {
  (void)unused;
  ckks_params_literal literals[] = {literal_f64(), literal_u64()};
  for (int i = 0; i < 2; i++) {
    ckks_params *params = build_params(literals[i]);
    ckks_secret_key *secret = key_of(4, params);
    ckks_evaluation_keys *keys;
    ckks_key_spec specs[] = {
        {.galois = 0, .level = -1, .n_special = 0},
        {.galois = ckks_galois_rotation(params, 1), .level = 2, .n_special = 1},
        {.galois = ckks_galois_rotation(params, -3), .level = 0, .n_special = 0},
        {.galois = ckks_galois_conjugation(params), .level = 1, .n_special = 0},
    };
    assert_int_equal(ckks_evaluation_keys_generate(&keys, specs, 4, secret, params), CKKS_OK);
    assert_int_equal(keys->n_keys, 4);
    assert_memory_equal(keys->params_hash, params->hash, CKKS_HASH_BYTES);
    for (int k = 0; k < 4; k++) {
      const ckks_switch_key *key = ckks_evaluation_keys_find(keys, specs[k].galois, 0);
      assert_non_null(key);
      assert_int_equal(key->level, specs[k].level == -1 ? literals[i].n_q - 1 : specs[k].level);
      check_key(key, secret, params);
      assert_true((key->index == NULL) == (key->galois == 0));
    }
    ckks_evaluation_keys_free(keys);
    ckks_secret_key_free(secret);
    ckks_params_free(params);
  }
}

/* ---------------------------------------------------- the sparse secret */

static const ckks_key_spec sparse_specs[] = {{CKKS_KEY_TO_SPARSE, -1, 0},
                                             {CKKS_KEY_FROM_SPARSE, -1, 0}};

/* Every coefficient of v = P t mod the limb divided by P; v is left over from key_error. */
static void divide_by_special(int64_t *t, const int64_t *v, int limb, const ckks_params *params) {
  const ring_modulus *modulus = &params->ring.modulus[limb];
  uint64_t inverse = ring_modulus_inverse(ckks_params_special_product(params, 1, limb), modulus);
  for (int k = 0; k < 1024; k++)
    t[k] = ring_modulus_centre(
        ring_modulus_mul(ring_modulus_reduce(v[k], modulus), inverse, modulus), modulus);
}

/*
 * From b + a s = e + P t on all limbs, one digit: e shows over the special prime, and then t, the
 * sparse secret, is the same ternary polynomial of weight 32 on every limb of the chain.
 */
static void find_sparse(int64_t *t, const ckks_switch_key *key, const ckks_secret_key *secret,
                        const ckks_params *params) {
  _Alignas(64) int64_t zero[1024] = {0}, s[1024], e[1024], v[1024], again[1024];
  double squares;
  int weight = 0;
  automorphism(s, secret->ternary, 1, 1024);
  assert_int_equal(key->n_digits, 1);
  assert_int_equal(key->n_special, 1);
  assert_int_equal(key->level, params->literal.n_q - 1);
  key_error(e, key, 0, key->level + 1, zero, s, params);
  check_error(e, e, &squares);
  for (int limb = 0; limb <= key->level; limb++) {
    key_error(v, key, 0, limb, zero, s, params);
    for (int k = 0; k < 1024; k++)
      v[k] -= e[k];
    divide_by_special(limb == 0 ? t : again, v, limb, params);
    if (limb > 0)
      assert_memory_equal(t, again, sizeof again);
  }
  for (int k = 0; k < 1024; k++) {
    assert_in_range(t[k] + 1, 0, 2);
    weight += t[k] != 0;
  }
  assert_int_equal(weight, CKKS_SPARSE_WEIGHT);
}

static void sparse_keys_satisfy_their_equations(void **unused) {
  (void)unused;
  ckks_params *params = build_params(literal_f64());
  ckks_secret_key *secret = key_of(11, params);
  _Alignas(64) int64_t t[2][1024], s[1024], e[1024], first[1024];
  double squares;
  automorphism(s, secret->ternary, 1, 1024);
  for (int turn = 0; turn < 2; turn++) {
    ckks_evaluation_keys *keys;
    assert_int_equal(ckks_evaluation_keys_generate(&keys, sparse_specs, 2, secret, params),
                     CKKS_OK);
    find_sparse(t[turn], ckks_evaluation_keys_find(keys, CKKS_KEY_FROM_SPARSE, 4), secret, params);
    const ckks_switch_key *to = ckks_evaluation_keys_find(keys, CKKS_KEY_TO_SPARSE, 0);
    /* Under the sparse secret stands one digit modulo q_0 p_0, and nothing else. */
    assert_int_equal(to->level, 0);
    assert_int_equal(to->n_special, 1);
    assert_int_equal(to->n_digits, 1);
    for (int i = 0; i < 2; i++) {
      key_error(e, to, 0, i, s, t[turn], params);
      if (i == 0)
        memcpy(first, e, sizeof first);
      check_error(e, first, &squares);
    }
    ckks_evaluation_keys_free(keys);
  }
  assert_memory_not_equal(t[0], t[1], sizeof t[0]); /* nobody keeps it */
  ckks_secret_key_free(secret);
  ckks_params_free(params);
}

static void the_sparse_secret_is_guarded(void **unused) {
  (void)unused;
  ckks_params *params = build_params(literal_f64());
  ckks_secret_key *secret = key_of(12, params);
  ckks_evaluation_keys *keys = NULL;
  ckks_key_spec high = {CKKS_KEY_TO_SPARSE, 1, 1}, wide = {CKKS_KEY_TO_SPARSE, 0, 2};
  for (int i = 0; i < 2; i++)
    assert_fails(ckks_evaluation_keys_generate(&keys, &sparse_specs[i], 1, secret, params),
                 CKKS_ERROR_ARGUMENT, "made together");
  assert_fails(ckks_evaluation_keys_generate(&keys, &high, 1, secret, params), CKKS_ERROR_SECURITY,
               "level 0 with one special prime");
  assert_fails(ckks_evaluation_keys_generate(&keys, &wide, 1, secret, params), CKKS_ERROR_SECURITY,
               "level 0 with one special prime");
  ckks_secret_key_free(secret);
  ckks_params_free(params);
  /* Good enough for a ternary secret, and no entry for a sparse one: N is too small. */
  ckks_params_literal literal = {.log2_n = 13,
                                 .n_q = 2,
                                 .n_p = 1,
                                 .q_bits = {45, 36},
                                 .p_bits = {45},
                                 .log2_scale = 36,
                                 .security = CKKS_SECURITY_128};
  params = build_params(literal);
  ckks_key_spec spec = sparse_specs[0];
  assert_fails(ckks_key_spec_check(&spec, params), CKKS_ERROR_SECURITY, "under the sparse secret");
  ckks_params_free(params);
}

/* Digits and keys have errors and seeds of their own. */
static void nothing_is_used_twice(void **unused) {
  (void)unused;
  ckks_params *params = build_params(literal_f64());
  ckks_secret_key *secret = key_of(5, params);
  ckks_evaluation_keys *keys;
  _Alignas(64) int64_t identity[1024], squared[1024], errors[3][1024];
  ckks_key_spec specs[] = {{.galois = 0, .level = 3, .n_special = 2},
                           {.galois = 5, .level = 3, .n_special = 2}};
  assert_int_equal(ckks_evaluation_keys_generate(&keys, specs, 2, secret, params), CKKS_OK);
  assert_memory_not_equal(keys->key[0].seed, keys->key[1].seed, RAND_SEED_BYTES);
  automorphism(identity, secret->ternary, 1, 1024);
  square(squared, secret->ternary, 1024);
  for (int digit = 0; digit < 2; digit++)
    key_error(errors[digit], &keys->key[0], digit, 0, squared, identity, params);
  assert_memory_not_equal(errors[0], errors[1], sizeof errors[0]);
  ckks_evaluation_keys_free(keys);
  ckks_secret_key_free(secret);
  ckks_params_free(params);
}

static void duplicates_are_merged(void **unused) {
  (void)unused;
  ckks_params *params = build_params(literal_f64());
  ckks_secret_key *secret = key_of(6, params);
  ckks_evaluation_keys *keys;
  uint32_t g = ckks_galois_rotation(params, 2);
  ckks_key_spec specs[] = {
      {g, 1, 1}, {0, 2, 0}, {g, 3, 2}, {ckks_galois_rotation(params, 2 - 512), 2, 1}};
  assert_int_equal(ckks_evaluation_keys_generate(&keys, specs, 4, secret, params), CKKS_OK);
  assert_int_equal(keys->n_keys, 2);
  assert_int_equal(keys->key[0].galois, 0);
  assert_int_equal(keys->key[1].level, 3);
  assert_int_equal(keys->key[1].n_special, 2);
  ckks_evaluation_keys_free(keys);
  /* None is a set too. */
  assert_int_equal(ckks_evaluation_keys_generate(&keys, NULL, 0, secret, params), CKKS_OK);
  assert_int_equal(keys->n_keys, 0);
  assert_null(ckks_evaluation_keys_find(keys, 0, 0));
  ckks_evaluation_keys_free(keys);
  ckks_secret_key_free(secret);
  ckks_params_free(params);
}

static void all_means_every_power_of_two(void **unused) {
  (void)unused;
  ckks_params_literal literal = literal_f64();
  literal.n_q = 2;
  ckks_params *params = build_params(literal);
  ckks_secret_key *secret = key_of(7, params);
  ckks_evaluation_keys *keys;
  assert_int_equal(ckks_evaluation_keys_generate_all(&keys, secret, params), CKKS_OK);
  assert_int_equal(keys->n_keys, 2 + 2 * 9 - 1); /* 1, 2, ... 256 both ways; 256 = -256 */
  assert_non_null(ckks_evaluation_keys_find(keys, 0, 1));
  assert_non_null(ckks_evaluation_keys_find(keys, ckks_galois_conjugation(params), 1));
  for (int steps = 1; steps <= 256; steps *= 2) {
    assert_non_null(ckks_evaluation_keys_find(keys, ckks_galois_rotation(params, steps), 1));
    assert_non_null(ckks_evaluation_keys_find(keys, ckks_galois_rotation(params, -steps), 1));
  }
  assert_null(ckks_evaluation_keys_find(keys, ckks_galois_rotation(params, 3), 1));
  ckks_evaluation_keys_free(keys);
  ckks_secret_key_free(secret);
  ckks_params_free(params);
}

static void refusals(void **unused) {
  (void)unused;
  ckks_params *params = build_params(literal_f64()), *others = build_params(literal_u64());
  ckks_secret_key *secret = key_of(8, params);
  ckks_evaluation_keys *keys = NULL;
  ckks_public_key *key = NULL;
  ckks_key_spec even = {.galois = 6, .level = -1}, good = {.galois = 0, .level = -1};
  assert_fails(ckks_evaluation_keys_generate(&keys, &even, 1, secret, params), CKKS_ERROR_ARGUMENT,
               "galois = 6");
  assert_fails(ckks_evaluation_keys_generate(&keys, &good, 1, secret, others), CKKS_ERROR_MISMATCH,
               "secret key");
  assert_fails(ckks_public_key_generate(&key, secret, others), CKKS_ERROR_MISMATCH, "secret key");
  assert_null(keys);
  assert_null(key);
  ckks_secret_key_free(secret);
  ckks_params_free(params);
  ckks_params_free(others);
}

typedef struct attempt {
  const ckks_params *params;
  const ckks_secret_key *secret;
} attempt;

static ckks_status generate_public(void *context) {
  attempt *a = context;
  ckks_public_key *key = NULL;
  ckks_status status = ckks_public_key_generate(&key, a->secret, a->params);
  assert_true((status == CKKS_OK) == (key != NULL));
  ckks_public_key_free(key);
  return status;
}

static ckks_status generate_keys(void *context) {
  attempt *a = context;
  ckks_evaluation_keys *keys = NULL;
  ckks_key_spec specs[] = {
      {.galois = 5, .level = 1}, {.galois = 0, .level = 0}, sparse_specs[0], sparse_specs[1]};
  ckks_status status = ckks_evaluation_keys_generate(&keys, specs, 4, a->secret, a->params);
  assert_true((status == CKKS_OK) == (keys != NULL));
  ckks_evaluation_keys_free(keys);
  return status;
}

static void allocations_may_fail(void **unused) {
  (void)unused;
  ckks_params *params = build_params(literal_f64());
  ckks_secret_key *secret = key_of(9, params);
  attempt a = {params, secret};
  fail_each_allocation(generate_public, &a);
  fail_each_allocation(generate_keys, &a);
  ckks_secret_key_free(secret);
  ckks_params_free(params);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(public_key_is_an_encryption_of_zero),
      cmocka_unit_test(switching_keys_satisfy_their_equation),
      cmocka_unit_test(sparse_keys_satisfy_their_equations),
      cmocka_unit_test(the_sparse_secret_is_guarded),
      cmocka_unit_test(nothing_is_used_twice),
      cmocka_unit_test(duplicates_are_merged),
      cmocka_unit_test(all_means_every_power_of_two),
      cmocka_unit_test(refusals),
      cmocka_unit_test(allocations_may_fail),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
