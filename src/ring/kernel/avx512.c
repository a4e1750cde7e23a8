/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The f64 table for AVX-512 F, DQ and VL: eight doubles a vector. This file is
 * compiled with -mavx512f -mavx512dq -mavx512vl -mfma -ffp-contract=off, on
 * x86-64 only.
 */
#include "ring/kernel/bits.h"
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

/* ---- integers and bytes ---- */

static size_t keep_below(uint64_t *kept, const uint8_t *bytes, size_t n, const ring_modulus *m) {
  const __m512i p = _mm512_set1_epi64((long long)m->p);
  const __m512i mask = _mm512_set1_epi64((long long)(((uint64_t)1 << m->bits) - 1));
  size_t n_kept = 0, whole = n - n % LANES;
  for (size_t i = 0; i < whole; i += LANES) {
    __m512i values = _mm512_and_si512(_mm512_loadu_si512(bytes + 8 * i), mask);
    __mmask8 below = _mm512_cmplt_epu64_mask(values, p);
    _mm512_storeu_si512(kept + n_kept, _mm512_maskz_compress_epi64(below, values));
    n_kept += (size_t)__builtin_popcount(below);
  }
  return n_kept + bits_keep_below(kept + n_kept, bytes + 8 * whole, n - whole, m);
}

/*
 * Eight values fill `bits` bytes. Value k starts in 32-bit word w = k*bits/32 of them and ends by
 * word w + 2: words w and w + 1 shifted down, w + 2 up.
 */
static bool unpack(uint64_t *out, const uint8_t *bytes, size_t n, const ring_modulus *m) {
  const __m512i start =
      _mm512_mullo_epi64(_mm512_setr_epi64(0, 1, 2, 3, 4, 5, 6, 7), _mm512_set1_epi64(m->bits));
  const __m512i word = _mm512_srli_epi64(start, 5);
  const __m512i one = _mm512_set1_epi64((long long)1 << 32);
  const __m512i lower = /* w in the lower half of each lane, w + 1 in the upper */
      _mm512_add_epi64(_mm512_or_si512(word, _mm512_slli_epi64(word, 32)), one);
  const __m512i upper = _mm512_add_epi64(word, _mm512_set1_epi64(2));
  const __m512i down = _mm512_and_si512(start, _mm512_set1_epi64(31));
  const __m512i up = _mm512_sub_epi64(_mm512_set1_epi64(64), down);
  const __m512i mask = _mm512_set1_epi64((long long)(((uint64_t)1 << m->bits) - 1));
  const __m512i p = _mm512_set1_epi64((long long)m->p);
  __mmask8 too_large = 0;
  for (size_t i = 0; i < n; i += LANES, bytes += m->bits) {
    __m512i group = _mm512_loadu_si512(bytes);
    __m512i low = _mm512_srlv_epi64(_mm512_permutexvar_epi32(lower, group), down);
    __m512i high = _mm512_sllv_epi64(_mm512_permutexvar_epi32(upper, group), up);
    __m512i values = _mm512_and_si512(_mm512_or_si512(low, high), mask);
    too_large |= _mm512_cmpge_epu64_mask(values, p);
    _mm512_storeu_si512(out + i, values);
  }
  return too_large == 0;
}

/*
 * Eight values to 64 bytes, of which `bits` count and the others are written over by the next
 * eight. 64-bit word j begins in value k = 64 j / bits and, as bits >= 32, ends by value k + 2.
 * Shifts by 64 and more give zero, as they should.
 */
static void pack(uint8_t *out, const uint64_t *values, size_t n, const ring_modulus *m) {
  if (m->bits < 32) {
    bits_pack(out, values, n, m);
    return;
  }
  uint64_t first[LANES], offset[LANES];
  for (uint64_t j = 0; j < LANES; j++) {
    first[j] = 64 * j / (uint64_t)m->bits;
    offset[j] = 64 * j % (uint64_t)m->bits;
  }
  const __m512i one = _mm512_set1_epi64(1), bits = _mm512_set1_epi64(m->bits);
  const __m512i k0 = _mm512_loadu_si512(first), k1 = _mm512_add_epi64(k0, one);
  const __m512i k2 = _mm512_add_epi64(k1, one), down = _mm512_loadu_si512(offset);
  const __m512i up1 = _mm512_sub_epi64(bits, down), up2 = _mm512_add_epi64(up1, bits);
  /* Behind the eighth value there is none. */
  const __mmask8 has1 = _mm512_cmplt_epu64_mask(k1, _mm512_set1_epi64(LANES));
  const __mmask8 has2 = _mm512_cmplt_epu64_mask(k2, _mm512_set1_epi64(LANES));
  for (size_t i = 0; i < n; i += LANES, out += m->bits) {
    __m512i group = _mm512_loadu_si512(values + i);
    __m512i word = _mm512_srlv_epi64(_mm512_permutexvar_epi64(k0, group), down);
    __m512i next = _mm512_maskz_permutexvar_epi64(has1, k1, group);
    __m512i last = _mm512_maskz_permutexvar_epi64(has2, k2, group);
    word = _mm512_or_si512(word, _mm512_sllv_epi64(next, up1));
    word = _mm512_or_si512(word, _mm512_sllv_epi64(last, up2));
    _mm512_storeu_si512(out, word);
  }
}

#include "ring/kernel/f64_loops.h"
#include "ring/kernel/f64_ntt.h"

const ring_kernel ring_kernel_avx512 = F64_TABLE("avx512");
