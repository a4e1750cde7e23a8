/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ChaCha20 (RFC 8439) and BLAKE2b (RFC 7693), as libsodium has them: a browser's build cannot link
 * Debian's libsodium, of which the client's rooms call six functions. Plain loops without a branch
 * or an index that depends on a byte. tests/web/test_sodium.c holds every length against libsodium.
 */
#include <sodium.h>
#include <string.h>

int sodium_init(void) {
  return 0;
}

void sodium_memzero(void *memory, size_t n_bytes) {
  memset(memory, 0, n_bytes);
  __asm__ __volatile__("" : : "r"(memory) : "memory"); /* somebody might still look */
}

int sodium_memcmp(const void *a, const void *b, size_t n_bytes) {
  const volatile unsigned char *x = a, *y = b;
  unsigned difference = 0;
  for (size_t i = 0; i < n_bytes; i++)
    difference |= (unsigned)(x[i] ^ y[i]);
  return -(int)((difference + 255u) >> 8);
}

/* ---- ChaCha20 */

static uint32_t load_u32(const unsigned char *bytes) {
  return (uint32_t)bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16 |
         (uint32_t)bytes[3] << 24;
}

static uint32_t rotate_left(uint32_t x, int bits) {
  return x << bits | x >> (32 - bits);
}

static inline __attribute__((always_inline)) void quarter(uint32_t x[16], int a, int b, int c,
                                                          int d) {
  x[a] += x[b];
  x[d] = rotate_left(x[d] ^ x[a], 16);
  x[c] += x[d];
  x[b] = rotate_left(x[b] ^ x[c], 12);
  x[a] += x[b];
  x[d] = rotate_left(x[d] ^ x[a], 8);
  x[c] += x[d];
  x[b] = rotate_left(x[b] ^ x[c], 7);
}

static void store_u32(unsigned char *bytes, uint32_t value) {
  bytes[0] = (unsigned char)value;
  bytes[1] = (unsigned char)(value >> 8);
  bytes[2] = (unsigned char)(value >> 16);
  bytes[3] = (unsigned char)(value >> 24);
}

/* `x` is the caller's, who wipes it once for all blocks. */
static void chacha_block(unsigned char out[64], uint32_t x[16], const uint32_t state[16]) {
  memcpy(x, state, 16 * sizeof *x);
  for (int round = 0; round < 20; round += 2) {
    quarter(x, 0, 4, 8, 12);
    quarter(x, 1, 5, 9, 13);
    quarter(x, 2, 6, 10, 14);
    quarter(x, 3, 7, 11, 15);
    quarter(x, 0, 5, 10, 15);
    quarter(x, 1, 6, 11, 12);
    quarter(x, 2, 7, 8, 13);
    quarter(x, 3, 4, 9, 14);
  }
  for (int i = 0; i < 16; i++)
    store_u32(out + 4 * i, x[i] + state[i]);
}

/* Eight bytes at a time: the words are as they lie in memory, whatever the machine's order. */
static void xor_block(unsigned char *out, const unsigned char *message,
                      const unsigned char stream[64]) {
  for (int i = 0; i < 8; i++) {
    uint64_t a, b;
    memcpy(&a, message + 8 * i, sizeof a);
    memcpy(&b, stream + 8 * i, sizeof b);
    a ^= b;
    memcpy(out + 8 * i, &a, sizeof a);
  }
}

int crypto_stream_chacha20_ietf_xor_ic(unsigned char *out, const unsigned char *message,
                                       unsigned long long n_message, const unsigned char *nonce,
                                       uint32_t block, const unsigned char *key) {
  uint32_t state[16] = {0x61707865, 0x3320646e, 0x79622d32, 0x6b206574}, x[16];
  unsigned char stream[64];
  for (int i = 0; i < 8; i++)
    state[4 + i] = load_u32(key + 4 * i);
  state[12] = block;
  for (int i = 0; i < 3; i++)
    state[13 + i] = load_u32(nonce + 4 * i);
  for (unsigned long long at = 0; at < n_message; at += sizeof stream, state[12]++) {
    unsigned long long left = n_message - at;
    size_t n = left < sizeof stream ? (size_t)left : sizeof stream;
    chacha_block(stream, x, state);
    if (n == sizeof stream)
      xor_block(out + at, message + at, stream);
    for (size_t i = 0; i < n && n < sizeof stream; i++)
      out[at + i] = message[at + i] ^ stream[i];
  }
  sodium_memzero(x, sizeof x);
  sodium_memzero(state, sizeof state);
  sodium_memzero(stream, sizeof stream);
  return 0;
}

