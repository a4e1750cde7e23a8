/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The portable tables: what every other table is compared with. All arithmetic
 * is on 64-bit residues in [0, p), p < 2^61; the f64 table turns its doubles
 * into residues and back, and shares the rest. No branch and no index depends
 * on a value.
 *
 * Each entry is written once, as NAME_words with the kind of word as its first
 * argument; BOTH makes the two entries of it, with that argument constant.
 */
#include "base/alloc.h"
#include "ring/kernel/bits.h"
#include "ring/kernel/tables.h"

#define INLINE static inline __attribute__((always_inline))

/* The wrappers copy the modulus so that stores through `out` cannot change it. */
#define BOTH(name, parameters, ...)                                                                \
  static void u64_##name parameters {                                                              \
    const ring_modulus modulus = *m;                                                               \
    name##_words(RING_U64, &modulus, __VA_ARGS__);                                                 \
  }                                                                                                \
  static void f64_##name parameters {                                                              \
    const ring_modulus modulus = *m;                                                               \
    name##_words(RING_F64, &modulus, __VA_ARGS__);                                                 \
  }

typedef unsigned __int128 wide;

#if defined(__wasm__)
/*
 * WebAssembly multiplies 64 bits to 64: compilers call a function for more, which takes the time of
 * ten of these. Four products of halves; no sum of them passes 2^64.
 */
INLINE wide times(uint64_t a, uint64_t b) {
  uint64_t a0 = (uint32_t)a, a1 = a >> 32, b0 = (uint32_t)b, b1 = b >> 32;
  uint64_t low = a0 * b0, middle = a1 * b0 + (low >> 32), other = a0 * b1 + (uint32_t)middle;
  uint64_t high = a1 * b1 + (middle >> 32) + (other >> 32);
  return (wide)high << 64 | (other << 32 | (uint32_t)low);
}
#else
INLINE wide times(uint64_t a, uint64_t b) {
  return (wide)a * b;
}
#endif

/* ---- residues ---- */

/*
 * value - bound where value >= bound; the difference is within +-2^63. Masks are
 * made of sign bits: compilers turn those of comparisons into branches.
 */
INLINE uint64_t below(uint64_t value, uint64_t bound) {
  uint64_t difference = value - bound;
  return difference + (bound & (uint64_t)((int64_t)difference >> 63));
}

/*
 * Barrett for 64-bit values: q = floor(value*floor(2^64/p) / 2^64) is at most
 * one below floor(value/p), so the remainder is below 2p.
 */
INLINE uint64_t residue_u64(uint64_t value, const ring_modulus *m) {
  uint64_t q = (uint64_t)(times(value, m->ratio_hi) >> 64);
  return below(value - q * m->p, m->p);
}

/* |value| < 2^62; p << (63 - bits) is a multiple of p between 2^62 and 2^63. */
INLINE uint64_t residue_i64(int64_t value, const ring_modulus *m) {
  return residue_u64((uint64_t)value + (m->p << (63 - m->bits)), m);
}

/*
 * Barrett for any 128-bit value with floor(2^128/p) = ratio. The low halves'
 * product is cut to its high word; quotient at most 2 too small (one for the
 * ratio, one for the cuts), hence two corrections. 3p < 2^63.
 */
INLINE uint64_t residue_wide(wide value, const ring_modulus *m) {
  uint64_t lo = (uint64_t)value, hi = (uint64_t)(value >> 64);
  uint64_t carry = (uint64_t)(times(lo, m->ratio_lo) >> 64);
  wide middle = times(lo, m->ratio_hi) + carry;
  wide other = times(hi, m->ratio_lo) + (uint64_t)middle;
  uint64_t q = hi * m->ratio_hi + (uint64_t)(middle >> 64) + (uint64_t)(other >> 64);
  return below(below(lo - q * m->p, m->p), m->p);
}

INLINE uint64_t product(uint64_t a, uint64_t b, const ring_modulus *m) {
  return residue_wide(times(a, b), m);
}

