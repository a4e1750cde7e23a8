/* SPDX-License-Identifier: Apache-2.0 */
/**
 * The canonical embedding on ciphertexts: CoeffsToSlots and SlotsToCoeffs (Cheon, Han, Kim, Kim,
 * Song, eprint 2018/153, factored as in Chen, Chillotti, Song, eprint 2018/1043).
 *
 * The transform of ckks/encoder.c is layers h = 1, 2, 4 ... n/2 after a bit reversal, and a
 * layer is three diagonals: 0, h, -h. Some layers multiplied are a stage: at most 2^(k+1) - 1
 * diagonals for k of them, all at multiples of the smallest h, applied as any linear map
 * (eval_diagonals). The bit reversal is left out in both directions: between the two, coefficients
 * stand in reversed order, which what is done to each of them does not notice.
 */
#ifndef EVAL_FOURIER_H
#define EVAL_FOURIER_H
#include "eval/eval.h"

#define EVAL_FOURIER_MAX_STAGES 5

typedef struct eval_fourier_stage {
  int level; /**< where it is applied; its result stands one below */
  size_t n_terms;
  eval_diagonal *terms;
  ckks_plaintext **plaintext; /**< that the terms point to */
} eval_fourier_stage;

typedef struct eval_fourier {
  int n_stages;
  eval_fourier_stage stage[EVAL_FOURIER_MAX_STAGES];
} eval_fourier;

/** What is wanted. */
typedef struct eval_fourier_shape {
  bool inverse;   /**< from coefficients to slots */
  int log2_slots; /**< 2^log2_slots slots, repeated: the subring in X^(N/2^(log2_slots+1)) */
  int n_stages;   /**< at most log2_slots */
  int level;      /**< of the first stage, n_stages or more */
  double factor;  /**< of the whole map */
  double scale[EVAL_FOURIER_MAX_STAGES]; /**< of each stage's diagonals */
  bool outline; /**< which diagonals there are is wanted, not what is on them: no plaintexts */
} eval_fourier_shape;

/** Diagonals for keys of all special primes. CKKS_ERROR_MEMORY, CKKS_ERROR_RANGE. */
ckks_status eval_fourier_build(eval_fourier *out, const eval_fourier_shape *shape,
                               const ckks_params *params);
/** A zeroed one too. */
void eval_fourier_clear(eval_fourier *fourier);
/** Key specs of all rotations, with repetitions; writes at most `capacity`. */
size_t eval_fourier_keys(const eval_fourier *fourier, ckks_key_spec *specs, size_t capacity,
                         const ckks_params *params);
/** Bytes of the diagonals; of an outline 0. */
size_t eval_fourier_bytes(const eval_fourier *fourier);
/**
 * All stages, each rescaled; the last one only with `rescale`, else it stays in product state, at
 * its own level. `a` at the first stage's level. out may be a. CKKS_ERROR_KEY, CKKS_ERROR_MEMORY.
 */
ckks_status eval_fourier_apply(ckks_ciphertext *out, const ckks_ciphertext *a,
                               const eval_fourier *fourier, bool rescale, ckks_evaluator *ev);
#endif
