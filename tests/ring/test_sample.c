/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Samplers against their definitions, against answers computed elsewhere, and
 * against their distributions from both sides: a chi-square that is too small
 * says as clearly as one too large that the numbers are not what they should be.
 */
#include "ring/sample.h"

#include "base/alloc.h"
#include "base/bytes.h"
#include "base/digest.h"
#include "ring/prime.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

enum { N_MAX = 1 << 15 };
static _Alignas(64) ring_word words[N_MAX + 8];
static _Alignas(64) uint64_t values[N_MAX];
static uint8_t seed[RAND_SEED_BYTES];

static const ring_kernel *kernel_for(uint64_t p) {
  return ring_kernel_get(p >> RING_F64_BITS == 0 ? RING_F64 : RING_U64);
}

static void count_up(uint8_t out[RAND_SEED_BYTES]) {
  for (int i = 0; i < RAND_SEED_BYTES; i++)
    out[i] = (uint8_t)i;
}

static void assert_digest(const void *bytes, size_t n_bytes, const char *expected_hex) {
  uint8_t digest[BASE_DIGEST_BYTES];
  char hex[2 * BASE_DIGEST_BYTES + 1];
  base_digest(digest, bytes, n_bytes);
  for (size_t i = 0; i < BASE_DIGEST_BYTES; i++)
    snprintf(hex + 2 * i, 3, "%02x", digest[i]);
  assert_string_equal(hex, expected_hex);
}

static void sample_values(uint64_t p, uint64_t domain, size_t n) {
  ring_modulus m;
  ring_modulus_init(&m, p);
  const ring_kernel *kernel = kernel_for(p);
  ring_sample_uniform(words, seed, domain, n, &m, kernel);
  kernel->to_uint64(values, words, n, &m);
}

/*
 * The definition is frozen: files hold seeds. Computed by an independent
 * program, ChaCha20 included; the digest is over the values as 64-bit
 * little-endian words.
 */
static void uniform_known_answers(void **state) {
  (void)state;
  static const struct {
    uint64_t p, domain, first[4], last;
    size_t n;
    const char *digest;
  } answers[] = {
      {562949952847873,
       0,
       {499012875320633, 242684828827021, 244900911658378, 258214717148338},
       53990262431944,
       2048,
       "f384db783dd52bda45b07efbd506a5e42ab574362b6200663d5a7bc1c9dc0102"},
      {786433, /* a prime just above 3/4 of 2^20: one word in four is rejected */
       7,
       {366681, 611317, 136124, 691364},
       782464,
       2048,
       "6826a7c6eb4a8e71224e53d593d07bcca8c88c7536f3c7d648457c25f2e2bffc"},
      {2305843009211596801U,
       9223372036854775809U,
       {1940234271599193236, 578116147341637471, 490281567514685580, 1652038296793637310},
       2001270888500774923,
       1024,
       "1701ccd10e9f389074a92e1b29dce5e871afd8640147a2fa7d94be1b8855906e"},
  };
  count_up(seed);
  for (size_t i = 0; i < sizeof answers / sizeof *answers; i++) {
    sample_values(answers[i].p, answers[i].domain, answers[i].n);
    assert_memory_equal(values, answers[i].first, sizeof answers[i].first);
    assert_true(values[answers[i].n - 1] == answers[i].last);
    assert_digest(values, answers[i].n * 8, answers[i].digest);
  }
}

static uint64_t next_word(rand_stream *stream) {
  uint8_t bytes[8];
  rand_stream_read(stream, bytes, 8);
  return base_load_u64(bytes);
}

