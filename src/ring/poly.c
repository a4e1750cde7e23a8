/* SPDX-License-Identifier: Apache-2.0 */
#include "ring/ring.h"

#include "base/alloc.h"
#include "base/wipe.h"

size_t ring_poly_bytes(int n_limbs, const ring_ring *ring) {
  return (size_t)n_limbs * ring->stride * sizeof(ring_word);
}

ckks_status ring_poly_init(ring_poly *poly, int n_limbs, const ring_ring *ring) {
  BASE_ASSERT(n_limbs >= 0);
  *poly = (ring_poly){0};
  ring_word *data = base_alloc(ring_poly_bytes(n_limbs, ring));
  if (data == NULL)
    return base_fail_memory(ring_poly_bytes(n_limbs, ring));
  *poly = (ring_poly){.data = data, .stride = ring->stride, .n_limbs = n_limbs};
  return CKKS_OK;
}

void ring_poly_clear(ring_poly *poly) {
  if (poly->data != NULL)
    base_wipe(poly->data, (size_t)poly->n_limbs * poly->stride * sizeof(ring_word));
  base_free(poly->data);
  *poly = (ring_poly){0};
}

ring_poly ring_poly_take(base_arena *arena, int n_limbs, const ring_ring *ring) {
  return (ring_poly){.data = base_arena_take(arena, ring_poly_bytes(n_limbs, ring)),
                     .stride = ring->stride,
                     .n_limbs = n_limbs};
}