/* [0, p) to [-(p-1)/2, (p-1)/2] */
INLINE int64_t centred(uint64_t a, const ring_modulus *m) {
  return (int64_t)(a - (m->p & (uint64_t)((int64_t)(m->p / 2 - a) >> 63)));
}

/* ---- words ---- */

/* f64: any integer |x| < 2^62. */
INLINE uint64_t load(ring_word_kind kind, ring_word word, const ring_modulus *m) {
  return kind == RING_U64 ? word.u : residue_i64((int64_t)word.f, m);
}

/* f64: centred; an integer zero converts to +0.0. */
INLINE ring_word store(ring_word_kind kind, uint64_t residue, const ring_modulus *m) {
  return kind == RING_U64 ? (ring_word){.u = residue}
                          : (ring_word){.f = (double)centred(residue, m)};
}

/* A centred word of another modulus as an integer; from = NULL: a signed word. */
INLINE int64_t integer(ring_word_kind kind, ring_word word, const ring_modulus *from) {
  if (kind == RING_F64)
    return (int64_t)word.f;
  return from == NULL ? (int64_t)word.u : centred(word.u, from);
}

/* ---- pointwise ---- */

INLINE void add_words(ring_word_kind kind, const ring_modulus *m, ring_word *out,
                      const ring_word *a, const ring_word *b, size_t n) {
  for (size_t i = 0; i < n; i++)
    out[i] = store(kind, below(load(kind, a[i], m) + load(kind, b[i], m), m->p), m);
}
BOTH(add,
     (ring_word * out, const ring_word *a, const ring_word *b, size_t n, const ring_modulus *m),
     out, a, b, n)

INLINE void sub_words(ring_word_kind kind, const ring_modulus *m, ring_word *out,
                      const ring_word *a, const ring_word *b, size_t n) {
  for (size_t i = 0; i < n; i++)
    out[i] = store(kind, below(load(kind, a[i], m) + m->p - load(kind, b[i], m), m->p), m);
}
BOTH(sub,
     (ring_word * out, const ring_word *a, const ring_word *b, size_t n, const ring_modulus *m),
     out, a, b, n)

INLINE void negate_words(ring_word_kind kind, const ring_modulus *m, ring_word *out,
                         const ring_word *a, size_t n) {
  for (size_t i = 0; i < n; i++)
    out[i] = store(kind, below(m->p - load(kind, a[i], m), m->p), m);
}
BOTH(negate, (ring_word * out, const ring_word *a, size_t n, const ring_modulus *m), out, a, n)

INLINE void mul_words(ring_word_kind kind, const ring_modulus *m, ring_word *out,
                      const ring_word *a, const ring_word *b, size_t n) {
  for (size_t i = 0; i < n; i++)
    out[i] = store(kind, product(load(kind, a[i], m), load(kind, b[i], m), m), m);
}
BOTH(mul,
     (ring_word * out, const ring_word *a, const ring_word *b, size_t n, const ring_modulus *m),
     out, a, b, n)

INLINE void mul_add_words(ring_word_kind kind, const ring_modulus *m, ring_word *out,
                          const ring_word *a, const ring_word *b, size_t n) {
  for (size_t i = 0; i < n; i++) {
    wide sum = times(load(kind, a[i], m), load(kind, b[i], m)) + load(kind, out[i], m);
    out[i] = store(kind, residue_wide(sum, m), m);
  }
}
BOTH(mul_add,
     (ring_word * out, const ring_word *a, const ring_word *b, size_t n, const ring_modulus *m),
     out, a, b, n)

INLINE void mul_scalar_words(ring_word_kind kind, const ring_modulus *m, ring_word *out,
                             const ring_word *a, uint64_t w, size_t n) {
  for (size_t i = 0; i < n; i++)
    out[i] = store(kind, product(load(kind, a[i], m), w, m), m);
}
BOTH(mul_scalar, (ring_word * out, const ring_word *a, uint64_t w, size_t n, const ring_modulus *m),
     out, a, w, n)

