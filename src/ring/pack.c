/* SPDX-License-Identifier: Apache-2.0 */
#include "ring/pack.h"

#include "base/wipe.h"

#include <inttypes.h>
#include <string.h>

/* Values handed to a kernel at a time: as bits they fill whole 64-bit words. */
#define CHUNK 512
#define CHUNK_WORDS_MAX (CHUNK / 64 * RING_MAX_BITS)

size_t ring_pack_bytes(size_t n, int bits) {
  return (n * (size_t)bits + 7) / 8;
}

void ring_pack_write(uint8_t *out, const ring_word *in, size_t n, const ring_modulus *modulus,
                     const ring_kernel *kernel) {
  _Alignas(64) uint64_t values[CHUNK];
  _Alignas(64) ring_word last[CHUNK];
  uint8_t bytes[8 * CHUNK_WORDS_MAX + 64];
  for (size_t done = 0; done < n; done += CHUNK) {
    size_t count = n - done < CHUNK ? n - done : CHUNK;
    const ring_word *chunk = in + done;
    if (count < CHUNK) { /* filled up with zeros, which are zeros as bits too */
      memset(last, 0, sizeof last);
      memcpy(last, chunk, count * sizeof *in);
      chunk = last;
    }
    kernel->to_uint64(values, chunk, CHUNK, modulus);
    kernel->pack(bytes, values, CHUNK, modulus);
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
  uint8_t bytes[8 * CHUNK_WORDS_MAX + 64] = {0};
  _Alignas(64) uint64_t values[CHUNK] = {0};
  _Alignas(64) ring_word last[CHUNK];
  ckks_status status = CKKS_OK;
  for (size_t done = 0; done < n && status == CKKS_OK; done += CHUNK) {
    size_t count = n - done < CHUNK ? n - done : CHUNK;
    size_t n_bytes = ring_pack_bytes(count, modulus->bits);
    if (count < CHUNK)
      memset(bytes, 0, sizeof bytes);
    memcpy(bytes, in, n_bytes);
    in += n_bytes;
    if (!kernel->unpack(values, bytes, CHUNK, modulus)) {
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
