/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The f64 table for AVX2 and FMA: four doubles a vector. This file is compiled
 * with -mavx2 -mfma -ffp-contract=off, on x86-64 only.
 */
#include "ring/kernel/bits.h"
#include "ring/kernel/tables.h"

#include <immintrin.h>

typedef __m256d vec;
#define LANES 4

#define V_INLINE static inline __attribute__((always_inline))

V_INLINE vec v_load(const double *p) {
  return _mm256_load_pd(p);
}
V_INLINE void v_store(double *p, vec x) {
  _mm256_store_pd(p, x);
}
V_INLINE vec v_set(double x) {
  return _mm256_set1_pd(x);
}
V_INLINE vec v_add(vec a, vec b) {
  return _mm256_add_pd(a, b);
}
V_INLINE vec v_sub(vec a, vec b) {
  return _mm256_sub_pd(a, b);
}
V_INLINE vec v_mul(vec a, vec b) {
  return _mm256_mul_pd(a, b);
}
V_INLINE vec v_fmadd(vec a, vec b, vec c) {
  return _mm256_fmadd_pd(a, b, c);
}
V_INLINE vec v_fmsub(vec a, vec b, vec c) {
  return _mm256_fmsub_pd(a, b, c);
}

/* Two doubles at `low` and two at `high`. */
V_INLINE vec v_pairs(const double *low, const double *high) {
  return _mm256_insertf128_pd(_mm256_castpd128_pd256(_mm_load_pd(low)), _mm_load_pd(high), 1);
}

/* Column e of a chunk: lane b is a[16 b + e]. Taken from memory in pairs. */
typedef struct columns {
  const double *a;
} columns;

V_INLINE void v_open_columns(columns *c, const double *a) {
  c->a = a;
}

V_INLINE void v_take_columns(vec *x, vec *right, const columns *c, size_t e) {
  const double *a = c->a + e;
  vec even = v_pairs(a, a + 32), odd = v_pairs(a + 16, a + 48);
  *x = _mm256_unpacklo_pd(even, odd);
  *right = _mm256_unpackhi_pd(even, odd);
}

V_INLINE void v_store_columns(double *a, const vec x[16]) {
#pragma GCC unroll 4
  for (int e = 0; e < 16; e += 4) {
    vec low0 = _mm256_unpacklo_pd(x[e], x[e + 1]), high0 = _mm256_unpackhi_pd(x[e], x[e + 1]);
    vec low1 = _mm256_unpacklo_pd(x[e + 2], x[e + 3]);
    vec high1 = _mm256_unpackhi_pd(x[e + 2], x[e + 3]);
    v_store(a + e, _mm256_permute2f128_pd(low0, low1, 0x20));
    v_store(a + e + 16, _mm256_permute2f128_pd(high0, high1, 0x20));
    v_store(a + e + 32, _mm256_permute2f128_pd(low0, low1, 0x31));
    v_store(a + e + 48, _mm256_permute2f128_pd(high0, high1, 0x31));
  }
}

/* Four columns in the order of the NTT form: lane b of column e at 4 e + b. */
V_INLINE void v_store_positions(double *a, const vec z[4]) {
#pragma GCC unroll 4
  for (int k = 0; k < 4; k++)
    v_store(a + 4 * k, z[k]);
}

V_INLINE void v_load_positions(vec z[4], const double *a) {
#pragma GCC unroll 4
  for (int k = 0; k < 4; k++)
    z[k] = v_load(a + 4 * k);
}

V_INLINE vec v_load_four(const double *x) {
  return v_load(x);
}

V_INLINE void v_load_key(vec s[2], const double *out0, const double *out1) {
  s[0] = v_load(out0);
  s[1] = v_load(out1);
}

V_INLINE void v_store_key(double *out0, double *out1, const vec s[2]) {
  v_store(out0, s[0]);
  v_store(out1, s[1]);
}

V_INLINE vec v_collect(const double *in, const uint32_t *index) {
  __m128d low = _mm_loadh_pd(_mm_load_sd(in + index[0]), in + index[1]);
  __m128d high = _mm_loadh_pd(_mm_load_sd(in + index[2]), in + index[3]);
  return _mm256_insertf128_pd(_mm256_castpd128_pd256(low), high, 1);
}

V_INLINE vec v_add_if_negative(vec x, vec amount) {
  vec negative = _mm256_cmp_pd(x, _mm256_setzero_pd(), _CMP_LT_OQ);
  return v_add(x, _mm256_and_pd(negative, amount));
}

/*
 * Integers below 2^52 and doubles: the bits of 2^52 + x are those of 2^52 with x
 * in the mantissa.
 */
V_INLINE vec v_load_unsigned(const uint64_t *x) {
  __m256i bits = _mm256_load_si256((const __m256i *)(const void *)x);
  vec exponent = v_set(0x1p52);
  return v_sub(_mm256_or_pd(_mm256_castsi256_pd(bits), exponent), exponent);
}

V_INLINE void v_store_unsigned(uint64_t *out, vec x) {
  vec exponent = v_set(0x1p52);
  vec bits = _mm256_xor_pd(v_add(x, exponent), exponent);
  _mm256_store_si256((__m256i *)(void *)out, _mm256_castpd_si256(bits));
}

/* values = high*2^32 + low; high biased by 2^31 to be unsigned in the mantissa. */
V_INLINE void v_halves(vec *high, vec *low, const int64_t *values) {
  __m256i bits = _mm256_load_si256((const __m256i *)(const void *)values);
  __m256i exponent = _mm256_castpd_si256(v_set(0x1p52));
  __m256i sign = _mm256_slli_epi64(_mm256_set1_epi64x(1), 63);
  __m256i upper = _mm256_or_si256(_mm256_srli_epi64(_mm256_xor_si256(bits, sign), 32), exponent);
  __m256i lower = _mm256_blend_epi32(bits, exponent, 0xAA);
  *high = v_sub(_mm256_castsi256_pd(upper), v_set(0x1p52 + 0x1p31));
  *low = v_sub(_mm256_castsi256_pd(lower), v_set(0x1p52));
}

