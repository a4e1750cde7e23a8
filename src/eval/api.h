/* SPDX-License-Identifier: Apache-2.0 */
/* What all public functions of evaluation check, and how they align what they are given. */
#ifndef EVAL_API_H
#define EVAL_API_H
#include "eval/eval.h"

/** `status`, and when it is an error the name of the call in front of its text. */
ckks_status eval_api_named(const char *call, ckks_status status);
/** Not NULL, and the rounding mode is to nearest. */
ckks_status eval_api_check_evaluator(const ckks_evaluator *ev);
/** Not NULL, of the evaluator's parameters, two parts, a level that exists. */
ckks_status eval_api_check_input(const ckks_ciphertext *a, const char *name,
                                 const ckks_evaluator *ev);
/** Not NULL, of the evaluator's parameters, room for `level`; CKKS_ERROR_LEVEL when level < 0. */
ckks_status eval_api_check_output(const ckks_ciphertext *out, int level, const ckks_evaluator *ev);
/** The evaluator, one input, and an output with room for the input's level. */
ckks_status eval_api_check(const ckks_ciphertext *out, const ckks_ciphertext *a,
                           const ckks_evaluator *ev);
/** CKKS_ERROR_LEVEL unless `level` is at least `needed`, naming both. */
ckks_status eval_api_check_level(int level, int needed);

/** The level at which `a` can stand at the canonical scale: its own, or one below. */
int eval_api_level(const ckks_ciphertext *a, const ckks_evaluator *ev);
/**
 * *aligned: `a` at `level` and that level's canonical scale; a itself when it is there already,
 * else a spare. CKKS_ERROR_RANGE when its scale cannot be brought there.
 */
ckks_status eval_api_align(const ckks_ciphertext **aligned, const ckks_ciphertext *a, int level,
                           ckks_evaluator *ev);
/** The scale of a plaintext factor that takes `a` to the canonical scale one level below. */
double eval_api_factor(const ckks_ciphertext *a, const ckks_evaluator *ev);
/** Rescale, after which the scale is the canonical one. */
void eval_api_rescale(ckks_ciphertext *out, const ckks_ciphertext *product, ckks_evaluator *ev);

/* What public functions call of each other: the same without the name (api_arith.c, ...). */
ckks_status eval_api_arith_mul(ckks_ciphertext *out, const ckks_ciphertext *a,
                               const ckks_ciphertext *b, ckks_evaluator *ev);
ckks_status eval_api_plain_mul_real(ckks_ciphertext *out, const ckks_ciphertext *a,
                                    const double *values, size_t n, ckks_evaluator *ev);
ckks_status eval_api_plain_mul_constant(ckks_ciphertext *out, const ckks_ciphertext *a,
                                        double value, ckks_evaluator *ev);
ckks_status eval_api_rotate_many(ckks_ciphertext *const *out, const ckks_ciphertext *a,
                                 const int *steps, size_t n, ckks_evaluator *ev);

/** A matrix as it lies in memory: entry (i, j) at entry[i*row_stride + j*column_stride]. */
typedef struct eval_matrix {
  const double *entry;
  size_t rows, columns, row_stride, column_stride;
} eval_matrix;

/** Not NULL, sizes from 1 to N/2, every entry finite. */
ckks_status eval_matrix_check(const eval_matrix *matrix, const ckks_params *params);
/**
 * Generalised diagonal r: entry (i, (i + r) mod slots) at value[(i + giant) mod slots], where
 * it exists; else 0. Returns whether any is not 0.
 */
bool eval_matrix_diagonal(double *value, const eval_matrix *matrix, int r, int giant, size_t slots);
#endif
