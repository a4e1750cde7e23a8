/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Each figure against the experiment it describes, made from polynomials with real
 * coefficients multiplied by definition; the real code is measured where it lives
 * (tests/secret, tests/public, tests/eval).
 */
#include "ckks/fixture.h"
#include "ckks/noise.h"
#include "ring/sample.h"

enum { N = 1024 };

static void uniform_poly(double *out, double width, uint64_t *random) {
  for (int i = 0; i < N; i++)
    out[i] = width / 2 * random_unit(random);
}

/* Ternary or error, from the ring's own samplers. */
static void sampled_poly(double *out, void (*sample)(int64_t *, size_t, rand_stream *),
                         rand_stream *stream) {
  int64_t integers[N];
  sample(integers, N, stream);
  for (int i = 0; i < N; i++)
    out[i] = (double)integers[i];
}

/* out += a b modulo X^N + 1. */
static void add_product(double *out, const double *a, const double *b) {
  for (int i = 0; i < N; i++) {
    for (int j = 0; j < N; j++)
      out[(i + j) % N] += i + j < N ? a[i] * b[j] : -a[i] * b[j];
  }
}

static void add(double *out, const double *a) {
  for (int i = 0; i < N; i++)
    out[i] += a[i];
}

/* Root mean square of the slots' real parts. */
static double slot_deviation(const double *poly, const ckks_params *params) {
  ckks_complex slots[N / 2];
  double sum = 0;
  for (int k = 0; k < N / 2; k++)
    slots[k] = (ckks_complex){poly[k], poly[k + N / 2]};
  ckks_encoder_forward(slots, N / 2, params->encoder);
  for (int k = 0; k < N / 2; k++)
    sum += slots[k].re * slots[k].re;
  return sqrt(sum / (N / 2));
}

static void assert_within(double measured, double written, double tolerance) {
  if (fabs(measured / written - 1) > tolerance)
    fail_msg("measured %g, written %g", measured, written);
}

static rand_stream new_stream(uint8_t byte) {
  uint8_t seed[RAND_SEED_BYTES] = {byte};
  rand_stream stream;
  rand_stream_init(&stream, seed, 0);
  return stream;
}

static void rounding_and_fresh_errors(void **unused) {
  (void)unused;
  ckks_params *params = build_params(literal_f64());
  rand_stream stream = new_stream(1);
  uint64_t random = 1;
  double e[N], encode = 0, fresh = 0;
  for (int round = 0; round < 16; round++) {
    uniform_poly(e, 1, &random);
    encode += pow(slot_deviation(e, params), 2);
    sampled_poly(e, ring_sample_error, &stream);
    fresh += pow(slot_deviation(e, params), 2);
  }
  assert_within(sqrt(encode / 16), ckks_noise_encode(params), 0.04);
  assert_within(sqrt(fresh / 16), ckks_noise_fresh(params), 0.04);
  assert_true(fabs(ckks_noise_fresh(params) - sqrt(10.5 * 512)) < 1e-9);
  ckks_params_free(params);
}

static void public_encryption(void **unused) {
  (void)unused;
  ckks_params *params = build_params(literal_f64());
  rand_stream stream = new_stream(2);
  double s[N], v[N], e[N], noise[N], sum = 0;
  for (int round = 0; round < 8; round++) {
    memset(noise, 0, sizeof noise);
    sampled_poly(s, ring_sample_ternary, &stream);
    sampled_poly(v, ring_sample_ternary, &stream);
    sampled_poly(e, ring_sample_error, &stream);
    add_product(noise, v, e);
    sampled_poly(e, ring_sample_error, &stream);
    add_product(noise, s, e);
    sampled_poly(e, ring_sample_error, &stream);
    add(noise, e);
    sum += pow(slot_deviation(noise, params), 2);
  }
  assert_within(sqrt(sum / 8), ckks_noise_zero_public(params), 0.08);
  ckks_params_free(params);
}

static void rescaling(void **unused) {
  (void)unused;
  ckks_params *params = build_params(literal_f64());
  rand_stream stream = new_stream(3);
  uint64_t random = 3;
  double s[N], r[N], noise[N], sum = 0;
  for (int round = 0; round < 8; round++) {
    memset(noise, 0, sizeof noise);
    sampled_poly(s, ring_sample_ternary, &stream);
    uniform_poly(r, 1, &random);
    add_product(noise, s, r);
    uniform_poly(r, 1, &random);
    add(noise, r);
    sum += pow(slot_deviation(noise, params), 2);
  }
  assert_within(sqrt(sum / 8), ckks_noise_rescale(params), 0.08);
  ckks_params_free(params);
}

/* D_d = sum of k numbers uniform in [-Q_d/2, Q_d/2], divided by P before the product. */
static double simulate_switch(const ckks_params *params, int level, int n_special,
                              rand_stream *stream, uint64_t *random) {
  double digit[N], part[N], e[N], noise[N] = {0}, log2_p = 0;
  for (int i = 0; i < n_special; i++)
    log2_p += log2((double)params->literal.p[i]);
  for (int first = 0; first <= level; first += n_special) {
    double log2_digit = 0;
    int k = 0;
    for (; k < n_special && first + k <= level; k++)
      log2_digit += log2((double)params->literal.q[first + k]);
    memset(digit, 0, sizeof digit);
    for (int i = 0; i < k; i++) {
      uniform_poly(part, exp2(log2_digit - log2_p), random);
      add(digit, part);
    }
    sampled_poly(e, ring_sample_error, stream);
    add_product(noise, digit, e);
  }
  return pow(slot_deviation(noise, params), 2);
}

static void key_switching(void **unused) {
  (void)unused;
  ckks_params *params = build_params(literal_f64());
  rand_stream stream = new_stream(4);
  uint64_t random = 4;
  int levels[] = {0, 2, 3, 4};
  for (int i = 0; i < 4; i++) {
    for (int n_special = 1; n_special <= 2; n_special++) {
      double sum = 0;
      for (int round = 0; round < 6; round++)
        sum += simulate_switch(params, levels[i], n_special, &stream, &random);
      double written = ckks_noise_switch_product(params, levels[i], n_special);
      assert_within(sqrt(sum / 6), written, 0.1);
      assert_within(ckks_noise_switch(params, levels[i], n_special),
                    hypot(written, ckks_noise_rescale(params)), 1e-12);
    }
  }
  ckks_params_free(params);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(rounding_and_fresh_errors),
      cmocka_unit_test(public_encryption),
      cmocka_unit_test(rescaling),
      cmocka_unit_test(key_switching),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
