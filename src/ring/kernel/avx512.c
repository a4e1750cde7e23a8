/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The f64 table for AVX-512 F, DQ and VL: eight doubles a vector. This file is
 * compiled with -mavx512f -mavx512dq -mavx512vl -mfma -ffp-contract=off, on
 * x86-64 only.
 */
#include "ring/kernel/tables.h"

#include <immintrin.h>

typedef __m512d vec;
#define LANES 8

#define V_INLINE static inline __attribute__((always_inline))

V_INLINE vec v_load(const double *p) {
  return _mm512_load_pd(p);
}
V_INLINE void v_store(double *p, vec x) {
  _mm512_store_pd(p, x);
}
V_INLINE vec v_set(double x) {
  return _mm512_set1_pd(x);
}
V_INLINE vec v_add(vec a, vec b) {
  return _mm512_add_pd(a, b);
}
V_INLINE vec v_sub(vec a, vec b) {
  return _mm512_sub_pd(a, b);
}
V_INLINE vec v_mul(vec a, vec b) {
  return _mm512_mul_pd(a, b);
}
V_INLINE vec v_fmadd(vec a, vec b, vec c) {
  return _mm512_fmadd_pd(a, b, c);
}
V_INLINE vec v_fmsub(vec a, vec b, vec c) {
  return _mm512_fmsub_pd(a, b, c);
}

/*
 * Transposes 8 by 8 in place, through 2 by 2 within 128-bit lanes and then the
 * 4 by 4 square of those lanes.
 */
V_INLINE void v_transpose(vec x[8]) {
  vec t[8];
#pragma GCC unroll 4
  for (int k = 0; k < 4; k++) {
    t[2 * k] = _mm512_unpacklo_pd(x[2 * k], x[2 * k + 1]);
    t[2 * k + 1] = _mm512_unpackhi_pd(x[2 * k], x[2 * k + 1]);
  }
#pragma GCC unroll 2
  for (int k = 0; k < 2; k++) {
    vec low0 = _mm512_shuffle_f64x2(t[k], t[k + 2], 0x88);
    vec low1 = _mm512_shuffle_f64x2(t[k + 4], t[k + 6], 0x88);
    vec high0 = _mm512_shuffle_f64x2(t[k], t[k + 2], 0xDD);
    vec high1 = _mm512_shuffle_f64x2(t[k + 4], t[k + 6], 0xDD);
    x[k] = _mm512_shuffle_f64x2(low0, low1, 0x88);
    x[k + 2] = _mm512_shuffle_f64x2(high0, high1, 0x88);
    x[k + 4] = _mm512_shuffle_f64x2(low0, low1, 0xDD);
    x[k + 6] = _mm512_shuffle_f64x2(high0, high1, 0xDD);
  }
}

/* Column e of a chunk: lane b is a[16 b + e]. All are transposed at once. */
typedef struct columns {
  vec x[16];
} columns;

V_INLINE void v_open_columns(columns *c, const double *a) {
#pragma GCC unroll 2
  for (int half = 0; half < 2; half++) {
#pragma GCC unroll 8
    for (int b = 0; b < 8; b++)
      c->x[8 * half + b] = v_load(a + 16 * b + 8 * half);
    v_transpose(c->x + 8 * half);
  }
}

V_INLINE void v_take_columns(vec *x, vec *right, const columns *c, size_t e) {
  *x = c->x[e];
  *right = c->x[e + 1];
}

V_INLINE void v_store_columns(double *a, vec x[16]) {
#pragma GCC unroll 2
  for (int half = 0; half < 2; half++) {
    v_transpose(x + 8 * half);
#pragma GCC unroll 8
    for (int b = 0; b < 8; b++)
      v_store(a + 16 * b + 8 * half, x[8 * half + b]);
  }
}

/*
 * Four columns in the order of the NTT form: lanes 0 to 3 belong to one chunk of
 * 64, lanes 4 to 7 to the next; lane b of column e goes to 4 e + b % 4.
 */
V_INLINE void v_store_positions(double *a, const vec z[4]) {
#pragma GCC unroll 2
  for (int k = 0; k < 4; k += 2) {
    v_store(a + 4 * k, _mm512_shuffle_f64x2(z[k], z[k + 1], 0x44));
    v_store(a + 4 * k + 64, _mm512_shuffle_f64x2(z[k], z[k + 1], 0xEE));
  }
}

V_INLINE void v_load_positions(vec z[4], const double *a) {
#pragma GCC unroll 2
  for (int k = 0; k < 4; k += 2) {
    vec low = v_load(a + 4 * k), high = v_load(a + 4 * k + 64);
    z[k] = _mm512_shuffle_f64x2(low, high, 0x44);
    z[k + 1] = _mm512_shuffle_f64x2(low, high, 0xEE);
  }
}

/* The same four twice: one copy meets the key's b words, one its a words. */
V_INLINE vec v_load_four(const double *x) {
  return _mm512_broadcast_f64x4(_mm256_load_pd(x));
}

V_INLINE void v_load_key(vec s[1], const double *out0, const double *out1) {
  s[0] = _mm512_insertf64x4(_mm512_castpd256_pd512(_mm256_load_pd(out0)), _mm256_load_pd(out1), 1);
}

V_INLINE void v_store_key(double *out0, double *out1, const vec s[1]) {
  _mm256_store_pd(out0, _mm512_castpd512_pd256(s[0]));
  _mm256_store_pd(out1, _mm512_extractf64x4_pd(s[0], 1));
}

V_INLINE __m256d v_collect_four(const double *in, const uint32_t *index) {
  __m128d low = _mm_loadh_pd(_mm_load_sd(in + index[0]), in + index[1]);
  __m128d high = _mm_loadh_pd(_mm_load_sd(in + index[2]), in + index[3]);
  return _mm256_insertf128_pd(_mm256_castpd128_pd256(low), high, 1);
}

V_INLINE vec v_collect(const double *in, const uint32_t *index) {
  __m256d low = v_collect_four(in, index), high = v_collect_four(in, index + 4);
  return _mm512_insertf64x4(_mm512_castpd256_pd512(low), high, 1);
}

V_INLINE vec v_add_if_negative(vec x, vec amount) {
  __mmask8 negative = _mm512_cmp_pd_mask(x, _mm512_setzero_pd(), _CMP_LT_OQ);
  return _mm512_mask_add_pd(x, negative, x, amount);
}

V_INLINE vec v_load_unsigned(const uint64_t *x) {
  return _mm512_cvtepu64_pd(_mm512_load_si512(x));
}

V_INLINE void v_store_unsigned(uint64_t *out, vec x) {
  _mm512_store_si512(out, _mm512_cvtpd_epu64(x));
}

/* values = high*2^32 + low */
V_INLINE void v_halves(vec *high, vec *low, const int64_t *values) {
  __m512i bits = _mm512_load_si512(values);
  *high = _mm512_cvtepi64_pd(_mm512_srai_epi64(bits, 32));
  *low = _mm512_cvtepi64_pd(_mm512_and_si512(bits, _mm512_set1_epi64(0xFFFFFFFF)));
}

#include "ring/kernel/f64_loops.h"
#include "ring/kernel/f64_ntt.h"

const ring_kernel ring_kernel_avx512 = F64_TABLE("avx512");
