/* SPDX-License-Identifier: Apache-2.0 */
#include "secret/fixture.h"

static ring_word word_of(int64_t x, const ckks_params *params) {
  const ring_modulus *modulus = &params->ring.modulus[0];
  uint64_t reduced = ring_modulus_reduce(x, modulus);
  return params->ring.kind == RING_F64
             ? (ring_word){.f = (double)ring_modulus_centre(reduced, modulus)}
             : (ring_word){.u = reduced};
}

/*
 * Encrypts a repeated vector at level 0 and brings c0, c1 into the form that arrives from a
 * server: coefficients, of c0 the first, and at multiples of gap those less their mirror images.
 * `imaginary` is the other half of each slot.
 */
static void encrypt_sparse(ring_word *c0, ring_word *c1, const double *values, double imaginary,
                           size_t n_values, double scale, const ckks_secret_key *key,
                           const ckks_params *params) {
  const ring_ring *ring = &params->ring;
  ckks_plaintext *plaintext = new_plaintext(params);
  ckks_ciphertext *ciphertext = new_ciphertext(params);
  size_t gap = ring->n / (2 * n_values);
  ckks_complex *slots = base_alloc(ring->n / 2 * sizeof *slots);
  for (size_t j = 0; j < ring->n / 2; j++)
    slots[j] = (ckks_complex){values[j % n_values], imaginary};
  assert_int_equal(ckks_encode_complex(plaintext, slots, ring->n / 2, 0, scale, params), CKKS_OK);
  base_free(slots);
  assert_int_equal(ckks_encrypt(ciphertext, plaintext, key, params), CKKS_OK);
  ring->kernel->ntt_inverse(c1, ring_poly_limb(&ciphertext->part[0], 0), ring->ntt[0]);
  c0[0] = c1[0];
  for (size_t k = 1; k < n_values; k++)
    c0[k] = word_of((int64_t)(word_value(c1[k * gap], 0, params) -
                              word_value(c1[ring->n - k * gap], 0, params)),
                    params);
  ring->kernel->ntt_inverse(c1, ring_poly_limb(&ciphertext->part[1], 0), ring->ntt[0]);
  ckks_ciphertext_free(ciphertext);
  ckks_plaintext_free(plaintext);
}

static void every_size(ckks_params_literal literal) {
  ckks_params *params = build_params(literal);
  ckks_secret_key *key = key_of(1, params);
  size_t n = params->ring.n;
  ring_word *c0 = base_alloc(2 * n * sizeof *c0), *c1 = c0 + n;
  double *values = base_alloc(n * sizeof *values), *decrypted = values + n / 2;
  double scale = exp2(literal.q_bits[0] - 8);
  uint64_t random = 1;
  /* The error keeps n_values of the N/2 slots' parts: sigma sqrt(n_values), rounding beside it. */
  for (size_t n_values = 1; n_values <= n / 2; n_values *= 2) {
    for (size_t i = 0; i < n_values; i++)
      values[i] = 50 * random_unit(&random);
    for (int imaginary = 0; imaginary <= 40; imaginary += 40) { /* seen by nobody */
      encrypt_sparse(c0, c1, values, imaginary, n_values, scale, key, params);
      assert_int_equal(
          secret_decrypt_sparse(decrypted, c0, c1, n / (2 * n_values), scale, key, params),
          CKKS_OK);
      double bound = 8 * RING_ERROR_SIGMA * sqrt((double)n_values) / scale + 100 * 0x1p-50;
      for (size_t i = 0; i < n_values; i++)
        assert_true(fabs(decrypted[i] - values[i]) < bound);
    }
  }
  base_free(values);
  base_free(c0);
  ckks_secret_key_free(key);
  ckks_params_free(params);
}

/* Base primes from small to 60 bits: from one reduction in all to one every four products. */
static void all_sizes_and_words(void **unused) {
  (void)unused;
  every_size(literal_f64());
  every_size(literal_u64());
  ckks_params_literal literal = literal_f64();
  literal.q_bits[0] = 30;
  every_size(literal);
  literal.q_bits[0] = 49;
  literal.log2_n = 11;
  every_size(literal);
}

static __int128 coefficient(const ring_word *c1, int k, const ckks_secret_key *key,
                            const ckks_params *params) {
  __int128 sum = 0;
  for (int j = 0; j < 1024; j++) /* X^j X^(k-j), or -X^j X^(k-j+N) */
    sum += (__int128)word_value(c1[j], 0, params) * key->ternary[(k - j + 1024) % 1024] *
           (j <= k ? 1 : -1);
  return sum;
}

