/* SPDX-License-Identifier: Apache-2.0 */
/* Randomness: the operating system's, and a seeded stream (ChaCha20, RFC 8439). */
#ifndef RAND_RAND_H
#define RAND_RAND_H
#include "base/status.h"
#define RAND_SEED_BYTES 32

/** Entropy from the operating system; CKKS_ERROR_ENTROPY when it has none to give. */
ckks_status rand_entropy(void *out, size_t n_bytes);

/**
 * A stream of bytes, the same on every machine: ChaCha20 (IETF, RFC 8439; chacha.h
 * says how it is computed) keyed with the seed, nonce =
 * `domain` as 8 little-endian bytes followed by 4 zero bytes, block counter
 * from 0. A stream yields at most 2^38 bytes.
 */
typedef struct rand_stream {
  uint8_t key[RAND_SEED_BYTES];
  uint64_t domain;
  uint32_t block;
  uint32_t used; /**< bytes of `buffer` already given out */
  uint8_t buffer[1024];
} rand_stream;
void rand_stream_init(rand_stream *stream, const uint8_t seed[RAND_SEED_BYTES], uint64_t domain);
/** A stream that cannot be repeated: its seed comes from rand_entropy and is forgotten. */
ckks_status rand_stream_init_entropy(rand_stream *stream);
/** Next n bytes; large reads go straight to `out`. Same bytes however the reads are split. */
void rand_stream_read(rand_stream *stream, void *out, size_t n_bytes);
/** Wipes it. */
void rand_stream_clear(rand_stream *stream);
#endif
