/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>

#include "eval/arith.h"

/*
 * Rounding the factor that stands for 1 is a relative error of 1/(2 factor). Below this part of
 * the scale it would show among the noise, and a second prime makes the factor finer.
 */
#define ADJUST_MIN_FACTOR 0x1p-4

ckks_status eval_adjust(ckks_ciphertext *out, const ckks_ciphertext *a, int level, double scale,
                        ckks_evaluator *ev) {
  BASE_ASSERT(level >= 0 && level <= a->level);
  if (level == a->level) {
    BASE_ASSERT(ckks_scale_equal(a->scale, scale));
    eval_copy(out, a, ev);
    return CKKS_OK;
  }
  const ckks_params *params = ev->params;
  int from = level + 1;
  double factor = scale / a->scale * ckks_params_modulus(params, from);
  while (factor < ADJUST_MIN_FACTOR * scale && from < a->level)
    factor *= ckks_params_modulus(params, ++from);
  if (factor < 0.5)
    return base_fail(CKKS_ERROR_RANGE,
                     "the scale 2^%.2f cannot be brought down to 2^%.2f at level %d: start from a "
                     "smaller scale or a higher level",
                     log2(a->scale), log2(scale), level);
  uint64_t residue[CKKS_MAX_Q];
  int n_limbs = ckks_params_limbs(params, from);
  BASE_TRY(ckks_encode_scalar(residue, n_limbs, 1, factor, params));
  /* The operand may have less room in out than the level it is cut to: work in the arena. */
  size_t mark = base_arena_mark(&ev->arena);
  const ring_ring *ring = &params->ring;
  ckks_ciphertext product = *a;
  for (int part = 0; part < a->n_parts; part++) {
    product.part[part] = ring_poly_take(&ev->arena, n_limbs, ring);
    for (int i = 0; i < n_limbs; i++)
      ring->kernel->mul_scalar(ring_poly_limb(&product.part[part], i),
                               ring_poly_limb(&a->part[part], i), residue[i], ring->n,
                               &ring->modulus[i]);
  }
  eval_arith_finish(&product, a->n_parts, from, a->scale * factor);
  for (; product.level > level + 1;)
    eval_rescale(&product, &product, ev);
  eval_rescale(out, &product, ev);
  out->scale = scale;
  base_arena_reset(&ev->arena, mark);
  return CKKS_OK;
}
