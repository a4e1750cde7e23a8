/* SPDX-License-Identifier: Apache-2.0 */
/* Products with plaintexts, with constants, and of two ciphertexts. */
#include "eval/arith.h"

void eval_mul_plain(ckks_ciphertext *out, const ckks_ciphertext *a, const ckks_plaintext *p,
                    ckks_evaluator *ev) {
  BASE_ASSERT(p->level >= a->level);
  for (int part = 0; part < a->n_parts; part++)
    eval_arith_each(&out->part[part], &a->part[part], &p->poly, a->level,
                    ev->params->ring.kernel->mul, ev);
  eval_arith_finish(out, a->n_parts, a->level, a->scale * p->scale);
}

void eval_mul_plain_add(ckks_ciphertext *out, const ckks_ciphertext *a, const ckks_plaintext *p,
                        ckks_evaluator *ev) {
  BASE_ASSERT(p->level >= a->level && out->level == a->level && out->n_parts == a->n_parts);
  BASE_ASSERT(ckks_scale_equal(out->scale, a->scale * p->scale));
  for (int part = 0; part < a->n_parts; part++)
    eval_arith_each(&out->part[part], &a->part[part], &p->poly, a->level,
                    ev->params->ring.kernel->mul_add, ev);
}

ckks_status eval_mul_scalar(ckks_ciphertext *out, const ckks_ciphertext *a, double value,
                            double scale, ckks_evaluator *ev) {
  const ring_ring *ring = &ev->params->ring;
  uint64_t residue[CKKS_MAX_Q];
  int n_limbs = ckks_params_limbs(ev->params, a->level);
  BASE_TRY(ckks_encode_scalar(residue, n_limbs, value, scale, ev->params));
  for (int part = 0; part < a->n_parts; part++)
    for (int i = 0; i < n_limbs; i++)
      ring->kernel->mul_scalar(ring_poly_limb(&out->part[part], i),
                               ring_poly_limb(&a->part[part], i), residue[i], ring->n,
                               &ring->modulus[i]);
  eval_arith_finish(out, a->n_parts, a->level, a->scale * scale);
  return CKKS_OK;
}

ckks_status eval_mul(ckks_ciphertext *out, const ckks_ciphertext *a, const ckks_ciphertext *b,
                     ckks_evaluator *ev) {
  size_t mark = base_arena_mark(&ev->arena);
  ckks_ciphertext product = {.max_level = a->level};
  int n_limbs = ckks_params_limbs(ev->params, a->level);
  for (int part = 0; part < 3; part++)
    product.part[part] = ring_poly_take(&ev->arena, n_limbs, &ev->params->ring);
  eval_tensor(&product, a, b, ev);
  ckks_status status = eval_relinearize(out, &product, true, ev);
  base_arena_reset(&ev->arena, mark);
  return status;
}
