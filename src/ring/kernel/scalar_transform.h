/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The portable transform, on words of either kind: that of Longa and Naehrig (eprint 2016/504),
 * with the lazy butterflies of Harvey 2014.
 */
#ifndef RING_KERNEL_SCALAR_TRANSFORM_H
#define RING_KERNEL_SCALAR_TRANSFORM_H
#include "base/alloc.h"
#include "ring/kernel/scalar_words.h"

/* A factor and floor(factor * 2^64 / p): Shoup's product by a constant. */
typedef struct shoup {
  uint64_t w, quotient;
} shoup;

struct ring_ntt {
  ring_modulus modulus;
  int log2_n;
  shoup n_inverse, last; /* the last layer's factor times that */
  shoup *forward;        /* [m + i]: psi^brv(m + i), for block i of the layer with m blocks */
  shoup *inverse;        /* their inverses */
};

static shoup shoup_of(uint64_t w, const ring_modulus *m) {
  return (shoup){w, (uint64_t)(((wide)w << 64) / m->p)};
}

/* x*w mod p in [0, 2p), for every 64-bit x. */
INLINE uint64_t shoup_product(uint64_t x, shoup factor, const ring_modulus *m) {
  uint64_t q = (uint64_t)(times(x, factor.quotient) >> 64);
  return x * factor.w - q * m->p;
}

static size_t bit_reversal(size_t value, int bits) {
  size_t reversed = 0;
  for (int i = 0; i < bits; i++)
    reversed |= (value >> i & 1) << (bits - 1 - i);
  return reversed;
}

static void fill_powers(shoup *table, uint64_t root, int log2_n, const ring_modulus *m) {
  uint64_t power = 1;
  for (size_t i = 0; i < (size_t)1 << log2_n; i++) {
    table[bit_reversal(i, log2_n)] = shoup_of(power, m);
    power = product(power, root, m);
  }
}

/* One block: the header, then the two tables. */
static ring_ntt *ntt_build(const ring_modulus *modulus, int log2_n, uint64_t psi) {
  size_t n = (size_t)1 << log2_n;
  ring_ntt *ntt = base_alloc(sizeof(ring_ntt) + 2 * n * sizeof(shoup));
  if (ntt == NULL)
    return NULL;
  ntt->modulus = *modulus;
  ntt->log2_n = log2_n;
  ntt->n_inverse = shoup_of(ring_modulus_inverse(n % modulus->p, modulus), modulus);
  ntt->forward = (shoup *)(void *)(ntt + 1);
  ntt->inverse = ntt->forward + n;
  fill_powers(ntt->forward, psi, log2_n, modulus);
  fill_powers(ntt->inverse, ring_modulus_inverse(psi, modulus), log2_n, modulus);
  ntt->last = shoup_of(product(ntt->inverse[1].w, ntt->n_inverse.w, modulus), modulus);
  return ntt;
}

static void ntt_free(ring_ntt *ntt) {
  base_free(ntt);
}

/*
 * One butterfly of the forward transform: x to x + w y and x - w y, which are by less than 2p
 * larger than x, since the product, of any word y, is below 2p. 8p < 2^64, so from x below 4p two
 * layers may pass before words are brought below 4p again.
 */
INLINE void forward_butterfly(uint64_t *x, uint64_t *y, shoup factor, const ring_modulus *m) {
  uint64_t term = shoup_product(*y, factor, m), sum = *x;
  *x = sum + term;
  *y = sum + 2 * m->p - term;
}

/* Two layers at a time over runs of `quarter` words, from [0, 8p) to there: half the way through
 * memory. Words that are multiplied may be as large as they are. */
INLINE void forward_pass(ring_word *a, size_t quarter, const shoup *outer, const shoup *inner,
                         const ring_modulus *m) {
  const shoup factor[3] = {*outer, inner[0], inner[1]}; /* stores cannot change these */
  for (size_t j = 0; j < quarter; j++) {
    uint64_t x0 = below(a[j].u, 4 * m->p), x1 = below(a[j + quarter].u, 4 * m->p);
    uint64_t x2 = a[j + 2 * quarter].u, x3 = a[j + 3 * quarter].u;
    forward_butterfly(&x0, &x2, factor[0], m);
    forward_butterfly(&x1, &x3, factor[0], m);
    forward_butterfly(&x0, &x1, factor[1], m);
    forward_butterfly(&x2, &x3, factor[2], m);
    a[j].u = x0;
    a[j + quarter].u = x1;
    a[j + 2 * quarter].u = x2;
    a[j + 3 * quarter].u = x3;
  }
}