/* No noise at all: any c0 and c1 give the numbers of c0 + c1 s modulo q, by definition. */
static void coefficients_are_exact(void **unused) {
  (void)unused;
  ckks_params_literal literals[] = {literal_f64(), literal_u64()};
  for (int l = 0; l < 2; l++) {
    ckks_params *params = build_params(literals[l]);
    ckks_secret_key *key = key_of(2, params);
    const ring_modulus *modulus = &params->ring.modulus[0];
    uint8_t seed[RAND_SEED_BYTES] = {3};
    ring_word *words = base_alloc(2 * 1024 * sizeof *words), *c1 = words + 1024;
    ring_sample_uniform(words, seed, 0, 1024, modulus, params->ring.kernel);
    ring_sample_uniform(c1, seed, 1, 1024, modulus, params->ring.kernel);
    /* One slot: coefficient 0. */
    double value, two[2];
    assert_int_equal(secret_decrypt_sparse(&value, words, c1, 512, 1, key, params), CKKS_OK);
    __int128 sum = word_value(words[0], 0, params) + coefficient(c1, 0, key, params);
    int64_t first = ring_modulus_centre(ring_modulus_reduce(sum, modulus), modulus);
    assert_true(value == (double)first);
    /* Two: coefficient 0, and that of X^(N/4) less that of X^(3N/4): m + d cos(pi/4), and minus. */
    assert_int_equal(secret_decrypt_sparse(two, words, c1, 256, 1, key, params), CKKS_OK);
    sum = word_value(words[1], 0, params) + coefficient(c1, 256, key, params) -
          coefficient(c1, 768, key, params);
    double other = (double)ring_modulus_centre(ring_modulus_reduce(sum, modulus), modulus);
    double largest = (double)modulus->p;
    assert_true(fabs(0.5 * (two[0] + two[1]) - (double)first) < largest * 0x1p-48);
    assert_true(fabs(sqrt(0.5) * (two[0] - two[1]) - other) < largest * 0x1p-48);
    base_free(words);
    ckks_secret_key_free(key);
    ckks_params_free(params);
  }
}

/* All c1 = (q-1)/2 under a key of ones: the largest sums there can be. */
static void the_largest_sums_fit(void **unused) {
  (void)unused;
  ckks_params_literal literals[] = {literal_f64(), literal_u64()};
  literals[0].q_bits[0] = 48;
  literals[0].log2_n = 14;
  for (int l = 0; l < 2; l++) {
    ckks_params *params = build_params(literals[l]);
    size_t n = params->ring.n;
    const ring_modulus *modulus = &params->ring.modulus[0];
    int8_t *ternary = base_alloc(n);
    ring_word *words = base_alloc((n + 2) * sizeof *words), *c1 = words, *c0 = words + n;
    uint64_t largest = (modulus->p - 1) / 2;
    ckks_secret_key *key;
    memset(ternary, -1, n);
    ternary[0] = 1; /* coefficient 0 of c1 s is then c1[0] + N-1 times c1: all of one sign */
    for (size_t j = 0; j < n; j++) {
      if (params->ring.kind == RING_F64)
        c1[j].f = (double)largest;
      else
        c1[j].u = largest;
    }
    double value;
    assert_int_equal(secret_key_from_ternary(&key, ternary, params), CKKS_OK);
    assert_int_equal(secret_decrypt_sparse(&value, c0, c1, n / 2, 1, key, params), CKKS_OK);
    uint64_t sum = ring_modulus_reduce((__int128)largest * (__int128)n, modulus);
    assert_true(value == (double)ring_modulus_centre(sum, modulus));
    base_free(words);
    base_free(ternary);
    ckks_secret_key_free(key);
    ckks_params_free(params);
  }
}

static void refusals(void **unused) {
  (void)unused;
  ckks_params *params = build_params(literal_f64()), *others = build_params(literal_u64());
  ckks_secret_key *key = key_of(4, params);
  ring_word *words = base_alloc(1024 * sizeof *words);
  double values[512] = {42};
  size_t bad[] = {0, 3, 1024, 2048};
  for (int i = 0; i < 4; i++)
    assert_fails(secret_decrypt_sparse(values, words, words, bad[i], 1, key, params),
                 CKKS_ERROR_ARGUMENT, "must be a power of two up to 512");
  assert_fails(secret_decrypt_sparse(values, words, words, 512, 0, key, params),
               CKKS_ERROR_ARGUMENT, "scale = 0");
  assert_fails(secret_decrypt_sparse(values, words, words, 512, (double)NAN, key, params),
               CKKS_ERROR_ARGUMENT, "scale");
  assert_fails(secret_decrypt_sparse(values, words, words, 512, 1, key, others),
               CKKS_ERROR_MISMATCH, "secret key");
  assert_true(values[0] == 42);
  base_free(words);
  ckks_secret_key_free(key);
  ckks_params_free(params);
  ckks_params_free(others);
}

typedef struct attempt {
  const ckks_params *params;
  const ckks_secret_key *key;
  ring_word words[1024];
} attempt;

static ckks_status decrypt(void *context) {
  attempt *a = context;
  double value;
  return secret_decrypt_sparse(&value, a->words, a->words, 512, 1, a->key, a->params);
}

static void allocations_may_fail(void **unused) {
  (void)unused;
  ckks_params *params = build_params(literal_f64());
  ckks_secret_key *key = key_of(5, params);
  attempt a = {.params = params, .key = key};
  fail_each_allocation(decrypt, &a);
  ckks_secret_key_free(key);
  ckks_params_free(params);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(all_sizes_and_words),  cmocka_unit_test(coefficients_are_exact),
      cmocka_unit_test(the_largest_sums_fit), cmocka_unit_test(refusals),
      cmocka_unit_test(allocations_may_fail),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