/* Word by word as the header says, for primes that reject nearly never and nearly half. */
static void uniform_is_its_definition(void **state) {
  (void)state;
  for (int bits = 18; bits <= 61; bits++) {
    uint64_t high = ring_prime_below(((uint64_t)1 << bits) - 1, 10);
    uint64_t low = ring_prime_near(ldexp(1.05, bits - 1), 10, NULL, 0);
    for (int which = 0; which < 2; which++) {
      uint64_t p = which == 0 ? high : low;
      size_t n = which == 0 ? 3072 : 8192;
      seed[0] = (uint8_t)bits;
      ring_word guard = {.u = 0x1234567890abcdefU};
      words[n] = guard;
      sample_values(p, (uint64_t)which, n);
      assert_true(words[n].u == guard.u);
      rand_stream stream;
      rand_stream_init(&stream, seed, (uint64_t)which);
      for (size_t i = 0; i < n;) {
        uint64_t value = next_word(&stream) & (((uint64_t)1 << bits) - 1);
        if (value >= p)
          continue;
        assert_true(values[i] == value);
        i++;
      }
    }
  }
}

/* What comes out is centred: bit for bit what `centre` leaves alone, on every table. */
static void uniform_is_centred_on_every_table(void **state) {
  (void)state;
  const size_t n = 4096;
  uint64_t p = ring_prime_below(((uint64_t)1 << 49) - 1, 12);
  ring_modulus m;
  ring_modulus_init(&m, p);
  ring_word *first = base_alloc(n * sizeof *first), *centred = base_alloc(n * sizeof *centred);
  ring_sample_uniform(first, seed, 5, n, &m, ring_kernel_get(RING_F64));
  for (size_t i = 0; i < n; i++)
    assert_true(fabs(first[i].f) <= (double)(p / 2) && first[i].f == rint(first[i].f));
  for (int k = 0; ring_kernel_at(k) != NULL; k++) {
    const ring_kernel *kernel = ring_kernel_at(k);
    if (kernel->kind != RING_F64 || !ring_kernel_usable(kernel))
      continue;
    ring_sample_uniform(words, seed, 5, n, &m, kernel);
    assert_memory_equal(words, first, n * sizeof *first);
    kernel->centre(centred, words, n, &m);
    assert_memory_equal(words, centred, n * sizeof *first);
  }
  base_free(centred);
  base_free(first);
}

/* Deviation of counts from their expectation: about n_bins - 1 when all is well. */
static double chi_square(const double *counts, const double *expected, int n_bins) {
  double sum = 0;
  for (int i = 0; i < n_bins; i++)
    sum += (counts[i] - expected[i]) * (counts[i] - expected[i]) / expected[i];
  return sum;
}

/* Six standard deviations of a chi-square with that many degrees of freedom, both ways. */
static void assert_plausible(double chi, int degrees) {
  double spread = 6 * sqrt(2.0 * degrees);
  assert_true(chi < degrees + spread);
  assert_true(chi > degrees - spread);
}

static void uniform_is_uniform(void **state) {
  (void)state;
  enum { N_BINS = 256 };
  static const uint64_t primes[] = {786433, 562949952847873, 2305843009211596801U};
  for (int which = 0; which < 3; which++) {
    double counts[N_BINS] = {0}, expected[N_BINS];
    sample_values(primes[which], 99, N_MAX);
    for (size_t i = 0; i < N_MAX; i++) {
      assert_true(values[i] < primes[which]);
      counts[(size_t)((double)values[i] / (double)primes[which] * N_BINS)]++;
    }
    for (int i = 0; i < N_BINS; i++)
      expected[i] = (double)N_MAX / N_BINS;
    assert_plausible(chi_square(counts, expected, N_BINS), N_BINS - 1);
  }
}

/* ------------------------------------------------------------------ secret samplers */

static int64_t integers[300000];
#define N_INTEGERS (sizeof integers / sizeof *integers)

static int bits_in(uint64_t word, int from, int to) {
  int count = 0;
  for (int bit = from; bit < to; bit++)
    count += (int)(word >> bit & 1);
  return count;
}

