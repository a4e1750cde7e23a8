/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which way is gone: libsodium's, or with wider vectors than it has. Most of the time that keys and
 * batches take to load is key stream, and libsodium makes eight blocks at a time at best: sixteen
 * take less than half of its time. (With AVX2 a way of our own took four fifths: not worth having.)
 * RAND_CHACHA_X86 is 1 in builds of which chacha/avx512.c is part.
 */
#include "rand/chacha.h"

#include "base/bytes.h"
#include "base/cpu.h"
#include "base/wipe.h"

#include <sodium.h>
#include <string.h>

static void sodium_blocks(uint8_t *out, size_t n_blocks, const rand_chacha *start) {
  uint8_t nonce[crypto_stream_chacha20_ietf_NONCEBYTES] = {0};
  uint8_t key[RAND_CHACHA_KEY_BYTES];
  base_store_u64(nonce, start->word[13] | (uint64_t)start->word[14] << 32);
  for (size_t i = 0; i < 4; i++)
    base_store_u64(key + 8 * i, start->word[4 + 2 * i] | (uint64_t)start->word[5 + 2 * i] << 32);
  memset(out, 0, n_blocks * RAND_CHACHA_BLOCK_BYTES);
  (void)crypto_stream_chacha20_ietf_xor_ic(out, out, n_blocks * RAND_CHACHA_BLOCK_BYTES, nonce,
                                           start->word[12], key);
  base_wipe(key, sizeof key);
}

static const rand_chacha_way sodium = {"libsodium", 1, sodium_blocks};

/* Slowest first: the choice walks backwards. */
static const rand_chacha_way *const ways[] = {
    &sodium,
#if RAND_CHACHA_X86
    &rand_chacha_avx512,
#endif
};
#define N_WAYS ((int)(sizeof ways / sizeof ways[0]))

const rand_chacha_way *rand_chacha_at(int index) {
  return index >= 0 && index < N_WAYS ? ways[index] : NULL;
}

bool rand_chacha_usable(const rand_chacha_way *way) {
  if (strcmp(way->name, "avx512") == 0)
    return base_cpu_get()->avx512f_dq_ifma;
  return true;
}

static void start_at(rand_chacha *start, const uint8_t key[RAND_CHACHA_KEY_BYTES], uint64_t domain,
                     uint32_t first) {
  static const uint32_t constants[4] = {0x61707865, 0x3320646e, 0x79622d32, 0x6b206574};
  memcpy(start->word, constants, sizeof constants);
  for (size_t i = 0; i < 4; i++) {
    uint64_t two = base_load_u64(key + 8 * i);
    start->word[4 + 2 * i] = (uint32_t)two;
    start->word[5 + 2 * i] = (uint32_t)(two >> 32);
  }
  start->word[12] = first;
  start->word[13] = (uint32_t)domain;
  start->word[14] = (uint32_t)(domain >> 32);
  start->word[15] = 0;
}

void rand_chacha_read_by(const rand_chacha_way *way, uint8_t *out, size_t n_blocks,
                         const uint8_t key[RAND_CHACHA_KEY_BYTES], uint64_t domain,
                         uint32_t first) {
  rand_chacha start;
  start_at(&start, key, domain, first);
  way->blocks(out, n_blocks, &start);
  base_wipe(&start, sizeof start);
}

/* As much as it can by the fastest way, what is left by the next. */
void rand_chacha_read(uint8_t *out, size_t n_blocks, const uint8_t key[RAND_CHACHA_KEY_BYTES],
                      uint64_t domain, uint32_t first) {
  rand_chacha start;
  start_at(&start, key, domain, first);
  for (int i = N_WAYS - 1; i >= 0 && n_blocks > 0; i--) {
    size_t now = n_blocks - n_blocks % ways[i]->step;
    if (now == 0 || !rand_chacha_usable(ways[i]))
      continue;
    ways[i]->blocks(out, now, &start);
    out += now * RAND_CHACHA_BLOCK_BYTES;
    n_blocks -= now;
    start.word[12] += (uint32_t)now;
  }
  base_wipe(&start, sizeof start);
}