INLINE void sub_mul_scalar_words(ring_word_kind kind, const ring_modulus *m, ring_word *out,
                                 const ring_word *a, const ring_word *b, uint64_t w,
                                 const ring_word *c, size_t n) {
  for (size_t i = 0; i < n; i++) {
    uint64_t difference = load(kind, a[i], m) + m->p - load(kind, b[i], m); /* < 2p < 2^62 */
    wide plus = c == NULL ? 0 : load(kind, c[i], m);
    out[i] = store(kind, residue_wide(times(difference, w) + plus, m), m);
  }
}
BOTH(sub_mul_scalar,
     (ring_word * out, const ring_word *a, const ring_word *b, uint64_t w, const ring_word *c,
      size_t n, const ring_modulus *m),
     out, a, b, w, c, n)

/* ---- sums: 64 products of residues below 2^61 stay below 2^128 ---- */

INLINE void sum_scalar_words(ring_word_kind kind, const ring_modulus *m, ring_word *out,
                             const ring_word *const *in, const uint64_t *w, int n_terms, size_t n) {
  for (size_t i = 0; i < n; i++) {
    wide sum = 0;
    for (int j = 0; j < n_terms; j++)
      sum += (wide)load(kind, in[j][i], m) * w[j];
    out[i] = store(kind, residue_wide(sum, m), m);
  }
}
BOTH(sum_scalar,
     (ring_word * out, const ring_word *const *in, const uint64_t *w, int n_terms, size_t n,
      const ring_modulus *m),
     out, in, w, n_terms, n)

INLINE void tensor_words(ring_word_kind kind, const ring_modulus *m, ring_word *d0, ring_word *d1,
                         ring_word *d2, const ring_word *a0, const ring_word *a1,
                         const ring_word *b0, const ring_word *b1, bool accumulate, size_t n) {
  for (size_t i = 0; i < n; i++) {
    uint64_t x0 = load(kind, a0[i], m), x1 = load(kind, a1[i], m);
    uint64_t y0 = load(kind, b0[i], m), y1 = load(kind, b1[i], m);
    wide s0 = accumulate ? load(kind, d0[i], m) : 0;
    wide s1 = accumulate ? load(kind, d1[i], m) : 0;
    wide s2 = accumulate ? load(kind, d2[i], m) : 0;
    d0[i] = store(kind, residue_wide((wide)x0 * y0 + s0, m), m);
    d1[i] = store(kind, residue_wide((wide)x0 * y1 + (wide)x1 * y0 + s1, m), m);
    d2[i] = store(kind, residue_wide((wide)x1 * y1 + s2, m), m);
  }
}
BOTH(tensor,
     (ring_word * d0, ring_word *d1, ring_word *d2, const ring_word *a0, const ring_word *a1,
      const ring_word *b0, const ring_word *b1, bool accumulate, size_t n, const ring_modulus *m),
     d0, d1, d2, a0, a1, b0, b1, accumulate, n)

INLINE void mac_key_words(ring_word_kind kind, const ring_modulus *m, ring_word *out0,
                          ring_word *out1, const ring_word *const *x, const ring_word *key,
                          int n_digits, int key_digits, bool accumulate, size_t n) {
  for (size_t i = 0; i < n; i++) {
    const ring_word *group = key + i / 4 * (size_t)key_digits * 8 + i % 4;
    wide sum0 = accumulate ? load(kind, out0[i], m) : 0;
    wide sum1 = accumulate ? load(kind, out1[i], m) : 0;
    for (int d = 0; d < n_digits; d++, group += 8) {
      uint64_t digit = load(kind, x[d][i], m);
      sum0 += (wide)digit * load(kind, group[0], m);
      sum1 += (wide)digit * load(kind, group[4], m);
    }
    out0[i] = store(kind, residue_wide(sum0, m), m);
    out1[i] = store(kind, residue_wide(sum1, m), m);
  }
}
BOTH(mac_key,
     (ring_word * out0, ring_word *out1, const ring_word *const *x, const ring_word *key,
      int n_digits, int key_digits, bool accumulate, size_t n, const ring_modulus *m),
     out0, out1, x, key, n_digits, key_digits, accumulate, n)

