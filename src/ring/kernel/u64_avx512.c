/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The transform on 64-bit words, p < 2^61, with AVX-512 (F and DQ): for primes that are too wide
 * for doubles. The other entries of its table are the portable ones.
 *
 * Products are Shoup's, by a factor w with w' = floor(2^64 w / p). The quotient is taken from three
 * of the four products of halves: it is at most 3 below x w / p, so x w - q p lies in [0, 4p) for
 * every 64-bit x. Values grow from 4p to 8p <= 2^64 in a butterfly, and the next one begins by
 * taking 4p off where it can. The last three layers work on eight blocks at a time, one in each
 * lane, after a transposition.
 */
#include "base/alloc.h"
#include "ring/kernel/tables.h"

#include <immintrin.h>

#define INLINE static inline __attribute__((always_inline))

typedef __m512i vec;

/* One factor for all lanes, or one for each. */
typedef struct factors {
  vec w, low, high; /* w' in halves */
} factors;

typedef struct field {
  vec p, twice, four;
} field;

struct ring_ntt {
  ring_modulus modulus;
  int log2_n;
  uint64_t n_inverse[2]; /* and its w' */
  /* Each N factors and N quotients, as the layers read them: block i of a layer of m blocks at
   * m + i, but for the last two layers (ntt_place). */
  uint64_t *forward, *inverse;
};

/* ---- factors ---- */

/* Where block i of a layer of m blocks stands: factors of eight chunks' blocks lie side by side. */
static size_t ntt_place(size_t m, size_t i, size_t n) {
  size_t each = m == n / 2 ? 4 : m == n / 4 ? 2 : 1; /* blocks that one lane works on */
  size_t lane = i / each % 8, chunk = i / (8 * each);
  return m + chunk * 8 * each + i % each * 8 + lane;
}

static uint64_t shoup_quotient(uint64_t w, const ring_modulus *m) {
  return (uint64_t)(((unsigned __int128)w << 64) / m->p);
}

static size_t reversed(size_t value, int bits) {
  size_t result = 0;
  for (int i = 0; i < bits; i++)
    result |= (value >> i & 1) << (bits - 1 - i);
  return result;
}

static void fill_powers(uint64_t *table, uint64_t root, int log2_n, const ring_modulus *m) {
  size_t n = (size_t)1 << log2_n;
  uint64_t power = 1;
  for (size_t i = 0; i < n; i++) {
    size_t at = reversed(i, log2_n), blocks = 1;
    while (2 * blocks <= at)
      blocks *= 2;
    size_t place = at == 0 ? 0 : ntt_place(blocks, at - blocks, n);
    table[place] = power;
    table[n + place] = shoup_quotient(power, m);
    power = ring_modulus_mul(power, root, m);
  }
}

ring_ntt *ring_kernel_u64_avx512_build(const ring_modulus *modulus, int log2_n, uint64_t psi) {
  size_t n = (size_t)1 << log2_n, head = (sizeof(ring_ntt) + 63) / 64 * 64;
  ring_ntt *ntt = base_alloc(head + 4 * n * sizeof(uint64_t));
  if (ntt == NULL)
    return NULL;
  ntt->modulus = *modulus;
  ntt->log2_n = log2_n;
  ntt->n_inverse[0] = ring_modulus_inverse(n % modulus->p, modulus);
  ntt->n_inverse[1] = shoup_quotient(ntt->n_inverse[0], modulus);
  ntt->forward = (uint64_t *)(void *)((char *)ntt + head);
  ntt->inverse = ntt->forward + 2 * n;
  fill_powers(ntt->forward, psi, log2_n, modulus);
  fill_powers(ntt->inverse, ring_modulus_inverse(psi, modulus), log2_n, modulus);
  return ntt;
}

void ring_kernel_u64_avx512_free(ring_ntt *ntt) {
  base_free(ntt);
}

INLINE vec all(uint64_t x) {
  return _mm512_set1_epi64((long long)x);
}

INLINE factors factors_of(uint64_t w, uint64_t quotient) {
  vec q = all(quotient);
  return (factors){all(w), q, _mm512_srli_epi64(q, 32)};
}

/* One for all lanes. */
INLINE factors factors_at(const uint64_t *table, size_t n, size_t at) {
  return factors_of(table[at], table[n + at]);
}

