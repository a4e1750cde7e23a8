/* SPDX-License-Identifier: Apache-2.0 */
#include "eval/eval.h"

void eval_tensor(ckks_ciphertext *out, const ckks_ciphertext *a, const ckks_ciphertext *b,
                 ckks_evaluator *ev) {
  const ring_ring *ring = &ev->params->ring;
  BASE_ASSERT(a->level == b->level && a->n_parts == 2 && b->n_parts == 2);
  BASE_ASSERT(out != a && out != b);
  for (int i = 0; i < ckks_params_limbs(ev->params, a->level); i++)
    ring->kernel->tensor(ring_poly_limb(&out->part[0], i), ring_poly_limb(&out->part[1], i),
                         ring_poly_limb(&out->part[2], i), ring_poly_limb(&a->part[0], i),
                         ring_poly_limb(&a->part[1], i), ring_poly_limb(&b->part[0], i),
                         ring_poly_limb(&b->part[1], i), false, ring->n, &ring->modulus[i]);
  out->n_parts = 3;
  out->level = a->level;
  out->scale = a->scale * b->scale;
  out->seeded = false;
}
