/* SPDX-License-Identifier: Apache-2.0 */
/* Eight blocks at a time with AVX2. Compiled with its flags, on x86-64 only. */
#include <immintrin.h>
#include <stdint.h>

typedef __m256i vec;

#define V_INLINE static inline __attribute__((always_inline))

V_INLINE vec v_add(vec a, vec b) {
  return _mm256_add_epi32(a, b);
}
V_INLINE vec v_xor(vec a, vec b) {
  return _mm256_xor_si256(a, b);
}
/* Whole bytes are moved, which takes one operation. */
V_INLINE vec v_rotate_16(vec x) {
  return _mm256_shuffle_epi8(x, _mm256_setr_epi8(2, 3, 0, 1, 6, 7, 4, 5, 10, 11, 8, 9, 14, 15, 12,
                                                 13, 2, 3, 0, 1, 6, 7, 4, 5, 10, 11, 8, 9, 14, 15,
                                                 12, 13));
}
V_INLINE vec v_rotate_8(vec x) {
  return _mm256_shuffle_epi8(x, _mm256_setr_epi8(3, 0, 1, 2, 7, 4, 5, 6, 11, 8, 9, 10, 15, 12, 13,
                                                 14, 3, 0, 1, 2, 7, 4, 5, 6, 11, 8, 9, 10, 15, 12,
                                                 13, 14));
}
V_INLINE vec v_rotate_12(vec x) {
  return _mm256_or_si256(_mm256_slli_epi32(x, 12), _mm256_srli_epi32(x, 20));
}
V_INLINE vec v_rotate_7(vec x) {
  return _mm256_or_si256(_mm256_slli_epi32(x, 7), _mm256_srli_epi32(x, 25));
}

#include "rand/chacha/rounds.h"

#define STEP 8

/* Words 8 h .. 8 h + 7 of all blocks: squares of 4 by 4 in 128-bit lanes, then the lanes. */
V_INLINE void store_half(uint8_t *out, const vec x[8]) {
  vec t[8];
#pragma GCC unroll 2
  for (int k = 0; k < 8; k += 4) {
    vec a = _mm256_unpacklo_epi32(x[k], x[k + 1]), b = _mm256_unpackhi_epi32(x[k], x[k + 1]);
    vec c = _mm256_unpacklo_epi32(x[k + 2], x[k + 3]);
    vec d = _mm256_unpackhi_epi32(x[k + 2], x[k + 3]);
    t[k] = _mm256_unpacklo_epi64(a, c), t[k + 1] = _mm256_unpackhi_epi64(a, c);
    t[k + 2] = _mm256_unpacklo_epi64(b, d), t[k + 3] = _mm256_unpackhi_epi64(b, d);
  }
#pragma GCC unroll 4
  for (int k = 0; k < 4; k++) { /* lane l of t[4 q + k]: four words of block 4 l + k */
    uint8_t *place = out + (size_t)k * RAND_CHACHA_BLOCK_BYTES;
    _mm256_storeu_si256((vec *)(void *)place, _mm256_permute2x128_si256(t[k], t[4 + k], 0x20));
    _mm256_storeu_si256((vec *)(void *)(place + 256),
                        _mm256_permute2x128_si256(t[k], t[4 + k], 0x31));
  }
}

static void blocks(uint8_t *out, size_t n_blocks, const rand_chacha *start) {
  const vec lanes = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
  for (size_t done = 0; done < n_blocks; done += STEP, out += STEP * RAND_CHACHA_BLOCK_BYTES) {
    vec x[16], counter = _mm256_set1_epi32((int)(start->word[12] + (uint32_t)done));
    counter = v_add(counter, lanes);
#pragma GCC unroll 16
    for (int w = 0; w < 16; w++)
      x[w] = w == 12 ? counter : _mm256_set1_epi32((int)start->word[w]);
    rounds(x);
#pragma GCC unroll 16
    for (int w = 0; w < 16; w++)
      x[w] = v_add(x[w], w == 12 ? counter : _mm256_set1_epi32((int)start->word[w]));
    store_half(out, x);
    store_half(out + 32, x + 8);
  }
}

const rand_chacha_way rand_chacha_avx2 = {"avx2", STEP, blocks};