/* One for each. */
INLINE factors factors_each(const uint64_t *table, size_t n, size_t at) {
  vec q = _mm512_load_si512(table + n + at);
  return (factors){_mm512_load_si512(table + at), q, _mm512_srli_epi64(q, 32)};
}

/* ---- butterflies ---- */

INLINE field field_of(const ring_modulus *m) {
  return (field){all(m->p), all(2 * m->p), all(4 * m->p)};
}

/* x - bound where x >= bound: the difference wraps to more than x elsewhere. */
INLINE vec below(vec x, vec bound) {
  return _mm512_min_epu64(x, _mm512_sub_epi64(x, bound));
}

/* x w mod p in [0, 4p), any x. */
INLINE vec product(vec x, factors f, field m) {
  vec high = _mm512_srli_epi64(x, 32);
  vec a = _mm512_srli_epi64(_mm512_mul_epu32(high, f.low), 32);
  vec b = _mm512_srli_epi64(_mm512_mul_epu32(x, f.high), 32);
  vec q = _mm512_add_epi64(_mm512_mul_epu32(high, f.high), _mm512_add_epi64(a, b));
  return _mm512_sub_epi64(_mm512_mullo_epi64(x, f.w), _mm512_mullo_epi64(q, m.p));
}

/* [0, 8p) to x + w y and x - w y, there again. */
INLINE void forward_butterfly(vec *x, vec *y, factors f, field m) {
  vec reduced = below(*x, m.four), term = product(*y, f, m);
  *x = _mm512_add_epi64(reduced, term);
  *y = _mm512_sub_epi64(_mm512_add_epi64(reduced, m.four), term);
}

/* [0, 4p) to x + y and w (x - y), there again. */
INLINE void inverse_butterfly(vec *x, vec *y, factors f, field m) {
  vec difference = _mm512_sub_epi64(_mm512_add_epi64(*x, m.four), *y);
  *x = below(_mm512_add_epi64(*x, *y), m.four);
  *y = product(difference, f, m);
}

/* ---- layers with whole vectors ---- */

INLINE vec load(const ring_word *in) {
  return _mm512_load_si512(in);
}

INLINE void store(ring_word *out, vec x) {
  _mm512_store_si512(out, x);
}

INLINE void forward_two(ring_word *out, const ring_word *in, size_t quarter, factors outer,
                        factors first, factors second, field m) {
  for (size_t j = 0; j < quarter; j += 8) {
    vec x0 = load(in + j), x1 = load(in + j + quarter);
    vec x2 = load(in + j + 2 * quarter), x3 = load(in + j + 3 * quarter);
    forward_butterfly(&x0, &x2, outer, m);
    forward_butterfly(&x1, &x3, outer, m);
    forward_butterfly(&x0, &x1, first, m);
    forward_butterfly(&x2, &x3, second, m);
    store(out + j, x0);
    store(out + j + quarter, x1);
    store(out + j + 2 * quarter, x2);
    store(out + j + 3 * quarter, x3);
  }
}

INLINE void inverse_two(ring_word *a, size_t quarter, factors outer, factors first, factors second,
                        field m) {
  for (size_t j = 0; j < quarter; j += 8) {
    vec x0 = load(a + j), x1 = load(a + j + quarter);
    vec x2 = load(a + j + 2 * quarter), x3 = load(a + j + 3 * quarter);
    inverse_butterfly(&x0, &x1, first, m);
    inverse_butterfly(&x2, &x3, second, m);
    inverse_butterfly(&x0, &x2, outer, m);
    inverse_butterfly(&x1, &x3, outer, m);
    store(a + j, x0);
    store(a + j + quarter, x1);
    store(a + j + 2 * quarter, x2);
    store(a + j + 3 * quarter, x3);
  }
}

/* ---- the six layers of 64 words ---- */