/* The first layer alone, where their number is odd. */
INLINE void forward_first(ring_word *a, size_t half, shoup factor, const ring_modulus *m) {
  for (size_t j = 0; j < half; j++) {
    uint64_t x = a[j].u, y = a[j + half].u;
    forward_butterfly(&x, &y, factor, m);
    a[j].u = x;
    a[j + half].u = y;
  }
}

/* Words of [0, p) to [0, 8p). */
static void forward_layers(ring_word *a, const ring_ntt *ntt) {
  const ring_modulus modulus = ntt->modulus, *m = &modulus;
  size_t blocks = 1, half = (size_t)1 << (ntt->log2_n - 1);
  if (ntt->log2_n % 2 != 0) {
    forward_first(a, half, ntt->forward[1], m);
    blocks = 2;
    half /= 2;
  }
  for (; half > 1; blocks *= 4, half /= 4)
    for (size_t block = 0; block < blocks; block++)
      forward_pass(a + block * 2 * half, half / 2, &ntt->forward[blocks + block],
                   &ntt->forward[2 * (blocks + block)], m);
}

/* One butterfly of the inverse transform: x, y in [0, k p) to x + y and, in [0, 2p), w (x - y). */
INLINE void inverse_butterfly(uint64_t *x, uint64_t *y, unsigned k, shoup factor,
                              const ring_modulus *m) {
  uint64_t difference = *x + k * m->p - *y;
  *x += *y;
  *y = shoup_product(difference, factor, m);
}

/* Two layers of four values, all in [0, 2p). */
INLINE void inverse_four(uint64_t x[4], const shoup *outer, const shoup *inner,
                         const ring_modulus *m) {
  inverse_butterfly(&x[0], &x[1], 2, inner[0], m);
  inverse_butterfly(&x[2], &x[3], 2, inner[1], m);
  inverse_butterfly(&x[0], &x[2], 4, *outer, m);
  inverse_butterfly(&x[1], &x[3], 2, *outer, m);
  x[0] = below(below(x[0], 4 * m->p), 2 * m->p);
  x[1] = below(x[1], 2 * m->p);
}

INLINE void inverse_pass(ring_word *a, size_t quarter, const shoup *outer, const shoup *inner,
                         const ring_modulus *m) {
  const shoup factor[3] = {*outer, inner[0], inner[1]};
  for (size_t j = 0; j < quarter; j++) {
    uint64_t x[4] = {a[j].u, a[j + quarter].u, a[j + 2 * quarter].u, a[j + 3 * quarter].u};
    inverse_four(x, &factor[0], &factor[1], m);
#pragma GCC unroll 4
    for (size_t k = 0; k < 4; k++)
      a[j + k * quarter].u = x[k];
  }
}

/*
 * The last butterfly and the factor N^-1 together, to words as they leave: x, y in [0, k p), whose
 * sum may be any word. The product of x - y has N^-1 in its factor.
 */
INLINE void inverse_end(ring_word_kind kind, ring_word *out0, ring_word *out1, uint64_t x,
                        uint64_t y, unsigned k, const shoup factor[2], const ring_modulus *m) {
  *out0 = store(kind, below(shoup_product(x + y, factor[0], m), m->p), m);
  *out1 = store(kind, below(shoup_product(x + k * m->p - y, factor[1], m), m->p), m);
}

/* The last layer alone, where their number is odd. */
INLINE void inverse_last(ring_word_kind kind, ring_word *a, size_t half, const ring_ntt *ntt,
                         const ring_modulus *m) {
  const shoup factor[2] = {ntt->n_inverse, ntt->last};
  for (size_t j = 0; j < half; j++)
    inverse_end(kind, a + j, a + j + half, a[j].u, a[j + half].u, 2, factor, m);
}

/* The last two, where it is even. */
INLINE void inverse_last_two(ring_word_kind kind, ring_word *a, size_t quarter, const ring_ntt *ntt,
                             const ring_modulus *m) {
  const shoup factor[2] = {ntt->n_inverse, ntt->last};
  const shoup inner[2] = {ntt->inverse[2], ntt->inverse[3]};
  for (size_t j = 0; j < quarter; j++) {
    uint64_t x[4] = {a[j].u, a[j + quarter].u, a[j + 2 * quarter].u, a[j + 3 * quarter].u};
    inverse_butterfly(&x[0], &x[1], 2, inner[0], m);
    inverse_butterfly(&x[2], &x[3], 2, inner[1], m);
    inverse_end(kind, a + j, a + j + 2 * quarter, x[0], x[2], 4, factor, m);
    inverse_end(kind, a + j + quarter, a + j + 3 * quarter, x[1], x[3], 2, factor, m);
  }
}

