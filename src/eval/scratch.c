/* SPDX-License-Identifier: Apache-2.0 */
#include "eval/diagonals.h"
#include "eval/switch.h"

/*
 * The largest of what the functions with scratch of their own take, each with at most one
 * other inside, in limbs of N + 88 words, for L+1 chain limbs and k special ones:
 *   eval_mul                3 (L+1) + a switch
 *   eval_automorphism_many  a switch whose digits are kept
 *   eval_rotate_sum         less than that
 *   eval_diagonals          eval_diagonals_scratch_limbs
 *   eval_windows            eval_windows_scratch_limbs
 *   eval_sum_scalar         2 (L+1) + L+1         (16 * 64 residues for each limb fit one limb)
 *   eval_adjust             3 (L+1) + 4
 * one limb more for a row of slots that ckks_matmul holds meanwhile, and 64 bytes of
 * rounding for each of at most 512 takes.
 */
size_t eval_scratch_bytes(const ckks_params *params) {
  size_t n_q = (size_t)params->n_limbs, limbs = 0;
  const size_t each[] = {3 * n_q + eval_switch_scratch_limbs(params, false),
                         eval_switch_scratch_limbs(params, true),
                         eval_diagonals_scratch_limbs(params), eval_windows_scratch_limbs(params)};
  for (size_t i = 0; i < sizeof each / sizeof *each; i++)
    limbs = each[i] > limbs ? each[i] : limbs;
  return (limbs + 1) * ring_poly_bytes(1, &params->ring) + (size_t)512 * 64;
}
