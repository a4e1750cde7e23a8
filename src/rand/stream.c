/* SPDX-License-Identifier: Apache-2.0 */
#include "rand/rand.h"

#include "base/wipe.h"
#include "rand/chacha.h"

#include <sodium.h>
#include <string.h>

#define BLOCK_BYTES RAND_CHACHA_BLOCK_BYTES

void rand_stream_init(rand_stream *stream, const uint8_t seed[RAND_SEED_BYTES], uint64_t domain) {
  /* Chooses the fastest ChaCha20 for this CPU, once, thread-safely; should that fail, slower
   * code gives the same bytes. */
  int ready = sodium_init();
  (void)ready;
  memcpy(stream->key, seed, RAND_SEED_BYTES);
  stream->domain = domain;
  stream->block = 0;
  stream->used = sizeof stream->buffer;
}

ckks_status rand_stream_init_entropy(rand_stream *stream) {
  uint8_t seed[RAND_SEED_BYTES];
  BASE_TRY(rand_entropy(seed, sizeof seed));
  rand_stream_init(stream, seed, 0);
  base_wipe(seed, sizeof seed);
  return CKKS_OK;
}

/* The next n_bytes (a multiple of a block) of key stream, straight to `out`. */
static void next_blocks(rand_stream *stream, uint8_t *out, size_t n_bytes) {
  BASE_ASSERT(n_bytes / BLOCK_BYTES <= ((uint64_t)1 << 32) - stream->block);
  rand_chacha_read(out, n_bytes / BLOCK_BYTES, stream->key, stream->domain, stream->block);
  stream->block += (uint32_t)(n_bytes / BLOCK_BYTES);
}

static void take_buffered(rand_stream *stream, uint8_t **out, size_t *n_bytes) {
  size_t left = sizeof stream->buffer - stream->used;
  size_t n = *n_bytes < left ? *n_bytes : left;
  memcpy(*out, stream->buffer + stream->used, n);
  stream->used += (uint32_t)n;
  *out += n;
  *n_bytes -= n;
}

void rand_stream_read(rand_stream *stream, void *out, size_t n_bytes) {
  uint8_t *place = out;
  if (n_bytes == 0)
    return;
  take_buffered(stream, &place, &n_bytes);
  if (n_bytes >= sizeof stream->buffer) {
    size_t whole = n_bytes - n_bytes % BLOCK_BYTES;
    next_blocks(stream, place, whole);
    place += whole;
    n_bytes -= whole;
  }
  if (n_bytes > 0) {
    next_blocks(stream, stream->buffer, sizeof stream->buffer);
    stream->used = 0;
    take_buffered(stream, &place, &n_bytes);
  }
}

void rand_stream_clear(rand_stream *stream) {
  base_wipe(stream, sizeof *stream);
}
