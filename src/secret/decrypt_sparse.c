/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Decryption of some coefficients: a sparse result of P values needs 2P - 1 inner products of c1
 * with the ternary key, and no transform of size N; where they are many, the whole product by
 * transforms is cheaper.
 */
#include "base/alloc.h"
#include "base/wipe.h"
#include "ckks/encode.h"
#include "secret/secret.h"
#include <math.h>

/*
 * Coefficient k of c1 s modulo X^N + 1 is sum_j c1[j] t[k - j], where t[i] = s[i] and
 * t[i - N] = -s[i]. Written backwards, window[N-1 - i] = t[i] for -N < i < N, the
 * factors of coefficient k stand in a row from window[N-1-k] on: no index or
 * branch depends on the secret.
 */
static void fill_window(int8_t *window, const int8_t *s, size_t n) {
  for (size_t i = 0; i < n; i++)
    window[n - 1 - i] = s[i];
  for (size_t i = 1; i < n; i++)
    window[2 * n - 1 - i] = (int8_t)-s[i];
}

/* x modulo p, |x| <= 2^62, to within a hair of [-p/2, p/2], in a time that x does not change. */
static int64_t reduce(int64_t x, const ring_modulus *modulus) {
  int64_t quotient = llrint((double)x * modulus->inverse);
  return x - quotient * (int64_t)modulus->p;
}

/*
 * Sum of c[j] * window[j] modulo p. Centred |c| < 2^(bits-1): 2^(62-bits) products stay
 * below 2^61 and join the reduced rest without passing 2^62. Products are
 * multiplications, which take the same time for -1, 0 and 1.
 */
static int64_t inner_product(const int64_t *c, const int8_t *window, size_t n, int64_t start,
                             const ring_modulus *modulus) {
  size_t block = (size_t)1 << (62 - modulus->bits);
  int64_t sum = start;
  for (size_t first = 0; first < n; first += block) {
    size_t last = n - first < block ? n : first + block;
    for (size_t j = first; j < last; j++)
      sum += c[j] * window[j];
    sum = reduce(sum, modulus);
  }
  return sum;
}

/* A word in coefficient form; what arrives from a server is public, so this may branch. */
static int64_t centred(ring_word word, const ckks_params *params) {
  if (params->ring.kind == RING_F64)
    return (int64_t)word.f;
  return ring_modulus_centre(word.u, &params->ring.modulus[0]);
}

/* Up to here inner products are cheaper. */
#define FEW_COEFFICIENTS 32

/* All that is computed with, in one block that is wiped as one. */
typedef struct sparse {
  int64_t *c1;         /* N */
  ring_word *product;  /* N: c1 s, in the same place */
  ckks_complex *slots; /* N/(2 gap) */
  int8_t *window;      /* 2N, the last one unused */
  size_t n_bytes;
} sparse;

static ckks_status sparse_init(sparse *work, size_t n, size_t n_slots) {
  _Static_assert(sizeof(ring_word) == sizeof(int64_t), "one block for both");
  work->n_bytes = n * sizeof *work->c1 + n_slots * sizeof *work->slots + 2 * n;
  work->c1 = base_alloc(work->n_bytes);
  if (work->c1 == NULL)
    return base_fail_memory(work->n_bytes);
  work->product = (ring_word *)work->c1;
  work->slots = (ckks_complex *)(work->c1 + n);
  work->window = (int8_t *)(work->slots + n_slots);
  return CKKS_OK;
}

/*
 * Values that are real have m_(2P-k) = -m_k, in units of the gap, and m_P = 0: of the difference of
 * the two, half is each. An imaginary part, noise or not, is in no difference.
 */
static void put(sparse *work, size_t k, size_t n_slots, int64_t difference, double scale) {
  if (k == 0) {
    work->slots[0] = (ckks_complex){(double)difference / scale, 0.0};
    return;
  }
  double m = 0.5 * (double)difference / scale;
  work->slots[k].re = m;
  work->slots[n_slots - k].im = -m;
}

static void decrypt_few(sparse *work, const ring_word *c0, const ring_word *c1, size_t gap,
                        double scale, const ckks_secret_key *key, const ckks_params *params) {
  size_t n = params->ring.n;
  for (size_t j = 0; j < n; j++)
    work->c1[j] = centred(c1[j], params);
  fill_window(work->window, key->ternary, n);
  const ring_modulus *modulus = &params->ring.modulus[0];
  size_t n_slots = n / (2 * gap);
  for (size_t k = 0; k < n_slots; k++) {
    const int8_t *at = work->window + (n - 1 - k * gap), *mirrored = work->window + (k * gap - 1);
    int64_t sum = inner_product(work->c1, at, n, centred(c0[k], params), modulus);
    if (k > 0)
      sum = reduce(sum - inner_product(work->c1, mirrored, n, 0, modulus), modulus);
    put(work, k, n_slots, sum, scale);
  }
}

static void decrypt_many(sparse *work, const ring_word *c0, const ring_word *c1, size_t gap,
                         double scale, const ckks_secret_key *key, const ckks_params *params) {
  const ring_ring *ring = &params->ring;
  const ring_modulus *modulus = &ring->modulus[0];
  ring_word *product = work->product;
  ring->kernel->ntt_forward(product, c1, ring->ntt[0]);
  ring->kernel->mul(product, product, ring_poly_limb(&key->s, 0), ring->n, modulus);
  ring->kernel->ntt_inverse(product, product, ring->ntt[0]);
  size_t n_slots = ring->n / (2 * gap);
  for (size_t k = 0; k < n_slots; k++) {
    int64_t sum = centred(c0[k], params) + centred(product[k * gap], params);
    if (k > 0)
      sum -= centred(product[ring->n - k * gap], params);
    put(work, k, n_slots, reduce(sum, modulus), scale);
  }
}

static void sparse_clear(sparse *work) {
  base_wipe(work->c1, work->n_bytes);
  base_free(work->c1);
}

static ckks_status check_sparse(size_t gap, double scale, const ckks_secret_key *key,
                                const ckks_params *params) {
  BASE_TRY(ckks_params_check_rounding());
  BASE_TRY(ckks_params_check(params, key->params_hash, "secret key"));
  if (gap == 0 || (gap & (gap - 1)) != 0 || gap > params->ring.n / 2)
    return base_fail(CKKS_ERROR_ARGUMENT, "gap = %zu: must be a power of two up to %zu", gap,
                     params->ring.n / 2);
  if (!(scale > 0 && isfinite(scale)))
    return base_fail(CKKS_ERROR_ARGUMENT, "scale = %g: must be finite and positive", scale);
  return CKKS_OK;
}

ckks_status secret_decrypt_sparse(double *values, const ring_word *c0, const ring_word *c1,
                                  size_t gap, double scale, const ckks_secret_key *key,
                                  const ckks_params *params) {
  size_t n = params->ring.n;
  sparse work = {.c1 = NULL};
  BASE_TRY(check_sparse(gap, scale, key, params));
  size_t n_slots = n / (2 * gap);
  BASE_TRY(sparse_init(&work, n, n_slots));
  if (2 * n_slots <= FEW_COEFFICIENTS)
    decrypt_few(&work, c0, c1, gap, scale, key, params);
  else
    decrypt_many(&work, c0, c1, gap, scale, key, params);
  ckks_encoder_forward(work.slots, n_slots, params->encoder);
  for (size_t j = 0; j < n_slots; j++)
    values[j] = work.slots[j].re;
  sparse_clear(&work);
  return CKKS_OK;
}