/* ---- integers and bytes ---- */

/* The lanes of `mask` moved to the front, as 32-bit halves. */
static const uint8_t front[16][8] = {
    {0, 1, 2, 3, 4, 5, 6, 7}, {0, 1, 2, 3, 4, 5, 6, 7}, {2, 3, 0, 1, 4, 5, 6, 7},
    {0, 1, 2, 3, 4, 5, 6, 7}, {4, 5, 0, 1, 2, 3, 6, 7}, {0, 1, 4, 5, 2, 3, 6, 7},
    {2, 3, 4, 5, 0, 1, 6, 7}, {0, 1, 2, 3, 4, 5, 6, 7}, {6, 7, 0, 1, 2, 3, 4, 5},
    {0, 1, 6, 7, 2, 3, 4, 5}, {2, 3, 6, 7, 0, 1, 4, 5}, {0, 1, 2, 3, 6, 7, 4, 5},
    {4, 5, 6, 7, 0, 1, 2, 3}, {0, 1, 4, 5, 6, 7, 2, 3}, {2, 3, 4, 5, 6, 7, 0, 1},
    {0, 1, 2, 3, 4, 5, 6, 7}};

/* The words are public. */
static size_t keep_below(uint64_t *kept, const uint8_t *bytes, size_t n, const ring_modulus *m) {
  const __m256i p = _mm256_set1_epi64x((long long)m->p);
  const __m256i mask = _mm256_set1_epi64x((long long)(((uint64_t)1 << m->bits) - 1));
  size_t n_kept = 0, whole = n - n % LANES;
  for (size_t i = 0; i < whole; i += LANES) {
    __m256i words = _mm256_loadu_si256((const __m256i *)(const void *)(bytes + 8 * i));
    __m256i values = _mm256_and_si256(words, mask);
    int below = _mm256_movemask_pd(_mm256_castsi256_pd(_mm256_cmpgt_epi64(p, values)));
    __m256i order =
        _mm256_cvtepu8_epi32(_mm_loadl_epi64((const __m128i *)(const void *)front[below]));
    _mm256_storeu_si256((__m256i *)(void *)(kept + n_kept),
                        _mm256_permutevar8x32_epi32(values, order));
    n_kept += (size_t)__builtin_popcount((unsigned)below);
  }
  return n_kept + bits_keep_below(kept + n_kept, bytes + 8 * whole, n - whole, m);
}

/* Where four values that start `ahead` bits behind a byte are: words and shifts (see avx512.c). */
typedef struct places {
  __m256i lower, upper, down, up;
} places;

V_INLINE places find_places(int bits, int ahead) {
  int word[4], shift[4];
  for (int k = 0; k < 4; k++) {
    word[k] = (k * bits + ahead) / 32;
    shift[k] = (k * bits + ahead) % 32;
  }
  __m256i down = _mm256_setr_epi64x(shift[0], shift[1], shift[2], shift[3]);
  return (places){_mm256_setr_epi32(word[0], word[0] + 1, word[1], word[1] + 1, word[2],
                                    word[2] + 1, word[3], word[3] + 1),
                  _mm256_setr_epi32(word[0] + 2, 0, word[1] + 2, 0, word[2] + 2, 0, word[3] + 2, 0),
                  down, _mm256_sub_epi64(_mm256_set1_epi64x(64), down)};
}

V_INLINE __m256i take_four(const uint8_t *bytes, places at) {
  __m256i group = _mm256_loadu_si256((const __m256i *)(const void *)bytes);
  __m256i low = _mm256_srlv_epi64(_mm256_permutevar8x32_epi32(group, at.lower), at.down);
  __m256i high = _mm256_sllv_epi64(_mm256_permutevar8x32_epi32(group, at.upper), at.up);
  return _mm256_or_si256(low, high);
}

/*
 * Eight values fill `bits` bytes; the last four start in their middle, within a byte when bits is
 * odd. Of at most 49 bits four of them end within the 32 bytes that are loaded.
 */
static bool unpack(uint64_t *out, const uint8_t *bytes, size_t n, const ring_modulus *m) {
  const places even = find_places(m->bits, 0), odd = find_places(m->bits, 4 * m->bits % 8);
  const __m256i mask = _mm256_set1_epi64x((long long)(((uint64_t)1 << m->bits) - 1));
  const __m256i largest = _mm256_set1_epi64x((long long)m->p - 1);
  __m256i too_large = _mm256_setzero_si256();
  for (size_t i = 0; i < n; i += 2 * LANES, bytes += m->bits) {
    __m256i first = _mm256_and_si256(take_four(bytes, even), mask);
    __m256i second = _mm256_and_si256(take_four(bytes + m->bits / 2, odd), mask);
    too_large = _mm256_or_si256(too_large, _mm256_cmpgt_epi64(first, largest));
    too_large = _mm256_or_si256(too_large, _mm256_cmpgt_epi64(second, largest));
    _mm256_storeu_si256((__m256i *)(void *)(out + i), first);
    _mm256_storeu_si256((__m256i *)(void *)(out + i + LANES), second);
  }
  return _mm256_testz_si256(too_large, too_large) != 0;
}

static void pack(uint8_t *out, const uint64_t *values, size_t n, const ring_modulus *m) {
  bits_pack(out, values, n, m);
}

#include "ring/kernel/f64_loops.h"
#include "ring/kernel/f64_ntt.h"

const ring_kernel ring_kernel_avx2 = F64_TABLE("avx2");