/* ---- BLAKE2b */

#define BLAKE_BLOCK 128

static const uint64_t blake_iv[8] = {0x6a09e667f3bcc908, 0xbb67ae8584caa73b, 0x3c6ef372fe94f82b,
                                     0xa54ff53a5f1d36f1, 0x510e527fade682d1, 0x9b05688c2b3e6c1f,
                                     0x1f83d9abfb41bd6b, 0x5be0cd19137e2179};

static const uint8_t blake_order[10][16] = {{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15},
                                            {14, 10, 4, 8, 9, 15, 13, 6, 1, 12, 0, 2, 11, 7, 5, 3},
                                            {11, 8, 12, 0, 5, 2, 15, 13, 10, 14, 3, 6, 7, 1, 9, 4},
                                            {7, 9, 3, 1, 13, 12, 11, 14, 2, 6, 5, 10, 4, 0, 15, 8},
                                            {9, 0, 5, 7, 2, 4, 10, 15, 14, 1, 11, 12, 6, 8, 3, 13},
                                            {2, 12, 6, 10, 0, 11, 8, 3, 4, 13, 7, 5, 15, 14, 1, 9},
                                            {12, 5, 1, 15, 14, 13, 4, 10, 0, 7, 6, 3, 9, 2, 8, 11},
                                            {13, 11, 7, 14, 12, 1, 3, 9, 5, 0, 15, 4, 8, 6, 2, 10},
                                            {6, 15, 14, 9, 11, 3, 0, 8, 12, 2, 13, 7, 1, 4, 10, 5},
                                            {10, 2, 8, 4, 7, 6, 1, 5, 15, 11, 9, 14, 3, 12, 13, 0}};

static uint64_t rotate_right(uint64_t x, int bits) {
  return x >> bits | x << (64 - bits);
}

static void mix(uint64_t v[16], int a, int b, int c, int d, uint64_t x, uint64_t y) {
  v[a] += v[b] + x;
  v[d] = rotate_right(v[d] ^ v[a], 32);
  v[c] += v[d];
  v[b] = rotate_right(v[b] ^ v[c], 24);
  v[a] += v[b] + y;
  v[d] = rotate_right(v[d] ^ v[a], 16);
  v[c] += v[d];
  v[b] = rotate_right(v[b] ^ v[c], 63);
}

/* `n_before`: bytes hashed up to the end of this block. */
static void blake_block(uint64_t h[8], const unsigned char *block, uint64_t n_before, int last) {
  uint64_t v[16], m[16];
  for (int i = 0; i < 16; i++)
    m[i] = (uint64_t)load_u32(block + 8 * i) | (uint64_t)load_u32(block + 8 * i + 4) << 32;
  for (int i = 0; i < 8; i++) {
    v[i] = h[i];
    v[8 + i] = blake_iv[i];
  }
  v[12] ^= n_before;
  if (last)
    v[14] = ~v[14];
  for (int round = 0; round < 12; round++) {
    const uint8_t *s = blake_order[round % 10];
    for (int i = 0; i < 4; i++)
      mix(v, i, 4 + i, 8 + i, 12 + i, m[s[2 * i]], m[s[2 * i + 1]]);
    for (int i = 0; i < 4; i++)
      mix(v, i, 4 + (i + 1) % 4, 8 + (i + 2) % 4, 12 + (i + 3) % 4, m[s[8 + 2 * i]],
          m[s[9 + 2 * i]]);
  }
  for (int i = 0; i < 8; i++)
    h[i] ^= v[i] ^ v[8 + i];
}

int crypto_generichash(unsigned char *out, size_t n_out, const unsigned char *message,
                       unsigned long long n_message, const unsigned char *key, size_t n_key) {
  uint64_t h[8];
  unsigned char last[BLAKE_BLOCK] = {0};
  unsigned long long at = 0;
  if (n_out < 1 || n_out > 64 || key != NULL || n_key != 0)
    return -1;
  memcpy(h, blake_iv, sizeof h);
  h[0] ^= 0x01010000 ^ (uint64_t)n_out;
  for (; n_message - at > BLAKE_BLOCK; at += BLAKE_BLOCK)
    blake_block(h, message + at, at + BLAKE_BLOCK, 0);
  if (n_message > at)
    memcpy(last, message + at, (size_t)(n_message - at));
  blake_block(h, last, n_message, 1);
  for (size_t i = 0; i < n_out; i++)
    out[i] = (unsigned char)(h[i / 8] >> (8 * (i % 8)));
  return 0;
}
