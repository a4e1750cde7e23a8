/* SPDX-License-Identifier: Apache-2.0 */
/* Keys from fixed seeds, and a look at polynomials as the integers they stand for. */
#ifndef TESTS_SECRET_FIXTURE_H
#define TESTS_SECRET_FIXTURE_H
#include "ckks/fixture.h"
#include "ckks/noise.h"
#include "ring/sample.h"
#include "secret/secret.h"
#include "secret_seed.h"

static inline ckks_secret_key *key_of(uint8_t seed_byte, const ckks_params *params) {
  uint8_t seed[RAND_SEED_BYTES] = {seed_byte};
  ckks_secret_key *key = NULL;
  assert_int_equal(test_secret_key(&key, seed, params), CKKS_OK);
  return key;
}

static inline ckks_plaintext *new_plaintext(const ckks_params *params) {
  ckks_plaintext *plaintext = NULL;
  assert_int_equal(ckks_plaintext_build(&plaintext, params), CKKS_OK);
  return plaintext;
}

static inline ckks_ciphertext *new_ciphertext(const ckks_params *params) {
  ckks_ciphertext *ciphertext = NULL;
  assert_int_equal(ckks_ciphertext_build(&ciphertext, params), CKKS_OK);
  return ciphertext;
}

/* Coefficients of one limb in NTT form, centred; the limb is left as it was. */
static inline void limb_integers(int64_t *out, const ring_word *limb_words, int limb,
                                 const ckks_params *params) {
  size_t n = params->ring.n;
  ring_word *work = base_alloc(n * sizeof *work);
  assert_non_null(work);
  params->ring.kernel->ntt_inverse(work, limb_words, params->ring.ntt[limb]);
  for (size_t i = 0; i < n; i++)
    out[i] = word_value(work[i], limb, params);
  base_free(work);
}

/* Root mean square. */
static inline double deviation(const double *values, size_t n) {
  double sum = 0;
  for (size_t i = 0; i < n; i++)
    sum += values[i] * values[i];
  return sqrt(sum / (double)n);
}

/* Neither more noise than written, nor (a security bug) less. */
#define assert_deviation(measured, written)                                                        \
  do {                                                                                             \
    double ratio_ = (measured) / (written);                                                        \
    if (!(ratio_ > 0.7 && ratio_ < 1.3))                                                           \
      fail_msg("%s:%d: deviation is %.3f of what is written", __FILE__, __LINE__, ratio_);         \
  } while (0)
#endif
