/* SPDX-License-Identifier: Apache-2.0 */
#include "ring/sample.h"

#include "base/bytes.h"
#include "base/wipe.h"

#include <string.h>

/* Words that are drawn, and values that are handed to a kernel, at a time. */
#define CHUNK_WORDS 512

void ring_sample_uniform(ring_word *out, const uint8_t seed[RAND_SEED_BYTES], uint64_t domain,
                         size_t n, const ring_modulus *modulus, const ring_kernel *kernel) {
  BASE_ASSERT(n % CHUNK_WORDS == 0);
  uint8_t bytes[8 * CHUNK_WORDS];
  _Alignas(64) uint64_t values[2 * CHUNK_WORDS];
  size_t n_values = 0; /* kept and not yet handed on, always fewer than a chunk */
  rand_stream stream;
  rand_stream_init(&stream, seed, domain);
  for (size_t done = 0; done < n;) {
    size_t missing = n - done - n_values;
    size_t n_words = missing < CHUNK_WORDS ? missing : CHUNK_WORDS;
    rand_stream_read(&stream, bytes, 8 * n_words);
    n_values += kernel->keep_below(values + n_values, bytes, n_words, modulus);
    if (n_values < CHUNK_WORDS)
      continue;
    kernel->from_uint64(out + done, values, CHUNK_WORDS, modulus);
    done += CHUNK_WORDS;
    n_values -= CHUNK_WORDS;
    memcpy(values, values + CHUNK_WORDS, n_values * sizeof values[0]);
  }
  rand_stream_clear(&stream);
}

#define SECRET_WORDS 128

/* The next words of a secret stream, at most SECRET_WORDS of them; the caller wipes both. */
static size_t next_words(uint64_t *words, uint8_t *bytes, size_t wanted, rand_stream *stream) {
  size_t n_words = wanted < SECRET_WORDS ? wanted : SECRET_WORDS;
  rand_stream_read(stream, bytes, 8 * n_words);
  for (size_t i = 0; i < n_words; i++)
    words[i] = base_load_u64(bytes + 8 * i);
  return n_words;
}

/*
 * floor(3u / 2^62) for u of 62 bits: each of 0, 1, 2 for 2^62/3 of the u,
 * rounded up or down.
 */
void ring_sample_ternary(int64_t *out, size_t n, rand_stream *stream) {
  const uint64_t mask = ((uint64_t)1 << 62) - 1;
  uint8_t bytes[8 * SECRET_WORDS];
  uint64_t words[SECRET_WORDS];
  for (size_t done = 0; done < n;) {
    size_t n_words = next_words(words, bytes, n - done, stream);
    for (size_t i = 0; i < n_words; i++)
      out[done + i] = (int64_t)((words[i] & mask) * 3 >> 62) - 1;
    done += n_words;
  }
  base_wipe(bytes, sizeof bytes);
  base_wipe(words, sizeof words);
}

/* 1 when a = b, else 0, for words below 2^63. */
static uint64_t equal_words(uint64_t a, uint64_t b) {
  uint64_t x = a ^ b;
  return ((x - 1) & ~x) >> 63;
}

/*
 * Turns the zero with `rank` zeros before it into `value`, looking at all words. A word that is
 * not zero is odd.
 */
static void put_at_rank(int64_t *out, size_t n, uint64_t rank, int64_t value) {
  uint64_t n_zeros = 0;
  for (size_t i = 0; i < n; i++) {
    uint64_t zero = ~(uint64_t)out[i] & 1;
    uint64_t hit = zero & equal_words(n_zeros, rank);
    out[i] += value * (int64_t)hit;
    n_zeros += zero;
  }
}

/* Of the zeros that are left each is as likely: 62 bits times fewer than 2^20, shifted. */
void ring_sample_sparse(int64_t *out, size_t n, int weight, rand_stream *stream) {
  BASE_ASSERT(weight >= 0 && (size_t)weight <= n && n <= (size_t)1 << 20);
  uint8_t bytes[8];
  uint64_t word;
  memset(out, 0, n * sizeof *out);
  for (int done = 0; done < weight; done++) {
    next_words(&word, bytes, 1, stream);
    uint64_t rank = (uint64_t)((unsigned __int128)(word >> 2) * (n - (size_t)done) >> 62);
    put_at_rank(out, n, rank, (int64_t)((word & 1) << 1) - 1);
  }
  base_wipe(bytes, sizeof bytes);
  base_wipe(&word, sizeof word);
}

/*
 * Bits that are set in x, in sums of ever wider fields (Warren, Hacker's
 * Delight, 5-1). The compiler's builtin is a table where there is no
 * instruction, and a table looks up secret indices.
 */
static uint64_t count_bits(uint64_t x) {
  x -= x >> 1 & 0x5555555555555555U;
  x = (x & 0x3333333333333333U) + (x >> 2 & 0x3333333333333333U);
  x = (x + (x >> 4)) & 0x0f0f0f0f0f0f0f0fU;
  return x * 0x0101010101010101U >> 56;
}

void ring_sample_error(int64_t *out, size_t n, rand_stream *stream) {
  /* Of 21 bits a and 21 bits b: |a| - |b| = |a| + |not b| - 21, one count instead of two. */
  const uint64_t both = ((uint64_t)1 << 42) - 1, upper = both & ~(((uint64_t)1 << 21) - 1);
  uint8_t bytes[8 * SECRET_WORDS];
  uint64_t words[SECRET_WORDS];
  for (size_t done = 0; done < n;) {
    size_t n_words = next_words(words, bytes, n - done, stream);
    for (size_t i = 0; i < n_words; i++)
      out[done + i] = (int64_t)count_bits((words[i] & both) ^ upper) - RING_ERROR_MAX;
    done += n_words;
  }
  base_wipe(bytes, sizeof bytes);
  base_wipe(words, sizeof words);
}