static void secrets_are_their_definitions(void **state) {
  (void)state;
  static const size_t sizes[] = {0, 1, 127, 128, 129, 1000, 8192};
  count_up(seed);
  for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++) {
    rand_stream stream, words_of_it;
    rand_stream_init(&stream, seed, s);
    rand_stream_init(&words_of_it, seed, s);
    integers[sizes[s]] = 77;
    ring_sample_ternary(integers, sizes[s], &stream);
    for (size_t i = 0; i < sizes[s]; i++) {
      uint64_t u = next_word(&words_of_it) & (((uint64_t)1 << 62) - 1);
      assert_int_equal(integers[i], (int64_t)((unsigned __int128)u * 3 >> 62) - 1);
    }
    /* Goes on in the same stream, and takes one word a value. */
    ring_sample_error(integers, sizes[s], &stream);
    for (size_t i = 0; i < sizes[s]; i++) {
      uint64_t w = next_word(&words_of_it);
      assert_int_equal(integers[i], bits_in(w, 0, 21) - bits_in(w, 21, 42));
    }
    assert_int_equal(integers[sizes[s]], 77);
    assert_true(next_word(&stream) == next_word(&words_of_it));
  }
}

static void secrets_known_answers(void **state) {
  (void)state;
  rand_stream stream;
  count_up(seed);
  rand_stream_init(&stream, seed, 3);
  ring_sample_ternary(integers, 1000, &stream);
  static const int64_t ternary[8] = {1, 0, 1, -1, 0, 1, 0, 0};
  assert_memory_equal(integers, ternary, sizeof ternary);
  assert_digest(integers, 8000, "f82fb440845849e887ceb9cd1d049567155ca5f4c719b1b400e97bf1af107348");
  rand_stream_init(&stream, seed, 3);
  ring_sample_error(integers, 1000, &stream);
  static const int64_t error[8] = {3, -4, 1, -1, -3, -1, -4, 0};
  assert_memory_equal(integers, error, sizeof error);
  assert_digest(integers, 8000, "2ae07b71783995d3334a914b78595c060a523bd5b9fb44c9dcb3bb936daf1f28");
}

static void ternary_is_uniform(void **state) {
  (void)state;
  rand_stream stream;
  rand_stream_init(&stream, seed, 1);
  ring_sample_ternary(integers, N_INTEGERS, &stream);
  double counts[3] = {0}, pairs[9] = {0}, expected[9];
  for (size_t i = 0; i < N_INTEGERS; i++) {
    assert_in_range(integers[i] + 1, 0, 2);
    counts[integers[i] + 1]++;
    if (i % 2 == 1)
      pairs[3 * (integers[i - 1] + 1) + integers[i] + 1]++;
  }
  for (int i = 0; i < 9; i++)
    expected[i] = (double)N_INTEGERS / 3;
  double chi = chi_square(counts, expected, 3);
  assert_true(chi > 0.001 && chi < 14); /* two degrees: 1 in 2000 below, 1 in 1000 above */
  for (int i = 0; i < 9; i++)
    expected[i] = (double)N_INTEGERS / 18;
  chi = chi_square(pairs, expected, 9);
  assert_true(chi > 0.8 && chi < 27); /* eight degrees, likewise */
}

/* Weights, places and signs: each place as often as any, each sign as often, no two places tied. */
static void sparse_is_uniform_of_its_weight(void **state) {
  (void)state;
  enum { N = 64, WEIGHT = 8, ROUNDS = 20000 };
  static const int weights[] = {0, 1, 31, N};
  rand_stream stream;
  rand_stream_init(&stream, seed, 4);
  for (int w = 0; w < 4; w++) {
    int weight = 0;
    integers[N] = 77;
    ring_sample_sparse(integers, N, weights[w], &stream);
    for (int i = 0; i < N; i++) {
      assert_in_range(integers[i] + 1, 0, 2);
      weight += integers[i] != 0;
    }
    assert_int_equal(weight, weights[w]);
    assert_int_equal(integers[N], 77);
  }
  double counts[2 * N] = {0}, expected[2 * N], both = 0;
  for (int round = 0; round < ROUNDS; round++) {
    ring_sample_sparse(integers, N, WEIGHT, &stream);
    for (int i = 0; i < N; i++)
      if (integers[i] != 0)
        counts[2 * i + (integers[i] > 0)]++;
    both += integers[5] != 0 && integers[40] != 0;
  }
  for (int i = 0; i < 2 * N; i++)
    expected[i] = (double)ROUNDS * WEIGHT / (2 * N);
  /* A place's variance is smaller by the weight's share, an eighth; signs are free. */
  assert_plausible(chi_square(counts, expected, 2 * N), 2 * N - 1);
  double pair = (double)ROUNDS * WEIGHT * (WEIGHT - 1) / (N * (N - 1.0));
  assert_true(fabs(both - pair) < 5 * sqrt(pair));
}