/* ---- between moduli ---- */

INLINE void convert_words(ring_word_kind kind, const ring_modulus *m, ring_word *out,
                          const ring_word *const *in, const ring_modulus *const *from,
                          const uint64_t *w, int n_terms, size_t n) {
  for (size_t i = 0; i < n; i++) {
    wide sum = 0;
    for (int j = 0; j < n_terms; j++) {
      const ring_modulus *source = kind == RING_U64 ? from[j] : NULL;
      sum += (wide)residue_i64(integer(kind, in[j][i], source), m) * w[j];
    }
    out[i] = store(kind, residue_wide(sum, m), m);
  }
}
BOTH(convert,
     (ring_word * out, const ring_word *const *in, const ring_modulus *const *from,
      const uint64_t *w, int n_terms, size_t n, const ring_modulus *m),
     out, in, from, w, n_terms, n)

INLINE void reduce_words(ring_word_kind kind, const ring_modulus *m, ring_word *out,
                         const ring_word *in, const ring_modulus *from, size_t n) {
  for (size_t i = 0; i < n; i++)
    out[i] = store(kind, residue_i64(integer(kind, in[i], from), m), m);
}
BOTH(reduce,
     (ring_word * out, const ring_word *in, const ring_modulus *from, size_t n,
      const ring_modulus *m),
     out, in, from, n)

/*
 * The order of additions and the absence of fused ones are part of the contract.
 * Adding and subtracting 1.5*2^52 is rint for |sum| < 2^51 (a sum of 16
 * fractions is at most 8); the difference of equal doubles is +0.0.
 */
INLINE void quotient_words(ring_word_kind kind, ring_word *out, const ring_word *const *in,
                           const ring_modulus *const *from, int n_terms, size_t n) {
  const double magic = 0x1.8p52;
  for (size_t i = 0; i < n; i++) {
    double sum = 0;
    for (int j = 0; j < n_terms; j++)
      sum += (double)integer(kind, in[j][i], from[j]) * from[j]->inverse;
    double rounded = (sum + magic) - magic;
    out[i] =
        kind == RING_U64 ? (ring_word){.u = (uint64_t)(int64_t)rounded} : (ring_word){.f = rounded};
  }
}

static void u64_quotient(ring_word *out, const ring_word *const *in,
                         const ring_modulus *const *from, int n_terms, size_t n) {
  quotient_words(RING_U64, out, in, from, n_terms, n);
}

static void f64_quotient(ring_word *out, const ring_word *const *in,
                         const ring_modulus *const *from, int n_terms, size_t n) {
  quotient_words(RING_F64, out, in, from, n_terms, n);
}

/* ---- forms of words ---- */

INLINE void centre_words(ring_word_kind kind, const ring_modulus *m, ring_word *out,
                         const ring_word *in, size_t n) {
  for (size_t i = 0; i < n; i++)
    out[i] = store(kind, load(kind, in[i], m), m);
}
BOTH(centre, (ring_word * out, const ring_word *in, size_t n, const ring_modulus *m), out, in, n)

/* Moves words, whatever they hold: one entry for both tables. */
static void permute(ring_word *out, const ring_word *in, const uint32_t *index, size_t n) {
  for (size_t i = 0; i < n; i++)
    out[i] = in[index[i]];
}

INLINE void permute_add_words(ring_word_kind kind, const ring_modulus *m, ring_word *out,
                              const ring_word *a, const ring_word *in, const uint32_t *index,
                              size_t n) {
  for (size_t i = 0; i < n; i++) {
    uint64_t sum = load(kind, a[i], m) + load(kind, in[index[i]], m);
    out[i] = store(kind, below(sum, m->p), m);
  }
}
BOTH(permute_add,
     (ring_word * out, const ring_word *a, const ring_word *in, const uint32_t *index, size_t n,
      const ring_modulus *m),
     out, a, in, index, n)

