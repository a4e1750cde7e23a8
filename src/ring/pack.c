/* SPDX-License-Identifier: Apache-2.0 */
#include "ring/pack.h"

#include "base/bytes.h"
#include "base/wipe.h"

#include <string.h>

/* Values handed to a kernel at a time: as bits they fill whole 64-bit words. */
#define CHUNK 1024
#define CHUNK_WORDS_MAX (CHUNK / 64 * RING_MAX_BITS)

size_t ring_pack_bytes(size_t n, int bits) {
  return (n * (size_t)bits + 7) / 8;
}

/* CHUNK values to CHUNK/64*bits words: every word stored always, stepped on only when full. */
static void pack_chunk(uint8_t *out, const uint64_t *values, unsigned bits) {
  uint64_t word = 0;
  unsigned fill = 0; /* bits of `word` in use, below 64 */
  for (size_t i = 0; i < CHUNK; i++) {
    uint64_t value = values[i];
    word |= value << fill;
    fill += bits;
    base_store_u64(out, word);
    bool full = fill >= 64;
    fill &= 63;
    /* The part of the value that did not fit: its top `fill` bits. */
    word = full ? value >> (bits - fill) : word;
    out += full ? 8 : 0;
  }
}

/* CHUNK values from as many words and one more, which may hold anything. */
static void unpack_chunk(uint64_t *values, const uint64_t *words, unsigned bits) {
  uint64_t mask = ((uint64_t)1 << bits) - 1;
  for (size_t i = 0; i < CHUNK; i++) {
    size_t at = i * bits;
    unsigned shift = at & 63;
    const uint64_t *pair = words + (at >> 6);
    /* Two shifts for the upper word, since one by 64 is not defined. */
    values[i] = (pair[0] >> shift | pair[1] << 1 << (63 - shift)) & mask;
  }
}

void ring_pack_write(uint8_t *out, const ring_word *in, size_t n, const ring_modulus *modulus,
                     const ring_kernel *kernel) {
  _Alignas(64) uint64_t values[CHUNK];
  _Alignas(64) ring_word last[CHUNK];
  uint8_t bytes[8 * CHUNK_WORDS_MAX + 8];
  for (size_t done = 0; done < n; done += CHUNK) {
    size_t count = n - done < CHUNK ? n - done : CHUNK;
    const ring_word *chunk = in + done;
    if (count < CHUNK) { /* filled up with zeros, which are zeros as bits too */
      memset(last, 0, sizeof last);
      memcpy(last, chunk, count * sizeof *in);
      chunk = last;
    }
    kernel->to_uint64(values, chunk, CHUNK, modulus);
    pack_chunk(bytes, values, (unsigned)modulus->bits);
    size_t n_bytes = ring_pack_bytes(count, modulus->bits);
    memcpy(out, bytes, n_bytes);
    out += n_bytes;
  }
  base_wipe(values, sizeof values);
  base_wipe(bytes, sizeof bytes);
  if (n % CHUNK != 0)
    base_wipe(last, sizeof last);
}

static ckks_status check_values(const uint64_t *values, uint64_t p, size_t done) {
  uint64_t too_large = 0; /* without a branch until all are looked at */
  for (size_t i = 0; i < CHUNK; i++)
    too_large |= (p - 1 - values[i]) >> 63; /* both below 2^61: the difference wraps or not */
  if (too_large == 0)
    return CKKS_OK;
  size_t i = 0;
  while (values[i] < p)
    i++;
  return base_fail(CKKS_ERROR_FORMAT, "coefficient %zu is not below its prime %llu", done + i,
                   (unsigned long long)p);
}

/* Little-endian bytes to words, zeros behind them. */
static void load_words(uint64_t *words, const uint8_t *in, size_t n_bytes) {
  size_t whole = n_bytes / 8;
  for (size_t i = 0; i < whole; i++)
    words[i] = base_load_u64(in + 8 * i);
  uint8_t rest[8] = {0};
  if (n_bytes % 8 != 0)
    memcpy(rest, in + 8 * whole, n_bytes % 8);
  memset(words + whole, 0, (CHUNK_WORDS_MAX + 1 - whole) * sizeof *words);
  words[whole] = base_load_u64(rest);
}

ckks_status ring_pack_read(ring_word *out, const uint8_t *in, size_t n, const ring_modulus *modulus,
                           const ring_kernel *kernel) {
  uint64_t words[CHUNK_WORDS_MAX + 1];
  _Alignas(64) uint64_t values[CHUNK];
  _Alignas(64) ring_word last[CHUNK];
  unsigned bits = (unsigned)modulus->bits;
  ckks_status status = CKKS_OK;
  for (size_t done = 0; done < n && status == CKKS_OK; done += CHUNK) {
    size_t count = n - done < CHUNK ? n - done : CHUNK;
    size_t n_bytes = ring_pack_bytes(count, modulus->bits);
    load_words(words, in, n_bytes);
    in += n_bytes;
    unpack_chunk(values, words, bits);
    status = check_values(values, modulus->p, done);
    if (status == CKKS_OK && count < CHUNK && values[count] != 0)
      status = base_fail(CKKS_ERROR_FORMAT, "the unused bits behind the last coefficient are set");
    if (status != CKKS_OK)
      break;
    kernel->from_uint64(count < CHUNK ? last : out + done, values, CHUNK, modulus);
    if (count < CHUNK)
      memcpy(out + done, last, count * sizeof *out);
  }
  if (status != CKKS_OK)
    memset(out, 0, n * sizeof *out);
  base_wipe(words, sizeof words);
  base_wipe(values, sizeof values);
  if (n % CHUNK != 0)
    base_wipe(last, sizeof last);
  return status;
}