/* All layers but the first two and the last or the last two; values stay in [0, 2p). */
static void inverse_layers(ring_word *a, const ring_ntt *ntt) {
  const ring_modulus modulus = ntt->modulus, *m = &modulus;
  size_t n = (size_t)1 << ntt->log2_n, quarter = 4, blocks = n / 16;
  for (; blocks > (ntt->log2_n % 2 == 0); quarter *= 4, blocks /= 4)
    for (size_t block = 0; block < blocks; block++)
      inverse_pass(a + block * 4 * quarter, quarter, &ntt->inverse[blocks + block],
                   &ntt->inverse[2 * (blocks + block)], m);
}

/* The first two layers of 64 values, from their positions. */
INLINE void inverse_chunk(ring_word_kind kind, ring_word *out, const ring_word *in, size_t block,
                          const ring_ntt *ntt, const ring_modulus *m) {
  ring_word sorted[64];
  for (size_t i = 0; i < 64; i += 4, block++) {
    uint64_t x[4];
#pragma GCC unroll 4
    for (size_t k = 0; k < 4; k++)
      x[k] = load(kind, in[ring_ntt_position(i + k)], m);
    inverse_four(x, &ntt->inverse[block], &ntt->inverse[2 * block], m);
#pragma GCC unroll 4
    for (size_t k = 0; k < 4; k++)
      sorted[i + k].u = x[k];
  }
  for (size_t i = 0; i < 64; i++)
    out[i] = sorted[i];
}

/* From [0, 8p) to [0, p). */
INLINE uint64_t reduced(uint64_t x, const ring_modulus *m) {
  return below(below(below(x, 4 * m->p), 2 * m->p), m->p);
}

INLINE void forward_words(ring_word_kind kind, ring_word *out, const ring_word *in,
                          const ring_ntt *ntt) {
  const ring_modulus modulus = ntt->modulus, *m = &modulus;
  size_t n = (size_t)1 << ntt->log2_n;
  for (size_t i = 0; i < n; i++)
    out[i].u = load(kind, in[i], m);
  forward_layers(out, ntt);
  for (ring_word *chunk = out; chunk < out + n; chunk += 64) {
    ring_word sorted[64];
    for (size_t i = 0; i < 64; i++)
      sorted[ring_ntt_position(i)] = store(kind, reduced(chunk[i].u, m), m);
    for (size_t i = 0; i < 64; i++)
      chunk[i] = sorted[i];
  }
}

INLINE void inverse_words(ring_word_kind kind, ring_word *out, const ring_word *in,
                          const ring_ntt *ntt) {
  const ring_modulus modulus = ntt->modulus, *m = &modulus;
  size_t n = (size_t)1 << ntt->log2_n;
  for (size_t at = 0; at < n; at += 64)
    inverse_chunk(kind, out + at, in + at, (n + at) / 4, ntt, m);
  inverse_layers(out, ntt);
  if (ntt->log2_n % 2 != 0)
    inverse_last(kind, out, n / 2, ntt, m);
  else
    inverse_last_two(kind, out, n / 4, ntt, m);
}

static void u64_ntt_forward(ring_word *out, const ring_word *in, const ring_ntt *ntt) {
  forward_words(RING_U64, out, in, ntt);
}

static void f64_ntt_forward(ring_word *out, const ring_word *in, const ring_ntt *ntt) {
  forward_words(RING_F64, out, in, ntt);
}

/* These take so long that memory keeps up by itself. */
static void u64_ntt_forward_fetching(ring_word *out, const ring_word *in, const ring_ntt *ntt,
                                     const void *next, size_t n_bytes) {
  (void)next, (void)n_bytes;
  forward_words(RING_U64, out, in, ntt);
}

static void f64_ntt_forward_fetching(ring_word *out, const ring_word *in, const ring_ntt *ntt,
                                     const void *next, size_t n_bytes) {
  (void)next, (void)n_bytes;
  forward_words(RING_F64, out, in, ntt);
}

static void u64_ntt_inverse(ring_word *out, const ring_word *in, const ring_ntt *ntt) {
  inverse_words(RING_U64, out, in, ntt);
}

static void f64_ntt_inverse(ring_word *out, const ring_word *in, const ring_ntt *ntt) {
  inverse_words(RING_F64, out, in, ntt);
}
#endif