/* Word i of vector j and word j of vector i change places. */
INLINE void transpose(vec v[8]) {
  vec a[8], b[8];
  for (int i = 0; i < 8; i += 2) {
    a[i] = _mm512_unpacklo_epi64(v[i], v[i + 1]);
    a[i + 1] = _mm512_unpackhi_epi64(v[i], v[i + 1]);
  }
  for (int i = 0; i < 8; i += 4)
    for (int k = 0; k < 2; k++) {
      b[i + k] = _mm512_shuffle_i64x2(a[i + k], a[i + k + 2], 0x88);
      b[i + k + 2] = _mm512_shuffle_i64x2(a[i + k], a[i + k + 2], 0xdd);
    }
  for (int k = 0; k < 4; k++) {
    v[k] = _mm512_shuffle_i64x2(b[k], b[k + 4], 0x88);
    v[k + 4] = _mm512_shuffle_i64x2(b[k], b[k + 4], 0xdd);
  }
}

/* The first of pair k of those that are two apart among eight. */
INLINE int pair_of(int k) {
  return k / 2 * 4 + k % 2;
}

INLINE void forward_chunk(ring_word *out, const ring_word *in, size_t c, const ring_ntt *ntt,
                          field m) {
  const uint64_t *table = ntt->forward;
  size_t n = (size_t)1 << ntt->log2_n;
  vec v[8];
  for (int k = 0; k < 8; k++)
    v[k] = load(in + 8 * k);
  for (int k = 0; k < 4; k++)
    forward_butterfly(&v[k], &v[k + 4], factors_at(table, n, n / 64 + c), m);
  for (int k = 0; k < 4; k++)
    forward_butterfly(&v[pair_of(k)], &v[pair_of(k) + 2],
                      factors_at(table, n, n / 32 + 2 * c + (size_t)k / 2), m);
  for (int k = 0; k < 4; k++)
    forward_butterfly(&v[2 * k], &v[2 * k + 1], factors_at(table, n, n / 16 + 4 * c + (size_t)k),
                      m);
  transpose(v);
  for (int k = 0; k < 4; k++)
    forward_butterfly(&v[k], &v[k + 4], factors_each(table, n, n / 8 + 8 * c), m);
  for (int k = 0; k < 4; k++)
    forward_butterfly(&v[pair_of(k)], &v[pair_of(k) + 2],
                      factors_each(table, n, n / 4 + 16 * c + 8 * ((size_t)k / 2)), m);
  for (int k = 0; k < 4; k++)
    forward_butterfly(&v[2 * k], &v[2 * k + 1],
                      factors_each(table, n, n / 2 + 32 * c + 8 * (size_t)k), m);
  for (int k = 0; k < 8; k++)
    v[k] = below(below(below(v[k], m.four), m.twice), m.p);
  /* Word 8 l + t is lane l of vector t; its position is 32 (l & 1) + 4 t + l / 2. */
  const vec even = _mm512_setr_epi64(0, 2, 4, 6, 8, 10, 12, 14);
  const vec odd = _mm512_setr_epi64(1, 3, 5, 7, 9, 11, 13, 15);
  for (int t = 0; t < 8; t += 2) {
    store(out + 4 * t, _mm512_permutex2var_epi64(v[t], even, v[t + 1]));
    store(out + 32 + 4 * t, _mm512_permutex2var_epi64(v[t], odd, v[t + 1]));
  }
}

INLINE void inverse_chunk(ring_word *out, const ring_word *in, size_t c, const ring_ntt *ntt,
                          field m) {
  const uint64_t *table = ntt->inverse;
  size_t n = (size_t)1 << ntt->log2_n;
  const vec low = _mm512_setr_epi64(0, 8, 1, 9, 2, 10, 3, 11);
  const vec high = _mm512_setr_epi64(4, 12, 5, 13, 6, 14, 7, 15);
  vec v[8];
  for (int t = 0; t < 8; t += 2) {
    vec even = load(in + 4 * t), odd = load(in + 32 + 4 * t);
    v[t] = _mm512_permutex2var_epi64(even, low, odd);
    v[t + 1] = _mm512_permutex2var_epi64(even, high, odd);
  }
  for (int k = 0; k < 4; k++)
    inverse_butterfly(&v[2 * k], &v[2 * k + 1],
                      factors_each(table, n, n / 2 + 32 * c + 8 * (size_t)k), m);
  for (int k = 0; k < 4; k++)
    inverse_butterfly(&v[pair_of(k)], &v[pair_of(k) + 2],
                      factors_each(table, n, n / 4 + 16 * c + 8 * ((size_t)k / 2)), m);
  for (int k = 0; k < 4; k++)
    inverse_butterfly(&v[k], &v[k + 4], factors_each(table, n, n / 8 + 8 * c), m);
  transpose(v);
  for (int k = 0; k < 4; k++)
    inverse_butterfly(&v[2 * k], &v[2 * k + 1], factors_at(table, n, n / 16 + 4 * c + (size_t)k),
                      m);
  for (int k = 0; k < 4; k++)
    inverse_butterfly(&v[pair_of(k)], &v[pair_of(k) + 2],
                      factors_at(table, n, n / 32 + 2 * c + (size_t)k / 2), m);
  for (int k = 0; k < 4; k++)
    inverse_butterfly(&v[k], &v[k + 4], factors_at(table, n, n / 64 + c), m);
  for (int k = 0; k < 8; k++)
    store(out + 8 * k, v[k]);
}