INLINE void from_int64_words(ring_word_kind kind, const ring_modulus *m, ring_word *out,
                             const int64_t *values, size_t n) {
  for (size_t i = 0; i < n; i++)
    out[i] = store(kind, residue_i64(values[i], m), m);
}
BOTH(from_int64, (ring_word * out, const int64_t *values, size_t n, const ring_modulus *m), out,
     values, n)

INLINE void to_uint64_words(ring_word_kind kind, const ring_modulus *m, uint64_t *out,
                            const ring_word *in, size_t n) {
  for (size_t i = 0; i < n; i++)
    out[i] = load(kind, in[i], m);
}
BOTH(to_uint64, (uint64_t * out, const ring_word *in, size_t n, const ring_modulus *m), out, in, n)

INLINE void from_uint64_words(ring_word_kind kind, const ring_modulus *m, ring_word *out,
                              const uint64_t *in, size_t n) {
  for (size_t i = 0; i < n; i++)
    out[i] = store(kind, in[i], m);
}
BOTH(from_uint64, (ring_word * out, const uint64_t *in, size_t n, const ring_modulus *m), out, in,
     n)

/* ---- the transform: Longa and Naehrig (eprint 2016/504), lazy butterflies of Harvey 2014 ---- */

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

/* ---- integers and bytes ---- */

static size_t keep_below(uint64_t *kept, const uint8_t *bytes, size_t n, const ring_modulus *m) {
  return bits_keep_below(kept, bytes, n, m);
}

static bool unpack(uint64_t *out, const uint8_t *bytes, size_t n, const ring_modulus *m) {
  return bits_unpack(out, bytes, n, m);
}

static void pack(uint8_t *out, const uint64_t *values, size_t n, const ring_modulus *m) {
  bits_pack(out, values, n, m);
}

/* ---- the tables ---- */

#define NTT(prefix)                                                                                \
  .ntt_build = ntt_build, .ntt_free = ntt_free, .ntt_forward = prefix##_ntt_forward,               \
  .ntt_forward_fetching = prefix##_ntt_forward_fetching, .ntt_inverse = prefix##_ntt_inverse

#define TABLE(title, word_kind, prefix, ...)                                                       \
  {                                                                                                \
    .name = (title), .kind = (word_kind), __VA_ARGS__, .add = prefix##_add, .sub = prefix##_sub,   \
    .negate = prefix##_negate, .mul = prefix##_mul, .mul_add = prefix##_mul_add,                   \
    .mul_scalar = prefix##_mul_scalar, .sub_mul_scalar = prefix##_sub_mul_scalar,                  \
    .sum_scalar = prefix##_sum_scalar, .tensor = prefix##_tensor, .mac_key = prefix##_mac_key,     \
    .convert = prefix##_convert, .reduce = prefix##_reduce, .quotient = prefix##_quotient,         \
    .centre = prefix##_centre, .permute = permute, .permute_add = prefix##_permute_add,            \
    .from_int64 = prefix##_from_int64, .to_uint64 = prefix##_to_uint64,                            \
    .from_uint64 = prefix##_from_uint64, .keep_below = keep_below, .unpack = unpack, .pack = pack  \
  }

const ring_kernel ring_kernel_scalar_u64 = TABLE("scalar-u64", RING_U64, u64, NTT(u64));
const ring_kernel ring_kernel_scalar_f64 = TABLE("scalar-f64", RING_F64, f64, NTT(f64));
#if RING_KERNEL_X86
/* Transforms with vectors (u64_avx512.c), and the rest as it is here. */
const ring_kernel ring_kernel_avx512_u64 =
    TABLE("avx512-u64", RING_U64, u64, .ntt_build = ring_kernel_u64_avx512_build,
          .ntt_free = ring_kernel_u64_avx512_free, .ntt_forward = ring_kernel_u64_avx512_forward,
          .ntt_forward_fetching = ring_kernel_u64_avx512_forward_fetching,
          .ntt_inverse = ring_kernel_u64_avx512_inverse);
#endif
