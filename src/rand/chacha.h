/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ChaCha20 (RFC 8439), many blocks at a time: what the streams of rand.h are made of. Whichever
 * instruction set computes it, the bytes are libsodium's; no branch or index depends on the key.
 */
#ifndef RAND_CHACHA_H
#define RAND_CHACHA_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define RAND_CHACHA_BLOCK_BYTES 64
#define RAND_CHACHA_KEY_BYTES 32

/** The 16 words that a block is made of: constants, key, block counter, nonce. */
typedef struct rand_chacha {
  uint32_t word[16];
} rand_chacha;

/** One way to compute it. */
typedef struct rand_chacha_way {
  const char *name;
  size_t step; /**< blocks are made in multiples of this */
  /** Key stream of blocks word[12] .. word[12] + n_blocks - 1; n_blocks a multiple of `step`. */
  void (*blocks)(uint8_t *out, size_t n_blocks, const rand_chacha *start);
} rand_chacha_way;

/**
 * n_blocks * 64 bytes of key stream: nonce = `domain` as 8 little-endian bytes and 4 zero bytes,
 * from block number `first` on; first + n_blocks <= 2^32. On the fastest way that this CPU has.
 */
void rand_chacha_read(uint8_t *out, size_t n_blocks, const uint8_t key[RAND_CHACHA_KEY_BYTES],
                      uint64_t domain, uint32_t first);
/** Every way built into this binary, libsodium's first; NULL past the end. */
const rand_chacha_way *rand_chacha_at(int index);
/** Whether this CPU can go it. */
bool rand_chacha_usable(const rand_chacha_way *way);
/** By `way` alone, as rand_chacha_read; n_blocks a multiple of its step. */
void rand_chacha_read_by(const rand_chacha_way *way, uint8_t *out, size_t n_blocks,
                         const uint8_t key[RAND_CHACHA_KEY_BYTES], uint64_t domain, uint32_t first);

extern const rand_chacha_way rand_chacha_avx512; /**< x86-64 builds only */
#endif
