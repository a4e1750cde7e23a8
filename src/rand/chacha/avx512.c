/* SPDX-License-Identifier: Apache-2.0 */
/* Sixteen blocks at a time with AVX-512 F. Compiled with its flags, on x86-64 only. */
#include <immintrin.h>
#include <stdint.h>

typedef __m512i vec;

#define V_INLINE static inline __attribute__((always_inline))

V_INLINE vec v_add(vec a, vec b) {
  return _mm512_add_epi32(a, b);
}
V_INLINE vec v_xor(vec a, vec b) {
  return _mm512_xor_si512(a, b);
}
V_INLINE vec v_rotate_16(vec x) {
  return _mm512_rol_epi32(x, 16);
}
V_INLINE vec v_rotate_12(vec x) {
  return _mm512_rol_epi32(x, 12);
}
V_INLINE vec v_rotate_8(vec x) {
  return _mm512_rol_epi32(x, 8);
}
V_INLINE vec v_rotate_7(vec x) {
  return _mm512_rol_epi32(x, 7);
}

#include "rand/chacha/rounds.h"

#define STEP 16

/* Word w of block b to word 16 b + w: squares of 4 by 4 in 128-bit lanes, then the lanes. */
V_INLINE void store_blocks(uint8_t *out, const vec x[16]) {
  vec t[16];
#pragma GCC unroll 4
  for (int k = 0; k < 16; k += 4) {
    vec a = _mm512_unpacklo_epi32(x[k], x[k + 1]), b = _mm512_unpackhi_epi32(x[k], x[k + 1]);
    vec c = _mm512_unpacklo_epi32(x[k + 2], x[k + 3]);
    vec d = _mm512_unpackhi_epi32(x[k + 2], x[k + 3]);
    t[k] = _mm512_unpacklo_epi64(a, c), t[k + 1] = _mm512_unpackhi_epi64(a, c);
    t[k + 2] = _mm512_unpacklo_epi64(b, d), t[k + 3] = _mm512_unpackhi_epi64(b, d);
  }
#pragma GCC unroll 4
  for (int k = 0; k < 4; k++) { /* lane l of t[4 q + k]: words 4 q .. 4 q + 3 of block 4 l + k */
    vec a = _mm512_shuffle_i32x4(t[k], t[4 + k], 0x88);
    vec b = _mm512_shuffle_i32x4(t[8 + k], t[12 + k], 0x88);
    vec c = _mm512_shuffle_i32x4(t[k], t[4 + k], 0xDD);
    vec d = _mm512_shuffle_i32x4(t[8 + k], t[12 + k], 0xDD);
    uint8_t *place = out + (size_t)k * RAND_CHACHA_BLOCK_BYTES;
    _mm512_storeu_si512(place, _mm512_shuffle_i32x4(a, b, 0x88));
    _mm512_storeu_si512(place + 256, _mm512_shuffle_i32x4(c, d, 0x88));
    _mm512_storeu_si512(place + 512, _mm512_shuffle_i32x4(a, b, 0xDD));
    _mm512_storeu_si512(place + 768, _mm512_shuffle_i32x4(c, d, 0xDD));
  }
}

static void blocks(uint8_t *out, size_t n_blocks, const rand_chacha *start) {
  const vec lanes = _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
  for (size_t done = 0; done < n_blocks; done += STEP, out += STEP * RAND_CHACHA_BLOCK_BYTES) {
    vec x[16], counter = _mm512_set1_epi32((int)(start->word[12] + (uint32_t)done));
    counter = v_add(counter, lanes);
#pragma GCC unroll 16
    for (int w = 0; w < 16; w++)
      x[w] = w == 12 ? counter : _mm512_set1_epi32((int)start->word[w]);
    rounds(x);
#pragma GCC unroll 16
    for (int w = 0; w < 16; w++)
      x[w] = v_add(x[w], w == 12 ? counter : _mm512_set1_epi32((int)start->word[w]));
    store_blocks(out, x);
  }
}

const rand_chacha_way rand_chacha_avx512 = {"avx512", STEP, blocks};