/* ---- the transforms ---- */

/* Up to log2_n - 6 layers, two at a time; the first of an odd number alone. From `in` to `out`. */
static void forward_layers(ring_word *out, const ring_word *in, const ring_ntt *ntt, field m) {
  const uint64_t *table = ntt->forward;
  size_t n = (size_t)1 << ntt->log2_n, blocks = 1, half = n / 2;
  if (ntt->log2_n % 2 != 0) {
    factors f = factors_at(table, n, 1);
    for (size_t j = 0; j < half; j += 8) {
      vec x = load(in + j), y = load(in + j + half);
      forward_butterfly(&x, &y, f, m);
      store(out + j, x);
      store(out + j + half, y);
    }
    in = out;
    blocks = 2;
    half /= 2;
  }
  for (; half > 32; blocks *= 4, half /= 4, in = out)
    for (size_t b = 0; b < blocks; b++)
      forward_two(out + b * 2 * half, in + b * 2 * half, half / 2, factors_at(table, n, blocks + b),
                  factors_at(table, n, 2 * (blocks + b)),
                  factors_at(table, n, 2 * (blocks + b) + 1), m);
}

void ring_kernel_u64_avx512_forward(ring_word *out, const ring_word *in, const ring_ntt *ntt) {
  size_t n = (size_t)1 << ntt->log2_n;
  const field m = field_of(&ntt->modulus);
  forward_layers(out, in, ntt, m);
  for (size_t c = 0; c < n / 64; c++)
    forward_chunk(out + 64 * c, out + 64 * c, c, ntt, m);
}

/* A hint that these need not take: memory keeps up. */
void ring_kernel_u64_avx512_forward_fetching(ring_word *out, const ring_word *in,
                                             const ring_ntt *ntt, const void *next,
                                             size_t n_bytes) {
  (void)next, (void)n_bytes;
  ring_kernel_u64_avx512_forward(out, in, ntt);
}

static void inverse_layers(ring_word *a, const ring_ntt *ntt, field m) {
  const uint64_t *table = ntt->inverse;
  size_t n = (size_t)1 << ntt->log2_n, quarter = 64, blocks = n / 256;
  for (; blocks > 0; quarter *= 4, blocks /= 4)
    for (size_t b = 0; b < blocks; b++)
      inverse_two(a + b * 4 * quarter, quarter, factors_at(table, n, blocks + b),
                  factors_at(table, n, 2 * (blocks + b)),
                  factors_at(table, n, 2 * (blocks + b) + 1), m);
  if (ntt->log2_n % 2 == 0)
    return;
  factors f = factors_at(table, n, 1);
  for (size_t j = 0; j < n / 2; j += 8) {
    vec x = load(a + j), y = load(a + j + n / 2);
    inverse_butterfly(&x, &y, f, m);
    store(a + j, x);
    store(a + j + n / 2, y);
  }
}

void ring_kernel_u64_avx512_inverse(ring_word *out, const ring_word *in, const ring_ntt *ntt) {
  size_t n = (size_t)1 << ntt->log2_n;
  const field m = field_of(&ntt->modulus);
  const factors scale = factors_of(ntt->n_inverse[0], ntt->n_inverse[1]);
  for (size_t c = 0; c < n / 64; c++)
    inverse_chunk(out + 64 * c, in + 64 * c, c, ntt, m);
  inverse_layers(out, ntt, m);
  for (size_t j = 0; j < n; j += 8)
    store(out + j, below(below(product(load(out + j), scale, m), m.twice), m.p));
}
