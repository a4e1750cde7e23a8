/* SPDX-License-Identifier: Apache-2.0 */
/* For `make prove`: bytes that hold n values of 2 to 61 bits, unpacked, whatever they are.
 * Frama-C's Eva follows all of them at once, as the tables without vectors take them apart, for
 * each number of bits, and for n below, at and above the chunks that the reader takes. Primes are
 * the largest number of their bits, or the smallest.
 */
#include <__fc_builtin.h>

#include "ring/kernel/bits.h"
#include "ring/pack.h"

#define MOST 1300

/* A kernel's part: as many words as values, each a residue in double or integer. */
static void from_uint64(ring_word *out, const uint64_t *in, size_t n, const ring_modulus *modulus) {
  (void)modulus;
  /*@ assert \valid(out + (0 .. n - 1)) && \initialized(in + (0 .. n - 1)); */
  Frama_C_make_unknown((char *)out, n * sizeof *out);
}

ckks_status base_fail(ckks_status status, const char *format, ...) {
  (void)format;
  return status;
}

void base_wipe(void *bytes, size_t n_bytes) {
  Frama_C_make_unknown(bytes, n_bytes);
}

static void unpack(size_t n, int bits, uint64_t p) {
  static uint8_t bytes[(MOST * RING_MAX_BITS + 7) / 8];
  static ring_word words[MOST];
  const ring_modulus modulus = {.p = p, .bits = bits};
  const ring_kernel kernel = {.from_uint64 = from_uint64, .unpack = bits_unpack};
  size_t n_bytes = ring_pack_bytes(n, bits);
  /* Behind the last byte and the last word nothing may be touched: they stand at the end. */
  uint8_t *in = bytes + sizeof bytes - n_bytes;
  Frama_C_make_unknown((char *)in, n_bytes);
  ring_pack_read(words + MOST - n, in, n, &modulus, &kernel);
}

int main(void) {
  static const size_t n[] = {1, 64, 511, 512, 1024, MOST};
  /*@ loop unroll 60; */
  for (int bits = 2; bits <= RING_MAX_BITS; bits++)
    unpack(513, bits, (uint64_t)1 << (bits - 1));
  /*@ loop unroll 6; */
  for (int i = 0; i < 6; i++) {
    unpack(n[i], 40, ((uint64_t)1 << 40) - 1);
    unpack(n[i], 61, ((uint64_t)1 << 61) - 1);
  }
  return 0;
}
