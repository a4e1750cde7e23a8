/* SPDX-License-Identifier: Apache-2.0 */
/* Limbs as bit-packed bytes: n values of `bits` bits each, little-endian, no gaps. */
#ifndef RING_PACK_H
#define RING_PACK_H
#include "ring/ring.h"
/** (n*bits+7)/8 */
size_t ring_pack_bytes(size_t n, int bits);
/**
 * loose words -> bytes. Values are the residues in [0,p), modulus->bits each, in
 * position order. Any n, at full speed for multiples of 1024; timing does not
 * depend on the values.
 */
void ring_pack_write(uint8_t *out, const ring_word *in, size_t n, const ring_modulus *modulus,
                     const ring_kernel *kernel);
/**
 * bytes -> centred words. CKKS_ERROR_FORMAT when a value is not below p or pad
 * bits are set; `out` is zeroed then.
 */
ckks_status ring_pack_read(ring_word *out, const uint8_t *in, size_t n, const ring_modulus *modulus,
                           const ring_kernel *kernel);
#endif
