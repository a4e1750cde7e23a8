/* SPDX-License-Identifier: Apache-2.0 */
/* For `make prove`: stand-ins for what is proved elsewhere (packed limbs: pack.c) or is no reader.
 * They demand of their callers what they rely on, and give anything back. */
#ifndef TESTS_PROVE_STAND_IN_H
#define TESTS_PROVE_STAND_IN_H
#include <__fc_builtin.h>
#include <string.h>

#include "base/alloc.h"
#include "ring/pack.h"

#define RING_SIZE 512

ckks_status base_fail(ckks_status status, const char *format, ...) {
  (void)format;
  return status;
}
ckks_status base_fail_in(ckks_status status, const char *format, ...) {
  (void)format;
  return status;
}
ckks_status base_fail_memory(size_t n_bytes) {
  (void)n_bytes;
  return CKKS_ERROR_MEMORY;
}

void base_free(void *bytes) {
  (void)bytes;
}

size_t ring_pack_bytes(size_t n, int bits) {
  return (n * (size_t)bits + 7) / 8;
}

ckks_status ring_pack_read(ring_word *out, const uint8_t *in, size_t n, const ring_modulus *modulus,
                           const ring_kernel *kernel) {
  (void)kernel;
  size_t n_bytes = ring_pack_bytes(n, modulus->bits);
  /*@ assert n_bytes == 0 || \valid_read(in + (0 .. n_bytes - 1)); */
  /*@ assert n == 0 || \valid(out + (0 .. n - 1)); */
  Frama_C_make_unknown((char *)out, n * sizeof *out);
  return Frama_C_interval(0, 1) ? CKKS_OK : CKKS_ERROR_FORMAT;
}
#endif