/* Of draw r the rank among the N - r zeros that are left, and the sign in the lowest bit. */
static void sparse_is_its_definition(void **state) {
  (void)state;
  enum { N = 1000, WEIGHT = 32 };
  rand_stream stream, words_of_it;
  int64_t expected[N] = {0};
  rand_stream_init(&stream, seed, 6);
  rand_stream_init(&words_of_it, seed, 6);
  for (int r = 0; r < WEIGHT; r++) {
    uint64_t word = next_word(&words_of_it);
    size_t rank = (size_t)((unsigned __int128)(word >> 2) * (size_t)(N - r) >> 62), at = 0;
    for (;; at++) {
      if (expected[at] == 0 && rank == 0)
        break;
      rank -= expected[at] == 0;
    }
    expected[at] = word & 1 ? 1 : -1;
  }
  ring_sample_sparse(integers, N, WEIGHT, &stream);
  assert_memory_equal(integers, expected, sizeof expected);
}

/* Probability of a - b = x - 21 where a + (21 - b) is binomial(42, 1/2). */
static double error_probability(int x) {
  return exp(lgamma(43) - lgamma(x + 1) - lgamma(43 - x) - 42 * log(2.0));
}

static void error_is_binomial(void **state) {
  (void)state;
  rand_stream stream;
  rand_stream_init(&stream, seed, 2);
  ring_sample_error(integers, N_INTEGERS, &stream);
  /* Bins -10 ... 10 and the two tails. */
  double counts[23] = {0}, expected[23] = {0}, sum = 0, squares = 0, products = 0;
  for (size_t i = 0; i < N_INTEGERS; i++) {
    double x = (double)integers[i];
    assert_true(fabs(x) <= RING_ERROR_MAX);
    sum += x;
    squares += x * x;
    products += i > 0 ? x * (double)integers[i - 1] : 0;
    counts[x < -10 ? 0 : x > 10 ? 22 : (int)x + 11]++;
  }
  for (int x = 0; x <= 42; x++) {
    int bin = x - 21 < -10 ? 0 : x - 21 > 10 ? 22 : x - 10;
    expected[bin] += (double)N_INTEGERS * error_probability(x);
  }
  assert_plausible(chi_square(counts, expected, 23) + 18, 22 + 18);
  double n = (double)N_INTEGERS, sigma = RING_ERROR_SIGMA;
  assert_true(sigma * sigma == 10.5);
  assert_true(fabs(sum / n) < 5 * sigma / sqrt(n));
  /* Variance 10.5, from above and below: too little noise is a security bug. */
  assert_true(fabs(squares / n - 10.5) < 5 * 10.5 * sqrt(2 / n));
  assert_true(fabs(products / n) < 5 * 10.5 / sqrt(n));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(uniform_known_answers),
      cmocka_unit_test(uniform_is_its_definition),
      cmocka_unit_test(uniform_is_centred_on_every_table),
      cmocka_unit_test(uniform_is_uniform),
      cmocka_unit_test(secrets_are_their_definitions),
      cmocka_unit_test(secrets_known_answers),
      cmocka_unit_test(ternary_is_uniform),
      cmocka_unit_test(sparse_is_uniform_of_its_weight),
      cmocka_unit_test(sparse_is_its_definition),
      cmocka_unit_test(error_is_binomial),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
