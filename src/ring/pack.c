/* SPDX-License-Identifier: Apache-2.0 */
#include "ring/pack.h"

#include "base/bytes.h"
#include "base/wipe.h"

#include <inttypes.h>
#include <string.h>

/* Values handed to a kernel at a time: as bits they fill whole 64-bit words. */
#define CHUNK 512
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

/*
 * CHUNK values from their bits, which have 9 bytes of anything behind them.
 * Returns 0 when all are below p; no branch asks before all are taken.
 */
static uint64_t unpack_chunk(uint64_t *values, const uint8_t *bytes, unsigned bits, uint64_t p) {
  const uint64_t mask = ((uint64_t)1 << bits) - 1;
  const bool wide = bits > 57; /* may reach into a ninth byte */
  uint64_t too_large = 0;
  for (size_t i = 0; i < CHUNK; i++) {
    size_t at = i * bits;
    unsigned shift = at & 7;
    const uint8_t *place = bytes + (at >> 3);
    uint64_t value = base_load_u64(place) >> shift;
    if (wide) /* two shifts, since one by 64 is not defined */
      value |= (uint64_t)place[8] << 1 << (63 - shift);
    value &= mask;
    values[i] = value;
    too_large |= p - 1 - value; /* both below 2^61: the top bit tells whether it wrapped */
  }
  return too_large >> 63;
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

static ckks_status fail_value(const uint64_t *values, uint64_t p, size_t done) {
  size_t i = 0;
  while (i < CHUNK - 1 && values[i] < p)
    i++;
  return base_fail(CKKS_ERROR_FORMAT, "coefficient %zu is not below its prime %" PRIu64, done + i,
                   p);
}

ckks_status ring_pack_read(ring_word *out, const uint8_t *in, size_t n, const ring_modulus *modulus,
                           const ring_kernel *kernel) {
  uint8_t bytes[8 * CHUNK_WORDS_MAX + 9] = {0};
  _Alignas(64) uint64_t values[CHUNK] = {0};
  _Alignas(64) ring_word last[CHUNK];
  const unsigned bits = (unsigned)modulus->bits;
  ckks_status status = CKKS_OK;
  for (size_t done = 0; done < n && status == CKKS_OK; done += CHUNK) {
    size_t count = n - done < CHUNK ? n - done : CHUNK;
    size_t n_bytes = ring_pack_bytes(count, modulus->bits);
    if (count < CHUNK)
      memset(bytes, 0, sizeof bytes);
    memcpy(bytes, in, n_bytes);
    in += n_bytes;
    if (unpack_chunk(values, bytes, bits, modulus->p) != 0) {
      status = fail_value(values, modulus->p, done);
    } else if (count == CHUNK) {
      kernel->from_uint64(out + done, values, CHUNK, modulus);
    } else if (values[count] != 0) { /* behind the last value only pad bits can be set */
      status = base_fail(CKKS_ERROR_FORMAT, "the unused bits behind the last coefficient are set");
    } else {
      kernel->from_uint64(last, values, CHUNK, modulus);
      memcpy(out + done, last, count * sizeof *out);
    }
  }
  if (status != CKKS_OK)
    memset(out, 0, n * sizeof *out);
  base_wipe(bytes, sizeof bytes);
  base_wipe(values, sizeof values);
  if (n % CHUNK != 0)
    base_wipe(last, sizeof last);
  return status;
}
