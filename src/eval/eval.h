/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Everything computable without a secret, inner tier: operands are checked by the
 * public functions (ckks_add, ...) or by a validated plan; here they are asserted.
 *
 * A ciphertext is NTT form, loose, at level l with scale s. "Product state": a
 * product that has not been rescaled yet is simply a ciphertext with a larger
 * scale. Functions that return a status can run out of nothing: they only report
 * missing keys (CKKS_ERROR_KEY). out may alias inputs unless said otherwise.
 */
#ifndef EVAL_EVAL_H
#define EVAL_EVAL_H
#include "base/arena.h"
#include "base/threads.h"
#include "ckks/encode.h"
#include "ckks/objects.h"

/** Counts of the expensive things, for `bench` and the cost model's tests. */
typedef struct eval_counters {
  uint64_t ntt, mac_words, convert_words, permute_words;
} eval_counters;

struct ckks_evaluator {
  const ckks_params *params;
  const ckks_evaluation_keys *keys;
  base_arena arena; /**< all scratch; sized at build for the top level */
  eval_counters counters;
};

/* --- arithmetic without keys (arith.c) */
/** Same level, equal scales (ckks_scale_equal), 2 or 3 parts. */
void eval_add(ckks_ciphertext *out, const ckks_ciphertext *a, const ckks_ciphertext *b,
              ckks_evaluator *ev);
void eval_sub(ckks_ciphertext *out, const ckks_ciphertext *a, const ckks_ciphertext *b,
              ckks_evaluator *ev);
void eval_negate(ckks_ciphertext *out, const ckks_ciphertext *a, ckks_evaluator *ev);
/** plaintext->level >= a->level, equal scales. */
void eval_add_plain(ckks_ciphertext *out, const ckks_ciphertext *a, const ckks_plaintext *p,
                    ckks_evaluator *ev);
/** out->scale = a->scale * p->scale; plaintext->level >= a->level. */
void eval_mul_plain(ckks_ciphertext *out, const ckks_ciphertext *a, const ckks_plaintext *p,
                    ckks_evaluator *ev);
/** out += a * p (same level, out->scale = a->scale * p->scale already). */
void eval_mul_plain_add(ckks_ciphertext *out, const ckks_ciphertext *a, const ckks_plaintext *p,
                        ckks_evaluator *ev);
/** Adds round(value*scale) to every slot. */
ckks_status eval_add_scalar(ckks_ciphertext *out, const ckks_ciphertext *a, double value,
                            ckks_evaluator *ev);
/** Multiplies by round(value*scale); out->scale = a->scale*scale. scale 1 and an integer: exact. */
ckks_status eval_mul_scalar(ckks_ciphertext *out, const ckks_ciphertext *a, double value,
                            double scale, ckks_evaluator *ev);
/** out = sum_j in[j] * round(values[j]*scale): all at one level and scale (throughput packing). */
ckks_status eval_sum_scalar(ckks_ciphertext *out, const ckks_ciphertext *const *in,
                            const double *values, size_t n, double scale, ckks_evaluator *ev);
/** Forgets limbs above `level`; value and scale unchanged. */
void eval_cut(ckks_ciphertext *out, const ckks_ciphertext *a, int level, ckks_evaluator *ev);
void eval_copy(ckks_ciphertext *out, const ckks_ciphertext *a, ckks_evaluator *ev);
/** Divides by q_level with rounding: level - 1, scale / q_level. level >= 1. */
void eval_rescale(ckks_ciphertext *out, const ckks_ciphertext *a, ckks_evaluator *ev);
/**
 * To `level` < a->level at exactly `scale`, value unchanged: cut to level+1, times 1
 * encoded at scale*q_{level+1}/a->scale, rescale. If level == a->level scales must be equal.
 */
ckks_status eval_adjust(ckks_ciphertext *out, const ckks_ciphertext *a, int level, double scale,
                        ckks_evaluator *ev);

/* --- key switching (switch.c) */
/** Three parts from two operands of two parts, no rescale. out aliases neither. */
void eval_tensor(ckks_ciphertext *out, const ckks_ciphertext *a, const ckks_ciphertext *b,
                 ckks_evaluator *ev);
/** 3 parts to 2. With `rescale`, ModDown and rescale are one division by P*q_level. */
ckks_status eval_relinearize(ckks_ciphertext *out, const ckks_ciphertext *a, bool rescale,
                             ckks_evaluator *ev);
/** Tensor, relinearise, rescale: level - 1, scale a*b/q. */
ckks_status eval_mul(ckks_ciphertext *out, const ckks_ciphertext *a, const ckks_ciphertext *b,
                     ckks_evaluator *ev);
/** One automorphism, whose key must exist at out's level or above. */
ckks_status eval_automorphism(ckks_ciphertext *out, const ckks_ciphertext *a, uint32_t galois,
                              ckks_evaluator *ev);
/** Rotation by any number of slots; composes from the keys at hand when there is no direct one. */
ckks_status eval_rotate(ckks_ciphertext *out, const ckks_ciphertext *a, int steps,
                        ckks_evaluator *ev);
/** out[i] = sigma_galois[i](a), one decomposition; galois 1 copies. out[i] not a. */
ckks_status eval_automorphism_many(ckks_ciphertext *const *out, const ckks_ciphertext *a,
                                   const uint32_t *galois, size_t n, ckks_evaluator *ev);
/**
 * out = a + sum_i rotation(a, steps[i]): one decomposition and one division by P
 * for all of them (double hoisting). Every key direct.
 */
ckks_status eval_rotate_sum(ckks_ciphertext *out, const ckks_ciphertext *a, const int *steps,
                            size_t n, ckks_evaluator *ev);

/* --- linear maps by diagonals (linear.c) */
/**
 * sum over terms of p_k * rotation(a, steps_k), baby-step giant-step: steps_k =
 * giant + baby; the diagonal is stored rotated by -giant. Terms sorted by giant.
 */
typedef struct eval_diagonal {
  int baby, giant;
  const ckks_plaintext *plaintext; /**< at a's level or above */
} eval_diagonal;
/**
 * out (not a) in product state: scale = a->scale * plaintext scale, not rescaled.
 * Babies are hoisted; inner sums stay over P*Q until one division per giant.
 */
ckks_status eval_diagonals(ckks_ciphertext *out, const ckks_ciphertext *a,
                           const eval_diagonal *terms, size_t n_terms, ckks_evaluator *ev);

/* --- polynomials (polynomial.c) */
/**
 * p(a) at level a->level - ceil(log2(degree+1)) with exactly `scale` there (0 = that
 * level's canonical scale). Degree <= 1 costs one level, degree 0 none.
 */
ckks_status eval_polynomial(ckks_ciphertext *out, const ckks_ciphertext *a,
                            const double *coefficients, int degree, ckks_basis basis,
                            double scale, ckks_evaluator *ev);
/** Levels that eval_polynomial uses. */
int eval_polynomial_depth(int degree);
#endif
