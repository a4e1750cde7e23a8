/* SPDX-License-Identifier: Apache-2.0 */
/* Where coefficients are vectors: the plaintexts that the nodes of polynomial.c multiply by. */
#ifndef EVAL_POLYNOMIAL_H
#define EVAL_POLYNOMIAL_H
#include "eval/eval.h"

#define EVAL_POLYNOMIAL_MAX_DEGREE 1023

struct eval_polynomial_slots {
  int degree, level; /* level of the operand */
  ckks_basis basis;
  double in_scale, scale;
  double *largest; /* |coefficient| of each power: which are 0 in all slots */
  size_t n_plaintexts;
  ckks_plaintext **plaintext; /* in the order in which the nodes want them */
};

/* The coefficients while they are split and encoded; row k is that of power k. */
typedef struct eval_polynomial_rows {
  size_t period;
  double *value; /* (degree+1) x period */
  const ckks_params *params;
  eval_polynomial_slots *slots; /* gets a plaintext for each row that is encoded */
} eval_polynomial_rows;

/* T_(G+j) = 2 T_G T_j - T_(G-j) in every slot: row i goes from row `less`, and counts twice. */
void eval_polynomial_rows_split(const eval_polynomial_rows *rows, size_t i, size_t less);
/* Row k becomes the next plaintext, at this level and scale. */
ckks_status eval_polynomial_rows_encode(const eval_polynomial_rows *rows, size_t k, int level,
                                        double scale);
/* The walk of polynomial.c that encodes instead of computing: fills rows->slots. */
ckks_status eval_polynomial_encode(const eval_polynomial_rows *rows);
#endif
