/* SPDX-License-Identifier: Apache-2.0 */
/* Runs of limbs q_0, q_1, ... as packed bits. */
#include "ring/pack.h"
#include "wire/wire.h"

size_t wire_limbs_bytes(int n_limbs, const ckks_params *params) {
  size_t n_bytes = 0;
  for (int limb = 0; limb < n_limbs; limb++)
    n_bytes += ring_pack_bytes(params->ring.n, params->ring.modulus[limb].bits);
  return n_bytes;
}

void wire_limbs_put(base_buffer *buffer, const ring_poly *poly, int n_limbs,
                    const ckks_params *params) {
  const ring_ring *ring = &params->ring;
  for (int limb = 0; limb < n_limbs; limb++) {
    const ring_modulus *modulus = &ring->modulus[limb];
    uint8_t *out = base_buffer_extend(buffer, ring_pack_bytes(ring->n, modulus->bits));
    if (out != NULL)
      ring_pack_write(out, ring_poly_limb(poly, limb), ring->n, modulus, ring->kernel);
  }
}

ckks_status wire_limbs_get(ring_poly *poly, int n_limbs, base_reader *reader,
                           const ckks_params *params) {
  const ring_ring *ring = &params->ring;
  for (int limb = 0; limb < n_limbs; limb++) {
    const ring_modulus *modulus = &ring->modulus[limb];
    const uint8_t *in = base_reader_view(reader, ring_pack_bytes(ring->n, modulus->bits));
    if (in == NULL)
      return base_fail(CKKS_ERROR_FORMAT, "limb %d is cut short", limb);
    if (ring_pack_read(ring_poly_limb(poly, limb), in, ring->n, modulus, ring->kernel) != CKKS_OK)
      return base_fail_in(CKKS_ERROR_FORMAT, "limb %d", limb);
  }
  return CKKS_OK;
}
