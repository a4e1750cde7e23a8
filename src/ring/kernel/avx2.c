/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The f64 table for AVX2 and FMA: four doubles a vector. This file is compiled
 * with -mavx2 -mfma -ffp-contract=off, on x86-64 only.
 */
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

#include "ring/kernel/f64_loops.h"
#include "ring/kernel/f64_ntt.h"

const ring_kernel ring_kernel_avx2 = F64_TABLE("avx2");
